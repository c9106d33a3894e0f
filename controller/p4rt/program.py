"""A compiled P4 program as it is pushed to a switch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from finsy.proto import p4i
from google.protobuf import text_format

from controller.p4rt.errors import ProgramError


@dataclass(frozen=True)
class Program:
    """The two files that a P4 compiler writes: the target's configuration (BMv2 JSON) and the P4Info (text format)."""

    config: Path
    p4info_file: Path

    @cached_property
    def blob(self) -> bytes:
        """The target's configuration; raises ProgramError when it cannot be read."""
        return _read(self.config)

    @cached_property
    def cookie(self) -> int:
        """64 bits that tell this program from any other."""
        return int.from_bytes(
            hashlib.sha256(self.blob + self.p4info.SerializeToString(deterministic=True)).digest()[:8]
        )

    @cached_property
    def p4info(self) -> p4i.P4Info:
        """The parsed P4Info; raises ProgramError when it is not one."""
        try:
            return text_format.Parse(_read(self.p4info_file).decode(), p4i.P4Info())
        except (text_format.ParseError, UnicodeDecodeError) as error:
            raise ProgramError(f"{self.p4info_file} is not P4Info in text format: {error}") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ProgramError(f"cannot read {path}: {error.strerror}") from None
