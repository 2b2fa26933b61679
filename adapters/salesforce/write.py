"""Sends changes to accounts: Collections for few, Bulk API 2.0 ingest for many.

Both ways send absolute values by record id, so a batch whose reply was lost is simply sent again.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import polars as pl
import pyarrow as pa

from adapters.retry import Trouble
from adapters.salesforce.errors import (
    QUOTA_CODES,
    READ_ONLY_CODE,
    RETRIED_ROW_CODES,
    row_errors,
)
from adapters.salesforce.http import Org
from adapters.salesforce.ingest import UPLOAD_BYTES, Ingest
from connector.crm import ID, RESULT_SCHEMA, SEND, WAS
from connector.errors import CrmAuthError, CrmTemporaryError

COLLECTION = 200
BULK_FROM = 5_000
BULK_BATCH = 50_000
BULK_CALLS = 12  # of one ingest job, polls included
_RETRY_SIZES = (COLLECTION, 50, 10, 1)  # rows that were locked go again in ever smaller requests
_ROW_ATTEMPTS = 5
_NULL_CELL = "#N/A"  # Bulk ignores an empty cell
_HEADERS = {
    "Sforce-Auto-Assign": "false",  # or assignment and territory rules run on every write
    "Sforce-Duplicate-Rule-Header": "allowSave=true",  # an old duplicate is no reason to refuse our fields
}
_ROWS = "KPM_ROWS"  # our own mark for a round that left rows to send again

# Results as frames have the columns of RESULT_SCHEMA.
_RESULTS = dict.fromkeys(RESULT_SCHEMA.names, pl.String)


class Sender(Protocol):
    """Sends changes once and tells what became of each."""

    def __call__(self, changes: pl.DataFrame, attempt: int) -> pl.DataFrame:
        """Results of the changes; `attempt` counts from 0."""
        ...


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes to the accounts of one org.

    Attributes:
        org: where to write.
        method: Collections, Bulk, or by the number of changes.
        quota_share: share of the daily API calls that may be used up, by everybody.
        upload_bytes: size above which the file of a bulk job is split.
    """

    org: Org
    method: Literal["auto", "rest", "bulk"]
    quota_share: float
    upload_bytes: int = UPLOAD_BYTES

    def in_bulk(self, total: int) -> bool:
        """Whether so many changes go through Bulk."""
        return self.method == "bulk" or (self.method == "auto" and total > BULK_FROM)

    def batch_size(self, total: int) -> int:
        """See `connector.crm.Crm.batch_size`."""
        return BULK_BATCH if self.in_bulk(total) else COLLECTION

    def write(self, batches: Iterable[pa.RecordBatch], total: int) -> Iterator[pa.RecordBatch]:
        """See `connector.crm.Crm.write`."""
        in_bulk = self.in_bulk(total)
        send: Sender = self._bulk if in_bulk else self._collections
        for batch in batches:
            changes = _frame(batch)
            calls = BULK_CALLS if in_bulk else math.ceil(len(changes) / COLLECTION)
            yield _batch(
                changes, self._settled(changes, send) if self._affordable(calls) else _deferred(changes)
            )

    def _affordable(self, calls: int) -> bool:
        session = self.org.session
        if session.used is None or session.limit is None:
            return True
        return session.used + calls <= session.limit * self.quota_share

    def _settled(self, changes: pl.DataFrame, send: Sender) -> pl.DataFrame:
        """Send changes until each is written or refused for good."""
        settled: list[pl.DataFrame] = []
        waiting = changes
        last = pl.DataFrame(schema=_RESULTS)
        attempt = 0

        def once() -> pl.DataFrame:
            nonlocal waiting, last, attempt
            results = send(waiting, attempt)
            attempt += 1
            self._demand_rights(results)
            passing = pl.col("code").is_in(sorted(RETRIED_ROW_CODES)) & (pl.col("outcome") == "rejected")
            last = results.filter(passing)
            settled.append(results.filter(passing.not_().fill_null(value=True)))
            waiting = waiting.join(last.select(ID), on=ID, how="semi")
            return last

        def judge(outcome: object) -> Trouble | None:
            if isinstance(outcome, pl.DataFrame) and len(outcome):
                return Trouble(f"{len(outcome)} records were locked by others", code=_ROWS)
            return None

        try:
            self.org.retrier.call("write accounts", once, judge, attempts=_ROW_ATTEMPTS)
        except CrmTemporaryError as error:
            if error.code in QUOTA_CODES:
                settled.append(_deferred(waiting))
            elif error.code == _ROWS:
                settled.append(last)
            else:
                raise
        return pl.concat(settled)

    def _collections(self, changes: pl.DataFrame, attempt: int) -> pl.DataFrame:
        size = _RETRY_SIZES[min(attempt, len(_RETRY_SIZES) - 1)]
        names = _fields(changes)
        found: list[Mapping[str, str | None]] = []
        for piece in changes.iter_slices(size):
            bodies = {str(row[ID]): _body(row, names) for row in piece.iter_rows(named=True)}
            answers = self._patch([body for body in bodies.values() if body is not None])
            found += [
                _not_a_number(record) if body is None else next(answers) | {ID: record}
                for record, body in bodies.items()
            ]
        return pl.DataFrame(found, schema=_RESULTS)

    def _patch(self, bodies: list[dict[str, Any]]) -> Iterator[dict[str, str | None]]:
        """Results in the order of the records sent."""
        if not bodies:
            return iter(())
        answers = self.org.request(
            "write accounts",
            "PATCH",
            "composite/sobjects",
            body={"allOrNone": False, "records": bodies},
            headers=_HEADERS,
        )
        if len(answers) != len(bodies):
            raise CrmTemporaryError(
                f"Salesforce could not write accounts: it answered for {len(answers)} of {len(bodies)} records. "
                f"Run the command again: what was written is recognised.",
                crm="salesforce",
                operation="write accounts",
            )
        return iter([_result(answer) for answer in answers])

    def _bulk(self, changes: pl.DataFrame, attempt: int) -> pl.DataFrame:
        if attempt and len(changes) <= BULK_FROM:
            return self._collections(changes, attempt)
        with tempfile.TemporaryDirectory(prefix="kpm-bulk-") as folder:
            file = Path(folder) / "changes.csv"
            cells = _cells(changes)
            cells.write_csv(file)
            pieces = math.ceil(file.stat().st_size / self.upload_bytes)
            if pieces <= 1:
                return self._ingest(file, changes)
            results = []
            size = math.ceil(len(changes) / pieces)
            for start in range(0, len(changes), size):
                cells.slice(start, size).write_csv(file)
                results.append(self._ingest(file, changes.slice(start, size)))
            return pl.concat(results)

    def _ingest(self, file: Path, changes: pl.DataFrame) -> pl.DataFrame:
        """Run one job; what it neither failed nor left unprocessed is written."""
        job = Ingest.of(self.org, "Account", file)
        ended = job.run()
        refused = [pl.DataFrame(schema=_RESULTS)]
        if int(ended.get("numberRecordsFailed") or 0):
            refused.append(_failed(job.results("failedResults", file.with_name("failed.csv"))))
        if int(ended.get("numberRecordsProcessed") or 0) < len(changes):
            refused.append(_unprocessed(job.results("unprocessedrecords", file.with_name("unprocessed.csv"))))
        rejected = pl.concat(refused).unique(ID, keep="first")
        written = (
            changes.select(ID)
            .join(rejected, on=ID, how="anti")
            .select(
                ID,
                pl.lit("written").alias("outcome"),
                *(pl.lit(None, pl.String).alias(name) for name in ("code", "message", "fields")),
            )
        )
        return pl.concat([written, rejected])

    def _demand_rights(self, results: pl.DataFrame) -> None:
        """A field that the user may not edit fails in every record alike: a person must act."""
        refused = results.filter(pl.col("code") == READ_ONLY_CODE)
        if refused.is_empty():
            return
        self.org.name_user()
        row = refused.row(0, named=True)
        words = self.org.translator.missing_right(f" to edit {row['fields'] or 'a field'}")
        raise CrmAuthError(
            f"Salesforce could not write accounts: {words}. Salesforce says: {row['code']}: {row['message']}",
            crm="salesforce",
            operation="write accounts",
            code=READ_ONLY_CODE,
        )


