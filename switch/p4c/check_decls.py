"""Declarations of types, constants, variables, functions and externs."""

from __future__ import annotations

from collections.abc import Callable as Function
from collections.abc import Sequence

from switch.p4c import consteval, tree
from switch.p4c.abstract_methods import check_abstract
from switch.p4c.annotations import check_annotations
from switch.p4c.binding import check_arguments, param_types
from switch.p4c.check_stmts import check_stmts
from switch.p4c.check_types import resolve_type
from switch.p4c.construct import Construction, construct
from switch.p4c.context import Context
from switch.p4c.convert import convert
from switch.p4c.defaults import is_constant
from switch.p4c.names import Scope
from switch.p4c.place_rules import check_instance_place
from switch.p4c.rules import (
    check_enum_base,
    check_field,
    check_function_end,
    check_new_type,
    check_param,
    check_params,
    check_result,
    check_variable_type,
    forbid_optional,
    value_set_element,
)
from switch.p4c.typesys import (
    ERROR,
    MATCH_KIND,
    UNKNOWN,
    VOID,
    Callable,
    Enum,
    EnumValue,
    Extern,
    NewType,
    Struct,
    StructField,
    Type,
)
from switch.p4c.typesys import BlockType as BlockTypeType

# --- constants and variables ------------------------------------------------------------------------------------------


def _const(cx: Context, decl: tree.ConstDecl) -> None:
    decl.type = resolve_type(cx, decl.type_node)
    decl.init = cx.expr(decl.init, decl.type)
    check_variable_type(cx, decl, decl.type)
    if UNKNOWN not in (decl.type, decl.init.type):
        errors = len(cx.diagnostics.errors)
        decl.init = convert(cx, decl.init, decl.type, at=decl.init)
        decl.value = decl.init.value
        if decl.value is None and len(cx.diagnostics.errors) == errors and not is_constant(decl.init):
            cx.error(decl.init, f"the value of constant '{decl.name}' is not known at compile time")
    cx.declare(decl)


def _var(cx: Context, decl: tree.VarDecl) -> None:
    decl.type = resolve_type(cx, decl.type_node)
    check_variable_type(cx, decl, decl.type)
    if decl.init is not None:
        decl.init = convert(cx, cx.expr(decl.init, decl.type), decl.type)
    cx.declare(decl)


def _value_set(cx: Context, decl: tree.ValueSetDecl) -> None:
    decl.type = resolve_type(cx, decl.type_node)
    if not value_set_element(decl.type):
        cx.error(decl.type_node, f"a value set cannot have elements of type '{decl.type}'")
        decl.type = UNKNOWN
    decl.size = cx.expr(decl.size)
    if decl.size.value is None and not is_constant(decl.size):
        cx.error(decl.size, "the size of a value set must be a compile-time constant")
    cx.declare(decl)


# --- types ------------------------------------------------------------------------------------------------------------


def _typedef(cx: Context, decl: tree.TypedefDecl) -> None:
    base = resolve_type(cx, decl.type_node)
    if decl.new:
        check_new_type(cx, decl, base)
        decl.type = NewType(decl.name, base, decl) if base is not UNKNOWN else UNKNOWN
    else:
        decl.type = base
    cx.declare(decl)


def _struct(cx: Context, decl: tree.StructDecl) -> None:
    with cx.inside("type"):
        decl.type_vars = cx.new_vars(decl, decl.type_params)
        seen: dict[str, tree.Field] = {}
        for field in decl.fields:
            check_annotations(cx, field.annotations)
            field.type = _self_free(cx, decl, field)
            if field.name in seen:
                cx.error(field, f"field '{field.name}' is declared twice", (seen[field.name].span, "the first"))
            seen[field.name] = field
            check_field(cx, decl, field)
    fields = tuple(StructField(f.name, f.type or UNKNOWN) for f in decl.fields)
    decl.type = Struct(decl.kind, decl.name, decl.type_vars, fields, decl)
    cx.declare(decl)


