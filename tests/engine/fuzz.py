"""Structure-aware packets and table churn against programs built with sanitizers.

python -m tests.engine.fuzz SECONDS PACKETS CASE.json...     runs each case that long, or for so many packets

It needs libasan preloaded; test_sanitized says how. Prints a line for each case; a sanitizer ends the process.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from switch.engine import ActionCall, BuildOptions, Engine, EngineError, KeyKind, MeterRates, Table
from switch.engine.program.actions import ActionSpec
from switch.engine.program.keys import KeySpec, prefix_mask
from switch.engine.tables import Target

from .walker import Walker

BATCH = 128
CPU_PORT = 255
MUTANTS = 14  # of each packet
SEED_SHARE = 0.5  # of the packets that start from the case's own, where it has some


@dataclass(frozen=True)
class Case:
    """A program, entries that make it work, and packets that get through it, all bytes in hexadecimal."""

    name: str
    config: str
    entries: tuple[tuple[str, str, str | None, int, str, str], ...] = ()  # table, key, mask, priority, action, data
    packets: tuple[tuple[int, str], ...] = ()

    def save(self, folder: Path) -> Path:
        """Writes the case to a file in `folder`."""
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(asdict(self)))
        return path


def load(path: Path) -> Case:
    """A case that was saved, or a bare program in BMv2 JSON."""
    found = json.loads(path.read_text())
    return Case(**found) if "config" in found else Case(path.stem, path.read_text())


class Churn:
    """What a control plane may do to an engine, at random."""

    def __init__(self, engine: Engine, walker: Walker, rng: random.Random) -> None:
        self._engine = engine
        self._walker = walker
        self._rng = rng
        self._tables = [table for table in engine.tables.values() if table.spec.entries is None and table.spec.keys]

    def step(self) -> None:
        """Does one thing; refusals are as good as success."""
        acts = (self._insert, self._insert, self._insert, self._change, self._cells, self._replicate, self._groups)
        with suppress(EngineError):
            self._rng.choice(acts)()

    def _data(self, action: ActionSpec) -> bytes:
        return b"".join(self._walker.value(p.width).to_bytes((p.width + 7) // 8) for p in action.params)

    def _target(self, table: Table) -> Target:
        if table.spec.action_profile is not None:
            profile = self._engine.action_profiles[table.spec.action_profile]
            return self._rng.choice([*profile.members(), *profile.groups()])
        action = self._rng.choice(table.spec.actions)
        return ActionCall(action.name, self._data(action))

    def _key(self, key: KeySpec) -> tuple[bytes, bytes]:
        value, ones = self._walker.value(key.width), (1 << key.width) - 1
        mask = ones
        if key.kind is KeyKind.LPM:
            mask = prefix_mask(key.width, self._rng.randrange(key.width + 1))
        elif key.kind is KeyKind.TERNARY:
            mask = self._rng.choice((0, ones, self._walker.value(key.width)))
        elif key.kind is KeyKind.OPTIONAL:
            mask = self._rng.choice((0, ones))
        elif key.kind is KeyKind.RANGE:
            value, mask = sorted((value, self._walker.value(key.width)))
            return value.to_bytes(key.size), mask.to_bytes(key.size)
        return (value & mask).to_bytes(key.size), mask.to_bytes(key.size)

    def _insert(self) -> None:
        if not self._tables:
            return
        table = self._rng.choice(self._tables)
        pairs = [self._key(key) for key in table.spec.keys]
        key, mask = (b"".join(part) for part in zip(*pairs, strict=True))
        idle = self._rng.choice((0, 0, 1000))
        try:
            table.insert(key, mask, self._rng.randrange(1, 50), self._target(table), idle)
        except IndexError:  # the profile has no member yet
            self._groups()

    def _change(self) -> None:
        if not self._tables:
            return
        table = self._rng.choice(self._tables)
        handles = [entry.handle for entry in table.entries()]
        if len(handles) > 200:
            table.clear()
        elif handles:
            handle = self._rng.choice(handles)
            if self._rng.random() < 0.5:
                table.modify(handle, self._target(table))
            else:
                table.delete(handle)
        if self._rng.random() < 0.1:
            action = self._rng.choice(table.spec.actions)
            table.set_default(ActionCall(action.name, self._data(action)))
        elif self._rng.random() < 0.2:
            table.reset_default()

    def _cells(self) -> None:
        rng = self._rng
        for counter in self._engine.counters.values():
            counter.write(rng.randrange(max(counter.spec.size, 1)), 1, 1)
        for meter in self._engine.meters.values():
            meter.set(rng.randrange(max(meter.spec.size, 1)), MeterRates(1, 1, rng.randrange(1, 1000), 2))
        for register in self._engine.registers.values():
            at = rng.randrange(max(register.spec.size, 1))
            register.write(at, self._walker.value(register.spec.width))
            register.read(at)
        for values in self._engine.value_sets.values():
            values.set([(rng.randbytes(values.key_bytes), None) for _ in range(rng.randrange(4))])

    def _replicate(self) -> None:
        rng, to = self._rng, self._engine.replication
        replicas = [(rng.randrange(512), rng.randrange(4)) for _ in range(rng.randrange(5))]
        number = rng.choice([n for n in self._walker.pool if 0 < n < 1 << 15])
        if rng.random() < 0.2:
            to.delete_multicast(number)
        elif rng.random() < 0.5:
            to.set_multicast(number, replicas)
        else:
            to.set_clone_session(number, replicas, rng.choice((0, 0, 1, 14, 100)))

    def _groups(self) -> None:
        rng = self._rng
        for profile in self._engine.action_profiles.values():
            members, groups = list(profile.members()), list(profile.groups())
            action = rng.choice(profile.spec.actions)
            call = ActionCall(action.name, self._data(action))
            if len(members) < 5:
                members.append(profile.add_member(call))
            else:
                profile.modify_member(rng.choice(members), call)
            if profile.spec.selector is not None and len(groups) < 4:
                profile.add_group([(rng.choice(members), rng.randrange(1, 4))])
            elif groups and rng.random() < 0.3:
                profile.delete_group(rng.choice(groups))
            if rng.random() < 0.3:
                profile.delete_member(rng.choice(members))


def packets(case: Case, walker: Walker, rng: random.Random) -> Iterator[tuple[int, bytes]]:
    """Packets without end."""
    seeds = [(port, bytes.fromhex(data)) for port, data in case.packets]
    recent: list[bytes] = []
    while True:
        if seeds and rng.random() < SEED_SHARE:
            port, data = rng.choice(seeds)
        else:
            port, data = rng.choice((0, 1, 2, 3, CPU_PORT, rng.randrange(512))), walker.packet()
        recent = [*recent[-15:], data]
        yield port, data
        yield port, rng.randbytes(rng.randrange(90))
        for _ in range(MUTANTS):
            yield port, walker.mutated(data, recent)


def _prepare(engine: Engine, case: Case) -> None:
    for table, key, mask, priority, action, data in case.entries:
        call = ActionCall(action, bytes.fromhex(data))
        engine.tables[table].insert(bytes.fromhex(key), None if mask is None else bytes.fromhex(mask), priority, call)


def check_law(engine: Engine, name: str) -> None:
    """Raises unless every packet is accounted for."""
    stats = engine.stats()
    dropped = sum(value for key, value in stats.items() if key.startswith("dropped_"))
    if stats["in"] + stats["generated"] != stats["out"] + stats["to_cpu"] + stats["consumed"] + dropped:
        raise AssertionError(f"{name}: packets are not accounted for: {stats}")


def run(case: Case, seconds: float, count: int, seed: int = 7) -> str:
    """Fuzzes one case under sanitizers, with a control thread beside; returns a line of figures."""
    rng = random.Random(seed)
    with Engine(case.config, cpu_port=CPU_PORT, seed=seed, options=BuildOptions(sanitize=True)) as engine:
        walker = Walker(engine.program, case.config, rng)
        own = random.Random(seed + 1)
        churn = Churn(engine, Walker(engine.program, case.config, own), own)
        _prepare(engine, case)
        stop, failed = threading.Event(), []

        def control() -> None:
            try:
                while not stop.is_set():
                    churn.step()
                    time.sleep(0.0002)
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=control)
        source, done, end = packets(case, walker, rng), 0, time.monotonic() + seconds
        thread.start()
        try:
            while done < count and time.monotonic() < end and not failed:
                engine.process_batch([next(source) for _ in range(BATCH)])
                engine.poll_events()
                done += BATCH
        finally:
            stop.set()
            thread.join()
        for error in failed:
            raise error
        check_law(engine, case.name)
        stats = engine.stats()
        return f"{case.name}: {done} packets, {stats['out'] + stats['to_cpu']} came out"


def main(seconds: float, count: int, paths: list[Path]) -> None:
    """Runs all cases and says so."""
    for path in paths:
        case = load(path)
        try:
            print(run(case, seconds, count), flush=True)
        except EngineError as error:
            print(f"{case.name}: does not load: {str(error)[:200]}", flush=True)
    print("clean")


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
