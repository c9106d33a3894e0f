"""Writing table entries: what P4Runtime asks of INSERT, MODIFY and DELETE, on top of the engine's tables."""

from dataclasses import dataclass, field
from typing import Any

from finsy.proto import p4r

from switch.engine.errors import EngineError, TableFull
from switch.engine.values import ActionCall, Group, Member
from switch.p4runtime.arrays import check_counts
from switch.p4runtime.bindings import TableBinding
from switch.p4runtime.engine_errors import translate
from switch.p4runtime.errors import P4RuntimeError, already_exists, denied, exhausted, invalid, not_found, unimplemented
from switch.p4runtime.meters import check_colours, check_meter, colours_of, rates_of
from switch.p4runtime.profiles import OneShot, ProfileState

Target = ActionCall | Member | Group


@dataclass(frozen=True)
class Extra:
    """What the engine does not keep of an entry; it counts idle time in microseconds, clients in nanoseconds."""

    controller_metadata: int = 0
    metadata: bytes = b""
    one_shot: OneShot | None = None
    idle_timeout_ns: int = 0


NO_EXTRA = Extra()


@dataclass
class TableState:
    """One table while a program runs; `extras` is by entry handle."""

    binding: TableBinding
    table: Any
    profile: ProfileState | None
    extras: dict[int, Extra] = field(default_factory=dict)
    default_extra: Extra = NO_EXTRA

    def insert(self, entry: p4r.TableEntry) -> None:
        """Adds an entry; all errors name the table and what is allowed."""
        try:
            self._insert(entry)
        except P4RuntimeError as error:
            raise error.within(f"table {self.binding.name!r}") from None

    def modify(self, entry: p4r.TableEntry) -> None:
        """Changes an entry or the default entry."""
        try:
            if entry.is_default_action:
                self._modify_default(entry)
            else:
                self._modify(entry)
        except P4RuntimeError as error:
            raise error.within(f"table {self.binding.name!r}") from None

    def delete(self, entry: p4r.TableEntry) -> None:
        """Removes an entry; only its key is looked at."""
        try:
            self._delete(entry)
        except P4RuntimeError as error:
            raise error.within(f"table {self.binding.name!r}") from None

    def find(self, entry: p4r.TableEntry) -> int:
        """The handle of the entry with this key; NOT_FOUND when there is none."""
        key, mask, priority = self.key_of(entry)
        handle = self.table.find(key, mask, priority)
        if handle is None:
            raise not_found(f"there is no entry {self.show(key, mask, priority)}")
        return handle

    def key_of(self, entry: p4r.TableEntry) -> tuple[bytes, bytes | None, int]:
        """Key, mask and priority of an entry, checked."""
        codec = self.binding.key
        key, mask = codec.encode(entry.match)
        if codec.needs_priority and entry.priority <= 0:
            raise invalid(
                f"priority {entry.priority} is not allowed: the key has ternary, range or optional fields,"
                " so a priority above 0 is needed (the larger wins)"
            )
        if entry.priority and not codec.needs_priority:
            raise invalid(f"priority {entry.priority} is not allowed: the key is exact or LPM, so it must be 0")
        return key, mask, entry.priority

    def show(self, key: bytes, mask: bytes | None, priority: int) -> str:
        """An entry's key for an error message."""
        words = self.binding.key.describe(key, mask)
        return f"{words} with priority {priority}" if priority else words

    def _insert(self, entry: p4r.TableEntry) -> None:
        binding = self.binding
        self._check_write(entry)
        if entry.is_default_action:
            raise invalid("the default entry always exists: it can be modified, not inserted")
        if not binding.key.fields:
            raise invalid("the table has no key, so it has no entries; its default action can be modified")
        if binding.info.is_const_table:
            raise denied("the entries are const")
        key, mask, priority = self.key_of(entry)
        self._check_timeout(entry)
        self._check_direct(entry)
        if not entry.HasField("action"):
            raise invalid("an entry needs an action")
        if self.table.find(key, mask, priority) is not None:
            raise already_exists(f"entry {self.show(key, mask, priority)} exists already")
        target, one_shot = self._target(entry.action)
        try:
            handle = self.table.insert(key, mask, priority, target, entry.idle_timeout_ns)
        except EngineError as error:
            self._drop(one_shot)
            raise self._engine_error(error, key, mask, priority) from error
        self._use(target, 1)
        self._set_direct(handle, entry)
        self._remember(handle, entry, one_shot)

    def _modify(self, entry: p4r.TableEntry) -> None:
        self._check_write(entry)
        handle = self.find(entry)
        self._check_direct(entry)
        if self._is_const(handle):
            if entry.HasField("action"):
                raise denied("the entry is const; only its counter and meter can be written")
            self._set_direct(handle, entry, reset_meter=True)
            return
        self._check_timeout(entry)
        old, extra = self.table.entry(handle).action, self.extras.get(handle, NO_EXTRA)
        target, one_shot = self._target(entry.action) if entry.HasField("action") else (None, extra.one_shot)
        try:
            self.table.modify(handle, target if target is not None else old, entry.idle_timeout_ns)
        except EngineError as error:
            if target is not None:
                self._drop(one_shot)
            raise self._engine_error(error, *self.key_of(entry)) from error
        if target is not None:
            self._use(target, 1)
            self._use(old, -1)
            self._drop(extra.one_shot)
        self._set_direct(handle, entry, reset_meter=True)
        self._remember(handle, entry, one_shot)

    def _delete(self, entry: p4r.TableEntry) -> None:
        if entry.is_default_action:
            raise invalid("the default entry always exists: it can be reset with MODIFY, not deleted")
        if entry.is_const:
            raise invalid("is_const must not be set in a write")
        if self.binding.info.is_const_table:
            raise denied("the entries are const")
        handle = self.find(entry)
        if self._is_const(handle):
            raise denied("the entry is const")
        old = self.table.entry(handle).action if self.profile is not None else None
        try:
            self.table.delete(handle)
        except EngineError as error:
            raise self._engine_error(error, *self.key_of(entry)) from error
        extra = self.extras.pop(handle, NO_EXTRA)
        self._use(old, -1)
        self._drop(extra.one_shot)

    def _modify_default(self, entry: p4r.TableEntry) -> None:
        self._check_write(entry)
        if entry.match or entry.priority:
            raise invalid("the default entry has neither match fields nor a priority")
        if entry.idle_timeout_ns:
            raise invalid("the default entry cannot have an idle timeout")
        self._check_direct(entry)
        if self.binding.const_default:
            raise denied("the default action is const")
        if not entry.HasField("action"):
            self.table.reset_default()
            self.default_extra = NO_EXTRA
            return
        if self.profile is not None:
            raise unimplemented("the default entry of a table with an action profile is always NoAction")
        if entry.action.WhichOneof("type") != "action":
            raise invalid("the default entry needs an action, not a member, group or action set")
        codec, data = self.binding.actions.encode(entry.action.action, default=True)
        try:
            self.table.set_default(ActionCall(codec.name, data))
        except EngineError as error:
            raise translate(error, f"default action {codec.name!r}") from error
        self.default_extra = Extra(entry.controller_metadata, entry.metadata)

    def _target(self, action: p4r.TableAction) -> tuple[Target, OneShot | None]:
        kind = action.WhichOneof("type")
        if self.profile is None:
            if kind != "action":
                raise invalid(f"the action given is {kind or 'empty'}; without an action profile it must be an action")
            codec, data = self.binding.actions.encode(action.action)
            return ActionCall(codec.name, data), None
        return self.profile.target(action)

    def _use(self, target: Target | None, by: int) -> None:
        if self.profile is not None and target is not None:
            self.profile.use(target, by)

    def _drop(self, one_shot: OneShot | None) -> None:
        if self.profile is not None and one_shot is not None:
            self.profile.drop(one_shot)

    def _remember(self, handle: int, entry: p4r.TableEntry, one_shot: OneShot | None) -> None:
        timeout = entry.idle_timeout_ns if entry.idle_timeout_ns % 1000 else 0
        if entry.controller_metadata or entry.metadata or one_shot is not None or timeout:
            self.extras[handle] = Extra(entry.controller_metadata, entry.metadata, one_shot, timeout)
        else:
            self.extras.pop(handle, None)

    def _is_const(self, handle: int) -> bool:
        info = self.binding.info
        return info.is_const_table or (info.has_initial_entries and self.table.entry(handle).is_const)

    def _check_write(self, entry: p4r.TableEntry) -> None:
        if entry.is_const:
            raise invalid("is_const must not be set in a write")
        if entry.HasField("time_since_last_hit"):
            raise invalid("time_since_last_hit must not be set in a write")

    def _check_timeout(self, entry: p4r.TableEntry) -> None:
        if entry.idle_timeout_ns and not self.binding.idle:
            raise invalid("idle_timeout_ns is set, but the table has no idle timeout (support_timeout in P4)")
        if entry.idle_timeout_ns < 0:
            raise invalid(f"idle_timeout_ns {entry.idle_timeout_ns} is negative")

    def _check_direct(self, entry: p4r.TableEntry) -> None:
        if entry.HasField("counter_data"):
            if self.binding.counter is None:
                raise invalid("counter_data is set, but the table has no direct counter")
            if entry.is_default_action:
                raise unimplemented("the default entry has no direct counter here")
            check_counts(entry.counter_data)
        if entry.HasField("meter_config"):
            if self.binding.meter is None:
                raise invalid("meter_config is set, but the table has no direct meter")
            if entry.is_default_action:
                raise unimplemented("the default entry has no direct meter here")
            check_meter(self.binding.meter.spec, entry.meter_config)
        if entry.HasField("meter_counter_data"):
            if self.binding.meter is None:
                raise invalid("meter_counter_data is set, but the table has no direct meter")
            if entry.is_default_action:
                raise unimplemented("the default entry has no direct meter here")
            check_colours(entry.meter_counter_data)

    def _set_direct(self, handle: int, entry: p4r.TableEntry, *, reset_meter: bool = False) -> None:
        if entry.HasField("counter_data"):
            data = entry.counter_data
            self.table.set_counter(handle, data.packet_count, data.byte_count)
        if entry.HasField("meter_config"):
            self.table.set_meter(handle, rates_of(entry.meter_config))
        elif reset_meter and self.binding.meter is not None:
            self.table.set_meter(handle, None)
        if entry.HasField("meter_counter_data"):
            self.table.set_colours(handle, colours_of(entry.meter_counter_data))

    def _engine_error(self, error: EngineError, key: bytes, mask: bytes | None, priority: int) -> P4RuntimeError:
        if isinstance(error, TableFull):
            return exhausted(f"the table is full: its size is {self.binding.spec.size} entries")
        return translate(error, f"entry {self.show(key, mask, priority)}")
