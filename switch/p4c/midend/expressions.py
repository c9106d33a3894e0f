"""Expressions: one rule for each class of the tree, evaluated from left to right; operators, casts and lists."""

from __future__ import annotations

from switch.p4c import ir, tree
from switch.p4c import typesys as ts
from switch.p4c.midend import fold
from switch.p4c.midend import values as v
from switch.p4c.midend.access import index_value, known, member_value, name_value, number_of, slice_value
from switch.p4c.midend.assign import assign
from switch.p4c.midend.body import Body, ExprRule
from switch.p4c.midend.convert import coerce, constant, pure
from switch.p4c.midend.equality import equal
from switch.p4c.midend.places import protect
from switch.p4c.midend.shapes import is_scalar, scalar_shape, strip

COMPARISONS = frozenset(("==", "!=", "<", "<=", ">", ">="))
SHIFTS = frozenset(("<<", ">>"))


def _literal(body: Body, expr: tree.Expr) -> v.Val:
    assert isinstance(expr, tree.IntLit)
    if expr.width is None:
        kind = body.type(expr.type) if expr.type is not None else ts.INT
        return constant(body, expr.number, kind)
    return constant(body, expr.number, ts.Bits(expr.width, expr.signed))


def _bool(body: Body, expr: tree.Expr) -> v.Val:
    assert isinstance(expr, tree.BoolLit)
    return v.boolean(fold.truth(expr.truth))


def _string(body: Body, expr: tree.Expr) -> v.Val:
    assert isinstance(expr, tree.StringLit)
    return v.Text(ts.STRING, expr.text)


def _unary(body: Body, expr: tree.Expr) -> v.Val:
    assert isinstance(expr, tree.Unary)
    value = known(body, expr)
    if value is not None:
        return value
    operand = body.expr(expr.operand)
    if isinstance(operand, v.Number):
        return v.Number(operand.type, {"-": -operand.value, "~": ~operand.value}.get(expr.op, operand.value))
    return v.Scalar(operand.type, fold.unary(expr.op, pure(body, operand, expr.span)))


def _binary(body: Body, expr: tree.Expr) -> v.Val:
    assert isinstance(expr, tree.Binary)
    value = known(body, expr)
    if value is not None:
        return value
    if expr.op in ("&&", "||"):
        return _short_circuit(body, expr)
    left = body.expr(expr.left)
    mark = len(body.out)
    right = body.expr(expr.right)
    left = protect(body, left, mark)
    if expr.op in ("==", "!="):
        left, right = _alike(body, left, right)
        same = equal(body, left, right)
        return v.boolean(_not_equal(same) if expr.op == "!=" else same)
    return arithmetic(body, expr, left, right)


def _not_equal(same: ir.Expr) -> ir.Expr:
    if isinstance(same, ir.Binary) and same.op == "==":
        return ir.Binary(0, "!=", same.left, same.right)
    return fold.negate(same)


def _alike(body: Body, left: v.Val, right: v.Val) -> tuple[v.Val, v.Val]:
    """Gives a number the type of the other operand."""
    if isinstance(left, v.Number | v.Invalid) and isinstance(right, v.Scalar):
        return coerce(body, left, right.type), right
    if isinstance(right, v.Number | v.Invalid) and isinstance(left, v.Scalar):
        return left, coerce(body, right, left.type)
    return left, right


def arithmetic(body: Body, expr: tree.Expr, left: v.Val, right: v.Val, op: str = "") -> v.Val:
    """The value of a binary operator, apart from equality and the short-circuit ones."""
    op = op or (expr.op if isinstance(expr, tree.Binary) else "")
    if isinstance(left, v.Number) and isinstance(right, v.Number):
        return _numbers(body, expr, op, left.value, right.value)
    if op in SHIFTS:
        amount = number_of(right)
        shift = fold.shift_amount(amount) if amount is not None and amount >= 0 else pure(body, right, expr.span)
        return v.Scalar(left.type, fold.binary(op, pure(body, left, expr.span), shift))
    if op != "++":
        left, right = _alike(body, left, right)
    result = fold.binary(op, pure(body, left, expr.span), pure(body, right, expr.span))
    if op in COMPARISONS:
        return v.boolean(result)
    return v.Scalar(ts.Bits(result.width, result.signed) if op == "++" else left.type, result)


def _numbers(body: Body, expr: tree.Expr, op: str, left: int, right: int) -> v.Val:
    width = 2 + left.bit_length() + right.bit_length() + (right if op == "<<" and right < fold.MAX_FOLDED_SHIFT else 0)
    width = max(width, left.bit_length() * 2 + right.bit_length() * 2)
    result = fold.binary(op, fold.const(width, left, True), fold.const(width, right, True))
    if not isinstance(result, ir.Const):
        body.refuse(expr.span, f"{op} of these numbers has no value")
    return v.boolean(result) if result.width == 0 else v.Number(ts.INT, result.value)


