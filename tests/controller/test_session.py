"""The table-programming API on a running p4vpc-switch."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from ipaddress import IPv4Network
from pathlib import Path
from typing import TypeVar

import pytest

from controller.p4rt import Entry, FieldError, Program, Session, TableError, blocking, connect

DATA = Path(__file__).parents[1] / "p4runtime" / "data"
PROGRAM = Program(DATA / "everything.json", DATA / "everything.p4info.txtpb")
ROUTE = Entry("route", {"dst": IPv4Network("10.0.0.0/8")}, "forward", port=2)
_R = TypeVar("_R")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of a switch without interfaces, started for these tests."""
    with tempfile.TemporaryDirectory(prefix="p4vpc-session-") as folder:
        socket = Path(folder) / "switch.sock"
        command = [
            sys.executable,
            "-m",
            "switch",
            "--no-p4",
            "--cpu-port",
            "510",
            "--grpc-server-addr",
            f"unix:{socket}",
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 30
            while not socket.exists() and time.monotonic() < deadline:
                time.sleep(0.02)
            yield f"unix:{socket}"
        finally:
            process.terminate()
            process.wait()


def on(address: str, talk: Callable[[Session], Awaitable[_R]]) -> _R:
    """What a conversation with the switch gives, all tables of the test empty before it."""

    async def whole() -> _R:
        async with connect(address, program=PROGRAM) as session:
            await session.apply([], ["route", "acl", "host"])
            return await talk(session)

    return asyncio.run(asyncio.wait_for(whole(), 60))


def test_the_tables_of_the_program_are_described(address: str) -> None:
    async def talk(session: Session) -> None:
        route = next(table for table in session.tables() if table.name == "route")
        assert route.fields == (("dst", "lpm", 32),)
        assert route.actions["forward"] == (("port", 9),)

    on(address, talk)


def test_entries_are_inserted_read_modified_and_deleted(address: str) -> None:
    async def talk(session: Session) -> None:
        await session.insert(ROUTE)
        assert await session.read("route") == [Entry("route", {"dst": (0x0A000000, 8)}, "forward", port=2)]
        await session.modify(Entry("route", {"dst": "10.0.0.0/8"}, "drop"))
        assert [entry.action for entry in await session.read("route")] == ["drop"]
        await session.delete(ROUTE)
        assert await session.read("route") == []

    on(address, talk)


def test_a_dry_run_says_what_would_be_written_and_writes_nothing(address: str) -> None:
    async def talk(session: Session) -> None:
        found = await session.difference([ROUTE], ["route"])
        assert (len(found.insert), len(found.modify), len(found.delete)) == (1, 0, 0)
        assert await session.read("route") == []
        assert await session.apply([ROUTE], ["route"])
        assert not await session.apply([ROUTE], ["route"])

    on(address, talk)


def test_a_refused_entry_is_named_in_the_words_of_the_switch(address: str) -> None:
    async def talk(session: Session) -> None:
        await session.insert(ROUTE)
        with pytest.raises(TableError, match="route"):
            await session.insert(ROUTE)

    on(address, talk)


def test_a_value_that_does_not_fit_is_refused_before_anything_is_sent(address: str) -> None:
    async def talk(session: Session) -> None:
        with pytest.raises(FieldError, match="port = 512"):
            await session.insert(ROUTE, Entry("route", {"dst": "11.0.0.0/8"}, "forward", port=512))
        assert await session.read("route") == []

    on(address, talk)


def test_registers_are_read_and_written(address: str) -> None:
    async def talk(session: Session) -> None:
        await session.set_register("wide", 1, 1 << 129)
        assert await session.register("wide", 1) == 1 << 129
        with pytest.raises(TableError):
            await session.register("wide", 99)

    on(address, talk)


def test_a_packet_goes_out_and_comes_back_as_packet_in(address: str) -> None:
    async def talk(session: Session) -> None:
        packets = session.packets()
        waiting = asyncio.ensure_future(anext(packets))
        await asyncio.sleep(0.1)
        await session.send_packet(b"\x02" * 60, egress_port=510, pad=0)
        packet = await asyncio.wait_for(waiting, 10)
        assert packet.payload == b"\x02" * 60
        assert packet["reason"] == 0x7F

    on(address, talk)


def test_without_a_program_the_switch_is_taken_as_it_is(address: str) -> None:
    on(address, lambda session: session.insert(ROUTE))

    async def look() -> list[Entry]:
        async with connect(address) as session:
            return await session.read("route")

    assert len(asyncio.run(look())) == 1


def test_a_session_may_follow_another_at_once(address: str) -> None:
    async def look() -> int:
        async with connect(address) as session:
            return len(session.tables())

    assert len({asyncio.run(look()) for _ in range(20)}) == 1


def test_a_second_controller_with_the_same_election_id_is_refused(address: str) -> None:
    async def both() -> None:
        async with connect(address), connect(address):
            pass

    with pytest.raises(TableError, match="lection"):
        asyncio.run(both())


def test_a_switch_that_is_not_there_is_named() -> None:
    async def talk() -> None:
        async with connect("unix:/nowhere/switch.sock"):
            pass

    with pytest.raises(TableError, match=r"/nowhere/switch\.sock"):
        asyncio.run(talk())


@pytest.mark.parametrize("number", [1, 2])
def test_the_examples_of_the_documentation_work(address: str, capsys: pytest.CaptureFixture[str], number: int) -> None:
    on(address, lambda session: session.apply([], ["route"]))
    page = (Path(__file__).parents[2] / "docs" / "tables.md").read_text()
    example = page.split("```python\n")[number].split("```")[0]

    exec(example.replace("127.0.0.1:9559", address), {"__name__": "example"})

    assert capsys.readouterr().out == page.split("```text\n")[number].split("```")[0]


def test_without_an_event_loop_everything_is_the_same(address: str) -> None:
    with blocking.connect(address, program=PROGRAM) as switch:
        switch.apply([], ["route"])
        assert len(switch.difference([ROUTE], ["route"]).insert) == 1
        switch.insert(ROUTE)
        switch.modify(Entry("route", {"dst": "10.0.0.0/8"}, "drop"))
        assert [entry.action for entry in switch.read("route")] == ["drop"]
        switch.delete(ROUTE)
        switch.set_register("wide", 1, 77)
        assert (switch.read("route"), switch.register("wide", 1)) == ([], 77)
        with pytest.raises(FieldError, match="port = 512"):
            switch.insert(Entry("route", {"dst": "11.0.0.0/8"}, "forward", port=512))


def test_without_an_event_loop_packets_come_one_after_the_other(address: str) -> None:
    with blocking.connect(address, program=PROGRAM) as switch:
        packets = switch.packets()
        sender = threading.Timer(0.2, switch.send_packet, [b"\x02" * 60], {"egress_port": 510, "pad": 0})
        sender.start()
        assert next(packets).payload == b"\x02" * 60
        packets.close()


def test_without_an_event_loop_a_switch_that_is_not_there_is_named() -> None:
    with pytest.raises(TableError, match=r"/nowhere/switch\.sock"), blocking.connect("unix:/nowhere/switch.sock"):
        pass
