"""Translation between entries in plain values and P4Runtime messages, by a program's P4Info."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Protocol, TypeVar

from finsy import p4schema
from finsy.proto import p4i, p4r, p4t

from controller.p4rt.entry import Entry, Value
from controller.p4rt.errors import FieldError, TableError


@dataclass(frozen=True)
class TableInfo:
    """A table: its fields as (name, match kind, width in bits), and the parameters of each action as (name, width)."""

    name: str
    size: int
    fields: tuple[tuple[str, str, int], ...]
    actions: Mapping[str, tuple[tuple[str, int], ...]]


class Schema:
    """What a program's tables and actions look like, and the encoding of entries for them."""

    def __init__(self, p4info: p4i.P4Info) -> None:
        self._schema = p4schema.P4Schema(None)
        self._schema.set_p4info(_readable(p4info))
        self._tables = {table.name: table for table in self._schema.tables}
        self._table_names = {table.id: table.name for table in self._schema.tables}
        self._actions = {name: _action_refs(table) for name, table in self._tables.items()}
        self._enum_widths = {
            name: enum.underlying_type.bitwidth for name, enum in p4info.type_info.serializable_enums.items()
        }
        self._enums = {
            name: {member: int.from_bytes(spec.value, "big") for member, spec in _members(enum)}
            for name, enum in p4info.type_info.serializable_enums.items()
        }

    @property
    def finsy(self) -> p4schema.P4Schema:
        """The same as finsy has it, for what it encodes itself."""
        return self._schema

    def describe(self) -> list[TableInfo]:
        """What each table looks like."""
        return [_described(self._tables[name]) for name in self.tables()]

    def tables(self) -> list[str]:
        """The full names of all tables."""
        return sorted(self._tables)

    def enum(self, name: str) -> Mapping[str, int]:
        """The members of a serializable enum that the P4Info describes; empty when it does not."""
        return self._enums.get(name, {})

    def encode(self, entry: Entry) -> p4r.TableEntry:
        """The P4Runtime form of an entry; TableError or FieldError when it does not fit the program."""
        table = self._table(entry.table)
        message = p4r.TableEntry(table_id=table.id, priority=entry.priority)
        for name, value in entry.match:
            field = _named(table.match_fields, name, f"table {table.name}", "match field")
            try:
                encoded = field.encode_field(self._plain(value, field.pbuf))
            except (ValueError, TypeError) as error:
                raise FieldError(table.name, name, value, _allowed(field.bitwidth, error)) from None
            if encoded is not None:
                message.match.append(encoded)
        missing = [f.name for f in table.match_fields if _must_match(f) and f.name not in dict(entry.match)]
        if missing:
            raise TableError(f"table {table.name}: exact match field {missing[0]} needs a value")
        message.action.action.CopyFrom(self._action(table.name, entry))
        return message

    def decode(self, message: p4r.TableEntry) -> Entry:
        """An entry as the switch reports it, numbers as int, addresses too."""
        table = self._tables[self._table_names[message.table_id]]
        fields = {field.id: field for field in table.match_fields}
        match = {fields[m.field_id].name: fields[m.field_id].decode_field(m) for m in message.match}
        action = next(a for a in self._actions[table.name].values() if a.id == message.action.action.action_id)
        names = {param.id: param for param in action.params}
        params = {names[p.param_id].name: names[p.param_id].decode_param(p) for p in message.action.action.params}
        return Entry.of(table.name, match, _short(action.name), message.priority, params)

    def table_id(self, name: str) -> int:
        """The P4Runtime id of a table."""
        return self._table(name).id

    def counter_id(self, name: str) -> int:
        """The P4Runtime id of an indexed counter."""
        return _named(self._schema.counters, name, "the program", "counter").id

    def register_id(self, name: str) -> int:
        """The P4Runtime id of a register."""
        return _named(self._schema.registers, name, "the program", "register").id

    def _table(self, name: str) -> p4schema.P4Table:
        if name not in self._tables:
            raise TableError(f"the program has no table {name}{_suggest(name, self._tables)}")
        return self._tables[name]

    def _action(self, table: str, entry: Entry) -> p4r.Action:
        action = self._actions[table].get(entry.action)
        if action is None:
            raise TableError(
                f"table {table} has no action {entry.action}{_suggest(entry.action, self._actions[table])}"
            )
        message = p4r.Action(action_id=action.id)
        given = dict(entry.params)
        for param in action.params:
            if param.name not in given:
                raise TableError(f"table {table}: action {entry.action} needs parameter {param.name}")
            value = given.pop(param.name)
            try:
                message.params.append(param.encode_param(self._plain(value, param.pbuf)))
            except (ValueError, TypeError) as error:
                raise FieldError(table, param.name, value, _allowed(param.bitwidth, error)) from None
        if given:
            names = ", ".join(param.name for param in action.params) or "none"
            raise TableError(
                f"table {table}: action {entry.action} has no parameter {next(iter(given))} (it has {names})"
            )
        return message

    def _plain(self, value: Value, field: p4i.MatchField | p4i.Action.Param) -> Any:
        """Members of enums become their numbers, networks pairs of value and prefix length.

        P4Info does not say which enum a field has, so a name counts when enums of the field's width agree on it.
        """
        if isinstance(value, str):
            numbers = {
                members[value]
                for name, members in self._enums.items()
                if value in members and self._enum_widths[name] == field.bitwidth
            }
            return numbers.pop() if len(numbers) == 1 else value
        if isinstance(value, IPv4Network | IPv6Network):
            return int(value.network_address), value.prefixlen
        return value


