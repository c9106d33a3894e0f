"""Small helpers for tests that start from P4 text."""

from __future__ import annotations

from contextlib import suppress

from switch.p4c import tree
from switch.p4c.parser import parse_text
from switch.p4c.source import CompileError, Diagnostics

V1MODEL = """#include <core.p4>
#include <v1model.p4>
header h_t {{ bit<8> a; bit<8> b; }}
struct headers {{ h_t h; }}
struct metadata {{ bit<8> m; }}
parser P(packet_in p, out headers hdr, inout metadata meta, inout standard_metadata_t sm) {{
    state start {{ p.extract(hdr.h); transition accept; }}
}}
control V(inout headers hdr, inout metadata meta) {{ apply {{ }} }}
control I(inout headers hdr, inout metadata meta, inout standard_metadata_t sm) {{
    {local}
    apply {{ {apply} }}
}}
control E(inout headers hdr, inout metadata meta, inout standard_metadata_t sm) {{ apply {{ }} }}
control C(inout headers hdr, inout metadata meta) {{ apply {{ }} }}
control D(packet_out p, in headers hdr) {{ apply {{ p.emit(hdr.h); }} }}
V1Switch(P(), V(), I(), E(), C(), D()) main;
"""


def v1model(apply: str = "", local: str = "") -> str:
    """A whole program around some statements of ingress."""
    return V1MODEL.format(apply=apply, local=local)


def parse(text: str) -> list[tree.Decl]:
    """The declarations of a correct text."""
    diagnostics = Diagnostics()
    program = parse_text(text, "test.p4", diagnostics)
    assert diagnostics.render() == ""
    return program.decls


def messages(text: str) -> list[str]:
    """The errors of a text as "line:column message"."""
    diagnostics = Diagnostics()
    with suppress(CompileError):
        parse_text(text, "test.p4", diagnostics)
    return [f"{d.span.line}:{d.span.column} {d.message}" for d in diagnostics.errors]


def expression(text: str, before: str = "") -> tree.Expr:
    """The tree of an expression."""
    decl = parse(f"{before}\nconst bool it = {text};")[-1]
    assert isinstance(decl, tree.ConstDecl)
    return decl.init


def statement(text: str, before: str = "") -> tree.Stmt:
    """The tree of a statement in a control's apply block."""
    decl = parse(f"{before}\ncontrol unit() {{ apply {{ {text} }} }}")[-1]
    assert isinstance(decl, tree.ControlDecl)
    return decl.body.body[0]


def shape(expr: tree.Expr | None) -> str:
    """An expression with all its parentheses, to compare groupings."""
    match expr:
        case tree.Binary():
            return f"({shape(expr.left)} {expr.op} {shape(expr.right)})"
        case tree.Unary():
            return f"({expr.op}{shape(expr.operand)})"
        case tree.Conditional():
            return f"({shape(expr.condition)} ? {shape(expr.then)} : {shape(expr.otherwise)})"
        case tree.Name():
            return expr.name
        case tree.IntLit():
            return str(expr.number)
        case tree.Member():
            return f"{shape(expr.base)}.{expr.name}"
        case tree.Index():
            return f"{shape(expr.base)}[{shape(expr.index)}]"
        case tree.Slice():
            return f"{shape(expr.base)}[{shape(expr.high)}{' +: ' if expr.plus else ':'}{shape(expr.low)}]"
        case tree.Call():
            types = f"<{len(expr.type_args)}>" if expr.type_args else ""
            return f"{shape(expr.callee)}{types}({', '.join(shape(a.expr) for a in expr.args)})"
        case tree.Cast():
            return f"(cast {shape(expr.operand)})"
        case tree.TypeExpr(node=tree.NameTypeNode() as node):
            return node.name
        case _:
            return type(expr).__name__
