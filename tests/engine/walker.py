"""Packets that a program understands: random walks through its parser, then mutated."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

from switch.engine import Program
from switch.engine.program.expressions import Const, FieldRef, HeaderRef, Lookahead, StackElement, header_type
from switch.engine.program.externs import Bits, ChecksumSpec
from switch.engine.program.headers import HeaderSpec
from switch.engine.program.parser import Advance, Extract, ParseState

ROOM = 4096  # bytes that a walk may use
MAX_STATES = 64
COMMON = (0, 1, 2, 3, 4, 5, 6, 17, 64, 255, 0x0800, 0x86DD, 6081, 0xFFFF)
# What fields of these names hold in most packets that get somewhere.
LIKELY = {"ihl": 5, "version": 4, "ttl": 64, "hop_limit": 64, "data_offset": 5}


def literals(value: Any) -> Iterator[int]:
    """All constants of a program's JSON."""
    if isinstance(value, dict):
        if value.get("type") == "hexstr" and isinstance(value.get("value"), str) and value["value"] != "default":
            yield abs(int(value["value"], 16))
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from literals(item)


def entry_values(program: Program) -> Iterator[int]:
    """All key values of constant entries."""
    for table in program.tables.values():
        for entry in table.entries or ():
            at = 0
            for key in table.keys:
                yield int.from_bytes(entry.key[at : at + key.size])
                at += key.size