def _frame(batch: pa.RecordBatch) -> pl.DataFrame:
    """The changes without the before-values, which nobody sends. A checkbox cannot be empty: cleared is false."""
    names = [name for name in batch.schema.names if not name.startswith(WAS)]
    frame = pl.from_arrow(batch.select(names))
    assert isinstance(frame, pl.DataFrame)
    return frame.with_columns(pl.selectors.boolean().fill_null(value=False))


def _fields(changes: pl.DataFrame) -> list[str]:
    return [name.removeprefix(SEND) for name in changes.columns if name.startswith(SEND)]


def _body(row: Mapping[str, Any], names: list[str]) -> dict[str, Any] | None:
    """One record of a Collections request; None if a value is no number that JSON knows."""
    body: dict[str, Any] = {"attributes": {"type": "Account"}, "id": row[ID]}
    for name in names:
        if row[SEND + name]:
            value = row[name]
            if isinstance(value, float) and not math.isfinite(value):
                return None
            body[name] = value
    return body


def _result(answer: Mapping[str, Any]) -> dict[str, str | None]:
    if answer.get("success"):
        return {"outcome": "written", "code": None, "message": None, "fields": None}
    code, message, fields = row_errors(answer.get("errors") or ())
    return {"outcome": "rejected", "code": code, "message": message, "fields": fields or None}


