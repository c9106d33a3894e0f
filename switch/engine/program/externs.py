"""Counters, meters, registers, calculations, checksums, digests, field lists and value sets."""

from __future__ import annotations

from dataclasses import dataclass

from .expressions import BoolConst, Expr, FieldRef, RegisterSpec, Scope, Sort, read_expression, read_field
from .headers import HeaderSpace, HeaderSpec
from .jsonpath import Json, unique

MAX_CELLS = 1 << 28
ALGORITHMS = frozenset(
    (
        *("crc8_custom", "crc16", "crc16_custom", "crcCCITT", "crc32", "crc32_custom", "crc64_custom"),
        *("csum16", "cksum16", "xor16", "xor32", "identity", "random", "round_robin", "xxh64", "hash_ex", "bmv2_hash"),
    )
)


@dataclass(frozen=True, slots=True)
class CounterSpec:
    """A counter array; `binding` names the table of a direct one."""

    name: str
    id: int
    size: int
    direct: bool
    binding: str | None


@dataclass(frozen=True, slots=True)
class MeterSpec:
    """A meter array, in packets or bytes; a direct one has a table and a field for its colour."""

    name: str
    id: int
    size: int
    in_bytes: bool
    rates: int
    direct: bool
    binding: str | None
    result: FieldRef | None


@dataclass(frozen=True, slots=True)
class Payload:
    """What follows the parsed headers."""


@dataclass(frozen=True, slots=True)
class Bits:
    """A constant of a given width."""

    value: int
    width: int


CalculationInput = FieldRef | HeaderSpec | Bits | Payload


@dataclass(frozen=True, slots=True)
class CalculationSpec:
    """A hash or checksum over fields."""

    name: str
    algorithm: str
    inputs: tuple[CalculationInput, ...]


@dataclass(frozen=True, slots=True)
class ChecksumSpec:
    """A checksum field, verified after parsing and updated before deparsing where its condition holds."""

    name: str
    target: FieldRef
    calculation: CalculationSpec
    verify: bool
    update: bool
    condition: Expr | None


@dataclass(frozen=True, slots=True)
class DigestSpec:
    """A learn list: what a digest message carries."""

    name: str
    id: int
    elements: tuple[FieldRef | Bits, ...]


@dataclass(frozen=True, slots=True)
class FieldListSpec:
    """Fields that survive a clone, resubmission or recirculation."""

    id: int
    fields: tuple[FieldRef, ...]


@dataclass(frozen=True, slots=True)
class ValueSetSpec:
    """A parser value set; its values have `width` bits."""

    name: str
    id: int
    width: int


@dataclass(frozen=True, slots=True)
class Externs:
    """The stateful and computing objects of a program, by name."""

    counters: dict[str, CounterSpec]
    meters: dict[str, MeterSpec]
    registers: dict[str, RegisterSpec]
    calculations: dict[str, CalculationSpec]
    digests: dict[int, DigestSpec]
    field_lists: dict[int, FieldListSpec]
    value_sets: dict[str, ValueSetSpec]


def read_externs(root: Json, headers: HeaderSpace) -> Externs:
    """Reads everything actions may refer to."""
    return Externs(
        counters=unique([_read_counter(item) for item in root.items("counter_arrays")]),
        meters=unique([_read_meter(item, headers) for item in root.items("meter_arrays")]),
        registers=unique([_read_register(item) for item in root.items("register_arrays")]),
        calculations=unique([_read_calculation(item, headers) for item in root.items("calculations")]),
        digests=_numbered([_read_digest(item, headers) for item in root.items("learn_lists")], root),
        field_lists=_numbered([_read_field_list(item, headers) for item in root.items("field_lists")], root),
        value_sets=unique([_read_value_set(item) for item in root.items("parse_vsets")]),
    )


def _numbered(specs: list, root: Json) -> dict:
    found = {spec.id: spec for spec in specs}
    if len(found) != len(specs):
        raise root.fail("two learn or field lists share an id")
    return found


def _binding(where: Json) -> str | None:
    member = where.get("binding")
    return None if member is None else member.text()


def _size(where: Json, direct: bool) -> int:
    if direct:
        return 0
    return where["size"].number(0, MAX_CELLS)


