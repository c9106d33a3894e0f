"""Indices and pools against plain sets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.model.index import Groups, Loads, Pool


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9))))
def test_a_pool_finds_a_free_number_exactly_while_there_is_one(steps: list[tuple[bool, int]]) -> None:
    pool, used = Pool(0, 5), set[int]()
    for take, choice in steps:
        free = pool.free(used.__contains__)
        assert (free is None) == (used >= set(range(6)))
        assert free is None or free not in used
        if take and free is not None:
            used.add(free)
        elif take and choice <= 5:
            used.add(choice)
        elif choice in used:
            used.remove(choice)
            pool.give_back(choice)


def test_a_number_that_was_given_back_comes_last() -> None:
    pool, used = Pool(1, 3), {1}

    assert pool.free(used.__contains__) == 2
    used = set()
    pool.give_back(1)

    assert pool.free(used.__contains__) == 2
    assert pool.free({2, 3}.__contains__) == 1


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), unique=True), st.data())
def test_groups_hold_what_was_added_and_not_removed(pairs: list[tuple[int, int]], data: st.DataObject) -> None:
    groups: Groups[int, int] = Groups()
    for key, value in pairs:
        groups.add(key, str(value), value)
    gone = data.draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    for key, value in gone:
        groups.remove(key, str(value))
    left = [pair for pair in pairs if pair not in gone]

    for key in range(4):
        expected = [value for other, value in left if other == key]
        assert sorted(groups.get(key, ())) == sorted(expected)
        assert groups.count(key) == len(expected)
        assert (key in groups) == bool(expected)
        assert groups.one(key) in (expected or [None])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([1, -1])), max_size=30))
def test_loads_find_the_least(steps: list[tuple[str, int]]) -> None:
    loads, expected = Loads(), dict.fromkeys("abc", 0)
    for name in "abc":
        loads.join(name)
    for name, amount in steps:
        if expected[name] + amount >= 0:
            loads.shift(name, amount)
            expected[name] += amount
        found = loads.least()
        assert found is not None
        assert expected[found] == min(expected.values())


def test_a_thing_that_left_is_not_chosen() -> None:
    loads = Loads()
    loads.shift("a", 2)
    loads.join("a")
    loads.join("b")
    loads.leave("b")

    assert loads.least() == "a"
    loads.leave("a")
    assert loads.least() is None
