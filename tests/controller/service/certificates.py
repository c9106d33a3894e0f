"""Certificates made for a test by the openssl command."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

_NEW_KEY = (
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "2",
)


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, as PEM files."""

    path: Path
    key: Path


def authority(folder: Path, name: str) -> Certificate:
    """One that may sign others."""
    return _made(folder, name, "-addext", "basicConstraints=critical,CA:TRUE")


def signed(folder: Path, name: str, by: Certificate) -> Certificate:
    """One for 127.0.0.1 that an authority has signed."""
    return _made(folder, name, "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE",
                 "-CA", str(by.path), "-CAkey", str(by.key))  # fmt: skip


def _made(folder: Path, name: str, *more: str) -> Certificate:
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    command = [*_NEW_KEY, "-subj", f"/CN={name}", "-keyout", str(made.key), "-out", str(made.path), *more]
    subprocess.run(command, check=True, capture_output=True)
    return made
