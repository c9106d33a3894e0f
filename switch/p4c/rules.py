"""What declarations must not be: types in wrong places, directions, missing returns."""

from __future__ import annotations

from collections.abc import Sequence

from switch.p4c import tree
from switch.p4c.context import Context
from switch.p4c.field_rules import allowed_in
from switch.p4c.flow import ends
from switch.p4c.typesys import (
    BOOL,
    DONT_CARE,
    INT,
    MATCH_KIND,
    STRING,
    UNKNOWN,
    VOID,
    Bits,
    BlockType,
    Callable,
    Enum,
    Extern,
    NewType,
    Struct,
    Table,
    Tuple,
    Type,
)

_OWNERS_OF_BLOCKS = ("package", "constructor")  # whose parameters may be parsers and controls


def check_variable_type(cx: Context, decl: tree.VarDecl | tree.ConstDecl, type_: Type) -> None:
    """Reports types that no variable, or no constant, can have."""
    if isinstance(type_, Extern | BlockType | Table):
        what = "constants" if isinstance(decl, tree.ConstDecl) else "variables"
        cx.error(decl, f"there are no {what} of type '{type_}': declare an instance")
    elif isinstance(decl, tree.VarDecl) and type_ in (STRING, INT, VOID, MATCH_KIND, DONT_CARE):
        cx.error(decl, f"a variable cannot have type '{type_}'")
    elif type_ in (VOID, DONT_CARE) or _has_dont_care(type_):
        cx.error(decl, f"a constant cannot have type '{type_}'")


def _has_dont_care(type_: Type) -> bool:
    match type_:
        case Struct(args=args):
            return any(a == DONT_CARE or _has_dont_care(a) for a in args)
        case Tuple(elements=elements):
            return any(e == DONT_CARE or _has_dont_care(e) for e in elements)
        case _:
            return False


def check_new_type(cx: Context, decl: tree.TypedefDecl, base: Type) -> None:
    """Reports bases that `type` cannot rename."""
    if not (isinstance(base, Bits | NewType) or base in (BOOL, UNKNOWN)):
        cx.error(decl.type_node, f"'type' can only rename bit<>, int<> and bool, not '{base}'")


def check_field(cx: Context, decl: tree.StructDecl, field: tree.Field) -> None:
    """Reports types that the field cannot have."""
    type_ = field.type or UNKNOWN
    if type_ is not UNKNOWN and not allowed_in(decl.kind, type_):
        cx.error(field, f"a field of a {decl.kind.replace('_', ' ')} cannot have type '{type_}'")


def check_enum_base(cx: Context, decl: tree.EnumDecl, base: Type) -> bool:
    """Whether the enum can be represented so; reports it if not."""
    if isinstance(base, Bits) or base is UNKNOWN:
        return base is not UNKNOWN
    cx.error(decl.base or decl, f"an enum cannot be represented by '{base}', only by bit<> or int<>")
    return False


# --- parameters -------------------------------------------------------------------------------------------------------


def check_param(cx: Context, param: tree.Param, owner: str) -> None:
    """Reports a parameter's wrong type, direction or default."""
    type_ = param.type or UNKNOWN
    if message := _wrong_type(type_, param.direction, owner):
        cx.error(param, message)
    elif param.direction and owner in _OWNERS_OF_BLOCKS:
        cx.error(param, "a parameter of a constructor cannot have a direction")
    if param.default is not None and param.optional:
        cx.error(param, "an optional parameter cannot have a default value")
    if param.default is not None and param.direction in ("out", "inout"):
        cx.error(param, f"'{param.direction}' parameters cannot have default values")


def _wrong_type(type_: Type, direction: str, owner: str) -> str | None:
    if isinstance(type_, BlockType):
        if type_.kind == "package" and owner != "package":
            return "a parameter cannot be a package"
        concrete = isinstance(type_.decl, tree.ControlDecl | tree.ParserDecl)
        if direction or concrete or owner not in _OWNERS_OF_BLOCKS:
            return f"a parameter cannot have type '{type_}'"
    if direction and (isinstance(type_, Extern) or type_ == STRING):
        return f"a parameter of type '{type_}' cannot have a direction"
    if type_ == INT and direction:
        return "a parameter of type 'int' cannot have a direction"
    if owner == "action" and (type_ == INT or isinstance(type_, Extern)):
        return f"an action cannot have a parameter of type '{type_}'"
    return f"a parameter cannot have type '{type_}'" if type_ in (VOID, MATCH_KIND) else None


def check_params(cx: Context, params: Sequence[tree.Param], owner: str) -> None:
    """Reports what is wrong with the parameters together."""
    if owner != "action":
        return
    loose: tree.Param | None = None
    for param in params:
        if not param.direction:
            loose = loose or param
        elif loose is not None:
            cx.error(param, "parameters without direction must come last", (loose.span, "one without direction"))


def forbid_optional(cx: Context, params: Sequence[tree.Param]) -> None:
    """Reports @optional where nothing can leave an argument out."""
    for param in params:
        if param.optional:
            cx.error(param, "an optional parameter is not allowed here")


def check_distinct(cx: Context, decl: tree.ParserDecl | tree.ControlDecl) -> None:
    """Reports constructor parameters that are called like others."""
    names = {p.name: p for p in decl.params}
    for param in decl.ctor_params:
        if param.name in names:
            cx.error(param, f"'{param.name}' is already a parameter", (names[param.name].span, "declared here"))


# --- results ----------------------------------------------------------------------------------------------------------


def check_function_end(cx: Context, decl: tree.FunctionDecl) -> None:
    """Reports functions that may end without the value they promise."""
    if not isinstance(decl.type, Callable) or decl.type.result in (VOID, UNKNOWN) or decl.body is None:
        return
    if not ends(decl.body):
        cx.error(decl, f"'{decl.name}' does not return a value on all paths")


def check_result(cx: Context, decl: tree.FunctionDecl, result: Type, kind: str) -> None:
    """Reports results that cannot be returned."""
    node = decl.result or decl
    if (isinstance(result, Extern | BlockType) and decl.body is not None) or result == DONT_CARE:
        cx.error(node, f"'{decl.name}' cannot return a value of type '{result}'")
    elif kind == "method" and result in (INT, STRING):
        cx.error(node, f"a method cannot return a value of type '{result}'")


def value_set_element(type_: Type) -> bool:
    """Whether a value set can have such elements."""
    return isinstance(type_, NewType | Bits | Enum | Struct | Tuple) or type_ in (BOOL, UNKNOWN)
