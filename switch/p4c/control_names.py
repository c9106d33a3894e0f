"""Names that the control plane sees: of actions, where two may collide, and of keys."""

from __future__ import annotations

from switch.p4c import tree
from switch.p4c.context import Context
from switch.p4c.typesys import Struct


def check_action_names(cx: Context, program: tree.Program) -> None:
    """Reports two actions that the control plane would see under one name."""
    seen: dict[str, tree.ActionDecl] = {}
    for decl in program.decls:
        if isinstance(decl, tree.ActionDecl):
            _add(cx, seen, decl, "")
        elif isinstance(decl, tree.ControlDecl):
            for local in decl.locals:
                if isinstance(local, tree.ActionDecl):
                    _add(cx, seen, local, f".{_given(decl) or decl.name}")


def _add(cx: Context, seen: dict[str, tree.ActionDecl], decl: tree.ActionDecl, prefix: str) -> None:
    name = _given(decl) or decl.name
    if not name.startswith("."):
        name = f"{prefix}.{name}"
    other = seen.setdefault(name, decl)
    if other is not decl and name != ".NoAction":
        cx.error(decl, f"two actions have the control-plane name '{name}'", (other.span, "the other"))


def _given(decl: tree.Decl) -> str | None:
    """What @name says."""
    for annotation in decl.annotations:
        if annotation.name == "name" and annotation.items:
            value = annotation.items[0].value
            return value if isinstance(value, str) else None
    return None


def check_key_name(cx: Context, key: tree.KeyElement) -> None:
    """Reports a key whose name the control plane cannot guess."""
    if not any(a.name == "name" for a in key.annotations) and not _nameable(key.expr):
        cx.error(key.expr, "a key that is not a plain field needs a @name annotation")


def _nameable(expr: tree.Expr) -> bool:
    match expr:
        case tree.Name() | tree.IntLit():
            return True
        case tree.Member(base=base):
            return _nameable(base)
        case tree.Index(base=base, index=index):
            return _nameable(base) and _nameable(index)
        case tree.Slice(base=base, high=high, low=low):
            return _nameable(base) and _nameable(high) and _nameable(low)
        case tree.Binary(op="&", left=left, right=right):
            return _nameable(left) and _nameable(right)
        case tree.Cast(implicit=True, operand=operand):
            return _nameable(operand)
        case tree.Call(callee=tree.Member(base=base, name="isValid"), args=[]):
            return isinstance(base.type, Struct) and _nameable(base)
        case _:
            return expr.value is not None
