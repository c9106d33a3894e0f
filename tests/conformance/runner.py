"""Running STF tests on our engine, with the meaning that p4c's own runner for BMv2 gives them."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

from switch.engine import ActionCall, Clock, Engine, KeyKind, KeySpec, MeterRates, TableSpec

from .stf import Add, Call, Command, Expect, Packet, SetDefault, Statement, parse_number

DIGIT_BITS = {"0x": 4, "0b": 1, "0o": 3}


class StfFailed(AssertionError):
    """A packet came out that should not have, did not come out, or differs."""


@dataclass
class StfRunner:
    """One test on one engine."""

    engine: Engine
    ports: set[int] = field(default_factory=set)
    expected: dict[int, list[Expect]] = field(default_factory=lambda: defaultdict(list))
    received: dict[int, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    nodes: list[tuple[int, list[int]]] = field(default_factory=list)
    groups: dict[int, list[int]] = field(default_factory=dict)
    mirrors: dict[int, int] = field(default_factory=dict)

    def run(self, statements: list[Statement]) -> None:
        """Runs all statements, then compares; raises StfFailed."""
        self.ports = {s.port for s in statements if isinstance(s, Packet | Expect)}
        for statement in statements:
            self._execute(statement)
        self._compare()

    def _execute(self, statement: Statement) -> None:
        match statement:
            case Packet(port, data):
                for out, packet in self.engine.process(port, data):
                    self.received[out].append(packet)
            case Expect():
                self.expected[statement.port].append(statement)
            case Add():
                self._add(statement)
            case SetDefault(table, call):
                found = self.engine.tables[self._table(table).name]
                found.set_default(action_call(found.spec, call))
            case Command(name, words):
                handler = getattr(self, f"_do_{name}", None)
                if handler is None:
                    raise StfFailed(f"unknown command {name}")
                handler(*words)

    def _compare(self) -> None:
        for port in sorted(self.ports | set(self.expected)):
            wanted, got = self.expected.get(port, []), self.received.get(port, [])
            if len(wanted) != len(got):
                raise StfFailed(f"port {port}: expected {len(wanted)} packets, got {[p.hex() for p in got]}")
            for index, (want, packet) in enumerate(zip(wanted, got, strict=True)):
                if not want.matches(packet):
                    raise StfFailed(f"port {port}, packet {index}: expected {want.pattern}, got {packet.hex().upper()}")

    def _table(self, name: str) -> TableSpec:
        tables = self.engine.program.tables
        return tables[_suffixed(name, list(tables), "table")]

    def _add(self, statement: Add) -> None:
        spec = self._table(statement.table)
        values = {resolve_key(spec, name): text for name, text in statement.matches}
        key, mask = b"", b""
        for part in spec.keys:
            value, bits = match_value(part, values.get(part.name))
            key += value.to_bytes(part.size)
            mask += bits.to_bytes(part.size)
        table = self.engine.tables[spec.name]
        table.insert(key, mask, statement.priority or 0, action_call(spec, statement.action))

    # Commands.

    def _do_wait(self, *_: str) -> None:
        """Time does not matter: packets run to completion."""

    def _do_mc_mgrp_create(self, group: str) -> None:
        self.groups[parse_number(group)] = []
        self._replicate()

    def _do_mc_node_create(self, rid: str, *ports: str) -> None:
        self.nodes.append((parse_number(rid), [parse_number(port) for port in ports]))

    def _do_mc_node_update(self, node: str, *ports: str) -> None:
        rid, _ = self.nodes[parse_number(node)]
        self.nodes[parse_number(node)] = (rid, [parse_number(port) for port in ports])
        self._replicate()

    def _do_mc_node_associate(self, group: str, node: str) -> None:
        self.groups[parse_number(group)].append(parse_number(node))
        self._replicate()

    def _do_mirroring_add(self, session: str, port: str) -> None:
        self.engine.replication.set_clone_session(parse_number(session), [(parse_number(port), 0)])

    def _do_mirroring_add_mc(self, session: str, group: str) -> None:
        self.mirrors[parse_number(session)] = parse_number(group)
        self._replicate()

    def _do_mirroring_delete(self, session: str) -> None:
        self.mirrors.pop(parse_number(session), None)
        self.engine.replication.delete_clone_session(parse_number(session))

    def _do_mirroring_get(self, session: str) -> None:
        """Only prints, on BMv2."""

    def _replicas(self, group: int) -> list[tuple[int, int]]:
        chosen = [self.nodes[node] for node in self.groups.get(group, [])]
        return [(port, rid) for rid, ports in chosen for port in sorted(set(ports))]

    def _replicate(self) -> None:
        for group in self.groups:
            self.engine.replication.set_multicast(group, self._replicas(group))
        for session, group in self.mirrors.items():
            self.engine.replication.set_clone_session(session, self._replicas(group))

    def _do_register_read(self, name: str, *index: str) -> None:
        self.engine.registers[_suffixed(name, list(self.engine.registers), "register")]

    def _do_register_write(self, name: str, index: str, value: str) -> None:
        register = self.engine.registers[_suffixed(name, list(self.engine.registers), "register")]
        register.write(parse_number(index), parse_number(value) & ((1 << register.width) - 1))

    def _do_register_reset(self, name: str) -> None:
        self.engine.registers[_suffixed(name, list(self.engine.registers), "register")].clear()

    def _do_counter_read(self, name: str, index: str) -> None:
        """Only prints, on BMv2."""

    def _do_counter_write(self, name: str, index: str, packets: str, octets: str) -> None:
        counter = self.engine.counters[_suffixed(name, list(self.engine.counters), "counter")]
        counter.write(parse_number(index), parse_number(packets), parse_number(octets))

    def _do_meter_get_rates(self, name: str, index: str) -> None:
        """Only prints, on BMv2."""

    def _do_meter_set_rates(self, name: str, index: str, *rates: str) -> None:
        meter = self.engine.meters[_suffixed(name, list(self.engine.meters), "meter")]
        meter.set(parse_number(index), meter_rates(rates))

    def _do_meter_array_set_rates(self, name: str, *rates: str) -> None:
        meter = self.engine.meters[_suffixed(name, list(self.engine.meters), "meter")]
        for index in range(meter.spec.size):
            meter.set(index, meter_rates(rates))


def run_stf(config: bytes | str, statements: list[Statement]) -> None:
    """Compiles a program and runs a test on it; raises StfFailed, or what the engine raises."""
    with Engine(config, clock=Clock.VIRTUAL) as engine:
        StfRunner(engine).run(statements)


def meter_rates(rates: tuple[str, ...]) -> MeterRates:
    """`rate:burst` twice, the lower first; BMv2's rates are per microsecond."""
    pairs = [(round(float(rate) * 1_000_000), int(burst)) for rate, burst in (pair.split(":") for pair in rates)]
    return MeterRates(*pairs[0], *pairs[-1])


