"""`packet.lookahead<T>()` for any T, as look-aheads of its scalars."""

from __future__ import annotations

from switch.p4c import ir
from switch.p4c import typesys as ts
from switch.p4c.midend import fold
from switch.p4c.midend import values as v
from switch.p4c.midend.body import Body
from switch.p4c.midend.shapes import field_types, is_scalar, scalar_shape, strip


def read_ahead(body: Body, kind: ts.Type, offset: int = 0) -> tuple[v.Val, int]:
    """A value of the type that lies `offset` bits ahead, and the offset behind it."""
    inner = strip(kind)
    if is_scalar(inner):
        width, signed, shape = scalar_shape(inner)
        if shape == "varbit":
            body.refuse(body.span, "lookahead of a varbit is not supported")
        bits = width or 1
        return v.Scalar(kind, fold.cast(ir.Lookahead(bits, offset), width, signed)), offset + bits
    if isinstance(inner, ts.Stack):
        items: list[v.Val] = []
        for _ in range(inner.size):
            item, offset = read_ahead(body, inner.element, offset)
            items.append(item)
        return v.ListVal(inner, items), offset
    if not isinstance(inner, ts.Struct | ts.Tuple) or (isinstance(inner, ts.Struct) and inner.kind == "header_union"):
        body.refuse(body.span, f"lookahead of {kind} is not supported")
    fields: dict[str, v.Val] = {}
    for name, part in field_types(inner):
        fields[name], offset = read_ahead(body, part, offset)
    if isinstance(inner, ts.Struct) and inner.kind == "header":
        return v.HeaderLit(inner, fold.truth(True), fields), offset
    return v.StructVal(inner, fields), offset
