"""Direct counters and meters as entities of their own."""

from collections.abc import Iterator

from finsy.proto import p4r

from switch.p4runtime.arrays import check_counts
from switch.p4runtime.errors import invalid, not_found, place, unimplemented
from switch.p4runtime.meters import check_colours, check_meter, colours_of, rates_of
from switch.p4runtime.table_read import TableReader
from switch.p4runtime.tables import TableState


def write_counter(state: TableState, message: p4r.DirectCounterEntry) -> None:
    """Sets the counter of one entry; without data nothing changes."""
    with place(f"table {state.binding.name!r}"):
        _check_counter(state, message.table_entry)
        handle = state.find(message.table_entry)
        check_counts(message.data)
        if message.HasField("data"):
            state.table.set_counter(handle, message.data.packet_count, message.data.byte_count)


def write_meter(state: TableState, message: p4r.DirectMeterEntry) -> None:
    """Configures the meter of one entry; without a configuration it is green for everything again."""
    with place(f"table {state.binding.name!r}"):
        _check_meter(state, message.table_entry)
        check_colours(message.counter_data)
        handle = state.find(message.table_entry)
        meter, counts = state.binding.meter, message.HasField("counter_data")
        if message.HasField("config") and meter is not None:
            check_meter(meter.spec, message.config)
            state.table.set_meter(handle, rates_of(message.config))
        elif not counts:
            state.table.set_meter(handle, None)
        if counts:
            state.table.set_colours(handle, colours_of(message.counter_data))


def read_counters(state: TableState, message: p4r.DirectCounterEntry) -> Iterator[p4r.Entity]:
    """The counter of one entry (NOT_FOUND when there is none), or of all when no match is given."""
    with place(f"table {state.binding.name!r}"):
        _check_counter(state, message.table_entry)
    for entry in _read(state, message.table_entry, p4r.TableEntry(counter_data=p4r.CounterData())):
        direct = p4r.DirectCounterEntry(data=entry.counter_data)
        direct.table_entry.CopyFrom(_key_only(entry))
        yield p4r.Entity(direct_counter_entry=direct)


def read_meters(state: TableState, message: p4r.DirectMeterEntry) -> Iterator[p4r.Entity]:
    """The meter of one entry (NOT_FOUND when there is none), or of all when no match is given."""
    with place(f"table {state.binding.name!r}"):
        _check_meter(state, message.table_entry)
    query = p4r.TableEntry(meter_config=p4r.MeterConfig())
    if message.HasField("counter_data"):
        query.meter_counter_data.SetInParent()
    for entry in _read(state, message.table_entry, query):
        direct = p4r.DirectMeterEntry()
        direct.table_entry.CopyFrom(_key_only(entry))
        if entry.HasField("meter_config"):
            direct.config.CopyFrom(entry.meter_config)
        if entry.HasField("meter_counter_data"):
            direct.counter_data.CopyFrom(entry.meter_counter_data)
        yield p4r.Entity(direct_meter_entry=direct)


def _read(state: TableState, key: p4r.TableEntry, query: p4r.TableEntry) -> Iterator[p4r.TableEntry]:
    query.table_id = state.binding.id
    query.match.extend(key.match)
    query.priority = key.priority
    count = 0
    for entry in TableReader(state, query).read():
        count += 1
        yield entry
    if key.match and not count:
        raise not_found(f"table {state.binding.name!r}: there is no such entry")


def _key_only(entry: p4r.TableEntry) -> p4r.TableEntry:
    return p4r.TableEntry(table_id=entry.table_id, match=entry.match, priority=entry.priority)


def _check_counter(state: TableState, entry: p4r.TableEntry) -> None:
    if state.binding.counter is None:
        raise invalid("the table has no direct counter")
    if entry.is_default_action:
        raise unimplemented("the default entry has no direct counter here")


def _check_meter(state: TableState, entry: p4r.TableEntry) -> None:
    if state.binding.meter is None:
        raise invalid("the table has no direct meter")
    if entry.is_default_action:
        raise unimplemented("the default entry has no direct meter here")
