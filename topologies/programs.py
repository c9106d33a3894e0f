"""Compiles the project's P4 programs, once for each content, into build/."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from controller.p4rt import Program

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "p4src"


def compiled(name: str) -> Program:
    """The program p4src/NAME.p4, compiled by p4vpc-p4c unless build/ holds it already.

    Raises subprocess.CalledProcessError when it does not compile; the compiler's diagnostics are on stderr.
    """
    folder = ROOT / "build" / f"{name}-{_content_key()}"
    program = Program(folder / f"{name}.json", folder / f"{name}.p4info.txtpb")
    if program.config.exists() and program.p4info_file.exists():
        return program
    work = folder.with_suffix(".part")
    work.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "switch.p4c", str(SOURCES / f"{name}.p4"), "-o", str(work / f"{name}.json")]
    command += ["--p4runtime-files", str(work / f"{name}.p4info.txtpb")]
    subprocess.run(command, check=True, cwd=ROOT)
    shutil.rmtree(folder, ignore_errors=True)
    work.replace(folder)
    return program


def _content_key() -> str:
    """A key that changes with any P4 source and with the compiler."""
    digest = hashlib.sha256()
    compiler = ROOT / "switch" / "p4c"
    for path in sorted([*SOURCES.rglob("*.p4"), *compiler.rglob("*.py"), *compiler.rglob("*.p4")]):
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
