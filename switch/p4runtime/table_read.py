"""Reading table entries, with the filters of P4Runtime's wildcard reads."""

from collections.abc import Iterator
from typing import Any

from finsy.proto import p4i, p4r

from switch.engine.values import ActionCall, Member
from switch.engine.values import Group as GroupHandle
from switch.p4runtime.arrays import counter_data
from switch.p4runtime.errors import invalid, place
from switch.p4runtime.meters import colours_data, config_of
from switch.p4runtime.tables import NO_EXTRA, TableState


class TableReader:
    """Reads one table for one query; the query also says which direct resources the answer shall have."""

    def __init__(self, state: TableState, query: p4r.TableEntry, *, any_table: bool = False):
        self.state = state
        self.query = query
        self.binding = state.binding
        self._any_table = any_table
        self._with_counter = query.HasField("counter_data") and self.binding.counter is not None
        self._count_spec = self.binding.counter.spec if self.binding.counter is not None else p4i.CounterSpec()
        self._with_meter = query.HasField("meter_config") and self.binding.meter is not None
        self._with_colours = query.HasField("meter_counter_data") and self.binding.meter is not None
        self._with_elapsed = query.HasField("time_since_last_hit") and self.binding.idle

    def read(self) -> Iterator[p4r.TableEntry]:
        """All entries that pass the filters; errors name the table."""
        with place(f"table {self.binding.name!r}"):
            self._check()
            entries = self._default() if self.query.is_default_action else self._select()
        yield from entries

    def _check(self) -> None:
        query = self.query
        if query.is_default_action and (query.match or query.priority):
            raise invalid("the default entry has neither match fields nor a priority")
        if self._any_table:
            return
        if query.HasField("counter_data") and self.binding.counter is None:
            raise invalid("counter_data is set, but the table has no direct counter")
        if query.HasField("meter_config") and self.binding.meter is None:
            raise invalid("meter_config is set, but the table has no direct meter")
        if query.HasField("meter_counter_data") and self.binding.meter is None:
            raise invalid("meter_counter_data is set, but the table has no direct meter")
        if query.HasField("time_since_last_hit") and not self.binding.idle:
            raise invalid("time_since_last_hit is set, but the table has no idle timeout")

    def _select(self) -> Iterator[p4r.TableEntry]:
        query, table = self.query, self.state.table
        if self._any_table or not query.match:
            return self._filter(table.entries())
        key, mask = self.binding.key.encode(query.match)
        if query.priority or not self.binding.key.needs_priority:
            handle = table.find(key, mask, query.priority)
            return self._filter([table.entry(handle)] if handle is not None else [])
        return self._filter(e for e in table.entries() if e.key == key and e.mask == mask)

    def _filter(self, entries: Any) -> Iterator[p4r.TableEntry]:
        query, extras = self.query, self.state.extras
        if self._any_table:
            return (self.message(entry) for entry in entries)
        chosen = entries
        if query.priority:
            chosen = (e for e in chosen if e.priority == query.priority)
        if query.metadata:
            chosen = (e for e in chosen if extras.get(e.handle, NO_EXTRA).metadata == query.metadata)
        if query.controller_metadata:
            cookie = query.controller_metadata
            chosen = (e for e in chosen if extras.get(e.handle, NO_EXTRA).controller_metadata == cookie)
        if query.HasField("action"):
            name = self._action_name()
            chosen = (e for e in chosen if isinstance(e.action, ActionCall) and e.action.action == name)
        return (self.message(entry) for entry in chosen)

    def _action_name(self) -> str:
        if self.query.action.WhichOneof("type") != "action":
            raise invalid("entries can be filtered by an action id only, not by member, group or action set")
        codec = self.binding.actions.by_id.get(self.query.action.action.action_id)
        if codec is None:
            raise invalid(f"action {self.query.action.action.action_id:#x} is not one of the table's")
        return codec.name

    def message(self, entry: Any) -> p4r.TableEntry:
        """One engine entry as the query wants it."""
        message = key_message(self.state, entry)
        action = entry.action
        if isinstance(action, ActionCall):
            self.binding.actions.by_name[action.action].fill(message.action.action, action.data)
        else:
            message.action.CopyFrom(self._indirect(action, entry.handle))
        if entry.is_const:
            message.is_const = True
        if self._with_counter:
            packets, octets = self.state.table.counter(entry.handle)
            message.counter_data.CopyFrom(counter_data(self._count_spec, packets, octets))
        if self._with_meter:
            rates = self.state.table.meter(entry.handle)
            if rates is not None:
                message.meter_config.CopyFrom(config_of(rates))
        if self._with_colours:
            message.meter_counter_data.CopyFrom(colours_data(self.state.table.colours(entry.handle)))
        if self._with_elapsed:
            message.time_since_last_hit.elapsed_ns = entry.time_since_hit_ns
        return message

    def _indirect(self, action: Any, handle: int) -> p4r.TableAction:
        one_shot = self.state.extras.get(handle, NO_EXTRA).one_shot
        if one_shot is not None:
            return p4r.TableAction(action_profile_action_set=one_shot.action_set)
        if self.state.profile is not None and isinstance(action, Member | GroupHandle):
            return self.state.profile.describe(action)
        return p4r.TableAction()

    def _default(self) -> Iterator[p4r.TableEntry]:
        extra = self.state.default_extra
        message = p4r.TableEntry(
            table_id=self.binding.id,
            is_default_action=True,
            controller_metadata=extra.controller_metadata,
            metadata=extra.metadata,
            is_const=self.binding.const_default,
        )
        default = self.state.table.default
        if default.action in self.binding.actions.by_name:
            codec = self.binding.actions.by_name[default.action]
            message.action.action.CopyFrom(codec.decode(default.data))
        yield message


def key_message(state: TableState, entry: Any) -> p4r.TableEntry:
    """An entry's key, timeout and metadata: what an idle notification carries, and every read begins with."""
    extra = state.extras.get(entry.handle, NO_EXTRA)
    message = p4r.TableEntry(
        table_id=state.binding.id,
        match=state.binding.key.decode(entry.key, entry.mask),
        priority=entry.priority if state.binding.key.needs_priority else 0,
        idle_timeout_ns=extra.idle_timeout_ns or entry.idle_timeout_ns,
    )
    if extra.controller_metadata:
        message.controller_metadata = extra.controller_metadata
    if extra.metadata:
        message.metadata = extra.metadata
    return message
