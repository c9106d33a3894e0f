"""A small program's P4Info, and a switch that only remembers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from finsy.proto import p4i, p4r
from google.protobuf import text_format

from controller.p4rt import Program, Schema, TableError

P4INFO = """
tables {
  preamble { id: 33554433 name: "route" alias: "route" }
  match_fields { id: 1 name: "table" bitwidth: 32 match_type: EXACT }
  match_fields { id: 2 name: "destination" bitwidth: 128 match_type: LPM }
  action_refs { id: 16777217 }
  action_refs { id: 16777218 }
  size: 16
}
tables {
  preamble { id: 33554434 name: "acl.rules" alias: "rules" }
  match_fields { id: 1 name: "source" bitwidth: 32 match_type: TERNARY }
  match_fields { id: 2 name: "port" bitwidth: 16 match_type: RANGE }
  action_refs { id: 16777218 }
  size: 16
}
actions {
  preamble { id: 16777217 name: "ingress.to_port" alias: "to_port" }
  params { id: 1 name: "port" bitwidth: 9 }
  params { id: 2 name: "mac" bitwidth: 48 }
}
actions {
  preamble { id: 16777218 name: "ingress.refuse" alias: "refuse" }
  params { id: 1 name: "reason" bitwidth: 8 }
}
type_info {
  serializable_enums {
    key: "reason_t"
    value {
      underlying_type { bitwidth: 8 }
      members { name: "NO_ROUTE" value: "\\007" }
      members { name: "BLACKHOLE" value: "\\010" }
    }
  }
}
"""


class MemorySwitch:
    """Holds table entries in a dictionary, as a switch would."""

    name = "memory"

    def __init__(self) -> None:
        self.entries: dict[bytes, p4r.TableEntry] = {}
        self.programs: list[Program] = []
        self.writes: list[p4r.Update] = []

    async def set_program(self, program: Program) -> bool:
        self.programs.append(program)
        return bool(self.entries)

    async def verify(self, program: Program) -> None:
        pass

    async def write(self, updates: Sequence[p4r.Update]) -> None:
        for update in updates:
            self.writes.append(update)
            entry = update.entity.table_entry
            key = p4r.TableEntry(table_id=entry.table_id, match=entry.match, priority=entry.priority)
            name = key.SerializeToString(deterministic=True)
            if (name in self.entries) == (update.type == p4r.Update.INSERT):
                raise TableError("memory: refused")
            if update.type == p4r.Update.DELETE:
                del self.entries[name]
            else:
                self.entries[name] = entry

    async def read(self, entities: Sequence[p4r.Entity]) -> list[p4r.Entity]:
        return [p4r.Entity(table_entry=entry) for entry in self.entries.values()]


@pytest.fixture
def p4info() -> p4i.P4Info:
    return text_format.Parse(P4INFO, p4i.P4Info())


@pytest.fixture
def schema(p4info: p4i.P4Info) -> Schema:
    return Schema(p4info)


@pytest.fixture
def switch() -> MemorySwitch:
    return MemorySwitch()
