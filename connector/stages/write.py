"""write: sends changes to the CRM; each batch is journalled before it leaves and settled after the reply."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connector.crm import ID, SEND, WAS, Crm, FieldType, JobLog


class Journal(Protocol):
    """Keeps durably what is about to be written, and what became of it."""

    def intend(self, batch: pa.RecordBatch) -> int:
        """Keep a batch with its before-values; returns its number. It is on disk when this returns."""
        ...

    def settle(self, number: int, results: pa.RecordBatch) -> None:
        """Keep what the CRM answered."""
        ...


PART = 20_000
"""Rows that are read from disk at once: what is left of a part when a batch is full stays in memory with it."""
BUFFER = 2**16
"""Bytes of a column that are read ahead: without a buffer a column of a whole row group lies in memory."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the changes.

    Attributes:
        written: accounts that the CRM accepted.
        rejected: accounts that it refused, each with its reason in the journal.
        deferred: accounts left for the next run: the API quota's share was used up.
        unsent: accounts left for the next run: a stop was asked for.
        unwritten: ids of the accounts that do not hold their new values.
    """

    written: int = 0
    rejected: int = 0
    deferred: int = 0
    unsent: int = 0
    unwritten: frozenset[str] = frozenset()

    @property
    def complete(self) -> bool:
        """Every change reached the CRM."""
        return not (self.rejected or self.deferred or self.unsent)


def write(
    crm: Crm,
    changes: Path,
    types: Mapping[str, FieldType],
    journal: Journal,
    jobs: JobLog,
    *,
    stop: Callable[[], bool] = lambda: False,
    advance: Callable[[int, int], None] = lambda *_: None,
) -> Written:
    """Write all changes, batch by batch.

    Args:
        crm: where to.
        changes: Parquet file of changes: ``@id`` and per field F the columns F, ``send:F`` and ``was:F``.
        types: of the fields F.
        journal: where each batch is kept.
        jobs: where each of the CRM's own jobs is kept until it has ended.
        stop: asked before each batch; the batch in hand is always finished and settled.
        advance: told how many accounts are done, of how many.

    Raises:
        CrmError: the CRM can no longer be reached or refuses as a whole; the batch in hand is not settled.
    """
    file = pq.ParquetFile(changes, buffer_size=BUFFER)
    total = file.metadata.num_rows
    if not total:
        return Written()
    in_hand: deque[int] = deque()
    seen = 0

    def outgoing() -> Iterator[pa.RecordBatch]:
        nonlocal seen
        for batch in _batches(file, crm.batch_size(total), types):
            if stop():
                return
            in_hand.append(journal.intend(batch))
            seen += batch.num_rows
            yield batch
            del batch  # as below: or it would be in memory while the next one is made

    outcomes: Counter[str] = Counter()
    unwritten: set[str] = set()
    advance(0, total)
    for results in crm.write(outgoing(), total, jobs):
        journal.settle(in_hand.popleft(), results)
        outcome = results.column("outcome")
        outcomes.update({each["values"]: each["counts"] for each in pc.value_counts(outcome).to_pylist()})
        unwritten.update(results.column(ID).filter(pc.not_equal(outcome, "written")).to_pylist())
        advance(outcomes.total(), total)
        del results, outcome
    if seen < total:
        unwritten.update(pq.read_table(changes, columns=[ID]).column(ID).slice(seen).to_pylist())
    return Written(
        written=outcomes["written"],
        rejected=outcomes["rejected"],
        deferred=outcomes["deferred"],
        unsent=total - seen,
        unwritten=frozenset(unwritten),
    )


def _batches(file: pq.ParquetFile, size: int, types: Mapping[str, FieldType]) -> Iterator[pa.RecordBatch]:
    """The file in batches of exactly `size` rows, the last one apart: the reader's own end with its row groups."""
    kept: list[pa.RecordBatch] = []
    for part in file.iter_batches(min(size, PART)):
        kept.append(part)
        if sum(each.num_rows for each in kept) >= size:
            yield _typed(_taken(kept, size), types)
    if kept:
        yield _typed(_taken(kept, size), types)


def _taken(kept: list[pa.RecordBatch], size: int) -> pa.Table:
    """The first rows read; the others are kept. No name holds them any more when a batch is made of them."""
    table = pa.Table.from_batches(kept)
    kept[:] = table.slice(size).to_batches()
    return table.slice(0, size)


def _typed(table: pa.Table, types: Mapping[str, FieldType]) -> pa.RecordBatch:
    """With the column types that adapters expect: whole days become dates, whole numbers floats."""
    schema = pa.schema([(name, _type(name, types)) for name in table.column_names])
    return table.cast(schema).combine_chunks().to_batches()[0]


def _type(name: str, types: Mapping[str, FieldType]) -> pa.DataType:
    if name == ID:
        return pa.string()
    if name.startswith(SEND):
        return pa.bool_()
    return types[name.removeprefix(WAS)].arrow
