"""Multicast groups and clone sessions."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from finsy.proto import p4r

from switch.p4runtime.bytestring import canonical, from_int, show
from switch.p4runtime.engine_errors import engine_call
from switch.p4runtime.errors import already_exists, invalid, not_found, place

# Widths in v1model: egress_spec is 9 bits, egress_rid and mcast_grp are 16.
MAX_PORT = (1 << 9) - 1
MAX_INSTANCE = (1 << 16) - 1
MAX_GROUP = (1 << 16) - 1
MAX_SESSION = (1 << 15) - 1
SDN_PORT_CPU = 0xFFFFFFFD


@dataclass
class ReplicationState:
    """What clients wrote; `cpu_port` stands for the SDN port number of the CPU."""

    engine: Any
    cpu_port: int | None = None
    groups: dict[int, p4r.MulticastGroupEntry] = field(default_factory=dict)
    sessions: dict[int, p4r.CloneSessionEntry] = field(default_factory=dict)

    def write(self, kind: p4r.Update.Type.ValueType, message: p4r.PacketReplicationEngineEntry) -> None:
        """Applies one update."""
        match message.WhichOneof("type"):
            case "multicast_group_entry":
                with place(f"multicast group {message.multicast_group_entry.multicast_group_id}"):
                    self._write_group(kind, message.multicast_group_entry)
            case "clone_session_entry":
                with place(f"clone session {message.clone_session_entry.session_id}"):
                    self._write_session(kind, message.clone_session_entry)
            case _:
                raise invalid("the packet replication entry is neither a multicast group nor a clone session")

    def read(self, message: p4r.PacketReplicationEngineEntry) -> Iterator[p4r.Entity]:
        """One group or session, or all for id 0."""
        match message.WhichOneof("type"):
            case "multicast_group_entry":
                wanted = message.multicast_group_entry.multicast_group_id
                for number, group in sorted(self.groups.items()):
                    if wanted in (0, number):
                        entry = p4r.PacketReplicationEngineEntry(multicast_group_entry=group)
                        yield p4r.Entity(packet_replication_engine_entry=entry)
            case "clone_session_entry":
                wanted = message.clone_session_entry.session_id
                for number, session in sorted(self.sessions.items()):
                    if wanted in (0, number):
                        entry = p4r.PacketReplicationEngineEntry(clone_session_entry=session)
                        yield p4r.Entity(packet_replication_engine_entry=entry)
            case _:
                raise invalid("the packet replication entry is neither a multicast group nor a clone session")

    def restore(self, old: "ReplicationState") -> None:
        """Writes what an older program had."""
        for group in old.groups.values():
            self._write_group(p4r.Update.INSERT, group)
        for session in old.sessions.values():
            self._write_session(p4r.Update.INSERT, session)

    def _write_group(self, kind: p4r.Update.Type.ValueType, message: p4r.MulticastGroupEntry) -> None:
        number = message.multicast_group_id
        if not 0 < number <= MAX_GROUP:
            raise invalid(f"the id must be between 1 and {MAX_GROUP}")
        _check_known(kind, known=number in self.groups)
        if kind == p4r.Update.DELETE:
            with engine_call("delete"):
                self.engine.replication.delete_multicast(number)
            del self.groups[number]
            return
        replicas = self._replicas(message.replicas)
        with engine_call("set"):
            self.engine.replication.set_multicast(number, replicas)
        kept = p4r.MulticastGroupEntry()
        kept.CopyFrom(message)
        _normalise(kept.replicas)
        self.groups[number] = kept

    def _write_session(self, kind: p4r.Update.Type.ValueType, message: p4r.CloneSessionEntry) -> None:
        number = message.session_id
        if not 0 < number <= MAX_SESSION:
            raise invalid(f"the id must be between 1 and {MAX_SESSION}")
        _check_known(kind, known=number in self.sessions)
        if kind == p4r.Update.DELETE:
            with engine_call("delete"):
                self.engine.replication.delete_clone_session(number)
            del self.sessions[number]
            return
        if message.packet_length_bytes < 0:
            raise invalid(f"packet_length_bytes {message.packet_length_bytes} is negative")
        if message.class_of_service > 255:
            raise invalid(f"class_of_service {message.class_of_service} is above 255")
        replicas = self._replicas(message.replicas)
        with engine_call("set"):
            self.engine.replication.set_clone_session(
                number, replicas, truncate=message.packet_length_bytes, class_of_service=message.class_of_service
            )
        kept = p4r.CloneSessionEntry()
        kept.CopyFrom(message)
        _normalise(kept.replicas)
        self.sessions[number] = kept

    def _replicas(self, replicas: Any) -> list[tuple]:
        """(port, instance) each, and as a third element the backups where there are any."""
        pairs: dict[tuple[int, int], tuple] = {}
        for replica in replicas:
            port = self._port(replica)
            if replica.instance > MAX_INSTANCE:
                raise invalid(f"instance {replica.instance} is above {MAX_INSTANCE}")
            if (port, replica.instance) in pairs:
                raise invalid(f"port {port} with instance {replica.instance} is given twice")
            backups = tuple(self._backup(backup) for backup in replica.backup_replicas)
            pairs[port, replica.instance] = (port, replica.instance, backups) if backups else (port, replica.instance)
        return list(pairs.values())

    def _backup(self, replica: p4r.BackupReplica) -> tuple[int, int]:
        if replica.instance > MAX_INSTANCE:
            raise invalid(f"instance {replica.instance} of a backup is above {MAX_INSTANCE}")
        return self._port(p4r.Replica(port=replica.port)), replica.instance

    def _port(self, replica: p4r.Replica) -> int:
        match replica.WhichOneof("port_kind"):
            case "port":
                if not replica.port:
                    raise invalid("a replica has an empty port")
                port = int.from_bytes(replica.port, "big")
            case "egress_port":
                port = replica.egress_port
            case _:
                port = 0
        if port == SDN_PORT_CPU and self.cpu_port is not None:
            return self.cpu_port
        if port > MAX_PORT:
            raise invalid(f"port {show(canonical(from_int(port)))} is above {MAX_PORT}")
        return port


def _normalise(replicas: Any) -> None:
    for replica in replicas:
        if replica.WhichOneof("port_kind") == "port":
            replica.port = canonical(replica.port)
        for backup in replica.backup_replicas:
            backup.port = canonical(backup.port)


def _check_known(kind: p4r.Update.Type.ValueType, *, known: bool) -> None:
    if kind == p4r.Update.INSERT and known:
        raise already_exists("it exists already")
    if kind != p4r.Update.INSERT and not known:
        raise not_found("it does not exist")
