"""Undoing: the updates that bring back what an update is about to change."""

from finsy.proto import p4r

from switch.p4runtime.entities import DELETE, INSERT, MODIFY, read
from switch.p4runtime.errors import P4RuntimeError
from switch.p4runtime.pipeline import Pipeline
from switch.p4runtime.table_read import TableReader


def undo_of(pipeline: Pipeline, update: p4r.Update) -> list[p4r.Update]:
    """What undoes an update, seen before it is applied; nothing when the update is going to fail anyway."""
    if update.type == INSERT:
        return [p4r.Update(type=DELETE, entity=update.entity)]
    if update.type not in (MODIFY, DELETE):
        return []
    kind = INSERT if update.type == DELETE else MODIFY
    try:
        before = _table_before(pipeline, update.entity) or list(read(pipeline, _query(update.entity)))
    except P4RuntimeError:
        return []
    return [p4r.Update(type=kind, entity=entity) for entity in before]


def _query(entity: p4r.Entity) -> p4r.Entity:
    query = p4r.Entity()
    query.CopyFrom(entity)
    return query


def _table_before(pipeline: Pipeline, entity: p4r.Entity) -> list[p4r.Entity]:
    if entity.WhichOneof("entity") != "table_entry":
        return []
    entry = entity.table_entry
    state = pipeline.table(entry.table_id)
    query = p4r.TableEntry(table_id=entry.table_id, is_default_action=entry.is_default_action)
    if state.binding.counter is not None and not entry.is_default_action:
        query.counter_data.SetInParent()
    if state.binding.meter is not None and not entry.is_default_action:
        query.meter_config.SetInParent()
        query.meter_counter_data.SetInParent()
    reader = TableReader(state, query)
    found = list(reader.read()) if entry.is_default_action else [reader.message(state.table.entry(state.find(entry)))]
    for message in found:
        if message.is_const:
            message.ClearField("action")
            message.is_const = False
    return [p4r.Entity(table_entry=message) for message in found]
