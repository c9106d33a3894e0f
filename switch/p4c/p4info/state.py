"""Action profiles, counters, meters, registers and digests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from finsy.proto import p4i

from switch.p4c import ir
from switch.p4c.p4info import symbols as kinds
from switch.p4c.p4info.annotations import number_of, text_of
from switch.p4c.typesys import NewType, Type

if TYPE_CHECKING:
    from switch.p4c.p4info.build import Builder

COUNTER_UNITS = {
    "packets": p4i.CounterSpec.PACKETS, "bytes": p4i.CounterSpec.BYTES, "packets_and_bytes": p4i.CounterSpec.BOTH,
}  # fmt: skip
METER_UNITS = {"packets": p4i.MeterSpec.PACKETS, "bytes": p4i.MeterSpec.BYTES}
SELECTOR_ANNOTATIONS = frozenset({"max_group_size", "selector_size_semantics", "max_member_weight"})


class StateWriter:
    """Adds these objects to a builder's message."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.info = builder.info

    def write(self) -> None:
        """All of them, each list in the IR's order; direct ones follow their tables."""
        program = self.builder.program
        order = {table.name: index for index, table in enumerate(program.tables)}
        for profile in program.action_profiles:
            self._profile(profile)
        for counter in program.counters:
            if counter.size is not None:
                self._counter(counter)
        for counter in sorted((c for c in program.counters if c.table in order), key=lambda c: order[c.table or ""]):
            self._direct_counter(counter)
        for meter in program.meters:
            if meter.size is not None:
                self._meter(meter)
        for meter in sorted((m for m in program.meters if m.table in order), key=lambda m: order[m.table or ""]):
            self._direct_meter(meter)
        for register in program.registers:
            self._register(register)
        written: set[str] = set()
        for digest in program.digests:
            if digest.name not in written:
                written.add(digest.name)
                self._digest(digest)

    def _index_type(self, message: Any, type_: Type | None) -> None:
        if type_ is not None:
            self.builder.types.spec(type_)
            if isinstance(type_, NewType):
                message.index_type_name.name = type_.name

    def _profile(self, profile: ir.ActionProfile) -> None:
        builder = self.builder
        message = self.info.action_profiles.add()
        builder.preamble(message, kinds.ACTION_PROFILE, profile.name, profile.annotations, SELECTOR_ANNOTATIONS)
        message.size = profile.size
        users = sorted(t.name for t in builder.program.tables if t.action_profile == profile.name)
        message.table_ids.extend(builder.symbols.id(kinds.TABLE, name) for name in users)
        if profile.algorithm is None:
            return
        message.with_selector = True
        size = number_of(profile.annotations, "max_group_size")
        message.max_group_size = size if size is not None else profile.max_group_size or 0
        semantics = (text_of(profile.annotations, "selector_size_semantics") or "").upper()
        if semantics == "SUM_OF_WEIGHTS":
            message.sum_of_weights.SetInParent()
        elif semantics == "SUM_OF_MEMBERS":
            message.sum_of_members.SetInParent()
            weight = number_of(profile.annotations, "max_member_weight")
            if weight is not None:
                message.sum_of_members.max_member_weight = weight

    def _counter(self, counter: ir.Counter) -> None:
        message = self.info.counters.add(size=counter.size or 0)
        self.builder.preamble(message, kinds.COUNTER, counter.name, counter.annotations)
        message.spec.unit = COUNTER_UNITS[counter.unit]
        self._index_type(message, counter.index_type)

    def _direct_counter(self, counter: ir.Counter) -> None:
        message = self.info.direct_counters.add()
        self.builder.preamble(message, kinds.DIRECT_COUNTER, counter.name, counter.annotations)
        message.spec.unit = COUNTER_UNITS[counter.unit]
        message.direct_table_id = self.builder.symbols.id(kinds.TABLE, counter.table or "")

    def _meter(self, meter: ir.Meter) -> None:
        message = self.info.meters.add(size=meter.size or 0)
        self.builder.preamble(message, kinds.METER, meter.name, meter.annotations)
        message.spec.unit = METER_UNITS[meter.unit]
        self._index_type(message, meter.index_type)

    def _direct_meter(self, meter: ir.Meter) -> None:
        message = self.info.direct_meters.add()
        self.builder.preamble(message, kinds.DIRECT_METER, meter.name, meter.annotations)
        message.spec.unit = METER_UNITS[meter.unit]
        message.direct_table_id = self.builder.symbols.id(kinds.TABLE, meter.table or "")

    def _register(self, register: ir.Register) -> None:
        message = self.info.registers.add(size=register.size)
        self.builder.preamble(message, kinds.REGISTER, register.name, register.annotations)
        message.type_spec.CopyFrom(self.builder.types.spec(register.type))
        self._index_type(message, register.index_type)

    def _digest(self, digest: ir.Digest) -> None:
        message = self.info.digests.add()
        self.builder.preamble(message, kinds.DIGEST, digest.name, [])
        message.type_spec.CopyFrom(self.builder.types.spec(digest.type))
