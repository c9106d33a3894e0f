"""The command p4vpc-p4c."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from switch.p4c.compile import Pipeline
from switch.p4c.flags import Flags, UsageError, parse_flags
from switch.p4c.output import write_all
from switch.p4c.preprocess import preprocess
from switch.p4c.source import Diagnostics


@dataclass
class _Made:
    """What is to be written: files, and text for standard output."""

    files: dict[Path, bytes] = field(default_factory=dict)
    text: str = ""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the compiler; 0 if the program was compiled, 1 if not, 2 if the command line is wrong."""
    try:
        flags = parse_flags(_join_warning_flags(sys.argv[1:] if argv is None else argv))
    except UsageError as problem:
        print(f"p4vpc-p4c: {problem}\nTry p4vpc-p4c --help.", file=sys.stderr)
        return 2
    except SystemExit as done:  # --help and --version
        return int(done.code or 0)
    pipeline = Pipeline(flags.source, flags.options, flags.options.diagnostics())
    try:
        made = pipeline.guard(lambda: _run(flags, pipeline))
    except KeyboardInterrupt:
        return 130
    _report(pipeline.diagnostics, flags)
    if made is None or pipeline.diagnostics.errors:
        return 1
    try:
        write_all(made.files)
        sys.stdout.write(made.text)
        sys.stdout.flush()
    except OSError as problem:
        print(f"p4vpc-p4c: {problem.filename or 'standard output'}: {problem.strerror}", file=sys.stderr)
        return 1
    return 0


def _join_warning_flags(argv: Sequence[str]) -> list[str]:
    """--Wdisable and --Werror take their argument behind `=` only, so that a file name can follow them."""
    return [f"{word}=*" if word in ("--Wdisable", "--Werror") else word for word in argv]


def _run(flags: Flags, pipeline: Pipeline) -> _Made:
    """Compiles, and writes nothing yet."""
    if flags.preprocess_only:
        text = preprocess(flags.source, flags.options.preprocess, pipeline.diagnostics)
        return _Made(text=text) if flags.output is None else _Made({Path(flags.output): text.encode()})
    if flags.show is not None:
        show = import_module("switch.p4c.show")
        return _Made(text="".join(show.show(flags.show, pipeline)))
    files = {flags.json_path: (json.dumps(pipeline.json(), indent=2) + "\n").encode()}
    if flags.p4info_files:
        _serialize(files, flags.p4info_files, pipeline.p4info())
    if flags.entries_files:
        _serialize(files, flags.entries_files, pipeline.entries())
    return _Made(files)


def _serialize(files: dict[Path, bytes], wanted: tuple[tuple[str, str], ...], message: object) -> None:
    p4info_bytes = import_module("switch.p4c.p4info").p4info_bytes
    for path, ending in wanted:
        files[Path(path)] = p4info_bytes(message, f"x{ending}")


def _report(diagnostics: Diagnostics, flags: Flags) -> None:
    sys.stderr.write(diagnostics.render())
    if flags.debug:
        sys.stderr.writelines(item.details for item in diagnostics.items)
    count = len(diagnostics.errors)
    if count:
        more = "; --max-errors N shows more" if count >= diagnostics.limit else ""
        print(f"{count} error{'s' if count > 1 else ''}, nothing was written{more}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
