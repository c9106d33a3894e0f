"""Writing indented C, with names that owe nothing to the JSON but sanitised hints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

_UNSAFE = re.compile(r"[^A-Za-z0-9_]+")
_UNSAFE_COMMENT = re.compile(r"[^A-Za-z0-9_.$\[\] -]+")


def identifier(prefix: str, number: int, hint: str = "") -> str:
    """A C identifier: unique by prefix and number, readable by a cleaned part of `hint`."""
    cleaned = _UNSAFE.sub("_", hint)[:40].strip("_")
    return f"{prefix}{number}_{cleaned}" if cleaned else f"{prefix}{number}"


def comment(text: str) -> str:
    """`text` made harmless, as a C comment."""
    return f"/* {_UNSAFE_COMMENT.sub('_', text)[:80]} */"


class Writer:
    """Lines of C, and fresh names for temporaries."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._depth = 0
        self._fresh = 0

    def line(self, text: str = "") -> None:
        """Adds a line at the current depth."""
        self.lines.append("    " * self._depth + text if text else "")

    def label(self, name: str) -> None:
        """Adds a label, one step to the left."""
        self.lines.append("    " * max(self._depth - 1, 0) + f"{name}:;")

    @contextmanager
    def block(self, head: str = "", tail: str = "") -> Iterator[None]:
        """Braces around what is written inside."""
        self.line(f"{head} {{" if head else "{")
        self._depth += 1
        yield
        self._depth -= 1
        self.line("}" + tail)

    def fresh(self, prefix: str = "t") -> str:
        """A name not used before in this writer."""
        self._fresh += 1
        return f"{prefix}{self._fresh}"

    def text(self) -> str:
        """Everything written."""
        return "\n".join(self.lines) + "\n"
