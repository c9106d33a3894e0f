"""Action profiles and selectors: members, groups, and one-shot action sets."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from finsy.proto import p4r

from switch.engine.values import ActionCall, Group, Member
from switch.p4runtime.bindings import ProfileBinding
from switch.p4runtime.bytestring import show
from switch.p4runtime.engine_errors import engine_call
from switch.p4runtime.errors import already_exists, exhausted, invalid, not_found, precondition, unimplemented

_MODES = p4r.ActionProfileActionSet


@dataclass(frozen=True)
class OneShot:
    """The group and members made for one entry's action set, and the set as the client sent it."""

    action_set: p4r.ActionProfileActionSet
    group: Group
    members: tuple[Member, ...]


@dataclass(frozen=True)
class MemberState:
    """One member: the engine's handle and what the client wrote."""

    handle: Member
    action: p4r.Action


@dataclass(frozen=True)
class GroupState:
    """One group: the engine's handle and what the client wrote."""

    handle: Group
    written: p4r.ActionProfileGroup


@dataclass
class ProfileState:
    """One action profile while a program runs; `uses` counts table entries per engine handle."""

    binding: ProfileBinding
    profile: Any
    members: dict[int, MemberState] = field(default_factory=dict)
    groups: dict[int, GroupState] = field(default_factory=dict)
    uses: Counter[Member | Group] = field(default_factory=Counter)
    one_shots: int = 0

    # Members -----------------------------------------------------------------------------------------------------

    def insert_member(self, message: p4r.ActionProfileMember) -> None:
        """Adds a member."""
        number = self._member_id(message)
        if number in self.members:
            raise already_exists(f"member {number} exists already")
        self._check_mode(one_shot=False)
        size = self.binding.info.size
        if size and len(self.members) >= size:
            raise exhausted(f"the profile is full: its size is {size} members")
        call, written = self._call(message)
        with engine_call(f"member {number}"):
            handle = self.profile.add_member(call)
        self.members[number] = MemberState(handle, written)

    def modify_member(self, message: p4r.ActionProfileMember) -> None:
        """Changes the action of a member, in every group that has it."""
        member = self._member(self._member_id(message))
        call, written = self._call(message)
        with engine_call(f"member {message.member_id}"):
            self.profile.modify_member(member.handle, call)
        self.members[message.member_id] = MemberState(member.handle, written)

    def delete_member(self, message: p4r.ActionProfileMember) -> None:
        """Removes a member that neither a group nor an entry uses."""
        number = self._member_id(message)
        member = self._member(number)
        used = [i for i, group in self.groups.items() if any(m.member_id == number for m in group.written.members)]
        if used:
            raise precondition(f"member {number} is in group {used[0]}; take it out first")
        if self.uses[member.handle]:
            raise precondition(f"member {number} is used by {self.uses[member.handle]} table entries")
        with engine_call(f"member {number}"):
            self.profile.delete_member(member.handle)
        del self.members[number]

    def read_members(self, number: int) -> Iterator[p4r.ActionProfileMember]:
        """One member, or all for 0."""
        for member_id, member in list(self.members.items()):
            if not number or number == member_id:
                yield p4r.ActionProfileMember(
                    action_profile_id=self.binding.id, member_id=member_id, action=member.action
                )

    # Groups ------------------------------------------------------------------------------------------------------

    def insert_group(self, message: p4r.ActionProfileGroup) -> None:
        """Adds a group of existing members."""
        number = self._group_id(message)
        if number in self.groups:
            raise already_exists(f"group {number} exists already")
        self._check_mode(one_shot=False)
        members = self._weighted(message, message.max_size)
        with engine_call(f"group {number}"):
            handle = self.profile.add_group(members)
        self.groups[number] = GroupState(handle, _copy_group(message))

    def modify_group(self, message: p4r.ActionProfileGroup) -> None:
        """Changes the members of a group."""
        group = self._group(self._group_id(message))
        if message.max_size != group.written.max_size:
            raise invalid(f"max_size is {group.written.max_size} since the group was inserted, not {message.max_size}")
        members = self._weighted(message, message.max_size)
        with engine_call(f"group {message.group_id}"):
            self.profile.modify_group(group.handle, members)
        self.groups[message.group_id] = GroupState(group.handle, _copy_group(message))

    def delete_group(self, message: p4r.ActionProfileGroup) -> None:
        """Removes a group that no entry uses."""
        number = self._group_id(message)
        group = self._group(number)
        if self.uses[group.handle]:
            raise precondition(f"group {number} is used by {self.uses[group.handle]} table entries")
        with engine_call(f"group {number}"):
            self.profile.delete_group(group.handle)
        del self.groups[number]

    def read_groups(self, number: int) -> Iterator[p4r.ActionProfileGroup]:
        """One group, or all for 0."""
        for group_id, group in list(self.groups.items()):
            if not number or number == group_id:
                yield group.written

    # From table entries ------------------------------------------------------------------------------------------

    def target(self, action: p4r.TableAction) -> tuple[Member | Group, OneShot | None]:
        """What an entry's action means to the engine; an action set is turned into a group on the way."""
        match action.WhichOneof("type"):
            case "action_profile_member_id":
                self._check_mode(one_shot=False)
                return self._member(action.action_profile_member_id).handle, None
            case "action_profile_group_id":
                self._check_mode(one_shot=False)
                self._check_selector("a group")
                return self._group(action.action_profile_group_id).handle, None
            case "action_profile_action_set":
                one_shot = self._one_shot(action.action_profile_action_set)
                return one_shot.group, one_shot
            case kind:
                raise invalid(
                    f"the action given is {kind or 'empty'}; the table's actions are in profile {self.binding.name!r},"
                    " so a member, a group or an action set is needed"
                )

    def use(self, target: Any, by: int) -> None:
        """Counts the entries that point at a member or group."""
        if isinstance(target, Member | Group):
            self.uses[target] += by
            if not self.uses[target]:
                del self.uses[target]

    def drop(self, one_shot: OneShot) -> None:
        """Removes what was made for an action set."""
        with engine_call("action set"):
            self.profile.delete_group(one_shot.group)
            for handle in one_shot.members:
                self.profile.delete_member(handle)
        self.one_shots -= 1

    def describe(self, target: Member | Group) -> p4r.TableAction:
        """The client's form of a member or group that an entry points at."""
        if isinstance(target, Member):
            number = next((i for i, m in self.members.items() if m.handle == target), 0)
            return p4r.TableAction(action_profile_member_id=number)
        number = next((i for i, g in self.groups.items() if g.handle == target), 0)
        return p4r.TableAction(action_profile_group_id=number)

    # Checks ------------------------------------------------------------------------------------------------------

    def _one_shot(self, action_set: p4r.ActionProfileActionSet) -> OneShot:
        self._check_selector("an action set")
        self._check_mode(one_shot=True)
        self._check_set(action_set)
        handles: list[Member] = []
        kept = p4r.ActionProfileActionSet()
        kept.CopyFrom(action_set)
        try:
            with engine_call("action set"):
                for item in kept.action_profile_actions:
                    codec, data = self.binding.actions.encode(item.action)
                    item.action.CopyFrom(codec.decode(data))
                    handles.append(self.profile.add_member(ActionCall(codec.name, data)))
                weights = [self._weight(item.weight) for item in action_set.action_profile_actions]
                group = self.profile.add_group(list(zip(handles, weights, strict=True)))
        except Exception:
            for handle in handles:
                self.profile.delete_member(handle)
            raise
        self.one_shots += 1
        return OneShot(kept, group, tuple(handles))

    def _check_set(self, action_set: p4r.ActionProfileActionSet) -> None:
        if action_set.action_selection_mode not in (_MODES.DEFAULT_MODE_DETERMINED_BY_ACTION_SELECTOR, _MODES.HASH):
            raise unimplemented("action_selection_mode: only the selector's own hash is offered")
        if action_set.size_semantics != _MODES.DEFAULT_SIZE_DETERMINED_BY_ACTION_SELECTOR:
            raise unimplemented("size_semantics: only the selector's own is offered")
        items = action_set.action_profile_actions
        self._check_weights([(f"action {i}", item) for i, item in enumerate(items)], 0)

    def _weighted(self, message: p4r.ActionProfileGroup, max_size: int) -> list[tuple[Member, int]]:
        limit = self.binding.info.max_group_size
        if max_size < 0 or (limit and max_size > limit):
            raise invalid(f"max_size {max_size} is not between 0 and the profile's max_group_size {limit}")
        self._check_weights([(f"member {m.member_id}", m) for m in message.members], max_size)
        seen: set[int] = set()
        members = []
        for item in message.members:
            if item.member_id in seen:
                raise invalid(f"member {item.member_id} is given twice; use its weight instead")
            seen.add(item.member_id)
            members.append((self._member(item.member_id).handle, self._weight(item.weight)))
        return members

    def _check_weights(self, items: Sequence[tuple[str, Any]], max_size: int) -> None:
        info = self.binding.info
        for name, item in items:
            if info.weights_disallowed and item.weight:
                raise invalid(f"{name} has weight {item.weight}; the profile allows no weights")
            if not info.weights_disallowed and item.weight <= 0:
                raise invalid(f"{name} has weight {item.weight}; it must be above 0")
            if item.WhichOneof("watch_kind") == "watch_port" and len(item.watch_port.lstrip(b"\0")) > 4:
                raise invalid(f"{name}: watch port {show(item.watch_port)} is no port of this switch")
        by_members = info.WhichOneof("selector_size_semantics") == "sum_of_members"
        most = info.sum_of_members.max_member_weight
        if by_members and most and any(item.weight > most for _, item in items):
            raise invalid(f"a weight is above the profile's max_member_weight {most}")
        total = len(items) if by_members else sum(item.weight or 1 for _, item in items)
        limit = max_size or info.max_group_size
        if limit and total > limit:
            words = f"the {'members' if by_members else 'weights'} add up to {total}; the group may hold {limit}"
            raise exhausted(words) if max_size else invalid(words)

    def _weight(self, weight: int) -> int:
        return weight or 1

    def _check_selector(self, what: str) -> None:
        if not self.binding.info.with_selector:
            raise invalid(f"{what} needs an action selector; {self.binding.name!r} has members only")

    def _check_mode(self, *, one_shot: bool) -> None:
        if one_shot and (self.members or self.groups):
            raise invalid(
                f"profile {self.binding.name!r} is programmed with members and groups; action sets cannot be mixed in"
            )
        if not one_shot and self.one_shots:
            raise invalid(
                f"profile {self.binding.name!r} is programmed with action sets; members and groups cannot be mixed in"
            )

    def _member_id(self, message: p4r.ActionProfileMember) -> int:
        if not message.member_id:
            raise invalid("member_id must not be 0")
        return message.member_id

    def _group_id(self, message: p4r.ActionProfileGroup) -> int:
        self._check_selector("a group")
        if not message.group_id:
            raise invalid("group_id must not be 0")
        return message.group_id

    def _member(self, number: int) -> MemberState:
        member = self.members.get(number)
        if member is None:
            raise not_found(f"there is no member {number} in profile {self.binding.name!r}")
        return member

    def _group(self, number: int) -> GroupState:
        group = self.groups.get(number)
        if group is None:
            raise not_found(f"there is no group {number} in profile {self.binding.name!r}")
        return group

    def _call(self, message: p4r.ActionProfileMember) -> tuple[ActionCall, p4r.Action]:
        if not message.HasField("action"):
            raise invalid(f"member {message.member_id} needs an action")
        codec, data = self.binding.actions.encode(message.action)
        return ActionCall(codec.name, data), codec.decode(data)


def _copy_group(group: p4r.ActionProfileGroup) -> p4r.ActionProfileGroup:
    copy = p4r.ActionProfileGroup()
    copy.CopyFrom(group)
    return copy
