"""Types as written become types: names resolved, widths evaluated, type arguments counted."""

from __future__ import annotations

from switch.p4c import consteval, tree
from switch.p4c.context import Context
from switch.p4c.field_rules import wrong_field
from switch.p4c.generics import mapping, substitute
from switch.p4c.typesys import (
    BOOL,
    DONT_CARE,
    ERROR,
    INT,
    MATCH_KIND,
    STRING,
    UNKNOWN,
    VOID,
    Bits,
    BlockType,
    Extern,
    ListOf,
    Stack,
    Struct,
    Tuple,
    Type,
    TypeVar,
    Varbit,
)

MAX_WIDTH = 2048 * 64
_BASE = {
    "bool": BOOL,
    "int": INT,
    "error": ERROR,
    "string": STRING,
    "void": VOID,
    "match_kind": MATCH_KIND,
    "_": DONT_CARE,
}


def resolve_type(cx: Context, node: tree.TypeNode, *, incomplete: bool = False) -> Type:
    """The type that the node denotes; `incomplete` allows a generic type without its arguments (to be inferred)."""
    match node:
        case tree.BaseTypeNode():
            found = _BASE.get(node.name, UNKNOWN)
            if found == ERROR and not cx.error_members:
                cx.error(node, "'error' is not declared: include core.p4")
                found = UNKNOWN
        case tree.BitTypeNode():
            found = _bits(cx, node)
        case tree.VarbitTypeNode():
            width = _width(cx, node.width)
            found = UNKNOWN if width is None else Varbit(width)
        case tree.NameTypeNode():
            found = _named(cx, node, incomplete)
        case tree.StackTypeNode():
            found = _stack(cx, node)
        case tree.TupleTypeNode():
            found = Tuple(tuple(_component(cx, e, "a tuple") for e in node.elements))
        case tree.ListTypeNode():
            found = ListOf(_component(cx, node.element, "a list"))
        case _:
            found = node.type or UNKNOWN
    node.type = found
    return found


def type_node(type_: Type, at: tree.Node) -> tree.TypeNode:
    """A node for a type that the source does not spell out."""
    return tree.TypeNode(span=at.span, type=type_)


def _bits(cx: Context, node: tree.BitTypeNode) -> Type:
    if node.width is None:
        return Bits(1, node.signed)
    width = _width(cx, node.width)
    if width is None:
        return UNKNOWN
    if width == 0 and node.signed:
        cx.error(node, "the width of a signed type cannot be zero")
        return UNKNOWN
    return Bits(width, node.signed)


def constant_int(cx: Context, expr: tree.Expr, what: str) -> tuple[tree.Expr, int | None]:
    """Checks an expression that must be a compile-time number; reports it if not."""
    expr = cx.expr(expr)
    number = consteval.as_int(expr.value)
    if number is None and expr.type is not UNKNOWN:
        cx.error(expr, f"{what} must be a compile-time integer")
    return expr, number


def _width(cx: Context, expr: tree.Expr) -> int | None:
    _, width = constant_int(cx, expr, "a width")
    if width is not None and not 0 <= width <= MAX_WIDTH:
        cx.error(
            expr, f"{width} is not a width" if width < 0 else f"types wider than {MAX_WIDTH} bits are not supported"
        )
        return None
    return width


def _stack(cx: Context, node: tree.StackTypeNode) -> Type:
    element = resolve_type(cx, node.element)
    node.size, size = constant_int(cx, node.size, "the size of a header stack")
    if size is not None and size < 0:
        cx.error(node.size, f"a header stack cannot have {size} elements")
        return UNKNOWN
    if size is None or element is UNKNOWN:
        return UNKNOWN
    if isinstance(element, Extern | BlockType) or element in (VOID, STRING, INT, MATCH_KIND, DONT_CARE):
        cx.error(node, f"a header stack cannot have elements of type '{element}'")
        return UNKNOWN
    return Stack(element, size)


def is_header(type_: Type) -> bool:
    """Whether a stack can have such elements."""
    return isinstance(type_, Struct) and type_.kind in ("header", "header_union")


def _component(cx: Context, node: tree.TypeNode, what: str) -> Type:
    found = resolve_type(cx, node)
    if isinstance(found, Extern | BlockType) or found == VOID:
        cx.error(node, f"{what} cannot have components of type '{found}'")
        return UNKNOWN
    return found


def _named(cx: Context, node: tree.NameTypeNode, incomplete: bool) -> Type:
    found = cx.look(node.name, node.absolute)
    if not found:
        cx.error(node, f"'{node.name}' is not declared")
        return UNKNOWN
    args = [resolve_type(cx, a) for a in node.args]
    entry = found[0]
    if isinstance(entry, TypeVar):
        base: Type | None = entry
    else:
        base = type_of_decl(entry)
    if base is None:
        cx.error(
            node,
            f"'{node.name}' is not a type",
            (entry.span, "declared here") if isinstance(entry, tree.Decl) else (node.span, ""),
        )
        return UNKNOWN
    return _apply(cx, node, base, entry, args, incomplete)


def type_of_decl(decl: object) -> Type | None:
    """The type that a declaration introduces, None if it introduces none."""
    if isinstance(
        decl,
        tree.TypedefDecl
        | tree.StructDecl
        | tree.EnumDecl
        | tree.ExternDecl
        | tree.BlockTypeDecl
        | tree.ParserDecl
        | tree.ControlDecl,
    ):
        return decl.type or UNKNOWN
    if isinstance(decl, tree.ErrorDecl):
        return ERROR
    return MATCH_KIND if isinstance(decl, tree.MatchKindDecl) else None


def _apply(cx: Context, node: tree.NameTypeNode, base: Type, entry: object, args: list[Type], incomplete: bool) -> Type:
    variables: tuple[TypeVar, ...] = getattr(entry, "type_vars", ())
    if len(args) != len(variables):
        if args or not incomplete:
            return _wrong_arity(cx, node, base, args, variables)
        return base
    for arg, arg_node in zip(args, node.args, strict=True):
        _type_argument(cx, arg, arg_node, base)
    if UNKNOWN in args:
        return UNKNOWN
    made = substitute(base, mapping(entry, args)) if variables else base  # type: ignore[arg-type]
    wrong = wrong_field(made) if variables else None
    if wrong is not None:
        cx.error(node, f"field '{wrong[0]}' of '{made}' cannot have type '{wrong[1]}'")
        return UNKNOWN
    return made


def _wrong_arity(
    cx: Context, node: tree.NameTypeNode, base: Type, args: list[Type], variables: tuple[TypeVar, ...]
) -> Type:
    if base is UNKNOWN:
        return UNKNOWN
    if not args:
        cx.error(node, f"'{node.name}' needs type arguments")
    else:
        cx.error(node, f"'{node.name}' has {len(variables)} type parameters, but is given {len(args)} arguments")
    return UNKNOWN


def _type_argument(cx: Context, arg: Type, node: tree.TypeNode, base: Type) -> None:
    if isinstance(arg, BlockType):
        cx.error(node, f"{arg.kind} '{arg}' cannot be a type argument")
    elif _contains(arg, base):
        cx.error(node, f"'{base}' contains itself as a type argument")


def _contains(type_: Type, base: Type) -> bool:
    """Whether the generic type occurs in the type."""
    match type_:
        case Struct(args=args) | Extern(args=args):
            same = type(type_) is type(base) and getattr(base, "name", "") == type_.name
            return same or any(_contains(a, base) for a in args)
        case Tuple(elements=elements):
            return any(_contains(e, base) for e in elements)
        case Stack(element=element) | ListOf(element=element):
            return _contains(element, base)
        case _:
            return False
