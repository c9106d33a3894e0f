"""Flow log records as AWS writes them: one line of fields each; which fields is the format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

# Every field with the version that brought it, in AWS's order.
_FIELDS = {
    2: "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action "
    "log-status",
    3: "vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr",
    4: "region az-id sublocation-type sublocation-id",
    5: "pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path",
}
VERSIONS = {name: version for version, names in _FIELDS.items() for name in names.split()}
DEFAULT_FORMAT = " ".join(f"${{{name}}}" for name, version in VERSIONS.items() if version == 2)
ABSENT = "-"


class FormatError(ValueError):
    """A format, or a line that does not fit one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRecord:
    """One record; None is what does not apply, or is not known. Times are Unix seconds."""

    version: int | None = None
    account_id: str | None = None
    interface_id: str | None = None
    srcaddr: str | None = None
    dstaddr: str | None = None
    srcport: int | None = None
    dstport: int | None = None
    protocol: int | None = None
    packets: int | None = None
    bytes: int | None = None
    start: int | None = None
    end: int | None = None
    action: str | None = None
    log_status: str | None = None
    vpc_id: str | None = None
    subnet_id: str | None = None
    instance_id: str | None = None
    tcp_flags: int | None = None
    type: str | None = None
    pkt_srcaddr: str | None = None
    pkt_dstaddr: str | None = None
    region: str | None = None
    az_id: str | None = None
    sublocation_type: str | None = None
    sublocation_id: str | None = None
    pkt_src_aws_service: str | None = None
    pkt_dst_aws_service: str | None = None
    flow_direction: str | None = None
    traffic_path: int | None = None


COLUMNS = tuple(field.name for field in fields(LogRecord))
INTEGERS = frozenset(field.name for field in fields(LogRecord) if str(field.type).startswith("int"))


def field_names(format_: str) -> tuple[str, ...]:
    """The fields of a format like `${version} ${vpc-id}`; FormatError names what is wrong."""
    names = []
    for word in format_.split():
        found = re.fullmatch(r"\$\{([a-z-]+)\}", word)
        if found is None or found[1] not in VERSIONS:
            raise FormatError(f"{word!r} is no field of a flow log")
        names.append(found[1])
    if not names or len(names) != len(set(names)):
        raise FormatError("a format names at least one field, and each once")
    return tuple(names)


def version_of(names: Sequence[str]) -> int:
    """The version of records with these fields: the highest among them."""
    return max(VERSIONS[name] for name in names)


def line_of(record: LogRecord, names: Sequence[str]) -> str:
    """The record as text."""
    return " ".join(_text(getattr(record, column(name))) for name in names)


def parse_line(line: str, names: Sequence[str]) -> LogRecord:
    """Reads a line that `line_of` or AWS wrote; FormatError when it does not fit."""
    words = line.split(" ")
    if len(words) != len(names):
        raise FormatError(f"{len(words)} words for {len(names)} fields: {line!r}")
    values: dict[str, Any] = {column(name): _value(name, word) for name, word in zip(names, words, strict=True)}
    return LogRecord(**values)


def column(name: str) -> str:
    """The name of a field as an attribute, and as a column of tables: interface_id for interface-id."""
    return name.replace("-", "_")


def _text(value: str | int | None) -> str:
    return ABSENT if value is None else str(value)


def _value(name: str, word: str) -> str | int | None:
    if word == ABSENT:
        return None
    if column(name) not in INTEGERS:
        return word
    if not re.fullmatch(r"0|[1-9][0-9]*", word):
        raise FormatError(f"{name} is a number, not {word!r}")
    return int(word)
