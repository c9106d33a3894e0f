"""Random numbers and hashing: repeatable where asked for, different every time where not."""

from __future__ import annotations

from switch.engine import Engine
from switch.engine.engine import _secrets

from .json_builder import Builder, call, egress_to, extract, f, n


def dice() -> str:
    """Sends the packet back with a random number in it."""
    b = Builder()
    b.header_type("h_t", number=64)
    b.header("h", "h_t")
    b.state("start", [extract("h")], default=None)
    b.run("ingress", "go", egress_to(1), call("modify_field_rng_uniform", f("h.number"), n(0), n((1 << 64) - 1)))
    return b.text()


def throws(seed: int | None) -> list[bytes]:
    with Engine(dice(), seed=seed) as engine:
        return [data for _, _, data in engine.process_batch([(0, bytes(8))] * 3)]


def test_one_seed_gives_the_same_numbers_again() -> None:
    assert throws(7) == throws(7)
    assert throws(7) != throws(8)


def test_without_a_seed_nobody_can_tell_the_numbers() -> None:
    assert throws(None) != throws(None)


def test_random_numbers_do_not_tell_the_secret_of_hashing() -> None:
    seed, secret = _secrets(7)

    assert seed != secret
    assert _secrets(7) == (seed, secret)
    assert _secrets(None)[0] != _secrets(None)[1]
