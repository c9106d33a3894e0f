"""How much the shards of two customers overlap: exact figures, from counting alone.

With shards of k of n nodes chosen at random, two customers share i nodes with probability
C(k, i) C(n-k, k-i) / C(n, k).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from math import comb

SIGNIFICANT = 6


class ShardError(Exception):
    """Sizes that make no sense, or more customers than fit; the text says why."""


@dataclass(frozen=True)
class Overlap:
    """How many of all shards share exactly `nodes` nodes with a given one, and what part of them that is."""

    nodes: int
    shards: int
    probability: Fraction

    def percent(self) -> str:
        """The probability in per cent with six significant digits, without an exponent."""
        return significant(self.probability * 100)


def overlaps(nodes: int, shard: int, bound: int | None = None) -> tuple[Overlap, ...]:
    """How two customers overlap; with `bound`, among those that share at most that many nodes."""
    check_sizes(nodes, shard)
    most = shard if bound is None else min(bound, shard)
    if most < 0:
        raise ShardError("the bound on the overlap must not be negative")
    counts = [comb(shard, i) * comb(nodes - shard, shard - i) for i in range(most + 1)]
    total = sum(counts)
    if not total:
        raise ShardError(f"any two shards of {shard} of {nodes} nodes share more than {most} nodes")
    return tuple(Overlap(i, count, Fraction(count, total)) for i, count in enumerate(counts))


def expected_overlap(nodes: int, shard: int) -> Fraction:
    """The mean number of nodes that two customers share."""
    check_sizes(nodes, shard)
    return Fraction(shard * shard, nodes)


def whole_shard_lost(nodes: int, shard: int, failed: int) -> Fraction:
    """The probability that `failed` random nodes include all of a customer's."""
    check_sizes(nodes, shard)
    return Fraction(comb(failed, shard), comb(nodes, shard))


def check_sizes(nodes: int, shard: int) -> None:
    """Raises ShardError unless a shard fits the nodes."""
    if not 1 <= shard <= nodes:
        raise ShardError(f"a shard of {shard} of {nodes} nodes is not possible: from 1 to all of them")


def significant(value: Fraction) -> str:
    """A number with six significant digits, written out."""
    if not value:
        return "0"
    context = Context(prec=SIGNIFICANT)
    rounded = context.divide(Decimal(value.numerator), Decimal(value.denominator))
    digits = SIGNIFICANT - 1 - rounded.adjusted()
    return f"{rounded:.{max(digits, 0)}f}"
