"""Constructor calls: instances of externs, parsers, controls and packages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from switch.p4c import tree
from switch.p4c.annotations import warn_deprecated
from switch.p4c.binding import Candidate, bind, choose, param_types, pass_argument, report_binding
from switch.p4c.call_rules import check_widths
from switch.p4c.context import Context
from switch.p4c.generics import mapping, substitute, type_vars
from switch.p4c.place_rules import has_abstract_methods
from switch.p4c.typesys import DONT_CARE, UNKNOWN, BlockType, Callable, Extern, Type, TypeVar
from switch.p4c.unify import Unifier


@dataclass
class Construction:
    """What a constructor call makes."""

    type: Type
    target: tree.Node | None = None
    bound: list[tree.Argument | None] = field(default_factory=list)
    inferred: list[Type] = field(default_factory=list)
    constructor: tree.FunctionDecl | None = None


def construct(cx: Context, site: tree.Node, built: Type, args: Sequence[tree.Argument]) -> Construction:
    """Checks `built(args)`; the arguments have been checked by themselves."""
    candidates = _constructors(cx, built)
    if isinstance(site, tree.Call) and has_abstract_methods(built):
        cx.error(site, f"'{built}' has abstract methods: declare an instance that implements them")
        return Construction(UNKNOWN)
    if candidates is None:
        cx.error(site, f"'{built}' has no constructor")
        return Construction(UNKNOWN)
    if not candidates:
        cx.error(site, f"extern '{built}' has no constructor")
        return Construction(UNKNOWN)
    fitting = [c for c in candidates if bind(c.type.params, args) is not None]
    chosen = choose(cx, site, args, fitting or candidates)
    if chosen is None:
        return Construction(UNKNOWN)
    for decl in dict.fromkeys((getattr(built, "decl", None), chosen.decl)):
        warn_deprecated(cx, site, decl)
    bound = bind(chosen.type.params, args)
    if bound is None:
        report_binding(cx, site, f"the constructor of '{built}'", chosen.type.params, args)
        return Construction(UNKNOWN)
    return _finish(cx, site, built, chosen, bound)


def _constructors(cx: Context, built: Type) -> list[Candidate] | None:
    """The constructors of a type; None if values of it cannot be constructed."""
    if isinstance(built, Extern) and built.decl is not None:
        own = [m for m in built.decl.methods if m.name == built.decl.name]
        return [Candidate(m, m.type) for m in own if isinstance(m.type, Callable)]
    if not isinstance(built, BlockType):
        return None
    decl = built.decl
    if decl is None or (isinstance(decl, tree.BlockTypeDecl) and decl.kind != "package"):
        return None
    overloads = [d for d in cx.look(decl.name) if type(d) is type(decl)]
    found: list[Candidate] = []
    for overload in overloads if decl in overloads else [decl]:
        if isinstance(overload, tree.ParserDecl | tree.ControlDecl):
            found.append(Candidate(overload, Callable("constructor", param_types(overload.ctor_params), built)))
        elif isinstance(overload, tree.BlockTypeDecl):
            found.append(Candidate(overload, Callable("constructor", param_types(overload.params), built)))
    return found


def type_params_of(built: Type) -> tuple[TypeVar, ...]:
    """The type parameters of the declaration behind an extern, parser, control or package type."""
    decl = built.decl if isinstance(built, Extern | BlockType) else None
    return decl.type_vars if decl is not None else ()


def _loose(type_: Type | None) -> tuple[TypeVar, ...]:
    """The type parameters of a generic parser or control whose arguments are not known yet."""
    if not isinstance(type_, BlockType):
        return ()
    variables = type_params_of(type_)
    return variables if type_.args == variables else ()


def _overload(built: BlockType, chosen: Candidate) -> Extern | BlockType:
    """The type that the chosen overload makes."""
    decl = chosen.decl
    assert isinstance(decl, tree.ParserDecl | tree.ControlDecl | tree.BlockTypeDecl)
    assert isinstance(decl.type, BlockType)
    if built.decl is None or built.args == built.decl.type_vars:
        return decl.type
    made = substitute(decl.type, mapping(decl, built.args))
    assert isinstance(made, BlockType)
    return made


def _needed(variable: TypeVar, chosen: Candidate, bound: list[tree.Argument | None]) -> bool:
    """Whether anything depends on the type: not if it occurs only in the types of parameters that are left out."""
    if isinstance(chosen.decl, tree.FunctionDecl):
        return True
    pairs = zip(chosen.type.params, bound, strict=True)
    left_out = [p for p, arg in pairs if arg is None and p.decl is not None and p.decl.default is None]
    return not any(variable in type_vars(p.type) for p in left_out)


def _finish(
    cx: Context, site: tree.Node, built: Type, chosen: Candidate, bound: list[tree.Argument | None]
) -> Construction:
    assert isinstance(built, Extern | BlockType)
    if isinstance(built, BlockType) and built.decl is not chosen.decl:
        built = _overload(built, chosen)
    variables = type_params_of(built)
    solver = Unifier(variables)
    if built.args != variables:
        solver.bound.update(zip(variables, built.args, strict=False))
    else:
        for param, arg in zip(chosen.type.params, bound, strict=True):
            if arg is not None and arg.expr is not None:
                solver.add(_loose(arg.expr.type))
                solver.unify(param.type, arg.expr.type or UNKNOWN)
    by = solver.solution()
    whole = isinstance(built, Extern) or built.kind == "package"
    for variable in variables if built.args == variables and whole else ():
        if variable not in by and _needed(variable, chosen, bound):
            cx.error(site, f"the type argument '{variable}' of '{built}' cannot be inferred")
        by.setdefault(variable, DONT_CARE)
    if not check_widths(cx, [a for a in bound if a is not None], list(by.values())):
        return Construction(UNKNOWN)
    for arg in bound:
        if arg is not None and isinstance(arg.expr, tree.Call) and _loose(arg.expr.type):
            arg.expr.inferred = [substitute(t, by) for t in arg.expr.inferred]
            arg.expr.type = substitute(arg.expr.type or UNKNOWN, by)
    for param, arg in zip(chosen.type.params, bound, strict=True):
        if arg is not None:
            pass_argument(cx, arg, param, substitute(param.type, by), constant=True)
    constructor = chosen.decl if isinstance(chosen.decl, tree.FunctionDecl) else None
    inferred = [by.get(v, v) for v in variables]
    return Construction(substitute(built, by), built.decl, bound, inferred, constructor)
