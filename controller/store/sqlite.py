"""The store's file: SQLite in WAL mode with synchronous FULL, so that what was committed survives a kill or power loss.

Tables: `resource` is the region now, `revision` and `change` are how it came about, `request` answers what is asked
again. All are written in the same transaction.
"""

from __future__ import annotations

import gc
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.errors import CodecError, StoreError
from controller.model import Change, Resource
from controller.model.codec import Codec
from controller.model.transaction import account_of

APPLICATION_ID = 0x70347663  # "p4vc", in the header of the file
SCHEMA_VERSION = 2
_REQUEST_DAYS = 1  # how long a repeated request is recognised

_SCHEMA = """
CREATE TABLE resource (
    kind TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE TABLE revision (revision INTEGER PRIMARY KEY, time REAL NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL);
CREATE TABLE change (
    revision INTEGER NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, account TEXT NOT NULL,
    before TEXT, after TEXT, PRIMARY KEY (revision, position)
) WITHOUT ROWID;
CREATE INDEX change_by_id ON change (id, revision);
CREATE INDEX change_by_account ON change (account, revision);
CREATE TABLE request (
    account TEXT NOT NULL, token TEXT NOT NULL, digest TEXT NOT NULL, time REAL NOT NULL, answer TEXT NOT NULL,
    PRIMARY KEY (account, token)
) WITHOUT ROWID;
"""
_NOTES = "CREATE TABLE note (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
_MIGRATIONS = {1: _NOTES}  # what brings a store of that schema version to the next one


@dataclass(frozen=True, slots=True)
class Past:
    """One change of one resource, as the history tells it; before and after are documents."""

    revision: int
    time: float
    who: str
    action: str
    kind: str
    id: str
    account_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Request:
    """A request that may be repeated: who sent it with which client token, what it asks (digest), and the answer."""

    account_id: str
    token: str
    digest: str
    answer: str = ""