def action_call(spec: TableSpec, call: Call) -> ActionCall:
    """An action of a table, found by name or a suffix of it, with its arguments encoded."""
    name = _suffixed(call.name, [action.name for action in spec.actions], "action")
    action = next(action for action in spec.actions if action.name == name)
    given = dict(call.arguments)
    data = b""
    for param in action.params:
        data += (given[param.name] & ((1 << param.width) - 1)).to_bytes((param.width + 7) // 8)
    return ActionCall(name, data)


def _suffixed(name: str, known: list[str], noun: str) -> str:
    if name in known:
        return name
    found = [candidate for candidate in known if candidate.endswith(name)]
    if len(found) != 1:
        raise StfFailed(f"no {noun} {name} (or more than one) among {known}")
    return found[0]


def resolve_key(spec: TableSpec, name: str) -> str:
    """The key field that an STF name means, by the same guesses as p4c's runner."""
    indexed = re.fullmatch(r"(.*)\$([0-9]+)(.*)", name)
    if indexed:
        name = f"{indexed[1]}[{indexed[2]}]{indexed[3]}"
    names = [key.name for key in spec.keys]
    for candidate in (name, f"{name}$", f"{name}.$valid$", f"{name[:-5]}$valid$" if name.endswith(".valid") else name):
        if candidate in names:
            return candidate
    for known in names:
        if known.endswith((f".{name}", f".{name}$")) or (name == "valid" and known.endswith(".$valid$")):
            return known
    raise StfFailed(f"table {spec.name} has no key {name} among {names}")


def match_value(key: KeySpec, text: str | None) -> tuple[int, int]:
    """Value and mask of a key field; a field that is not named matches 0, or anything where it can."""
    full = (1 << key.width) - 1
    if key.kind is KeyKind.LPM:
        return _lpm_value(key, text or "0/0")
    if key.kind in (KeyKind.TERNARY, KeyKind.OPTIONAL):
        if text is None:
            return 0, 0
        value, mask = _wildcards(text, full)
        return value & mask, mask
    if key.kind is KeyKind.RANGE:
        return (0, full) if text is None else (parse_number(text), parse_number(text))
    value = 0 if text is None else parse_number(text)
    return (int(bool(value)) if key.kind is KeyKind.VALID else value & full), full


def _wildcards(text: str, full: int) -> tuple[int, int]:
    """Digits with `*`: the mask has ones for each digit that is written."""
    bits = DIGIT_BITS.get(text[:2].lower())
    if bits is None:
        return parse_number(text), full
    digits = text[2:]
    value = mask = 0
    for digit in digits:
        value = value << bits | (0 if digit == "*" else int(digit, 16))
        mask = mask << bits | (0 if digit == "*" else (1 << bits) - 1)
    return value & full, mask & full


def _lpm_value(key: KeySpec, text: str) -> tuple[int, int]:
    if "/" in text:
        number, length = text.split("/")
        bits = parse_number(length)
    else:
        prefix = text[:2].lower()
        digits = len(text) - 2 - text.count("*")
        bits = digits * DIGIT_BITS[prefix] if prefix in DIGIT_BITS else key.width
        number = text.replace("*", "0")
    mask = ((1 << bits) - 1) << (key.width - bits) if bits <= key.width else (1 << key.width) - 1
    return parse_number(number) & mask, mask
