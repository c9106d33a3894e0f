"""Warnings about declarations that nothing refers to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from switch.p4c import tree
from switch.p4c.context import Context
from switch.p4c.dataflow import declared
from switch.p4c.defaults import has_note

_LIBRARY = ("core.p4", "v1model.p4")
_KINDS: dict[type, str] = {
    tree.Param: "parameter ",
    tree.VarDecl: "",
    tree.ConstDecl: "",
    tree.Instantiation: "",
    tree.ValueSetDecl: "value set ",
    tree.ActionDecl: "action ",
    tree.TableDecl: "table ",
    tree.ControlDecl: "control ",
    tree.ParserDecl: "parser ",
    tree.FunctionDecl: "function ",
}


def check_unused(cx: Context, program: tree.Program) -> None:
    """Warns about what is declared and never used, the libraries' declarations apart."""
    for decl in program.decls:
        if PurePath(decl.span.file).name in _LIBRARY:
            continue
        if not isinstance(decl, tree.ConstDecl | tree.Instantiation) and not _is_extern(decl):
            _report(cx, decl)
        for inner in _inner(decl):
            _report(cx, inner)


def _inner(decl: tree.Decl) -> Iterator[tree.Decl]:
    """What is declared inside a function, an action, a control or a parser."""
    match decl:
        case tree.FunctionDecl(body=tree.Block() as body):
            yield from declared(body.body)
        case tree.ActionDecl(params=params, body=body):
            yield from params
            yield from declared(body.body)
        case tree.ControlDecl(locals=locals_, body=body):
            for local in locals_:
                yield local
                yield from _inner(local)
            yield from declared(body.body)
        case tree.ParserDecl(locals=locals_, states=states):
            yield from locals_
            for state in states:
                yield from declared(state.body)


def _is_extern(decl: tree.Decl) -> bool:
    return isinstance(decl, tree.FunctionDecl) and decl.body is None


def _report(cx: Context, decl: tree.Decl) -> None:
    kind = _KINDS.get(type(decl))
    if kind is None or id(decl) in cx.used or decl.name == "main" or has_note(decl, "noWarn", "unused"):
        return
    cx.warn(decl, "unused", f"{kind}'{decl.name}' is unused")
