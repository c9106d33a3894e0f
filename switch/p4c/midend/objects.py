"""Things with a name and a life of their own: instances of controls and parsers, their tables and actions."""

from __future__ import annotations

from dataclasses import dataclass, field

from switch.p4c import ir, tree
from switch.p4c.midend import values as v
from switch.p4c.midend.frame import Frame


@dataclass(eq=False)
class BlockInstance:
    """An instance of a control or parser. `externs` are those declared in it, in the program once it is used."""

    decl: tree.ControlDecl | tree.ParserDecl
    frame: Frame
    externs: list[v.Extern] = field(default_factory=list)
    used: bool = False
    first: float = 0.0  # the place in the order of declarations in front of what it declares


@dataclass(eq=False)
class TableObject:
    """A table of one control instance; `made` once it has been applied."""

    decl: tree.TableDecl
    frame: Frame
    name: str
    made: ir.Table | None = None
    temps: dict[int, v.Val] = field(default_factory=dict)  # key number -> where a computed key is put
    actions: dict[tree.Node, str] = field(default_factory=dict)  # declaration -> control-plane name


@dataclass(eq=False)
class ActionObject:
    """An action of one control instance, or of the whole program."""

    decl: tree.ActionDecl
    frame: Frame
    name: str


@dataclass(eq=False)
class ValueSetObject:
    """A parser value set; `made` once a select uses it."""

    decl: tree.ValueSetDecl
    frame: Frame
    name: str
    made: ir.ValueSet | None = None
