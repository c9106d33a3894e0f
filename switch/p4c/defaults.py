"""Default values, and what counts as known at compile time."""

from __future__ import annotations

from switch.p4c import tree
from switch.p4c.typesys import (
    BOOL,
    ERROR,
    INT,
    Bits,
    BlockType,
    Enum,
    EnumValue,
    Extern,
    ListValue,
    NewType,
    Struct,
    Tuple,
    Type,
    Value,
)


def default_value(type_: Type) -> Value | None:
    """What `...` stands for; None for headers (invalid) and what holds them."""
    match type_:
        case Bits():
            return 0
        case NewType(base=base):
            return default_value(base)
        case Enum(base=None, members=members):
            return EnumValue(type_.name, members[0]) if members else None
        case Enum(decl=decl):
            zero = next((m.name for m in decl.members if getattr(m.value, "number", None) == 0), "") if decl else ""
            return EnumValue(type_.name, zero, 0)
        case Struct(kind="struct", fields=fields):
            return _all([f.type for f in fields], tuple(f.name for f in fields))
        case Tuple(elements=elements):
            return _all(list(elements), ())
    if type_ == INT:
        return 0
    if type_ == BOOL:
        return False
    return EnumValue(str(ERROR), "NoError", 0) if type_ == ERROR else None


def _all(types: list[Type], names: tuple[str, ...]) -> Value | None:
    values: list[Value] = []
    for type_ in types:
        value = default_value(type_)
        if value is None:
            return None
        values.append(value)
    return ListValue(tuple(values), names)


def has_note(decl: tree.Decl, name: str, text: str) -> bool:
    """Whether the declaration is annotated `@name("text")`."""
    return any(a.name == name and any(getattr(i, "text", None) == text for i in a.items) for a in decl.annotations)


def is_constant(expr: tree.Expr) -> bool:
    """Whether the expression has a value at compile time, or will have one once everything is instantiated."""
    if expr.value is not None:
        return True
    match expr:
        case tree.Name():
            return _constant_name(expr)
        case tree.ListExpr():
            return all(map(is_constant, expr.items))
        case tree.StructExpr():
            return all(is_constant(f.expr) for f in expr.fields)
        case tree.InvalidExpr() | tree.DefaultExpr():
            return True
        case tree.Binary():
            return is_constant(expr.left) and is_constant(expr.right)
        case tree.Unary() | tree.Cast():
            return is_constant(expr.operand)
        case tree.Slice():
            return is_constant(expr.base) and is_constant(expr.high) and is_constant(expr.low)
        case tree.Conditional():
            return is_constant(expr.condition) and is_constant(expr.then) and is_constant(expr.otherwise)
        case tree.Member() | tree.Index():
            return is_constant(expr.base)
        case tree.Call():
            return isinstance(expr.type, Extern | BlockType) or _size_call(expr) or _pure_call(expr)
        case _:
            return False


def _constant_name(expr: tree.Name) -> bool:
    decl = expr.decl
    if isinstance(decl, tree.ConstDecl | tree.Instantiation):
        return True
    return isinstance(decl, tree.Param) and decl.direction == ""


def _pure_call(expr: tree.Call) -> bool:
    pure = isinstance(expr.target, tree.FunctionDecl) and any(a.name == "pure" for a in expr.target.annotations)
    return pure and all(a.expr is not None and is_constant(a.expr) for a in expr.args)


def _size_call(expr: tree.Call) -> bool:
    return expr.target is None and isinstance(expr.callee, tree.Member) and "Size" in expr.callee.name
