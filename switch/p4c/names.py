"""Scopes: which declarations a name can mean at a place of the program."""

from __future__ import annotations

from collections.abc import Iterator

from switch.p4c import tree
from switch.p4c.typesys import TypeVar

Entry = tree.Decl | TypeVar


class Scope:
    """Names declared so far in one block, and the scope around it.

    A name has several entries only if it is overloaded. Blocks are checked from top to bottom and names are added as
    they are declared, so that looking a name up never finds what is declared further down.
    """

    __slots__ = ("entries", "kind", "parent")

    def __init__(self, parent: Scope | None, kind: str) -> None:
        self.entries: dict[str, list[Entry]] = {}
        self.parent = parent
        self.kind = kind  # "program", "parser", "control", "action", "function", "block" ...

    def find(self, name: str) -> list[Entry]:
        """What the name means here: the entries of the innermost scope that has it; empty if none has."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.entries.get(name)
            if found:
                return found
            scope = scope.parent
        return []

    def outer(self, name: str) -> Entry | None:
        """What the name would mean without this scope."""
        found = self.parent.find(name) if self.parent else []
        return found[0] if found else None

    def add(self, name: str, entry: Entry) -> Entry | None:
        """Declares the name; returns the entry it collides with, if any."""
        present = self.entries.get(name)
        if present is None:
            self.entries[name] = [entry]
            return None
        for other in present:
            if not _may_overload(other, entry):
                return other
        present.append(entry)
        return None

    def enclosing(self) -> Iterator[Scope]:
        """This scope and those around it, innermost first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent


def _may_overload(one: Entry, other: Entry) -> bool:
    """Functions may share a name when a call can tell them apart by the number or the names of its arguments."""
    first, second = _arguments(one), _arguments(other)
    return type(one) is type(other) and first is not None and second is not None and first != second


def _arguments(entry: Entry) -> list[str] | None:
    """The names by which overloads differ; None if the entry cannot be overloaded."""
    match entry:
        case tree.FunctionDecl(params=params):
            return [p.name for p in params]
        case tree.BlockTypeDecl(kind="package", params=params):
            return [p.name for p in params]
        case tree.ParserDecl(ctor_params=params) | tree.ControlDecl(ctor_params=params):
            return [p.name for p in params]
        case _:
            return None


def is_type(entry: Entry) -> bool:
    """Whether the name stands for a type."""
    return isinstance(
        entry,
        TypeVar
        | tree.TypedefDecl
        | tree.StructDecl
        | tree.EnumDecl
        | tree.ErrorDecl
        | tree.MatchKindDecl
        | tree.ExternDecl
        | tree.BlockTypeDecl
        | tree.ParserDecl
        | tree.ControlDecl,
    )
