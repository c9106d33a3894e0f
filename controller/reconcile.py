"""Makes a switch hold what the plan says: reads what it has, writes the difference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from finsy.proto import p4r

from controller.p4rt import Device, Entry, Program, Schema

_BATCH = 4096  # updates in one WriteRequest

Key = tuple[int, int, tuple[bytes, ...]]


@dataclass(frozen=True)
class Difference:
    """What has to be written: deletions first, then modifications, then insertions in the plan's order."""

    delete: tuple[p4r.TableEntry, ...]
    modify: tuple[p4r.TableEntry, ...]
    insert: tuple[p4r.TableEntry, ...]

    def updates(self) -> list[p4r.Update]:
        """The updates in the order in which they are written."""
        kinds = ((p4r.Update.DELETE, self.delete), (p4r.Update.MODIFY, self.modify), (p4r.Update.INSERT, self.insert))
        return [
            p4r.Update(type=kind, entity=p4r.Entity(table_entry=entry)) for kind, entries in kinds for entry in entries
        ]

    def __bool__(self) -> bool:
        return bool(self.delete or self.modify or self.insert)


def difference(desired: Iterable[p4r.TableEntry], actual: Iterable[p4r.TableEntry]) -> Difference:
    """What turns `actual` into `desired`; entries that the program itself fixes (const) are left alone."""
    have = {_key(entry): entry for entry in actual if not entry.is_const and not entry.is_default_action}
    want = {_key(entry): entry for entry in desired}
    return Difference(
        delete=tuple(entry for key, entry in have.items() if key not in want),
        modify=tuple(entry for key, entry in want.items() if key in have and have[key].action != entry.action),
        insert=tuple(entry for key, entry in want.items() if key not in have),
    )


async def reconcile(
    device: Device, program: Program, entries: Iterable[Entry], copies: Iterable[int] = ()
) -> Difference:
    """Brings one switch to the program and the entries; returns what had to be written.

    `copies` are clone sessions whose copies go round: the port is of no account.
    """
    schema = Schema(program.p4info)
    await device.set_program(program)
    await _open_sessions(device, copies)
    wildcard = p4r.Entity(table_entry=p4r.TableEntry())
    actual = [entity.table_entry for entity in await device.read([wildcard])]
    found = difference((schema.encode(entry) for entry in entries), actual)
    updates = found.updates()
    for start in range(0, len(updates), _BATCH):
        await device.write(updates[start : start + _BATCH])
    return found


async def _open_sessions(device: Device, copies: Iterable[int]) -> None:
    wanted = set(copies)
    if not wanted:
        return
    everything = p4r.PacketReplicationEngineEntry(clone_session_entry=p4r.CloneSessionEntry())
    for entity in await device.read([p4r.Entity(packet_replication_engine_entry=everything)]):
        wanted.discard(entity.packet_replication_engine_entry.clone_session_entry.session_id)
    updates = []
    for session in sorted(wanted):
        entry = p4r.CloneSessionEntry(session_id=session, replicas=[p4r.Replica(egress_port=1, instance=1)])
        entity = p4r.Entity(packet_replication_engine_entry=p4r.PacketReplicationEngineEntry(clone_session_entry=entry))
        updates.append(p4r.Update(type=p4r.Update.INSERT, entity=entity))
    if updates:
        await device.write(updates)


def _key(entry: p4r.TableEntry) -> Key:
    match = sorted(field.SerializeToString(deterministic=True) for field in entry.match)
    return entry.table_id, entry.priority, tuple(match)


def counts(found: Difference) -> Mapping[str, int]:
    """How much was written, for logs and reports."""
    return {"deleted": len(found.delete), "modified": len(found.modify), "inserted": len(found.insert)}
