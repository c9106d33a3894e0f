"""A loaded program: the Python face of one running engine."""

from __future__ import annotations

import ctypes
import hashlib
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from . import native
from .build import BuildOptions, build_engine
from .codegen import Unit, generate
from .errors import BadConfig, BadValue, EngineError, OutOfMemory
from .events import EventReader
from .externs import Counter, Meter, Register, ValueSet
from .offload import obstacle
from .profiles import ActionProfile
from .program import Program, read_program
from .replication import Replication
from .tables import Table
from .values import Clock, Event

MAX_PASSES = 4096
NO_PORT = 0xFFFFFFFF


class Engine:
    """A P4 program, compiled to native code and loaded.

    One thread at a time may run packets (`process`, `process_batch`, or p4e_run on `pointer`); all other calls may
    come from any thread at any time. With the same `seed` the same packets have the same effects; None is one that
    nobody can guess. With `prefault` the memory of registers is there from the start, on huge pages, not from the
    first packet that touches it. Raises BadConfig (naming the JSON path) or BuildFailed.
    """

    def __init__(
        self,
        config: bytes | str,
        *,
        clock: Clock = Clock.WALL,
        seed: int | None = 0,
        cpu_port: int | None = None,
        drop_port: int = 511,
        prefault: bool = False,
        options: BuildOptions | None = None,
    ) -> None:
        self.program, unit = _prepared(config)
        # Whether packet I/O may pass super-packets whole.
        self.carry_offload: bool = obstacle(self.program) is None
        self.library: ctypes.CDLL = native.load(build_engine(unit.text, options or BuildOptions()))
        self.clock = clock
        cpu = NO_PORT if cpu_port is None else cpu_port
        wanted = native.Options(*_secrets(seed), cpu, drop_port, clock.value, MAX_PASSES, prefault)
        self.pointer: int = self.library.p4e_open(ctypes.byref(wanted)) or 0
        if not self.pointer:
            raise OutOfMemory("the engine's state does not fit memory")
        self._stat_names = unit.stat_names
        self._running = threading.Lock()
        self._callback: object = None
        externs = self.program.externs
        self.tables: Mapping[str, Table] = _numbered(self.program.tables, lambda i, s: Table(self, i, s))
        self.action_profiles: Mapping[str, ActionProfile] = _numbered(
            self.program.action_profiles, lambda i, s: ActionProfile(self, i, s)
        )
        indirect = {name: spec for name, spec in externs.counters.items() if not spec.direct}
        self.counters: Mapping[str, Counter] = _numbered(indirect, lambda i, s: Counter(self, i, s))
        metered = {name: spec for name, spec in externs.meters.items() if not spec.direct}
        self.meters: Mapping[str, Meter] = _numbered(metered, lambda i, s: Meter(self, i, s))
        self.registers: Mapping[str, Register] = _numbered(externs.registers, lambda i, s: Register(self, i, s))
        self.value_sets: Mapping[str, ValueSet] = _numbered(
            externs.value_sets, lambda i, s: ValueSet(self, i, s, unit.value_set_bytes[s.name])
        )
        self.replication = Replication(self)
        self._events = EventReader(self, unit.logs)
        try:
            for table in self.tables.values():
                table.load_const()
        except EngineError as error:
            self.close()
            raise BadConfig("$.pipelines", f"constant entries: {error}") from None

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def process(self, port: int, packet: bytes) -> list[tuple[int, bytes]]:
        """Runs one packet that came in on `port`; returns (port, packet) for all that leave, in order."""
        return [(out, data) for _, out, data in self.process_batch([(port, packet)])]

    def process_batch(self, packets: Sequence[tuple[int, bytes]]) -> list[tuple[int, int, bytes]]:
        """Runs packets in order; returns (index of the packet that caused it, port, packet) for all that leave."""
        packed = b"".join(native.PACKET.pack(port, len(data)) + data for port, data in packets)
        out, size = ctypes.c_void_p(), ctypes.c_uint64()
        with self._running:
            status = self.library.p4e_process(
                self.pointer, packed, len(packed), len(packets), ctypes.byref(out), ctypes.byref(size)
            )
            native.check(status, "process")
            raw = ctypes.string_at(out.value, size.value) if out.value else b""
        return list(_outputs(raw))

    def replay(self, packets: Sequence[tuple[int, bytes]], rounds: int, tick_us: int = 0) -> int:
        """Runs the same packets `rounds` times inside C, dropping what leaves; returns nanoseconds (for benchmarks).

        Virtual time advances by `tick_us` each round.
        """
        packed = b"".join(native.PACKET.pack(port, len(data)) + data for port, data in packets)
        with self._running:
            taken = self.library.p4e_replay(self.pointer, packed, len(packed), len(packets), rounds, tick_us)
        return int(taken)

    def set_time(self, microseconds: int) -> None:
        """Sets the virtual clock; it must not go back."""
        if self.clock is not Clock.VIRTUAL:
            raise BadValue("the engine runs on the wall clock")
        self.library.p4e_set_time(self.pointer, microseconds)

    def time(self) -> int:
        """Microseconds since the engine was loaded, or what `set_time` said."""
        return int(self.library.p4e_time(self.pointer))

    def poll_events(self) -> list[Event]:
        """Digests, log lines and idle timeouts since the last call."""
        return self._events.poll()

    def on_event(self, callback: Callable[[], None] | None) -> None:
        """Sets what the packet thread calls at the end of a batch that queued events; it must be quick."""
        kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
        self._callback = None if callback is None else kind(lambda _: callback())
        pointer = None if self._callback is None else ctypes.cast(self._callback, ctypes.c_void_p)  # type: ignore[arg-type]
        self.library.p4e_on_event(self.pointer, pointer, None)

    def stats(self) -> dict[str, int]:
        """The engine's counters: in + generated = out + to_cpu + consumed + the sum of all dropped_*."""
        cells = (ctypes.c_uint64 * 64)()
        count = self.library.p4e_stats(self.pointer, cells, len(cells))
        return dict(zip(self._stat_names, cells[:count], strict=False))

    def adopt(self, old: Engine) -> list[str]:
        """Takes over from `old` what has the same name and layout; returns its names. No packet may be in flight.

        The old engine is left without what was taken and is only good for closing.
        """
        kept = (ctypes.c_uint8 * (sum(len(own) for own, _ in _adoptable(self, old)) + 1))()
        self.library.p4e_adopt(self.pointer, old.pointer, kept)
        names: list[str] = []
        flags = iter(kept)
        for own, theirs in _adoptable(self, old):
            for name, item in own.items():
                if next(flags):
                    names.append(name)
                    if isinstance(item, Table | ActionProfile | ValueSet):
                        item.take_over(theirs[name])
        self.replication.take_over(old.replication)
        return names

    def close(self) -> None:
        """Frees everything; the library itself stays loaded, for a process may load it again."""
        if self.pointer:
            self.library.p4e_close(self.pointer)
            self.pointer = 0


