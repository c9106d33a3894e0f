"""Controls as C functions: a label for each node, jumps between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..program.expressions import BoolConst
from ..program.tables import ActionCallNode, Conditional, PipelineSpec, TableSpec
from .actions import ends_of
from .expressions import Expressions
from .tables import Goto, TableCode
from .writer import comment, identifier

if TYPE_CHECKING:
    from .unit import Names


class PipelineCode:
    """Writes one control."""

    def __init__(self, code: Expressions, names: Names, tables: TableCode) -> None:
        self._code = code
        self._out = code.out
        self._names = names
        self._tables = tables

    def write(self, function: str, pipeline: PipelineSpec | None) -> None:
        """Writes `static void function(p4_context_t *c)`."""
        with self._out.block(f"static void {function}(p4_context_t *c)"):
            self._out.line("p4_phv_t *phv = &c->phv;")
            self._out.line("(void)phv;")
            if pipeline is not None and pipeline.start is not None:
                self._nodes(pipeline)
        self._out.line()

    def _nodes(self, pipeline: PipelineSpec) -> None:
        order = _order(pipeline)
        position = {name: index for index, name in enumerate(order)}
        labels = {name: identifier("node", index, name) for index, name in enumerate(order)}
        for index, name in enumerate(order):
            self._out.line()
            self._out.label(labels[name])
            self._out.line(comment(name))

            def goto(target: str | None, at: int = index) -> str:
                if target is None:
                    return "return;"
                if position[target] > at:
                    return f"goto {labels[target]};"
                return f"{{ if (p4_too_many(c)) return; goto {labels[target]}; }}"

            with self._out.block():
                self._node(_node(pipeline, name), goto)

    def _node(self, node: TableSpec | Conditional | ActionCallNode, goto: Goto) -> None:
        if isinstance(node, TableSpec):
            self._tables.apply(self._code, node, goto)
        elif isinstance(node, Conditional):
            truth = self._code.truth(node.condition if node.condition is not None else BoolConst(False))
            self._out.line(f"if ({truth}) {goto(node.true_next)}")
            self._out.line(goto(node.false_next))
        else:
            name = self._names.action(node.action)
            self._out.line(f"{name}(c, NULL);")
            for flag in ends_of(node.action.primitives):
                self._out.line(f"if (c->{flag}) return;")
            self._out.line(goto(node.next_node))


def _node(pipeline: PipelineSpec, name: str) -> TableSpec | Conditional | ActionCallNode:
    return pipeline.tables.get(name) or pipeline.conditionals.get(name) or pipeline.calls[name]


def _successors(pipeline: PipelineSpec, name: str) -> list[str]:
    node = _node(pipeline, name)
    if isinstance(node, TableSpec):
        targets = [*node.next_by_action, node.next_hit, node.next_miss, node.miss_next]
    elif isinstance(node, Conditional):
        targets = [node.true_next, node.false_next]
    else:
        targets = [node.next_node]
    return [target for target in targets if target is not None]


def _order(pipeline: PipelineSpec) -> list[str]:
    """Reachable nodes, topologically where the flow has no cycle."""
    assert pipeline.start is not None
    order: list[str] = []
    seen: set[str] = set()
    pending: list[tuple[str, bool]] = [(pipeline.start, False)]
    while pending:
        name, done = pending.pop()
        if done:
            order.append(name)
        elif name not in seen:
            seen.add(name)
            pending.append((name, True))
            pending += [(target, False) for target in _successors(pipeline, name) if target not in seen]
    return order[::-1]
