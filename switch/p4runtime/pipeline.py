"""One configuration while it runs: all tables, arrays and other objects by P4Info id, bound to an engine."""

from collections.abc import Mapping
from typing import Any, TypeVar

from finsy.proto import p4r

from switch.p4runtime.arrays import CounterArray, MeterArray, RegisterArray
from switch.p4runtime.bindings import Bindings
from switch.p4runtime.decode import Decoder
from switch.p4runtime.digests import DigestState
from switch.p4runtime.errors import P4RuntimeError, invalid
from switch.p4runtime.profiles import ProfileState
from switch.p4runtime.replication import ReplicationState
from switch.p4runtime.tables import TableState
from switch.p4runtime.value_sets import ValueSetState

T = TypeVar("T")


class Pipeline:
    """The configuration as the client gave it, its bindings, and the state that goes with a loaded engine."""

    def __init__(
        self,
        config: p4r.ForwardingPipelineConfig,
        bindings: Bindings,
        engine: Any,
        *,
        cpu_port: int | None = None,
        bulk: bool = True,
    ):
        self.config = config
        self.bulk = bulk
        self.bindings = bindings
        self.engine = engine
        self.profiles = {i: ProfileState(b, engine.action_profiles[b.name]) for i, b in bindings.profiles.items()}
        self.tables = {
            i: TableState(b, engine.tables[b.name], self.profiles.get(b.profile_id)) for i, b in bindings.tables.items()
        }
        for state in self.tables.values():
            if state.binding.info.has_initial_entries and not state.binding.info.is_const_table:
                state.table.unlock()
        self.tables_by_name = {state.binding.name: state for state in self.tables.values()}
        self.counters = {i: CounterArray(b, engine.counters[b.name]) for i, b in bindings.counters.items()}
        self.meters = {i: MeterArray(b, engine.meters[b.name]) for i, b in bindings.meters.items()}
        self.registers = {i: RegisterArray(b, engine.registers[b.name]) for i, b in bindings.registers.items()}
        self.value_sets = {i: ValueSetState(b, engine.value_sets[b.name]) for i, b in bindings.value_sets.items()}
        self.digests = {i: DigestState(b) for i, b in bindings.digests.items()}
        self.digests_by_name = {state.binding.name: state for state in self.digests.values()}
        self.replication = ReplicationState(engine, cpu_port)
        self.decoder: Decoder | None = None

    def table(self, table_id: int) -> TableState:
        """A table by id, or INVALID_ARGUMENT."""
        return self._get(self.tables, table_id, "table")

    def profile(self, profile_id: int) -> ProfileState:
        """An action profile by id, or INVALID_ARGUMENT."""
        return self._get(self.profiles, profile_id, "action profile")

    def counter(self, counter_id: int) -> CounterArray:
        """An indirect counter by id, or INVALID_ARGUMENT."""
        if counter_id in self.bindings.index.direct_counters:
            raise invalid(f"counter {counter_id:#x} is direct; use DirectCounterEntry")
        return self._get(self.counters, counter_id, "counter")

    def meter(self, meter_id: int) -> MeterArray:
        """An indirect meter by id, or INVALID_ARGUMENT."""
        if meter_id in self.bindings.index.direct_meters:
            raise invalid(f"meter {meter_id:#x} is direct; use DirectMeterEntry")
        return self._get(self.meters, meter_id, "meter")

    def register(self, register_id: int) -> RegisterArray:
        """A register by id, or INVALID_ARGUMENT."""
        return self._get(self.registers, register_id, "register")

    def value_set(self, value_set_id: int) -> ValueSetState:
        """A value set by id, or INVALID_ARGUMENT."""
        return self._get(self.value_sets, value_set_id, "value set")

    def digest(self, digest_id: int) -> DigestState:
        """A digest by id, or INVALID_ARGUMENT."""
        return self._get(self.digests, digest_id, "digest")

    def _get(self, objects: Mapping[int, T], number: int, kind: str) -> T:
        found = objects.get(number)
        if found is None:
            raise _unknown(objects, number, kind)
        return found


def _unknown(objects: Mapping[int, Any], number: int, kind: str) -> P4RuntimeError:
    known = [f"{item.binding.name} ({i:#x})" for i, item in objects.items()]
    listed = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
    return invalid(f"there is no {kind} {number:#x}; " + (f"there are {listed}" if known else "there is none at all"))
