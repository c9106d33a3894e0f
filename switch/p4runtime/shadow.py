"""An engine without packets: it holds what is written between VERIFY_AND_SAVE and COMMIT.

It answers to the names of `switch.engine.Engine` that the server uses, in plain Python, so that reads and writes
already mean the saved program while the running one still forwards.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from switch.engine.errors import DuplicateEntry, NoSuchEntry, ReadOnly, TableFull
from switch.engine.program import ProfileSpec, Program, RegisterSpec, TableSpec
from switch.engine.values import ActionCall, ColourCounts, Entry, Group, Member, MeterRates

Target = ActionCall | Member | Group
_Key = tuple[bytes, bytes, int]


class ShadowTable:
    """A table as a dictionary."""

    def __init__(self, spec: TableSpec):
        self.spec = spec
        self._ones = b"".join(((1 << key.width) - 1).to_bytes(key.size, "big") for key in spec.keys)
        self._handles: dict[_Key, int] = {}
        self._entries: dict[int, Entry] = {}
        self._counters: dict[int, tuple[int, int]] = {}
        self._meters: dict[int, MeterRates] = {}
        self._colours: dict[int, ColourCounts] = {}
        self._next = 1
        self.reset_default()
        for entry in spec.entries or ():
            call = ActionCall(spec.actions[entry.action].name, entry.data)
            handle = self.insert(entry.key, entry.mask, entry.priority, call)
            self._entries[handle] = replace(self._entries[handle], is_const=True)

    def insert(self, key: bytes, mask: bytes | None, priority: int, action: Target, idle_timeout_ns: int = 0) -> int:
        """Adds an entry and gives its handle."""
        full = (key, mask if mask is not None else self._ones, priority)
        if full in self._handles:
            raise DuplicateEntry("exists already")
        if len(self._handles) >= self.spec.size:
            raise TableFull("full")
        handle, self._next = self._next, self._next + 1
        self._handles[full] = handle
        self._entries[handle] = Entry(handle, *full, action, False, idle_timeout_ns, 0)
        return handle

    def unlock(self) -> None:
        """Makes the program's entries ordinary ones."""
        self._entries = {handle: replace(entry, is_const=False) for handle, entry in self._entries.items()}

    def find(self, key: bytes, mask: bytes | None, priority: int) -> int | None:
        """The handle of an entry."""
        return self._handles.get((key, mask if mask is not None else self._ones, priority))

    def modify(self, handle: int, action: Target, idle_timeout_ns: int | None = None) -> None:
        """Changes an entry."""
        entry = self.entry(handle)
        if entry.is_const:
            raise ReadOnly("const")
        timeout = entry.idle_timeout_ns if idle_timeout_ns is None else idle_timeout_ns
        self._entries[handle] = replace(entry, action=action, idle_timeout_ns=timeout)

    def delete(self, handle: int) -> None:
        """Removes an entry."""
        entry = self.entry(handle)
        if entry.is_const:
            raise ReadOnly("const")
        del self._handles[entry.key, entry.mask, entry.priority], self._entries[handle]
        self._counters.pop(handle, None)
        self._meters.pop(handle, None)
        self._colours.pop(handle, None)

    def entry(self, handle: int) -> Entry:
        """One entry."""
        if handle not in self._entries:
            raise NoSuchEntry(f"no entry {handle}")
        return self._entries[handle]

    def entries(self) -> Iterator[Entry]:
        """All entries."""
        return iter(list(self._entries.values()))

    def set_default(self, action: ActionCall) -> None:
        """Changes the default action."""
        self.default = action

    def reset_default(self) -> None:
        """The program's default action again."""
        default = self.spec.default
        self.default = ActionCall(self.spec.actions[default.action].name, default.data) if default else ActionCall("")

    def counter(self, handle: int) -> tuple[int, int]:
        """Packets and bytes of an entry."""
        return self._counters.get(handle, (0, 0))

    def set_counter(self, handle: int, packets: int, octets: int) -> None:
        """Sets an entry's counter."""
        self._counters[handle] = (packets, octets)

    def meter(self, handle: int) -> MeterRates | None:
        """The rates of an entry's meter."""
        return self._meters.get(handle)

    def set_meter(self, handle: int, rates: MeterRates | None) -> None:
        """Sets or (None) resets an entry's meter."""
        if rates is None:
            self._meters.pop(handle, None)
        else:
            self._meters[handle] = rates

    def colours(self, handle: int) -> ColourCounts:
        """What an entry's meter has counted."""
        return self._colours.get(handle, ColourCounts())

    def set_colours(self, handle: int, counts: ColourCounts) -> None:
        """Sets what an entry's meter has counted."""
        self._colours[handle] = counts


