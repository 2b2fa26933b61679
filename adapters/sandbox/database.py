"""The sandbox's embedded database: SQLite in WAL mode, one writer at a time, readers that stream.

Tables are real: one column per field, so that a custom field is an ``ALTER TABLE ... ADD COLUMN``. Both CRM
sides share one file and prefix their tables (``sf_Account``, ``hs_companies``).
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Parameters = Sequence[object] | Mapping[str, object]
Row = sqlite3.Row

_STREAM_ROWS = 2_000
# KiB that a connection keeps of the file. Every thread reads on one of its own: together they must stay small, and
# the operating system keeps the file anyway.
_WRITER_CACHE = 65_536
_READER_CACHE = 8_192


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


class Database:
    """One SQLite file. Every method may be called from any thread."""

    def __init__(self, path: Path) -> None:
        """Open or create the file at `path`."""
        self.path = path
        self._lock = threading.RLock()
        self._readers = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._opened_lock = threading.Lock()
        self._functions: dict[str, Callable[[Any], Any]] = {}
        self._writer = self._connect(_WRITER_CACHE)

    def _connect(self, cache: int = _READER_CACHE) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None, timeout=60)
        connection.row_factory = sqlite3.Row
        # The data is generated and thrown away: losing the last transactions in a power cut is fine.
        for pragma in ("journal_mode=WAL", "synchronous=OFF", "temp_store=MEMORY", f"cache_size=-{cache}"):
            connection.execute(f"PRAGMA {pragma}")
        with self._opened_lock:
            for name, function in self._functions.items():
                connection.create_function(name, 1, function, deterministic=True)
            self._opened.append(connection)
        return connection

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if connection is None:
            connection = self._readers.connection = self._connect()
        return connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The one writing connection inside a transaction: committed at the end, rolled back on an error.

        Nested calls in one thread join the outer transaction. Read through the connection to see your own
        uncommitted changes; `rows`, `row` and `value` do so by themselves inside the block.
        """
        with self._lock:
            if self._writer.in_transaction:
                yield self._writer
                return
            self._writer.execute("BEGIN IMMEDIATE")
            self._readers.inside = True
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            else:
                self._writer.execute("COMMIT")
            finally:
                self._readers.inside = False

    def _current(self) -> sqlite3.Connection:
        return self._writer if getattr(self._readers, "inside", False) else self._reader()

    def rows(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows of a query."""
        return self._current().execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """The first row of a query, or None."""
        first: Row | None = self._current().execute(sql, parameters).fetchone()
        return first

    def value(self, sql: str, parameters: Parameters = ()) -> Any:  # noqa: ANN401 (whatever the column holds)
        """The first column of the first row, or None."""
        first = self._current().execute(sql, parameters).fetchone()
        return None if first is None else first[0]

    def stream(
        self, sql: str, parameters: Parameters = (), size: int = _STREAM_ROWS
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Rows of a query in lists of up to `size` plain tuples, on a connection of its own.

        The rows are those of the moment when the first list is asked for; inside `writing` they are those of
        the transaction.
        """
        inside = getattr(self._readers, "inside", False)
        connection = self._writer if inside else self._connect()
        try:
            cursor = connection.cursor()
            cursor.row_factory = None
            cursor.execute(sql, parameters)
            while rows := cursor.fetchmany(size):
                yield rows
        finally:
            if not inside:
                self._close(connection)

    def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement in a transaction of its own (or the current one); the number of rows changed."""
        with self.writing() as connection:
            return connection.execute(sql, parameters).rowcount

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Insert many rows."""
        names = ", ".join(quoted(column) for column in columns)
        marks = ", ".join("?" * len(columns))
        with self.writing() as connection:
            connection.executemany(f"INSERT INTO {quoted(table)} ({names}) VALUES ({marks})", rows)

    def add_function(self, name: str, function: Callable[[Any], Any]) -> None:
        """Make a function of one value known to SQL."""
        with self._opened_lock:
            self._functions[name] = function
            for connection in self._opened:
                connection.create_function(name, 1, function, deterministic=True)

    def tables(self) -> set[str]:
        """Names of the tables."""
        return {row[0] for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def columns(self, table: str) -> list[str]:
        """Names of a table's columns, in order."""
        return [row[0] for row in self.rows("SELECT name FROM pragma_table_info(?)", (table,))]

    def add_column(self, table: str, column: str, definition: str) -> None:
        """Add a column, such as ``add_column("sf_Account", "KPM_Why__c", "TEXT COLLATE NOCASE")``."""
        self.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(column)} {definition}")

    def flush(self) -> None:
        """Bring everything that was committed into the file itself."""
        with self._lock:
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def replace(self, path: Path) -> None:
        """Become a copy of another database file. No other thread may be at work."""
        self.close()
        for rest in (f"{self.path}-wal", f"{self.path}-shm"):
            Path(rest).unlink(missing_ok=True)
        shutil.copyfile(path, self.path)
        self._readers = threading.local()
        self._writer = self._connect(_WRITER_CACHE)

    def _close(self, connection: sqlite3.Connection) -> None:
        with self._opened_lock:
            self._opened.remove(connection)
        connection.close()

    def close(self) -> None:
        """Close every connection. Threads that still read will fail."""
        with self._lock, self._opened_lock:
            for connection in self._opened:
                connection.close()
            self._opened.clear()
