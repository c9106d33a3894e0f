"""Runs GCC's preprocessor over a P4 program, as p4c does."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from switch.p4c.source import NOWHERE, Diagnostics, Span

INCLUDE = Path(__file__).parent / "include"  # our core.p4 and v1model.p4

_FLAGS = ("-C", "-undef", "-nostdinc", "-fno-diagnostics-show-caret", "-x", "assembler-with-cpp")
_MAX_OUTPUT = 32 << 20  # bytes
_MAX_SECONDS = 30.0

_MESSAGE = re.compile(
    r"^(?P<file>[^:\n]+):(?P<line>\d+):(?:(?P<column>\d+):)? (?P<kind>fatal error|error|warning): (?P<text>.*)"
)
_MARKER = re.compile(r'^#(?:line)? (?P<line>\d+) "(?P<file>(?:[^"\\]|\\.)*)"')
_BLANKS = str.maketrans("", "", " \t\r\f\v")


@dataclass(frozen=True)
class PreprocessOptions:
    """What the command line says; `macros` are the -D and -U flags in their order, as "-DX=1" or "-UX"."""

    include: tuple[str, ...] = ()
    macros: tuple[str, ...] = ()


def preprocess(path: str, options: PreprocessOptions, diagnostics: Diagnostics) -> str:
    """The text after preprocessing, with line markers; the compiler's own include folder is searched last.

    Errors of the preprocessor become diagnostics; raises CompileError if there is no text to go on with.
    """
    problem = _why_unreadable(path)
    if problem:
        diagnostics.fatal(NOWHERE, f"{path}: {problem}")
    command = [_find_cpp(diagnostics), *_FLAGS, "-D__TARGET_BMV2__", *options.macros]
    command += [f"-I{folder}" for folder in (*options.include, *_include_folders())]
    output, errors, code = _run([*command, path], diagnostics)
    _report(errors, code, diagnostics)
    if code and not diagnostics.errors:
        diagnostics.fatal(NOWHERE, f"the preprocessor failed with exit code {code}")
    if "\0" in output:
        output = output.replace("\0", " ")
    return _realign(output, path)


def _why_unreadable(path: str) -> str:
    """Why a path cannot be compiled, or ""; it is read twice, so a pipe will not do."""
    if os.path.isdir(path):
        return "is a directory"
    if not os.path.exists(path):
        return "no such file"
    if not os.path.isfile(path):
        return "is not a regular file"
    return "" if os.access(path, os.R_OK) else "permission denied"


def index_lines(text: str, file: str, diagnostics: Diagnostics) -> None:
    """Lets diagnostics show the lines of a text with line markers."""
    lines = diagnostics.sources.setdefault(file, {})
    number = 0
    for line in text.split("\n"):
        marker = _MARKER.match(line) if line.startswith("#") else None
        if marker:
            number = int(marker["line"]) - 1
            lines = diagnostics.sources.setdefault(_unescape(marker["file"]), {})
        else:
            number += 1
            lines.setdefault(number, line)  # what the preprocessor complained about is there, and blank in its output


def marker_of(line: str) -> tuple[str, int] | None:
    """File and number that a line marker gives to the next line."""
    match = _MARKER.match(line)
    return (_unescape(match["file"]), int(match["line"])) if match else None


def _include_folders() -> list[str]:
    extra = os.environ.get("P4C_16_INCLUDE_PATH", "")
    return [*filter(None, extra.split(":")), str(INCLUDE)]


def _find_cpp(diagnostics: Diagnostics) -> str:
    found = shutil.which("cpp")
    if found is None:
        diagnostics.fatal(NOWHERE, "cpp, the C preprocessor of GCC, is not installed (Debian: apt install cpp)")
    return found


def _run(command: list[str], diagnostics: Diagnostics) -> tuple[str, str, int]:
    """Standard output, standard error and exit code, bounded in size and time."""
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, process_group=0
            )
        except (OSError, ValueError) as problem:
            diagnostics.fatal(NOWHERE, f"cannot run the preprocessor: {problem}")
        timer = threading.Timer(_MAX_SECONDS, _kill, [process])
        timer.start()
        assert process.stdout is not None
        with process, process.stdout:
            output = process.stdout.read(_MAX_OUTPUT + 1)
            if len(output) > _MAX_OUTPUT:
                _kill(process)
        expired = not timer.is_alive()
        timer.cancel()
        errors.seek(0)
        messages = errors.read(1 << 20).decode(errors="replace")
    if len(output) > _MAX_OUTPUT:
        diagnostics.fatal(NOWHERE, f"the program is larger than {_MAX_OUTPUT >> 20} MB after preprocessing")
    if expired:
        diagnostics.fatal(NOWHERE, f"preprocessing takes longer than {_MAX_SECONDS:.0f} s")
    return output.decode(errors="replace"), messages, process.returncode


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends cpp with its child cc1, which does the work and would keep the pipe open."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _report(messages: str, code: int, diagnostics: Diagnostics) -> None:
    texts: dict[str, list[str]] = {}
    for line in messages.splitlines():
        match = _MESSAGE.match(line)
        if match is None:
            if code and line.startswith("<command-line>: error: "):
                diagnostics.error(NOWHERE, "-D or -U: " + line.removeprefix("<command-line>: error: "))
            continue
        file, number, column = match["file"], int(match["line"]), int(match["column"] or 1)
        span = Span(file, number, column, number, column + 1)
        lines = texts[file] if file in texts else texts.setdefault(file, _read_lines(file))
        if 0 < number <= len(lines):
            diagnostics.sources.setdefault(file, {})[number] = lines[number - 1]
        if match["kind"] == "warning":
            diagnostics.warn(span, "preprocessor", match["text"])
        elif code:
            diagnostics.error(span, match["text"])


def _read_lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(errors="replace").split("\n")
    except (OSError, ValueError):
        return []


def _realign(text: str, path: str) -> str:
    """Puts back the original text of each line that was only re-spaced, so that columns are right."""
    originals: dict[str, list[str]] = {}
    current, number = originals.setdefault(path, _read_lines(path)), 0
    result: list[str] = []
    for line in text.split("\n"):
        if line.startswith("#"):
            marker = marker_of(line)
            if marker:
                file, number = marker[0], marker[1] - 1
                current = originals[file] if file in originals else originals.setdefault(file, _read_lines(file))
                result.append(line)
                continue
        original = current[number] if number < len(current) else line
        number += 1
        if original != line and original.translate(_BLANKS) == line.translate(_BLANKS):
            line = original
        result.append(line)
    return "\n".join(result)


def _unescape(name: str) -> str:
    return name.replace('\\"', '"').replace("\\\\", "\\") if "\\" in name else name
