"""The steps of a packet through one switch, as our switch tells them, in the words of the program's P4Info."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from controller.p4rt import Schema, TableInfo

_DROPS = "drops"  # the counter with a cell for each drop reason
_SECRETS = frozenset({"secret", "key"})
_ADDRESSES = frozenset(
    {"host", "service", "gateway", "router", "src", "dst", "address"}
)  # 32-bit fields that are IPv4 addresses


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a packet did in a switch.

    `kind` is ingress, egress, table, count, dropped, out, cloned, recirculated, resubmitted, replicated, digest or cut.
    `number` is a port, a session, a group, or a counter's cell; `name` the table or counter. A table has the values
    that were looked up, `hit`, and the action with its arguments; `packet` is what left,
    `reason` why it was dropped (with the count of it).
    """

    kind: str
    number: int = 0
    name: str = ""
    key: tuple[tuple[str, str], ...] = ()
    hit: bool = False
    action: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    packet: bytes = b""
    reason: str = ""

    def __str__(self) -> str:
        if self.kind == "table":
            key = ", ".join(f"{name}={value}" for name, value in self.key)
            arguments = ", ".join(f"{name}={value}" for name, value in self.arguments)
            return f"{self.name}[{key}] {'hit' if self.hit else 'miss'}: {self.action or 'nothing'}({arguments})"
        if self.reason:
            return f"counted as dropped: {self.reason}"
        if self.kind == "count":
            return f"counted {self.name}[{self.number}]"
        return {
            "ingress": f"comes in by port {self.number}",
            "egress": f"goes to port {self.number}",
            "dropped": "is dropped",
            "out": f"leaves by port {self.number}, {len(self.packet)} bytes",
            "cloned": f"is copied (session {self.number})",
            "recirculated": "goes round once more",
            "resubmitted": "is parsed again",
            "replicated": f"goes to multicast group {self.number}",
            "digest": "sends a digest",
            "cut": "... and more than can be told",
        }[self.kind]


class StepReader:
    """Reads the documents that a switch answers with."""

    def __init__(self, schema: Schema) -> None:
        self._tables = {table.name: table for table in schema.describe()}
        self._reasons = {number: name for name, number in schema.enum("drop_reason_t").items()}

    def read(self, documents: Iterable[Mapping[str, Any]]) -> list[Step]:
        """The steps in order; tables that the compiler made up are left out."""
        return list(self._steps(documents))

    def _steps(self, documents: Iterable[Mapping[str, Any]]) -> Iterator[Step]:
        for document in documents:
            kind = document["kind"]
            if kind != "table":
                packet = bytes.fromhex(document.get("packet", ""))
                number, name = document.get("number", 0), document.get("name", "")
                reason = self._reasons.get(number, str(number)) if name == _DROPS else ""
                yield Step(kind, number, name, packet=packet, reason=reason)
            elif document["name"] in self._tables:
                yield self._table(self._tables[document["name"]], document)

    def _table(self, table: TableInfo, document: Mapping[str, Any]) -> Step:
        action = document.get("action") or ""
        short = action.rpartition(".")[2]
        parameters = table.actions.get(short, ())
        return Step(
            "table",
            name=table.name,
            key=self._values([(name, width) for name, _, width in table.fields], document["key"]),
            hit=document["hit"],
            action=short,
            arguments=self._values(parameters, document["data"]),
        )

    def _values(self, fields: Iterable[tuple[str, int]], text: str) -> tuple[tuple[str, str], ...]:
        data, offset = bytes.fromhex(text), 0
        values: list[tuple[str, str]] = []
        for name, width in fields:
            size = (width + 7) // 8
            values.append((name, self._value(name, width, int.from_bytes(data[offset : offset + size]))))
            offset += size
        return tuple(values)

    def _value(self, name: str, width: int, value: int) -> str:
        if name in _SECRETS:
            return "***"
        if name == "reason" and value in self._reasons:
            return self._reasons[value]
        if width == 128:
            address = IPv6Address(value)
            return str(address.ipv4_mapped or address)
        if width == 48:
            return value.to_bytes(6).hex(":")
        if width == 32 and name in _ADDRESSES:
            return str(IPv4Address(value))
        return str(value)
