"""Where instances can be declared."""

from __future__ import annotations

from switch.p4c import tree
from switch.p4c.context import Context
from switch.p4c.typesys import UNKNOWN, BlockType, Extern


def check_instance_place(cx: Context, decl: tree.Instantiation) -> None:
    """Reports instances among statements, blocks at the top level, and a `main` that is no package."""
    place = cx.within("state", "action", "function", "block", "initializer")
    where = {"state": "a parser state", "action": "an action", "function": "a function", "block": "an apply block"}
    if place in where:
        cx.error(decl, f"instances cannot be declared in {where[place]}")
    type_ = decl.type
    if type_ is UNKNOWN:
        return
    top = cx.scope is cx.globals
    if top and decl.name == "main" and not (isinstance(type_, BlockType) and type_.kind == "package"):
        cx.error(decl, "'main' must be an instance of a package")
    elif top and isinstance(type_, BlockType) and type_.kind != "package":
        cx.error(decl, f"a {type_.kind} cannot be instantiated at the top level")
    elif isinstance(type_, BlockType) and isinstance(cx.block, tree.ControlDecl) and type_.kind == "parser":
        cx.error(decl, "a parser cannot be instantiated in a control")
    elif isinstance(type_, BlockType) and isinstance(cx.block, tree.ParserDecl) and type_.kind == "control":
        cx.error(decl, "a control cannot be instantiated in a parser")


def has_abstract_methods(type_: object) -> bool:
    """Whether an instance needs a block that implements methods."""
    if not isinstance(type_, Extern) or type_.decl is None:
        return False
    return any(m.abstract for m in type_.decl.methods)
