"""Expressions to C.

A data expression is computed modulo 2^size, where size (64, 128 or a multiple of 64 bits) is what the use needs or
what holds every possible value, whichever is less. So native words do nearly all of the work, and the results are
those of unbounded integers. Numbers of more than 128 bits are arrays of words, computed into temporaries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import BadConfig
from ..program.expressions import (
    Binary,
    BoolConst,
    Choice,
    Const,
    Expr,
    FieldRef,
    HeaderExpr,
    Local,
    RegisterCell,
    Sort,
    StackRef,
    Unary,
    UnionElement,
    UnionMember,
    UnionRef,
    header_type,
    sort_of,
)
from ..program.headers import FieldSpec, HeaderType
from .access import Access
from .bounds import bounds
from .layout import Layout
from .numbers import (
    Bounds,
    constant,
    is_wide,
    round_bits,
    signed_type,
    unsigned_type,
    word_list,
)
from .registers import Registers
from .writer import Writer

_PLAIN = {"+", "-", "*", "&", "|", "^"}
_WIDE_CALLS = {"+": "add", "-": "sub", "*": "mul", "&": "and", "|": "or", "^": "xor"}


@dataclass(frozen=True, slots=True)
class Locals:
    """What local values are: the C texts and widths of action parameters, the C names of fields that are variables."""

    texts: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict[str, str])


class Expressions(Access):
    """Writes expressions of one C function into its writer."""

    def __init__(self, out: Writer, layout: Layout, registers: Registers, local: Locals = Locals()) -> None:
        super().__init__(out, layout, local.variables)
        self._registers = registers
        self._local = local

    # What callers use.

    def bounds(self, expr: Expr) -> Bounds:
        """What values a data expression can have."""
        return bounds(expr, self._local.widths)

    def number(self, expr: Expr, size: int) -> str:
        """C for a data expression modulo 2^size: an unsigned value, or the name of an array of words."""
        if sort_of(expr) is Sort.BOOL:
            expr = Unary("b2d", expr)
        own = self.bounds(expr)
        needed = min(size, own.size)
        text = self._modular(expr, needed)
        return self.resize(text, needed, size, own.signed and needed == own.size)

    def exact(self, expr: Expr) -> tuple[str, int, bool]:
        """C for all of a data expression: text, size, and whether it is two's complement."""
        own = self.bounds(expr)
        return self.number(expr, own.size), own.size, own.signed

    def index(self, expr: Expr) -> str:
        """C for an index, as a uint64_t; anything negative or huge becomes a huge one."""
        text, size, _ = self.exact(expr)
        if size == 64:
            return text
        name = self.out.fresh()
        if size == 128:
            self.out.line(f"p4_u128 {name} = {text};")
            return f"({name} >> 64 ? UINT64_MAX : (uint64_t){name})"
        self.out.line(f"bool {name} = wide_is_zero({text} + 1, {size // 64 - 1});")
        return f"({name} ? {text}[0] : UINT64_MAX)"

    def truth(self, expr: Expr) -> str:
        """C for a boolean expression."""
        match expr:
            case BoolConst(value):
                return "true" if value else "false"
            case Unary("not", operand):
                return f"!{self.truth(operand)}"
            case Unary("valid", operand):
                return self.valid(operand)  # type: ignore[arg-type]
            case Unary("valid_union", operand):
                return self._union_valid(operand)
            case Unary("d2b", operand):
                text, size, _ = self.exact(operand)
                return f"({text} != 0)" if size <= 128 else f"!wide_is_zero({text}, {size // 64})"
            case Binary("and" | "or" as op, left, right):
                return f"({self.truth(left)} {'&&' if op == 'and' else '||'} {self.truth(right)})"
            case Binary(op, left, right):
                return self._compare(op, left, right)
            case Choice(condition, left, right):
                return f"({self.truth(condition)} ? {self.truth(left)} : {self.truth(right)})"
        raise AssertionError(expr)

    def assign(self, target: str, field: FieldSpec, value: Expr) -> None:
        """Writes the assignment of `value` to a field whose lvalue is `target`."""
        if field.saturating:
            value = Binary("sat_cast" if field.signed else "usat_cast", value, Const(field.width))
        size = round_bits(field.width)
        self.store(target, field.width, self.number(value, size), self.bounds(value))

    # Data expressions modulo 2^size, size being at most that of the expression's bounds.

    def _modular(self, expr: Expr, size: int) -> str:
        match expr:
            case Const(value):
                return self._constant(value, size)
            case FieldRef(_, field):
                if field.varbit:
                    raise BadConfig("$", f"the variable-length field {field.name!r} is used as a number")
                text = self.read_storage(self.field(expr), field.width, field.signed)
                return self.resize(text, round_bits(field.width), size, field.signed)
            case Local(index):
                width = self._local.widths[index]
                return self.resize(
                    self.read_storage(self._local.texts[index], width, False), round_bits(width), size, False
                )
            case RegisterCell(array, index):
                text = self._registers.load(self, array, self.index(index))
                return self.resize(text, round_bits(array.width), size, False)
            case Unary():
                return self._unary(expr, size)
            case Choice(condition, left, right):
                return self._choice(condition, left, right, size)
            case Binary(op, left, right) if op in _PLAIN:
                return self._plain(op, left, right, size)
            case Binary("<<", left, right):
                return self._shift_left(left, right, size)
            case Binary(">>", left, right):
                return self._shift_right(left, right, size)
            case Binary("/" | "%" as op, left, right):
                return self._divide(op, left, right, size)
            case Binary("two_comp_mod", left, Const(width)):
                return self._two_complement(left, width, size)
            case Binary(("usat_cast" | "sat_cast") as op, left, Const(width)):
                return self._saturate(left, width, op == "sat_cast", size)
        raise AssertionError(expr)

    def _constant(self, value: int, size: int) -> str:
        if size <= 128:
            return constant(value, size)
        name = self.out.fresh("w")
        self.out.line(f"const uint64_t {name}[{size // 64}] = {word_list(value, size)};")
        return name

    def _unary(self, expr: Unary, size: int) -> str:
        operand = expr.operand
        if expr.op == "b2d":
            return self.resize(f"(uint64_t)({self.truth(operand)})", 64, size, False)
        if expr.op == "~":
            inner = self.number(operand, size)
            if size <= 128:
                return f"(~{inner})"
            name = self.words(size)
            self.out.line(f"wide_not({name}, {inner}, {size // 64});")
            return name
        assert isinstance(operand, StackRef)
        member, _ = self.stack(operand)
        return f"((uint64_t){member}.next - 1)" if expr.op == "last_stack_index" else f"(uint64_t){member}.next"

    def _plain(self, op: str, left: Expr, right: Expr, size: int) -> str:
        a, b = self.number(left, size), self.number(right, size)
        if size <= 128:
            return f"({a} {op} {b})"
        name = self.words(size)
        self.out.line(f"wide_{_WIDE_CALLS[op]}({name}, {a}, {b}, {size // 64});")
        return name

    def _choice(self, condition: Expr, left: Expr, right: Expr, size: int) -> str:
        truth = self.truth(condition)
        a, b = self.number(left, size), self.number(right, size)
        if size <= 128:
            return f"({truth} ? {a} : {b})"
        name = self.words(size)
        self.out.line(f"memcpy({name}, {truth} ? {a} : {b}, sizeof {name});")
        return name

    def _shift_left(self, left: Expr, right: Expr, size: int) -> str:
        value = self.number(left, size)
        count = self.index(right)
        if size <= 128:
            if isinstance(right, Const):
                return f"({value} << {right.value})" if 0 <= right.value < size else constant(0, size)
            name = self.out.fresh()
            self.out.line(f"uint64_t {name} = {count};")
            return f"({name} < {size} ? {value} << {name} : {constant(0, size)})"
        name = self.words(size)
        self.out.line(f"wide_shl({name}, {value}, {count}, {size // 64});")
        return name

    def _shift_right(self, left: Expr, right: Expr, size: int) -> str:
        own = self.bounds(left)
        whole = own.size
        if isinstance(right, Const) and right.value >= 0 and round_bits(size + right.value) < whole:
            whole = round_bits(size + right.value)
        signed = own.signed and whole == own.size
        value, count = self.number(left, whole), self.index(right)
        if whole > 128:
            name = self.words(whole)
            sign = "true" if signed else "false"
            self.out.line(f"wide_shr({name}, {value}, {count}, {whole // 64}, {sign});")
            return self.resize(name, whole, size, signed)
        kind = unsigned_type(whole)
        operand = f"({signed_type(whole)}){value}" if signed else value
        if isinstance(right, Const) and 0 <= right.value < whole:
            return self.resize(f"({kind})({operand} >> {right.value})", whole, size, signed)
        name = self.out.fresh()
        self.out.line(f"uint64_t {name} = {count};")
        beyond = f"({kind})({operand} < 0 ? -1 : 0)" if signed else constant(0, whole)
        return self.resize(f"({name} < {whole} ? ({kind})({operand} >> {name}) : {beyond})", whole, size, signed)

    def _divide(self, op: str, left: Expr, right: Expr, size: int) -> str:
        a, b = self.bounds(left), self.bounds(right)
        signed = a.signed or b.signed
        whole = Bounds(min(a.low, b.low), max(a.high, b.high)).size
        x, y = self.number(left, whole), self.number(right, whole)
        if whole > 128:
            quotient, rest = self.words(whole), self.words(whole)
            self.out.line(f"wide_divide({quotient}, {rest}, {x}, {y}, {whole // 64});")
            return self.resize(quotient if op == "/" else rest, whole, size, False)
        kind = signed_type(whole) if signed else unsigned_type(whole)
        name = self.out.fresh()
        self.out.line(f"{kind} {name} = ({kind}){y};")
        guard = f"{name} == 0 || {name} == -1" if signed else f"{name} == 0"
        fallback = f"({name} ? 0 - {x} : 0)" if signed and op == "/" else constant(0, whole)
        text = f"({unsigned_type(whole)})({guard} ? ({kind}){fallback} : ({kind}){x} {op} {name})"
        return self.resize(text, whole, size, signed)

    def _two_complement(self, value: Expr, width: int, size: int) -> str:
        whole = round_bits(width)
        text = self.number(value, whole)
        if whole > 128:
            name = self.words(whole)
            self.out.line(f"memcpy({name}, {text}, sizeof {name});")
            self.out.line(f"wide_cut({name}, {whole // 64}, {width}, true);")
            return self.resize(name, whole, size, True)
        kind, shift = unsigned_type(whole), whole - width
        return self.resize(f"({kind})(({signed_type(whole)})({text} << {shift}) >> {shift})", whole, size, True)

    def _saturate(self, value: Expr, width: int, signed: bool, size: int) -> str:
        text, whole, negative = self.exact(value)
        low, high = (-(1 << width - 1), (1 << width - 1) - 1) if signed else (0, (1 << width) - 1)
        own = self.bounds(value)
        if own.low >= low and own.high <= high:
            return self.resize(text, whole, size, negative)
        both = Bounds(min(own.low, low), max(own.high, high))
        text = self.resize(text, whole, both.size, negative)
        whole, negative = both.size, both.signed
        if whole > 128:
            top, bottom = self._constant(high, whole), self._constant(low, whole)
            name, sign = self.words(whole), "true" if negative else "false"
            compare = f"wide_compare({text}, {{}}, {whole // 64}, {sign})"
            chosen = f"{compare.format(top)} > 0 ? {top} : {compare.format(bottom)} < 0 ? {bottom} : {text}"
            self.out.line(f"memcpy({name}, {chosen}, sizeof {name});")
            return self.resize(name, whole, size, negative)
        kind = signed_type(whole) if negative else unsigned_type(whole)
        top, bottom = f"({kind}){constant(high, whole)}", f"({kind}){constant(low, whole)}"
        name = self.out.fresh()
        self.out.line(f"{kind} {name} = ({kind}){text};")
        chosen = f"({unsigned_type(whole)})({name} > {top} ? {top} : {name} < {bottom} ? {bottom} : {name})"
        return self.resize(chosen, whole, size, negative)

    # Comparisons and headers.

    def _compare(self, op: str, left: Expr, right: Expr) -> str:
        sort = sort_of(left)
        if sort is Sort.BOOL:
            return f"({self.truth(left)} {op} {self.truth(right)})"
        if sort is not Sort.DATA:
            return self._compare_headers(op, left, right)
        if isinstance(left, FieldRef) and isinstance(right, FieldRef) and left.field.varbit and right.field.varbit:
            return f"({'' if op == '==' else '!'}({_equal_varbits(self.field(left), self.field(right))}))"
        a, b = self.bounds(left), self.bounds(right)
        both = Bounds(min(a.low, b.low), max(a.high, b.high))
        x, y = self.number(left, both.size), self.number(right, both.size)
        if both.size > 128:
            sign = "true" if both.signed else "false"
            return f"(wide_compare({x}, {y}, {both.size // 64}, {sign}) {op} 0)"
        if both.signed:
            kind = signed_type(both.size)
            return f"(({kind}){x} {op} ({kind}){y})"
        return f"({x} {op} {y})"

    def _compare_headers(self, op: str, left: Expr, right: Expr) -> str:
        if isinstance(left, UnionRef | UnionElement) and isinstance(right, UnionRef | UnionElement):
            kind = left.union.type if isinstance(left, UnionRef) else left.stack.type
            members = range(len(kind.members))
            equal = " || ".join(self._equal_headers(UnionMember(left, i), UnionMember(right, i)) for i in members)
        else:
            equal = self._equal_headers(left, right)  # type: ignore[arg-type]
        return f"({'' if op == '==' else '!'}({equal}))"

    def _equal_headers(self, left: HeaderExpr, right: HeaderExpr) -> str:
        kind = header_type(left)
        if header_type(right) is not kind:
            return "false"
        a, b = self.header(left), self.header(right)
        parts = [self.valid(left), self.valid(right)]
        parts += [self._equal_field(kind, field, a, b) for field in kind.fields]
        return "(" + " && ".join(parts) + ")"

    def _equal_field(self, kind: HeaderType, field: FieldSpec, a: str, b: str) -> str:
        name = self.layout.field_name(kind, field)
        if field.varbit:
            return _equal_varbits(f"{a}->{name}", f"{b}->{name}")
        if is_wide(field.width):
            return f"memcmp({a}->{name}, {b}->{name}, sizeof {a}->{name}) == 0"
        return f"{a}->{name} == {b}->{name}"

    def _union_valid(self, union: Expr) -> str:
        assert isinstance(union, UnionRef | UnionElement)
        kind = union.union.type if isinstance(union, UnionRef) else union.stack.type
        pointer = self.union(union)
        return "(" + " || ".join(f"{pointer}->m{i}.valid" for i in range(len(kind.members))) + ")"


def _equal_varbits(a: str, b: str) -> str:
    return f"{a}.bits == {b}.bits && memcmp({a}.bytes, {b}.bytes, {a}.bits / 8) == 0"
