"""Helpers for tests of the checker: programs around a few statements, and what the checker says of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields

from switch.p4c import tree
from switch.p4c.check import Checked, check
from switch.p4c.parser import parse_text
from switch.p4c.source import CompileError, Diagnostics

PRELUDE = """error { NoError, PacketTooShort }
match_kind { exact, ternary, lpm, range, optional }
extern packet_in { void extract<T>(out T h); void extract<T>(out T h, in bit<32> size); T lookahead<T>(); }
extern packet_out { void emit<T>(in T h); }
extern void verify(in bool condition, in error signal);
extern bool static_assert(bool check, string message);
action NoAction() {}
header h_t { bit<8> a; bit<16> b; }
header v_t { bit<8> a; varbit<64> v; }
struct s_t { bit<8> x; bool y; }
enum E { one, two }
enum bit<8> W { low = 1, high = 200 }
type bit<9> port_t;
extern Reg<T> { Reg(bit<32> size); T read(in bit<32> index); void write(in bit<32> index, in T value); }
extern void into<T>(out T result, in T value);
"""
FIRST = PRELUDE.count("\n") + 1  # the line on which the test's own text begins


_NOTED = ("bound", "constructor", "annotations", "type")  # what the checker wrote, and what is no part of the program


def run(text: str, prelude: str = PRELUDE) -> tuple[Checked | None, Diagnostics]:
    """Parses and checks the text behind the prelude."""
    diagnostics = Diagnostics(limit=1000)
    checked = None
    with suppress(CompileError):
        program = parse_text(prelude + text, "test.p4", diagnostics)
        diagnostics.stop_if_errors()
        checked = check(program, diagnostics)
    return checked, diagnostics


def correct(text: str) -> tree.Program:
    """The annotated tree of a correct program."""
    checked, diagnostics = run(text)
    assert [d.message for d in diagnostics.errors] == []
    assert checked is not None
    return checked.program


def errors(text: str) -> list[str]:
    """What is wrong, as "line: message", lines counted from the text's own first."""
    _, diagnostics = run(text)
    return [f"{d.span.line - FIRST + 1}: {d.message}" for d in diagnostics.errors]


def warnings(text: str) -> list[str]:
    """Warnings, as "line: kind: message"."""
    _, diagnostics = run(text)
    return [f"{d.span.line - FIRST + 1}: {d.kind}: {d.message}" for d in diagnostics.warnings]


def in_control(apply: str, local: str = "") -> str:
    """A control around statements; h, s, m, r and small names are at hand."""
    return f"""control c(inout h_t h, inout s_t s, out bit<8> o, inout v_t v, inout port_t port) {{
{local}
apply {{ o = 0;
{apply}
}} }}"""


def nodes(root: tree.Node) -> Iterator[tree.Node]:
    """All nodes of a tree; annotations and what the checker noted are left out."""
    yield root
    for item in fields(root):
        if item.name in _NOTED or (item.name == "decl" and not isinstance(root, tree.DeclStmt)):
            continue
        value = getattr(root, item.name)
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, tree.Node) and not (item.name == "target" and isinstance(root, tree.Call)):
                yield from nodes(child)


def find(text: str, name: str) -> tree.Decl:
    """The declaration of that name in a correct program, wherever it stands."""
    return next(n for n in nodes(correct(text)) if isinstance(n, tree.Decl) and n.name == name)


def value_of(expr: str, type_: str = "int") -> object:
    """The compile-time value of an expression."""
    decl = find(f"const {type_} RESULT = {expr};", "RESULT")
    assert isinstance(decl, tree.ConstDecl)
    return decl.value


def type_of(expr: str, local: str = "") -> str:
    """The type of an expression in a control, as text."""
    program = correct(in_control(f"into(_, {expr});", local))
    call = next(n for n in nodes(program) if isinstance(n, tree.CallStmt))
    argument = call.call.args[1].expr
    assert argument is not None
    return str(argument.type)