def _self_free(cx: Context, decl: tree.StructDecl, field: tree.Field) -> Type:
    node = field.type_node
    if isinstance(node, tree.NameTypeNode) and node.name == decl.name and not cx.look(node.name):
        cx.error(decl, f"'{decl.name}' contains itself", (node.span, "here"))
        return UNKNOWN
    return resolve_type(cx, node)


def _enum(cx: Context, decl: tree.EnumDecl) -> None:
    base = None
    if decl.base is not None:
        base = resolve_type(cx, decl.base)
        if not check_enum_base(cx, decl, base):
            base = UNKNOWN
    type_ = Enum(decl.name, tuple(m.name for m in decl.members), base, decl)
    seen: dict[str, tree.EnumMember] = {}
    for member in decl.members:
        if member.name in seen:
            cx.error(member, f"'{member.name}' is declared twice", (seen[member.name].span, "the first"))
        seen[member.name] = member
        with cx.inside("enum") as scope:
            for earlier in seen.values():
                scope.add(earlier.name, _as_constant(earlier, type_))
            number = None if base is None else _representation(cx, member, base)
        member.value = EnumValue(decl.name, member.name, number)
    decl.type = UNKNOWN if base is UNKNOWN else type_
    cx.declare(decl)


def _as_constant(member: tree.EnumMember, type_: Enum) -> tree.ConstDecl:
    """How a member is seen from the members that follow it."""
    init = tree.InvalidExpr(span=member.span)
    node = tree.TypeNode(span=member.span, type=type_)
    return tree.ConstDecl(span=member.span, name=member.name, type_node=node, init=init, type=type_, value=member.value)


def _representation(cx: Context, member: tree.EnumMember, base: Type) -> int | None:
    if member.init is None:
        cx.error(member, f"'{member.name}' needs a value")
        return None
    member.init = convert(cx, cx.expr(member.init), base)
    number = consteval.as_int(member.init.value)
    if number is None and UNKNOWN not in (member.init.type, base):
        cx.error(member.init, f"the value of '{member.name}' must be a compile-time constant")
    return number


def _error(cx: Context, decl: tree.ErrorDecl) -> None:
    for member in decl.members:
        other = cx.error_members.get(member.name)
        if other is not None:
            cx.error(member, f"error '{member.name}' is declared twice", (other.span, "the first"))
            continue
        member.value = EnumValue(str(ERROR), member.name, len(cx.error_members))
        cx.error_members[member.name] = member


def _match_kind(cx: Context, decl: tree.MatchKindDecl) -> None:
    for member in decl.members:
        other = cx.match_kind_members.get(member.name)
        if other is not None:
            cx.error(member, f"match kind '{member.name}' is declared twice", (other.span, "the first"))
            continue
        member.value = EnumValue(str(MATCH_KIND), member.name)
        cx.match_kind_members[member.name] = member


# --- parameters, functions and externs --------------------------------------------------------------------------------


def declare_params(cx: Context, params: Sequence[tree.Param], owner: str) -> None:
    """Resolves parameters and adds them to the scope; `owner` is "function", "action", "control", "constructor" ..."""
    for param in params:
        check_annotations(cx, param.annotations)
        param.type = resolve_type(cx, param.type_node)
        if param.default is not None:
            param.default = convert(cx, cx.expr(param.default, param.type), param.type)
            if param.default.type is not UNKNOWN and not is_constant(param.default):
                cx.error(param.default, "a default value must be a compile-time constant")
        check_param(cx, param, owner)
        cx.declare(param)
    check_params(cx, params, owner)


def _function(cx: Context, decl: tree.FunctionDecl) -> None:
    signature(cx, decl, "function")
    if decl.body is not None:
        forbid_optional(cx, decl.params)
    function_body(cx, decl)
    cx.declare(decl)  # last: a function does not see itself