class Walker:
    """Makes packets for one program."""

    def __init__(self, program: Program, config: str, rng: random.Random) -> None:
        self._parser = program.parsers.get("parser")
        self._checksums = program.checksums
        self._rng = rng
        self.pool = sorted({*COMMON, *literals(json.loads(config)), *entry_values(program)})

    def value(self, width: int) -> int:
        """A value that has a chance to mean something, of `width` bits."""
        rng = self._rng
        kind = rng.random()
        if kind < 0.3:
            return rng.getrandbits(width)
        if kind < 0.4:
            return (1 << width) - 1
        return rng.choice(self.pool) & ((1 << width) - 1)

    def packet(self) -> bytes:
        """A packet along a random path through the parser, with the checksums that it verifies."""
        walk = _Walk(self, self._rng)
        state = None if self._parser is None or self._parser.start is None else self._parser.states[self._parser.start]
        for _ in range(MAX_STATES):
            if state is None or self._parser is None:
                break
            following = walk.step(state)
            state = None if following is None else self._parser.states[following]
        walk.end()
        for checksum in self._checksums:
            walk.set_checksum(checksum)
        return bytes(walk.data)

    def mutated(self, packet: bytes, others: Sequence[bytes]) -> bytes:
        """The packet with bytes changed, cut, repeated, or crossed with another."""
        rng, out = self._rng, bytearray(packet)
        for _ in range(rng.randrange(4)):
            if out:
                out[rng.randrange(len(out))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        kind = rng.random()
        if kind < 0.1:
            del out[rng.randrange(len(out) + 1) :]
        elif kind < 0.15:
            at = rng.randrange(len(out) + 1)
            out[at:at] = rng.randbytes(rng.randrange(1, 64))
        elif kind < 0.2 and others:
            other = rng.choice(others)
            out[rng.randrange(len(out) + 1) :] = other[rng.randrange(len(other) + 1) :]
        elif kind < 0.22:
            out += bytes(rng.randrange(9000))
        return bytes(out)


class _Walk:
    """One packet in the making."""

    def __init__(self, walker: Walker, rng: random.Random) -> None:
        self._walker = walker
        self._rng = rng
        self._bits = int.from_bytes(rng.randbytes(ROOM))
        self._at = 0
        self._fixed = 0  # bits up to here were looked at: extraction leaves them alone
        self._places: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        self.data = bytearray()

    def step(self, state: ParseState) -> str | None:
        """Goes through a state; returns the next one."""
        for op in state.ops:
            if isinstance(op, Extract):
                self._extract(op)
            elif isinstance(op, Advance):
                self._at += op.bits.value if isinstance(op.bits, Const) else 8 * self._rng.randrange(8)
        if not state.transitions or self._at > 8 * (ROOM - 512):
            return None
        chosen = self._rng.choice(state.transitions)
        if chosen.value is not None:
            self._choose(state, chosen.value, chosen.mask)
        return chosen.next_state

    def end(self) -> None:
        """Adds a payload."""
        size = self._rng.choice((0, 0, 7, 46, self._rng.randrange(1500)))
        self.data = bytearray(self._bits.to_bytes(ROOM)[: min((self._at + 7) // 8 + size, ROOM)])

    def set_checksum(self, checksum: ChecksumSpec) -> None:
        """Puts in an Internet checksum over fields of the packet, where that is what it is."""
        target = self._place(checksum.target)
        if checksum.calculation.algorithm != "csum16" or target is None or self._rng.random() < 0.1:
            return
        text = ""
        for item in checksum.calculation.inputs:
            if isinstance(item, Bits):
                text += f"{item.value:0{item.width}b}"
            elif isinstance(item, FieldRef) and (place := self._place(item)) is not None:
                text += f"{self._read(place, item.field.width):0{item.field.width}b}"
        text += "0" * (-len(text) % 16)
        total = sum(int(text[i : i + 16], 2) for i in range(0, len(text), 16))
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        whole, size = int.from_bytes(self.data), len(self.data) * 8
        shift = size - target - 16
        if shift >= 0:
            whole = whole & ~(0xFFFF << shift) | (~total & 0xFFFF) << shift
            self.data = bytearray(whole.to_bytes(len(self.data)))

    def _extract(self, op: Extract) -> None:
        kind = header_type(op.target)
        for name in self._names(op.target):
            self._places[name] = self._at
        for field in kind.fields:
            if field.varbit:
                self._at += 8 * self._rng.randrange(min(field.width // 8, 40) + 1)
                continue
            if self._at >= self._fixed:
                likely = LIKELY.get(field.name)
                if likely is not None and self._rng.random() < 0.8:
                    self._write(self._at, field.width, likely & ((1 << field.width) - 1))
                elif self._rng.random() < 0.7:
                    self._write(self._at, field.width, self._walker.value(field.width))
            self._at += field.width

    def _choose(self, state: ParseState, value: bytes, mask: bytes | None) -> None:
        offset = 0
        for part in state.key:
            width = part.width if isinstance(part, Lookahead) else part.field.width
            size = (width + 7) // 8
            wanted = int.from_bytes(value[offset : offset + size])
            care = (1 << width) - 1 if mask is None else int.from_bytes(mask[offset : offset + size])
            offset += size
            place = self._at + part.offset if isinstance(part, Lookahead) else self._place(part)
            if place is not None:
                self._write(place, width, wanted & care | self._read(place, width) & ~care)
                self._fixed = max(self._fixed, place + width)

    def _names(self, target: object) -> list[str]:
        if isinstance(target, StackElement):
            count = self._counts.get(target.stack.name, 0)
            self._counts[target.stack.name] = count + 1
            own = [target.stack.headers[count].name] if count < len(target.stack.headers) else []
            return [f"{target.stack.name}[last]", *own]
        return [target.header.name] if isinstance(target, HeaderRef) else []

    def _place(self, ref: FieldRef) -> int | None:
        spec: HeaderSpec | None = ref.header.header if isinstance(ref.header, HeaderRef) else None
        name = spec.name if spec is not None else ""
        if isinstance(ref.header, StackElement) and ref.header.index is None:
            name = f"{ref.header.stack.name}[last]"
        at = self._places.get(name)
        if at is None:
            return None
        for field in header_type(ref.header).fields:
            if field.name == ref.field.name:
                return at
            at += field.width if not field.varbit else 0
        return None

    def _read(self, place: int, width: int) -> int:
        return self._bits >> (8 * ROOM - place - width) & ((1 << width) - 1) if place + width <= 8 * ROOM else 0

    def _write(self, place: int, width: int, value: int) -> None:
        shift = 8 * ROOM - place - width
        if shift >= 0:
            self._bits = self._bits & ~(((1 << width) - 1) << shift) | value << shift
