"""Accounts that the CRM has merged: it forgets them after some time, the history must not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Engine, delete, insert, select

from connector.mergers import settled
from connector.store.schema import mergers


class Mergers:
    """The merged accounts of one connection."""

    def __init__(self, engine: Engine, connection: str) -> None:
        self._engine = engine
        self._connection = connection

    def all(self) -> dict[str, str]:
        """Loser's id -> last survivor's id."""
        query = select(mergers.c.loser, mergers.c.survivor).where(mergers.c.connection == self._connection)
        with self._engine.connect() as connection:
            return settled({row.loser: row.survivor for row in connection.execute(query)})

    def keep(self, merged: Mapping[str, str]) -> None:
        """Keep all that are known now; one that is missing was undone."""
        known = self.all()
        gone = [loser for loser, survivor in known.items() if merged.get(loser) != survivor]
        fresh = [
            {"connection": self._connection, "loser": loser, "survivor": survivor, "seen": datetime.now(UTC)}
            for loser, survivor in merged.items()
            if known.get(loser) != survivor
        ]
        mine = mergers.c.connection == self._connection
        with self._engine.begin() as connection:
            for start in range(0, len(gone), 500):
                part = gone[start : start + 500]
                connection.execute(delete(mergers).where(mine, mergers.c.loser.in_(part)))
            if fresh:
                connection.execute(insert(mergers), fresh)
