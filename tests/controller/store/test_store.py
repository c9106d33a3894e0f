"""The store: what was committed is there, what was not is not, and other files are refused."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from controller.actions.accounts import create_account
from controller.actions.vpcs import create_vpc, delete_vpc
from controller.errors import StoreError
from controller.model import Model, Quotas, Vpc
from controller.model.codec import Codec
from controller.model.transaction import OPERATOR, Caller
from controller.store import Committed, Ledger, Store

BLOCK = IPv4Network("10.0.0.0/16")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "p4vpc.db"


def filled(path: Path) -> Ledger:
    """A ledger with an account and a VPC."""
    ledger = Ledger(Store(path))
    with ledger.transaction(OPERATOR, "CreateAccount") as tx:
        account = create_account(tx, "blue")
    with ledger.transaction(Caller("blue", account.id), "CreateVpc") as tx:
        create_vpc(tx, BLOCK)
    return ledger


def replayed(store: Store) -> Model:
    """The model that the history tells."""
    codec, now = Codec(), {}
    for _, past in reversed(store.history(limit=1_000_000)):
        now.pop((past.kind, past.id), None)
        if past.after is not None:
            now[(past.kind, past.id)] = codec.decode(past.kind, past.after)
    return Model(now.values())


def test_what_was_committed_is_there_after_opening_again(path: Path) -> None:
    ledger = filled(path)
    ledger.store.close()

    again = Ledger(Store(path))

    assert again.model == ledger.model
    assert again.revision == 2
    assert replayed(again.store) == again.model


def test_a_block_that_raises_changes_nothing(path: Path) -> None:
    ledger = filled(path)
    before = Model(ledger.model.resources())

    def half_done() -> None:
        with ledger.transaction(OPERATOR, "CreateAccount") as tx:
            create_account(tx, "red")
            create_account(tx, "green", quotas=1 / 0)  # type: ignore[arg-type]

    with pytest.raises(ZeroDivisionError):
        half_done()

    assert ledger.model == before
    assert ledger.revision == 2
    assert len(ledger.store.history()) == 3


def test_a_block_that_changes_nothing_makes_no_revision(path: Path) -> None:
    ledger = filled(path)

    with ledger.transaction(OPERATOR, "Nothing") as tx:
        account = create_account(tx, "red")
        tx.delete(account)

    assert ledger.revision == 2


def test_a_store_that_cannot_write_changes_nothing(path: Path) -> None:
    ledger = filled(path)
    before = Model(ledger.model.resources())
    ledger.store.close()

    with pytest.raises(sqlite3.ProgrammingError), ledger.transaction(OPERATOR, "CreateAccount") as tx:
        create_account(tx, "red")

    assert ledger.model == before


def test_a_rehearsal_leaves_nothing(path: Path) -> None:
    ledger = filled(path)
    before = Model(ledger.model.resources())

    with ledger.rehearsal(OPERATOR) as tx:
        create_account(tx, "red")
        assert len(tx.changes()) == 1

    assert ledger.model == before


def test_subscribers_get_the_changes_after_the_commit(path: Path) -> None:
    ledger = filled(path)
    seen: list[Committed] = []
    stop = ledger.subscribe(seen.append)

    with ledger.transaction(OPERATOR, "CreateAccount") as tx:
        account = create_account(tx, "red")
    stop()
    with ledger.transaction(OPERATOR, "CreateAccount") as tx:
        create_account(tx, "green")

    assert [(one.revision, one.who, one.action) for one in seen] == [(3, "operator", "CreateAccount")]
    assert [change.after for change in seen[0].changes] == [account]


def test_a_resource_is_available_when_its_revision_is_applied(path: Path) -> None:
    ledger = filled(path)
    vpc = next(iter(ledger.model.vpcs.values()))

    ledger.applied(1)
    assert not ledger.is_available(vpc)
    ledger.applied(2)
    assert ledger.is_available(vpc)


def test_the_history_tells_who_when_before_and_after(path: Path) -> None:
    ledger = filled(path)
    vpc = next(iter(ledger.model.vpcs.values()))
    with ledger.transaction(OPERATOR, "DeleteVpc") as tx:
        delete_vpc(tx, vpc.id)

    told = [past for _, past in ledger.store.history(resource_id=vpc.id)]

    assert [(past.action, past.who, past.revision) for past in told] == [
        ("DeleteVpc", "operator", 3),
        ("CreateVpc", "blue", 2),
    ]
    assert told[0].before == told[1].after == Codec().encode(vpc)
    assert told[0].after is None
    assert told[1].before is None
    assert abs(told[0].time - time.time()) < 60


def test_pages_of_the_history_join_without_gap(path: Path) -> None:
    store = filled(path).store
    whole = store.history()

    pages, before = [], None
    for _ in whole:
        page = store.history(limit=1, before=before)
        before = (page[0][1].revision, page[0][0])
        pages += page

    assert pages == whole
    assert store.history(before=before) == []


def test_only_one_process_has_the_store(path: Path) -> None:
    first = Store(path)
    with pytest.raises(StoreError, match="another controller has it open"):
        Store(path)
    first.close()
    Store(path).close()


@pytest.mark.parametrize(
    "content", [b"this is a text file, not a database" * 100, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(StoreError, match="no p4vpc store"):
        Store(path)
    assert path.read_bytes() == content


def test_the_database_of_another_program_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE songs (name TEXT)")
    other.close()

    with pytest.raises(StoreError, match="database of another program"):
        Store(path)


def test_a_newer_schema_is_refused(path: Path) -> None:
    filled(path).store.close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()

    with pytest.raises(StoreError, match="schema version is 99"):
        Store(path)


def test_a_damaged_resource_is_named(path: Path) -> None:
    ledger = filled(path)
    vpc = next(iter(ledger.model.vpcs.values()))
    ledger.store.close()
    with sqlite3.connect(path) as other:
        other.execute("UPDATE resource SET body = json_set(body, '$.number', 'seven') WHERE kind = 'Vpc'")
    other.close()

    with pytest.raises(StoreError, match=rf"{vpc.id}: Vpc\.number: 'seven' is not of type int"):
        Ledger(Store(path))


def test_a_damaged_page_is_noticed(path: Path) -> None:
    filled(path).store.close()
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)

    with pytest.raises(StoreError):
        Ledger(Store(path))


WRITER = """
import sys
from ipaddress import IPv4Network
from pathlib import Path
from controller.actions.vpcs import create_vpc, delete_vpc
from controller.model.transaction import OPERATOR
from controller.store import Ledger, Store
ledger = Ledger(Store(Path(sys.argv[1])))
account = next(resource.id for resource in ledger.model.resources())
print("ready", flush=True)
while True:
    with ledger.transaction(OPERATOR, "CreateVpc") as tx:
        vpc = create_vpc(tx, IPv4Network("10.0.0.0/16"), account_id=account)
    print("+", vpc.id, flush=True)
    if vpc.number % 3 == 0:
        with ledger.transaction(OPERATOR, "DeleteVpc") as tx:
            delete_vpc(tx, vpc.id)
        print("-", vpc.id, flush=True)
