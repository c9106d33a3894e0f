"""Finds the programs in a checkout of p4lang/p4c."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_INCLUDE = re.compile(r'^\s*#\s*include\s*[<"](?:[^>"]*/)?([^>"/]+\.p4)[>"]', re.MULTILINE)
_PLACE = re.compile(r"^(?P<file>[^\s:(]+\.p4)\((?P<line>\d+)\)", re.MULTILINE)


@dataclass(frozen=True)
class Sample:
    """A program; what stands beside it may be missing."""

    path: Path
    packets: Path | None = None  # .stf
    p4info: Path | None = None
    messages: Path | None = None  # what p4c says about it
    folder: str = ""  # below p4_16_samples, for large programs

    @property
    def name(self) -> str:
        """Without folder and ending."""
        return self.path.stem


def architectures(path: Path) -> set[str]:
    """The names of all .p4 files that a program includes itself."""
    return set(_INCLUDE.findall(path.read_text(errors="replace")))


def v1model_samples(source: Path) -> list[Sample]:
    """The programs of p4_16_samples that include v1model.p4."""
    folder = source / "testdata" / "p4_16_samples"
    outputs = source / "testdata" / "p4_16_samples_outputs"
    found = [path for path in sorted(folder.glob("*.p4")) if "v1model.p4" in architectures(path)]
    return [
        Sample(path, _if_there(path.with_suffix(".stf")), _if_there(outputs / f"{path.name}.p4info.txtpb"))
        for path in found
    ]


def large_samples(source: Path) -> list[Sample]:
    """The v1model programs in the folders of p4_16_samples: applications, and tests of one option of p4c."""
    folder = source / "testdata" / "p4_16_samples"
    outputs = source / "testdata" / "p4_16_samples_outputs"
    found = [path for path in sorted(folder.glob("*/*.p4")) if "v1model.p4" in architectures(path)]
    return [
        Sample(
            path,
            packets=_if_there(path.with_suffix(".stf")),
            p4info=_if_there(outputs / path.parent.name / f"{path.name}.p4info.txtpb"),
            folder=path.parent.name,
        )
        for path in found
        if "V1Switch" in path.read_text(errors="replace")
    ]


def wrong_samples(source: Path) -> list[Sample]:
    """The programs of p4_16_errors that include v1model.p4 or nothing but core.p4 and files of their own."""
    folder = source / "testdata" / "p4_16_errors"
    outputs = source / "testdata" / "p4_16_errors_outputs"
    library = {path.name for path in (source / "p4include").rglob("*.p4")} - {"core.p4", "v1model.p4"}
    found = [path for path in sorted(folder.glob("*.p4")) if not architectures(path) & library]
    return [Sample(path, messages=_if_there(outputs / f"{path.name}-stderr")) for path in found]


def error_line(sample: Sample) -> tuple[str, int] | None:
    """File name and line of the first error that p4c gives, if it gives a place."""
    text = sample.messages.read_text(errors="replace") if sample.messages else ""
    for line in text.splitlines():
        place = _PLACE.match(line)
        if place and ("error" in line):
            return place["file"], int(place["line"])
    return None


def refused_by_p4c(source: Path) -> set[str]:
    """Names of samples that p4c's own BMv2 tests expect to fail."""
    listing = source / "backends" / "bmv2" / "CMakeLists.txt"
    if not listing.is_file():
        return set()
    text = listing.read_text()
    block = text[text.find("set (XFAIL_TESTS") :]
    block = block[: block.find("\n  )\n") + 1 or None]
    return set(re.findall(r"^\s*testdata/p4_16_samples/(\S+)\.p4", block, re.MULTILINE))


def _if_there(path: Path) -> Path | None:
    return path if path.is_file() else None
