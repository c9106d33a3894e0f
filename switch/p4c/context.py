"""What all parts of the checker share: scopes, diagnostics, and the table of handlers for expressions."""

from __future__ import annotations

from collections.abc import Callable as Function
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from switch.p4c import tree
from switch.p4c.names import Entry, Scope
from switch.p4c.source import Diagnostics, Span
from switch.p4c.typesys import UNKNOWN, Type, TypeVar

Handler = Function[..., tree.Expr]


@dataclass
class Checked:
    """A checked program; the tree's own fields hold the types, declarations and values."""

    program: tree.Program
    scope: Scope
    main: tree.Instantiation | None = None
    errors: list[str] = field(default_factory=list)  # members of `error`, in order of their codes
    match_kinds: list[str] = field(default_factory=list)


class Context:
    """The state of one check."""

    def __init__(
        self,
        program: tree.Program,
        diagnostics: Diagnostics,
        expr_handlers: Mapping[type, Handler],
        decl_handlers: Mapping[type, Function[..., None]],
    ) -> None:
        self.diagnostics = diagnostics
        self.expr_handlers = expr_handlers
        self.decl_handlers = decl_handlers
        self.scope = Scope(None, "program")
        self.globals = self.scope
        self.checked = Checked(program, self.scope)
        self.error_members: dict[str, tree.EnumMember] = {}
        self.match_kind_members: dict[str, tree.EnumMember] = {}
        self.result: Type | None = None  # of the function around, None outside functions
        self.block: tree.ParserDecl | tree.ControlDecl | None = None  # the parser or control around
        self.this: Type | None = None  # the extern whose abstract method is being written
        self.subject: tree.Expr | None = None  # of the switch statement that is being checked
        self.loops = 0  # how many loops around
        self.used: set[int] = set()  # ids of the declarations that something refers to
        self._owners = 0

    # --- diagnostics ---

    def error(self, node: tree.Node | Span, message: str, *notes: tuple[Span, str]) -> None:
        """Reports a mistake at the node."""
        self.diagnostics.error(node if isinstance(node, Span) else node.span, message, *notes)

    def unsupported(self, node: tree.Node, message: str) -> None:
        """Reports something that may be right, but that cannot be compiled."""
        self.diagnostics.unsupported(node.span, message)

    def warn(self, node: tree.Node, kind: str, message: str, *notes: tuple[Span, str]) -> None:
        """Reports something suspicious at the node."""
        self.diagnostics.warn(node.span, kind, message, *notes)

    def wrong(self, expr: tree.Expr, message: str, *notes: tuple[Span, str]) -> tree.Expr:
        """Reports a mistake and gives the expression the type that agrees with everything."""
        self.error(expr, message, *notes)
        expr.type = UNKNOWN
        return expr

    # --- expressions ---

    def expr(self, expr: tree.Expr, hint: Type | None = None) -> tree.Expr:
        """Checks an expression and returns what stands in its place.

        `hint` is the type that its place wants, for inference only.
        """
        return self.expr_handlers[type(expr)](self, expr, hint)

    # --- scopes ---

    @contextmanager
    def inside(self, kind: str) -> Iterator[Scope]:
        """A new scope."""
        self.scope = Scope(self.scope, kind)
        try:
            yield self.scope
        finally:
            assert self.scope.parent is not None
            self.scope = self.scope.parent

    def within(self, *kinds: str) -> str | None:
        """The kind of the innermost of these scopes around."""
        return next((s.kind for s in self.scope.enclosing() if s.kind in kinds), None)

    def declare(self, decl: tree.Decl) -> None:
        """Adds the name to the scope; reports a duplicate, and warns when it hides another."""
        other = self.scope.add(decl.name, decl)
        if other is not None:
            notes = ((other.span, "declared here first"),) if isinstance(other, tree.Decl) else ()
            self.error(decl, f"'{decl.name}' is already declared", *notes)
            return
        hidden = self.scope.outer(decl.name) if self.scope.parent else None
        if isinstance(hidden, tree.Param) and not isinstance(decl, tree.Param | tree.StateDecl):
            if self.scope.kind != "locals":
                self.error(decl, f"'{decl.name}' hides a parameter", (hidden.span, "the parameter"))
        elif isinstance(hidden, tree.Decl) and not isinstance(decl, tree.StateDecl | tree.Param):
            self.warn(decl, "shadow", f"'{decl.name}' shadows another declaration", (hidden.span, "declared here"))

    def new_vars(self, decl: tree.Decl, names: list[str]) -> tuple[TypeVar, ...]:
        """Type variables for the declaration's type parameters, declared in the scope."""
        self._owners += 1
        made = tuple(TypeVar(name, self._owners) for name in names)
        for variable in made:
            if self.scope.add(variable.name, variable) is not None:
                self.error(decl, f"duplicate type parameter '{variable.name}'")
        return made

    def fresh(self, name: str) -> TypeVar:
        """A type variable that no declaration has."""
        self._owners += 1
        return TypeVar(name, self._owners)

    def look(self, name: str, absolute: bool = False) -> list[Entry]:
        """What the name means here."""
        found = (self.globals if absolute else self.scope).find(name)
        for entry in found:
            self.used.add(id(entry))
        return found
