"""What stands behind a dot: fields, members of enums, methods, and what headers, stacks and tables have built in."""

from __future__ import annotations

from collections.abc import Callable as Function

from switch.p4c import consteval, tree
from switch.p4c.check_types import resolve_type
from switch.p4c.context import Context
from switch.p4c.names import is_type
from switch.p4c.sizes import size_in_bits
from switch.p4c.typesys import (
    BOOL,
    ERROR,
    INT,
    UNKNOWN,
    VOID,
    ApplyResult,
    Bits,
    BlockType,
    Callable,
    Enum,
    EnumValue,
    Extern,
    ParamType,
    Stack,
    Struct,
    Table,
    Type,
)

METHOD_WANTED = Callable("method", (), VOID)  # the hint that a callee gets: fields and methods have separate names
SIZE_METHODS = frozenset({"minSizeInBits", "minSizeInBytes", "maxSizeInBits", "maxSizeInBytes"})


def member(cx: Context, expr: tree.Member, hint: Type | None) -> tree.Expr:
    """`base.name`."""
    denoted = denoted_type(cx, expr.base)
    if denoted is not None:
        expr.base.type = denoted
        return _unknown(cx, expr) if denoted is UNKNOWN else _of_type(cx, expr, denoted)
    base = expr.base = cx.expr(expr.base)
    if base.type is UNKNOWN or base.type is None:
        return _unknown(cx, expr)
    wanted = hint is METHOD_WANTED
    if wanted and isinstance(base.type, Struct) and _struct_method(expr, base.type):
        return expr
    if (
        expr.name in SIZE_METHODS
        and size_in_bits(base.type) is not None
        and (wanted or not _has_field(base.type, expr.name))
    ):
        expr.type = Callable("method", (), INT)
        return expr
    handler = _MEMBERS.get(type(base.type))
    if handler is None or not handler(cx, expr, base.type):
        return cx.wrong(expr, f"a value of type '{base.type}' has no member '{expr.name}'")
    return expr


def _unknown(cx: Context, expr: tree.Member) -> tree.Expr:
    """A member of something wrong."""
    expr.type = UNKNOWN
    return expr


def _has_field(type_: Type, name: str) -> bool:
    return isinstance(type_, Struct) and type_.field_type(name) is not None


def denoted_type(cx: Context, expr: tree.Expr) -> Type | None:
    """The type that an expression in front of a dot or of arguments names; None if it is a value."""
    if isinstance(expr, tree.TypeExpr):
        return resolve_type(cx, expr.node, incomplete=True)
    if isinstance(expr, tree.Name):
        found = cx.look(expr.name, expr.absolute)
        if found and is_type(found[0]):
            entry = found[0]
            expr.decl = entry if isinstance(entry, tree.Decl) else None
            node = tree.NameTypeNode(span=expr.span, name=expr.name, absolute=expr.absolute)
            return resolve_type(cx, node, incomplete=True)
    return None


# --- members of types -------------------------------------------------------------------------------------------------


def _of_type(cx: Context, expr: tree.Member, type_: Type) -> tree.Expr:
    if type_ == ERROR:
        found = cx.error_members.get(expr.name)
        if found is None:
            return cx.wrong(expr, f"there is no error '{expr.name}'")
        return _enum_member(expr, found, ERROR)
    if isinstance(type_, Enum) and type_.decl is not None:
        for candidate in type_.decl.members:
            if candidate.name == expr.name:
                return _enum_member(expr, candidate, type_)
    if expr.name in SIZE_METHODS and size_in_bits(type_) is not None:
        expr.type = Callable("method", (), INT)
        return expr
    if isinstance(type_, BlockType) and expr.name == "apply" and type_.kind != "package":
        expr.decl = type_.decl
        expr.type = Callable("apply", type_.params, VOID)
        return expr
    return cx.wrong(expr, f"type '{type_}' has no member '{expr.name}'")


def _enum_member(expr: tree.Member, found: tree.EnumMember, type_: Type) -> tree.Expr:
    expr.decl, expr.type, expr.value = found, type_, found.value
    return expr