def _not_a_number(record: str) -> dict[str, str | None]:
    return {
        ID: record,
        "outcome": "rejected",
        "code": "NOT_A_NUMBER",
        "message": "a value is infinite or no number; it was not sent",
        "fields": None,
    }


def _deferred(changes: pl.DataFrame) -> pl.DataFrame:
    """Results of changes that the next run will send."""
    words = "the share of the daily API calls that may be used is reached; the next run continues"
    return changes.select(
        ID,
        pl.lit("deferred").alias("outcome"),
        pl.lit("QUOTA").alias("code"),
        pl.lit(words).alias("message"),
        pl.lit(None, pl.String).alias("fields"),
    )


def _cells(changes: pl.DataFrame) -> pl.DataFrame:
    """Changes as a CSV has them: an empty cell is left alone, ``#N/A`` clears."""
    columns = [pl.col(ID).alias("Id")]
    for name in _fields(changes):
        if not changes[SEND + name].any():
            continue
        cell = _cell(pl.col(name), changes.schema[name])
        columns.append(pl.when(pl.col(SEND + name)).then(cell.fill_null(_NULL_CELL)).alias(name))
    return changes.select(columns)


def _cell(value: pl.Expr, kind: pl.DataType) -> pl.Expr:
    if kind.is_float():
        # 5.0 would be refused by a whole-number field that counts decimals.
        whole = value.is_finite() & (value == value.round(0)) & (value.abs() < 2.0**53)
        return (
            pl.when(whole)
            .then(value.cast(pl.Int64, strict=False).cast(pl.String))
            .otherwise(value.cast(pl.String))
        )
    if kind == pl.Boolean:
        return pl.when(value).then(pl.lit("true")).when(value.not_()).then(pl.lit("false"))
    return value.cast(pl.String)


def _failed(file: Path) -> pl.DataFrame:
    """Rows of ``failedResults``: ``sf__Error`` is ``CODE:message:Field1 Field2 --``."""
    parts = pl.col("sf__Error").str.extract_groups(r"(?s)^([A-Za-z_]+):(.*?)(?::([^:]*?)\s*--)?\s*$")
    return _read(file).select(
        pl.col("Id").alias(ID),
        pl.lit("rejected").alias("outcome"),
        parts.struct.field("1").fill_null("UNKNOWN").alias("code"),
        parts.struct.field("2").fill_null(pl.col("sf__Error")).alias("message"),
        parts.struct.field("3")
        .str.strip_chars()
        .str.replace_all(r"\s+", ", ")
        .alias("fields")
        .replace("", None),
    )


def _unprocessed(file: Path) -> pl.DataFrame:
    """Rows that the job did not get to; they are sent again like locked ones."""
    return _read(file).select(
        pl.col("Id").alias(ID),
        pl.lit("rejected").alias("outcome"),
        pl.lit("SERVER_UNAVAILABLE").alias("code"),
        pl.lit("the bulk job ended before it came to this record").alias("message"),
        pl.lit(None, pl.String).alias("fields"),
    )


def _read(file: Path) -> pl.DataFrame:
    if not file.stat().st_size:
        return pl.DataFrame(schema={"Id": pl.String, "sf__Error": pl.String})
    return pl.read_csv(file, infer_schema=False)


def _batch(changes: pl.DataFrame, results: pl.DataFrame) -> pa.RecordBatch:
    """Results in the order of the changes, as Arrow."""
    ordered = changes.select(ID).join(
        results.unique(ID, keep="first"), on=ID, how="left", maintain_order="left"
    )
    table = ordered.select(RESULT_SCHEMA.names).to_arrow().cast(RESULT_SCHEMA).combine_chunks()
    return table.to_batches()[0] if table.num_rows else pa.RecordBatch.from_pylist([], schema=RESULT_SCHEMA)
