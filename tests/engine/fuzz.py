"""Random packets and table updates through several programs; run under sanitizers by test_build."""

from __future__ import annotations

import random

from switch.engine import ActionCall, BuildOptions, DuplicateEntry, Engine, MeterRates

from . import test_externs, test_life, test_parser
from .programs import router


def packets(rng: random.Random, count: int) -> list[tuple[int, bytes]]:
    """Random bytes, and now and then something that parses further."""
    heads = (b"", bytes(12) + b"\x08\0" + b"\x45", b"\2", b"\3", b"\5", b"\7", b"\x08")
    return [(rng.randrange(512), rng.choice(heads) + rng.randbytes(rng.randrange(90))) for _ in range(count)]


def churn(engine: Engine, rng: random.Random) -> None:
    """Random entries come and go."""
    for table in engine.tables.values():
        if table.spec.entries is not None or not table.spec.keys or table.spec.action_profile is not None:
            continue
        for _ in range(40):
            action = rng.choice(table.spec.actions)
            data = b"".join((rng.getrandbits(p.width)).to_bytes((p.width + 7) // 8) for p in action.params)
            key = b"".join(rng.getrandbits(k.width).to_bytes(k.size) for k in table.spec.keys)
            mask = b"".join(
                (((1 << k.width) - 1) ^ ((1 << rng.randrange(k.width)) - 1)).to_bytes(k.size) for k in table.spec.keys
            )
            try:
                handle = table.insert(key, mask, rng.randrange(100), ActionCall(action.name, data))
            except DuplicateEntry:
                continue
            if rng.random() < 0.5:
                table.delete(handle)


def run(rounds: int) -> None:
    """Fuzzes for so many rounds a program."""
    rng = random.Random(7)
    programs = [
        router().text(),
        test_life.program().text(),
        test_externs.program().text(),
        test_parser.stack_program().text(),
        test_parser.varbit_program().text(),
    ]
    for text in programs:
        with Engine(text, options=BuildOptions(sanitize=True)) as engine:
            engine.replication.set_multicast(5, [(1, 1), (2, 2)])
            engine.replication.set_clone_session(7, [(4, 0)])
            for meter in engine.meters.values():
                meter.set(0, MeterRates(1, 1, 2, 2))
            for round_ in range(rounds):
                if round_ % 20 == 0:
                    churn(engine, rng)
                engine.process_batch(packets(rng, 20))
                engine.poll_events()
    print("clean")
