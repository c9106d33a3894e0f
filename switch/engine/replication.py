"""Multicast groups and clone sessions of the running engine."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import native
from .errors import NoSuchEntry

if TYPE_CHECKING:
    from .engine import Engine

Replica = tuple[int, int] | tuple[int, int, tuple[tuple[int, int], ...]]


@dataclass(frozen=True, slots=True)
class CloneSession:
    """Where clones go: see Replication; `truncate` bytes at most where not 0, applied on output."""

    replicas: tuple[Replica, ...]
    truncate: int = 0
    class_of_service: int = 0


class Replication:
    """The packet replication engine.

    A replica is a port, an instance, and the backups (ports and instances), of which the first that is up takes its
    place while the port is down. In memory all ports are up.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._groups: dict[int, tuple[Replica, ...]] = {}
        self._sessions: dict[int, CloneSession] = {}

    def set_multicast(self, group: int, replicas: Iterable[Replica]) -> None:
        """Creates or replaces a multicast group (1..65535)."""
        chosen = tuple(replicas)
        cells, count = _flatten(chosen)
        status = self._engine.library.p4e_multicast(self._engine.pointer, group, cells, count)
        native.check(status, f"multicast group {group}")
        self._groups[group] = chosen

    def delete_multicast(self, group: int) -> None:
        """Removes a multicast group."""
        if self._groups.pop(group, None) is None:
            raise NoSuchEntry(f"no multicast group {group}")
        native.check(self._engine.library.p4e_multicast(self._engine.pointer, group, None, 0), f"group {group}")

    def set_clone_session(
        self, session: int, replicas: Iterable[Replica], truncate: int = 0, class_of_service: int = 0
    ) -> None:
        """Creates or replaces a clone session (0..32767)."""
        wanted = CloneSession(tuple(replicas), truncate, class_of_service)
        cells, count = _flatten(wanted.replicas)
        status = self._engine.library.p4e_clone_session(self._engine.pointer, session, cells, count, truncate)
        native.check(status, f"clone session {session}")
        self._sessions[session] = wanted

    def delete_clone_session(self, session: int) -> None:
        """Removes a clone session; clones to it are not made any more."""
        if self._sessions.pop(session, None) is None:
            raise NoSuchEntry(f"no clone session {session}")
        status = self._engine.library.p4e_clone_session(self._engine.pointer, session, None, 0, 0)
        native.check(status, f"clone session {session}")

    def multicast_groups(self) -> Mapping[int, tuple[Replica, ...]]:
        """All multicast groups."""
        return dict(self._groups)

    def clone_sessions(self) -> Mapping[int, CloneSession]:
        """All clone sessions."""
        return dict(self._sessions)

    def take_over(self, old: Replication) -> None:
        """Remembers what the C side adopted from `old`."""
        self._groups, self._sessions = old._groups, old._sessions


def _flatten(replicas: tuple[Replica, ...]) -> tuple[ctypes.Array, int]:
    flat: list[int] = []
    for port, instance, *more in replicas:
        backups = more[0] if more else ()
        flat += [port, instance, len(backups), *(number for backup in backups for number in backup)]
    return (ctypes.c_uint32 * max(len(flat), 1))(*flat), len(replicas)
