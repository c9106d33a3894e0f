"""What the checker refuses, with the line it points at."""

from __future__ import annotations

import pytest

from tests.p4c.checking import errors, in_control

STATEMENTS = [
    ("unknown = 1;", "'unknown' is not declared"),
    ("h.c = 1;", "has no member 'c'"),
    ("h.a = h.b;", "cannot be used as 'bit<8>'"),
    ("h.a = true;", "cannot be used as 'bit<8>'"),
    ("E.one = E.two;", "cannot be assigned to"),
    ("h.a = h.a + h.b;", "'+' is not defined"),
    ("h.a = h.a + s.y;", "'+' is not defined"),
    ("if (h.a) { }", "a condition must be bool"),
    ("h.a = h.a / 0;", "division by zero"),
    ("h.a = h.a % -1;", "not defined for negative"),
    ("h.a = h.a << -1;", "shift by a negative amount"),
    ("h.a = 5 << h.a;", "not a constant"),
    ("h.a = h.b[8:0];", "cannot be used as 'bit<8>'"),
    ("h.a = h.b[3:8];", "wrong way round"),
    ("h.a = h.b[16:9];", "bit 16 is out of range"),
    ("h.a = h.b[h.a:0];", "must be a compile-time integer"),
    ("s.y = s == h;", "'==' is not defined"),
    ("s.y = s.x > s.y;", "'>' is not defined"),
    ("s.y = !h.a;", "'!' is not defined"),
    ("h.a = (bit<8>) (int<16>) h.b;", "cannot be cast"),
    ("h.a = (bit<8>) s.y;", "cannot be cast"),
    ("port = h.b[8:0];", "cannot be used as 'port_t'"),
    ("if (port == 5) { }", "'==' is not defined"),
    ("w = (W) h.b;", "'w' is not declared"),
    ("h.b = (bit<16>) W.low;", "cannot be cast"),
    ("h.a = s.y ? W.low : 5;", "the branches have different types"),
    ("h.a = 1 ++ h.a;", "width of both operands"),
    ("s = {1};", "has 2 components"),
    ("s = {x = 1};", "no value is given for field 'y'"),
    ("s = {x = 1, y = true, z = 2};", "has no field 'z'"),
    ("s = {x = 1, x = 2, y = true};", "given twice"),
    ("h.a = E.three;", "has no member 'three'"),
    ("h.a = error.Nothing;", "there is no error 'Nothing'"),
    ("int n; ", "a variable cannot have type 'int'"),
    ("string n; ", "a variable cannot have type 'string'"),
    ("bit<0-1> n;", "is not a width"),
    ("h_t[0-2] n;", "cannot have -2 elements"),
    ("bit<8> h;", "hides a parameter"),
    ("bit<8> x1; bit<8> x1;", "already declared"),
    ("return 5;", "'return' with a value"),
    ("break;", "outside a loop"),
    ("h.setValid(1);", "takes 0 arguments"),
    ("into(h.a);", "needs an argument for parameter 'value'"),
    ("into(5, h.a);", "must be assignable"),
    ("into(o, value = h.b);", "width"),
    ("into(o, o, o);", "takes 2 arguments"),
    ("into(result = o, result = o);", "given twice"),
    ("into(o, nothing = o);", "has no parameter 'nothing'"),
    ("verify(true, error.NoError);", "only be called in a parser"),
    ("h.a();", "cannot be called"),
    ("Reg<bit<8>>(4) r;", "instances cannot be declared in"),
    ("switch (s.y ? h : h) { default: { } }", "'switch' cannot be used"),
    ("switch (h.a) { 1: { } 1: { } }", "this label occurs twice"),
    ("switch (h.a) { h.a: { } }", "compile-time constant"),
    ("for (bit<8> i in h) { }", "a loop cannot run over"),
]


