"""The parser as one C function: a label for each state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..program.actions import PrimitiveCall
from ..program.expressions import (
    Expr,
    FieldRef,
    Lookahead,
    StackElement,
    StackRef,
    UnionElement,
    UnionMember,
    UnionStackRef,
    header_type,
)
from ..program.parser import Advance, Extract, ParserOp, ParserSpec, ParseState, Set, Transition, Verify
from .expressions import Expressions
from .keys import KeyPacking, pack_words
from .numbers import Bounds, constant, is_wide, round_bits, unsigned_type
from .primitives import Primitives
from .tables import Goto
from .writer import comment, identifier

if TYPE_CHECKING:
    from .unit import Names


class ParserCode:
    """Writes `p4_parse`."""

    def __init__(self, code: Expressions, names: Names, errors: dict[str, int]) -> None:
        self._code = code
        self._out = code.out
        self._names = names
        self._errors = errors
        self._primitives = Primitives(code, names)

    def write(self, parser: ParserSpec | None) -> None:
        """Writes the function; without a parser all of the packet is payload."""
        with self._out.block("static void p4_parse(p4_context_t *c)"):
            self._out.line("p4_phv_t *phv = &c->phv;")
            self._out.line("const uint8_t *p = c->data, *end = c->data + c->len;")
            self._out.line("(void)phv, (void)end;")
            if parser is not None and parser.start is not None:
                self._states(parser)
            self._out.label("done")
            self._out.line("c->payload = (uint8_t *)(uintptr_t)p;")
            self._out.line("c->payload_len = (uint32_t)(end - p);")
        self._out.line()

    def _states(self, parser: ParserSpec) -> None:
        labels = {name: identifier("state", i, name) for i, name in enumerate(parser.states)}
        order = _reachable(parser)
        position = {name: i for i, name in enumerate(order)}
        for name in order:
            state = parser.states[name]
            self._out.line()
            self._out.label(labels[name])
            self._out.line(comment(f"state {name}"))
            self._state(state, lambda target, at=position[name]: self._goto(target, at, labels, position))

    def _goto(self, target: str | None, at: int, labels: dict[str, str], position: dict[str, int]) -> str:
        if target is None:
            return "goto done;"
        if position[target] > at:
            return f"goto {labels[target]};"
        error = self._errors["ParserTimeout"]
        return f"{{ if (++c->loops >= P4_LOOPS) {{ c->parser_error = {error}; goto done; }} goto {labels[target]}; }}"

    def _state(self, state: ParseState, goto: Goto) -> None:
        for op in state.ops:
            with self._out.block():
                self._op(op)
        default = next(
            (t.next_state for t in reversed(state.transitions) if t.value is None and t.value_set is None), None
        )
        cases = [t for t in state.transitions if t.value is not None or t.value_set is not None]
        if state.key and cases:
            with self._out.block():
                self._select(state, cases, goto)
        self._out.line(goto(default))

    def _fail(self, error: str) -> str:
        return f"{{ c->parser_error = {self._errors[error]}; goto done; }}"

    def _op(self, op: ParserOp) -> None:
        match op:
            case Extract():
                self._extract(op)
            case Set(target, value):
                self._set(target, value)
            case Verify(condition, error):
                self._out.line(f"bool holds = {self._code.truth(condition)};")
                with self._out.block("if (!holds)"):
                    self._out.line(f"c->parser_error = (uint32_t){self._code.number(error, 64)};")
                    self._out.line("goto done;")
            case Advance(bits):
                self._out.line(f"uint64_t bits = {self._code.index(bits)};")
                self._out.line(f"if (bits % 8) {self._fail('ParserInvalidArgument')}")
                self._out.line(f"if ((uint64_t)(end - p) < bits / 8) {self._fail('PacketTooShort')}")
                self._out.line("p += bits / 8;")
            case PrimitiveCall():
                self._primitives.write(op)

    def _extract(self, op: Extract) -> None:
        target, kind = op.target, header_type(op.target)
        name, fixed = self._code.layout.type_name(kind), kind.fixed_bits // 8
        stack, element = self._stack_of(op), ""
        if stack is not None:
            member, size = stack
            self._out.line(f"if ({member}.next >= {size}) {self._fail('StackOutOfBounds')}")
            element = f"{member}.e[{member}.next]"
            pointer = f"&{element}.m{target.index}" if isinstance(target, UnionMember) else f"&{element}"
        else:
            pointer = self._code.header(target)
        bits = "0"
        if op.length is not None and kind.varbit is not None:
            bits = "(uint32_t)bits"
            self._out.line(f"uint64_t bits = {self._code.index(op.length)};")
            self._out.line(f"if (bits % 8) {self._fail('ParserInvalidArgument')}")
            self._out.line(f"if ((uint64_t)(end - p) < bits / 8 + {fixed}) {self._fail('PacketTooShort')}")
            self._out.line(f"if (bits > {kind.varbit.width}) {self._fail('HeaderTooShort')}")
        else:
            self._out.line(f"if (end - p < {fixed}) {self._fail('PacketTooShort')}")
        self._out.line(f"{name}_t *h = {pointer};")
        self._out.line(f"{name}_load(p, h, {bits});")
        self._out.line(f"p += {fixed}" + (" + bits / 8;" if bits != "0" else ";"))
        if stack is not None and isinstance(target, UnionMember):
            for index in range(len(target.union.stack.type.members)):  # type: ignore[union-attr]
                if index != target.index:
                    self._out.line(f"{element}.m{index}.valid = 0;")
        elif stack is None:
            self._primitives.invalidate_siblings(target)
        if stack is not None:
            self._out.line(f"{stack[0]}.next++;")

    def _stack_of(self, op: Extract) -> tuple[str, int] | None:
        """The stack whose next element is extracted, with its size."""
        if isinstance(op.target, StackElement):
            return self._code.stack(StackRef(op.target.stack))
        if isinstance(op.target, UnionMember) and isinstance(op.target.union, UnionElement):
            return self._code.stack(UnionStackRef(op.target.union.stack))
        return None

    def _set(self, target: FieldRef, value: Expr) -> None:
        if isinstance(value, Lookahead):
            text = self._lookahead(value)
            size, wanted = round_bits(value.width), round_bits(target.field.width)
            text = self._code.resize(text, size, wanted, False)
            known = Bounds(0, (1 << value.width) - 1)
            self._code.store(self._code.field(target), target.field.width, text, known)
            return
        self._primitives.write(PrimitiveCall("assign", (target, value)))

    def _lookahead(self, ahead: Lookahead) -> str:
        """The number ahead, in its own representation."""
        needed = (ahead.offset + ahead.width + 7) // 8
        self._out.line(f"if (end - p < {needed}) {self._fail('PacketTooShort')}")
        if ahead.offset % 8 == 0 and ahead.width % 8 == 0 and ahead.width <= 64:
            return f"p4_load(p + {ahead.offset // 8}, {ahead.width // 8})"
        if is_wide(ahead.width):
            name = self._out.fresh("w")
            self._out.line(f"uint64_t {name}[{round_bits(ahead.width) // 64}];")
            self._out.line(f"p4_get_bits(p, {ahead.offset}, {ahead.width}, {name});")
            return name
        return f"p4_get{round_bits(ahead.width)}(p, {ahead.offset}, {ahead.width})"

    def _select(self, state: ParseState, cases: list[Transition], goto: Goto) -> None:
        parts: list[tuple[str, int]] = []
        for key in state.key:
            width = key.width if isinstance(key, Lookahead) else key.field.width
            parts.append((self._key_part(key), width))
        if len(parts) == 1 and parts[0][1] <= 64 and all(t.value is not None and t.mask is None for t in cases):
            self._switch(parts[0][0], cases, goto)
            return
        packing = KeyPacking.of([width for _, width in parts])
        words = None
        if any(t.value_set is not None for t in cases):
            words = self._out.fresh("key")
            pack_words(self._out, words, parts, packing)
        for case in cases:
            test = self._test(case, parts, words, packing)
            self._out.line(f"if ({test}) {goto(case.next_state)}")

    def _key_part(self, key: FieldRef | Lookahead) -> str:
        """The name of a constant that holds a part of the key."""
        if isinstance(key, Lookahead):
            text, width = self._lookahead(key), key.width
        else:
            width = key.field.width
            text = self._code.read_storage(self._code.field(key), width, signed=False)
        if is_wide(width):
            return text
        name = self._out.fresh("k")
        self._out.line(f"const {unsigned_type(round_bits(width))} {name} = {text};")
        return name

    def _switch(self, name: str, cases: list[Transition], goto: Goto) -> None:
        seen: set[bytes] = set()
        with self._out.block(f"switch ({name})"):
            for case in cases:
                if case.value is not None and case.value not in seen:
                    seen.add(case.value)
                    self._out.line(f"case {constant(int.from_bytes(case.value), 64)}: {goto(case.next_state)}")
            self._out.line("default: break;")

    def _test(self, case: Transition, parts: list[tuple[str, int]], words: str | None, packing: KeyPacking) -> str:
        if case.value_set is not None:
            mask = "NULL"
            if case.mask is not None:
                mask = self._out.fresh("m")
                self._out.line(f"static const uint64_t {mask}[{packing.words}] = {packing.initialiser(case.mask)};")
            number = self._names.value_sets[case.value_set.name]
            return f"p4e_value_set_has(&c->engine->value_sets[{number}], {words}, {mask}, {packing.words})"
        assert case.value is not None
        tests: list[str] = []
        offset = 0
        for text, width in parts:
            size = (width + 7) // 8
            value = int.from_bytes(case.value[offset : offset + size])
            full = (1 << width) - 1
            mask = full if case.mask is None else int.from_bytes(case.mask[offset : offset + size]) & full
            offset += size
            tests += _part_test(text, width, value & mask if case.mask is not None else value, mask)
        return " && ".join(tests) or "true"


def _part_test(text: str, width: int, value: int, mask: int) -> list[str]:
    if mask == 0:
        return []
    size = round_bits(width)
    if not is_wide(width):
        if mask == (1 << width) - 1:
            return [f"{text} == {constant(value, size)}"]
        return [f"({text} & {constant(mask, size)}) == {constant(value & mask, size)}"]
    tests = []
    for word in range(size // 64):
        part, bits = mask >> 64 * word & (1 << 64) - 1, value >> 64 * word & (1 << 64) - 1
        if part:
            tests.append(f"({text}[{word}] & {constant(part, 64)}) == {constant(bits & part, 64)}")
    return tests


def _reachable(parser: ParserSpec) -> list[str]:
    """States in an order in which most transitions lead forward."""
    assert parser.start is not None
    order: list[str] = []
    seen: set[str] = set()
    pending: list[tuple[str, bool]] = [(parser.start, False)]
    while pending:
        name, done = pending.pop()
        if done:
            order.append(name)
            continue
        if name in seen:
            continue
        seen.add(name)
        pending.append((name, True))
        targets = [t.next_state for t in parser.states[name].transitions if t.next_state is not None]
        pending += [(target, False) for target in targets if target not in seen]
    return order[::-1]
