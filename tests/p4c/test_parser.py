"""Trees of declarations, statements and expressions, and what the parser refuses."""

from __future__ import annotations

import pytest

from switch.p4c import tree
from tests.p4c.text import expression, messages, parse, shape, statement

TYPES = "struct S { } enum E { a } typedef bit<8> T;"


# --- expressions ---


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("a + b * c", "(a + (b * c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a | b ^ c & d", "(a | (b ^ (c & d)))"),
        ("a || b && c == d", "(a || (b && (c == d)))"),
        ("a == b | c", "(a == (b | c))"),
        ("a << b + c", "(a << (b + c))"),
        ("a >> b < c", "((a >> b) < c)"),
        ("a ++ b * c ++ d", "((a ++ (b * c)) ++ d)"),
        ("a |+| b |-| c", "((a |+| b) |-| c)"),
        ("-a[3:0] + ~b.c", "((-a[3:0]) + (~b.c))"),
        ("!a && b", "((!a) && b)"),
        ("a ? b : c", "(a ? b : c)"),
        ("(a ? b : c) ? d : e", "((a ? b : c) ? d : e)"),
        ("a + b ? c : d", "((a + b) ? c : d)"),
    ],
)
def test_operators_group_by_strength_and_to_the_left(text: str, grouped: str):
    assert shape(expression(text)) == grouped


def test_nested_conditionals_group_to_the_left_as_in_p4c():
    assert shape(expression("a ? b : c ? d : e")) == "((a ? b : c) ? d : e)"


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("(T) a + b", "((cast a) + b)"),
        ("(bit<8>) a[3:0]", "(cast a[3:0])"),
        ("(bit<8>) (bit<4>) a", "(cast (cast a))"),
        ("(a) + b", "(a + b)"),
        ("(E.a) == b", "(E.a == b)"),
        ("(E.a == b) && c", "((E.a == b) && c)"),
        ("-(int<8>) a", "(-(cast a))"),
    ],
)
def test_a_type_in_parentheses_is_a_cast(text: str, grouped: str):
    assert shape(expression(text, TYPES)) == grouped


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("p.lookahead<bit<8>>()", "p.lookahead<1>()"),
        ("f<bit<8>, T>(x)", "f<2>(x)"),
        ("f<tuple<bit<8>, tuple<bit<(1 + 2)>>>>(x)", "f<1>(x)"),
        ("a < b", "(a < b)"),
        ("a < b && c > (d)", "((a < b) && (c > d))"),
        ("a < 3 + c", "(a < (3 + c))"),
        ("T.b < (c)", "(T.b < c)"),
    ],
)
def test_angles_are_type_arguments_only_before_a_call(text: str, grouped: str):
    assert shape(expression(text, TYPES)) == grouped


def test_a_slice_may_be_given_by_start_and_width():
    assert shape(expression("a[b +: 8]")) == "a[b +: 8]"


@pytest.mark.parametrize(
    ("text", "number", "width", "signed"),
    [
        ("255", 255, None, False),
        ("8w0xFF", 255, 8, False),
        ("4s7", 7, 4, True),
        ("0b1_0", 2, None, False),
        ("0o17", 15, None, False),
    ],
)
def test_numbers_have_value_width_and_sign(text: str, number: int, width: int | None, signed: bool):
    literal = expression(text)
    assert isinstance(literal, tree.IntLit)
    assert (literal.number, literal.width, literal.signed) == (number, width, signed)


def test_braces_hold_a_list_or_a_struct():
    plain = expression("{ 1, 2, }")
    named = expression("{ a = 1, b = 2, ... }")
    assert isinstance(plain, tree.ListExpr)
    assert isinstance(named, tree.StructExpr)
    assert (len(plain.items), plain.dots, [f.name for f in named.fields], named.dots) == (2, False, ["a", "b"], True)


def test_a_struct_expression_takes_the_type_in_front_of_it():
    found = expression("(S) { a = 1 }", TYPES)
    assert isinstance(found, tree.StructExpr)
    assert isinstance(found.target, tree.NameTypeNode)


