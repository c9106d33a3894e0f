"""Primitives: one method for each thing an action can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ..errors import BadConfig
from ..program.actions import PrimitiveCall, Text, Vector
from ..program.expressions import (
    Binary,
    Const,
    Expr,
    FieldRef,
    HeaderExpr,
    HeaderRef,
    RegisterCell,
    RegisterSpec,
    StackRef,
    UnionElement,
    UnionMember,
    UnionRef,
    UnionStackRef,
    header_type,
)
from ..program.externs import CalculationSpec, CounterSpec, MeterSpec
from ..program.headers import VALID_FIELD, HeaderType
from .expressions import Expressions
from .logs import LogFormat
from .numbers import is_wide, round_bits, storage_bytes
from .register_groups import index_key

if TYPE_CHECKING:
    from .unit import Names

OPERATORS = {
    "add": "+",
    "subtract": "-",
    "bit_xor": "^",
    "bit_or": "|",
    "bit_and": "&",
    "shift_left": "<<",
    "shift_right": ">>",
}
# Primitives that may end an action's control early, and what tells.
ENDS = {"exit": "exit", "assert": "failed", "assume": "failed"}
MAX_LOG_VALUES = 32


class Primitives:
    """Writes the C of primitive calls."""

    def __init__(self, code: Expressions, names: Names) -> None:
        self._code = code
        self._out = code.out
        self._names = names
        self._soon = frozenset[str]()

    def write(self, call: PrimitiveCall, soon: frozenset[str] = frozenset()) -> None:
        """Writes one call in a block of its own; jumps are the action's business. `soon`: indexes used next."""
        self._soon = soon
        with self._out.block():
            self._dispatch(call)

    def _dispatch(self, call: PrimitiveCall) -> None:
        op, args = call.op, call.args
        if op in OPERATORS:
            self._set(args[0], Binary(OPERATORS[op], self._expr(args[1]), self._expr(args[2])))
        elif op in ("add_to_field", "subtract_from_field"):
            operator = "+" if op == "add_to_field" else "-"
            self._set(args[0], Binary(operator, self._expr(args[0]), self._expr(args[1])))
        elif op == "truncate":
            self._out.line(f"uint64_t limit = {self._code.index(self._expr(args[0]))};")
            self._out.line("if (limit < c->truncate) c->truncate = (uint32_t)limit;")
        else:
            getattr(self, f"_do_{op.lstrip('_')}")(*args)

    @staticmethod
    def _expr(argument: object) -> Expr:
        return cast(Expr, argument)

    def _set(self, target: object, value: Expr) -> None:
        """Assigns to a field or register cell."""
        if isinstance(target, FieldRef) and target.field.name == VALID_FIELD:
            self._validate(target.header, f"({self._code.number(value, 64)} != 0)")
        elif isinstance(target, FieldRef) and target.field.varbit:
            raise BadConfig("$", f"a number is assigned to the variable-length field {target.field.name!r}")
        elif isinstance(target, FieldRef):
            self._code.assign(self._code.field(target), target.field, value)
            self._fetch_rows(target)
        elif isinstance(target, RegisterCell):
            self._do_register_write(target.array, target.index, value)
        else:
            raise AssertionError(target)

    def _do_assign(self, target: object, value: Expr) -> None:
        if isinstance(target, FieldRef) and target.field.varbit and isinstance(value, FieldRef) and value.field.varbit:
            self._do_assign_VL(target, value)
        else:
            self._set(target, value)

    _do_modify_field = _do_assign

    def _do_assign_VL(self, target: object, value: object) -> None:
        if not (isinstance(target, FieldRef) and isinstance(value, FieldRef) and value.field.varbit):
            return
        to, source = self._code.field(target), self._code.field(value)
        most = min(target.field.width, value.field.width) // 8
        self._out.line(f"{to}.bits = {source}.bits <= {most * 8} ? {source}.bits : {most * 8};")
        self._out.line(f"memmove({to}.bytes, {source}.bytes, {to}.bits / 8);")

    # Headers.

    def _siblings(self, header: HeaderExpr) -> list[str]:
        """Pointers to the other members of the header's union."""
        if isinstance(header, HeaderRef):
            return [f"(&phv->{self._code.layout.header(other)})" for other in self._code.layout.siblings(header.header)]
        if isinstance(header, UnionMember):
            union = header.union
            kind = union.union.type if isinstance(union, UnionRef) else union.stack.type
            pointer = self._code.union(union)
            return [f"(&{pointer}->m{i})" for i in range(len(kind.members)) if i != header.index]
        return []

    def invalidate_siblings(self, header: HeaderExpr) -> None:
        """A union has one valid header at most."""
        for other in self._siblings(header):
            self._out.line(f"{other}->valid = 0;")

    def _validate(self, header: HeaderExpr, truth: str) -> None:
        self._out.line(f"{self._code.header(header)}->valid = {truth};")
        if self._siblings(header):
            with self._out.block(f"if ({self._code.header(header)}->valid)"):
                self.invalidate_siblings(header)

    def _do_add_header(self, header: HeaderExpr) -> None:
        name = self._code.layout.type_name(header_type(header))
        self._out.line(f"{name}_t *h = {self._code.header(header)};")
        with self._out.block("if (!h->valid)"):
            self._out.line("memset(h, 0, sizeof *h);")
            self._out.line("h->valid = 1;")
            self._out.line(f"c->packet_length += {header_type(header).fixed_bits // 8};")
            self.invalidate_siblings(header)

    def _do_add_header_fast(self, header: HeaderExpr) -> None:
        self._validate(header, "1")

    def _do_remove_header(self, header: HeaderExpr) -> None:
        name = self._code.layout.type_name(header_type(header))
        self._out.line(f"{name}_t *h = {self._code.header(header)};")
        with self._out.block("if (h->valid)"):
            self._out.line(f"c->packet_length -= {name}_bytes(h);")
            self._out.line("h->valid = 0;")

    def _do_assign_header(self, target: HeaderExpr, source: HeaderExpr) -> None:
        self._copy_header(target, source)

    _do_copy_header = _do_assign_header

    def _copy_header(self, target: HeaderExpr, source: HeaderExpr) -> None:
        kind = header_type(target)
        if not self._same_shape(kind, header_type(source)):
            return
        to, other = self._out.fresh("h"), self._out.fresh("h")
        self._out.line(f"{self._code.layout.type_name(kind)}_t *{to} = {self._code.header(target)};")
        self._out.line(
            f"const {self._code.layout.type_name(header_type(source))}_t *{other} = {self._code.header(source)};"
        )
        metadata = isinstance(source, HeaderRef) and source.header.metadata
        with self._out.block("if (true)" if metadata else f"if ({other}->valid)"):
            self._out.line(f"memmove({to}, {other}, sizeof *{to});")
            self._out.line(f"{to}->valid = 1;")
            self.invalidate_siblings(target)
        if not metadata:
            self._out.line(f"else {to}->valid = 0;")

    def _same_shape(self, one: HeaderType, other: HeaderType) -> bool:
        return [(f.width, f.varbit) for f in one.fields] == [(f.width, f.varbit) for f in other.fields]

    def _do_assign_union(self, target: UnionRef | UnionElement, source: UnionRef | UnionElement) -> None:
        self._out.line(
            f"memmove({self._code.union(target)}, {self._code.union(source)}, sizeof *{self._code.union(target)});"
        )

    def _do_assign_header_stack(self, target: StackRef, source: StackRef) -> None:
        to, size = self._code.stack(target)
        other, other_size = self._code.stack(source)
        self._out.line(f"memmove({to}.e, {other}.e, {min(size, other_size)} * sizeof {to}.e[0]);")
        self._out.line(f"{to}.next = {other}.next < {size} ? {other}.next : {size};")

    _do_assign_union_stack = _do_assign_header_stack

    def _do_push(self, stack: StackRef | UnionStackRef, amount: Expr) -> None:
        member, size = self._code.stack(stack)
        self._out.line(f"uint64_t by = {self._code.index(amount)};")
        self._out.line(f"if (by > {size}) by = {size};")
        self._out.line(f"memmove(&{member}.e[by], &{member}.e[0], ({size} - by) * sizeof {member}.e[0]);")
        self._out.line(f"memset(&{member}.e[0], 0, by * sizeof {member}.e[0]);")
        self._out.line(f"{member}.next = {member}.next + by < {size} ? {member}.next + (uint32_t)by : {size};")

    def _do_pop(self, stack: StackRef | UnionStackRef, amount: Expr) -> None:
        member, size = self._code.stack(stack)
        self._out.line(f"uint64_t by = {self._code.index(amount)};")
        self._out.line(f"if (by > {size}) by = {size};")
        self._out.line(f"memmove(&{member}.e[0], &{member}.e[by], ({size} - by) * sizeof {member}.e[0]);")
        self._out.line(f"memset(&{member}.e[{size} - by], 0, by * sizeof {member}.e[0]);")
        self._out.line(f"{member}.next = {member}.next > by ? {member}.next - (uint32_t)by : 0;")

    # Control.

    def _do_no_op(self) -> None:
        self._out.line(";")

    def _do_exit(self) -> None:
        self._out.line("c->exit = true;")

    def _do_assert(self, condition: Expr) -> None:
        from ..program.expressions import Sort, Unary, sort_of

        truth = condition if sort_of(condition) is Sort.BOOL else Unary("d2b", condition)
        self._out.line(f"if (!{self._code.truth(truth)}) {{ c->failed = true; return; }}")

    _do_assume = _do_assert

    def _do_log_msg(self, text: Text, values: Vector) -> None:
        items = values.items[:MAX_LOG_VALUES]
        number = self._names.log(LogFormat(text.text, len(items)))
        array = self._out.fresh("v")
        self._out.line(f"p4_i128 {array}[{max(len(items), 1)}] = {{0}};")
        for index, item in enumerate(items):
            self._out.line(f"{array}[{index}] = (p4_i128){self._code.number(item, 128)};")
        self._out.line(f"p4_log(c, {number}, {array}, {len(items)});")

    # What simple_switch adds.

    def _do_drop(self) -> None:
        self._out.line("p4_set_egress_spec(phv, c->engine->options.drop_port);")
        self._out.line("p4_set_mcast_grp(phv, 0);")

    def _do_mark_to_drop(self, header: HeaderExpr) -> None:
        """Marks the very header that is given, which may be a copy of the standard metadata."""
        kind = header_type(header)
        for name, value in (("egress_spec", "c->engine->options.drop_port"), ("mcast_grp", "0")):
            field = kind.field(name)
            if field is not None:
                text = self._code.resize(f"(uint64_t){value}", 64, round_bits(field.width), False)
                self._code.store(self._code.field(FieldRef(header, field)), field.width, text)

    def _do_generate_digest(self, receiver: Expr, digest: Expr) -> None:
        self._out.line(f"c->digest = {self._code.index(digest)};")

    def _do_clone_ingress_pkt_to_egress(self, session: Expr, fields: Expr) -> None:
        self._out.line(f"c->clone_session = ({self._code.number(session, 64)} & 0x7fff) + 1;")
        self._out.line(f"c->clone_list = {self._code.number(fields, 64)} & 0xffff;")

    _do_clone_egress_pkt_to_egress = _do_clone_ingress_pkt_to_egress

    def _do_resubmit(self, fields: Expr) -> None:
        self._out.line(f"c->resubmit = {self._code.number(fields, 64)} & 0xffff;")

    def _do_recirculate(self, fields: Expr) -> None:
        self._out.line(f"c->recirculate = {self._code.number(fields, 64)} & 0xffff;")

    def _do_modify_field_with_hash_based_offset(
        self, target: object, base: Expr, calculation: CalculationSpec, size: Expr
    ) -> None:
        self._out.line(f"uint64_t base = {self._code.number(base, 64)}, size = {self._code.number(size, 64)};")
        self._out.line(f"uint64_t hash = {self._names.calculation(calculation)}(c) % (size ? size : 1) + base;")
        self._store_word(target, "hash")

    def _do_modify_field_rng_uniform(self, target: object, low: Expr, high: Expr) -> None:
        self._out.line(f"uint64_t low = {self._code.number(low, 64)}, high = {self._code.number(high, 64)};")
        with self._out.block("if (low <= high)"):
            self._out.line("uint64_t span = high - low + 1, random = p4_random(&c->engine->random);")
            self._out.line("random = low + (span ? random % span : random);")
            self._store_word(target, "random")

    def _store_word(self, target: object, word: str) -> None:
        """Assigns a uint64_t to a field or register cell."""
        if isinstance(target, FieldRef):
            width, place = target.field.width, self._code.field(target)
        else:
            assert isinstance(target, RegisterCell)
            width, place = target.array.width, ""
            index = self._out.fresh("i")
            self._out.line(f"uint64_t {index} = {self._code.index(target.index)};")
            place = self._names.registers.cell(target.array, index)
            self._out.line(f"if ({index} < {target.array.size}u)")
        text = self._code.resize(word, 64, round_bits(width), False)
        with self._out.block():
            self._code.store(place, width, text)
        if isinstance(target, FieldRef):
            self._fetch_rows(target)

    def _fetch_rows(self, index: FieldRef) -> None:
        """Fetches what will be read by the index that has just been stored, unless that happens at once."""
        if index_key(index) not in self._soon:
            self._names.registers.prefetch(self._code, index)

    def _do_execute_meter(self, meter: MeterSpec, index: Expr, target: object) -> None:
        number = self._names.meters[meter.name]
        self._out.line(f"uint64_t at = {self._code.index(index)};")
        amount = "c->ingress_length" if meter.in_bytes else "1"
        with self._out.block(f"if (at < {meter.size}u)"):
            meters = f"&c->engine->meters[{number}][at]"
            run = f"p4e_meter_run({meters}, {amount}, c->ingress_length, c->engine->now)"
            self._out.line(f"uint64_t colour = {run};")
            self._store_word(target, "colour")

    def _do_count(self, counter: CounterSpec, index: Expr) -> None:
        if counter.direct:
            return
        number = self._names.counters[counter.name]
        cells = f"c->engine->counters[{number}], {counter.size}u"
        at = self._code.index(index)
        self._out.line(f"p4e_trace(c->engine, P4E_TRACE_COUNT, {number}, {at});")
        self._out.line(f"p4e_count_add({cells}, {at}, c->ingress_length);")

    def _do_register_read(self, target: object, array: RegisterSpec, index: Expr) -> None:
        at = self._out.fresh("i")
        self._out.line(f"uint64_t {at} = {self._code.index(index)};")
        with self._out.block(f"if ({at} < {array.size}u)"):
            assert isinstance(target, FieldRef)
            text = self._code.read_storage(self._names.registers.cell(array, at), array.width, signed=False)
            text = self._code.resize(text, round_bits(array.width), round_bits(target.field.width), False)
            self._code.store(self._code.field(target), target.field.width, text)

    def _do_register_write(self, array: RegisterSpec, index: Expr, value: Expr) -> None:
        at = self._out.fresh("i")
        self._out.line(f"uint64_t {at} = {self._code.index(index)};")
        with self._out.block(f"if ({at} < {array.size}u)"):
            cell = self._names.registers.cell(array, at)
            if is_wide(array.width):
                words = storage_bytes(array.width) // 8
                self._out.line(f"uint64_t cell[{words}];")
                self._code.store("cell", array.width, self._code.number(value, words * 64), self._code.bounds(value))
                self._out.line(f"memcpy({cell}, cell, sizeof cell);")
            else:
                text = self._code.number(value, round_bits(array.width))
                self._code.store(cell, array.width, text, self._code.bounds(value))


def jump_target(call: PrimitiveCall) -> int | None:
    """The index that a _jump or _jump_if_zero leads to."""
    if call.op not in ("_jump", "_jump_if_zero"):
        return None
    target = call.args[-1]
    assert isinstance(target, Const)
    return target.value
