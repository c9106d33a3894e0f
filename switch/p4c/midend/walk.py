"""Walks over the syntax tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from functools import lru_cache

from switch.p4c import tree

LINKS = frozenset(("type", "value", "decl", "target", "inferred", "span", "annotations", "doc", "bound"))
"""Fields that lead out of the tree, or that repeat what another field holds."""


@lru_cache(maxsize=256)
def _parts(kind: type[tree.Node]) -> tuple[str, ...]:
    links = LINKS - {"value"} if kind in (tree.Return, tree.Assign, tree.TableProperty) else LINKS
    links = links - {"target"} if kind is tree.Assign else links
    links = links - {"decl"} if kind is tree.DeclStmt else links
    return tuple(f.name for f in fields(kind) if f.name not in links)


def children(node: tree.Node) -> Iterator[tree.Node]:
    """The nodes directly below."""
    for name in _parts(type(node)):
        part = getattr(node, name)
        if isinstance(part, tree.Node):
            yield part
        elif isinstance(part, list):
            for item in part:
                if isinstance(item, tree.Node):
                    yield item


def walk(node: tree.Node) -> Iterator[tree.Node]:
    """The node and all nodes below it, in order of the text."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(list(children(node))))
