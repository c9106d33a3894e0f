"""The environment of a body that is being lowered: what its names and type parameters mean, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass, field

from switch.p4c import tree
from switch.p4c.midend.shapes import substitute
from switch.p4c.midend.values import Val
from switch.p4c.typesys import Type, TypeVar


@dataclass(eq=False)
class Frame:
    """One activation of a control, parser, action or function.

    `parent` is the lexical environment, `caller` the activation that this one runs in (for exit, which ends them all
    and copies their results out). `path` prefixes control-plane names, `prefix` names of storage.
    """

    kind: str
    parent: Frame | None = None
    caller: Frame | None = None
    path: str = ""
    prefix: str = ""
    values: dict[tree.Node, Val] = field(default_factory=dict)
    types: dict[TypeVar, Type] = field(default_factory=dict)
    label: str | None = None  # return leaves this block
    result: Val | None = None  # where return puts its value
    result_type: Type | None = None
    copies: list[tuple[Val, Val]] = field(default_factory=list)  # (argument, parameter) to copy out at the end
    stable: dict[tree.Node, Val] | None = None  # storage of copied parameters, when every activation must use the same
    shared: bool = False  # this activation's parameters are copied, since tables know them by one place
    decl: tree.Node | None = None  # the control or parser
    in_table: bool = False  # an action that tables run
    breaks: list[tuple[str, str]] = field(default_factory=list)  # labels of break and continue, innermost last

    def find(self, decl: tree.Node) -> Val | None:
        """What a declaration means here, if this frame or one around it knows."""
        frame: Frame | None = self
        while frame is not None:
            found = frame.values.get(decl)
            if found is not None:
                return found
            frame = frame.parent
        return None

    def type(self, kind: Type) -> Type:
        """The type with the type parameters of this frame, and of those around it, replaced."""
        frame: Frame | None = self
        while frame is not None:
            if frame.types:
                kind = substitute(kind, frame.types)
            frame = frame.parent
        return kind

    def around(self, kind: str) -> Frame | None:
        """The nearest enclosing frame of that kind, along the callers."""
        frame: Frame | None = self
        while frame is not None and frame.kind != kind:
            frame = frame.caller
        return frame


def is_relative(text: str) -> bool:
    """Whether a @name is relative: it does not start with a dot."""
    return not text.startswith(".")


def plain_name(decl: tree.Decl) -> str:
    """The name that @name gives a declaration, else its own."""
    for note in decl.annotations:
        if note.name == "name" and note.items and isinstance(note.items[0], tree.StringLit):
            return note.items[0].text
    return decl.name


def control_name(path: str, decl: tree.Decl) -> str:
    """The control-plane name of a declaration inside an instance whose name is `path`."""
    name = plain_name(decl)
    if not is_relative(name):
        return name[1:]
    return f"{path}.{name}" if path else name
