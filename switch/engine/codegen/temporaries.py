"""Which metadata fields are temporaries: used in one action only, and always written there before they are read.

Compilers put every variable of a program into metadata. A field of which nothing remains when its action is over can be
a variable of the C function instead, where the C compiler keeps it in a register or does without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache

from ..program.actions import ActionSpec, PrimitiveCall
from ..program.expressions import FieldRef, HeaderRef, RegisterSpec
from ..program.headers import FieldSpec, HeaderSpec
from ..program.program import Program
from .names import SCALARS, Temporaries
from .primitives import OPERATORS, jump_target

WRITERS = frozenset((*OPERATORS, "assign", "modify_field", "register_read"))  # their first argument is what they write
READERS = frozenset(("register_write", "count", "_jump", "_jump_if_zero", "log_msg"))


def find_temporaries(program: Program) -> dict[int, Temporaries]:
    """The temporaries of each action by its id, by name."""
    header = program.headers.headers.get(SCALARS)
    if header is None or not header.metadata:
        return {}
    users: dict[str, int | None] = {name: None for name in _names_outside(program, header)}
    own = {action.id: _names_in_action(action, header) for action in program.actions.values()}
    for id_, names in own.items():
        for name in names:
            users[name] = id_ if name not in users else None
    found: dict[int, Temporaries] = {}
    for action in program.actions.values():
        names = [name for name in own[action.id] if users[name] == action.id]
        found[action.id] = {name: _field(header, name) for name in _written_first(action, header, names)}
    return found


def _field(header: HeaderSpec, name: str) -> FieldSpec:
    field = header.type.field(name)
    assert field is not None
    return field


def _names_outside(program: Program, header: HeaderSpec) -> set[str]:
    """Names of what is used elsewhere than in actions."""
    parts = (program.aliases, program.externs, program.parsers, program.deparsers, program.pipelines)
    return set(_names((*parts, program.action_profiles, program.checksums), header))


def _names_in_action(action: ActionSpec, header: HeaderSpec) -> set[str]:
    return set(_names(tuple(argument for call in action.primitives for argument in call.args), header))


def _names(part: object, header: HeaderSpec) -> Iterator[str]:
    """Names of the header's fields in a part of a program; all of them where it is used as a whole."""
    match part:
        case FieldRef(HeaderRef(spec), field):
            if spec is header:
                yield field.name
        case HeaderSpec():
            if part is header:
                yield from (field.name for field in header.type.fields)
        case ActionSpec() | RegisterSpec() | FieldSpec():
            pass
        case dict():
            for item in part.values():
                yield from _names(item, header)
        case tuple():
            for item in part:
                yield from _names(item, header)
        case _ if is_dataclass(part):
            for name in _members(type(part)):
                yield from _names(getattr(part, name), header)


@lru_cache(maxsize=256)
def _members(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _written_first(action: ActionSpec, header: HeaderSpec, names: Sequence[str]) -> list[str]:
    """Those of the names that hold no value from before the action wherever they are read."""
    bits = {name: 1 << index for index, name in enumerate(names)}
    steps = [_effects(call, header, bits) for call in action.primitives]
    known: dict[int, int] = {0: 0}  # what has been written on every way to a step
    pending = [0]
    while pending:
        at = pending.pop()
        if at == len(steps):
            continue
        after = known[at] | steps[at][1]
        for following in _following(action.primitives, at):
            narrowed = known.get(following, -1) & after
            if known.get(following) != narrowed:
                known[following] = narrowed
                pending.append(following)
    stale = 0
    for at, (read, _) in enumerate(steps):
        stale |= read & ~known.get(at, -1)
    return [name for name in names if not bits[name] & stale]


def _effects(call: PrimitiveCall, header: HeaderSpec, bits: dict[str, int]) -> tuple[int, int]:
    """What a primitive reads and writes. What another primitive than the known ones uses is as good as read."""
    read, written, arguments = 0, 0, call.args
    if call.op in WRITERS:
        target, arguments = arguments[0], arguments[1:]
        match target:
            case FieldRef(HeaderRef(spec), field):
                written = bits.get(field.name, 0) if spec is header else 0
            case _:
                arguments = call.args
    elif call.op not in READERS:
        written = 0
    for name in _names(arguments, header):
        read |= bits.get(name, 0)
    return read, written


def _following(primitives: Sequence[PrimitiveCall], at: int) -> Iterator[int]:
    target = jump_target(primitives[at])
    if target is None or primitives[at].op == "_jump_if_zero":
        yield at + 1
    if target is not None:
        yield min(max(target, 0), len(primitives))
