"""The run history: what ran when, how it ended, what it took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from connector.store.schema import journal, runs


class Status(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    DONE = "done"  # every change reached the CRM
    PARTIAL = "partial"  # some were rejected, or left for the next run by the quota
    STOPPED = "stopped"  # a person or a shutdown asked it to stop; the rest is left for the next run
    FAILED = "failed"  # an error or a brake ended it
    INTERRUPTED = "interrupted"  # its process died


COMPLETED = (Status.DONE, Status.PARTIAL)


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Attributes:
        id: its number, unique over all connections.
        kind: what it did: ``sync``.
        as_of: the day that was rated.
        night: the local date that the scheduler ran it for, None for a person's run.
        fingerprint: of the mapping.
        passed: the brakes let it through, so its zones and reference values count.
        counts: accounts and opportunities read, accounts to write, written, rejected ...
        calls: API calls by endpoint.
        minimum: the fewest calls that the CRM's API allows for the same work.
        error: why it failed.
    """

    id: int
    connection: str
    kind: str
    as_of: date
    night: date | None
    status: Status
    started: datetime
    ended: datetime | None
    fingerprint: str
    passed: bool
    counts: Mapping[str, int] = field(default_factory=dict)
    calls: Mapping[str, int] = field(default_factory=dict)
    minimum: int | None = None
    error: str | None = None


class NightTakenError(Exception):
    """The scheduler has started a run for this connection and date already."""


class Runs:
    """The runs of one connection."""

    def __init__(self, engine: Engine, connection: str) -> None:
        self._engine = engine
        self._connection = connection

    def begin(self, as_of: date, fingerprint: str, *, kind: str = "sync", night: date | None = None) -> Run:
        """Open a run. The caller holds the lock, so a run that still counts as running has died.

        Raises:
            NightTakenError: the scheduler has had its run for `night`.
        """
        self._bury()
        values = {
            "connection": self._connection,
            "kind": kind,
            "as_of": as_of,
            "night": night,
            "status": Status.RUNNING.value,
            "started": _now(),
            "fingerprint": fingerprint,
            "passed": False,
            "counts": {},
            "calls": {},
        }
        try:
            with self._engine.begin() as connection:
                key = connection.execute(insert(runs).values(values)).inserted_primary_key
        except IntegrityError as error:
            raise NightTakenError(str(night)) from error
        assert key is not None
        return self.get(key[0])

    def passed(self, run: int) -> None:
        """The brakes let the run through: from now on its zones count, whatever becomes of it."""
        self._update(run, {"passed": True})

    def end(
        self,
        run: int,
        status: Status,
        *,
        counts: Mapping[str, int],
        calls: Mapping[str, int],
        minimum: int | None = None,
        error: str | None = None,
    ) -> Run:
        """Close a run."""
        values = {
            "status": status.value,
            "ended": _now(),
            "counts": dict(counts),
            "calls": dict(calls),
            "minimum": minimum,
            "error": error,
        }
        self._update(run, values)
        return self.get(run)

    def get(self, run: int) -> Run:
        """The run with this number.

        Raises:
            KeyError: this connection has no such run.
        """
        query = select(runs).where(runs.c.id == run, runs.c.connection == self._connection)
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise KeyError(run)
        return _run(row)

    def all(self, limit: int | None = None) -> list[Run]:
        """All runs, the latest first."""
        query = (
            select(runs).where(runs.c.connection == self._connection).order_by(runs.c.id.desc()).limit(limit)
        )
        with self._engine.connect() as connection:
            return [_run(row) for row in connection.execute(query)]

    def last_completed(self, kind: str = "sync") -> Run | None:
        """The latest run that wrote all it could."""
        return next((run for run in self.all() if run.kind == kind and run.status in COMPLETED), None)

    def had(self, night: date) -> bool:
        """Whether the scheduler has started a run for this date."""
        query = select(runs.c.id).where(runs.c.connection == self._connection, runs.c.night == night)
        with self._engine.connect() as connection:
            return connection.execute(query).first() is not None

    def _bury(self) -> None:
        """Mark runs whose process died, and their batches in hand."""
        running = select(runs.c.id).where(
            runs.c.connection == self._connection, runs.c.status == Status.RUNNING.value
        )
        with self._engine.begin() as connection:
            dead = [row.id for row in connection.execute(running)]
            if not dead:
                return
            connection.execute(
                update(journal)
                .where(journal.c.run.in_(dead), journal.c.state == "intended")
                .values(state="unknown"),
            )
            connection.execute(
                update(runs)
                .where(runs.c.id.in_(dead))
                .values(
                    status=Status.INTERRUPTED.value,
                    ended=_now(),
                    error="the process ended before the run did; the next sync completes what is missing",
                ),
            )

    def _update(self, run: int, values: Mapping[str, Any]) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                update(runs).where(runs.c.id == run, runs.c.connection == self._connection).values(values)
            )


def _now() -> datetime:
    return datetime.now(UTC)


def _run(row: Row[Any]) -> Run:
    found = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name for it
    return Run(**{**found, "status": Status(found["status"])})