def _readable(p4info: p4i.P4Info) -> p4i.P4Info:
    """As finsy can read it: of an action's alias that is its whole name, finsy wants no more than two parts."""
    found = p4i.P4Info()
    found.CopyFrom(p4info)
    for action in found.actions:
        if action.preamble.alias == action.preamble.name:
            action.preamble.alias = action.preamble.name.replace(".", "_")
    return found


def _described(table: p4schema.P4Table) -> TableInfo:
    fields = tuple(
        (f.name, getattr(f.match_type, "name", str(f.match_type)).lower(), f.bitwidth) for f in table.match_fields
    )
    actions = {_short(a.name): tuple((p.name, p.bitwidth) for p in a.params) for a in table.actions}
    return TableInfo(table.name, table.size, fields, actions)


def _kind(field: p4schema.P4MatchField) -> str:
    kind = field.match_type
    return kind if isinstance(kind, str) else kind.name.lower()


def _action_refs(table: p4schema.P4Table) -> dict[str, p4schema.P4ActionRef]:
    """A table's actions by full name and, where that is not ambiguous, by last component."""
    refs = {action.name: action for action in table.actions}
    short: dict[str, p4schema.P4ActionRef | None] = {}
    for name, action in refs.items():
        short[_short(name)] = None if _short(name) in short else action
    return refs | {name: action for name, action in short.items() if action is not None}


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _members(enum: p4t.P4SerializableEnumTypeSpec) -> Iterator[tuple[str, p4t.P4SerializableEnumTypeSpec.Member]]:
    for member in enum.members:
        yield member.name, member


def _must_match(field: p4schema.P4MatchField) -> bool:
    return field.match_type == p4schema.P4MatchType.EXACT


class _HasName(Protocol):
    @property
    def name(self) -> str: ...


_N = TypeVar("_N", bound=_HasName)


def _named(entities: Iterable[_N], name: str, where: str, what: str) -> _N:
    found = next((entity for entity in entities if entity.name == name), None)
    if found is None:
        names = [entity.name for entity in entities]
        raise TableError(f"{where} has no {what} {name}{_suggest(name, names)}")
    return found


def _suggest(name: str, known: Mapping[str, object] | list[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else f" (it has {', '.join(sorted(known)) or 'none'})"


def _allowed(width: int, error: Exception) -> str:
    return f"{width} bits, at most {hex((1 << width) - 1)} ({error})" if width else str(error)
