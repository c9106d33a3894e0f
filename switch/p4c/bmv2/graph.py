"""The control flow of a pipeline: tables, conditions and action calls, linked by the names of their successors.

Statements in a row that apply no table are gathered into one action with jumps inside, called by one node; a condition
becomes a node only where a table, or a jump out of the row, depends on it. The graph is built from the back. Loops
that apply tables make it cyclic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from switch.p4c import ir
from switch.p4c.bmv2.context import Context
from switch.p4c.bmv2.expressions import Expressions
from switch.p4c.bmv2.statements import action_primitives, fits_in_action
from switch.p4c.bmv2.values import Json
from switch.p4c.source import NOWHERE, Span


@dataclass(eq=False)
class Node:
    """A node of the graph; None as a successor is the end of the pipeline."""

    span: Span = NOWHERE
    name: str = ""

    def successors(self) -> list[Node | None]:
        """The nodes that may follow."""
        return []


@dataclass(eq=False)
class Condition(Node):
    expr: ir.Expr | None = None
    then: Node | None = None
    otherwise: Node | None = None

    def successors(self) -> list[Node | None]:
        return [self.then, self.otherwise]


@dataclass(eq=False)
class Call(Node):
    """Runs a synthesised action."""

    body: Sequence[ir.Stmt] = ()
    next: Node | None = None

    def successors(self) -> list[Node | None]:
        return [self.next]


@dataclass(eq=False)
class Apply(Node):
    """next holds the successor for each action name, or for `__HIT__` and `__MISS__`."""

    next: dict[str, Node | None] = field(default_factory=dict)
    default: Node | None = None

    def successors(self) -> list[Node | None]:
        return [*self.next.values(), self.default]


@dataclass(eq=False)
class Join(Node):
    """Stands for a node that is not known yet: the head of a loop, or where a table is applied."""

    next: Node | None = None


@dataclass
class Graph:
    """A pipeline's graph; `sites` are the places where each table is applied, each a join in front of an Apply."""

    first: Node | None
    sites: dict[str, list[Join]]


def build(body: Sequence[ir.Stmt], tables: dict[str, ir.Table]) -> Graph:
    """The graph of a pipeline's body."""
    builder = _Builder(tables)
    return Graph(builder.block(body, None), builder.sites)


class _Builder:
    def __init__(self, tables: dict[str, ir.Table]) -> None:
        self.tables = tables
        self.ends: dict[str, Node | None] = {}  # where Leave(label) goes
        self.sites: dict[str, list[Join]] = {}

    def block(self, body: Sequence[ir.Stmt], after: Node | None) -> Node | None:
        """The node where the block starts, when `after` follows it."""
        runs: list[list[ir.Stmt] | ir.Stmt] = []
        for stmt in _up_to_jump(body):
            if not fits_in_action(stmt):
                runs.append(stmt)
            elif runs and isinstance(runs[-1], list):
                runs[-1].append(stmt)
            else:
                runs.append([stmt])
        node = after
        for run in reversed(runs):
            node = Call(run[0].span, body=run, next=node) if isinstance(run, list) else self._branching(run, node)
        return node

    def _branching(self, stmt: ir.Stmt, after: Node | None) -> Node | None:
        if isinstance(stmt, ir.Leave):
            return self.ends[stmt.label]
        if isinstance(stmt, ir.If):
            then, otherwise = self.block(stmt.then, after), self.block(stmt.otherwise, after)
            return Condition(stmt.span, expr=stmt.condition, then=then, otherwise=otherwise)
        if isinstance(stmt, ir.Labelled):
            self.ends[stmt.label] = after
            return self.block(stmt.body, after)
        if isinstance(stmt, ir.Loop):
            join = Join(stmt.span)
            join.next = self.block(stmt.body, join)
            return join
        assert isinstance(stmt, ir.ApplyTable)
        return self._apply(stmt, after)

    def _apply(self, stmt: ir.ApplyTable, after: Node | None) -> Node:
        site = Join(stmt.span, next=self._apply_node(stmt, after))
        self.sites.setdefault(stmt.table, []).append(site)
        return site

    def _apply_node(self, stmt: ir.ApplyTable, after: Node | None) -> Apply:
        node = Apply(stmt.span, stmt.table)
        table = self.tables[stmt.table]
        if stmt.hit is not None or stmt.miss is not None:
            node.next = {
                "__HIT__": self.block(stmt.hit or [], after),
                "__MISS__": self.block(stmt.miss or [], after),
            }
            return node
        otherwise = after if stmt.default is None else self.block(stmt.default, after)
        cases = {name: self.block(case, after) for name, case in (stmt.cases or {}).items()}
        node.next = {use.action: cases.get(use.action, otherwise) for use in table.actions}
        node.default = cases.get(table.default.action, otherwise)
        node.next.setdefault(table.default.action, node.default)
        return node


