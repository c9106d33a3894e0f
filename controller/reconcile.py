"""Makes a switch hold what the plan says: reads what it has, writes the difference."""

from __future__ import annotations

from collections.abc import Iterable

from finsy.proto import p4r

from controller.gates import gate_updates
from controller.p4rt import Device, Difference, Entry, Program, Schema, difference

_BATCH = 4096  # updates in one WriteRequest


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
    gates = gate_updates(program.p4info)
    is_empty = all(entry.is_const or entry.is_default_action for entry in actual)
    updates = [*gates, *found.updates()] if is_empty else [*found.updates(), *gates]
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
