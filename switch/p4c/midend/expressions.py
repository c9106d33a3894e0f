"""Expressions: one rule for each class of the tree, evaluated from left to right."""

from __future__ import annotations

from switch.p4c import ir, tree
from switch.p4c import typesys as ts
from switch.p4c.midend import fold
from switch.p4c.midend import values as v
from switch.p4c.midend.assign import assign
from switch.p4c.midend.body import Body, ExprRule
from switch.p4c.midend.convert import coerce, constant, field_of, pure
from switch.p4c.midend.equality import equal, union_valid
from switch.p4c.midend.places import protect
from switch.p4c.midend.shapes import is_scalar, scalar_shape, strip

COMPARISONS = frozenset(("==", "!=", "<", "<=", ">", ">="))
SHIFTS = frozenset(("<<", ">>"))


def known(body: Body, expr: tree.Expr) -> v.Val | None:
    """The constant that the checker found the expression to be."""
    if expr.value is None or expr.type is None:
        return None
    return constant(body, expr.value, body.type(expr.type))


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


def _name(body: Body, expr: tree.Expr) -> v.Val:
    assert isinstance(expr, tree.Name)
    if expr.decl is not None:
        found = body.frame.find(expr.decl) or body.context.globals.find(expr.decl)
        if found is not None:
            return found
        if isinstance(expr.decl, tree.ConstDecl):
            return coerce(body, body.expr(expr.decl.init), body.type(expr.decl.type))
    value = known(body, expr)
    if value is not None:
        return value
    body.refuse(expr.span, f"{expr.name} is not something that has a value here")


def _member(body: Body, expr: tree.Expr) -> v.Val:
    assert isinstance(expr, tree.Member)
    value = known(body, expr)
    if value is not None:
        return value
    base = body.expr(expr.base)
    match base:
        case v.StackVal():
            return _stack_member(body, base, expr)
        case v.TableRun():
            return _run_member(body, base, expr)
        case v.ListVal() if expr.name == "size":
            return v.Number(ts.INT, len(base.items))
    return field_of(body, base, expr.name, expr.span)


def _stack_member(body: Body, base: v.StackVal, expr: tree.Member) -> v.Val:
    if expr.name in ("next", "last"):
        return base.element(expr.name)
    if expr.name in ("lastIndex", "nextIndex"):
        return v.Scalar(ts.Bits(32), ir.StackIndexRef(32, base.name, expr.name))
    if expr.name == "size":
        return v.Scalar(ts.Bits(32), fold.const(32, base.type.size))
    body.refuse(expr.span, f"header stacks have no member {expr.name}")


def _run_member(body: Body, run: v.TableRun, expr: tree.Member) -> v.Val:
    if expr.name == "action_run":
        return run
    flag = body.temp(ts.BOOL, expr.name)
    assert isinstance(flag, v.Scalar)
    assert isinstance(flag.expr, ir.FieldRef)
    hit = expr.name == "hit"
    run.stmt.hit = [ir.Assign(flag.expr, fold.truth(hit), span=expr.span)]
    run.stmt.miss = [ir.Assign(flag.expr, fold.truth(not hit), span=expr.span)]
    return flag


def _index(body: Body, expr: tree.Expr) -> v.Val:
    assert isinstance(expr, tree.Index)
    value = known(body, expr)
    if value is not None:
        return value
    base = body.expr(expr.base)
    mark = len(body.out)
    index = body.expr(expr.index)
    number = index.value if isinstance(index, v.Number) else None
    if isinstance(index, v.Scalar) and isinstance(index.expr, ir.Const):
        number = index.expr.value
    if number is not None:
        return element(body, base, number, expr)
    if isinstance(base, v.StackVal):
        return base.element(pure(body, index, expr.index.span))
    base = protect(body, base, mark)
    body.refuse(expr.span, "an index that is not constant needs a header stack")


def element(body: Body, base: v.Val, number: int, expr: tree.Expr) -> v.Val:
    """Element `number` of a stack, a tuple or a list."""
    match base:
        case v.StackVal() if 0 <= number < base.type.size:
            return base.element(number)
        case v.StructVal() if 0 <= number < len(base.fields):
            return list(base.fields.values())[number]
        case v.ListVal() if 0 <= number < len(base.items):
            return base.items[number]
    body.refuse(expr.span, f"index {number} is out of bounds")


def _slice(body: Body, expr: tree.Expr) -> v.Val:
    assert isinstance(expr, tree.Slice)
    value = known(body, expr)
    if value is not None:
        return value
    base = body.expr(expr.base)
    mark = len(body.out)
    first, second = body.expr(expr.high), body.expr(expr.low)
    base = protect(body, base, mark) if len(body.out) > mark else base
    if isinstance(base, v.Number):
        base = v.Scalar(ts.Bits(1024), pure(body, base, expr.span))
    if not isinstance(base, v.Scalar):
        body.refuse(expr.span, "only bits can be sliced")
    high, low = _number(first), _number(second)
    if expr.plus and low is not None:
        if high is None:
            return v.DynamicSlice(ts.Bits(low), base, pure(body, first, expr.high.span))
        high, low = high + low - 1, high
    if high is None or low is None:
        body.refuse(expr.span, "the bounds of a slice must be constants")
    return v.Scalar(ts.Bits(high - low + 1), fold.piece(base.expr, high, low))


def _number(value: v.Val) -> int | None:
    if isinstance(value, v.Number):
        return value.value
    if isinstance(value, v.Scalar) and isinstance(value.expr, ir.Const):
        return value.expr.value
    return None


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
        amount = _number(right)
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


def validity(body: Body, value: v.Val, expr: tree.Expr) -> ir.Expr:
    """`value.isValid()`."""
    match value:
        case v.HeaderVal() | v.HeaderLit():
            return value.valid
        case v.UnionVal() if value.ref.index is None:
            return union_valid(value)
        case v.UnionVal():
            return ir.IsValid(0, value.ref.name, value.ref.index)
    body.refuse(expr.span, "isValid needs a header or a header union")


EXPRESSIONS: dict[type[tree.Node], ExprRule] = {
    tree.IntLit: _literal,
    tree.BoolLit: _bool,
    tree.StringLit: _string,
    tree.Name: _name,
    tree.Member: _member,
    tree.Index: _index,
    tree.Slice: _slice,
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
