"""Versions of a connection's mapping: what was in force since when, and who ran the first sync with it."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, insert, select

from connector.store.lock import user
from connector.store.schema import versions


@dataclass(frozen=True, slots=True)
class Version:
    """A mapping that was in force.

    Attributes:
        fingerprint: see `connector.sync.fingerprint`.
        since: when the first run with it passed the brakes.
        who: the operating system's user who ran that, and the machine. Who edited the file, only he knows.
        content: the mapping as JSON, defaults left out.
    """

    fingerprint: str
    since: datetime
    who: str
    content: str


class Versions:
    """The versions of one connection's mapping."""

    def __init__(self, engine: Engine, connection: str) -> None:
        self._engine = engine
        self._connection = connection

    def all(self) -> list[Version]:
        """All of them, the earliest first; one that came back stands there again."""
        query = select(versions).where(versions.c.connection == self._connection).order_by(versions.c.id)
        with self._engine.connect() as connection:
            rows = connection.execute(query)
            return [Version(row.fingerprint, row.since, row.who, row.content) for row in rows]

    def note(self, fingerprint: str, content: str) -> None:
        """A run with this mapping has passed the brakes; only a change is kept."""
        last = (
            select(versions.c.fingerprint)
            .where(versions.c.connection == self._connection)
            .order_by(versions.c.id.desc())
            .limit(1)
        )
        row = {
            "connection": self._connection,
            "fingerprint": fingerprint,
            "since": datetime.now(UTC),
            "who": f"{user()}@{socket.gethostname()}"[:300],
            "content": content,
        }
        with self._engine.begin() as connection:
            if connection.scalar(last) != fingerprint:
                connection.execute(insert(versions), row)
