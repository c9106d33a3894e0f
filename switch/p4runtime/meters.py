"""Meter configurations: P4Runtime's five numbers and the engine's rates."""

from finsy.proto import p4i, p4r

from switch.engine.values import ColourCounts, MeterRates
from switch.p4runtime.errors import invalid

# The engine counts without a sign, clients with one.
MAX_COUNT = (1 << 63) - 1
_TWO_RATES = p4i.MeterSpec.TWO_RATE_THREE_COLOR
_TWO_COLORS = p4i.MeterSpec.SINGLE_RATE_TWO_COLOR


def check_meter(spec: p4i.MeterSpec, config: p4r.MeterConfig) -> None:
    """Refuses what the meter's type does not allow, with INVALID_ARGUMENT."""
    for name in ("cir", "cburst", "pir", "pburst", "eburst"):
        if getattr(config, name) < 0:
            raise invalid(f"meter {name} {getattr(config, name)} is negative")
    if spec.type == _TWO_RATES:
        if config.eburst:
            raise invalid(f"meter eburst is {config.eburst}; it must be unset for a two-rate three-colour meter")
        if config.pir < config.cir:
            raise invalid(f"meter pir {config.pir} is below cir {config.cir}")
        return
    if config.pir != config.cir or config.pburst != config.cburst:
        raise invalid("a single-rate meter needs pir = cir and pburst = cburst")
    if config.eburst and spec.type == _TWO_COLORS:
        raise invalid(f"meter eburst is {config.eburst}; it must be unset for a two-colour meter")


def rates_of(config: p4r.MeterConfig) -> MeterRates:
    """The engine's rates; units are those of the meter (packets or bytes)."""
    return MeterRates(config.cir, config.cburst, config.pir, config.pburst, config.eburst)


def config_of(rates: MeterRates) -> p4r.MeterConfig:
    """The client's form of a configuration."""
    return p4r.MeterConfig(cir=rates.cir, cburst=rates.cburst, pir=rates.pir, pburst=rates.pburst, eburst=rates.eburst)


def check_colours(data: p4r.MeterCounterData) -> None:
    """Refuses negative counts."""
    for name in ("green", "yellow", "red"):
        count = getattr(data, name)
        if count.packet_count < 0 or count.byte_count < 0:
            raise invalid(f"a meter cannot have counted less than nothing: {name} {count.packet_count} packets")


def colours_of(data: p4r.MeterCounterData) -> ColourCounts:
    """The engine's counts."""
    return ColourCounts(*((c.packet_count, c.byte_count) for c in (data.green, data.yellow, data.red)))


def colours_data(counts: ColourCounts) -> p4r.MeterCounterData:
    """The client's form of the counts, which have a sign there."""

    def data(count: tuple[int, int]) -> p4r.CounterData:
        return p4r.CounterData(packet_count=min(count[0], MAX_COUNT), byte_count=min(count[1], MAX_COUNT))

    return p4r.MeterCounterData(green=data(counts.green), yellow=data(counts.yellow), red=data(counts.red))
