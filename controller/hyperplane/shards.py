"""Which nodes a customer gets: shuffle sharding, at random or with a bound on what any two customers share.

At random, nothing is promised for a given pair of customers, only how likely an overlap is (`overlap`). With a bound,
shards come from a packing: no `bound + 1` nodes are together in two shards. How many there can be is limited; the plan
says how many it has, and refuses the customer after the last.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, product
from math import comb

from controller.hyperplane.fields import Field, field, prime_powers
from controller.hyperplane.overlap import ShardError, check_sizes

Shard = tuple[int, ...]
# Up to so many possible shards the packing is searched for, and so long; beyond, it is constructed and filled up.
SMALL, PATIENCE = 3_000, 100_000
MISSES = 1_000


class OutOfShards(ShardError):
    """More customers than the bound allows."""


def johnson(nodes: int, shard: int, bound: int) -> int:
    """More shards than this cannot be, with any two sharing at most `bound` nodes (the Johnson bound)."""
    check_sizes(nodes, shard)
    if bound >= shard:
        return comb(nodes, shard)
    limit = 1
    for i in range(bound, -1, -1):
        limit = limit * (nodes - i) // (shard - i)
    return limit


def random_shard(nodes: int, shard: int, customer: int, seed: int = 0) -> Shard:
    """The customer's nodes, any set as likely as any other; always the same for a customer and seed."""
    check_sizes(nodes, shard)
    return tuple(sorted(random.Random(f"{seed}/{customer}").sample(range(nodes), shard)))


@dataclass(frozen=True)
class BoundedPlan:
    """Shards of which any two share at most `bound` nodes; `most` is what no plan can exceed."""

    nodes: int
    shard: int
    bound: int
    shards: tuple[Shard, ...]
    most: int

    @property
    def capacity(self) -> int:
        """How many customers this plan takes."""
        return len(self.shards)

    def shard_of(self, customer: int) -> Shard:
        """The nodes of a customer, numbered from 0; raises OutOfShards beyond the capacity."""
        if not 0 <= customer < self.capacity:
            raise OutOfShards(
                f"customer {customer + 1} does not fit: {self.capacity} shards of {self.shard} of {self.nodes} nodes"
                f" share at most {self.bound} (at most {self.most} are possible); allow more overlap or add nodes"
            )
        return self.shards[customer]


def bounded_plan(nodes: int, shard: int, bound: int, seed: int = 0) -> BoundedPlan:
    """As many shards as can be found with that bound; the seed changes the names of nodes and the order of shards."""
    check_sizes(nodes, shard)
    if not 0 <= bound < shard:
        raise ShardError(f"a bound of {bound} on the overlap of shards of {shard}: it must be from 0 to {shard - 1}")
    rng = random.Random(seed)
    most = johnson(nodes, shard, bound)
    if comb(nodes, shard) <= SMALL:
        found = _searched(nodes, shard, bound, most, rng)
    else:
        found = _filled_up(nodes, shard, bound, list(_constructed(nodes, shard, bound)), rng)
    names = rng.sample(range(nodes), nodes)
    shards = [tuple(sorted(names[node] for node in one)) for one in found]
    rng.shuffle(shards)
    return BoundedPlan(nodes, shard, bound, tuple(shards), most)


def _searched(nodes: int, shard: int, bound: int, most: int, rng: random.Random) -> list[Shard]:
    """Backtracking until the bound is reached or patience is over; the best so far."""
    everything = list(combinations(range(nodes), shard))
    rng.shuffle(everything)
    masks = [sum(1 << node for node in one) for one in everything]
    best: list[int] = []
    steps = 0

    def extend(chosen: list[int], left: list[int]) -> bool:
        nonlocal best, steps
        if len(chosen) > len(best):
            best = list(chosen)
        for position, index in enumerate(left):
            steps += 1
            if len(best) >= most or steps > PATIENCE:
                return True
            if len(chosen) + len(left) - position <= len(best):
                return False
            rest = [i for i in left[position + 1 :] if (masks[i] & masks[index]).bit_count() <= bound]
            if extend([*chosen, index], rest):
                return True
        return False

    extend([], list(range(len(masks))))
    return [everything[index] for index in best]


def _constructed(nodes: int, shard: int, bound: int) -> Iterator[Shard]:
    """One node of each of `shard` groups: the values of all polynomials with bound + 1 coefficients at as many points.

    Two polynomials agree at `bound` points at most. For group sizes that are no prime power, fields are combined.
    """
    size = next((g for g in range(nodes // shard, 1, -1) if _carries(g, shard)), 0)
    if not size:
        return
    fields = [field(prime, exponent) for prime, exponent in prime_powers(size)]
    values = [_columns(one, shard, bound + 1) for one in fields]
    for columns in product(*values):
        yield tuple(group * size + _joined(fields, [column[group] for column in columns]) for group in range(shard))


def _carries(size: int, points: int) -> bool:
    """Whether every field of the size's factors has enough points, the one at infinity included."""
    return all(prime**exponent + 1 >= points for prime, exponent in prime_powers(size))


def _columns(one: Field, points: int, coefficients: int) -> list[tuple[int, ...]]:
    made = []
    for polynomial in product(range(one.order), repeat=coefficients):
        finite = [one.value(polynomial, at) for at in range(min(points, one.order))]
        made.append(tuple([*finite, polynomial[-1]][:points]))
    return made


def _joined(fields: list[Field], values: list[int]) -> int:
    number = 0
    for one, value in zip(fields, values, strict=True):
        number = number * one.order + value
    return number


def _filled_up(nodes: int, shard: int, bound: int, start: list[Shard], rng: random.Random) -> list[Shard]:
    """Adds random shards that fit, until none has fitted for long."""
    used = {part for one in start for part in combinations(one, bound + 1)}
    found, misses = list(start), 0
    draw: Callable[[], Shard] = lambda: tuple(sorted(rng.sample(range(nodes), shard)))  # noqa: E731
    while misses < MISSES:
        candidate = draw()
        parts = set(combinations(candidate, bound + 1))
        if used.isdisjoint(parts):
            used |= parts
            found.append(candidate)
            misses = 0
        else:
            misses += 1
    return found
