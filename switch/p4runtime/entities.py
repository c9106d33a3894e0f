"""One update or one read query: which object it is for, and what that object does with it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from finsy.proto import p4r

from switch.p4runtime import direct
from switch.p4runtime.errors import invalid, place, unimplemented
from switch.p4runtime.pipeline import Pipeline
from switch.p4runtime.table_read import TableReader

INSERT, MODIFY, DELETE = p4r.Update.INSERT, p4r.Update.MODIFY, p4r.Update.DELETE
Kind = p4r.Update.Type.ValueType

_MODIFY_ONLY = (
    "counter_entry",
    "meter_entry",
    "direct_counter_entry",
    "direct_meter_entry",
    "register_entry",
    "value_set_entry",
)


def apply(pipeline: Pipeline, kind: Kind, entity: p4r.Entity) -> None:
    """Applies one update; the error says what was wrong with it."""
    if kind not in (INSERT, MODIFY, DELETE):
        raise invalid(f"the update's type is {kind}; it must be INSERT (1), MODIFY (2) or DELETE (3)")
    name = entity.WhichOneof("entity")
    if name is None:
        raise invalid("the update's entity is empty")
    if name in _MODIFY_ONLY and kind != MODIFY:
        raise invalid(f"{name} can only be modified, not inserted or deleted")
    match name:
        case "table_entry":
            _table(pipeline, kind, entity.table_entry)
        case "action_profile_member":
            _member(pipeline, kind, entity.action_profile_member)
        case "action_profile_group":
            _group(pipeline, kind, entity.action_profile_group)
        case "packet_replication_engine_entry":
            pipeline.replication.write(kind, entity.packet_replication_engine_entry)
        case "digest_entry":
            pipeline.digest(entity.digest_entry.digest_id).write(kind, entity.digest_entry)
        case "extern_entry":
            raise unimplemented("v1model has no externs of its own in P4Runtime")
        case _:
            _modify(pipeline, name, entity)


def _modify(pipeline: Pipeline, name: str, entity: p4r.Entity) -> None:
    match name:
        case "counter_entry":
            pipeline.counter(entity.counter_entry.counter_id).write(entity.counter_entry)
        case "meter_entry":
            pipeline.meter(entity.meter_entry.meter_id).write(entity.meter_entry)
        case "register_entry":
            pipeline.register(entity.register_entry.register_id).write(entity.register_entry)
        case "direct_counter_entry":
            message = entity.direct_counter_entry
            direct.write_counter(pipeline.table(message.table_entry.table_id), message)
        case "direct_meter_entry":
            meter = entity.direct_meter_entry
            direct.write_meter(pipeline.table(meter.table_entry.table_id), meter)
        case _:
            pipeline.value_set(entity.value_set_entry.value_set_id).write(MODIFY, entity.value_set_entry)


def _table(pipeline: Pipeline, kind: Kind, entry: p4r.TableEntry) -> None:
    state = pipeline.table(entry.table_id)
    if kind == INSERT:
        state.insert(entry)
    elif kind == MODIFY:
        state.modify(entry)
    else:
        state.delete(entry)


def _member(pipeline: Pipeline, kind: Kind, member: p4r.ActionProfileMember) -> None:
    state = pipeline.profile(member.action_profile_id)
    with place(f"action profile {state.binding.name!r}"):
        if kind == INSERT:
            state.insert_member(member)
        elif kind == MODIFY:
            state.modify_member(member)
        else:
            state.delete_member(member)


def _group(pipeline: Pipeline, kind: Kind, group: p4r.ActionProfileGroup) -> None:
    state = pipeline.profile(group.action_profile_id)
    with place(f"action profile {state.binding.name!r}"):
        if kind == INSERT:
            state.insert_group(group)
        elif kind == MODIFY:
            state.modify_group(group)
        else:
            state.delete_group(group)


def read(pipeline: Pipeline, query: p4r.Entity) -> Iterator[p4r.Entity]:
    """All entities that a query means."""
    match query.WhichOneof("entity"):
        case None:
            raise invalid("the query's entity is empty; each kind of entity is asked for by itself")
        case "extern_entry":
            return iter(())
        case "table_entry":
            return _read_tables(pipeline, query.table_entry)
        case "action_profile_member":
            member = query.action_profile_member
            return (
                p4r.Entity(action_profile_member=m)
                for state in _some(pipeline.profiles, member.action_profile_id, pipeline.profile)
                for m in state.read_members(member.member_id)
            )
        case "action_profile_group":
            group = query.action_profile_group
            return (
                p4r.Entity(action_profile_group=g)
                for state in _some(pipeline.profiles, group.action_profile_id, pipeline.profile)
                for g in state.read_groups(group.group_id)
            )
        case "packet_replication_engine_entry":
            return pipeline.replication.read(query.packet_replication_engine_entry)
        case name:
            return _read_others(pipeline, name, query)


def _read_others(pipeline: Pipeline, name: str, query: p4r.Entity) -> Iterator[p4r.Entity]:
    match name:
        case "counter_entry":
            entry = query.counter_entry
            return _chain(s.read(entry) for s in _some(pipeline.counters, entry.counter_id, pipeline.counter))
        case "meter_entry":
            meter = query.meter_entry
            return _chain(s.read(meter) for s in _some(pipeline.meters, meter.meter_id, pipeline.meter))
        case "register_entry":
            register = query.register_entry
            return _chain(s.read(register) for s in _some(pipeline.registers, register.register_id, pipeline.register))
        case "direct_counter_entry":
            counted = query.direct_counter_entry
            states = _some(pipeline.tables, counted.table_entry.table_id, pipeline.table)
            return _chain(direct.read_counters(s, counted) for s in states if _asked(s.binding.counter, counted))
        case "direct_meter_entry":
            metered = query.direct_meter_entry
            states = _some(pipeline.tables, metered.table_entry.table_id, pipeline.table)
            return _chain(direct.read_meters(s, metered) for s in states if _asked(s.binding.meter, metered))
        case "value_set_entry":
            wanted = query.value_set_entry.value_set_id
            return _chain(s.read() for s in _some(pipeline.value_sets, wanted, pipeline.value_set))
        case _:
            wanted = query.digest_entry.digest_id
            return _chain(s.read() for s in _some(pipeline.digests, wanted, pipeline.digest))


def _asked(resource: Any, message: Any) -> bool:
    """Whether a table takes part in a direct read: a wildcard passes over tables without the resource."""
    return resource is not None or message.table_entry.table_id != 0


def _read_tables(pipeline: Pipeline, query: p4r.TableEntry) -> Iterator[p4r.Entity]:
    wildcard = not query.table_id
    if wildcard:
        kept = p4r.TableEntry(is_default_action=query.is_default_action)
        for name in ("counter_data", "meter_config", "time_since_last_hit"):
            if query.HasField(name):
                getattr(kept, name).SetInParent()
        query = kept
    for state in _some(pipeline.tables, query.table_id, pipeline.table):
        for entry in TableReader(state, query, any_table=wildcard).read():
            yield p4r.Entity(table_entry=entry)


def _some(objects: Mapping[int, Any], number: int, get: Callable[[int], Any]) -> list[Any]:
    return [get(number)] if number else list(objects.values())


def _chain(parts: Iterator[Iterator[p4r.Entity]]) -> Iterator[p4r.Entity]:
    for part in parts:
        yield from part
