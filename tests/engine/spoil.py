"""Programs that somebody spoiled."""

from __future__ import annotations

import random
from typing import Any

SPOILS = (None, -1, 0, 1, 1 << 31, 1 << 70, "x", "0x", "-0xff", "0x" + "f" * 300, [], {}, True, 1.5, "\0", "é*/", "*")


def spoiled(root: Any, rng: random.Random) -> Any:
    """The program with one to three mistakes in it."""
    for _ in range(rng.choice((1, 1, 3))):
        root = mutated(root, rng)
    return root


def mutated(value: Any, rng: random.Random) -> Any:
    """Something like `value`, but wrong in one place: changed, gone, repeated, or exchanged with a sibling."""
    if isinstance(value, dict) and value and rng.random() < 0.95:
        key = rng.choice(list(value))
        if rng.random() < 0.05:
            return {k: v for k, v in value.items() if k != key}
        if rng.random() < 0.05:
            return {**value, key: value[rng.choice(list(value))]}
        return {**value, key: mutated(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.95:
        index = rng.randrange(len(value))
        kind = rng.random()
        if kind < 0.05:
            return value[:index] + value[index + 1 :]
        if kind < 0.1:
            return [*value, value[index]]
        if kind < 0.15:
            return rng.sample(value, len(value))
        return [*value[:index], mutated(value[index], rng), *value[index + 1 :]]
    return rng.choice((*SPOILS, value))
