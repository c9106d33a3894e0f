"""Match keys: `FieldMatch` messages to the engine's key and mask, and back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from finsy.proto import p4r

from switch.p4runtime.bytestring import byte_count, canonical, show, to_fixed
from switch.p4runtime.errors import P4RuntimeError, invalid
from switch.p4runtime.values import Number, Value

EXACT, LPM, TERNARY, RANGE, OPTIONAL = "exact", "lpm", "ternary", "range", "optional"


@dataclass(frozen=True)
class Field:
    """One field of a key; `offset` is its first byte in the engine's key."""

    id: int
    name: str
    kind: str
    value: Value
    offset: int

    @cached_property
    def width(self) -> int:
        """Bits in the data plane."""
        return self.value.width

    @cached_property
    def size(self) -> int:
        """Bytes in the engine's key."""
        return byte_count(self.value.width)

    @cached_property
    def ones(self) -> bytes:
        """All bits of the field set."""
        return ((1 << self.width) - 1).to_bytes(self.size, "big")


class KeyCodec:
    """The key of one table or value set; `fields` are in the engine's order."""

    def __init__(self, fields: Sequence[Field]):
        self.fields = tuple(fields)
        self.by_id = {field.id: field for field in fields}
        self.size = sum(field.size for field in fields)
        self.needs_priority = any(field.kind in (TERNARY, RANGE, OPTIONAL) for field in fields)
        self.all_exact = all(field.kind == EXACT for field in fields)
        # What stands in key and mask for a field that is left out.
        self._absent = {
            field.id: (b"\0" * field.size, field.ones if field.kind == RANGE else b"\0" * field.size)
            for field in fields
            if field.kind != EXACT
        }

    def encode(self, matches: Iterable[p4r.FieldMatch]) -> tuple[bytes, bytes | None]:
        """Key and mask (None when all fields are exact); raises errors that name the field."""
        given: dict[int, tuple[bytes, bytes]] = {}
        for match in matches:
            field = self.by_id.get(match.field_id)
            if field is None:
                raise invalid(f"there is no match field {match.field_id}; fields are {self._names()}")
            if field.id in given:
                raise invalid(f"field {field.name!r} is given twice")
            try:
                given[field.id] = encode_field(field, match)
            except P4RuntimeError as error:
                raise error.within(f"field {field.name!r} ({field.kind})") from None
        parts = [given.get(field.id) or self._left_out(field) for field in self.fields]
        key = b"".join(part[0] for part in parts)
        return key, None if self.all_exact else b"".join(part[1] for part in parts)

    def decode(self, key: bytes, mask: bytes | None) -> list[p4r.FieldMatch]:
        """The canonical FieldMatch messages: "don't care" is left out."""
        matches = []
        for field in self.fields:
            value = key[field.offset : field.offset + field.size]
            bits = mask[field.offset : field.offset + field.size] if mask is not None else field.ones
            match = decode_field(field, value, bits)
            if match is not None:
                matches.append(match)
        return matches

    def describe(self, key: bytes, mask: bytes | None) -> str:
        """A key for an error message."""
        words = [_show_field(self.by_id[match.field_id], match) for match in self.decode(key, mask)]
        return "{" + ", ".join(words) + "}"

    def _left_out(self, field: Field) -> tuple[bytes, bytes]:
        absent = self._absent.get(field.id)
        if absent is None:
            raise invalid(f"field {field.name!r} (exact, {field.width} bits) is missing; it may not be left out")
        return absent

    def _names(self) -> str:
        return ", ".join(f"{field.id} {field.name!r}" for field in self.fields) or "none"


def encode_field(field: Field, match: p4r.FieldMatch) -> tuple[bytes, bytes]:
    """Value and mask (low and high for a range) of one field."""
    kind = match.WhichOneof("field_match_type")
    if kind != field.kind:
        raise invalid(f"the match given is {kind or 'empty'}, {field.kind} is expected")
    match field.kind:
        case "exact":
            return field.value.encode(match.exact.value), field.ones
        case "optional":
            return field.value.encode(match.optional.value), field.ones
        case "lpm":
            return _lpm(field, match.lpm)
        case "ternary":
            return _ternary(field, match.ternary)
        case _:
            return _range(field, match.range)


