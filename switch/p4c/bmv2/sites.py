"""Tables that are applied in several places.

BMv2 keeps the successors in the table, so there is one node for a table. Where its places go on differently, each place
notes its number in a scratch field first, and conditions behind the table read it.
"""

from __future__ import annotations

from switch.p4c import ir
from switch.p4c.bmv2.context import Context
from switch.p4c.bmv2.graph import Apply, Call, Condition, Graph, Join, Node, resolve

SITE_BITS = 8
HIT, MISS = "__HIT__", "__MISS__"


def merge_sites(context: Context, graph: Graph) -> None:
    """Leaves one node for each table.

    Places that agree are joined first, as that can make places of other tables agree.
    """
    waiting = {table: list(reversed(sites)) for table, sites in graph.sites.items()}  # the graph is built from the back
    while waiting:
        agreed = [table for table, sites in waiting.items() if _agree(_nodes(sites))]
        for table in agreed:
            sites = waiting.pop(table)
            for site in sites:
                site.next = sites[0].next
        if waiting and not agreed:
            table = next(iter(waiting))
            _merge(context, table, waiting.pop(table))


def _nodes(sites: list[Join]) -> list[Apply]:
    return [site.next for site in sites if isinstance(site.next, Apply)]


def _agree(nodes: list[Apply]) -> bool:
    return all(_same(nodes[0], node) for node in nodes[1:])


def _same(one: Apply, other: Apply) -> bool:
    return resolve(one.default) is resolve(other.default) and all(
        resolve(one.next.get(key)) is resolve(other.next.get(key)) for key in one.next.keys() | other.next.keys()
    )


def _merge(context: Context, table: str, sites: list[Join]) -> None:
    nodes = _nodes(sites)
    message = f"table {table} is applied in several places that go on differently, which upstream p4c refuses"
    context.diagnostics.warn(sites[1].span, "target", message, (sites[0].span, "another application"))
    by_hit = [_by_hit(node) for node in nodes]
    if any(by_hit) and not all(by or _uniform(node) for by, node in zip(by_hit, nodes, strict=True)):
        text = f"table {table} is applied both for its hit and for its action_run, which BMv2 cannot do"
        context.unsupported(sites[1].span, text)
        return
    mark = context.new_scratch("site", ir.Const(SITE_BITS, 0))
    merged = Apply(nodes[0].span, table)
    for key in (HIT, MISS) if any(by_hit) else nodes[0].next:
        merged.next[key] = _choose(mark, [_after(node, key) for node in nodes])
    merged.default = _choose(mark, [node.default for node in nodes])
    for number, (site, node) in enumerate(zip(sites, nodes, strict=True)):
        note = ir.Assign(mark, ir.Const(SITE_BITS, number), span=node.span)
        site.next = Call(node.span, body=[note], next=merged)


def _by_hit(node: Apply) -> bool:
    return HIT in node.next


def _uniform(node: Apply) -> bool:
    return len({resolve(successor) for successor in node.next.values()}) == 1


def _after(node: Apply, key: str) -> Node | None:
    return node.next.get(key, node.default)


def _choose(mark: ir.FieldRef, successors: list[Node | None]) -> Node | None:
    """The node that goes on as the noted place does."""
    result = successors[-1]
    for number in range(len(successors) - 2, -1, -1):
        successor = successors[number]
        if resolve(successor) is not resolve(result):
            test = ir.Binary(0, "==", mark, ir.Const(SITE_BITS, number))
            result = Condition(expr=test, then=successor, otherwise=result)
    return result
