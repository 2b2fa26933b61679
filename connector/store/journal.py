"""The journal: every batch of changes with its before-values, kept before it is sent and settled after the reply."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Engine, func, insert, select, update

from connector.crm import ID, RESULT_SCHEMA
from connector.store.database import packed, unpacked
from connector.store.schema import journal


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch as the journal holds it.

    Attributes:
        run: of which run.
        number: from 0, in the order of sending.
        state: ``intended`` (in hand), ``settled``, or ``unknown``: sent, but no answer was recorded.
        changes: ``@id`` and per field F the columns F, ``send:F`` and ``was:F``.
        results: what the CRM answered, see `connector.crm.RESULT_SCHEMA`; None unless settled.
    """

    run: int
    number: int
    state: str
    changes: pa.Table
    results: pa.Table | None


class Journal:
    """The journal of one connection."""

    def __init__(self, engine: Engine, connection: str) -> None:
        self._engine = engine
        self._connection = connection

    def of(self, run: int) -> RunJournal:
        """Where `connector.stages.write` keeps the batches of a run."""
        return RunJournal(self._engine, self._connection, run)

    def batches(self, run: int) -> list[Batch]:
        """The batches of a run, in the order of sending."""
        query = select(journal).where(journal.c.run == run, journal.c.connection == self._connection)
        with self._engine.connect() as connection:
            rows = list(connection.execute(query.order_by(journal.c.batch)))
        return [
            Batch(row.run, row.batch, row.state, unpacked(row.changes), row.results and unpacked(row.results))
            for row in rows
        ]

    def unsettled(self, run: int) -> int:
        """Accounts of a run of which nobody knows whether the CRM took their change."""
        query = select(func.sum(journal.c.accounts)).where(
            journal.c.run == run, journal.c.connection == self._connection, journal.c.state != "settled"
        )
        with self._engine.connect() as connection:
            return connection.scalar(query) or 0

    def refusals(self, run: int) -> pa.Table:
        """Results of a run that are not ``written``: id, outcome, and the CRM's own words."""
        query = select(journal.c.results).where(
            journal.c.run == run, journal.c.connection == self._connection, journal.c.results.is_not(None)
        )
        with self._engine.connect() as connection:
            tables = [unpacked(row.results) for row in connection.execute(query.order_by(journal.c.batch))]
        refused = [table.filter(pc.not_equal(table.column("outcome"), "written")) for table in tables]
        return pa.concat_tables([RESULT_SCHEMA.empty_table(), *refused])

    def refused(self, run: int) -> Iterator[tuple[pa.Table, pa.Table]]:
        """Batch by batch, the changes of a run that were not written, and what the CRM answered; same ids."""
        query = (
            select(journal.c.changes, journal.c.results)
            .where(
                journal.c.run == run,
                journal.c.connection == self._connection,
                journal.c.results.is_not(None),
            )
            .order_by(journal.c.batch)
        )
        with self._engine.connect() as connection:
            for row in connection.execution_options(yield_per=1).execute(query):
                results = unpacked(row.results)
                results = results.filter(pc.not_equal(results.column("outcome"), "written"))
                if results.num_rows:
                    changes = unpacked(row.changes)
                    yield (
                        changes.filter(pc.is_in(changes.column(ID), results.column(ID).combine_chunks())),
                        results,
                    )


class RunJournal:
    """The journal of one run, while it writes."""

    def __init__(self, engine: Engine, connection: str, run: int) -> None:
        self._engine = engine
        self._connection = connection
        self._run = run
        self._next = 0

    def intend(self, batch: pa.RecordBatch) -> int:
        """Keep a batch; it is on disk when this returns. The number says which one it is."""
        number, self._next = self._next, self._next + 1
        values = {
            "run": self._run,
            "batch": number,
            "connection": self._connection,
            "state": "intended",
            "accounts": batch.num_rows,
            "changes": packed(batch),
            "intended": datetime.now(UTC),
        }
        with self._engine.begin() as connection:
            connection.execute(insert(journal).values(values))
        return number

    def settle(self, number: int, results: pa.RecordBatch) -> None:
        """Keep what the CRM answered."""
        values = {"state": "settled", "results": packed(results), "settled": datetime.now(UTC)}
        where = (journal.c.run == self._run, journal.c.batch == number)
        with self._engine.begin() as connection:
            connection.execute(update(journal).where(*where).values(values))

    def abandon(self) -> None:
        """An error ended the run: nobody knows what became of a batch in hand."""
        where = (journal.c.run == self._run, journal.c.state == "intended")
        with self._engine.begin() as connection:
            connection.execute(update(journal).where(*where).values(state="unknown"))

    def written(self) -> int:
        """Changes that the CRM has accepted so far."""
        query = select(journal.c.results).where(journal.c.run == self._run, journal.c.results.is_not(None))
        with self._engine.connect() as connection:
            tables = [unpacked(row.results) for row in connection.execute(query)]
        return sum(int(pc.sum(pc.equal(table.column("outcome"), "written")).as_py() or 0) for table in tables)
