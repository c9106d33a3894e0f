"""SQL about flow logs: DuckDB sees the table `flow_logs`, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pyarrow import dataset

from .store import SCHEMA, Store

TABLE = "flow_logs"


class QueryError(Exception):
    """SQL that DuckDB does not accept, or that reaches for something else than flow logs."""


@dataclass(frozen=True)
class Answer:
    """What a query gave."""

    columns: Sequence[str]
    rows: Sequence[tuple[Any, ...]]


def query(sql: str, folder: Path) -> Answer:
    """Runs SQL over the flow logs of a folder; files, network, extensions and settings are out of its reach."""
    files = [str(path) for path in Store(folder).files()]
    table = dataset.dataset(files, schema=SCHEMA) if files else pa.Table.from_pylist([], SCHEMA)
    with duckdb.connect(":memory:", config={"python_enable_replacements": "false"}) as connection:
        connection.register(TABLE, table)
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        try:
            found = connection.execute(sql)
            return Answer([column[0] for column in found.description or ()], found.fetchall())
        except duckdb.Error as error:
            raise QueryError(str(error)) from None
