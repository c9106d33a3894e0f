"""P4Info by id, checked once for what P4Info alone can tell: ids, references, widths."""

from collections.abc import Iterable
from typing import Any

from finsy.proto import p4i

from switch.p4runtime.errors import invalid, place

MAX_WIDTH = 65536


class P4InfoIndex:
    """One P4Info message, and its objects by id; raises INVALID_ARGUMENT when it contradicts itself."""

    def __init__(self, info: p4i.P4Info):
        self.info = info
        self._names: dict[int, str] = {}
        self.actions = self._index("action", info.actions)
        self.tables = self._index("table", info.tables)
        self.action_profiles = self._index("action profile", info.action_profiles)
        self.counters = self._index("counter", info.counters)
        self.direct_counters = self._index("direct counter", info.direct_counters)
        self.meters = self._index("meter", info.meters)
        self.direct_meters = self._index("direct meter", info.direct_meters)
        self.value_sets = self._index("value set", info.value_sets)
        self.registers = self._index("register", info.registers)
        self.digests = self._index("digest", info.digests)
        self.headers = {h.preamble.name: h for h in info.controller_packet_metadata}
        self._check()

    def _index(self, kind: str, objects: Iterable[Any]) -> dict[int, Any]:
        indexed: dict[int, Any] = {}
        for item in objects:
            number, name = item.preamble.id, item.preamble.name
            if not number:
                raise invalid(f"P4Info: {kind} {name!r} has id 0")
            if number in self._names:
                raise invalid(f"P4Info: id {number:#x} is that of {self._names[number]!r} and of {kind} {name!r}")
            self._names[number] = name
            indexed[number] = item
        return indexed

    def _check(self) -> None:
        for table in self.tables.values():
            with place(f"P4Info: table {table.preamble.name!r}"):
                self._check_table(table)
        for action in self.actions.values():
            with place(f"P4Info: action {action.preamble.name!r}"):
                _check_members(action.params, "parameter")
        for profile in self.action_profiles.values():
            for table_id in profile.table_ids:
                if table_id not in self.tables:
                    words = f"P4Info: action profile {profile.preamble.name!r} names table {table_id:#x}"
                    raise invalid(f"{words}, which is not described")
        for value_set in self.value_sets.values():
            with place(f"P4Info: value set {value_set.preamble.name!r}"):
                _check_members(value_set.match, "field")
        for header in self.headers.values():
            with place(f"P4Info: controller header {header.preamble.name!r}"):
                _check_members(header.metadata, "metadata")

    def _check_table(self, table: p4i.Table) -> None:
        _check_members(table.match_fields, "match field")
        for field in table.match_fields:
            if field.WhichOneof("match") != "match_type" or field.match_type == p4i.MatchField.UNSPECIFIED:
                raise invalid(f"match field {field.name!r} has no match type known here")
        for ref in table.action_refs:
            if ref.id not in self.actions:
                raise invalid(f"action {ref.id:#x} is not described")
        if table.const_default_action_id and table.const_default_action_id not in self.actions:
            raise invalid(f"const default action {table.const_default_action_id:#x} is not described")
        if table.implementation_id and table.implementation_id not in self.action_profiles:
            raise invalid(f"implementation {table.implementation_id:#x} is not described")
        for resource in table.direct_resource_ids:
            if resource not in self.direct_counters and resource not in self.direct_meters:
                raise invalid(f"direct resource {resource:#x} is not described")


def _check_members(members: Iterable[Any], kind: str) -> None:
    seen: set[int] = set()
    for member in members:
        if not member.id or member.id in seen:
            raise invalid(f"{kind} {member.name!r} has id {member.id}, which is 0 or used twice")
        seen.add(member.id)
        if not 0 <= member.bitwidth <= MAX_WIDTH:
            raise invalid(f"{kind} {member.name!r} is {member.bitwidth} bits wide")