@pytest.mark.parametrize(("statement", "message"), STATEMENTS)
def test_wrong_statements_are_refused_where_they_stand(statement: str, message: str):
    found = errors(in_control(statement))

    assert found
    assert found[0].startswith("4: ")
    if message != "width":
        assert message in found[0]


DECLARATIONS = [
    ("header x { h_t inner; }", "a field of a header cannot have type 'h_t'"),
    ("header x { E e; }", "cannot have type 'E'"),
    ("header_union x { bit<8> a; }", "a field of a header union cannot have type"),
    ("struct x { string a; }", "cannot have type 'string'"),
    ("struct x { x a; }", "contains itself"),
    ("struct x { bit<8> a; bit<8> a; }", "declared twice"),
    ("type h_t x;", "'type' can only rename"),
    ("enum port_t x { a = 1 }", "cannot be represented by 'port_t'"),
    ("enum bit<8> x { a }", "syntax"),
    ("struct s_t { }", "already declared"),
    ("const bit<8> x = y;", "'y' is not declared"),
    ("bit<8> f(in bit<8> x) { if (x > 1) { return x; } }", "does not return a value on all paths"),
    ("void f(in bit<8> x) { return x; }", "'return' with a value"),
    ("bit<8> f(in bit<8> x) { return; }", "needs a value"),
    ("void f(in bit<8> x) { exit; }", "'exit' cannot be used in a function"),
    ("void f(out bit<8> x = 3) { x = 1; }", "cannot have default values"),
    ("void f(in bit<8> x) { x = 1; }", "cannot be assigned to"),
    ("void f(in string x) { }", "cannot have a direction"),
    ("void f(in int x) { }", "cannot have a direction"),
    ("void f(bit<8> x, bit<8> x) { }", "already declared"),
    ("void f<T, T>(in T x) { }", "duplicate type parameter"),
    ("action a(bit<8> x, in bit<8> y) { }", "must come last"),
    ("extern X { X(); } X() main;", "'main' must be an instance of a package"),
    ("extern X { abstract void f(); X(); } X() x;", "'f' of 'X' is not implemented"),
    ('const bool b = static_assert(1 > 2, "too small");', "static_assert failed: too small"),
    ("Reg() r;", "needs an argument"),
    ("Reg<bit<8>>(1, 2) r;", "takes 1 arguments"),
    ("typedef Reg x;", "needs type arguments"),
    ("typedef s_t<bit<8>> x;", "has 0 type parameters"),
    ("@name(5) const bit<8> x = 1;", "@name"),
    ("@a[1] @a[2] const bit<8> x = 1;", "given twice"),
    ("@a[x = {1, 2}] const bit<8> x = 1;", "only numbers, strings and bools"),
]


@pytest.mark.parametrize(("text", "message"), DECLARATIONS)
def test_wrong_declarations_are_refused(text: str, message: str):
    found = errors(text)

    assert found
    assert found[0].startswith("1: ")
    if message != "syntax":
        assert message in found[0]


PARSERS = [
    ("state start { }", ""),
    ("state first { transition accept; }", "has no state 'start'"),
    ("state start { transition start; }", "never reaches accept or reject"),
    ("state start { transition nowhere; }", "'nowhere' is not declared"),
    ("state start { transition accept; } state accept { transition reject; }", "is built in"),
    ("state start { transition accept; } state start { transition accept; }", "already declared"),
    ("state start { transition select(h.a) { 300: accept; true: accept; } }", "cannot be used as 'bit<8>'"),
    ("state start { transition select(h.a, h.b) { 1: accept; } }", "does not fit the 2 keys"),
    ("state start { transition select(h) { _: accept; } }", "cannot be used in 'select'"),
    ("state start { transition select(h.a) { h.a: accept; } }", "compile-time constant"),
    ("state start { b.extract(h.a); transition accept; }", "only headers can be extracted"),
    ("state start { b.extract(v); transition accept; }", "its size must be given"),
    ("state start { b.extract(h, 8); transition accept; }", "no varbit field"),
    ("state start { v = b.lookahead<v_t>(); transition accept; }", "fixed size"),
]


