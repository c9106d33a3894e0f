"""The parts that indices are made of: groups of resources by a key, pools of free numbers, and loads of hosts.

Each answers in constant time and is kept up change by change.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

_K = TypeVar("_K", bound=Hashable)
_R = TypeVar("_R")


class Groups(Mapping[_K, tuple[_R, ...]], Generic[_K, _R]):
    """Resources by a key that several may share, in the order in which they came.

    Reading a group costs as much as the group is large; `one`, `count` and `in` cost nothing. A group of one is kept
    without a dictionary around it, since most keys (addresses, ports, numbers) have one resource.
    """

    def __init__(self) -> None:
        self._single: dict[_K, tuple[str, _R]] = {}
        self._groups: dict[_K, dict[str, _R]] = {}

    def add(self, key: _K, resource_id: str, resource: _R) -> None:
        """Puts a resource into the group."""
        group = self._groups.get(key)
        if group is not None:
            group[resource_id] = resource
        elif key in self._single:
            self._groups[key] = dict((self._single.pop(key), (resource_id, resource)))
        else:
            self._single[key] = (resource_id, resource)

    def remove(self, key: _K, resource_id: str) -> None:
        """Takes a resource out of the group."""
        if self._single.pop(key, None) is None:
            group = self._groups[key]
            del group[resource_id]
            if not group:
                del self._groups[key]

    def one(self, key: _K) -> _R | None:
        """The first resource of the group, or None when it is empty."""
        single = self._single.get(key)
        if single is not None:
            return single[1]
        return next(iter(self._groups.get(key, {}).values()), None)

    def count(self, key: _K) -> int:
        """How many resources the group has."""
        return 1 if key in self._single else len(self._groups.get(key, ()))

    def __contains__(self, key: object) -> bool:
        return key in self._single or key in self._groups

    def __getitem__(self, key: _K) -> tuple[_R, ...]:
        single = self._single.get(key)
        return tuple(self._groups[key].values()) if single is None else (single[1],)

    def __iter__(self) -> Iterator[_K]:
        yield from self._single
        yield from self._groups

    def __len__(self) -> int:
        return len(self._single) + len(self._groups)


class Pool:
    """Finds free numbers from `first` to `last`: new ones first, then those that were given back, oldest first.

    What is used is the caller's knowledge, asked for by `used`. Every free number below the mark was given back, so a
    search looks at each number once, however many there are.
    """

    def __init__(self, first: int, last: int) -> None:
        self._mark = first
        self._last = last
        self._given_back: dict[int, None] = {}

    def free(self, used: Callable[[int], bool]) -> int | None:
        """A free number, or None when all are used; it stays free until it is used."""
        while self._mark <= self._last:
            if not used(self._mark):
                return self._mark
            self._mark += 1
        while self._given_back:
            number = next(iter(self._given_back))
            if not used(number):
                return number
            del self._given_back[number]
        return None

    def give_back(self, number: int) -> None:
        """To be called whenever a number is no longer used."""
        if number < self._mark:
            self._given_back[number] = None


class Loads:
    """Things by how much they carry; finds one that carries least."""

    def __init__(self) -> None:
        self._load: dict[str, int] = {}
        self._members: dict[int, dict[str, None]] = {}
        self._present: set[str] = set()
        self._least = 0

    def join(self, name: str) -> None:
        """Makes a thing one that can be chosen; its load may be known already."""
        self._present.add(name)
        self._enter(name, self._load.get(name, 0))

    def leave(self, name: str) -> None:
        """Makes it one that cannot be chosen."""
        self._present.discard(name)
        self._exit(name, self._load.get(name, 0))

    def shift(self, name: str, amount: int) -> None:
        """Adds to the load of a thing, chosen or not."""
        before = self._load.get(name, 0)
        self._load[name] = before + amount
        if not self._load[name]:
            del self._load[name]
        if name in self._present:
            self._exit(name, before)
            self._enter(name, before + amount)

    def least(self) -> str | None:
        """One that carries least, or None when there is nothing to choose."""
        if not self._present:
            return None
        while self._least not in self._members:
            self._least += 1
        return next(iter(self._members[self._least]))

    def _enter(self, name: str, load: int) -> None:
        self._members.setdefault(load, {})[name] = None
        self._least = min(self._least, load)

    def _exit(self, name: str, load: int) -> None:
        members = self._members[load]
        del members[name]
        if not members:
            del self._members[load]


class Table(Mapping[str, _R], Generic[_R]):
    """Resources of one kind by id, and in groups.

    Each key function gives the key of one group, None for no group, or a frozenset of keys for several groups.
    """

    def __init__(self, **keys: Callable[[_R], Hashable]) -> None:
        self._rows: dict[str, _R] = {}
        self.groups: dict[str, Groups[Hashable, _R]] = {name: Groups() for name in keys}
        self._keys: list[tuple[Groups[Hashable, _R], Callable[[_R], Hashable]]] = [
            (self.groups[name], key) for name, key in keys.items()
        ]

    def add(self, resource_id: str, resource: _R) -> None:
        """Adds a resource to the table and its groups."""
        self._rows[resource_id] = resource
        for groups, key in self._keys:
            for value in _keys(key(resource)):
                groups.add(value, resource_id, resource)

    def remove(self, resource_id: str) -> None:
        """Takes a resource out of the table and its groups."""
        resource = self._rows.pop(resource_id)
        for groups, key in self._keys:
            for value in _keys(key(resource)):
                groups.remove(value, resource_id)

    def keys_of(self, resource: _R) -> Iterator[tuple[str, Hashable]]:
        """The groups of a resource, each with the key."""
        for name, (_, key) in zip(self.groups, self._keys, strict=True):
            for value in _keys(key(resource)):
                yield name, value

    def in_group(self, name: str, keys: Iterable[Hashable]) -> list[_R]:
        """The resources that are in any of these groups."""
        return [resource for key in keys for resource in self.groups[name].get(key, ())]

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __getitem__(self, key: str) -> _R:
        return self._rows[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def _keys(value: Hashable) -> Iterable[Hashable]:
    if value is None:
        return ()
    return value if isinstance(value, frozenset) else (value,)