def _read_counter(where: Json) -> tuple[str, CounterSpec, Json]:
    name, direct = where["name"].text(), where.flag("is_direct")
    return name, CounterSpec(name, where["id"].number(), _size(where, direct), direct, _binding(where)), where


def _read_meter(where: Json, headers: HeaderSpace) -> tuple[str, MeterSpec, Json]:
    name, direct = where["name"].text(), where.flag("is_direct")
    kind = where["type"].text()
    if kind not in ("packets", "bytes"):
        raise where["type"].fail("expected 'packets' or 'bytes'")
    target = where.get("result_target")
    result = read_field(target, headers) if direct and target is not None else None
    rates = where["rate_count"].number(1, 2)
    number, size = where["id"].number(), _size(where, direct)
    return name, MeterSpec(name, number, size, kind == "bytes", rates, direct, _binding(where), result), where


def _read_register(where: Json) -> tuple[str, RegisterSpec, Json]:
    name = where["name"].text()
    width, size = where["bitwidth"].number(1, 1 << 16), where["size"].number(0, MAX_CELLS)
    if width * size > 1 << 37:
        raise where.fail("the register array is too large")
    return name, RegisterSpec(name, where["id"].number(), size, width), where


def _read_calculation(where: Json, headers: HeaderSpace) -> tuple[str, CalculationSpec, Json]:
    name, algorithm = where["name"].text(), where["algo"].text()
    if algorithm not in ALGORITHMS:
        raise where["algo"].fail(f"unknown algorithm {algorithm!r}")
    return name, CalculationSpec(name, algorithm, read_inputs(where, headers)), where


def read_inputs(where: Json, headers: HeaderSpace) -> tuple[CalculationInput, ...]:
    """Reads the `input` of a calculation or selector."""
    inputs: list[CalculationInput] = []
    for item in where.items("input"):
        kind = item["type"].text()
        if kind == "field":
            inputs.append(read_field(item["value"], headers))
        elif kind == "hexstr":
            width = item["bitwidth"].number(1, 1 << 16)
            inputs.append(Bits(item["value"].hex() & ((1 << width) - 1), width))
        elif kind == "header":
            inputs.append(headers.header(item["value"]))
        elif kind == "payload":
            inputs.append(Payload())
        else:
            raise item["type"].fail(f"unknown input type {kind!r}")
    return tuple(inputs)


def _read_digest(where: Json, headers: HeaderSpace) -> DigestSpec:
    elements: list[FieldRef | Bits] = []
    for item in where.items("elements"):
        if item["type"].text() == "field":
            elements.append(read_field(item["value"], headers))
        elif item["type"].text() == "hexstr":
            width = item["bitwidth"].number(1, 1 << 16)
            elements.append(Bits(item["value"].hex() & ((1 << width) - 1), width))
        else:
            raise item["type"].fail("expected 'field' or 'hexstr'")
    return DigestSpec(where["name"].text(), where["id"].number(), tuple(elements))


def _read_field_list(where: Json, headers: HeaderSpace) -> FieldListSpec:
    fields = [read_field(item["value"], headers) for item in where.items("elements") if item["type"].text() == "field"]
    return FieldListSpec(where["id"].number(), tuple(fields))


def _read_value_set(where: Json) -> tuple[str, ValueSetSpec, Json]:
    name = where["name"].text()
    return name, ValueSetSpec(name, where["id"].number(), where["compressed_bitwidth"].number(1, 1 << 16)), where


def read_checksums(root: Json, scope: Scope, externs: Externs) -> tuple[ChecksumSpec, ...]:
    """Reads the checksums, in order."""
    return tuple(_read_checksum(item, scope, externs) for item in root.items("checksums"))


def _read_checksum(where: Json, scope: Scope, externs: Externs) -> ChecksumSpec:
    if where["type"].text() != "generic":
        raise where["type"].fail("only 'generic' checksums are supported")
    name = where["calculation"].text()
    if name not in externs.calculations:
        raise where["calculation"].fail(f"no calculation {name!r}")
    condition = where.get("if_cond")
    expr = None if condition is None else read_expression(condition, scope, Sort.BOOL)
    if expr == BoolConst(True):
        expr = None
    target = read_field(where["target"], scope.headers)
    verify, update = where.flag("verify", absent=True), where.flag("update", absent=True)
    return ChecksumSpec(where["name"].text(), target, externs.calculations[name], verify, update, expr)