# --- members of values ------------------------------------------------------------------------------------------------


def _method(expr: tree.Member, *params: ParamType, result: Type = VOID) -> bool:
    expr.type = Callable("method", params, result)
    return True


def _struct(cx: Context, expr: tree.Member, type_: Struct) -> bool:
    found = type_.field_type(expr.name)
    if found is not None:
        expr.type = found
        expr.value = consteval.member(expr.base.value, expr.name)
        return True
    return _struct_method(expr, type_)


def _struct_method(expr: tree.Member, type_: Struct) -> bool:
    if type_.kind in ("header", "header_union") and expr.name == "isValid":
        return _method(expr, result=BOOL)
    return type_.kind == "header" and expr.name in ("setValid", "setInvalid") and _method(expr)


def _stack(cx: Context, expr: tree.Member, type_: Stack) -> bool:
    if expr.name in ("push_front", "pop_front"):
        return _method(expr, ParamType("count", INT))
    if expr.name == "size":
        expr.type, expr.value = Bits(32), type_.size
        return True
    if expr.name not in ("next", "last", "lastIndex"):
        return False
    if not isinstance(cx.block, tree.ParserDecl):
        cx.error(expr, f"'{expr.name}' of a stack can only be used in a parser")
    expr.type = Bits(32) if expr.name == "lastIndex" else type_.element
    return True


def _extern(cx: Context, expr: tree.Member, type_: Extern) -> bool:
    methods = extern_methods(type_, expr.name)
    if not methods:
        return False
    expr.decl = methods[0]
    expr.type = methods[0].type
    return True


def extern_methods(type_: Extern, name: str) -> list[tree.FunctionDecl]:
    """The methods of that name, constructors left out."""
    if type_.decl is None or name == type_.decl.name:
        return []
    return [m for m in type_.decl.methods if m.name == name]


def _block(cx: Context, expr: tree.Member, type_: BlockType) -> bool:
    if expr.name != "apply" or type_.kind == "package":
        return False
    expr.decl = type_.decl
    expr.type = Callable("apply", type_.params, VOID)
    return True


def _table(cx: Context, expr: tree.Member, type_: Table) -> bool:
    if expr.name != "apply":
        return False
    expr.decl = expr.base.decl if isinstance(expr.base, tree.Name) else None
    expr.type = Callable("apply", (), ApplyResult(type_.name))
    return True


def _apply_result(cx: Context, expr: tree.Member, type_: ApplyResult) -> bool:
    if expr.name in ("hit", "miss"):
        expr.type = BOOL
        return True
    call = expr.base
    table = call.target if isinstance(call, tree.Call) else None
    if expr.name != "action_run" or not isinstance(table, tree.TableDecl):
        return False
    if expr is not cx.subject:
        cx.error(expr, "'action_run' can only be the subject of a 'switch'")
    expr.decl = table
    expr.type = action_list(table)
    return True


def action_list(table: tree.TableDecl) -> Enum:
    """The type of `t.apply().action_run`: an enum of the table's actions."""
    return Enum(f"action_run of {table.name}", tuple(action_name(r) for r in table_actions(table)))


def table_actions(table: tree.TableDecl) -> list[tree.ActionRef]:
    """The actions that the table lists."""
    listed = table.property("actions")
    return listed.actions if listed else []


def action_name(ref: tree.ActionRef | tree.Expr) -> str:
    """The name by which an action is referred to."""
    expr = ref.expr if isinstance(ref, tree.ActionRef) else ref
    if isinstance(expr, tree.Call):
        expr = expr.callee
    return expr.name if isinstance(expr, tree.Name) else ""


_MEMBERS: dict[type, Function[..., bool]] = {
    Struct: _struct,
    Stack: _stack,
    Extern: _extern,
    BlockType: _block,
    Table: _table,
    ApplyResult: _apply_result,
}


def enum_value(type_: Enum, name: str, number: int | None) -> EnumValue:
    """The value of a member."""
    return EnumValue(type_.name, name, number)


HANDLERS = {tree.Member: member}
