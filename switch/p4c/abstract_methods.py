"""Instances of externs with abstract methods, and the blocks that implement them."""

from __future__ import annotations

from collections.abc import Callable as Function

from switch.p4c import tree
from switch.p4c.context import Context
from switch.p4c.convert import same
from switch.p4c.generics import mapping, substitute
from switch.p4c.typesys import Callable, Extern, Type, TypeVar

Check = Function[..., None]


def check_abstract(cx: Context, decl: tree.Instantiation, body: Check, signature: Check) -> None:
    """Checks the initializer block of an instance; `body` and `signature` check a function."""
    made = decl.type
    initializer = decl.initializer
    if not isinstance(made, Extern) or made.decl is None:
        if made is not None and initializer is not None and not isinstance(made, Extern) and str(made) != "<error>":
            cx.error(decl, "only instances of externs can have an initializer")
        return
    by = mapping(made.decl, made.args)
    wanted = {m.name: m for m in made.decl.methods if m.abstract}
    if initializer and not wanted:
        cx.error(decl, f"extern '{made}' has no abstract methods to implement")
        return
    given: set[str] = set()
    outer, cx.this = cx.this, made
    with cx.inside("initializer"):
        for member in initializer or []:
            if not isinstance(member, tree.FunctionDecl):
                cx.decl_handlers[type(member)](cx, member)
                continue
            signature(cx, member, "method")
            given.add(member.name)
            _match(cx, made, member, wanted.get(member.name), by)
            body(cx, member)
    cx.this = outer
    for name in wanted:
        if name not in given and not any(a.name == "optional" for a in wanted[name].annotations):
            cx.error(decl, f"abstract method '{name}' of '{made}' is not implemented")


def _match(
    cx: Context,
    made: Extern,
    member: tree.FunctionDecl,
    wanted: tree.FunctionDecl | None,
    by: dict[TypeVar, Type],
) -> None:
    if wanted is None:
        cx.error(member, f"extern '{made}' has no abstract method '{member.name}'")
        return
    if not isinstance(wanted.type, Callable) or not isinstance(member.type, Callable):
        return
    one, other = substitute(wanted.type, by), member.type
    assert isinstance(one, Callable)
    fits = (
        (len(one.params) == len(other.params) or all(p.optional for p in one.params[len(other.params) :]))
        and same(one.result, other.result)
        and all(
            same(a.type, b.type) and a.direction == b.direction for a, b in zip(one.params, other.params, strict=False)
        )
    )
    if not fits:
        cx.error(
            member, f"'{member.name}' does not fit the abstract method of '{made}'", (wanted.span, "declared here")
        )
