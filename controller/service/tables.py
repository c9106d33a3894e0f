"""What a switch holds, as far as it is known, and the writes that bring it to a plan."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

from finsy.proto import p4r

from controller.p4rt import Device, TableError
from controller.plan.desired import Action, Key, packed, unpacked

_log = logging.getLogger(__name__)
_BATCH = 4096  # updates in one WriteRequest


class Tables:
    """The tables of one switch; `entries` is what it held when it was last asked or written."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.entries: dict[Key, Action] = {}

    async def read(self) -> None:
        """Asks the switch; entries that the program itself fixes (const) and defaults are left alone."""
        found = await self._device.read([p4r.Entity(table_entry=p4r.TableEntry())])
        entries = (entity.table_entry for entity in found)
        self.entries = dict(packed(entry) for entry in entries if not entry.is_const and not entry.is_default_action)

    def different(self, plan: Mapping[Key, Action]) -> set[Key]:
        """The keys that a plan wants otherwise."""
        have = self.entries
        return {key for key in plan.keys() | have.keys() if plan.get(key) != have.get(key)}

    def agree(self, keys: Iterable[Key], plan: Mapping[Key, Action]) -> bool:
        """Whether the switch holds what the plan wants of these keys."""
        return all(self.entries.get(key) == plan.get(key) for key in keys)

    async def write(self, keys: Iterable[Key], plan: Mapping[Key, Action]) -> tuple[int, str | None]:
        """Brings these keys to the plan: how many were different, and what the switch refused.

        What is new comes before what goes, so that no packet falls between the two; where the switch refuses that
        (a table is full), what goes is taken away first.
        """
        wanted = {key: plan[key] for key in keys if key in plan}
        gone = [key for key in keys if key not in plan]
        different = sum(self.entries.get(key) != action for key, action in wanted.items())
        different += sum(key in self.entries for key in gone)
        refused = await self._carry_out([*self._puts(wanted), *self._deletes(gone)])
        if refused is not None:
            await self.read()
            refused = await self._carry_out([*self._deletes(gone), *self._puts(wanted)])
        if refused is not None:
            await self.read()
        return different, refused

    async def open_sessions(self, sessions: Iterable[int]) -> None:
        """Makes sure of clone sessions whose copies go round: the port is of no account."""
        wanted = set(sessions)
        if not wanted:
            return
        everything = p4r.PacketReplicationEngineEntry(clone_session_entry=p4r.CloneSessionEntry())
        for entity in await self._device.read([p4r.Entity(packet_replication_engine_entry=everything)]):
            wanted.discard(entity.packet_replication_engine_entry.clone_session_entry.session_id)
        updates = []
        for session in sorted(wanted):
            entry = p4r.CloneSessionEntry(session_id=session, replicas=[p4r.Replica(egress_port=1, instance=1)])
            engine = p4r.PacketReplicationEngineEntry(clone_session_entry=entry)
            entity = p4r.Entity(packet_replication_engine_entry=engine)
            updates.append(p4r.Update(type=p4r.Update.INSERT, entity=entity))
        if updates:
            await self._device.write(updates)

    def _puts(self, wanted: Mapping[Key, Action]) -> list[tuple[p4r.Update.Type.ValueType, Key, Action]]:
        inserts = [(p4r.Update.INSERT, key, action) for key, action in wanted.items() if key not in self.entries]
        modifies = [
            (p4r.Update.MODIFY, key, action)
            for key, action in wanted.items()
            if self.entries.get(key, action) != action
        ]
        return [*inserts, *modifies]

    def _deletes(self, gone: Iterable[Key]) -> list[tuple[p4r.Update.Type.ValueType, Key, Action]]:
        return [(p4r.Update.DELETE, key, self.entries[key]) for key in gone if key in self.entries]

    async def _carry_out(self, steps: Sequence[tuple[p4r.Update.Type.ValueType, Key, Action]]) -> str | None:
        """Sends the updates, all of them; returns the first refusal."""
        refused = None
        for start in range(0, len(steps), _BATCH):
            batch = steps[start : start + _BATCH]
            try:
                await self._device.write([_update(*step) for step in batch])
            except TableError as error:
                refused = refused or str(error)
                continue
            for kind, key, action in batch:
                if kind == p4r.Update.DELETE:
                    self.entries.pop(key, None)
                else:
                    self.entries[key] = action
        return refused


def _update(kind: p4r.Update.Type.ValueType, key: Key, action: Action) -> p4r.Update:
    return p4r.Update(type=kind, entity=p4r.Entity(table_entry=unpacked(key, action)))
