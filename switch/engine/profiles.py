"""An action profile of the running engine."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from typing import TYPE_CHECKING

from . import native
from .errors import BadValue
from .program import ProfileSpec
from .values import ActionCall, Group, Member

if TYPE_CHECKING:
    from .engine import Engine


class ActionProfile:
    """Members (actions with their data) and, with a selector, groups of weighted members.

    A group picks its `hash % n`-th member, members in ascending order of handle and repeated by weight.
    """

    def __init__(self, engine: Engine, index: int, spec: ProfileSpec) -> None:
        self.spec = spec
        self._engine = engine
        self._index = index
        self._members: dict[int, ActionCall] = {}
        self._groups: dict[int, tuple[tuple[Member, int], ...]] = {}
        self._action_index = {action.name: i for i, action in reversed(list(enumerate(spec.actions)))}

    def add_member(self, action: ActionCall) -> Member:
        """Adds a member."""
        handle = ctypes.c_uint64()
        index = self._index_of(action)
        status = self._engine.library.p4e_member_add(
            self._engine.pointer, self._index, index, action.data, len(action.data), ctypes.byref(handle)
        )
        native.check(status, f"action profile {self.spec.name}, action {action.action}")
        self._members[handle.value] = action
        return Member(handle.value)

    def modify_member(self, member: Member, action: ActionCall) -> None:
        """Replaces a member's action; entries and groups that use it follow."""
        index = self._index_of(action)
        status = self._engine.library.p4e_member_modify(
            self._engine.pointer, self._index, member.handle, index, action.data, len(action.data)
        )
        native.check(status, f"action profile {self.spec.name}, member {member.handle:#x}")
        self._members[member.handle] = action

    def delete_member(self, member: Member) -> None:
        """Removes a member; InUse while an entry or a group uses it."""
        status = self._engine.library.p4e_member_delete(self._engine.pointer, self._index, member.handle)
        native.check(status, f"action profile {self.spec.name}, member {member.handle:#x}")
        self._members.pop(member.handle, None)

    def add_group(self, members: Iterable[tuple[Member, int]]) -> Group:
        """Adds a group of (member, weight)."""
        chosen = tuple(members)
        handle = ctypes.c_uint64()
        cells, count = self._flatten(chosen)
        status = self._engine.library.p4e_group_add(
            self._engine.pointer, self._index, cells, count, ctypes.byref(handle)
        )
        native.check(status, f"action profile {self.spec.name}")
        self._groups[handle.value] = chosen
        return Group(handle.value)

    def modify_group(self, group: Group, members: Iterable[tuple[Member, int]]) -> None:
        """Replaces a group's members at once."""
        chosen = tuple(members)
        cells, count = self._flatten(chosen)
        status = self._engine.library.p4e_group_modify(self._engine.pointer, self._index, group.handle, cells, count)
        native.check(status, f"action profile {self.spec.name}, group {group.handle:#x}")
        self._groups[group.handle] = chosen

    def delete_group(self, group: Group) -> None:
        """Removes a group; InUse while an entry uses it."""
        status = self._engine.library.p4e_group_delete(self._engine.pointer, self._index, group.handle)
        native.check(status, f"action profile {self.spec.name}, group {group.handle:#x}")
        self._groups.pop(group.handle, None)

    def members(self) -> dict[Member, ActionCall]:
        """All members."""
        return {Member(handle): action for handle, action in self._members.items()}

    def groups(self) -> dict[Group, tuple[tuple[Member, int], ...]]:
        """All groups with their (member, weight)."""
        return {Group(handle): members for handle, members in self._groups.items()}

    def take_over(self, old: ActionProfile) -> None:
        """Remembers what the C side adopted from `old`."""
        self._members, self._groups = old._members, old._groups

    def _index_of(self, action: ActionCall) -> int:
        index = self._action_index.get(action.action)
        if index is None:
            raise BadValue(f"action profile {self.spec.name} has no action {action.action!r}")
        if len(action.data) != self.spec.actions[index].data_bytes:
            raise BadValue(f"action {action.action} takes {self.spec.actions[index].data_bytes} bytes of data")
        return index

    def _flatten(self, members: tuple[tuple[Member, int], ...]) -> tuple[ctypes.Array, int]:
        if any(weight < 1 for _, weight in members):
            raise BadValue("weights start at 1")
        flat = [member.handle for member, weight in sorted(members, key=lambda m: m[0].handle) for _ in range(weight)]
        return (ctypes.c_uint64 * max(len(flat), 1))(*flat), len(flat)
