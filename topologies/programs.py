"""Compiles the project's P4 programs, once for each content, into build/."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from controller.loader import Manifest, check_plugins, write_glue
from controller.p4rt import Program

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "p4src"


def compiled(name: str, plugins: Sequence[Manifest] = ()) -> Program:
    """The program p4src/NAME.p4 with plugins, compiled unless build/ holds it already.

    The compiler is p4vpc-p4c, or what the environment variable P4VPC_P4C names (p4c-bm2-ss, for comparisons). Raises
    subprocess.CalledProcessError when the program does not compile; the compiler's diagnostics are on stderr.
    """
    other = os.environ.get("P4VPC_P4C")
    compiler = [other] if other else [sys.executable, "-m", "switch.p4c"]
    check_plugins(plugins)
    folder = ROOT / "build" / f"{name}-{_content_key(compiler, plugins)}"
    program = Program(folder / f"{name}.json", folder / f"{name}.p4info.txtpb")
    if program.config.exists() and program.p4info_file.exists():
        return program
    folder.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{name}-") as work:
        files = Program(Path(work) / program.config.name, Path(work) / program.p4info_file.name)
        glue = Path(work) / "glue"
        write_glue(name, plugins, glue)
        command = [*compiler, "-I", str(glue), str(SOURCES / f"{name}.p4"), "-o", str(files.config)]
        subprocess.run([*command, "--p4runtime-files", str(files.p4info_file)], check=True, cwd=ROOT)
        folder.mkdir(exist_ok=True)
        shutil.copytree(glue, folder / "glue", dirs_exist_ok=True)
        files.config.replace(program.config)
        files.p4info_file.replace(program.p4info_file)
    return program


def _content_key(compiler: Sequence[str], plugins: Sequence[Manifest]) -> str:
    """A key that changes with any P4 source, with the compiler, and with the plugins."""
    digest = hashlib.sha256(repr(compiler).encode())
    own = ROOT / "switch" / "p4c"
    paths = [*SOURCES.rglob("*.p4"), *own.rglob("*.py"), *own.rglob("*.p4")]
    for plugin in plugins:
        paths += [plugin.path, *plugin.folder.glob("*.p4")]
    for path in sorted(paths):
        digest.update(str(path).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
