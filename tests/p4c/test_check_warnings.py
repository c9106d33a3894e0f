"""What the checker finds suspicious."""

from __future__ import annotations

import pytest

from tests.p4c.checking import in_control, warnings


def _about(kind: str, text: str) -> list[str]:
    return [w for w in warnings(text) if f": {kind}: " in w]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("h.a = 300;", ["4: overflow: 300 does not fit in 'bit<8>'"]),
        ("h.a = -1;", ["4: mismatch: negative value -1 with unsigned type 'bit<8>'"]),
        ("h.a = 255;", []),
    ],
)
def test_numbers_that_lose_bits_are_reported(statement: str, expected: list[str]):
    found = warnings(in_control(statement))

    assert [w for w in found if "unused" not in w] == expected


def test_what_nothing_uses_is_reported():
    found = _about("unused", in_control("bit<8> x = 1;", "action a() { } Reg<bit<8>>(4) r;"))

    assert [w.split(": ")[2] for w in found if "NoAction" not in w] == [
        "control 'c' is unused",
        "action 'a' is unused",
        "'r' is unused",
        "'x' is unused",
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("defualt_action", ["ignore-prop: tables have no property 'defualt_action': it is ignored"]),
        ("default_action", []),
    ],
)
def test_a_misspelt_property_of_a_table_is_reported(name: str, expected: list[str]):
    table = f"action a() {{ }} table t {{ actions = {{ a; }} {name} = a(); }}"

    found = _about("ignore-prop", in_control("t.apply();", table))

    assert [w.split(": ", 1)[1] for w in found] == expected


def test_nowarn_silences_it():
    found = _about("unused", in_control("", '@noWarn("unused") action a() { }'))

    assert not any("'a'" in w for w in found)


@pytest.mark.parametrize(
    ("statements", "count"),
    [
        ("bit<8> x; o = x;", 1),
        ("bit<8> x; x = 1; o = x;", 0),
        ("bit<8> x; if (s.y) { x = 1; } o = x;", 1),
        ("bit<8> x; if (s.y) { x = 1; } else { x = 2; } o = x;", 0),
        ("bit<8> x; if (s.y) { x = 1; } else { return; } o = x;", 0),
        ("bit<8> x; into(x, 8w1); o = x;", 0),
        ("s_t x; x.x = 1; o = x.x;", 0),
        ("h_t x; o = x.a;", 0),
        ("bit<8> x; for (bit<8> i = 0; i < 3; i = i + 1) { x = i; } o = x;", 1),
    ],
)
def test_reads_before_writes_are_reported(statements: str, count: int):
    assert len(_about("uninitialized-use", in_control(statements))) == count


def test_an_out_parameter_without_value_is_reported():
    text = "void f(out bit<8> x, in bool b) { if (b) { x = 1; } }"

    assert len(_about("uninitialized-out-param", text)) == 1


def test_states_hand_on_what_they_wrote():
    body = "state start { x = 1; transition next; } state next { y = x; transition accept; }"

    assert _about("uninitialized-use", f"parser p(packet_in b, out bit<8> y) {{ bit<8> x; {body} }}") == []


def test_a_state_without_transition_is_reported():
    assert len(_about("parser-transition", "parser p(packet_in b) { state start { } }")) == 1


def test_shadowing_is_reported():
    assert len(_about("shadow", in_control("bit<8> x = 1; if (s.y) { bit<8> x = 2; o = x; } o = x;"))) == 1


def test_a_use_of_something_deprecated_is_reported():
    text = '@deprecated("use g") extern void f();' + in_control("f();")

    assert _about("deprecated", text) == ["4: deprecated: 'f' is deprecated: use g"]
