"""Prints what the phases make, for `--show`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module

from switch.p4c.compile import Pipeline
from switch.p4c.lexer import tokenize
from switch.p4c.preprocess import preprocess
from switch.p4c.source import Span

_EMPTY: tuple[object, ...] = ("", [], {}, ())
_HIDDEN = frozenset({"span", "decl", "target"})  # places, and references to other parts of the tree


def show(what: str, pipeline: Pipeline) -> Iterator[str]:
    """Text; `what` is "tokens", "ast", "ir" or "json". Of tokens and tree, only those of the main file are shown."""
    if what == "tokens":
        yield from _tokens(pipeline)
    elif what == "ast":
        for decl in pipeline.tree().decls:
            if decl.span.file == pipeline.path:
                yield from dump(decl)
    elif what == "ir":
        yield import_module("switch.p4c.ir_text").program_text(pipeline.lowered())
    else:
        yield json.dumps(pipeline.json(), indent=2) + "\n"


def _tokens(pipeline: Pipeline) -> Iterator[str]:
    text = preprocess(pipeline.path, pipeline.options.preprocess, pipeline.diagnostics)
    for token in tokenize(text, pipeline.path, pipeline.diagnostics):
        if token.file == pipeline.path:
            yield f"{token.line}:{token.column}\t{token.kind}\t{token.text}\n"


def dump(node: object, label: str = "", indent: int = 0) -> Iterator[str]:
    """A tree of dataclasses as indented text: one line a node, with the short fields on it."""
    start = "  " * indent + (f"{label}: " if label else "")
    if isinstance(node, list):
        yield f"{start}[{len(node)}]\n"
        for item in node:
            yield from dump(item, "", indent + 1)
        return
    if not is_dataclass(node) or isinstance(node, type):
        yield f"{start}{node!r}\n"
        return
    short: list[str] = []
    long: list[tuple[str, object]] = []
    for entry in fields(node):
        value = getattr(node, entry.name)
        hidden = entry.name in _HIDDEN and not isinstance(value, list)
        if hidden or value is None or value is False or value in _EMPTY:
            continue
        if isinstance(value, str | int | Span):
            short.append(f"{entry.name}={value!r}")
        else:
            long.append((entry.name, value))
    yield f"{start}{type(node).__name__} {' '.join(short)}".rstrip() + "\n"
    for name, value in long:
        yield from dump(value, name, indent + 1)
