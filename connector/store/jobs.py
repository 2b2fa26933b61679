"""Jobs that a CRM works off by itself: which are open, so that none outlives a killed run unnoticed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Engine, delete, insert, select

from connector.crm import Job
from connector.store.schema import jobs


class Jobs:
    """The open jobs of one connection; a `connector.crm.JobLog`."""

    def __init__(self, engine: Engine, connection: str) -> None:
        self._engine = engine
        self._connection = connection

    def opened(self, job: Job) -> None:
        """Keep a job; it is on disk when this returns. One that is already kept gets the new detail."""
        values = {
            "connection": self._connection,
            "job": job.id,
            "kind": job.kind,
            "detail": job.detail,
            "opened": datetime.now(UTC),
        }
        with self._engine.begin() as connection:
            connection.execute(delete(jobs).where(*self._this(job.id)))
            connection.execute(insert(jobs).values(values))

    def ended(self, job_id: str) -> None:
        """A job has ended, or never came to be."""
        with self._engine.begin() as connection:
            connection.execute(delete(jobs).where(*self._this(job_id)))

    def left_open(self) -> Sequence[Job]:
        """The jobs that have not ended, the oldest first."""
        query = select(jobs).where(jobs.c.connection == self._connection).order_by(jobs.c.opened, jobs.c.job)
        with self._engine.connect() as connection:
            return [Job(row.job, row.kind, row.detail) for row in connection.execute(query)]

    def _this(self, job_id: str) -> tuple[ColumnElement[bool], ...]:
        return (jobs.c.connection == self._connection, jobs.c.job == job_id)
