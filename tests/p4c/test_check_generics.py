"""Type parameters: what calls infer, and what substitution makes of generic declarations."""

from __future__ import annotations

from switch.p4c import tree
from switch.p4c.generics import mapping, substitute
from switch.p4c.typesys import BOOL, Bits, BlockType, Callable, Extern, Struct
from tests.p4c.checking import correct, errors, find, in_control, nodes


def _call(text: str) -> tree.Call:
    return next(n for n in nodes(correct(text)) if isinstance(n, tree.Call) and n.inferred)


def test_type_arguments_are_inferred_from_arguments():
    call = _call(in_control("into(h.b, 5);"))

    assert call.inferred == [Bits(16)]
    assert call.args[1].expr is not None
    assert call.args[1].expr.type == Bits(16)


def test_a_result_is_inferred_from_the_place_it_is_assigned_to():
    call = _call("extern T any<T>();" + in_control("h.b = any();"))

    assert call.inferred == [Bits(16)]


def test_explicit_type_arguments_win():
    call = _call(
        "parser p(packet_in b, out bit<8> x) { state start { x = b.lookahead<bit<8>>(); transition accept; } }"
    )

    assert call.type == Bits(8)


def test_methods_of_a_generic_extern_take_its_arguments():
    program = correct(in_control("o = r.read(3); r.write(4, 5);", "Reg<bit<8>>(16) r;"))
    write = next(n for n in nodes(program) if isinstance(n, tree.Call) and len(n.args) == 2)

    assert write.args[1].expr is not None
    assert write.args[1].expr.type == Bits(8)


def test_an_instance_notes_what_it_is_made_of():
    decl = find(in_control("o = r.read(3);", "Reg<bit<8>>(16) r;"), "r")

    assert isinstance(decl, tree.Instantiation)
    assert decl.type == Extern("Reg", (Bits(8),))
    assert decl.inferred == [Bits(8)]
    assert isinstance(decl.target, tree.ExternDecl)
    assert isinstance(decl.constructor, tree.FunctionDecl)


def test_generic_structs_are_specialised():
    decl = find("struct pair<T> { T one; T two; } const pair<bool> P = {true, false};", "P")

    assert isinstance(decl, tree.ConstDecl)
    assert isinstance(decl.type, Struct)
    assert decl.type.field_type("two") == BOOL


def test_a_generic_function_is_checked_once_and_specialised_by_substitution():
    text = "T same<T>(in T x) { return x; }" + in_control("h.b = same(h.b);")
    call = _call(text)

    assert isinstance(call.target, tree.FunctionDecl)
    by = mapping(call.target, call.inferred)
    made = substitute(call.target.type, by) if call.target.type else None

    assert isinstance(made, Callable)
    assert made.result == Bits(16)


PACKAGE = """control Ctl<H>(inout H h); package Top<H>(Ctl<H> c);
control mine(inout h_t h) { apply { } }
"""


def test_the_arguments_of_a_package_are_inferred_from_its_blocks():
    decl = find(PACKAGE + "Top(mine()) main;", "main")

    assert isinstance(decl, tree.Instantiation)
    assert isinstance(decl.type, BlockType)
    assert [str(t) for t in decl.inferred] == ["h_t"]


def test_a_block_with_other_parameters_does_not_fit():
    text = PACKAGE.replace("inout h_t h)", "in h_t h)") + "Top(mine()) main;"

    assert errors(text) == ["3: 'mine' does not fit the type 'Ctl<h_t>': parameter 'h' is in instead of inout"]


def test_a_number_without_width_cannot_be_a_type_argument():
    assert errors("extern void f<T>(in T x);" + in_control("f(5);")) == [
        "4: the width of this number is not known: write it as in 8w5, or cast it"
    ]


def test_a_type_argument_that_nothing_determines_is_an_error():
    assert "cannot be inferred" in errors("extern void f<T>();" + in_control("f();"))[0]
