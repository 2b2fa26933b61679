"""One sync at a time per connection.

The operating system (SQLite: a lock file) or the server (PostgreSQL: an advisory lock of a session) holds the lock
and lets go when the process dies, whatever kills it. Who holds it is noted beside it, for the message to others.
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, delete, func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from connector.errors import SyncLockedError
from connector.store.schema import holders


@contextmanager
def held(engine: Engine, connection: str) -> Iterator[Callable[[], None]]:
    """Hold the lock of a connection.

    Yields:
        Raises SyncLockedError if the lock was lost meanwhile (a database server that restarted); to be asked before
        each write.

    Raises:
        SyncLockedError: somebody else holds it.
    """
    taken = _file_lock if engine.dialect.name == "sqlite" else _advisory_lock
    with taken(engine, connection) as still_held:
        _note(engine, connection)
        try:
            yield still_held
        finally:
            _forget(engine, connection)


def is_held(engine: Engine, connection: str) -> bool:
    """Whether a sync of this connection is under way anywhere."""
    taken = _file_lock if engine.dialect.name == "sqlite" else _advisory_lock
    try:
        with taken(engine, connection):
            return False
    except SyncLockedError:
        return True


@contextmanager
def _file_lock(engine: Engine, connection: str) -> Iterator[Callable[[], None]]:
    database = engine.url.database
    place = Path(database) if database and database != ":memory:" else Path.cwd() / "kpm.db"
    lock = FileLock(place.with_name(f"{place.name}.{connection}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise _locked(engine, connection) from None
    try:
        yield lambda: None  # nothing but the end of this process takes it away
    finally:
        lock.release()


@contextmanager
def _advisory_lock(engine: Engine, connection: str) -> Iterator[Callable[[], None]]:
    key = func.hashtextextended(f"kpm:{connection}", 0)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as session:
        session.execute(text("SET idle_session_timeout = 0"))
        if not session.scalar(select(func.pg_try_advisory_lock(key))):
            raise _locked(engine, connection)
        try:
            yield lambda: _still_there(session, connection)
        finally:
            try:
                session.execute(select(func.pg_advisory_unlock(key)))
            except SQLAlchemyError:  # the session is gone, and the lock with it
                session.invalidate()


def _still_there(session: Connection, connection: str) -> None:
    try:
        session.execute(select(1))
    except SQLAlchemyError as error:
        raise SyncLockedError(
            f"The lock of {connection} was lost: the session with the store's database broke off, so another run may "
            "have started. This run stops; the next one completes what is missing.",
        ) from error


def _locked(engine: Engine, connection: str) -> SyncLockedError:
    with engine.connect() as session:
        row = session.execute(select(holders).where(holders.c.connection == connection)).one_or_none()
    who = f" by {row.who}, since {row.since:%Y-%m-%d %H:%M} UTC" if row is not None else ""
    return SyncLockedError(
        f"Another sync of {connection} is under way{who}. Wait until it has finished, or stop it with Ctrl-C or "
        "SIGTERM: it finishes its batch first. If that process is dead, the lock is free already.",
    )


def _note(engine: Engine, connection: str) -> None:
    who = f"{user()}@{socket.gethostname()}, process {os.getpid()}"
    with engine.begin() as session:
        session.execute(delete(holders).where(holders.c.connection == connection))
        session.execute(insert(holders).values(connection=connection, who=who[:300], since=datetime.now(UTC)))


def _forget(engine: Engine, connection: str) -> None:
    with engine.begin() as session:
        session.execute(delete(holders).where(holders.c.connection == connection))


def user() -> str:
    """Who runs this process, as the operating system knows him."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown user"
