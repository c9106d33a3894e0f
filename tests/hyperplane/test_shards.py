"""Shuffle sharding: the talk's tables, a measured assignment, and plans with a bound."""

import random
from collections import Counter
from itertools import combinations

import pytest
from typer.testing import CliRunner

from controller.commands.hyperplane import hyperplane
from controller.hyperplane.overlap import ShardError, expected_overlap, overlaps, whole_shard_lost
from controller.hyperplane.shards import OutOfShards, bounded_plan, johnson, random_shard


def percents(nodes: int, shard: int, bound: int | None = None) -> list[str]:
    return [row.percent() for row in overlaps(nodes, shard, bound)]


def test_three_of_eight_nodes() -> None:
    assert percents(8, 3) == ["17.8571", "53.5714", "26.7857", "1.78571"]
    assert [row.shards for row in overlaps(8, 3)] == [10, 30, 15, 1]
    assert expected_overlap(8, 3) == 9 / 8


def test_five_of_a_hundred_nodes() -> None:
    assert percents(100, 5) == ["76.9590", "21.1426", "1.83849", "0.0593060", "0.000630915", "0.00000132824"]
    assert [row.shards for row in overlaps(100, 5)] == [57_940_519, 15_917_725, 1_384_150, 44_650, 475, 1]


def test_five_of_a_hundred_nodes_given_an_overlap_of_at_most_two() -> None:
    assert percents(100, 5, 2) == ["77.0052", "21.1553", "1.83959"]
    assert percents(8, 3, 1) == ["25.0000", "75.0000"]


def test_the_chance_to_lose_all_nodes() -> None:
    assert [round(float(whole_shard_lost(8, 3, f)) * 100, 3) for f in (2, 3, 4, 5)] == [0.0, 1.786, 7.143, 17.857]
    assert float(whole_shard_lost(100, 5, 7)) == pytest.approx(2.79e-7, rel=1e-3)


def test_ten_thousand_customers_overlap_as_often_as_counting_says() -> None:
    shards = [frozenset(random_shard(100, 5, customer)) for customer in range(10_000)]
    rng = random.Random(1)
    pairs = [rng.sample(shards, 2) for _ in range(200_000)]
    seen = Counter(len(one & other) for one, other in pairs)
    errors = [abs(seen[row.nodes] - 200_000 * row.probability) for row in overlaps(100, 5)]
    allowed = [4.5 * (200_000 * float(row.probability)) ** 0.5 + 1 for row in overlaps(100, 5)]
    assert all(error <= most for error, most in zip(errors, allowed, strict=True)), seen
    assert max(Counter(node for shard in shards for node in shard).values()) < 600


def test_a_customers_random_shard_never_changes() -> None:
    assert random_shard(100, 5, 7) == random_shard(100, 5, 7)
    assert random_shard(100, 5, 7) != random_shard(100, 5, 7, seed=1)


@pytest.mark.parametrize("seed", range(30))
def test_eight_customers_of_three_of_eight_nodes_share_at_most_one_and_the_ninth_is_refused(seed: int) -> None:
    plan = bounded_plan(8, 3, 1, seed)
    shards = [plan.shard_of(customer) for customer in range(8)]
    assert max(len(set(one) & set(other)) for one, other in combinations(shards, 2)) <= 1
    with pytest.raises(OutOfShards, match="customer 9 does not fit: 8 shards of 3 of 8 nodes share at most 1"):
        plan.shard_of(8)


def test_a_hundred_nodes_take_eight_thousand_customers_that_share_at_most_two() -> None:
    plan = bounded_plan(100, 5, 2)
    triples = Counter(triple for shard in plan.shards for triple in combinations(shard, 3))
    assert plan.capacity >= 8_000
    assert plan.most == 15_840
    assert set(triples.values()) == {1}
    assert {len(set(shard)) for shard in plan.shards} == {5}


@pytest.mark.parametrize(("sizes", "most"), [((8, 3, 1), 8), ((100, 5, 2), 15_840), ((100, 5, 1), 480), ((7, 3, 1), 7)])
def test_no_plan_exceeds_the_bound_of_counting(sizes: tuple[int, int, int], most: int) -> None:
    assert johnson(*sizes) == most
    assert bounded_plan(*sizes).capacity <= most


@pytest.mark.parametrize("sizes", [(12, 4, 1), (20, 4, 2), (30, 5, 1), (17, 5, 2), (9, 3, 0)])
def test_a_plan_keeps_its_bound(sizes: tuple[int, int, int]) -> None:
    plan = bounded_plan(*sizes)
    assert plan.capacity > 2
    assert max(len(set(one) & set(other)) for one, other in combinations(plan.shards, 2)) <= sizes[2]


@pytest.mark.parametrize(("sizes", "words"), [((3, 5, None), "from 1 to all"), ((5, 5, 0), "share more than 0")])
def test_sizes_that_make_no_sense_are_refused(sizes: tuple[int, int, int | None], words: str) -> None:
    with pytest.raises(ShardError, match=words):
        overlaps(*sizes)


def test_the_command_prints_the_table_the_capacity_and_bars() -> None:
    done = CliRunner().invoke(hyperplane, ["overlap", "--nodes", "8", "--shard", "3", "--bound", "1", "--plot"])
    assert done.exit_code == 0, done.output
    assert "75.0000" in done.output
    assert "8 customers fit, more than 8 cannot" in done.output
    assert "█" * 60 in done.output


def test_the_command_refuses_a_shard_larger_than_the_fleet() -> None:
    done = CliRunner().invoke(hyperplane, ["overlap", "--nodes", "3", "--shard", "5"])
    assert done.exit_code == 2
    assert "a shard of 5 of 3 nodes is not possible" in done.output
