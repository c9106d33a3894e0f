"""Turns compile-time values into lowered ones, and lowered values into the type that their place expects."""

from __future__ import annotations

from switch.p4c import ir
from switch.p4c import typesys as ts
from switch.p4c.midend import fold
from switch.p4c.midend import values as v
from switch.p4c.midend.body import Body
from switch.p4c.midend.shapes import ENUM_WIDTH, ERROR_WIDTH, field_types, is_scalar, scalar_shape, strip
from switch.p4c.source import Span


def constant(body: Body, value: ts.Value, kind: ts.Type) -> v.Val:
    """The lowered form of a compile-time value of some type."""
    inner = strip(kind)
    match value:
        case bool():
            truth = fold.truth(value)
            return v.Scalar(kind, truth) if inner == ts.BOOL else coerce(body, v.boolean(truth), kind)
        case int():
            return coerce(body, v.Number(ts.INT, value), kind)
        case str():
            return v.Text(kind, value)
        case ts.EnumValue():
            return _member(body, value, kind)
        case ts.ListValue():
            return _aggregate(body, value, kind)


def _member(body: Body, value: ts.EnumValue, kind: ts.Type) -> v.Val:
    inner = strip(kind)
    if isinstance(inner, ts.Enum):
        if inner.base is not None and value.number is not None:
            width, signed, _ = scalar_shape(inner)
            return v.Scalar(kind, fold.const(width, value.number, signed))
        return v.Scalar(kind, fold.const(ENUM_WIDTH, inner.members.index(value.member)))
    if inner == ts.ERROR:
        return v.Scalar(kind, fold.const(ERROR_WIDTH, body.context.errors.get(value.member, 0)))
    if isinstance(inner, ts.Bits) and value.number is not None:
        return v.Scalar(kind, fold.const(inner.width, value.number, inner.signed))
    return v.Text(kind, value.member)


def _aggregate(body: Body, value: ts.ListValue, kind: ts.Type) -> v.Val:
    inner = strip(kind)
    if isinstance(inner, ts.ListOf | ts.Stack):
        return coerce(body, v.ListVal(inner, [constant(body, x, inner.element) for x in value.items]), kind)
    types = dict(field_types(inner))
    names = value.names or tuple(types) or tuple(str(i) for i in range(len(value.items)))
    fields = {n: constant(body, x, types.get(n, _guess(x))) for n, x in zip(names, value.items, strict=False)}
    return coerce(body, v.StructVal(inner, fields), kind)


def _guess(value: ts.Value) -> ts.Type:
    match value:
        case bool():
            return ts.BOOL
        case int():
            return ts.INT
        case str():
            return ts.STRING
        case ts.EnumValue():
            return ts.ERROR if value.type_name == "error" else ts.Enum(value.type_name, (value.member,))
    return ts.Tuple(tuple(_guess(x) for x in value.items))


def coerce(body: Body, value: v.Val, kind: ts.Type) -> v.Val:
    """The value as one of the type: casts, fields by name or position, numbers given a width."""
    inner = strip(kind)
    if is_scalar(inner):
        return _scalar(body, value, kind)
    match inner:
        case ts.Struct(kind="header"):
            return _header(body, value, inner)
        case ts.Struct(kind="header_union"):
            return value
        case ts.Struct() | ts.Tuple():
            return _struct(body, value, inner)
        case ts.Stack() | ts.ListOf():
            return _list(body, value, inner)
    return value


def _scalar(body: Body, value: v.Val, kind: ts.Type) -> v.Val:
    width, signed, shape = scalar_shape(kind)
    match value:
        case v.Number():
            return v.Scalar(kind, fold.const(width, value.value, signed))
        case v.Scalar():
            return v.Scalar(kind, value.expr if shape == "varbit" else fold.cast(value.expr, width, signed))
        case v.Invalid() | v.Missing():
            return v.Scalar(kind, fold.const(width, 0, signed))
        case v.Chosen() | v.DynamicSlice():
            return v.Scalar(kind, fold.cast(pure(body, value, body.span), width, signed))
        case v.StructVal() if len(value.fields) == 1:
            return _scalar(body, next(iter(value.fields.values())), kind)
    return value


