"""Type parameters: substitution, and specialisation of generic declarations.

A generic declaration is checked once, with its parameters as `TypeVar`s (`decl.type_vars`). Whoever specialises it maps
them to the arguments: `substitute(type, mapping(decl, args))`, with `args` from `Call.inferred`,
`Instantiation.inferred`, `Struct.args` or `Extern.args`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from switch.p4c.typesys import (
    BlockType,
    Callable,
    Extern,
    ListOf,
    NewType,
    ParamType,
    Set,
    Stack,
    Struct,
    StructField,
    Tuple,
    Type,
    TypeVar,
)

Mapping_ = Mapping[TypeVar, Type]


class Generic(Protocol):
    """A declaration with type parameters."""

    type_vars: tuple[TypeVar, ...]


def mapping(decl: Generic, args: Sequence[Type]) -> dict[TypeVar, Type]:
    """The substitution that gives the declaration's type parameters these arguments."""
    return dict(zip(decl.type_vars, args, strict=False))


def substitute(type_: Type, by: Mapping_) -> Type:
    """The type with its type parameters replaced; those that `by` does not name stay."""
    if not by:
        return type_
    handler = _SUBSTITUTE.get(type(type_))
    return handler(type_, by) if handler else type_


def substitute_all(types: Sequence[Type], by: Mapping_) -> tuple[Type, ...]:
    """`substitute` on each."""
    return tuple(substitute(t, by) for t in types)


def substitute_params(params: Sequence[ParamType], by: Mapping_) -> tuple[ParamType, ...]:
    """The parameters with their types substituted."""
    return tuple(replace(p, type=substitute(p.type, by)) for p in params)


def _struct(t: Struct, by: Mapping_) -> Type:
    if not t.args:
        return t
    args = substitute_all(t.args, by)
    if args == t.args:
        return t
    return replace(t, args=args, fields=tuple(StructField(f.name, substitute(f.type, by)) for f in t.fields))


def _extern(t: Extern, by: Mapping_) -> Type:
    return replace(t, args=substitute_all(t.args, by)) if t.args else t


def _block(t: BlockType, by: Mapping_) -> Type:
    return replace(t, args=substitute_all(t.args, by), params=substitute_params(t.params, by)) if t.args else t


def _callable(t: Callable, by: Mapping_) -> Type:
    return replace(t, params=substitute_params(t.params, by), result=substitute(t.result, by))


_SUBSTITUTE = {
    TypeVar: lambda t, by: by.get(t, t),
    Struct: _struct,
    Extern: _extern,
    BlockType: _block,
    Callable: _callable,
    Tuple: lambda t, by: Tuple(substitute_all(t.elements, by)),
    Stack: lambda t, by: Stack(substitute(t.element, by), t.size),
    ListOf: lambda t, by: ListOf(substitute(t.element, by)),
    Set: lambda t, by: Set(substitute(t.element, by)),
    NewType: lambda t, by: t,
}


def type_vars(type_: Type) -> set[TypeVar]:
    """The type parameters that occur in the type."""
    match type_:
        case TypeVar():
            return {type_}
        case Struct() | Extern():
            return set().union(*map(type_vars, type_.args))
        case BlockType():
            return set().union(*map(type_vars, type_.args), *(type_vars(p.type) for p in type_.params))
        case Tuple():
            return set().union(*map(type_vars, type_.elements))
        case Stack() | ListOf() | Set():
            return type_vars(type_.element)
        case Callable():
            return set().union(type_vars(type_.result), *(type_vars(p.type) for p in type_.params))
        case _:
            return set()
