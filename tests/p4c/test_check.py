"""What the checker writes into the tree of a correct program."""

from __future__ import annotations

import pytest

from switch.p4c import tree
from switch.p4c.typesys import BOOL, Bits, EnumValue, ListValue, Struct, Tuple
from tests.p4c.checking import correct, find, in_control, nodes, type_of, value_of


def test_every_expression_of_a_correct_program_gets_a_type():
    program = correct(in_control("h.a = (bit<8>) h.b + 1; if (h.isValid() && s.y) { o = s.x; }"))

    untyped = [n for n in nodes(program) if isinstance(n, tree.Expr | tree.TypeNode) and n.type is None]

    assert untyped == []


def test_every_name_gets_its_declaration():
    program = correct(in_control("bit<8> local = h.a; o = local;"))

    names = {n.name: n.decl for n in nodes(program) if isinstance(n, tree.Name)}

    assert isinstance(names["local"], tree.VarDecl)
    assert isinstance(names["h"], tree.Param)


@pytest.mark.parametrize(
    ("expression", "type_"),
    [
        ("h.a + h.a", "bit<8>"),
        ("h.a ++ h.b", "bit<24>"),
        ("h.b[11:4]", "bit<8>"),
        ("h.b[h.a +: 4]", "bit<4>"),
        ("h.a == 3", "bool"),
        ("h.a << 3", "bit<8>"),
        ("h.a |+| 255", "bit<8>"),
        ("(int<8>) h.a", "int<8>"),
        ("s.y ? h.a : 3", "bit<8>"),
        ("W.low", "W"),
        ("W.low + h.a", "bit<8>"),
        ("{h.a, s.y}", "tuple<bit<8>, bool>"),
        ("port", "port_t"),
        ("(bit<9>) port", "bit<9>"),
        ("error.NoError", "error"),
        ("E.two", "E"),
        ("h", "h_t"),
    ],
)
def test_expressions_have_the_types_of_the_specification(expression: str, type_: str):
    assert type_of(expression) == type_


@pytest.mark.parametrize(
    ("expression", "type_", "value"),
    [
        ("2 + 3 * 4", "int", 14),
        ("-7", "int", -7),
        ("8w250 + 10", "bit<8>", 4),
        ("8s127 + 1", "int<8>", -128),
        ("8w250 |+| 10", "bit<8>", 255),
        ("8s100 |-| -100", "int<8>", 127),
        ("4w15 ++ 4w1", "bit<8>", 0xF1),
        ("16w0xabcd[11:4]", "bit<8>", 0xBC),
        ("(bit<4>) 16w0x1234", "bit<4>", 4),
        ("(int<8>) 8w255", "int<8>", -1),
        ("(bit<16>) (int<16>) 8s255", "bit<16>", 0xFFFF),
        ("8s255 >> 1", "int<8>", -1),
        ("8w1 << 9", "bit<8>", 0),
        ("17 / 5 + 17 % 5", "int", 5),
        ("true && !false", "bool", True),
        ("3 > 2 ? 8w1 : 8w2", "bit<8>", 1),
        ("W.high", "bit<8>", 200),
        ("(W) 1", "W", EnumValue("W", "low", 1)),
        ("E.two", "E", EnumValue("E", "two")),
        ('"a" ++ "b"', "string", "ab"),
        ("{1, true}", "s_t", ListValue((1, True), ("x", "y"))),
        ("{y = false, x = 2}", "s_t", ListValue((2, False), ("x", "y"))),
    ],
)
def test_constants_are_evaluated(expression: str, type_: str, value: object):
    assert value_of(expression, type_) == value


def test_fields_of_constant_structs_are_constants():
    decl = find("const s_t S = {7, true}; const bit<8> X = S.x + 1;", "X")

    assert isinstance(decl, tree.ConstDecl)
    assert decl.value == 8


def test_sizes_of_types_are_constants():
    assert value_of("h_t.minSizeInBits() + v_t.maxSizeInBytes() + v_t.minSizeInBytes()") == 24 + 9 + 1


