"""Hashes and checksums over fields.

Fields of invalid headers are left out, so positions are known only within the fields of one header: inputs are taken
in groups of one header each.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..program.expressions import FieldRef, HeaderRef
from ..program.externs import Bits, CalculationInput, Payload
from ..program.headers import HeaderSpec
from .expressions import Expressions
from .numbers import constant, is_wide, round_bits, unsigned_type, word_list

FUNCTIONS = {
    "csum16": "p4_csum16",
    "cksum16": "p4_csum16",
    "crc8_custom": "p4_crc8",
    "crc16": "p4_crc16",
    "crc16_custom": "p4_crc16",
    "crcCCITT": "p4_crcCCITT",
    "crc32": "p4_crc32",
    "crc32_custom": "p4_crc32",
    "crc64_custom": "p4_crc64",
    "xor16": "p4_xor16",
    "xor32": "p4_xor32",
    "identity": "p4_identity",
    "xxh64": "p4_xxh64",
    "bmv2_hash": "p4_xxh64",
    "hash_ex": "p4_hash_ex",
}


@dataclass(frozen=True, slots=True)
class Group:
    """Consecutive inputs that are there or not there together; `header` None: always."""

    header: HeaderSpec | None
    items: tuple[FieldRef | Bits, ...]

    @property
    def width(self) -> int | None:
        """Bits, None where a varbit is among them."""
        total = 0
        for item in self.items:
            if isinstance(item, FieldRef) and item.field.varbit:
                return None
            total += item.width if isinstance(item, Bits) else item.field.width
        return total


def _flatten(inputs: tuple[CalculationInput, ...]) -> list[tuple[HeaderSpec | None, FieldRef | Bits]]:
    flat: list[tuple[HeaderSpec | None, FieldRef | Bits]] = []
    for item in inputs:
        if isinstance(item, HeaderSpec):
            owner = None if item.metadata else item
            flat += [(owner, FieldRef(HeaderRef(item), field)) for field in item.type.fields]
        elif isinstance(item, FieldRef):
            assert isinstance(item.header, HeaderRef)
            flat.append((None if item.header.header.metadata else item.header.header, item))
        elif isinstance(item, Bits):
            flat.append((None, item))
    return flat


def groups_of(inputs: tuple[CalculationInput, ...]) -> list[Group]:
    """The inputs in groups; the payload is not among them."""
    groups: list[Group] = []
    for header, item in _flatten(inputs):
        if groups and groups[-1].header is header:
            groups[-1] = Group(header, (*groups[-1].items, item))
        else:
            groups.append(Group(header, (item,)))
    return groups


class CalculationCode:
    """Writes functions that compute calculations and selectors."""

    def __init__(self, code: Expressions) -> None:
        self._code = code
        self._out = code.out

    def write(self, name: str, algorithm: str, inputs: tuple[CalculationInput, ...]) -> None:
        """Writes `static uint64_t name(p4_context_t *c)`."""
        with self._out.block(f"static uint64_t {name}(p4_context_t *c)"):
            self._out.line("p4_phv_t *phv = &c->phv;")
            self._out.line("(void)phv;")
            payload = any(isinstance(item, Payload) for item in inputs)
            groups = groups_of(inputs)
            if algorithm in ("random", "round_robin"):
                step = "p4_random(&c->engine->random)" if algorithm == "random" else "c->engine->random++"
                self._out.line(f"return {step};")
            elif algorithm in ("csum16", "cksum16") and all(g.width is not None and g.width % 16 == 0 for g in groups):
                self._sum(groups, payload)
            else:
                self._buffer(groups, payload, FUNCTIONS[algorithm])
        self._out.line()

    def _sum(self, groups: list[Group], payload: bool) -> None:
        """The one's complement sum straight from the fields: 2^16 is 1 modulo 2^16 - 1."""
        self._out.line("uint64_t sum = 0;")
        for group in groups:
            with self._out.block(f"if ({self._present(group)})"):
                end = 0
                for item in group.items:
                    end += item.width if isinstance(item, Bits) else item.field.width
                    self._add(item, (16 - end % 16) % 16)
        if payload:
            self._out.line("sum += p4_sum16(c->payload, c->payload_len);")
        self._out.line("return (uint16_t)~p4_fold16(sum);")

    def _add(self, item: FieldRef | Bits, shift: int) -> None:
        width = item.width if isinstance(item, Bits) else item.field.width
        if isinstance(item, Bits):
            folded = (item.value << shift) % 0xFFFF or (0xFFFF if item.value else 0)
            self._out.line(f"sum += {folded};")
            return
        text = self._code.field(item)
        if width <= 32:
            self._out.line(f"sum += (uint64_t){text}" + (f" << {shift};" if shift else ";"))
            return
        for low in range(0, width, 32):
            if is_wide(width):
                part = f"({text}[{low // 64}] >> {low % 64} & UINT32_MAX)"
            else:
                part = f"(uint64_t)(({unsigned_type(round_bits(width))}){text} >> {low} & UINT32_MAX)"
            self._out.line(f"sum += {part}" + (f" << {shift};" if shift else ";"))

    def _present(self, group: Group) -> str:
        return "true" if group.header is None else self._code.valid(HeaderRef(group.header))

    def _buffer(self, groups: list[Group], payload: bool, function: str) -> None:
        """Serialises the inputs and runs the algorithm over them."""
        most = sum(g.width if g.width is not None else self._most(g) for g in groups)
        size = most // 8 + 8
        if payload:
            self._out.line(f"uint8_t *buffer = p4e_arena_take(&c->engine->arena, {size}u + (uint64_t)c->payload_len);")
            self._out.line("if (!buffer) return 0;")
            self._out.line(f"memset(buffer, 0, {size});")
        else:
            self._out.line(f"uint8_t buffer[{size}] = {{0}};")
        self._out.line("uint64_t at = 0;")
        aligned = True
        for group in groups:
            with self._out.block(f"if ({self._present(group)})"):
                self._serialise(group, aligned)
            aligned = aligned and group.width is not None and group.width % 8 == 0
        self._out.line("uint64_t len = (at + 7) / 8;")
        if payload:
            self._out.line("memcpy(buffer + len, c->payload, c->payload_len);")
            self._out.line("len += c->payload_len;")
        self._out.line(f"return {function}(buffer, len);")

    def _most(self, group: Group) -> int:
        return sum(item.width if isinstance(item, Bits) else item.field.width for item in group.items)

    def _serialise(self, group: Group, aligned: bool) -> None:
        offset = 0
        for item in group.items:
            if isinstance(item, FieldRef) and item.field.varbit:
                text = self._code.field(item)
                self._out.line(f"p4_put_bytes(buffer, at + {offset}, {text}.bits / 8, {text}.bytes);")
                self._out.line(f"at += {offset} + {text}.bits;")
                aligned = aligned and offset % 8 == 0
                offset = 0
                continue
            width = item.width if isinstance(item, Bits) else item.field.width
            self._put(item, width, offset, aligned)
            offset += width
        self._out.line(f"at += {offset};")

    def _put(self, item: FieldRef | Bits, width: int, offset: int, aligned: bool) -> None:
        size = round_bits(width)
        if is_wide(width):
            text = self._code.field(item) if isinstance(item, FieldRef) else self._wide_constant(item.value, size)
            self._out.line(f"p4_put_bits(buffer, at + {offset}, {width}, {text});")
            return
        text = (
            constant(item.value, size) if isinstance(item, Bits) else f"({unsigned_type(size)}){self._code.field(item)}"
        )
        if aligned and offset % 8 == 0 and width % 8 == 0 and width <= 64:
            self._out.line(f"p4_store(buffer + at / 8 + {offset // 8}, {width // 8}, {text});")
        else:
            self._out.line(f"p4_put{size}(buffer, at + {offset}, {width}, {text});")

    def _wide_constant(self, value: int, size: int) -> str:
        name = self._out.fresh("w")
        self._out.line(f"static const uint64_t {name}[{size // 64}] = {word_list(value, size)};")
        return name