@pytest.mark.parametrize(("states", "message"), PARSERS)
def test_wrong_parsers_are_refused(states: str, message: str):
    found = errors(f"parser p(packet_in b, out h_t h, out v_t v) {{ {states} }}")

    assert (message in found[0]) if message else (found == [])


TABLES = [
    ("key = { h.a : exact; } actions = { a; }", ""),
    ("key = { h.a : exact; }", "no list of actions"),
    ("key = { h.a : nearest; } actions = { a; }", "is not a match kind"),
    ("key = { h : exact; } actions = { a; }", "cannot be a key"),
    ("key = { h.a + 1 : exact; } actions = { a; }", "needs a @name annotation"),
    ("key = { h.a : exact; } actions = { missing; }", "'missing' is not declared"),
    ("key = { h.a : exact; } actions = { a; a; }", "listed twice"),
    ("key = { h.a : exact; } actions = { d; }", "must be bound"),
    ("key = { h.a : exact; } actions = { w(1); }", "bound by the control plane"),
    ("key = { h.a : exact; } actions = { a; } default_action = w(1);", "not among the actions"),
    ("key = { h.a : exact; } actions = { w; } default_action = w();", "needs an argument"),
    ("key = { h.a : exact; } actions = { w; } default_action = w(h.a);", "compile-time constant"),
    ("key = { h.a : exact; } actions = { a; } size = s.y;", "must be a number"),
    ("actions = { a; } entries = { 1 : a(); }", "has no key"),
    ("key = { h.a : exact; } actions = { a; } const entries = { 1 : a(); 1 : a(); }", "the same key"),
    ("key = { h.a : exact; } actions = { a; } const entries = { 1 &&& 3 : a(); }", "single values"),
    ("key = { h.a : lpm; } actions = { a; } const entries = { 1 &&& 5 : a(); }", "not a prefix mask"),
    ("key = { h.a : ternary; } actions = { a; } const entries = { 1 .. 5 : a(); }", "cannot match ranges"),
    ("key = { h.a : exact; h.b : exact; } actions = { a; } const entries = { 1 : a(); }", "2 keys"),
    ("key = { h.a : ternary; } actions = { a; } const entries = { priority = 3 : 1 : a(); }", "cannot have priorities"),
    ("key = { h.a : exact; } actions = { a; } entries = { priority = 3 : 1 : a(); }", "no priorities"),
    (
        "key = { h.a : ternary; } actions = { a; } entries = { 1 : a(); priority = 3 : 2 : a(); }",
        "must have a priority",
    ),
]


@pytest.mark.parametrize(("properties", "message"), TABLES)
def test_wrong_tables_are_refused(properties: str, message: str):
    actions = "action a() { } action w(bit<8> x) { h.a = x; } action d(in bit<8> x, bit<8> y) { h.a = x + y; }"

    found = errors(in_control("t.apply();", f"{actions} table t {{ {properties} }}"))

    assert (message in found[0]) if message else (found == [])


def test_many_mistakes_are_reported_in_one_run():
    assert len(errors(in_control("h.x = 1;\nh.y = 1;\nunknown = 2;"))) == 3


def test_one_mistake_is_reported_once():
    assert len(errors(in_control("h.a = (unknown + 1) * h.a - h.b[7:0];"))) == 1


def test_tables_are_applied_in_controls_only():
    local = "table t { actions = { NoAction; } } action a() { t.apply(); }"

    assert "cannot be applied in an action" in errors(in_control("t.apply();", local))[0]


def test_two_actions_with_one_name_for_the_control_plane_are_refused():
    local = '@name(".x") action a() { }\n@name(".x") action b() { }'

    assert errors(in_control("a(); b();", local)) == ["3: two actions have the control-plane name '.x'"]
