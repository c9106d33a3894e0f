"""Places in source text, and diagnostics that point at them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of source text; lines and columns count from 1, the end is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def to(self, other: Span) -> Span:
        """From the start of this one to the end of the other."""
        return Span(self.file, self.line, self.column, other.end_line, other.end_column)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = Span("<builtin>", 0, 0, 0, 0)


class CompileError(Exception):
    """Compilation cannot go on; the reasons stand in the Diagnostics."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message.

    severity is "error", "unsupported" (legal P4 that we or BMv2 cannot do), "internal" (our fault) or "warning"; `kind`
    names a class of warnings for --Wdisable and --Werror ("unused", "deprecated" ...); notes point at other places;
    details are a traceback, for internal errors.
    """

    severity: str
    message: str
    span: Span
    kind: str = ""
    notes: tuple[tuple[Span, str], ...] = ()
    details: str = ""


@dataclass
class Diagnostics:
    """Collects errors and warnings, and prints them with source line and caret.

    Phases go on after an error where they can; the driver calls `stop_if_errors` between phases. After `limit` errors
    the next one raises CompileError.
    """

    limit: int = 20
    disabled: frozenset[str] = frozenset()  # kinds of warnings to drop, or "*"
    as_errors: frozenset[str] = frozenset()  # kinds of warnings that count as errors, or "*"
    items: list[Diagnostic] = field(default_factory=list)
    sources: dict[str, dict[int, str]] = field(default_factory=dict)  # file -> line number -> text
    _seen: set[tuple[str, Span]] = field(default_factory=set)

    def error(self, span: Span, message: str, *notes: tuple[Span, str]) -> None:
        """The program is wrong at `span`. Notes are (span, text)."""
        self._add(Diagnostic("error", message, span, "", notes))

    def unsupported(self, span: Span, message: str, *notes: tuple[Span, str]) -> None:
        """The program may be right, but this compiler or BMv2 cannot do what stands at `span`."""
        self._add(Diagnostic("unsupported", message, span, "", notes))

    def internal(self, span: Span, message: str, details: str = "") -> None:
        """The compiler failed; details are for those who mend it."""
        self._add(Diagnostic("internal", message, span, "", (), details))

    def warn(self, span: Span, kind: str, message: str, *notes: tuple[Span, str]) -> None:
        """The program is suspicious at `span`; kind names the class of warnings."""
        if kind in self.as_errors or "*" in self.as_errors:
            self._add(Diagnostic("error", message, span, kind, notes))
        elif kind not in self.disabled and "*" not in self.disabled:
            self._add(Diagnostic("warning", message, span, kind, notes))

    def fatal(self, span: Span, message: str) -> NoReturn:
        """Records an error that nothing can follow."""
        self.error(span, message)
        raise CompileError(message)

    @property
    def errors(self) -> list[Diagnostic]:
        """Errors and unsupported constructs, in order of discovery."""
        return [d for d in self.items if d.severity != "warning"]

    @property
    def warnings(self) -> list[Diagnostic]:
        """Warnings, in order of discovery."""
        return [d for d in self.items if d.severity == "warning"]

    def stop_if_errors(self) -> None:
        """Raises CompileError if there are errors."""
        if self.errors:
            raise CompileError(self.errors[0].message)

    def render(self) -> str:
        """All messages as text, one block each."""
        return "".join(self._render_one(item) for item in self.items)

    def _add(self, item: Diagnostic) -> None:
        if (item.message, item.span) in self._seen:
            return
        self._seen.add((item.message, item.span))
        self.items.append(item)
        if item.severity in ("error", "unsupported") and len(self.errors) >= self.limit:
            raise CompileError("too many errors")

    def _render_one(self, item: Diagnostic) -> str:
        word = {"internal": "error", "unsupported": "error: unsupported"}.get(item.severity, item.severity)
        word += f"[{item.kind}]" if item.kind else ""
        text = f"{self._place(item.span)}: {word}: {item.message}\n" + self._excerpt(item.span)
        for span, note in item.notes:
            text += f"{self._place(span)}: note: {note}\n" + self._excerpt(span)
        return text

    def _place(self, span: Span) -> str:
        if span is NOWHERE:
            return "p4vpc-p4c"
        return span.file if span.line == 0 else str(span)

    def _excerpt(self, span: Span) -> str:
        line = self.sources.get(span.file, {}).get(span.line)
        if line is None:
            return ""
        line = line.rstrip()
        end = span.end_column if span.end_line == span.line else len(line) + 1
        width = max(1, min(end, len(line) + 1) - span.column)
        indent = "".join("\t" if c == "\t" else " " for c in line[: span.column - 1])
        return f"{line[:400]}\n{indent[:400]}{'^' * min(width, 200)}\n"