"""


def killed(path: Path, after: float) -> list[list[str]]:
    """What a writer acknowledged before it was killed with SIGKILL."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    time.sleep(after)
    writer.send_signal(signal.SIGKILL)
    lines = writer.stdout.read().splitlines()
    writer.wait()
    return [line.split() for line in lines if len(line.split()) == 2 and len(line.split()[1]) == len("vpc-") + 17]


def test_kill_9_loses_nothing_acknowledged_and_leaves_nothing_half_done(path: Path) -> None:
    ledger = Ledger(Store(path))
    with ledger.transaction(OPERATOR, "CreateAccount") as tx:
        create_account(tx, "blue", Quotas(vpcs=10**6))
    ledger.store.close()
    chance = random.Random(5)
    present: set[str] = set()
    for _ in range(8):
        for sign, vpc_id in killed(path, chance.uniform(0.0, 0.3)):
            present.add(vpc_id) if sign == "+" else present.discard(vpc_id)
        store = Store(path)
        again = Ledger(store)
        found = set(again.model.vpcs)
        assert len(present ^ found) <= 1, "at most the change that was not acknowledged"
        assert replayed(store) == again.model
        assert {vpc.main_route_table_id for vpc in again.model.vpcs.values()} == set(again.model.route_tables)
        present = found
        store.close()
    assert present


def test_ten_thousand_resources_load_at_once(path: Path) -> None:
    ledger = filled(path)
    vpc = next(iter(ledger.model.vpcs.values()))
    with ledger.transaction(OPERATOR, "Seed") as tx:
        for number in range(2, 10_001):
            tx.put(replace(vpc, id=f"vpc-{number:017x}", number=number))
    ledger.store.close()

    start = time.process_time()
    again = Ledger(Store(path))

    assert len(again.model.table(Vpc)) == 10_000
    assert time.process_time() - start < 2
