"""The command line of p4vpc-p4c: the flags of p4c and p4c-bm2-ss that people use."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NoReturn

from switch.p4c.compile import Options
from switch.p4c.preprocess import PreprocessOptions

ENDINGS = (".txtpb", ".txt", ".json", ".bin")
FORMATS = {"text": ".txtpb", "json": ".json", "binary": ".bin"}  # of --p4runtime-format
SHOW = ("tokens", "ast", "ir", "json")


class UsageError(Exception):
    """The command line is wrong."""


@dataclass(frozen=True)
class Flags:
    """The command line, understood. p4info_files and entries_files pair a path with the ending that says its form."""

    source: str
    output: str | None
    p4info_files: tuple[tuple[str, str], ...]
    entries_files: tuple[tuple[str, str], ...]
    show: str | None
    preprocess_only: bool
    debug: bool
    options: Options

    @property
    def json_path(self) -> Path:
        """Where the BMv2 JSON goes: -o if that ends in .json or is a device, else NAME.json in -o or here."""
        if self.output and (self.output.endswith(".json") or _is_device(self.output)):
            return Path(self.output)
        return Path(self.output or ".") / f"{Path(self.source).stem}.json"


def _is_device(path: str) -> bool:
    """Whether the path is something to write to that is neither file nor folder: /dev/null, a pipe."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


class _Macro(argparse.Action):
    """-D and -U, in their order."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        if not values:
            parser.error(f"argument {option_string}: expected the name of a macro")
        namespace.macros.append(f"{(option_string or '')[:2]}{values}")


def parse_flags(argv: Sequence[str] | None) -> Flags:
    """Understands the command line; raises UsageError. --help and --version print and raise SystemExit."""
    given = _parser().parse_args(argv)
    if given.p4v in ("14", "1.0") or given.std in ("14", "p4-14", "p4_14"):
        raise UsageError("P4-14 is not supported, only P4-16")
    if len(given.source) != 1:
        raise UsageError("one P4 source file is expected" if given.source else "no P4 source file is given")
    options = Options(
        preprocess=PreprocessOptions(tuple(given.include), tuple(given.macros)),
        source_info=given.debug_info,
        p4info=False,
        max_errors=given.max_errors,
        disabled_warnings=frozenset(given.wdisable),
        warnings_as_errors=frozenset(given.werror),
    )
    flags = Flags(
        source=given.source[0],
        output=given.output,
        p4info_files=(*_by_format(given.p4info_file, given.p4info_format), *_by_ending(given.p4info_files)),
        entries_files=(*_by_format(given.entries_file, given.p4info_format), *_by_ending(given.entries_files)),
        show=given.show,
        preprocess_only=given.preprocess_only,
        debug=given.debug,
        options=options,
    )
    _refuse_twice(flags)
    return flags


def _refuse_twice(flags: Flags) -> None:
    """Two results in one file would leave only one of them."""
    p4info, entries = ({Path(path) for path, _ in files} for files in (flags.p4info_files, flags.entries_files))
    paths = [Path(flags.source), flags.json_path, *p4info, *entries]
    for path in paths:
        if paths.count(path) > 1 and not _is_device(str(path)):
            raise UsageError(f"{path} is named for two different things")


def _by_format(path: str | None, form: str) -> tuple[tuple[str, str], ...]:
    return ((path, FORMATS[form]),) if path else ()


def _by_ending(paths: str | None) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for path in filter(None, (paths or "").split(",")):
        ending = Path(path).suffix
        if ending not in ENDINGS:
            raise UsageError(f"{path}: the ending must be one of {', '.join(ENDINGS)}")
        found.append((path, ending))
    return found


def _version() -> str:
    try:
        return version("p4vpc")
    except PackageNotFoundError:
        return "unknown"


def _parser() -> argparse.ArgumentParser:
    parser = _Parser("p4vpc-p4c", description="Compiles P4-16 for v1model to BMv2 JSON and P4Info.", allow_abbrev=False)
    add = parser.add_argument
    add("source", nargs="*", metavar="FILE", help="the P4-16 program")
    add("-v", "-V", "--version", action="version", version=f"p4vpc-p4c {_version()}")
    add("-o", "--output", metavar="PATH", help="a file ending in .json, or a folder for NAME.json (default: here)")
    _add_p4runtime(parser)
    _add_preprocessor(parser)
    add("-b", "--target", choices=["bmv2"], default="bmv2", help="the target (bmv2)")
    add("-a", "--arch", choices=["v1model"], default="v1model", help="the architecture (v1model)")
    add("--std", "-x", choices=["p4-16", "p4_16", "16", "p4-14", "p4_14", "14"], default="16", help="the language")
    add("--p4v", choices=["16", "1.2", "14", "1.0"], default="16", help="the language, as older scripts say it")
    add("--show", choices=SHOW, help="print what a phase makes, and write no files")
    _add_warnings(parser)
    add("--max-errors", "--maxErrorCount", dest="max_errors", type=int, default=20, metavar="N", help="give up after N")
    add("-g", dest="debug_info", action="store_true", help="put source lines into the JSON")
    add("--debug", action="store_true", help="show tracebacks of internal errors")
    for ignored in ("-c", "--compile", "--ndebug", "--emit-externs", "--parser-inline-opt"):
        add(ignored, action="store_true", dest="ignored", help=argparse.SUPPRESS)
    return parser


def _add_p4runtime(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    endings = ", ".join(ENDINGS)
    add("--p4runtime-files", dest="p4info_files", metavar="FILES", help=f"P4Info files, comma between them: {endings}")
    add("--p4runtime-file", dest="p4info_file", metavar="FILE", help="one P4Info file, in --p4runtime-format")
    add("--p4runtime-format", dest="p4info_format", choices=FORMATS, default="binary", help="for the -file flags")
    add("--p4runtime-entries-files", dest="entries_files", metavar="FILES", help="the program's table entries")
    add("--p4runtime-entries-file", dest="entries_file", metavar="FILE", help="the same, in --p4runtime-format")


def _add_preprocessor(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("-I", dest="include", action="append", default=[], metavar="DIR", help="search DIR for included files")
    add("-D", dest="macros", action=_Macro, default=[], metavar="NAME[=VALUE]", help="define a macro")
    add("-U", dest="macros", action=_Macro, default=[], metavar="NAME", help="undefine a macro")
    add("-E", dest="preprocess_only", action="store_true", help="preprocess only, to standard output or to -o")


def _add_warnings(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--Wdisable",
        dest="wdisable",
        action="append",
        default=[],
        metavar="[KIND]",
        help="drop warnings of KIND, or all",
    )
    add("--Werror", dest="werror", action="append", default=[], metavar="[KIND]", help="warnings (of KIND) are errors")