def _lpm(field: Field, match: p4r.FieldMatch.LPM) -> tuple[bytes, bytes]:
    value, length = field.value.encode(match.value), match.prefix_len
    if length == 0:
        raise invalid("a prefix length of 0 matches everything; leave the field out instead")
    if not 0 < length <= field.width:
        raise invalid(f"prefix length {length} is not between 1 and {field.width}")
    mask = ((1 << field.width) - (1 << (field.width - length))).to_bytes(field.size, "big")
    _check_masked(value, mask, f"prefix length {length}")
    return value, mask


def _ternary(field: Field, match: p4r.FieldMatch.Ternary) -> tuple[bytes, bytes]:
    value = field.value.encode(match.value)
    mask = to_fixed(match.mask, field.width) if isinstance(field.value, Number) else _text_mask(field, match.mask)
    if not any(mask):
        raise invalid("a mask of 0 matches everything; leave the field out instead")
    _check_masked(value, mask, f"mask {show(canonical(mask))}")
    return value, mask


def _text_mask(field: Field, mask: bytes) -> bytes:
    if mask.strip(b"\xff"):
        raise invalid("a value translated to a string can only be matched with a mask of all ones")
    return field.ones


def _range(field: Field, match: p4r.FieldMatch.Range) -> tuple[bytes, bytes]:
    low, high = field.value.encode(match.low), field.value.encode(match.high)
    if low > high:
        raise invalid(f"low {show(canonical(low))} is above high {show(canonical(high))}")
    if not any(low) and high == field.ones:
        raise invalid("the range holds every value; leave the field out instead")
    return low, high


def _check_masked(value: bytes, mask: bytes, what: str) -> None:
    if int.from_bytes(value, "big") & ~int.from_bytes(mask, "big"):
        raise invalid(f"value {show(canonical(value))} has bits set outside {what}; they must be 0")


def decode_field(field: Field, value: bytes, mask: bytes) -> p4r.FieldMatch | None:
    """One field's canonical message, or None for "don't care"."""
    if field.kind == EXACT:
        return p4r.FieldMatch(field_id=field.id, exact=p4r.FieldMatch.Exact(value=field.value.decode(value)))
    if field.kind == RANGE:
        if not any(value) and mask == field.ones:
            return None
        low, high = field.value.decode(value), field.value.decode(mask)
        return p4r.FieldMatch(field_id=field.id, range=p4r.FieldMatch.Range(low=low, high=high))
    if not any(mask):
        return None
    shown = field.value.decode(value)
    if field.kind == LPM:
        length = int.from_bytes(mask, "big").bit_count()
        return p4r.FieldMatch(field_id=field.id, lpm=p4r.FieldMatch.LPM(value=shown, prefix_len=length))
    if field.kind == TERNARY:
        ternary = p4r.FieldMatch.Ternary(value=shown, mask=canonical(mask))
        return p4r.FieldMatch(field_id=field.id, ternary=ternary)
    return p4r.FieldMatch(field_id=field.id, optional=p4r.FieldMatch.Optional(value=shown))


def _show_field(field: Field, match: p4r.FieldMatch) -> str:
    match match.WhichOneof("field_match_type"):
        case "exact":
            return f"{field.name}={show(match.exact.value)}"
        case "optional":
            return f"{field.name}={show(match.optional.value)}"
        case "lpm":
            return f"{field.name}={show(match.lpm.value)}/{match.lpm.prefix_len}"
        case "ternary":
            return f"{field.name}={show(match.ternary.value)}&&&{show(match.ternary.mask)}"
        case _:
            return f"{field.name}={show(match.range.low)}..{show(match.range.high)}"
