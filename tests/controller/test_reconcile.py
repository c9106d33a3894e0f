"""The reconciler writes the difference, and nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from finsy.proto import p4i, p4r
from google.protobuf import text_format

from controller.p4rt import Difference, Entry, Program, Schema, difference
from controller.reconcile import reconcile
from tests.controller.conftest import MemorySwitch


@pytest.fixture
def program(tmp_path: Path, p4info: p4i.P4Info) -> Program:
    (tmp_path / "p.json").write_text("{}")
    (tmp_path / "p.txtpb").write_text(text_format.MessageToString(p4info))
    return Program(tmp_path / "p.json", tmp_path / "p.txtpb")


def entry(table: int, reason: int = 7) -> Entry:
    return Entry("route", {"table": table}, "refuse", reason=reason)


def run(switch: MemorySwitch, program: Program, entries: list[Entry]) -> Difference:
    return asyncio.run(reconcile(switch, program, entries))


def test_an_empty_switch_gets_every_entry(switch: MemorySwitch, program: Program) -> None:
    found = run(switch, program, [entry(1), entry(2)])

    assert (len(found.insert), len(found.modify), len(found.delete)) == (2, 0, 0)
    assert len(switch.entries) == 2


def test_a_second_run_writes_nothing(switch: MemorySwitch, program: Program) -> None:
    run(switch, program, [entry(1), entry(2)])
    switch.writes.clear()

    found = run(switch, program, [entry(1), entry(2)])

    assert not found
    assert switch.writes == []


def test_only_the_difference_is_written_deletions_first(switch: MemorySwitch, program: Program) -> None:
    run(switch, program, [entry(1), entry(2)])
    switch.writes.clear()

    run(switch, program, [entry(2, reason=8), entry(3)])

    assert [update.type for update in switch.writes] == [p4r.Update.DELETE, p4r.Update.MODIFY, p4r.Update.INSERT]


def test_constant_entries_are_left_alone(p4info: p4i.P4Info) -> None:
    fixed = Schema(p4info).encode(entry(1))
    fixed.is_const = True

    assert not difference([], [fixed])
