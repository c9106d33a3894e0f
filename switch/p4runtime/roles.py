"""What a role may do, from the role configuration that its primary sent.

Without a configuration a role has full access. The one configuration format understood is Stratum's `P4RoleConfig`
(the ids a role may write, whether it gets packet-ins and may push a pipeline), because clients already send it.
"""

from dataclasses import dataclass

from finsy.proto import p4r, stratum
from google.protobuf.any_pb2 import Any

from switch.p4runtime.errors import P4RuntimeError, invalid

_ID_FIELDS = {
    "action_profile_member": "action_profile_id",
    "action_profile_group": "action_profile_id",
    "meter_entry": "meter_id",
    "counter_entry": "counter_id",
    "value_set_entry": "value_set_id",
    "register_entry": "register_id",
    "digest_entry": "digest_id",
    "table_entry": "table_id",
    "extern_entry": "extern_id",
}
_DIRECT = ("direct_meter_entry", "direct_counter_entry")


@dataclass(frozen=True)
class Access:
    """The rights of a role; `ids` is None for every object."""

    ids: frozenset[int] | None = None
    exclusive: frozenset[int] = frozenset()
    packet_ins: bool = True
    may_push: bool = True
    filter_id: int = 0
    filter_value: bytes = b""

    def allows_id(self, object_id: int) -> bool:
        """Whether the role may see and write the object with this P4Info id."""
        return self.ids is None or object_id in self.ids

    def allows(self, entity: p4r.Entity) -> bool:
        """Whether the role may see and write this entity; entities without a P4Info id need full access."""
        return self.ids is None or entity_id(entity) in self.ids

    def wants_packet(self, packet: p4r.PacketIn) -> bool:
        """Whether a packet-in passes the role's filter."""
        if not self.packet_ins:
            return False
        if not self.filter_id:
            return True
        return any(m.metadata_id == self.filter_id and m.value == self.filter_value for m in packet.metadata)


FULL_ACCESS = Access()


def entity_id(entity: p4r.Entity) -> int:
    """The P4Info id of the object that an entity belongs to (for direct resources the table), or 0."""
    kind = entity.WhichOneof("entity")
    if kind in _DIRECT:
        return getattr(entity, kind).table_entry.table_id
    field = _ID_FIELDS.get(kind or "")
    return getattr(getattr(entity, kind), field) if kind and field else 0


def parse_access(role: p4r.Role) -> Access:
    """Reads a role's configuration; raises INVALID_ARGUMENT when it is of an unknown kind."""
    if not role.HasField("config") or not role.config.type_url:
        return FULL_ACCESS
    config = stratum.P4RoleConfig()
    if not _unpack(role.config, config):
        raise _unknown_config(role)
    exclusive = frozenset(config.exclusive_p4_ids)
    ids = exclusive | frozenset(config.shared_p4_ids)
    return Access(
        ids=ids or None,
        exclusive=exclusive,
        packet_ins=config.receives_packet_ins,
        may_push=config.can_push_pipeline,
        filter_id=config.packet_in_filter.metadata_id,
        filter_value=config.packet_in_filter.value.lstrip(b"\0") or b"\0",
    )


def _unpack(packed: Any, config: stratum.P4RoleConfig) -> bool:
    try:
        return packed.Unpack(config)
    except Exception as error:  # protobuf's DecodeError differs between its implementations
        raise invalid(f"the role configuration cannot be decoded as stratum.P4RoleConfig: {error}") from error


def _unknown_config(role: p4r.Role) -> P4RuntimeError:
    return invalid(
        f"role {role.name!r}: configuration of type {role.config.type_url!r} is not known;"
        " leave it out for full access, or send stratum.P4RoleConfig"
    )
