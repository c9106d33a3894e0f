"""Bodies put in place: where arguments are copied, and where they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.p4c.lowered import lowered, part, source

CONTROLS = """
control Leaf(inout h_t x, inout inner_t y, in bit<8> z) { apply { x.a = y.x + z; y.y = x.b; } }
control Middle(inout headers h, inout inner_t y) {
    Leaf() leaf;
    apply { if (h.h.isValid()) { leaf.apply(h.h, y, h.h.c); } }
}
control Plugin(inout headers h, inout metadata m, inout inner_t my) {
    table t { key = { m.m: exact; } actions = { NoAction; } }
    apply { my.x = m.m; t.apply(); m.m = my.y; }
}
control Clash(inout inner_t x, inout inner_t y) { apply { x.x = 1; y.x = 2; x.y = y.x; } }
control Reader(in h_t x, inout h_t y) { apply { y.a = 5; y.b = x.a; } }
bit<8> sum(in bit<8> x) { return x + x; }
bit<8> least(in bit<8> x, in bit<8> y) { if (x < y) { return x; } return y; }
"""


def ingress(tmp_path: Path, apply: str, local: str = "") -> list[str]:
    """The lines of ingress."""
    return part(lowered(source(apply, local, CONTROLS), tmp_path), "ingress I")


def test_nested_controls_on_plain_structs_make_no_copies(tmp_path: Path):
    assert ingress(tmp_path, "middle.apply(hdr, meta.p);", "Middle() middle;") == [
        "if (h.isValid()) {",
        "  h.a = (metadata._p_x2 + h.c)",
        "  metadata._p_y3 = h.b",
        "}",
    ]


def test_overlapping_arguments_whose_parts_are_used_apart_make_no_copies(tmp_path: Path):
    assert ingress(tmp_path, "plugin.apply(hdr, meta, meta.p);", "Plugin() plugin;") == [
        "metadata._p_x2 = metadata._m0",
        "apply I.plugin.t",
        "metadata._m0 = metadata._p_y3",
    ]


def test_two_names_for_one_place_are_told_apart_by_a_copy(tmp_path: Path):
    assert ingress(tmp_path, "clash.apply(meta.p, meta.p);", "Clash() clash;") == [
        "I.clash.y.x = metadata._p_x2",
        "I.clash.y.y = metadata._p_y3",
        "metadata._p_x2 = 8w1",
        "I.clash.y.x = 8w2",
        "metadata._p_y3 = I.clash.y.x",
        "metadata._p_x2 = I.clash.y.x",
        "metadata._p_y3 = I.clash.y.y",
    ]


def test_an_in_argument_that_the_body_changes_is_copied_once(tmp_path: Path):
    assert ingress(tmp_path, "reader.apply(hdr.h, hdr.h);", "Reader() reader;") == [
        "header I.reader.x = h",
        "h.a = 8w5",
        "h.b = I.reader.x.a",
    ]


def test_an_in_argument_that_nobody_changes_stays_where_it_is(tmp_path: Path):
    assert ingress(tmp_path, "reader.apply(hdr.g, hdr.h);", "Reader() reader;") == ["h.a = 8w5", "h.b = g.a"]


@pytest.mark.parametrize(
    ("apply", "expected"),
    [
        ("hdr.h.a = sum(hdr.h.b);", ["h.a = (h.b + h.b)"]),
        ("hdr.h.a = sum(3);", ["h.a = 8w6"]),
        ("hdr.h.a = sum(hdr.h.b * 3);", ["I.sum.x = (h.b * 8w3)", "h.a = (I.sum.x + I.sum.x)"]),
    ],
)
def test_a_simple_argument_takes_the_parameters_place(tmp_path: Path, apply: str, expected: list[str]):
    assert ingress(tmp_path, apply) == expected


def test_an_early_return_leaves_the_function_only(tmp_path: Path):
    lines = ingress(tmp_path, "hdr.h.a = least(hdr.h.b, hdr.h.c);")
    assert [line.strip().split("_")[0] for line in lines] == [
        "end", "if ((h.b < h.c)) {", "I.least.result = h.b", "leave end", "}", "I.least.result = h.c", "}",
        "h.a = I.least.result",
    ]  # fmt: skip


def test_each_instance_has_tables_and_actions_of_its_own(tmp_path: Path):
    program = lowered(
        source("a.apply(hdr, meta, meta.p); b.apply(hdr, meta, meta.q);", "Plugin() a; Plugin() b;", CONTROLS), tmp_path
    )
    assert [table.name for table in program.tables] == ["I.a.t", "I.b.t"]


def test_names_follow_name_annotations_relative_and_absolute(tmp_path: Path):
    local = '@name(".one") Plugin() a; @name("two") Plugin() b; @name(".r") register<bit<8>>(4) cells;'
    program = lowered(
        source("a.apply(hdr, meta, meta.p); b.apply(hdr, meta, meta.q); cells.write(0, 1);", local, CONTROLS), tmp_path
    )
    assert [table.name for table in program.tables] == ["one.t", "I.two.t"]
    assert [register.name for register in program.registers] == ["r"]


def test_constructor_parameters_are_known_at_compile_time(tmp_path: Path):
    top = """
    control Sized(inout bit<8> x)(bit<32> n, register<bit<8>> shared) {
        table t { key = { x: exact; } actions = { NoAction; } size = n; }
        apply { if (n > 10) { shared.write(n, x); } t.apply(); }
    }
    """
    local = "register<bit<8>>(8) cells; Sized(5, cells) small; Sized(20, cells) large;"
    program = lowered(source("small.apply(hdr.h.a); large.apply(hdr.h.b);", local, top), tmp_path)
    assert [table.size for table in program.tables] == [5, 20]
    assert part(program, "ingress I") == [
        "apply I.small.t",
        "register.write('I.cells', 32w20, h.b)",
        "apply I.large.t",
    ]


def test_a_computed_key_is_put_into_a_field_before_each_apply(tmp_path: Path):
    local = 'table t { key = { hdr.h.a + 1: exact @name("next"); hdr.g.isValid(): exact; } actions = { NoAction; } }'
    program = lowered(source("t.apply();", local), tmp_path)
    assert part(program, "ingress I") == ["I.t.key = (h.a + 8w1)", "apply I.t"]
    assert part(program, "table I.t")[:2] == ["key next: exact I.t.key", "key hdr.g.$valid$: exact g.isValid()"]


def test_actions_with_directed_parameters_are_bound_by_the_tables_list(tmp_path: Path):
    local = """
    action put(inout bit<8> x, bit<8> v) { x = v; }
    table t { key = { hdr.h.d: exact; } actions = { put(hdr.h.a); } default_action = put(hdr.h.a, 3); }
    table u { key = { hdr.h.d: exact; } actions = { put(hdr.h.b); } default_action = put(hdr.h.b, 4); }
    """
    program = lowered(source("t.apply(); u.apply();", local), tmp_path)
    assert [(a.name, a.shown) for a in program.actions] == [("I.put", ""), ("I.put#1", "I.put")]
    assert part(program, "action I.put(") == ["h.a = $v"]
    assert part(program, "action I.put#1(") == ["h.b = $v"]


def test_entries_get_the_priorities_of_their_order(tmp_path: Path):
    local = """
    action set(bit<8> v) { hdr.h.b = v; }
    table t {
        key = { hdr.h.a: ternary; hdr.h.c: range; } actions = { set; } default_action = set(0);
        const entries = { (1 &&& 3, 2 .. 5): set(5); (_, 7): set(6); (8, _): set(7); }
    }
    """
    lines = part(lowered(source("t.apply();", local), tmp_path), "table I.t")
    assert [line for line in lines if "entry" in line] == [
        "const entry priority 3 0x1 &&& 0x3, 0x2..0x5: I.set(8w5)",
        "const entry priority 2 _, 0x7..0x7: I.set(8w6)",
        "const entry priority 1 0x8, _: I.set(8w7)",
    ]


def test_generic_functions_and_structs_take_their_types_from_the_call(tmp_path: Path):
    top = "struct two<T> { T x; T y; } T first<T>(in two<T> p) { return p.x; }"
    apply = "two<bit<8>> p = { hdr.h.a, hdr.h.b }; hdr.h.c = first(p); meta.n = first<bit<16>>({ 9, 8 });"
    assert part(lowered(source(apply, "", top), tmp_path), "ingress I") == [
        "I.p.x = h.a", "I.p.y = h.b", "h.c = I.p.x", "metadata._n1 = 16w9",
    ]  # fmt: skip
