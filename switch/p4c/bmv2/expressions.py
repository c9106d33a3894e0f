"""IR expressions as BMv2 expressions.

BMv2 computes with integers of unlimited size and knows two kinds of values, data and bool, that do not mix. So the
result of each operation that can leave its width is brought back into it (`&` for bit strings, `two_comp_mod` for
signed ones), bools are stored in one-bit fields, and d2b and b2d stand between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from switch.p4c import ir
from switch.p4c.bmv2.context import Context
from switch.p4c.bmv2.places import bounds_check, place
from switch.p4c.bmv2.values import Json, bit_bound, field, hexstr, masked, named, operation, wrapped_signed
from switch.p4c.source import Span

COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
LOGIC = {"&&": "and", "||": "or"}
CLOSED = frozenset({"&", "|", "^"})  # results stay within the operands' width
SATURATING = {"|+|": "+", "|-|": "-"}
SMALL_SHIFT = 8  # a shift amount of at most so many bits needs no guard


class Expressions:
    """Converts expressions; `params` maps the enclosing action's parameters to their positions."""

    def __init__(self, context: Context, params: Mapping[str, int] | None = None, span: Span | None = None) -> None:
        self.context = context
        self.params = params or {}
        self.span = span  # of the statement, for diagnostics
        self._data: dict[type[ir.Expr], Callable[..., Json]] = {
            ir.Const: self._const, ir.FieldRef: self._field, ir.StackFieldRef: self._element,
            ir.UnionStackFieldRef: self._element, ir.StackIndexRef: self._stack_index, ir.ParamRef: self._param,
            ir.Unary: self._unary, ir.Binary: self._binary, ir.Conditional: self._conditional, ir.Cast: self._cast,
            ir.Slice: self._slice,
        }  # fmt: skip

    def value(self, expr: ir.Expr) -> Json:
        """The expression as data or as bool, by its width."""
        return self.data(expr) if expr.width else self.boolean(expr)

    def data(self, expr: ir.Expr) -> Json:
        """The expression as data; a bool becomes 0 or 1."""
        if expr.width == 0:
            return self._bool_as_data(expr)
        handler = self._data.get(type(expr))
        if handler is None:
            self.context.unsupported(self.span, f"{type(expr).__name__.lower()} is not supported here by BMv2")
            return hexstr(0)
        return handler(expr)

    def boolean(self, expr: ir.Expr) -> Json:
        """The expression as a bool; a bit string is true when it is not 0."""
        if expr.width:
            return operation("d2b", None, self.data(expr))
        if isinstance(expr, ir.Const):
            return {"type": "bool", "value": bool(expr.value)}
        if isinstance(expr, ir.Cast):
            return self.boolean(expr.operand)
        if isinstance(expr, ir.IsValid):
            return self._is_valid(expr)
        if isinstance(expr, ir.Unary):
            return self.negation(expr.operand)
        if isinstance(expr, ir.Binary):
            return self._comparison(expr)
        if isinstance(expr, ir.Conditional):
            return self._conditional(expr)
        return operation("d2b", None, self.data_of_place(expr))

    def negation(self, expr: ir.Expr) -> Json:
        """The opposite of a bool."""
        if isinstance(expr, ir.Unary) and expr.op == "!":
            return self.boolean(expr.operand)
        return operation("not", None, self.boolean(expr))

    def data_of_place(self, expr: ir.Expr) -> Json:
        """What is stored in a field or a parameter, as data, also where it is a bool."""
        if isinstance(expr, ir.FieldRef):
            return field(expr.header, expr.field)
        if isinstance(expr, ir.ParamRef):
            return named_local(self.params[expr.name])
        return self._element(expr)

    def _bool_as_data(self, expr: ir.Expr) -> Json:
        if isinstance(expr, ir.Const):
            return hexstr(int(bool(expr.value)), 1)
        if isinstance(expr, ir.FieldRef | ir.ParamRef | ir.StackFieldRef | ir.UnionStackFieldRef):
            return self.data_of_place(expr)
        if isinstance(expr, ir.IsValid) and expr.index is None and expr.header not in self.context.unions:
            return field(expr.header, "$valid$")
        if isinstance(expr, ir.Cast) and expr.operand.width == 1:
            return self.data(expr.operand)
        return operation("b2d", None, self.boolean(expr))

    def _is_valid(self, expr: ir.IsValid) -> Json:
        context = self.context
        if expr.index is not None:
            target = place(self, ir.HeaderRef(expr.header, expr.index))
            check = bounds_check(self, expr.header, expr.index)
            union = expr.header in context.union_stacks
            valid = operation("valid_union" if union else "valid", None, target)
            return operation("?", valid, {"type": "bool", "value": False}, cond=check) if check else valid
        if expr.header in context.unions:
            return operation("valid_union", None, named("header_union", expr.header))
        return operation("d2b", None, field(expr.header, "$valid$"))

    def _comparison(self, expr: ir.Binary) -> Json:
        if expr.op in LOGIC:
            return operation(LOGIC[expr.op], self.boolean(expr.left), self.boolean(expr.right))
        return operation(expr.op, self.value(expr.left), self.value(expr.right))

    # --- data ---------------------------------------------------------------------------------------------------------

    def _const(self, expr: ir.Const) -> Json:
        return hexstr(expr.value, expr.width)

    def _field(self, expr: ir.FieldRef) -> Json:
        definition = self.context.field_def(expr.header, expr.field)
        raw = field(expr.header, expr.field)
        if definition is not None and definition.signed != expr.signed:
            return fit(raw, expr)
        return raw

    def _param(self, expr: ir.ParamRef) -> Json:
        raw = named_local(self.params[expr.name])
        return wrapped_signed(raw, expr.width) if expr.signed else raw

    def _element(self, expr: ir.Expr) -> Json:
        assert isinstance(expr, ir.StackFieldRef | ir.UnionStackFieldRef)
        raw = place(self, expr)
        check = bounds_check(self, expr.stack, expr.index)
        return operation("?", raw, hexstr(0, expr.width or 1), cond=check) if check else raw

    def _stack_index(self, expr: ir.StackIndexRef) -> Json:
        kind = "header_union_stack" if expr.stack in self.context.union_stacks else "header_stack"
        op = "last_stack_index" if expr.which == "lastIndex" else "size_stack"
        return operation(op, None, named(kind, expr.stack))

    def _unary(self, expr: ir.Unary) -> Json:
        return fit(operation(expr.op, None, self.data(expr.operand)), expr)

    def _conditional(self, expr: ir.Conditional) -> Json:
        return operation("?", self.value(expr.then), self.value(expr.otherwise), cond=self.boolean(expr.condition))

    def _slice(self, expr: ir.Slice) -> Json:
        operand = self.unsigned(expr.operand)
        if expr.low:
            operand = operation(">>", operand, hexstr(expr.low, 8))
        if expr.high >= expr.operand.width - 1:
            return operand
        return masked(operand, expr.width)

    def unsigned(self, expr: ir.Expr) -> Json:
        """The expression's bits as a number that is not negative."""
        value = self.data(expr)
        return masked(value, expr.width) if expr.signed else value

    def _cast(self, expr: ir.Cast) -> Json:
        operand = expr.operand
        value = self.data(operand)
        if operand.width == 0 or (expr.width > operand.width and (expr.signed or not operand.signed)):
            return value
        if expr.width >= operand.width and expr.signed == operand.signed:
            return value
        return fit(value, expr)

    def _binary(self, expr: ir.Binary) -> Json:
        op = expr.op
        if op == "++":
            right = expr.right
            left = operation("<<", self.unsigned(expr.left), hexstr(right.width, 8))
            joined = operation("|", left, self.unsigned(right))
            return fit(joined, expr) if expr.signed else joined
        if op in ("<<", ">>"):
            return self._shift(expr)
        left, right = self.data(expr.left), self.data(expr.right)
        if op in SATURATING:
            cast = "sat_cast" if expr.signed else "usat_cast"
            return operation(cast, operation(SATURATING[op], left, right), hexstr(expr.width))
        if op in CLOSED:
            return operation(op, left, right)
        if op in ("/", "%"):
            return self._division(expr, left, right)
        return fit(operation(op, left, right), expr)

    def _division(self, expr: ir.Binary, left: Json, right: Json) -> Json:
        result = operation(expr.op, left, right)
        if isinstance(expr.right, ir.Const) and expr.right.value:
            return result
        return operation("?", result, hexstr(0, expr.width), cond=operation("!=", right, hexstr(0)))

    def _shift(self, expr: ir.Binary) -> Json:
        amount = expr.right
        left = self.data(expr.left)
        if isinstance(amount, ir.Const):
            if amount.value >= expr.width:
                if expr.op == "<<" or not expr.signed:
                    return hexstr(0, expr.width)
                return operation(">>", left, hexstr(expr.width - 1, 8))
            result = operation(expr.op, left, hexstr(amount.value, 8))
            return fit(result, expr) if expr.op == "<<" else result
        right = self.data(amount)
        result = operation(expr.op, left, right)
        if expr.op == "<<":
            result = fit(result, expr)
        if amount.width <= SMALL_SHIFT:
            return result
        beyond = hexstr(0, expr.width)
        if expr.op == ">>" and expr.signed:
            beyond = operation(">>", left, hexstr(expr.width - 1, 8))
        return operation("?", result, beyond, cond=operation("<", right, hexstr(expr.width)))


def named_local(position: int) -> Json:
    """An action's parameter inside an expression."""
    return {"type": "local", "value": position}


def fit(value: Json, expr: ir.Expr) -> Json:
    """value brought into the range of the expression's type."""
    if expr.signed:
        return wrapped_signed(value, expr.width)
    size = bit_bound(value)
    return value if size is not None and size <= expr.width else masked(value, expr.width)
