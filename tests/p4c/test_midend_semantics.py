"""What lowered programs do: evaluation order, copy in and copy out, and every way to leave a body."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.p4c.ir_machine import Machine
from tests.p4c.lowered import lowered, source

FUNCTIONS = """
bit<8> bump(inout bit<8> x) { x = x + 1; return x; }
bit<8> twice(in bit<8> x) { if (x > 100) { return 255; } return x * 2; }
void add(in bit<8> x, inout bit<8> y) { y = y + 1; y = y + x; }
void pair(inout bit<8> x, inout bit<8> y) { x = 10; y = 20; x = x + y; }
bit<8> fill(out bit<8> x) { x = 7; return 3; }
bit<8> grow(inout bit<8> x, in bit<8> y) { x = x + y; return x; }
void swap<T>(inout T x, inout T y) { T old = x; x = y; y = old; }
bool yes(inout bit<8> x) { x = x + 1; return true; }
"""


def after(tmp_path: Path, apply: str, given: tuple[int, int, int, int] = (1, 2, 3, 4), local: str = "") -> list[int]:
    """Fields a, b, c, d of the header after ingress."""
    program = lowered(source(apply, local, FUNCTIONS), tmp_path)
    assert program.ingress is not None
    machine = Machine(program, valid={"h"})
    for name, value in zip("abcd", given, strict=True):
        machine.fields["h", name] = value
    machine.run(program.ingress.body)
    return [machine.fields["h", name] for name in "abcd"]


@pytest.mark.parametrize(
    ("apply", "expected"),
    [
        ("hdr.h.a = hdr.h.b + bump(hdr.h.b);", [5, 3, 3, 4]),
        ("hdr.h.a = bump(hdr.h.b) + hdr.h.b;", [6, 3, 3, 4]),
        ("hdr.h.a = bump(hdr.h.b) * 10 + bump(hdr.h.b);", [34, 4, 3, 4]),
        ("hdr.h.b = bump(hdr.h.b) + hdr.h.b;", [1, 6, 3, 4]),
        ("add(hdr.h.a, hdr.h.a);", [3, 2, 3, 4]),
        ("add(hdr.h.a + hdr.h.b, hdr.h.b);", [1, 6, 3, 4]),
        ("pair(hdr.h.a, hdr.h.a);", [20, 2, 3, 4]),
        ("pair(hdr.h.b, hdr.h.a);", [20, 30, 3, 4]),
        ("hdr.h.a = fill(hdr.h.a);", [3, 2, 3, 4]),
        ("hdr.h.a = fill(hdr.h.b) + hdr.h.b;", [10, 7, 3, 4]),
        ("hdr.h.a = twice(twice(hdr.h.c)); hdr.h.b = twice(200);", [12, 255, 3, 4]),
        ("swap(hdr.h.a, hdr.h.d);", [4, 2, 3, 1]),
        ("bump(hdr.h.a[3:0]);", [2, 2, 3, 4]),
        ("grow(hdr.h.a, bump(hdr.h.a));", [3, 2, 3, 4]),
        ("hdr.h.b = grow(hdr.h.a, grow(hdr.h.a, bump(hdr.h.a)));", [4, 4, 3, 4]),
    ],
)
def test_operands_and_arguments_are_evaluated_from_left_to_right(tmp_path: Path, apply: str, expected: list[int]):
    text = apply.replace("bump(hdr.h.a[3:0]);", "bit<8> t = hdr.h.a; bump(t); hdr.h.a = t;")
    assert after(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("apply", "expected"),
    [
        ("if (hdr.h.a == 9 && yes(hdr.h.b)) { hdr.h.c = 0; }", [1, 2, 3, 4]),
        ("if (hdr.h.a == 1 && yes(hdr.h.b)) { hdr.h.c = 0; }", [1, 3, 0, 4]),
        ("if (hdr.h.a == 1 || yes(hdr.h.b)) { hdr.h.c = 0; }", [1, 2, 0, 4]),
        ("hdr.h.d = hdr.h.a == 1 ? bump(hdr.h.b) : bump(hdr.h.c);", [1, 3, 3, 3]),
        ("hdr.h.d = hdr.h.a != 1 ? bump(hdr.h.b) : bump(hdr.h.c);", [1, 2, 4, 4]),
    ],
)
def test_only_the_operands_that_are_needed_are_evaluated(tmp_path: Path, apply: str, expected: list[int]):
    assert after(tmp_path, apply) == expected


@pytest.mark.parametrize(
    ("apply", "expected"),
    [
        ("hdr.h = { hdr.h.b, hdr.h.a, hdr.h.d, hdr.h.c };", [2, 1, 4, 3]),
        ("hdr.h.a[7:4] = 15; hdr.h.b[0:0] = 1;", [0xF1, 3, 3, 4]),
        ("hdr.h.a[6:5] = hdr.h.c[1:0];", [0x61, 2, 3, 4]),
        ("meta.p = { 5, 6 }; meta.p = { meta.p.y, meta.p.x }; hdr.h.a = meta.p.x;", [6, 2, 3, 4]),
        ("meta.p = { x = 8, y = 9 }; meta.q = meta.p; hdr.h.b = meta.q.y;", [1, 9, 3, 4]),
        ("hdr.h.a += 3; hdr.h.b <<= 2; hdr.h.c |= 4;", [4, 8, 7, 4]),
        ("tuple<bit<8>, bit<8>> t = { hdr.h.b, hdr.h.c }; hdr.h.a = t[1];", [3, 2, 3, 4]),
        ("hdr.g = hdr.h; hdr.g.a = 50; if (hdr.g == hdr.h) { hdr.h.d = 0; } hdr.h.c = hdr.g.a;", [1, 2, 50, 4]),
        ("hdr.g = hdr.h; if (hdr.g == hdr.h) { hdr.h.d = 0; }", [1, 2, 3, 0]),
        ("if (!hdr.g.isValid()) { hdr.g = { 1, 2, 3, 9 }; } if (hdr.g.isValid()) { hdr.h.a = hdr.g.d; }", [9, 2, 3, 4]),
        (
            "hdr.s[1] = { 9, 9, 9, 9 }; bit<8> i = 1; hdr.s[i].a = bump(i); hdr.h.a = hdr.s[1].a; hdr.h.b = i;",
            [2, 2, 3, 4],
        ),
    ],
)
def test_whole_values_and_slices_are_assigned_as_if_read_first(tmp_path: Path, apply: str, expected: list[int]):
    assert after(tmp_path, apply) == expected


LOOP = "for (bit<8> i = 0; i < 5; i = i + 1) {{ {} }}"


@pytest.mark.parametrize(
    ("apply", "expected"),
    [
        (LOOP.format("hdr.h.a = hdr.h.a + i;"), 11),
        (LOOP.format("if (i == 3) { break; } hdr.h.a = hdr.h.a + i;"), 4),
        (LOOP.format("if (i == 3) { continue; } hdr.h.a = hdr.h.a + i;"), 8),
        (LOOP.format("for (bit<8> j = 0; j < 9; j = j + 1) { if (j == i) { break; } hdr.h.a = hdr.h.a + 1; }"), 11),
        (LOOP.format("if (i == 2) { return; } hdr.h.a = hdr.h.a + 1;") + " hdr.h.a = 0;", 3),
        ("for (bit<8> i in 8w3 .. 8w6) { hdr.h.a = hdr.h.a + i; i = 0; }", 19),
        ("for (bit<8> i in 8w254 .. 8w255) { hdr.h.a = hdr.h.a + 1; }", 3),
        ("for (bit<8> i in 8w5 .. 8w4) { hdr.h.a = 99; }", 1),
    ],
)
def test_loops_run_as_often_as_they_say(tmp_path: Path, apply: str, expected: int):
    assert after(tmp_path, apply)[0] == expected


@pytest.mark.parametrize(("subject", "expected"), [(1, 10), (2, 20), (3, 20), (4, 99)])
def test_switch_labels_without_a_body_fall_through(tmp_path: Path, subject: int, expected: int):
    apply = "switch (hdr.h.a) { 1: { hdr.h.b = 10; } 2: 3: { hdr.h.b = 20; } default: { hdr.h.b = 99; } }"
    assert after(tmp_path, apply, (subject, 0, 0, 0))[1] == expected


INNER = """
control Inner(inout bit<8> x, in bit<8> y) {
    action stop() { x = 50; exit; }
    apply { x = x + 1; if (y == 1) { return; } if (y == 2) { stop(); } x = x + 10; }
}
"""


@pytest.mark.parametrize(("y", "expected"), [(0, [12, 0]), (1, [2, 0]), (2, [50, 4])])
def test_return_leaves_a_control_and_exit_all_of_them(tmp_path: Path, y: int, expected: list[int]):
    program = lowered(source(f"inner.apply(hdr.h.a, {y}); hdr.h.d = 0;", "Inner() inner;", INNER), tmp_path)
    assert program.ingress is not None
    machine = Machine(program, valid={"h"}, fields=_fields())
    machine.run(program.ingress.body)
    assert [machine.fields["h", "a"], machine.fields["h", "d"]] == expected


def test_exit_copies_out_the_arguments_of_all_bodies_around(tmp_path: Path):
    top = """
    void nothing(inout bit<8> x, inout bit<8> y) { }
    control Inner(inout bit<8> x, inout bit<8> y) {
        action stop() { x = 50; exit; }
        apply { stop(); y = 9; }
    }
    """
    program = lowered(source("inner.apply(hdr.h.a, hdr.h.a); hdr.h.d = 0;", "Inner() inner;", top), tmp_path)
    assert program.ingress is not None
    machine = Machine(program, valid={"h"}, fields=_fields()).run(program.ingress.body)
    assert machine.fields["h", "a"] == 1, "the second argument is copied out last, unchanged"
    assert machine.applied == ["exit"]


def test_an_out_header_starts_invalid(tmp_path: Path):
    top = "control Make(out h_t x, in bit<8> y) { apply { if (y == 1) { x.setValid(); } } }"
    apply = "make.apply(hdr.h, hdr.h.b); if (!hdr.h.isValid()) { meta.m = 1; }"
    program = lowered(source(apply, "Make() make;", top), tmp_path)
    assert program.ingress is not None
    machine = Machine(program, valid={"h"}, fields=_fields()).run(program.ingress.body)
    assert machine.fields["scalars", "metadata._m0"] == 1


TABLES = """
    action one() { hdr.h.a = 1; } action two() { hdr.h.a = 2; exit; } action three() { hdr.h.a = 3; }
    table t { key = { hdr.h.b: exact; } actions = { one; two; three; } default_action = three; }
