"""Indirect counters, meters and registers: arrays addressed by an index, or as a whole without one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from finsy.proto import p4d, p4i, p4r

from switch.p4runtime.bindings import ArrayBinding
from switch.p4runtime.errors import invalid, out_of_range, place, unimplemented
from switch.p4runtime.meters import (
    MAX_COUNT,
    check_colours,
    check_meter,
    colours_data,
    colours_of,
    config_of,
    rates_of,
)

COUNTS = p4i.CounterSpec


def counter_data(spec: p4i.CounterSpec, packets: int, octets: int) -> p4r.CounterData:
    """What a client sees of a counter: only the units that it has."""
    return p4r.CounterData(
        byte_count=0 if spec.unit == COUNTS.PACKETS else min(octets, MAX_COUNT),
        packet_count=0 if spec.unit == COUNTS.BYTES else min(packets, MAX_COUNT),
    )


def check_counts(data: p4r.CounterData) -> None:
    """Refuses negative counts."""
    if data.byte_count < 0 or data.packet_count < 0:
        raise invalid(f"a counter cannot be negative: {data.packet_count} packets, {data.byte_count} bytes")


@dataclass
class _Array:
    """What the three kinds share."""

    binding: ArrayBinding
    cells: Any

    def indices(self, message: Any) -> range:
        """The cells that a message means."""
        if not message.HasField("index"):
            return range(self.binding.size)
        index = message.index.index
        if index < 0:
            raise invalid(f"index {index} is negative")
        if index >= self.binding.size:
            raise out_of_range(f"index {index} is not below the size {self.binding.size}")
        return range(index, index + 1)


class CounterArray(_Array):
    """An indirect counter."""

    def write(self, message: p4r.CounterEntry) -> None:
        """Sets one cell or all; without data nothing changes."""
        with place(f"counter {self.binding.name!r}"):
            indices = self.indices(message)
            check_counts(message.data)
            if message.HasField("data"):
                for index in indices:
                    self.cells.write(index, message.data.packet_count, message.data.byte_count)

    def read(self, message: p4r.CounterEntry) -> Iterator[p4r.Entity]:
        """One cell or all."""
        with place(f"counter {self.binding.name!r}"):
            indices = self.indices(message)
        values = self.cells.read_all() if len(indices) > 1 else [self.cells.read(i) for i in indices]
        for index, (packets, octets) in zip(indices, values, strict=True):
            entry = p4r.CounterEntry(counter_id=self.binding.id, index=p4r.Index(index=index))
            entry.data.CopyFrom(counter_data(self.binding.info.spec, packets, octets))
            yield p4r.Entity(counter_entry=entry)


class MeterArray(_Array):
    """An indirect meter."""

    def write(self, message: p4r.MeterEntry) -> None:
        """Configures one cell or all, and sets what they counted; without either, everything is green again."""
        with place(f"meter {self.binding.name!r}"):
            indices = self.indices(message)
            counts = message.HasField("counter_data")
            check_colours(message.counter_data)
            rates = None
            if message.HasField("config"):
                check_meter(self.binding.info.spec, message.config)
                rates = rates_of(message.config)
            for index in indices:
                if rates is not None:
                    self.cells.set(index, rates)
                elif not counts:
                    self.cells.reset(index)
                if counts:
                    self.cells.set_colours(index, colours_of(message.counter_data))

    def read(self, message: p4r.MeterEntry) -> Iterator[p4r.Entity]:
        """One cell or all; the configuration is left out where it is the default, the counts unless asked for."""
        with place(f"meter {self.binding.name!r}"):
            indices = self.indices(message)
        for index in indices:
            entry = p4r.MeterEntry(meter_id=self.binding.id, index=p4r.Index(index=index))
            rates = self.cells.get(index)
            if rates is not None:
                entry.config.CopyFrom(config_of(rates))
            if message.HasField("counter_data"):
                entry.counter_data.CopyFrom(colours_data(self.cells.colours(index)))
            yield p4r.Entity(meter_entry=entry)


class RegisterArray(_Array):
    """A register array; the values have the P4 type that P4Info gives."""

    def write(self, message: p4r.RegisterEntry) -> None:
        """Sets one cell or all."""
        with place(f"register {self.binding.name!r}"):
            indices = self.indices(message)
            shape = self.binding.shape
            if shape is None:
                raise unimplemented("the type of the register is not known")
            (number,) = shape.decode(message.data)
            for index in indices:
                self.cells.write(index, number)

    def read(self, message: p4r.RegisterEntry) -> Iterator[p4r.Entity]:
        """One cell or all."""
        with place(f"register {self.binding.name!r}"):
            indices = self.indices(message)
        encode = self._encoder()
        for index, number in zip(indices, self._numbers(indices), strict=True):
            entry = p4r.RegisterEntry(register_id=self.binding.id, index=p4r.Index(index=index), data=encode(number))
            yield p4r.Entity(register_entry=entry)

    def _encoder(self) -> Callable[[int], p4d.P4Data]:
        shape = self.binding.shape
        if shape is None:
            raise unimplemented(f"register {self.binding.name!r}: its type is not known")
        return lambda number: shape.encode(iter((number,)))

    def _numbers(self, indices: range) -> Iterator[int]:
        if len(indices) == 1:
            return iter([self.cells.read(indices[0])])
        data = self.cells.read_all()
        size = len(data) // self.binding.size
        return (int.from_bytes(data[i * size : (i + 1) * size], "big") for i in indices)
