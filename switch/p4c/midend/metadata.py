"""The storage that the six blocks of V1Switch share: headers, user metadata, standard metadata and the packet."""

from __future__ import annotations

from dataclasses import dataclass

from switch.p4c import ir, tree
from switch.p4c import typesys as ts
from switch.p4c.midend import values as v
from switch.p4c.midend.body import Context
from switch.p4c.midend.objects import BlockInstance
from switch.p4c.midend.shapes import is_scalar, strip
from switch.p4c.midend.storage import field_list_ids

STANDARD = "standard_metadata"


@dataclass
class Roots:
    """The shared places."""

    packet: v.Val
    headers: v.Val
    meta: v.Val
    standard: v.Val

    def for_block(self, decl: tree.ControlDecl | tree.ParserDecl) -> list[v.Val]:
        """What the parameters of a block of V1Switch stand for, by position."""
        if isinstance(decl, tree.ParserDecl):
            return [self.packet, self.headers, self.meta, self.standard]
        if decl.params and isinstance(decl.params[0].type, ts.Extern):
            return [self.packet, self.headers]
        return [self.headers, self.meta, self.standard]


def make_roots(context: Context, parser: BlockInstance) -> Roots:
    """Storage for the parser's parameters, named as p4c names it."""
    params = [param.type for param in parser.decl.params]
    packet, headers, meta, standard = (kind or ts.VOID for kind in params)
    storage = context.storage
    standard = strip(standard)
    assert isinstance(standard, ts.Struct)
    place = storage.metadata(standard, STANDARD)
    user = _user_metadata(context, meta)
    _field_lists(context, strip(meta), user)
    return Roots(v.Packet(packet), _headers(context, headers, ""), user, place)


def _headers(context: Context, kind: ts.Type, prefix: str) -> v.Val:
    """Headers are named by their path below the parameter."""
    inner = strip(kind)
    if not isinstance(inner, ts.Struct) or inner.kind != "struct":
        return context.storage.place(kind, prefix or "hdr")
    fields: dict[str, v.Val] = {}
    for item in inner.fields:
        path = f"{prefix}.{item.name}" if prefix else item.name
        if is_scalar(item.type):
            fields[item.name] = context.storage.place(item.type, f"{inner.name}.{path}")
        else:
            fields[item.name] = _headers(context, item.type, path)
    return v.StructVal(inner, fields)


def _user_metadata(context: Context, kind: ts.Type) -> v.Val:
    """Fields of the scalars named `STRUCT.field`, or `STRUCT._outer_inner3` if there are structs inside."""
    inner = strip(kind)
    if not isinstance(inner, ts.Struct) or inner.kind != "struct":
        return context.storage.place(kind, "userMetadata")
    nested = any(isinstance(s := strip(f.type), ts.Struct) and s.kind == "struct" for f in inner.fields)
    counter = [0]

    def build(part: ts.Type, path: tuple[str, ...]) -> v.Val:
        bare = strip(part)
        if isinstance(bare, ts.Struct) and bare.kind == "struct":
            return v.StructVal(bare, {f.name: build(f.type, (*path, f.name)) for f in bare.fields})
        number, counter[0] = counter[0], counter[0] + 1
        if not is_scalar(bare) or isinstance(bare, ts.Varbit):
            return context.storage.place(part, "userMetadata." + ".".join(path))
        name = f"_{'_'.join(path)}{number}" if nested else path[0]
        place = context.storage.place(part, f"{inner.name}.{name}")
        return v.Scalar(part, place.expr) if isinstance(place, v.Scalar) else place

    return build(inner, ())


def _field_lists(context: Context, kind: ts.Type, place: v.Val) -> None:
    """Collects the fields of user metadata that @field_list names."""
    lists: dict[int, list[ir.Expr]] = {}

    def visit(part: ts.Type, value: v.Val) -> None:
        bare = strip(part)
        if not isinstance(bare, ts.Struct) or bare.decl is None or not isinstance(value, v.StructVal):
            return
        for item in bare.decl.fields:
            here = value.fields[item.name]
            for note in field_list_ids(item.annotations):
                number = _number(context, note)
                lists.setdefault(number, []).extend(part.expr for part in v.parts(here))
            visit(item.type or here.type, here)

    visit(kind, place)
    context.program.field_lists.extend(ir.FieldList(number, fields) for number, fields in sorted(lists.items()))


def _number(context: Context, expr: tree.Expr) -> int:
    """The number of a literal, a constant or an enum's member in an annotation; the checker leaves those alone."""
    if isinstance(expr.value, int):
        return expr.value
    decls = {d.name: d for d in context.source.decls if isinstance(d, tree.ConstDecl | tree.EnumDecl)}
    match expr:
        case tree.IntLit():
            return expr.number
        case tree.Name():
            decl = decls.get(expr.name)
            value = decl.value if isinstance(decl, tree.ConstDecl) else None
            if isinstance(value, int):
                return value
        case tree.Member():
            name = _type_name(expr.base)
            decl = decls.get(name)
            members = decl.members if isinstance(decl, tree.EnumDecl) else []
            found = next((m.value for m in members if m.name == expr.name), None)
            if isinstance(found, ts.EnumValue) and found.number is not None:
                return found.number
    context.diagnostics.error(expr.span, "the number of a field list must be a constant")
    return 0


def _type_name(expr: tree.Expr) -> str:
    if isinstance(expr, tree.TypeExpr) and isinstance(expr.node, tree.NameTypeNode):
        return expr.node.name
    return expr.name if isinstance(expr, tree.Name) else ""