def signature(cx: Context, decl: tree.FunctionDecl, kind: str, constructed: Type | None = None) -> None:
    """Sets the type of a function or method; `constructed` is what a constructor makes."""
    with cx.inside("signature"):
        decl.type_vars = cx.new_vars(decl, decl.type_params)
        result = constructed
        if constructed is not None and decl.result is not None:
            cx.error(decl, f"'{decl.name}' is a constructor, and cannot have a result")
        elif decl.result is not None:
            result = resolve_type(cx, decl.result)
            check_result(cx, decl, result, kind)
        declare_params(cx, decl.params, "method" if constructed is not None else kind)
    decl.type = Callable(kind, param_types(decl.params), result or VOID, decl.type_vars)


def function_body(cx: Context, decl: tree.FunctionDecl) -> None:
    """Checks the body, if there is one; `signature` has been called."""
    if decl.body is None or not isinstance(decl.type, Callable):
        return
    outer, cx.result = cx.result, decl.type.result
    loops, cx.loops = cx.loops, 0
    with cx.inside("function") as scope:
        for variable in decl.type_vars:
            scope.add(variable.name, variable)
        for param in decl.params:
            scope.add(param.name, param)
        with cx.inside("block"):
            check_stmts(cx, decl.body.body)
    check_function_end(cx, decl)
    cx.result, cx.loops = outer, loops


def _extern(cx: Context, decl: tree.ExternDecl) -> None:
    with cx.inside("type"):
        decl.type_vars = cx.new_vars(decl, decl.type_params)
    decl.type = made = Extern(decl.name, decl.type_vars, decl)
    cx.declare(decl)
    methods = Scope(None, "methods")  # apart, for the constructors have the name of the type
    with cx.inside("type") as scope:
        for variable in decl.type_vars:
            scope.add(variable.name, variable)
        for method in decl.methods:
            check_annotations(cx, method.annotations)
            signature(cx, method, "method", made if method.name == decl.name else None)
            for param in method.params:
                if isinstance(param.type, Extern) and param.type.decl is decl:
                    cx.error(param.type_node, f"'{decl.name}' cannot refer to itself")
            other = methods.add(method.name, method)
            if isinstance(other, tree.Decl):
                cx.error(method, f"'{method.name}' is already declared", (other.span, "declared here first"))


def _block_type(cx: Context, decl: tree.BlockTypeDecl) -> None:
    with cx.inside("signature"):
        decl.type_vars = cx.new_vars(decl, decl.type_params)
        declare_params(cx, decl.params, decl.kind)
    decl.type = BlockTypeType(decl.kind, decl.name, decl.type_vars, param_types(decl.params), decl)
    cx.declare(decl)


# --- instances --------------------------------------------------------------------------------------------------------


def _instance(cx: Context, decl: tree.Instantiation) -> None:
    built = resolve_type(cx, decl.type_node, incomplete=True)
    check_arguments(cx, decl.args)
    made = construct(cx, decl, built, decl.args) if built is not UNKNOWN else Construction(UNKNOWN)
    decl.type, decl.bound, decl.target = made.type, made.bound, made.target
    decl.inferred, decl.constructor = made.inferred, made.constructor
    check_instance_place(cx, decl)
    if decl.initializer is not None or isinstance(decl.type, Extern):
        check_abstract(cx, decl, function_body, signature)
    cx.declare(decl)


HANDLERS: dict[type, Function[..., None]] = {
    tree.ConstDecl: _const,
    tree.VarDecl: _var,
    tree.ValueSetDecl: _value_set,
    tree.TypedefDecl: _typedef,
    tree.StructDecl: _struct,
    tree.EnumDecl: _enum,
    tree.ErrorDecl: _error,
    tree.MatchKindDecl: _match_kind,
    tree.FunctionDecl: _function,
    tree.ExternDecl: _extern,
    tree.BlockTypeDecl: _block_type,
    tree.Instantiation: _instance,
}
