"""The compiler's phases, one after the other: source, tree, checked tree, elaborated program, BMv2 JSON and P4Info.

The phases are imported when they are needed: `--show tokens` loads no back end, and P4Info's protobufs only load when
somebody asks for P4Info.
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from switch.p4c.preprocess import PreprocessOptions
from switch.p4c.source import CompileError, Diagnostics, Span

if TYPE_CHECKING:
    from switch.p4c import ir, tree

_T = TypeVar("_T")

_STACK = 512 << 20  # bytes of address space, used only as far as a program is deep
_RECURSION = 20_000


@dataclass(frozen=True)
class Options:
    """How to compile. `p4info` False skips P4Info; source_info adds line numbers to the JSON."""

    preprocess: PreprocessOptions = field(default_factory=PreprocessOptions)
    source_info: bool = False
    p4info: bool = True
    max_errors: int = 20
    disabled_warnings: frozenset[str] = frozenset()
    warnings_as_errors: frozenset[str] = frozenset()

    def diagnostics(self) -> Diagnostics:
        """An empty collection that follows these options."""
        return Diagnostics(self.max_errors, self.disabled_warnings, self.warnings_as_errors)


@dataclass
class Result:
    """What compiling gave. json and p4info are None after errors."""

    diagnostics: Diagnostics
    json: dict[str, Any] | None = None
    p4info: Any = None  # finsy.proto's P4Info
    program: ir.Program | None = None

    @property
    def ok(self) -> bool:
        """Whether the program was compiled."""
        return not self.diagnostics.errors


@dataclass
class Pipeline:
    """Runs the phases for one file, each at most once and after those it needs. Every method may raise CompileError."""

    path: str
    options: Options = field(default_factory=Options)
    diagnostics: Diagnostics = field(default_factory=Diagnostics)
    phase: str = "parser"  # the phase that runs now, for reports of internal errors
    _lowered: ir.Program | None = None

    def tree(self) -> tree.Program:
        """The tree as parsed."""
        self.phase = "parser"
        parsed = import_module("switch.p4c.parser").parse_file(self.path, self.options.preprocess, self.diagnostics)
        self.diagnostics.stop_if_errors()
        return parsed

    def checked(self) -> Any:
        """The tree with types and values."""
        parsed = self.tree()
        self.phase = "checker"
        checked = import_module("switch.p4c.check").check(parsed, self.diagnostics)
        self.diagnostics.stop_if_errors()
        return checked

    def lowered(self) -> ir.Program:
        """The elaborated program."""
        if self._lowered is None:
            checked = self.checked()
            self.phase = "middle end"
            program: ir.Program = import_module("switch.p4c.midend").lower(checked, self.diagnostics)
            self.diagnostics.stop_if_errors()
            program.name = Path(self.path).stem
            self._lowered = program
        return self._lowered

    def json(self) -> dict[str, Any]:
        """The BMv2 JSON."""
        program = self.lowered()
        if program.ingress is None:
            self.diagnostics.fatal(Span(self.path, 0, 0, 0, 0), "the program has no main, so a switch cannot run it")
        self.phase = "BMv2 back end"
        result: dict[str, Any] = import_module("switch.p4c.bmv2").to_json(
            program, self.diagnostics, source_info=self.options.source_info
        )
        self.diagnostics.stop_if_errors()
        return result

    def p4info(self) -> Any:
        """The P4Info message."""
        program = self.lowered()
        self.phase = "P4Info writer"
        result = import_module("switch.p4c.p4info").to_p4info(program, self.diagnostics)
        self.diagnostics.stop_if_errors()
        return result

    def entries(self) -> Any:
        """The table entries of the program as a P4Runtime WriteRequest."""
        program = self.lowered()
        self.phase = "P4Info writer"
        result = import_module("switch.p4c.p4info").to_entries(program, self.diagnostics)
        self.diagnostics.stop_if_errors()
        return result

    def guard(self, step: Callable[[], _T]) -> _T | None:
        """Runs a step with a deep stack. Whatever goes wrong is in the diagnostics, and the result is None."""
        return run_deep(lambda: self._guarded(step))

    def _guarded(self, step: Callable[[], _T]) -> _T | None:
        try:
            return step()
        except CompileError:
            return None
        except RecursionError:
            self._internal(f"the program is nested too deeply for the {self.phase}", "")
        except MemoryError:
            self._internal(f"the {self.phase} ran out of memory", "")
        except Exception as problem:
            message = f"internal error in the {self.phase}: {type(problem).__name__}: {problem}"
            self._internal(message, traceback.format_exc())
        return None

    def _internal(self, message: str, details: str) -> None:
        self.diagnostics.internal(Span(self.path, 0, 0, 0, 0), message, details)


def compile(path: str | Path, options: Options | None = None) -> Result:
    """Compiles a file; never raises for anything the file may hold."""
    options = options or Options()
    pipeline = Pipeline(str(path), options, options.diagnostics())
    result = Result(pipeline.diagnostics)

    def run() -> None:
        result.json = pipeline.json()
        result.p4info = pipeline.p4info() if options.p4info else None
        result.program = pipeline.lowered()

    pipeline.guard(run)
    if not result.ok:
        result.json = result.p4info = None
    return result


def run_deep(step: Callable[[], _T]) -> _T:
    """Runs a step in a thread whose stack is deep enough for recursion over any tree that the parser admits.

    The recursion limit of the process stays raised: lowering it would hit other threads that compile.
    """
    outcome: list[_T] = []
    failure: list[BaseException] = []

    def body() -> None:
        try:
            outcome.append(step())
        except BaseException as problem:  # handed to the calling thread
            failure.append(problem)

    sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION))
    size = threading.stack_size(_STACK)
    try:
        thread = threading.Thread(target=body, name="p4c", daemon=True)
        thread.start()
    finally:
        threading.stack_size(size)
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]
