"""Which parts of its parameters, and of the variables around it, a body reads and writes; found in the tree.

A part is a path of field names below a declaration; it stands for everything below it. Bodies that are called from a
body count with what they do to their arguments. Arguments go by reference where this shows that nobody can tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from switch.p4c import tree
from switch.p4c import typesys as ts
from switch.p4c.midend.shapes import strip
from switch.p4c.midend.walk import children, walk

Path = tuple[str, ...]
Region = tuple[object, ...]  # a declaration and a path below it
QUESTIONS = frozenset(("isValid", "minSizeInBits", "minSizeInBytes", "maxSizeInBits", "maxSizeInBytes", "apply"))
CHAIN = (tree.Name, tree.Member, tree.Index, tree.Slice)


def any_overlap(left: Iterable[tuple[object, ...]], right: Iterable[tuple[object, ...]]) -> bool:
    """Whether one of the left is part of one of the right, or the other way round."""
    others = list(right)
    return any(all(a == b for a, b in zip(one, other, strict=False)) for one in left for other in others)


@dataclass
class Usage:
    """Paths below declarations; a written path need not have been read."""

    read: dict[tree.Node, set[Path]] = field(default_factory=dict)
    written: dict[tree.Node, set[Path]] = field(default_factory=dict)

    def merge(self, other: Usage, without: set[tree.Node]) -> None:
        """Adds what another body does to declarations other than these."""
        for mine, theirs in ((self.read, other.read), (self.written, other.written)):
            for root, paths in theirs.items():
                if root not in without:
                    mine.setdefault(root, set()).update(paths)


@dataclass
class Usages:
    """Finds and remembers the usage of bodies."""

    known: dict[tree.Node, Usage] = field(default_factory=dict)

    def of(self, decl: tree.Node) -> Usage:
        """What a function, action, control or parser does."""
        found = self.known.get(decl)
        if found is None:
            found = self.known[decl] = Usage()
            calls = Counter(_control(node) for node in walk(decl))
            _Scan(self, found, calls).node(decl)
        return found

    def place(self, expr: tree.Expr | None) -> Region | None:
        """Where an argument that can be assigned to stands."""
        chain = _chain(expr) if expr is not None else None
        return (chain.root, *chain.path) if chain is not None else None

    def read_by(self, expr: tree.Expr) -> set[Region]:
        """All that evaluating an expression may read."""
        found = Usage()
        _Scan(self, found).node(expr)
        return {(root, *path) for root, paths in found.read.items() for path in paths}


@dataclass
class _Chain:
    root: tree.Node
    path: Path
    open: bool = True  # further members lengthen the path


def _chain(expr: tree.Expr) -> _Chain | None:
    match expr:
        case tree.Name():
            return _Chain(expr.decl, ()) if expr.decl is not None else None
        case tree.Index() | tree.Slice():
            base = _chain(expr.base)
            return None if base is None else _Chain(base.root, base.path, open=False)
        case tree.Member():
            base = _chain(expr.base)
            if base is None or not base.open:
                return base
            kind = strip(expr.base.type) if expr.base.type is not None else None
            if isinstance(kind, ts.Struct) and kind.field_type(expr.name) is not None:
                return _Chain(base.root, (*base.path, expr.name))
            return _Chain(base.root, base.path, open=False)
    return None


@dataclass
class _Scan:
    """One walk through a body."""

    usages: Usages
    found: Usage
    again: Mapping[tree.Node | None, int] = field(default_factory=dict)  # how often each control is applied

    def node(self, node: tree.Node) -> None:
        match node:
            case tree.Assign():
                self._target(node.target, also_read=node.op is not None)
                self.node(node.value)
            case tree.ForIn():
                if isinstance(node.variable, tree.Name):
                    self._target(node.variable)
                self.node(node.collection)
                self.node(node.body)
            case tree.Call():
                self._call(node)
            case tree.Name() | tree.Member() | tree.Index() | tree.Slice():
                self._read(node)
            case _:
                for child in children(node):
                    self.node(child)

    def _read(self, expr: tree.Expr) -> None:
        chain = _chain(expr)
        if chain is not None:
            self.found.read.setdefault(chain.root, set()).add(chain.path)
        self._inside(expr, whole=chain is None)

    def _target(self, expr: tree.Expr, *, also_read: bool = False) -> None:
        chain = _chain(expr)
        if chain is not None:
            self.found.written.setdefault(chain.root, set()).add(chain.path)
        if also_read:
            self._read(expr)
        else:
            self._inside(expr, whole=chain is None)

    def _inside(self, expr: tree.Expr, *, whole: bool) -> None:
        """The indices along a chain, and what it starts from when that is no declaration."""
        while isinstance(expr, tree.Member | tree.Index | tree.Slice):
            for child in children(expr):
                if child is not expr.base:
                    self.node(child)
            expr = expr.base
        if whole and not isinstance(expr, CHAIN):
            self.node(expr)

    def _call(self, call: tree.Call) -> None:
        if isinstance(call.callee, tree.Member):
            self._receiver(call.callee)
        target = called(call)
        params = _params(target)
        inner = self.usages.of(target) if has_body(target) and target is not None else None
        for number, arg in enumerate(call.bound or call.args):
            if arg is not None and arg.expr is not None:
                self._argument(arg.expr, params[number] if number < len(params) else None, inner)
        if inner is not None:
            self._copied_out(call, params, inner)
            self.found.merge(inner, set(params))

    def _copied_out(self, call: tree.Call, params: list[tree.Param], inner: Usage) -> None:
        """Arguments that overlap may be copied; then they are written whole at the end, whatever the body writes."""
        given = call.bound or call.args
        pairs = [(p, _chain(arg.expr)) for p, arg in zip(params, given, strict=False) if arg and arg.expr]
        chains = [chain for param, chain in pairs if chain is not None and param.direction in ("out", "inout")]
        read, written = outside_regions(inner, set(params))
        places: list[Region] = [(chain.root, *chain.path) for chain in chains]
        for number, chain in enumerate(chains):
            others = [*places[:number], *places[number + 1 :], *read, *written]
            control = _control(call)
            repeated = control is not None and self.again.get(control, 0) > 1
            if repeated or any_overlap([places[number]], others):
                self.found.written.setdefault(chain.root, set()).add(chain.path)

    def _receiver(self, callee: tree.Member) -> None:
        if callee.name in QUESTIONS:
            self._read(callee.base) if isinstance(callee.base, CHAIN) else self.node(callee.base)
        else:
            self._target(callee.base, also_read=True)

    def _argument(self, expr: tree.Expr, param: tree.Param | None, inner: Usage | None) -> None:
        chain = _chain(expr)
        if chain is None:
            self.node(expr)
            return
        self._inside(expr, whole=False)
        read: set[Path] = {()}
        written: set[Path] = set() if param is not None and param.direction in ("", "in") else {()}
        if param is not None and inner is not None and chain.open:
            read = inner.read.get(param, set())
            if param.direction == "inout":
                written = inner.written.get(param, set())
        self.found.read.setdefault(chain.root, set()).update((*chain.path, *path) for path in read)
        self.found.written.setdefault(chain.root, set()).update((*chain.path, *path) for path in written)


def _control(node: tree.Node) -> tree.Node | None:
    """The control that a call applies; if it is applied several times its arguments may be copied for its tables."""
    target = called(node) if isinstance(node, tree.Call) else None
    return target if isinstance(target, tree.ControlDecl) else None


def called(call: tree.Call) -> tree.Node | None:
    """The declaration that a call runs."""
    callee = call.callee
    if isinstance(callee, tree.Member) and callee.name == "apply":
        base = callee.base
        kind = base.node.type if isinstance(base, tree.TypeExpr) else base.type
        return kind.decl if isinstance(kind, ts.BlockType) else None
    return call.target


def has_body(decl: tree.Node | None) -> bool:
    """Whether the declaration has statements that we know."""
    if isinstance(decl, tree.FunctionDecl):
        return decl.body is not None
    return isinstance(decl, tree.ActionDecl | tree.ControlDecl | tree.ParserDecl)


def _params(decl: tree.Node | None) -> list[tree.Param]:
    known = (tree.FunctionDecl, tree.ActionDecl, tree.ControlDecl, tree.ParserDecl, tree.BlockTypeDecl)
    return decl.params if isinstance(decl, known) else []


def touched(place: Region, param: tree.Param, usage: Usage) -> tuple[set[Region], set[Region]]:
    """What a body reads and writes of an outgoing argument that stands at `place`."""
    if param.direction == "out":
        return {place}, {place}
    read = {(*place, *path) for path in usage.read.get(param, set())}
    return read, {(*place, *path) for path in usage.written.get(param, set())}


def outside_regions(usage: Usage, params: set[tree.Node]) -> tuple[set[Region], set[Region]]:
    """What an action reads and writes besides its parameters."""
    read: set[Region] = {(r, *path) for r, paths in usage.read.items() if r not in params for path in paths}
    written: set[Region] = {(r, *path) for r, paths in usage.written.items() if r not in params for path in paths}
    return read, written
