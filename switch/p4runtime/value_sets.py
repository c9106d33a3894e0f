"""Parser value sets."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from finsy.proto import p4r

from switch.p4runtime.bindings import ValueSetBinding
from switch.p4runtime.engine_errors import engine_call
from switch.p4runtime.errors import already_exists, exhausted, invalid, place


@dataclass
class ValueSetState:
    """One value set while a program runs."""

    binding: ValueSetBinding
    engine_set: Any
    members: list[tuple[bytes, bytes | None]] = field(default_factory=list)

    def write(self, kind: p4r.Update.Type.ValueType, message: p4r.ValueSetEntry) -> None:
        """Replaces all members."""
        with place(f"value set {self.binding.name!r}"):
            if kind != p4r.Update.MODIFY:
                raise invalid("a value set can only be modified; MODIFY replaces all members")
            size = self.binding.info.size
            if size and len(message.members) > size:
                raise exhausted(f"{len(message.members)} members are given, its size is {size}")
            members: list[tuple[bytes, bytes | None]] = []
            for number, member in enumerate(message.members):
                with place(f"member {number}"):
                    pair = self.binding.key.encode(member.match)
                if pair in members:
                    raise already_exists(f"member {number} {self.binding.key.describe(*pair)} is given twice")
                members.append(pair)
            with engine_call("set"):
                self.engine_set.set(members)
            self.members = members

    def read(self) -> Iterator[p4r.Entity]:
        """The members in one entity."""
        entry = p4r.ValueSetEntry(value_set_id=self.binding.id)
        for key, mask in self.members:
            entry.members.append(p4r.ValueSetMember(match=self.binding.key.decode(key, mask)))
        yield p4r.Entity(value_set_entry=entry)