class ShadowCounter:
    """An indirect counter."""

    def __init__(self, size: int):
        self._cells = [(0, 0)] * size

    def read(self, index: int) -> tuple[int, int]:
        """Packets and bytes."""
        return self._cells[index]

    def read_all(self) -> list[tuple[int, int]]:
        """All cells."""
        return list(self._cells)

    def write(self, index: int, packets: int, octets: int) -> None:
        """Sets a cell."""
        self._cells[index] = (packets, octets)


class ShadowMeter:
    """An indirect meter."""

    def __init__(self) -> None:
        self._cells: dict[int, MeterRates] = {}
        self._colours: dict[int, ColourCounts] = {}

    def get(self, index: int) -> MeterRates | None:
        """The rates of a cell."""
        return self._cells.get(index)

    def set(self, index: int, rates: MeterRates) -> None:
        """Sets the rates of a cell."""
        self._cells[index] = rates

    def reset(self, index: int) -> None:
        """Makes a cell green again."""
        self._cells.pop(index, None)

    def colours(self, index: int) -> ColourCounts:
        """What a cell has counted."""
        return self._colours.get(index, ColourCounts())

    def set_colours(self, index: int, counts: ColourCounts) -> None:
        """Sets what a cell has counted."""
        self._colours[index] = counts


class ShadowRegister:
    """A register array."""

    def __init__(self, spec: RegisterSpec):
        self.size, self.width = spec.size, spec.width
        self._cells: dict[int, int] = {}

    def read(self, index: int) -> int:
        """A cell."""
        return self._cells.get(index, 0)

    def write(self, index: int, value: int) -> None:
        """Sets a cell."""
        self._cells[index] = value

    def read_all(self) -> bytes:
        """All cells, ceil(width/8) bytes each."""
        size = (self.width + 7) // 8
        return b"".join(self.read(i).to_bytes(size, "big") for i in range(self.size))


class ShadowProfile:
    """An action profile: only handles; the server itself knows the contents."""

    def __init__(self, spec: ProfileSpec):
        self.spec = spec
        self._next = 1

    def _take(self) -> int:
        self._next += 1
        return self._next - 1

    def add_member(self, action: ActionCall) -> Member:
        """A new member's handle."""
        return Member(self._take())

    def modify_member(self, member: Member, action: ActionCall) -> None:
        """Accepted."""

    def delete_member(self, member: Member) -> None:
        """Accepted."""

    def add_group(self, members: Iterable[tuple[Member, int]]) -> Group:
        """A new group's handle."""
        return Group(self._take())

    def modify_group(self, group: Group, members: Iterable[tuple[Member, int]]) -> None:
        """Accepted."""

    def delete_group(self, group: Group) -> None:
        """Accepted."""


class ShadowSink:
    """Value sets and replication: the server itself knows the contents, so everything is accepted."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None


class ShadowEngine:
    """All objects of a program, empty but for its initial entries."""

    def __init__(self, program: Program):
        externs = program.externs
        self.program = program
        self.tables = {name: ShadowTable(spec) for name, spec in program.tables.items()}
        self.counters = {name: ShadowCounter(spec.size) for name, spec in externs.counters.items() if not spec.direct}
        self.meters = {name: ShadowMeter() for name, spec in externs.meters.items() if not spec.direct}
        self.registers = {name: ShadowRegister(spec) for name, spec in externs.registers.items()}
        self.action_profiles = {name: ShadowProfile(spec) for name, spec in program.action_profiles.items()}
        self.value_sets = {name: ShadowSink() for name in externs.value_sets}
        self.replication = ShadowSink()
