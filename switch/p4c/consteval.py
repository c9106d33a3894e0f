"""Arithmetic on compile-time values, by the rules of P4: `bit<w>` and `int<w>` wrap, `int` has no bounds."""

from __future__ import annotations

import operator

from switch.p4c.typesys import INT, Bits, Enum, EnumValue, ListValue, NewType, Type, Value

MAX_BITS = 1 << 16  # a longer `int` value is a mistake, or an attack


class ConstError(Exception):
    """The expression has no value; the message says why."""


def wrap(number: int, type_: Type) -> int:
    """The number reduced to the type: two's complement for `int<w>`, unchanged for `int`."""
    if not isinstance(type_, Bits):
        return number
    number &= (1 << type_.width) - 1
    if type_.signed and type_.width and number >> (type_.width - 1):
        number -= 1 << type_.width
    return number


def fits(number: int, type_: Type) -> bool:
    """Whether the type can hold the number."""
    return wrap(number, type_) == number


def as_int(value: Value | None) -> int | None:
    """The number of a numeric value or serializable enum member."""
    if isinstance(value, EnumValue):
        return value.number
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def unary(op: str, value: Value, type_: Type) -> Value | None:
    """`op value`, the result being of the type."""
    if op == "!":
        return not value if isinstance(value, bool) else None
    number = as_int(value)
    if number is None:
        return None
    return wrap({"-": -number, "+": number, "~": ~number}[op], type_)


_ARITHMETIC = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
}
_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def binary(op: str, left: Value, right: Value, operand: Type, result: Type) -> Value | None:
    """`left op right`; operand is the type of the left operand. Raises ConstError for division by zero and the like."""
    if op in ("==", "!="):
        return (left == right) is (op == "==")
    if op in ("&&", "||"):
        both = isinstance(left, bool) and isinstance(right, bool)
        return ((left and right) if op == "&&" else (left or right)) if both else None
    if op == "++" and isinstance(left, str) and isinstance(right, str):
        return left + right
    a, b = as_int(left), as_int(right)
    if a is None or b is None:
        return None
    if op in _COMPARE:
        return bool(_COMPARE[op](a, b))
    return _numeric(op, a, b, operand, result)


def _numeric(op: str, a: int, b: int, operand: Type, result: Type) -> int | None:
    if op in _ARITHMETIC:
        if op == "*" and result == INT and a.bit_length() + b.bit_length() > MAX_BITS:
            raise ConstError("the number is too large")
        return wrap(_ARITHMETIC[op](a, b), result)
    if op in ("/", "%"):
        return _divide(op, a, b, result)
    if op in ("<<", ">>"):
        return _shift(op, a, b, result)
    if op in ("|+|", "|-|") and isinstance(result, Bits):
        low = -(1 << (result.width - 1)) if result.signed else 0
        high = (1 << (result.width - 1 if result.signed else result.width)) - 1
        return max(low, min(high, a + b if op == "|+|" else a - b))
    return None


def _divide(op: str, a: int, b: int, result: Type) -> int:
    if b == 0:
        raise ConstError("division by zero" if op == "/" else "modulo by zero")
    if a < 0 or b < 0:
        raise ConstError(f"'{op}' is not defined for negative numbers")
    return wrap(a // b if op == "/" else a % b, result)


def _shift(op: str, a: int, b: int, result: Type) -> int:
    if b < 0:
        raise ConstError("shift by a negative amount")
    if op == ">>":
        return wrap(a >> min(b, MAX_BITS * 2), result)
    if isinstance(result, Bits):
        return 0 if b >= result.width else wrap(a << b, result)
    if b > MAX_BITS:
        raise ConstError("the number is too large")
    return a << b


def concat(left: int, right: int, left_width: int, right_width: int, result: Type) -> int:
    """`left ++ right`."""
    low = right & ((1 << right_width) - 1)
    return wrap(((left & ((1 << left_width) - 1)) << right_width) | low, result)


def slice_bits(number: int, high: int, low: int) -> int:
    """`number[high:low]`."""
    return (number >> low) & ((1 << (high - low + 1)) - 1)


def cast(value: Value, target: Type) -> Value | None:
    """The value converted to the type, None if that has no meaning here."""
    while isinstance(target, NewType):
        target = target.base
    if isinstance(target, Bits) or target == INT:
        if isinstance(value, bool):
            return int(value)
        number = as_int(value)
        return None if number is None else wrap(number, target)
    if isinstance(target, Enum):
        return _to_enum(value, target)
    if str(target) == "bool" and not isinstance(value, bool):
        number = as_int(value)
        return None if number is None else bool(number)
    return value


def _to_enum(value: Value, target: Enum) -> Value | None:
    if target.base is None or (isinstance(value, EnumValue) and value.type_name == target.name):
        return value
    number = as_int(value)
    if number is None:
        return None
    number = wrap(number, target.base)
    decl = target.decl
    names = [m.name for m in decl.members if as_int(m.value) == number] if decl else []
    return EnumValue(target.name, names[0] if names else "", number)


def member(value: Value | None, name: str) -> Value | None:
    """The field of a compile-time struct."""
    if isinstance(value, ListValue) and name in value.names:
        return value.items[value.names.index(name)]
    return None


def item(value: Value | None, index: Value | None) -> Value | None:
    """The element of a compile-time tuple or list."""
    number = as_int(index)
    if isinstance(value, ListValue) and number is not None and 0 <= number < len(value.items):
        return value.items[number]
    return None
