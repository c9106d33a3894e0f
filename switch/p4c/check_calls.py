"""Calls: which declaration is called, which argument goes to which parameter, and what the type arguments are."""

from __future__ import annotations

from switch.p4c import tree
from switch.p4c.annotations import warn_deprecated
from switch.p4c.binding import Candidate, bind, check_arguments, choose, pass_argument, report_binding
from switch.p4c.call_rules import check_passed, check_place, check_widths
from switch.p4c.check_members import METHOD_WANTED, SIZE_METHODS, denoted_type, extern_methods
from switch.p4c.check_types import resolve_type
from switch.p4c.construct import Construction, construct
from switch.p4c.context import Context
from switch.p4c.generics import mapping, substitute, type_vars
from switch.p4c.names import Entry
from switch.p4c.sizes import size_in_bits
from switch.p4c.typesys import DONT_CARE, INT, STRING, UNKNOWN, Callable, Extern, Type, TypeVar
from switch.p4c.unify import Unifier


def call(cx: Context, expr: tree.Call, hint: Type | None) -> tree.Expr:
    """A call of anything."""
    built = denoted_type(cx, expr.callee)
    if built is not None:
        return _construct(cx, expr, built)
    candidates = _candidates(cx, expr)
    check_arguments(cx, expr.args)
    if candidates is None:
        expr.type = UNKNOWN
        return expr
    chosen = choose(cx, expr, expr.args, candidates)
    if chosen is None:
        expr.type = UNKNOWN
        return expr
    return _invoke(cx, expr, chosen, hint)


def _construct(cx: Context, expr: tree.Call, built: Type) -> tree.Expr:
    node = expr.callee.node if isinstance(expr.callee, tree.TypeExpr) else _type_node(expr)
    if expr.type_args and isinstance(node, tree.NameTypeNode) and not node.args:
        node.args = expr.type_args
        built = resolve_type(cx, node, incomplete=True)
    expr.callee.type = built
    check_arguments(cx, expr.args)
    made = construct(cx, expr, built, expr.args) if built is not UNKNOWN else Construction(UNKNOWN)
    expr.type, expr.bound, expr.target = made.type, made.bound, made.target
    expr.inferred, expr.constructor = made.inferred, made.constructor
    return expr


def _type_node(expr: tree.Call) -> tree.TypeNode:
    callee = expr.callee
    assert isinstance(callee, tree.Name)
    return tree.NameTypeNode(span=callee.span, name=callee.name, absolute=callee.absolute, args=expr.type_args)


# --- what is called ---------------------------------------------------------------------------------------------------


def _candidates(cx: Context, expr: tree.Call) -> list[Candidate] | None:
    callee = expr.callee = cx.expr(expr.callee, METHOD_WANTED)
    if callee.type is UNKNOWN:
        return None
    if isinstance(callee, tree.Name):
        found = _functions(cx.look(callee.name, callee.absolute))
    elif isinstance(callee, tree.Member) and isinstance(callee.base.type, Extern):
        found = _methods(callee.base.type, callee.name)
    elif isinstance(callee.type, Callable):
        found = [Candidate(callee.decl if isinstance(callee, tree.Member) else None, callee.type)]
    else:
        found = []
    if not found:
        cx.error(callee, f"a value of type '{callee.type}' cannot be called")
        return None
    return found


def _functions(entries: list[Entry]) -> list[Candidate]:
    return [
        Candidate(e, e.type)
        for e in entries
        if isinstance(e, tree.FunctionDecl | tree.ActionDecl) and isinstance(e.type, Callable)
    ]


def _methods(owner: Extern, name: str) -> list[Candidate]:
    by = mapping(owner.decl, owner.args) if owner.decl is not None else {}
    return [Candidate(m, m.type, by) for m in extern_methods(owner, name) if isinstance(m.type, Callable)]


# --- the call itself --------------------------------------------------------------------------------------------------