@lru_cache(maxsize=8)
def _prepared(config: bytes | str) -> tuple[Program, Unit]:
    """A program and its C: both are only read, so engines that run one program share them."""
    program = read_program(config)
    return program, generate(program)


def _adoptable(new: Engine, old: Engine) -> list[tuple[Mapping, Mapping]]:
    """What adoption looks at, in the order of p4e_adopt's flags."""
    return [
        (new.tables, old.tables),
        (new.action_profiles, old.action_profiles),
        (new.counters, old.counters),
        (new.meters, old.meters),
        (new.registers, old.registers),
        (new.value_sets, old.value_sets),
    ]


def _secrets(seed: int | None) -> tuple[int, int]:
    """The seed of the program's random numbers and the secret of hashing; the one must not tell the other."""
    if seed is None:
        return secrets.randbits(64), secrets.randbits(64)
    digest = hashlib.sha256(f"hashing {seed}".encode()).digest()
    return seed & (1 << 64) - 1, int.from_bytes(digest[:8])


def _numbered(specs: Mapping, make: Callable) -> dict:
    return {name: make(index, spec) for index, (name, spec) in enumerate(specs.items())}


def _outputs(raw: bytes) -> Iterator[tuple[int, int, bytes]]:
    offset = 0
    while offset < len(raw):
        index, port, size = native.OUTPUT.unpack_from(raw, offset)
        offset += native.OUTPUT.size
        yield index, port, raw[offset : offset + size]
        offset += size
