"""Sends changes to the CRM; each batch is journalled before it leaves and settled after the reply."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connector.crm import ID, Crm


class Journal(Protocol):
    """Keeps durably what is about to be written, and what became of it."""

    def intend(self, batch: pa.RecordBatch) -> int:
        """Keep a batch with its before-values; returns its number. It is on disk when this returns."""
        ...

    def settle(self, number: int, results: pa.RecordBatch) -> None:
        """Keep what the CRM answered."""
        ...


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the changes.

    Attributes:
        written: accounts that the CRM accepted.
        rejected: accounts that it refused, each with its reason in the journal.
        deferred: accounts left for the next run: the API quota's share was used up.
        unsent: accounts left for the next run: a stop was asked for.
        unwritten: their ids.
    """

    written: int
    rejected: int
    deferred: int
    unsent: int
    unwritten: frozenset[str]

    @property
    def complete(self) -> bool:
        """Every change reached the CRM."""
        return not (self.rejected or self.deferred or self.unsent)


def write(
    crm: Crm,
    changes: Path,
    journal: Journal,
    *,
    stop: Callable[[], bool] = lambda: False,
    advance: Callable[[int, int], None] = lambda *_: None,
) -> Written:
    """Write all changes, batch by batch.

    Args:
        crm: where to.
        changes: Parquet file of changes: ``@id`` and per field F the columns F, ``send:F`` and ``was:F``.
        journal: where each batch is kept.
        stop: asked before each batch; the batch in hand is always finished and settled.
        advance: told how many accounts are done, of how many.
    """
    file = pq.ParquetFile(changes)
    total = file.metadata.num_rows
    open_batches: deque[int] = deque()
    seen = 0

    def outgoing() -> Iterator[pa.RecordBatch]:
        nonlocal seen
        for batch in file.iter_batches(crm.batch_size(total)):
            if stop():
                return
            open_batches.append(journal.intend(batch))
            seen += batch.num_rows
            yield batch

    outcomes: Counter[str] = Counter()
    unwritten: set[str] = set()
    if total:
        for results in crm.write(outgoing(), total):
            journal.settle(open_batches.popleft(), results)
            outcome = results.column("outcome")
            for counted in pc.value_counts(outcome).to_pylist():
                outcomes[counted["values"]] += counted["counts"]
            unwritten.update(results.column(ID).filter(pc.not_equal(outcome, "written")).to_pylist())
            advance(outcomes.total(), total)
    unsent = total - seen
    if unsent:
        unwritten.update(pq.read_table(changes, columns=[ID]).column(ID).slice(seen).to_pylist())
    return Written(
        written=outcomes["written"],
        rejected=outcomes["rejected"],
        deferred=outcomes["deferred"],
        unsent=unsent,
        unwritten=frozenset(unwritten),
    )