def _up_to_jump(body: Sequence[ir.Stmt]) -> Sequence[ir.Stmt]:
    """The block's statements up to the first Leave or Exit."""
    for index, stmt in enumerate(body):
        if isinstance(stmt, ir.Leave | ir.Exit):
            return body[: index + 1]
    return body


def resolve(node: Node | None) -> Node | None:
    """The real node behind joins."""
    seen: set[Node] = set()
    while isinstance(node, Join) and node not in seen:
        seen.add(node)
        node = node.next
    return node if not isinstance(node, Join) else None


def in_order(first: Node | None) -> list[Node]:
    """All nodes that can be reached, in the order of the program as far as there is one."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[Node | None] = [first]
    while stack:
        node = resolve(stack.pop())
        if node is not None and node not in seen:
            seen.add(node)
            order.append(node)
            stack += reversed(node.successors())
    return order


@dataclass
class Flow:
    """The JSON of a pipeline's nodes apart from the tables themselves; next_tables by table name."""

    first: str | None
    conditionals: list[Json]
    action_calls: list[Json]
    applied: list[Apply]


class FlowWriter:
    """Names the nodes of a pipeline and writes them; `taken` are the names in use."""

    def __init__(self, context: Context, pipeline: str, taken: set[str]) -> None:
        self.context = context
        self.pipeline = pipeline
        self.taken = taken

    def write(self, first: Node | None) -> Flow:
        """The nodes that can be reached from the first one."""
        nodes = in_order(first)
        for node in nodes:
            if isinstance(node, Condition):
                node.name = self._fresh("if")
            elif isinstance(node, Call):
                node.name = self._fresh("do")
        conditionals = [self._condition(n) for n in nodes if isinstance(n, Condition)]
        calls = [self._call(n) for n in nodes if isinstance(n, Call)]
        return Flow(name_of(first), conditionals, calls, [n for n in nodes if isinstance(n, Apply)])

    def _fresh(self, kind: str) -> str:
        while (name := f"{self.pipeline}.{kind}_{self.context.next_id(self.pipeline + kind) + 1}") in self.taken:
            pass
        self.taken.add(name)
        return name

    def _condition(self, node: Condition) -> Json:
        assert node.expr is not None
        result = {"name": node.name, "id": self.context.next_id("conditionals")}
        result = self.context.located(result, node.span)
        return {
            **result,
            "expression": Expressions(self.context, span=node.span).boolean(node.expr),
            "true_next": name_of(node.then),
            "false_next": name_of(node.otherwise),
        }

    def _call(self, node: Call) -> Json:
        context = self.context
        action_id = context.next_id("actions")
        action = context.located({"name": node.name, "id": action_id, "runtime_data": []}, node.span)
        context.actions.append({**action, "primitives": action_primitives(context, node.body, {}, self.pipeline)})
        result = context.located({"name": node.name, "id": context.next_id("action_calls")}, node.span)
        return {**result, "action_id": action_id, "next_node": name_of(node.next)}


def name_of(node: Node | None) -> str | None:
    """The name of a successor, None for the end."""
    real = resolve(node)
    return real.name if real else None