def _header(body: Body, value: v.Val, kind: ts.Struct) -> v.Val:
    match value:
        case v.StructVal():
            made = _struct(body, value, kind)
            assert isinstance(made, v.StructVal)
            return v.HeaderLit(kind, fold.truth(True), made.fields)
        case v.Invalid():
            return v.HeaderLit(kind, fold.truth(False), {})
        case v.HeaderVal() if value.type != kind:
            return v.HeaderVal(kind, value.ref)
    return value


def _struct(body: Body, value: v.Val, kind: ts.Type) -> v.Val:
    wanted = field_types(kind)
    match value:
        case v.StructVal():
            named = all(name in value.fields for name, _ in wanted) or (
                not isinstance(strip(value.type), ts.Tuple) and all(n in dict(wanted) for n in value.fields)
            )
            given = value.fields if named else dict(zip((n for n, _ in wanted), value.fields.values(), strict=False))
        case v.ListVal():
            given = dict(zip((n for n, _ in wanted), value.items, strict=False))
        case v.Invalid():
            given = {}
        case v.Chosen():
            given = {n: field_of(body, value, n, body.span) for n, _ in wanted}
        case v.HeaderVal() | v.HeaderLit():
            given = {n: field_of(body, value, n, body.span) for n, _ in field_types(value.type)}
        case _:
            return value
    return v.StructVal(kind, {n: coerce(body, given.get(n, v.Invalid(t)), t) for n, t in wanted})


def _list(body: Body, value: v.Val, kind: ts.Stack | ts.ListOf) -> v.Val:
    match value:
        case v.StructVal():
            items = list(value.fields.values())
        case v.ListVal():
            items = value.items
        case v.Invalid():
            items = []
        case _:
            return value
    items = [coerce(body, item, kind.element) for item in items]
    if isinstance(kind, ts.Stack):
        items += [coerce(body, v.Invalid(kind.element), kind.element) for _ in range(kind.size - len(items))]
    return v.ListVal(kind, items)


def field_of(body: Body, value: v.Val, name: str, span: Span) -> v.Val:
    """A field of a struct, header or union."""
    match value:
        case v.StructVal() if name in value.fields:
            return value.fields[name]
        case v.HeaderVal():
            return value.field(name)
        case v.HeaderLit():
            kind = value.type.field_type(name)
            assert kind is not None
            return value.fields.get(name) or coerce(body, v.Invalid(kind), kind)
        case v.UnionVal():
            return value.member(name)
        case v.Chosen():
            fields = [field_of(body, item, name, span) for item in value.items]
            return v.Chosen(fields[0].type, fields, value.index)
    body.refuse(span, f"no field {name} here")


def pure(body: Body, value: v.Val, span: Span) -> ir.Expr:
    """The IR expression of a scalar; numbers without a width get one that is wide enough."""
    match value:
        case v.Scalar():
            return value.expr
        case v.Number():
            return fold.const(max(32, value.value.bit_length() + 1), value.value)
        case v.DynamicSlice():
            shifted = ir.Binary(value.base.expr.width, ">>", value.base.expr, value.start)
            return fold.cast(shifted, scalar_shape(value.type)[0])
        case v.Chosen():
            result = pure(body, value.items[-1], span)
            for number, item in reversed(list(enumerate(value.items[:-1]))):
                here = fold.binary("==", value.index, fold.const(value.index.width, number, value.index.signed))
                result = fold.choose(here, pure(body, item, span), result)
            return result
        case v.StructVal() if len(value.fields) == 1:
            return pure(body, next(iter(value.fields.values())), span)
    body.refuse(span, "a value of bits, bool, enum or error is needed here")