def test_arguments_may_be_named_or_left_out():
    call = expression("f(1, x = 2, _)")
    assert isinstance(call, tree.Call)
    assert [(a.name, a.expr is None) for a in call.args] == [(None, False), ("x", False), (None, True)]


def test_keywords_of_tables_may_be_names():
    assert shape(expression("key.actions + apply(entries, state, type, priority)")) == (
        "(key.actions + apply(entries, state, type, priority))"
    )


# --- statements ---


@pytest.mark.parametrize("op", ["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "|+|", "|-|"])
def test_every_binary_operator_has_an_assignment(op: str):
    found = statement(f"a.b {op}= c;")
    assert isinstance(found, tree.Assign)
    assert found.op == op


def test_a_statement_that_begins_with_a_type_declares():
    found = statement("T x = 3;", TYPES)
    assert isinstance(found, tree.DeclStmt)
    assert isinstance(found.decl, tree.VarDecl)


def test_a_parameter_hides_a_type_of_the_same_name():
    parse("typedef bit<8> T; control c(inout bit<8> T) { apply { T = 1; } }")


def test_a_dangling_else_belongs_to_the_inner_if():
    found = statement("if (a) if (b) f(); else g();")
    assert isinstance(found, tree.If)
    assert isinstance(found.then, tree.If)
    assert (found.otherwise, found.then.otherwise is None) == (None, False)


def test_both_kinds_of_for_loops():
    three = statement("for (bit<8> i = 0, j = 1; i < 3; i += 1, j = j + i) { continue; }")
    ranged = statement("for (bit<8> i in 1 .. 3) { break; }")
    assert isinstance(three, tree.For)
    assert isinstance(ranged, tree.ForIn)
    assert (len(three.init), len(three.update), type(ranged.collection)) == (2, 2, tree.Range)


def test_a_switch_label_without_block_falls_through():
    found = statement("switch (t.apply().action_run) { a: b: { } default: { } }")
    assert isinstance(found, tree.Switch)
    assert [case.body is None for case in found.cases] == [True, False, False]


# --- declarations ---


def test_all_kinds_of_types_parse():
    decls = parse(
        "header H { bit<8> a; varbit<16> b; } header_union U { H a; }"
        "struct S<T> { T x; tuple<bit, int<4>> y; list<S<T>> z; }"
        "enum E { a, b, } enum bit<8> F { a = 1, b = 2 } typedef H[4] Hs; type bit<9> Port; error { One, Two }"
        "match_kind { near, } typedef struct G { bool b; } G2;"
    )
    assert [type(decl).__name__ for decl in decls] == [
        "StructDecl", "StructDecl", "StructDecl", "EnumDecl", "EnumDecl", "TypedefDecl", "TypedefDecl", "ErrorDecl",
        "MatchKindDecl", "StructDecl", "TypedefDecl",
    ]  # fmt: skip


def test_externs_have_constructors_methods_and_abstract_methods():
    extern = parse("extern X<T> { X(bit<8> n); T get<U>(in U u); abstract void f(); }")[0]
    assert isinstance(extern, tree.ExternDecl)
    assert [(m.name, m.result is None, m.abstract) for m in extern.methods] == [
        ("X", True, False), ("get", False, False), ("f", False, True),
    ]  # fmt: skip


def test_a_function_may_return_its_own_type_parameter():
    function = parse("extern T pick<T>(in T a, in T b = a);")[0]
    assert isinstance(function, tree.FunctionDecl)
    assert function.params[1].default is not None


def test_a_parser_has_locals_states_and_select():
    found = parse(
        "parser p<H>(in H h)(bit<8> n) { bit<8> x; value_set<bit<8>>(4) vs;"
        "state start { x = 1; transition select(x, n) {"
        "(1, 2): one; (1 &&& 3, _): one; (_, 2 .. 4): accept; default: reject; } }"
        "state one { transition select(x) { vs: accept; (1 &&& 2): accept; (x): accept; } } }"
    )[0]
    assert isinstance(found, tree.ParserDecl)
    select = found.states[1].transition
    assert isinstance(select, tree.Select)
    assert [type(case.keyset).__name__ for case in select.cases] == ["Name", "ListExpr", "Name"]


def test_a_table_has_keys_actions_entries_and_free_properties():
    control = parse(
        "control c() { action a(bit<8> x) { }"
        'table t { key = { h.x : exact @name("x"); } actions = { @tableonly a; .b(3); } const default_action = a(1);'
        "size = 4; entries = { const priority = 3: (1, _): a(2) @x; 5: a(3); } } apply { } }"
    )[0]
    assert isinstance(control, tree.ControlDecl)
    table = control.locals[1]
    assert isinstance(table, tree.TableDecl)
    entries = table.property("entries")
    assert entries is not None
    assert [p.name for p in table.properties] == ["key", "actions", "default_action", "size", "entries"]
    assert [(e.const, e.priority is None) for e in entries.entries] == [(True, False), (False, True)]


def test_an_instance_may_implement_abstract_methods():
    decl = parse("extern X { X(); abstract bit<8> f(in bit<8> a); } X() x = { bit<8> f(in bit<8> a) { return a; } };")[
        1
    ]
    assert isinstance(decl, tree.Instantiation)
    assert decl.initializer is not None
    assert [member.name for member in decl.initializer] == ["f"]


def test_annotations_keep_their_text_and_their_parsed_form():
    decl = parse('@a @b() @c("x", 1 + 2) @d(free (text) ; here) @e[k = 1, l = "y"] const bit<8> n = 1;')[0]
    a, b, c, d, e = decl.annotations
    assert (a.has_body, b.has_body, c.text, len(c.items)) == (False, True, '"x", 1 + 2', 2)
    assert (d.text, d.items, d.tokens) == ("free (text) ; here", [], ["free", "(", "text", ")", ";", "here"])
    assert (list(e.pairs), e.structured) == (["k", "l"], True)


def test_a_declaration_has_the_place_of_its_name_and_its_documentation():
    decl = parse("/** Counts. */\n@hidden\naction  count() { }")[0]
    assert (decl.span.line, decl.span.column, decl.doc) == (3, 9, "Counts.")


# --- errors ---


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("const bit<8> x = ;", "1:18"),
        ("struct S {\n  bit<8> a\n}", "3:1"),
        ("control c() { apply { x = 1 } }", "1:29"),
        ("control c() { apply { t.apply()(); } }", "1:32"),
        ("control c() { apply { a + b; } }", "1:25"),
        ("control c() { apply { @x f(); } }", "1:26"),
        ("parser p() { state start { return; } }", "1:28"),
        ("parser p() { }", "1:14"),
        ("control c() { table t { } apply { } }", "1:25"),
        ("bit<8> x = 3;", "1:10"),
        ("struct S { _ x; }", "1:12"),
        ("control c() { apply { for (i in 1 .. 3) { } } }", "1:30"),
        ("$", "1:1"),
    ],
)
def test_a_syntax_error_is_reported_at_the_token_that_cannot_stand_there(text: str, place: str):
    assert messages(text)[0].startswith(f"{place} syntax error")


def test_an_unknown_type_is_reported_and_parsing_goes_on():
    assert messages("control c() { apply { foo x; bar y; foo z; } }") == [
        "1:23 'foo' is not declared as a type",
        "1:30 'bar' is not declared as a type",
    ]


def test_many_errors_are_found_in_one_run():
    found = messages("""const int x = ;
control c() {
  action a() { 1; }
  apply {
    y = ;
    if (z { }
    ok();
  }
}
struct { }
""")
    assert [message.split(" ")[0] for message in found] == ["1:15", "3:16", "5:9", "6:11", "10:8"]


@pytest.mark.parametrize("nest", ["(", "{", "-", "f(", "a[", "(bit<8>)", "a ? "])
def test_deep_nesting_is_refused_not_overrun(nest: str):
    assert "levels deep" in messages(f"const int x = {nest * 5000}1;")[0]


def test_a_long_chain_of_operators_is_refused():
    assert "more than 1000 operators" in messages(f"const int x = {'1 + ' * 5000}1;")[0]


def test_a_number_of_many_digits_is_refused():
    assert "too long" in messages(f"const int x = {'1' * 100_000};")[0]
