"""Compiles the project's P4 programs, once for each content, into build/."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from controller.loader import Manifest, check_plugins, write_glue
from controller.p4rt import Program, ProgramError
from controller.workspace import workspace

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "p4src"
COMPILER = "p4vpc-p4c"
FLOW_TABLE_BITS = "P4VPC_FLOW_TABLE_BITS"


def compiled(name: str, plugins: Sequence[Manifest] = ()) -> Program:
    """The program p4src/NAME.p4 with plugins, compiled unless build/ holds it already.

    The compiler is p4vpc-p4c, or what the environment variable P4VPC_P4C names (p4c-bm2-ss, for comparisons);
    P4VPC_FLOW_TABLE_BITS makes another flow table than that of p4src/include/sizes.p4, such as 10 for BMv2. Raises
    ProgramError with the compiler's diagnostics when the program does not compile.
    """
    compiler = _compiler()
    check_plugins(plugins)
    folder = ROOT / "build" / f"{name}-{_content_key(compiler, plugins)}"
    program = Program(folder / f"{name}.json", folder / f"{name}.p4info.txtpb")
    if program.config.exists() and program.p4info_file.exists():
        return program
    folder.parent.mkdir(exist_ok=True)
    with workspace(folder.parent, f".{name}-") as work:
        files = Program(work / program.config.name, work / program.p4info_file.name)
        glue = work / "glue"
        write_glue(name, plugins, glue)
        command = [compiler, *_sizes(), "-I", str(glue), str(SOURCES / f"{name}.p4"), "-o", str(files.config)]
        _run([*command, "--p4runtime-files", str(files.p4info_file)])
        folder.mkdir(exist_ok=True)
        shutil.copytree(glue, folder / "glue", dirs_exist_ok=True)
        files.config.replace(program.config)
        files.p4info_file.replace(program.p4info_file)
    return program


def _sizes() -> list[str]:
    """Definitions of sizes other than those in p4src/include/sizes.p4."""
    bits = os.environ.get(FLOW_TABLE_BITS)
    return [f"-DFLOW_TABLE_BITS={int(bits)}"] if bits else []


def _compiler() -> str:
    other = os.environ.get("P4VPC_P4C")
    if other:
        return other
    beside = Path(sys.executable).parent / COMPILER
    return str(beside) if beside.exists() else COMPILER


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    except OSError as error:
        raise ProgramError(f"cannot run the P4 compiler {command[0]}: {error.strerror}") from None
    if done.returncode:
        raise ProgramError(f"{command[0]} refuses the program:\n{done.stderr.strip()}")


def _content_key(compiler: str, plugins: Sequence[Manifest]) -> str:
    """A key that changes with any P4 source, with the compiler, and with the plugins."""
    digest = hashlib.sha256(" ".join((compiler, *_sizes())).encode())
    own = ROOT / "switch" / "p4c"
    loader = ROOT / "controller" / "loader"
    paths = [*SOURCES.rglob("*.p4"), *own.rglob("*.py"), *own.rglob("*.p4"), *loader.glob("*.py")]
    for plugin in plugins:
        paths += [plugin.path, *plugin.folder.glob("*.p4")]
    for path in sorted(paths):
        digest.update(str(path).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