def _invoke(cx: Context, expr: tree.Call, chosen: Candidate, hint: Type | None) -> tree.Expr:
    signature = chosen.type
    expr.target = chosen.decl
    if isinstance(expr.callee, tree.Name | tree.Member) and isinstance(chosen.decl, tree.FunctionDecl):
        expr.callee.decl, expr.callee.type = chosen.decl, signature
        cx.used.add(id(chosen.decl))
    check_place(cx, expr, chosen.decl)
    warn_deprecated(cx, expr, chosen.decl)
    bound = bind(signature.params, expr.args)
    if bound is None:
        report_binding(cx, expr, _describe(expr), signature.params, expr.args)
        expr.type = substitute(signature.result, chosen.outer) if not signature.type_params else UNKNOWN
        return expr
    expr.bound = bound
    by = infer(cx, expr, signature, chosen, hint)
    if by is None:
        expr.type = UNKNOWN
        return expr
    for param, arg in zip(signature.params, bound, strict=True):
        if arg is not None:
            type_ = substitute(param.type, by)
            if arg.expr is not None and (type_ == DONT_CARE or (type_ == STRING and param.direction)):
                cx.error(arg.expr, f"'{param.name}' cannot have type '{type_}'")
            pass_argument(cx, arg, param, type_, constant=isinstance(chosen.decl, tree.FunctionDecl))
    expr.type = substitute(signature.result, by)
    check_passed(cx, expr)
    _size_value(expr)
    _static_assert(cx, expr)
    return expr


def _describe(expr: tree.Call) -> str:
    callee = expr.callee
    return f"'{callee.name}'" if isinstance(callee, tree.Name | tree.Member) else "the callee"


def infer(
    cx: Context, expr: tree.Call, signature: Callable, chosen: Candidate, hint: Type | None
) -> dict[TypeVar, Type] | None:
    """The type arguments, given or inferred (also noted in the call); None if reported as impossible."""
    by = dict(chosen.outer)
    variables = signature.type_params
    if expr.type_args and len(expr.type_args) != len(variables):
        cx.error(expr, f"{_describe(expr)} has {len(variables)} type parameters, but is given {len(expr.type_args)}")
        return None
    if not variables:
        return by
    given = [resolve_type(cx, node) for node in expr.type_args]
    solver = Unifier(variables)
    for variable, type_ in zip(variables, given, strict=False):
        if type_ is not DONT_CARE:
            solver.bound[variable] = type_
    for param, arg in zip(signature.params, expr.bound, strict=True):
        if arg is not None and arg.expr is not None:
            solver.unify(substitute(param.type, by), arg.expr.type or UNKNOWN)
    if hint is not None and type_vars(substitute(signature.result, solver.solution())) & set(variables):
        solver.unify(substitute(signature.result, by), hint)
    return _solved(cx, expr, signature, solver, by)


def _appears(variable: TypeVar, expr: tree.Call, signature: Callable) -> bool:
    """Whether it matters what the variable stands for: not if only parameters that are left out have it."""
    pairs = list(zip(signature.params, expr.bound, strict=True))
    passed = [p.type for p, arg in pairs if arg is not None]
    left_out = [p.type for p, arg in pairs if arg is None]
    needed = any(variable in type_vars(t) for t in (*passed, signature.result))
    return needed or not any(variable in type_vars(t) for t in left_out)


def _solved(
    cx: Context, expr: tree.Call, signature: Callable, solver: Unifier, by: dict[TypeVar, Type]
) -> dict[TypeVar, Type] | None:
    variables = signature.type_params
    found = solver.solution()
    for variable, node in zip(variables, expr.type_args, strict=False):
        if node.type is not None and node.type is not DONT_CARE:
            found[variable] = node.type
    for variable in variables:
        if variable not in found and not _appears(variable, expr, signature):
            found[variable] = DONT_CARE  # only in the types of parameters that are left out
        elif variable not in found:
            if not any(a.expr is not None and a.expr.type is UNKNOWN for a in expr.args):
                cx.error(expr, f"the type argument '{variable}' of {_describe(expr)} cannot be inferred")
            return None
    expr.inferred = [found[v] for v in variables]
    return by | found if check_widths(cx, expr.args, expr.inferred) else None


def _static_assert(cx: Context, expr: tree.Call) -> None:
    """`static_assert` of core.p4 is decided here."""
    if not (isinstance(expr.target, tree.FunctionDecl) and expr.target.name == "static_assert"):
        return
    texts = [arg.expr.value for arg in expr.args if arg.expr is not None]
    if texts and texts[0] is False:
        cx.error(expr, f"static_assert failed: {texts[1]}" if len(texts) > 1 else "static_assert failed")
    expr.value = texts[0] if texts and isinstance(texts[0], bool) else None


def _size_value(expr: tree.Call) -> None:
    callee = expr.callee
    if not isinstance(callee, tree.Member) or callee.name not in SIZE_METHODS or expr.target is not None:
        return
    size = size_in_bits(callee.base.type or UNKNOWN, largest=callee.name.startswith("max"))
    if size is not None:
        expr.type = INT
        expr.value = size if callee.name.endswith("Bits") else (size + 7) // 8


HANDLERS = {tree.Call: call}