"""


@pytest.mark.parametrize(("hit", "expected"), [("I.one", [1, 11, 3]), ("I.two", [2, 2, 3]), (None, [3, 13, 3])])
def test_branches_follow_the_action_that_ran(tmp_path: Path, hit: str | None, expected: list[int]):
    apply = "switch (t.apply().action_run) { one: { hdr.h.b = 11; } default: { hdr.h.b = 13; } }"
    program = lowered(source(apply, TABLES), tmp_path)
    assert program.ingress is not None
    hits: dict[str, tuple[str, list[int]]] = {"I.t": (hit, [])} if hit else {}
    machine = Machine(program, hits, _fields(), {"h"}).run(program.ingress.body)
    assert [machine.fields["h", name] for name in "abc"] == expected


@pytest.mark.parametrize(
    ("apply", "hit", "expected"),
    [
        ("if (t.apply().hit) { hdr.h.d = 7; } else { hdr.h.d = 8; }", True, 7),
        ("if (!t.apply().hit) { hdr.h.d = 7; } else { hdr.h.d = 8; }", True, 8),
        ("if (t.apply().miss) { hdr.h.d = 7; } else { hdr.h.d = 8; }", False, 7),
        ("bool b = t.apply().hit; if (b && hdr.h.a == 1) { hdr.h.d = 7; } else { hdr.h.d = 8; }", True, 7),
        ("bool b = t.apply().hit; if (b && hdr.h.a == 1) { hdr.h.d = 7; } else { hdr.h.d = 8; }", False, 8),
    ],
)
def test_hit_and_miss_choose_a_branch(tmp_path: Path, apply: str, hit: bool, expected: int):
    program = lowered(source(apply, TABLES), tmp_path)
    assert program.ingress is not None
    hits: dict[str, tuple[str, list[int]]] = {"I.t": ("I.one", [])} if hit else {}
    machine = Machine(program, hits, _fields(), {"h"}).run(program.ingress.body)
    assert machine.fields["h", "d"] == expected


SHARED = """
control Sub(inout bit<8> x) {
    action set() { x = 40; } action stop() { x = 50; exit; }
    table t { key = { x: exact; } actions = { set; stop; } default_action = set; }
    apply { x = x + 1; t.apply(); }
}
"""


@pytest.mark.parametrize(
    ("hit", "expected"), [({}, [40, 40, 1]), ({2: "I.sub.stop"}, [50, 2, 4]), ({3: "I.sub.stop"}, [40, 50, 4])]
)
def test_one_instance_with_tables_can_be_applied_to_different_arguments(
    tmp_path: Path, hit: dict[int, str], expected: list[int]
):
    program = lowered(source("sub.apply(hdr.h.a); sub.apply(hdr.h.b); hdr.h.d = 1;", "Sub() sub;", SHARED), tmp_path)
    assert program.ingress is not None
    machine = Machine(program, {}, _fields(), {"h"}, entries={"I.sub.t": hit}).run(program.ingress.body)
    assert [machine.fields["h", name] for name in "abd"] == expected


def _fields():
    machine = Machine(None)  # type: ignore[arg-type]
    for name, value in zip("abcd", (1, 2, 3, 4), strict=True):
        machine.fields["h", name] = value
    return machine.fields
