"""Who is primary: election ids, roles, and the notifications that follow (P4Runtime 1.4, section 5).

Pure bookkeeping: every call returns the messages to send and to whom, and the caller sends them.
"""

from dataclasses import dataclass, field

from finsy.proto import p4r

from switch.p4runtime.errors import Code, P4RuntimeError, denied, invalid, not_found, precondition
from switch.p4runtime.roles import FULL_ACCESS, Access, parse_access


@dataclass(eq=False)
class Client:
    """One open stream. `role` is None until its first arbitration message; `election_id` None is a lasting backup."""

    label: str = ""
    role: str | None = None
    election_id: int | None = None


Notice = tuple[Client, p4r.MasterArbitrationUpdate]


@dataclass
class RoleState:
    """What is remembered of a role for as long as the server lives."""

    name: str
    clients: list[Client] = field(default_factory=list)
    highest: int | None = None
    primary: Client | None = None
    described: p4r.Role | None = None
    access: Access = FULL_ACCESS


def uint128(value: p4r.Uint128) -> int:
    """A Uint128 message as a number."""
    return (value.high << 64) | value.low


class Arbiter:
    """The election of primaries for one device."""

    def __init__(self, device_id: int, max_clients: int = 64):
        self.device_id = device_id
        self.max_clients = max_clients
        self._roles: dict[str, RoleState] = {}

    def update(self, client: Client, message: p4r.MasterArbitrationUpdate) -> list[Notice]:
        """Handles an arbitration message; an error means that the stream must end with it."""
        role_name = message.role.name
        self._check_device(client, message.device_id)
        if client.role is not None and client.role != role_name:
            raise precondition(
                f"this stream has the role {client.role!r} and cannot change it to {role_name!r};"
                " close it and open another"
            )
        access = parse_access(message.role)
        state = self._roles.get(role_name) or RoleState(role_name)
        election_id = uint128(message.election_id) if message.HasField("election_id") else None
        self._check_free(state, client, election_id)
        self._check_exclusive(state, access)
        if client.role is None:
            self._check_room(state)
            state.clients.append(client)
            client.role = role_name
        self._roles[role_name] = state
        client.election_id = election_id
        return self._elect(state, client, message.role if message.HasField("role") else None, access)

    def leave(self, client: Client) -> list[Notice]:
        """Handles the end of a stream."""
        state = self._roles.get(client.role) if client.role is not None else None
        if state is None or client not in state.clients:
            return []
        state.clients.remove(client)
        if state.primary is not client:
            return []
        state.primary = None
        return self._notices(state, state.clients)

    def primaries(self) -> list[tuple[Client, Access]]:
        """The primary of each role that has one, with its rights."""
        return [(state.primary, state.access) for state in self._roles.values() if state.primary is not None]

    def is_primary(self, client: Client) -> bool:
        """Whether this stream is the primary of its role."""
        return client.role is not None and self._roles[client.role].primary is client

    def access_of(self, client: Client) -> Access:
        """The rights of the role that a stream has."""
        return self._roles[client.role].access if client.role is not None else FULL_ACCESS

    def role_access(self, role: str) -> Access:
        """The rights of a role by name; NOT_FOUND unless it is the default role or some client has used it."""
        state = self._roles.get(role)
        if state is None and role:
            raise not_found(f"role {role!r} is not known to device {self.device_id}; it has {self._known_roles()}")
        return state.access if state else FULL_ACCESS

    def authorize(self, role: str, election_id: p4r.Uint128) -> Access:
        """The rights with which a write may proceed; PERMISSION_DENIED when the election id is not the primary's."""
        access = self.role_access(role)
        state = self._roles.get(role)
        given = uint128(election_id)
        if state is None or state.primary is None:
            raise denied(f"Not primary: no client is primary for role {role!r}; open a stream and arbitrate first")
        if state.primary.election_id != given:
            raise denied(
                f"Not primary: election id {given} is not that of the primary of role {role!r}"
                f" ({state.primary.election_id})"
            )
        return access

    def describe(self) -> list[RoleState]:
        """The state of all roles, to show."""
        return list(self._roles.values())

    def _known_roles(self) -> str:
        return ", ".join(repr(name) for name in sorted(self._roles)) or "none but the default role"

    def _check_device(self, client: Client, device_id: int) -> None:
        if device_id == self.device_id:
            return
        if client.role is not None:
            raise precondition(f"this stream belongs to device {self.device_id} and cannot change to {device_id}")
        raise not_found(f"device id {device_id} is not known; this switch is device {self.device_id}")

    def _check_free(self, state: RoleState, client: Client, election_id: int | None) -> None:
        if election_id is None:
            return
        if any(other is not client and other.election_id == election_id for other in state.clients):
            # "election id ... used" is what clients look for.
            raise invalid(f"Election id {election_id} is already used by another client of role {state.name!r}")

    def _check_room(self, state: RoleState) -> None:
        if len(state.clients) >= self.max_clients:
            words = f"role {state.name!r} has {len(state.clients)} open streams, no more are allowed"
            raise P4RuntimeError(Code.RESOURCE_EXHAUSTED, words)

    def _check_exclusive(self, state: RoleState, access: Access) -> None:
        for other in self._roles.values():
            if other is state or not other.clients:
                continue
            shared = (access.exclusive & (other.access.ids or frozenset())) | (
                other.access.exclusive & (access.ids or frozenset())
            )
            if shared:
                ids = ", ".join(hex(i) for i in sorted(shared))
                raise invalid(f"role {state.name!r}: ids {ids} are exclusive and already belong to role {other.name!r}")

    def _elect(self, state: RoleState, client: Client, role: p4r.Role | None, access: Access) -> list[Notice]:
        mine = client.election_id
        if mine is not None and (state.highest is None or mine >= state.highest):
            state.primary, state.highest = client, mine
            state.described, state.access = role, access
            others = [other for other in state.clients if other is not client]
            return self._notices(state, others) + self._notices(state, [client])
        if state.primary is client:
            state.primary = None
            return self._notices(state, state.clients)
        return self._notices(state, [client])

    def _notices(self, state: RoleState, clients: list[Client]) -> list[Notice]:
        return [(client, self._notice(state, client)) for client in clients]

    def _notice(self, state: RoleState, client: Client) -> p4r.MasterArbitrationUpdate:
        notice = p4r.MasterArbitrationUpdate(device_id=self.device_id)
        if state.described is not None:
            notice.role.CopyFrom(state.described)
        elif state.name:
            notice.role.name = state.name
        if state.highest is not None:
            notice.election_id.CopyFrom(p4r.Uint128(high=state.highest >> 64, low=state.highest & (2**64 - 1)))
        if state.primary is client:
            notice.status.code, notice.status.message = int(Code.OK), "Is primary"
        elif state.primary is not None:
            notice.status.code, notice.status.message = int(Code.ALREADY_EXISTS), "Is backup"
        else:
            notice.status.code, notice.status.message = int(Code.NOT_FOUND), "There is no primary"
        return notice
