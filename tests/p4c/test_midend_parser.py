"""Parsers: select, sub-parsers, and structured statements that become states."""

from __future__ import annotations

from pathlib import Path

from tests.p4c.lowered import lowered, part, source


def states(tmp_path: Path, parser: str, top: str = "") -> dict[str, list[str]]:
    """The lines of each state."""
    program = lowered(source(parser=parser, top=top), tmp_path)
    return {state.name: part(program, f"state {state.name} {{") for state in program.states}


def test_select_keysets_become_values_and_masks(tmp_path: Path):
    found = states(
        tmp_path,
        """
        state start {
            p.extract(hdr.h);
            transition select(hdr.h.a, hdr.h.b) {
                (1, _): one; (2 &&& 6, 3 .. 6): one; (8w0x40, 7): accept; default: reject;
            }
        }
        state one { p.extract(hdr.g); transition accept; }
    """,
    )
    assert found["start"] == [
        "extract h",
        "select (h.a, h.b) {",
        "  0x1, _: one",
        "  0x2 &&& 0x6, 0x3 &&& 0xff: one",
        "  0x2 &&& 0x6, 0x4 &&& 0xfe: one",
        "  0x2 &&& 0x6, 0x6 &&& 0xff: one",
        "  0x40, 0x7: accept",
        "  _, _: reject",
        "}",
    ]


def test_a_stack_is_filled_by_a_state_that_goes_to_itself(tmp_path: Path):
    parser = "state start { p.extract(hdr.s.next); transition select(hdr.s.last.a) { 1: start; default: accept; } }"
    assert states(tmp_path, parser) == {
        "start": ["extract s.next", "select (s.last.a) {", "  0x1: start", "  _: accept", "}"]
    }


def test_an_if_becomes_states(tmp_path: Path):
    parser = "state start { p.extract(hdr.h); if (hdr.h.a == 1) { p.extract(hdr.g); } meta.m = 1; transition accept; }"
    assert states(tmp_path, parser) == {
        "start": ["extract h", "start.if = (h.a == 8w1)", "select (start.if) {", "  0x1: start_1", "  _: start_0", "}"],
        "start_1": ["extract g", "goto start_0"],
        "start_0": ["metadata._m0 = 8w1", "goto accept"],
    }


def test_a_sub_parser_goes_on_where_it_was_applied(tmp_path: Path):
    top = """
    parser Sub(packet_in p, out h_t h, in bit<8> n) {
        state start { transition select(n) { 0: accept; default: more; } }
        state more { p.extract(h); transition accept; }
    }
    """
    parser = "Sub() sub; state start { p.extract(hdr.h); sub.apply(p, hdr.g, hdr.h.a); meta.m = 1; transition accept; }"
    assert states(tmp_path, parser, top) == {
        "start": ["extract h", "g.setInvalid()", "goto P.sub.start"],
        "P.sub.start": ["select (h.a) {", "  0x0: start_0", "  _: P.sub.more", "}"],
        "P.sub.more": ["extract g", "goto start_0"],
        "start_0": ["metadata._m0 = 8w1", "goto accept"],
    }


def test_variables_are_initialised_once_even_if_start_is_visited_again(tmp_path: Path):
    found = states(
        tmp_path,
        """
        bit<8> n = 0;
        state start { n = n + 1; p.extract(hdr.s.next); transition select(n) { 3: accept; default: start; } }
    """,
    )
    assert found["start"][0] == "P.n = 8w0"
    again = found["start"][1].removeprefix("goto ")
    assert found[again][0] == "P.n = (P.n + 8w1)"
    assert f"  _: {again}" in found[again]


def test_lookahead_reads_ahead_of_the_packet_by_fields(tmp_path: Path):
    parser = """
        state start {
            inner_t i = p.lookahead<inner_t>(); meta.m = i.y; meta.n = (bit<16>)p.lookahead<bit<8>>();
            transition select(p.lookahead<bit<4>>()) { 5: accept; default: reject; }
        }
    """
    found = states(tmp_path, parser)["start"]
    assert "P.i.x = lookahead<8>@0" in found
    assert "select (lookahead<4>@0) {" in found


def test_verify_and_varbit_lengths_are_kept(tmp_path: Path):
    top = "header o_t { varbit<320> data; } error { Odd }"
    parser = """
        o_t o;
        state start {
            p.extract(hdr.h); verify(hdr.h.a < 5, error.Odd);
            p.extract(o, (bit<32>)(hdr.h.a << 3)); p.advance(8); transition accept;
        }
    """
    lines = states(tmp_path, parser, top)["start"]
    assert lines[1:] == [
        "extract h",
        "verify (h.a < 8w5), 32w7",
        "extract P.o, (bit<32>)(h.a << 8w3)",
        "advance 32w8",
        "goto accept",
    ]


def test_value_sets_stand_in_for_a_keyset(tmp_path: Path):
    parser = """
        value_set<bit<8>>(4) known;
        state start { p.extract(hdr.h); transition select(hdr.h.a) { known: more; default: accept; } }
        state more { p.extract(hdr.g); transition accept; }
    """
    assert "  P.known: more" in states(tmp_path, parser)["start"]


def test_loops_and_early_returns_of_functions_become_states(tmp_path: Path):
    top = """
    bit<8> least(in bit<8> x, in bit<8> y) { if (x < y) { return x; } return y; }
    bit<8> sum(in bit<8> n) { bit<8> s = 0; for (bit<8> i = 0; i < n; i = i + 1) { s = s + i; } return s; }
    """
    parser = """
        state start {
            p.extract(hdr.h); meta.m = sum(hdr.h.a); meta.p.x = least(hdr.h.b, hdr.h.c); transition accept;
        }
    """
    found = states(tmp_path, parser, top)
    assert found["start"][-1] == "goto start_1"
    assert found["start_1"] == [
        "start_1.if = !(P.sum.i < h.a)", "select (start_1.if) {", "  0x1: start_0", "  _: start_1_0", "}",
    ]  # fmt: skip
    assert found["start_1_0"] == ["P.sum.s = (P.sum.s + P.sum.i)", "P.sum.i = (P.sum.i + 8w1)", "goto start_1"]
    assert found["start_0"][:2] == ["metadata._m0 = P.sum.s", "start_0.if = (h.b < h.c)"]