def test_a_number_takes_the_width_of_its_place_by_an_implicit_cast():
    program = correct(in_control("h.b = 5;"))

    assign = next(n for n in nodes(program) if isinstance(n, tree.Assign) and isinstance(n.target, tree.Member))
    casts = [n for n in nodes(program) if isinstance(n, tree.Cast) and n.implicit and n.type == Bits(16)]

    assert assign.value in casts
    assert assign.value.value == 5


def test_lists_take_the_type_of_the_struct_they_are_assigned_to():
    program = correct(in_control("s = {5, true};"))

    literal = next(n for n in nodes(program) if isinstance(n, tree.ListExpr))

    assert isinstance(literal.type, Struct)
    assert [item.type for item in literal.items] == [Bits(8), BOOL]


def test_named_arguments_are_bound_in_the_order_of_the_parameters():
    text = "bit<8> f(in bit<8> a, in bit<8> b = 7) { return a - b; }" + in_control("o = f(b = 1, a = 2); o = f(3);")
    calls = [n for n in nodes(correct(text)) if isinstance(n, tree.Call)]

    first, second = calls

    assert isinstance(first.target, tree.FunctionDecl)
    assert [b.name for b in first.bound if b is not None] == ["a", "b"]
    assert second.bound[1] is None


def test_overloads_are_told_apart_by_the_number_of_arguments():
    text = "extern void g(in bit<8> a); extern void g(in bit<8> a, in bit<8> b);" + in_control("g(o, o);")
    call = next(n for n in nodes(correct(text)) if isinstance(n, tree.Call))

    assert isinstance(call.target, tree.FunctionDecl)
    assert len(call.target.params) == 2


def test_apply_of_a_table_leads_to_the_table_and_its_result_has_members():
    table = "action a() {} table t { key = { h.a : exact; } actions = { a; } default_action = a(); }"
    program = correct(in_control("if (t.apply().hit) { } switch (t.apply().action_run) { a: { } default: { } }", table))
    calls = [n for n in nodes(program) if isinstance(n, tree.Call) and isinstance(n.callee, tree.Member)]
    label = next(n.label for n in nodes(program) if isinstance(n, tree.SwitchCase))

    assert all(isinstance(c.target, tree.TableDecl) for c in calls)
    assert isinstance(label, tree.Name)
    assert isinstance(label.decl, tree.ActionDecl)


def test_keysets_take_the_width_of_the_key():
    parser = """parser p(packet_in b, out h_t h) { state start { b.extract(h);
      transition select(h.a, h.b) { (1, 2 &&& 3): accept; (4 .. 5, _): reject; } } }"""
    program = correct(parser)
    mask = next(n for n in nodes(program) if isinstance(n, tree.Mask))
    span = next(n for n in nodes(program) if isinstance(n, tree.Range))

    assert mask.mask.type == Bits(16)
    assert span.high.type == Bits(8)


def test_errors_are_numbered_across_declarations():
    program = correct("error { Mine } const error X = error.Mine;")
    decl = next(d for d in program.decls if d.name == "X")

    assert isinstance(decl, tree.ConstDecl)
    assert decl.value == EnumValue("error", "Mine", 2)


def test_free_form_annotations_hold_values_where_they_are_constants():
    decl = find("const bit<8> N = 3; struct x_t { @field_list(N, 4) bit<8> f; }", "f")

    assert [item.value for item in decl.annotations[0].items] == [3, 4]


def test_a_local_declaration_is_seen_only_behind_its_place():
    text = in_control("o = X;", "const bit<8> X = 4;")

    name = next(n for n in nodes(correct(text)) if isinstance(n, tree.Name) and n.name == "X")

    assert name.value == 4


def test_tuples_are_indexed_by_constants():
    assert type_of("t[1]", "tuple<bit<8>, bool> t = {1, true};") == "bool"
    assert isinstance(find("const tuple<bit<8>, bool> T = {1, true};", "T"), tree.ConstDecl)
    assert Tuple((Bits(8), BOOL)) == Tuple((Bits(8), BOOL))
