"""What a control plane does while packets run, at random."""

from __future__ import annotations

import random
from contextlib import suppress

from switch.engine import ActionCall, Engine, EngineError, KeyKind, MeterRates, Table
from switch.engine.program.actions import ActionSpec
from switch.engine.program.keys import KeySpec, prefix_mask
from switch.engine.tables import Target

from .walker import Walker


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
