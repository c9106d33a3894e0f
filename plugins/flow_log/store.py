"""Where records are kept: for each flow log and interval, a Parquet file of all fields, and a text file as AWS has it.

folder/account/flow log/2026-11-23/120100.parquet     and beside it 120100.log: the names of the fields, then records
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from .logs import FlowLog
from .records import COLUMNS, INTEGERS, LogRecord, field_names, line_of

FOLDER = "P4VPC_FLOW_LOGS"  # environment: where flow logs are kept
SCHEMA = pa.schema(
    [("flow_log_id", pa.string())] + [(name, pa.int64() if name in INTEGERS else pa.string()) for name in COLUMNS]
)


def default_folder() -> Path:
    """Where flow logs are kept when nothing else is said."""
    return Path(os.environ.get(FOLDER, "flow-logs"))


class Store:
    """A folder of flow logs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, log: FlowLog, end: float, records: Sequence[LogRecord]) -> Path:
        """Keeps the records of an interval that ended then; a file is there as a whole or not at all."""
        moment = datetime.fromtimestamp(end, UTC)
        base = self.folder / log.account_id / log.id / f"{moment:%Y-%m-%d}" / f"{moment:%H%M%S}"
        base.parent.mkdir(parents=True, exist_ok=True)
        rows = [{"flow_log_id": log.id, **asdict(record)} for record in records]
        parquet, text = base.with_suffix(".parquet"), base.with_suffix(".log")
        draft = base.with_suffix(".draft")
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA), draft)
        draft.replace(parquet)
        draft.write_text("".join(f"{line}\n" for line in text_lines(log.log_format, records)))
        draft.replace(text)
        return parquet

    def files(self, ending: str = ".parquet") -> list[Path]:
        """All files with that ending, oldest first within each flow log."""
        return sorted(self.folder.rglob(f"*{ending}"))

    def lines(self, flow_log_id: str = "") -> Iterator[str]:
        """The records as text, without header lines."""
        for path in self.files(".log"):
            if not flow_log_id or flow_log_id in path.parts:
                yield from path.read_text().splitlines()[1:]


def text_lines(format_: str, records: Iterable[LogRecord]) -> Iterator[str]:
    """A text file's lines: the names of the fields, then the records."""
    names = field_names(format_)
    yield " ".join(names)
    yield from (line_of(record, names) for record in records)