class Store:
    """An open store; one process at a time. StoreError for a file that is foreign, damaged, newer or open elsewhere.

    `kinds` are those of plugins; a resource of a kind that nobody brings is an error, too.
    """

    def __init__(self, path: Path, kinds: Iterable[type[Resource]] = ()) -> None:
        self._path = path
        self.codec = Codec(kinds)
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=2, check_same_thread=False)
        except sqlite3.Error as error:
            raise StoreError(f"{path}: {error}") from None
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            self._db.close()
            words = "another controller has it open" if "locked" in str(error) else f"it is no p4vpc store ({error})"
            raise StoreError(f"{path}: {words}") from None
        except StoreError:
            self._db.close()
            raise

    def _open(self) -> None:
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("BEGIN EXCLUSIVE")
        found = self._number("PRAGMA application_id")
        if found == 0 and self._number("SELECT count(*) FROM sqlite_master") == 0:
            self._db.execute("COMMIT")
            self._create()
        else:
            self._db.execute("COMMIT")
            self._check(found)
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("DELETE FROM request WHERE time < unixepoch() - ?", (_REQUEST_DAYS * 86400,))

    def _create(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"
        self._db.executescript(f"BEGIN; {_SCHEMA} {_NOTES} {marks} COMMIT;")

    def _check(self, application_id: int) -> None:
        if application_id != APPLICATION_ID:
            raise StoreError(f"{self._path}: it is a database of another program")
        version = self._number("PRAGMA user_version")
        if not 1 <= version <= SCHEMA_VERSION:
            raise StoreError(f"{self._path}: its schema version is {version}, this program knows {SCHEMA_VERSION}")
        words = self._db.execute("PRAGMA quick_check('resource')").fetchone()[0]  # the history may be large
        if words != "ok":
            raise StoreError(f"{self._path}: it is damaged: {words}")
        self._db.execute("PRAGMA journal_mode = WAL")
        for before in range(version, SCHEMA_VERSION):
            self._db.executescript(f"BEGIN; {_MIGRATIONS[before]} PRAGMA user_version = {before + 1}; COMMIT;")

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def load(self) -> tuple[int, list[Resource], dict[tuple[str, str], int]]:
        """The last revision, every resource, and the revision in which each was last changed, by kind and id."""
        with self._reading(), _no_collection():
            rows = self._db.execute("SELECT kind, id, revision, body FROM resource").fetchall()
            documents = json.loads("[" + ",".join(row[3] for row in rows) + "]")
            resources: list[Resource] = []
            for (kind, resource_id, _, _), document in zip(rows, documents, strict=True):
                try:
                    resources.append(self.codec.decode(kind, document))
                except CodecError as error:
                    hint = "" if self.codec.knows(kind) else "; is the plugin that brought it still there?"
                    raise StoreError(f"{self._path}: {resource_id}: {error}{hint}") from None
            last = self._number("SELECT coalesce(max(revision), 0) FROM revision")
            return last, resources, {(row[0], row[1]): row[2] for row in rows}

    def commit(
        self,
        revision: int,
        time: float,
        who: str,
        action: str,
        changes: Sequence[Change],
        request: Request | None = None,
    ) -> None:
        """Writes one revision; when it returns, it is on the disk. StoreError when it is not, and then nothing is."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("INSERT INTO revision VALUES (?, ?, ?, ?)", (revision, time, who, action))
            for position, change in enumerate(changes):
                self._write(revision, position, change)
            if request is not None:
                answer = (request.account_id, request.token, request.digest, time, request.answer)
                self._db.execute("INSERT OR REPLACE INTO request VALUES (?, ?, ?, ?, ?)", answer)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise StoreError(f"{self._path}: {error}") from None

    def request(self, account_id: str, token: str) -> Request | None:
        """What was answered to a request with this client token, or None."""
        row = self._db.execute(
            "SELECT digest, answer FROM request WHERE account = ? AND token = ?", (account_id, token)
        ).fetchone()
        return None if row is None else Request(account_id, token, row[0], row[1])

    def note(self, name: str) -> bytes | None:
        """What the controller keeps beside the region under this name, or None."""
        with self._reading():
            row = self._db.execute("SELECT value FROM note WHERE name = ?", (name,)).fetchone()
        return None if row is None else row[0]

    def keep_note(self, name: str, value: bytes) -> None:
        """Keeps something beside the region; it is not part of the history."""
        try:
            self._db.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (name, value))
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}") from None

    def changes_after(self, revision: int) -> list[tuple[int, Change]]:
        """All changes after a revision, oldest first, each with its own."""
        with self._reading():
            rows = self._db.execute(
                "SELECT revision, kind, before, after FROM change WHERE revision > ? ORDER BY revision, position",
                (revision,),
            ).fetchall()
            return [(row[0], Change(self._resource(row[1], row[2]), self._resource(row[1], row[3]))) for row in rows]

    def history(
        self,
        *,
        account_id: str | None = None,
        resource_id: str | None = None,
        before: tuple[int, int] | None = None,
        limit: int = 100,
    ) -> list[tuple[int, Past]]:
        """Changes, newest first, each with its position in its revision; `before` is where the last page ended."""
        wanted = [("account = ?", account_id), ("id = ?", resource_id)]
        clauses = [clause for clause, value in wanted if value is not None]
        values: list[Any] = [value for _, value in wanted if value is not None]
        if before is not None:
            clauses.append("(revision, position) < (?, ?)")
            values += before
        where = f"WHERE {' AND '.join(clauses)}" if clauses else ""
        with self._reading():
            rows = self._db.execute(
                "SELECT revision, position, time, who, action, kind, id, account, before, after FROM change"
                f" JOIN revision USING (revision) {where} ORDER BY revision DESC, position DESC LIMIT ?",
                (*values, limit),
            ).fetchall()
            return [
                (position, Past(revision, when, who, action, kind, subject, account, _parsed(old), _parsed(new)))
                for revision, position, when, who, action, kind, subject, account, old, new in rows
            ]

    def _write(self, revision: int, position: int, change: Change) -> None:
        kind, subject = type(change.subject).__name__, change.subject
        before, after = (
            None if resource is None else json.dumps(self.codec.encode(resource), separators=(",", ":"))
            for resource in (change.before, change.after)
        )
        row = (revision, position, kind, subject.id, account_of(subject), before, after)
        self._db.execute("INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        if after is None:
            self._db.execute("DELETE FROM resource WHERE kind = ? AND id = ?", (kind, subject.id))
        else:
            self._db.execute("INSERT OR REPLACE INTO resource VALUES (?, ?, ?, ?)", (kind, subject.id, revision, after))

    def _resource(self, kind: str, body: str | None) -> Resource | None:
        return None if body is None else self.codec.decode(kind, json.loads(body))

    def _number(self, question: str) -> int:
        return self._db.execute(question).fetchone()[0]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, json.JSONDecodeError) as error:
            raise StoreError(f"{self._path}: it is damaged: {error}") from None


def _parsed(body: str | None) -> dict[str, Any] | None:
    return None if body is None else json.loads(body)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Loading makes many objects and no garbage; looking for some would take a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
