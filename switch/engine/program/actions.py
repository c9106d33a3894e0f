"""Actions: their parameters and primitives, with arguments resolved to the objects they name."""

from __future__ import annotations

from dataclasses import dataclass

from .expressions import (
    Const,
    Expr,
    FieldRef,
    RegisterCell,
    RegisterSpec,
    Scope,
    Sort,
    read_expression,
    register_named,
    sort_of,
)
from .externs import CalculationSpec, CounterSpec, Externs, MeterSpec
from .jsonpath import Json

MAX_PRIMITIVES = 100_000


@dataclass(frozen=True, slots=True)
class ParamSpec:
    """An action parameter and its width in bits."""

    name: str
    width: int


@dataclass(frozen=True, slots=True)
class Text:
    """A string argument, as log_msg takes one."""

    text: str


@dataclass(frozen=True, slots=True)
class Vector:
    """A list of values, as log_msg takes one."""

    items: tuple[Expr, ...]


Argument = Expr | CalculationSpec | CounterSpec | MeterSpec | RegisterSpec | Text | Vector


@dataclass(frozen=True, slots=True)
class PrimitiveCall:
    """One primitive of an action."""

    op: str
    args: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """An action of the program; two actions may have one name, their ids differ."""

    name: str
    id: int
    params: tuple[ParamSpec, ...]
    primitives: tuple[PrimitiveCall, ...]

    @property
    def data_bytes(self) -> int:
        """Length of the action data: ceil(width/8) bytes for each parameter."""
        return sum((param.width + 7) // 8 for param in self.params)


_D, _H, _B = (Sort.DATA,), (Sort.HEADER,), (Sort.BOOL,)
_STACKS = (Sort.STACK, Sort.UNION_STACK)
_DB = (Sort.DATA, Sort.BOOL)

# What each primitive takes: sorts for expressions, classes for named objects.
SIGNATURES: dict[str, tuple] = {
    "assign": (_D, _DB),
    "modify_field": (_D, _DB),
    "assign_VL": (_D, _D),
    "assign_header": (_H, _H),
    "copy_header": (_H, _H),
    "assign_union": ((Sort.UNION,), (Sort.UNION,)),
    "assign_header_stack": ((Sort.STACK,), (Sort.STACK,)),
    "assign_union_stack": ((Sort.UNION_STACK,), (Sort.UNION_STACK,)),
    "push": (_STACKS, _D),
    "pop": (_STACKS, _D),
    "add_header": (_H,),
    "add_header_fast": (_H,),
    "remove_header": (_H,),
    "exit": (),
    "no_op": (),
    "assert": (_B + _D,),
    "assume": (_B + _D,),
    "log_msg": (Text, Vector),
    "_jump": (_D,),
    "_jump_if_zero": (_DB, _D),
    "drop": (),
    "mark_to_drop": (_H,),
    "generate_digest": (_D, _D),
    "clone_ingress_pkt_to_egress": (_D, _D),
    "clone_egress_pkt_to_egress": (_D, _D),
    "resubmit": (_D,),
    "recirculate": (_D,),
    "truncate": (_D,),
    "modify_field_with_hash_based_offset": (_D, _D, CalculationSpec, _D),
    "modify_field_rng_uniform": (_D, _D, _D),
    "execute_meter": (MeterSpec, _D, _D),
    "count": (CounterSpec, _D),
    "register_read": (_D, RegisterSpec, _D),
    "register_write": (RegisterSpec, _D, _D),
    "add_to_field": (_D, _D),
    "subtract_from_field": (_D, _D),
    **dict.fromkeys(("add", "subtract", "bit_xor", "bit_or", "bit_and", "shift_left", "shift_right"), (_D, _D, _D)),
}


# Which argument a primitive writes to.
TARGETS: dict[str, int] = {
    **dict.fromkeys(("assign", "modify_field", "assign_VL", "add_to_field", "subtract_from_field"), 0),
    **dict.fromkeys(("add", "subtract", "bit_xor", "bit_or", "bit_and", "shift_left", "shift_right"), 0),
    **dict.fromkeys(("modify_field_with_hash_based_offset", "modify_field_rng_uniform", "register_read"), 0),
    "execute_meter": 2,
}


def read_actions(root: Json, scope: Scope, externs: Externs) -> dict[int, ActionSpec]:
    """Reads all actions, by id."""
    actions: dict[int, ActionSpec] = {}
    for where in root.items("actions"):
        number = where["id"].number()
        if number in actions:
            raise where["id"].fail(f"the id {number} is taken")
        params = tuple(
            ParamSpec(item["name"].text(), item["bitwidth"].number(1, 1 << 16)) for item in where.items("runtime_data")
        )
        inner = Scope(scope.headers, scope.registers, len(params))
        calls = where.items("primitives")
        if len(calls) > MAX_PRIMITIVES:
            raise where["primitives"].fail("too many primitives")
        primitives = tuple(read_primitive(item, inner, externs) for item in calls)
        _check_jumps(primitives, where)
        actions[number] = ActionSpec(where["name"].text(), number, params, primitives)
    return actions


def _check_jumps(primitives: tuple[PrimitiveCall, ...], where: Json) -> None:
    for index, call in enumerate(primitives):
        if call.op in ("_jump", "_jump_if_zero"):
            target = call.args[-1]
            if not isinstance(target, Const) or not 0 <= target.value <= len(primitives):
                raise where.items("primitives")[index].fail("jumps to no primitive of the action")


def read_primitive(where: Json, scope: Scope, externs: Externs) -> PrimitiveCall:
    """Reads one primitive call and checks its arguments against the primitive's signature."""
    op = where["op"].text()
    if op not in SIGNATURES:
        raise where["op"].fail(f"unknown primitive {op!r}")
    expected, given = SIGNATURES[op], where.items("parameters")
    if len(given) != len(expected):
        raise where.fail(f"{op} takes {len(expected)} arguments, got {len(given)}")
    pairs = zip(given, expected, strict=True)
    args = tuple(_read_argument(item, want, scope, externs) for item, want in pairs)
    target = TARGETS.get(op)
    if target is not None and not isinstance(args[target], FieldRef | RegisterCell):
        raise given[target].fail("expected a field")
    if op in ("execute_meter", "register_read") and not isinstance(args[TARGETS[op]], FieldRef):
        raise given[TARGETS[op]].fail("expected a field")
    return PrimitiveCall(op, args)


def _read_argument(where: Json, want: tuple[Sort, ...] | type, scope: Scope, externs: Externs) -> Argument:
    kind = where["type"].text()
    if isinstance(want, tuple):
        expr = read_expression(where, scope)
        if sort_of(expr) not in want:
            raise where.fail(f"expected {want[0].value}, got {sort_of(expr).value}")
        return expr
    if want is Text and kind == "string":
        return Text(where["value"].text())
    if want is Vector and kind == "parameters_vector":
        # p4c writes an empty vector as an empty object.
        items = [] if where["value"].value == {} else where["value"].items()
        return Vector(tuple(read_expression(item, scope) for item in items))
    if want is RegisterSpec and kind == "register_array":
        return register_named(where["value"], scope)
    tables = {
        CalculationSpec: ("calculation", externs.calculations),
        CounterSpec: ("counter_array", externs.counters),
        MeterSpec: ("meter_array", externs.meters),
    }
    noun, known = tables.get(want, ("", {}))
    if kind != noun:
        raise where["type"].fail(f"unexpected argument type {kind!r}")
    name = where["value"].text()
    if name not in known:
        raise where["value"].fail(f"no {noun} {name!r}")
    return known[name]
