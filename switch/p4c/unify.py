"""Inference of type arguments: which types make the parameters' types agree with the arguments' types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from switch.p4c.generics import substitute
from switch.p4c.typesys import (
    DONT_CARE,
    INT,
    UNKNOWN,
    BlockType,
    Enum,
    Extern,
    ListOf,
    ParamType,
    Set,
    Stack,
    Struct,
    Tuple,
    Type,
    TypeVar,
)


class Unifier:
    """Solves for a set of type variables; all other type variables are opaque types.

    It looks for solutions only. Whether the argument then converts to the parameter's type is the caller's question, so
    a mismatch of fixed parts is reported (by False) only where no implicit conversion can help.
    """

    def __init__(self, variables: Iterable[TypeVar], *, strict: bool = False) -> None:
        self.strict = strict  # no implicit conversions
        self.bound: dict[TypeVar, Type | None] = dict.fromkeys(variables)

    def add(self, variables: Iterable[TypeVar]) -> None:
        """More variables to solve for."""
        for variable in variables:
            self.bound.setdefault(variable, None)

    def solution(self) -> dict[TypeVar, Type]:
        """What is known so far."""
        known = {v: t for v, t in self.bound.items() if t is not None}
        for _ in known:
            after = {v: substitute(t, known) for v, t in known.items()}
            if after == known:
                break
            known = after
        return known

    def unify(self, wanted: Type, given: Type) -> bool:
        """Makes `wanted` (a parameter's type) agree with `given` (the argument's)."""
        wanted, given = self._resolve(wanted), self._resolve(given)
        if wanted is given or DONT_CARE in (wanted, given) or UNKNOWN in (wanted, given):
            return True
        if isinstance(wanted, TypeVar) and wanted in self.bound:
            return self._bind(wanted, given)
        if isinstance(given, TypeVar) and given in self.bound:
            return self._bind(given, wanted)
        if wanted == given and not isinstance(wanted, BlockType):
            return True
        return self._parts(wanted, given)

    def _resolve(self, type_: Type) -> Type:
        while isinstance(type_, TypeVar):
            target = self.bound.get(type_)
            if target is None:
                return type_
            if target == INT:
                return type_
            type_ = target
        return type_

    def _bind(self, variable: TypeVar, type_: Type) -> bool:
        if variable == type_:
            return True
        self.bound[variable] = type_
        return True

    def _parts(self, wanted: Type, given: Type) -> bool:
        match wanted, given:
            case Struct(), Struct() if given.name == "" and wanted.name:
                types = {f.name: f.type for f in given.fields}
                return all([self.unify(f.type, types[f.name]) for f in wanted.fields if f.name in types])
            case Struct(), Struct() if wanted.name == "" and given.name:
                return self._parts(given, wanted)
            case (Struct(), Struct()) | (Extern(), Extern()):
                return wanted.name == given.name and self._all(wanted.args, given.args)
            case Struct(), Tuple():
                return self._all([f.type for f in wanted.fields], given.elements)
            case Tuple(), Tuple():
                return self._all(wanted.elements, given.elements)
            case ((Stack() | ListOf()), Tuple()):
                return all([self.unify(wanted.element, e) for e in given.elements])
            case (Stack(), Stack()) | (ListOf(), ListOf()) | (Set(), Set()):
                return self.unify(wanted.element, given.element)
            case Set(), _:
                return self.unify(wanted.element, given)
            case BlockType(), BlockType():
                return self._blocks(wanted, given)
            case _:
                return not self.strict and (INT in (wanted, given) or isinstance(given, Enum))

    def _all(self, wanted: Sequence[Type], given: Sequence[Type]) -> bool:
        return len(wanted) == len(given) and all([self.unify(w, g) for w, g in zip(wanted, given, strict=True)])

    def _blocks(self, wanted: BlockType, given: BlockType) -> bool:
        if wanted.kind != given.kind:
            return False
        if wanted.name == given.name and wanted.args:
            return self._all(wanted.args, given.args)
        if wanted.kind == "package":
            return wanted.name == given.name
        return self._params(wanted.params, given.params)

    def _params(self, wanted: Sequence[ParamType], given: Sequence[ParamType]) -> bool:
        if len(given) < len(wanted) or any(not p.optional for p in given[len(wanted) :]):
            shortened = [p for p in wanted if not p.optional]
            if len(shortened) != len(given):
                return False
            wanted = shortened
        pairs = list(zip(wanted, given, strict=False))
        types = [self.unify(w.type, g.type) for w, g in pairs]
        return all(types) and all(w.direction == g.direction for w, g in pairs)
