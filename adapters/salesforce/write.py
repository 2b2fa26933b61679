"""Sends changes to accounts: Collections for few, Bulk API 2.0 ingest for many.

Both ways send absolute values by record id. Rows that were locked, or that a job did not come to, go again in smaller
requests one after the other; every other refusal is final.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal

import polars as pl
import pyarrow as pa

from adapters.allowance import Allowance
from adapters.salesforce import ingest, jobs, query, records, results
from adapters.salesforce.errors import OBJECT_NOT_FOUND, QUOTA_CODES, READ_ONLY_CODE, RETRIED_ROW_CODES
from adapters.salesforce.http import Org
from connector.crm import ID, WAS, JobLog
from connector.errors import CrmAuthError, CrmRequestError, CrmTemporaryError

BULK_FROM = 2_000
BULK_BATCH = 100_000
"""Larger ones would save a few calls where nearly everything changes, and take more memory the more there is."""
_SIZES = (records.COLLECTION, 50, 10, 1)  # records per request, round by round
_ROUNDS = 5
_DUPLICATES = "DUPLICATES_DETECTED"
_ACTIVE_RULES = (
    "SELECT Id FROM ObjectTerritory2AssignmentRule "
    "WHERE ObjectType = 'Account' AND IsActive = true AND Territory2Model.State = 'Active' LIMIT 1"
)

Sender = Callable[[pl.DataFrame, int], pl.DataFrame]
"""Sends changes once and gives their results; the number counts rounds from 0."""


class Writer:
    """Writes to the accounts of one org.

    Args:
        org: where to write.
        method: Collections, Bulk, or by the number of changes.
        allowance: of the daily API calls.
        upload_bytes: size that the file of a bulk job may have.
    """

    def __init__(
        self,
        org: Org,
        method: Literal["auto", "rest", "bulk"],
        allowance: Allowance,
        upload_bytes: int = ingest.UPLOAD_BYTES,
    ) -> None:
        self._org = org
        self._method = method
        self._allowance = allowance
        self._upload_bytes = upload_bytes
        self._territories: bool | None = None

    def in_bulk(self, total: int) -> bool:
        """Whether so many changes go through Bulk.

        Not with active territory rules: Bulk knows no header that keeps them from running.
        """
        many = self._method == "bulk" or (self._method == "auto" and total > BULK_FROM)
        return many and not self.territory_rules()

    def territory_rules(self) -> bool:
        """Whether rules assign accounts to territories when they are edited."""
        if self._territories is None:
            try:
                self._territories = bool(query.records(self._org, "read territory rules", _ACTIVE_RULES))
            except CrmAuthError:
                self._territories = False
            except CrmRequestError as error:
                if error.code != OBJECT_NOT_FOUND:
                    raise
                self._territories = False  # an org without territories
        return self._territories

    def batch_size(self, total: int) -> int:
        """See `connector.crm.Crm.batch_size`."""
        return BULK_BATCH if self.in_bulk(total) else records.COLLECTION

    def calls(self, changes: int) -> int:
        """About how many calls so many changes take."""
        if not self.in_bulk(changes):
            return math.ceil(changes / records.COLLECTION)
        batches = math.ceil(changes / BULK_BATCH)
        return batches * 3 + self._polls(changes)

    def write(self, batches: Iterable[pa.RecordBatch], total: int, log: JobLog) -> Iterator[pa.RecordBatch]:
        """See `connector.crm.Crm.write`."""
        in_bulk = self.in_bulk(total)
        job = ingest.Ingest(self._org, log, self._upload_bytes)
        with tempfile.TemporaryDirectory(prefix="kpm-bulk-") as folder:

            def bulk(changes: pl.DataFrame, round_: int) -> pl.DataFrame:
                if round_ and len(changes) <= BULK_FROM:
                    return self._collections(changes, round_)
                return self._despite_duplicates(changes, job.send(changes, Path(folder)))

            send: Sender = bulk if in_bulk else self._collections
            # One batch at a time: none is held while the next one is made.
            yield from map(partial(self._results, send), batches)

    def _results(self, send: Sender, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Results of one batch."""
        changes = _frame(batch)
        if self._allowance.covers(self.calls(len(changes))):
            return results.as_batch(changes, self._settled(changes, send))
        return results.as_batch(changes, results.deferred(changes))

    def settle(self, log: JobLog) -> None:
        """See `connector.crm.Crm.settle`."""
        ingest.Ingest(self._org, log).settle()

    def _polls(self, changes: int) -> int:
        """Polls of jobs that write about a thousand records a second."""
        waited, polls = 0.0, 0
        for pause in jobs.pauses(changes):
            waited, polls = waited + pause, polls + 1
            if waited * 1_000 >= changes:
                break
        return polls

    def _settled(self, changes: pl.DataFrame, send: Sender) -> pl.DataFrame:
        """Send changes round by round until each is written or refused for good."""
        settled: list[pl.DataFrame] = []
        waiting = changes
        failed = False
        for round_ in range(_ROUNDS):
            try:
                found = send(waiting, round_)
            except jobs.PassingFailureError:
                if failed or not self._org.retrier.pause(round_):
                    raise
                failed = True
                continue
            except CrmTemporaryError as error:
                if error.code not in QUOTA_CODES:
                    raise
                settled.append(results.deferred(waiting))
                break
            self._demand_rights(found)
            passing = pl.col("code").is_in(sorted(RETRIED_ROW_CODES)) & (pl.col("outcome") == "rejected")
            locked = found.filter(passing)
            settled.append(found.filter(passing.not_().fill_null(value=True)))
            if locked.is_empty():
                break
            if round_ == _ROUNDS - 1 or not self._org.retrier.pause(round_):
                settled.append(locked)
                break
            waiting = waiting.join(locked.select(ID), on=ID, how="semi")
        return pl.concat(settled)

    def _collections(self, changes: pl.DataFrame, round_: int) -> pl.DataFrame:
        return records.send(self._org, changes, _SIZES[min(round_, len(_SIZES) - 1)])

    def _despite_duplicates(self, changes: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
        """Results of a job; records that a duplicate rule only warns of are sent again with the header for it."""
        warned = found.filter(pl.col("code") == _DUPLICATES)
        if warned.is_empty():
            return found
        again = self._collections(changes.join(warned.select(ID), on=ID, how="semi"), 0)
        return pl.concat([found.join(warned.select(ID), on=ID, how="anti"), again])

    def _demand_rights(self, found: pl.DataFrame) -> None:
        """A field that the user may not edit fails in every record alike: a person must act."""
        refused = found.filter(pl.col("code") == READ_ONLY_CODE)
        if refused.is_empty():
            return
        self._org.name_user()
        row = refused.row(0, named=True)
        words = self._org.translator.missing_right(f" to edit {row['fields'] or 'a field'}")
        raise CrmAuthError(
            f"Salesforce could not write accounts: {words}. Salesforce says: {row['code']}: {row['message']}",
            crm="salesforce",
            operation=records.OPERATION,
            code=READ_ONLY_CODE,
        )


def _frame(batch: pa.RecordBatch) -> pl.DataFrame:
    """The changes without the before-values, which nobody sends. A checkbox cannot be empty: cleared is false."""
    names = [name for name in batch.schema.names if not name.startswith(WAS)]
    frame = pl.from_arrow(batch.select(names))
    assert isinstance(frame, pl.DataFrame)
    return frame.with_columns(pl.selectors.boolean().fill_null(value=False))
