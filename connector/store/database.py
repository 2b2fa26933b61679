"""Opening the database, and Arrow tables as blobs in it."""

from __future__ import annotations

import pyarrow as pa
from sqlalchemy import Connection, Engine, create_engine, event, insert, make_url, select, text, update
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from connector.errors import ConfigError
from connector.store.schema import STEPS, VERSION, about, metadata

BUSY_SECONDS = 60
"""How long a writer waits for another connection's writer in the same SQLite file."""


def open_engine(url: str) -> Engine:
    """Connect, create the tables that are missing, and bring those of an earlier version up to date.

    Raises:
        ConfigError: the database cannot be reached or belongs to a later version.
    """
    try:
        engine = _engine(url)
        with engine.begin() as connection:
            metadata.create_all(connection)
            version = connection.scalar(select(about.c.version))
            if version is None:
                connection.execute(insert(about).values(version=VERSION))
            elif version < VERSION:
                _bring_up_to_date(connection, version)
    except (SQLAlchemyError, OSError) as error:
        shown = url if url.startswith("sqlite") else url.rpartition("@")[2]  # no user, no password
        reason = str(error.orig).strip() if isinstance(error, DBAPIError) else str(error)
        raise ConfigError(
            f"store.url: the store at {shown} cannot be opened: {reason}. Correct [store] url (or KPM_STORE__URL), "
            "and see that this user may read and write it.",
        ) from error
    if version is not None and version > VERSION:
        engine.dispose()
        raise ConfigError(
            f"store.url: the store was written by a later version of kpm (its tables are version {version}, this one "
            f"knows {VERSION}). Install that version, or set another [store] url.",
        )
    return engine


def _bring_up_to_date(connection: Connection, version: int) -> None:
    """One step after the other; whoever comes second waits for the row and finds nothing left to do."""
    for step in range(version + 1, VERSION + 1):
        taken = connection.execute(update(about).where(about.c.version == step - 1).values(version=step))
        if taken.rowcount:
            for statement in STEPS[step]:
                connection.execute(text(statement))


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise OSError("this is no database URL") from None  # the cause quotes it, password included
    if parsed.get_backend_name() != "sqlite":
        try:
            return create_engine(parsed, pool_pre_ping=True)
        except ModuleNotFoundError as error:  # pragma: no cover - the tests have the driver
            raise OSError(f"{error.name} is missing: pip install 'kpm-connector[postgres]'") from error
    engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _make_durable)
    return engine


def _make_durable(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """What is committed survives a power cut; readers do not wait for the writer."""
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def packed(table: pa.Table | pa.RecordBatch) -> bytes:
    """As Arrow IPC, compressed."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write(table)
    blob: bytes = sink.getvalue().to_pybytes()
    return blob


def unpacked(blob: bytes) -> pa.Table:
    """The table in a blob of `packed`."""
    with pa.ipc.open_stream(blob) as reader:
        table: pa.Table = reader.read_all()
    return table