def _short_circuit(body: Body, expr: tree.Binary) -> v.Val:
    left = pure(body, body.expr(expr.left), expr.left.span)
    if isinstance(left, ir.Const) and bool(left.value) == (expr.op == "||"):
        return v.boolean(left)
    with body.block() as added:
        right = pure(body, body.expr(expr.right), expr.right.span)
    if not added or isinstance(left, ir.Const):
        body.out.extend(added)
        return v.boolean(fold.binary(expr.op, left, right))
    result = body.temp(ts.BOOL)
    assign(body, result, v.boolean(left))
    with body.block() as rest:
        rest.extend(added)
        assign(body, result, v.boolean(right))
    condition = pure(body, result, expr.span)
    body.emit(ir.If(condition if expr.op == "&&" else fold.negate(condition), rest))
    return result


def _conditional(body: Body, expr: tree.Expr) -> v.Val:
    assert isinstance(expr, tree.Conditional)
    value = known(body, expr)
    if value is not None:
        return value
    condition = pure(body, body.expr(expr.condition), expr.condition.span)
    if isinstance(condition, ir.Const):
        return body.expr(expr.then if condition.value else expr.otherwise)
    with body.block() as yes:
        then = body.expr(expr.then)
    with body.block() as no:
        otherwise = body.expr(expr.otherwise)
    kind = body.type(expr.type) if expr.type is not None else then.type
    then, otherwise = _alike(body, then, otherwise)
    if not yes and not no and is_scalar(strip(then.type)) and scalar_shape(then.type)[2] != "varbit":
        return v.Scalar(kind, fold.choose(condition, pure(body, then, expr.span), pure(body, otherwise, expr.span)))
    result = body.temp(kind)
    for branch, chosen in ((yes, then), (no, otherwise)):
        with body.block() as copied:
            assign(body, result, chosen)
        branch.extend(copied)
    body.emit(ir.If(condition, yes, no))
    return result


def _cast(body: Body, expr: tree.Expr) -> v.Val:
    assert isinstance(expr, tree.Cast)
    value = known(body, expr)
    if value is not None:
        return value
    kind = body.type(expr.type if expr.type is not None else expr.target.type)
    return retyped(coerce(body, body.expr(expr.operand), kind), kind)


def retyped(value: v.Val, kind: ts.Type) -> v.Val:
    """The same bits under another name of their type."""
    return v.Scalar(kind, value.expr) if isinstance(value, v.Scalar) else value


def _list(body: Body, expr: tree.Expr) -> v.Val:
    assert isinstance(expr, tree.ListExpr)
    items = in_order(body, expr.items)
    made = v.StructVal(ts.Tuple(tuple(i.type for i in items)), {str(n): item for n, item in enumerate(items)})
    return coerce(body, made, body.type(expr.type)) if expr.type is not None else made


def in_order(body: Body, exprs: list[tree.Expr]) -> list[v.Val]:
    """The values of expressions, each as it was when its turn came."""
    values: list[v.Val] = []
    for expr in exprs:
        mark = len(body.out)
        value = body.expr(expr)
        if len(body.out) > mark:
            values = [protect(body, earlier, mark) for earlier in values]
        values.append(value)
    return values


def _struct(body: Body, expr: tree.Expr) -> v.Val:
    assert isinstance(expr, tree.StructExpr)
    values = in_order(body, [f.expr for f in expr.fields])
    kind = body.type(expr.type if expr.type is not None else expr.target.type if expr.target else None)
    fields = {f.name: value for f, value in zip(expr.fields, values, strict=True)}
    return coerce(body, v.StructVal(kind, fields), kind)


def _invalid(body: Body, expr: tree.Expr) -> v.Val:
    return v.Invalid(body.type(expr.type) if expr.type is not None else ts.VOID)


def _default(body: Body, expr: tree.Expr) -> v.Val:
    return v.Invalid(body.type(expr.type) if expr.type is not None else ts.VOID)


def _type_expr(body: Body, expr: tree.Expr) -> v.Val:
    assert isinstance(expr, tree.TypeExpr)
    return v.Object(body.type(expr.node.type), expr)


EXPRESSIONS: dict[type[tree.Node], ExprRule] = {
    tree.IntLit: _literal,
    tree.BoolLit: _bool,
    tree.StringLit: _string,
    tree.Name: name_value,
    tree.Member: member_value,
    tree.Index: index_value,
    tree.Slice: slice_value,
    tree.Unary: _unary,
    tree.Binary: _binary,
    tree.Conditional: _conditional,
    tree.Cast: _cast,
    tree.ListExpr: _list,
    tree.StructExpr: _struct,
    tree.InvalidExpr: _invalid,
    tree.DefaultExpr: _default,
    tree.TypeExpr: _type_expr,
}
