"""What became of changes: frames with the columns of `connector.crm.RESULT_SCHEMA`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from adapters.salesforce.errors import IncompleteError, row_errors
from connector.crm import ID, RESULT_SCHEMA

RESULTS = dict.fromkeys(RESULT_SCHEMA.names, pl.String)
"""Schema of these frames."""
_ERROR = r"(?s)^([A-Za-z_]+):(.*?)(?::([^:]*?)\s*--)?\s*$"
_DEFERRED = "the share of the daily API calls that may be used is reached; the next run continues"


def of_answers(ids: Iterable[str], answers: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Results of a Collections request, whose answers come in the order of the records."""
    rows: list[tuple[str | None, ...]] = []
    for record, answer in zip(ids, answers, strict=True):
        if answer.get("success"):
            rows.append((record, "written", None, None, None))
        else:
            code, message, fields = row_errors(answer.get("errors") or ())
            rows.append((record, "rejected", code, message, fields or None))
    return pl.DataFrame(rows, schema=RESULTS, orient="row")


def written(ids: Iterable[str]) -> pl.DataFrame:
    """Changes that Salesforce holds."""
    return _all(pl.DataFrame({ID: list(ids)}, schema={ID: pl.String}), "written")


def not_numbers(ids: Iterable[str]) -> pl.DataFrame:
    """Changes with a value that is no number: nobody could store it."""
    words = "a value is infinite or no number; it was not sent"
    return _all(pl.DataFrame({ID: list(ids)}, schema={ID: pl.String}), "rejected", "NOT_A_NUMBER", words)


def deferred(changes: pl.DataFrame) -> pl.DataFrame:
    """Changes that the next run will send."""
    return _all(changes, "deferred", "QUOTA", _DEFERRED)


def failed(file: Path, announced: int) -> pl.DataFrame:
    """Rows of a job's ``failedResults``: ``sf__Error`` is ``CODE:message:Field1 Field2 --``.

    Raises:
        IncompleteError: the file holds fewer rows than announced.
    """
    rows = _read(file, announced)
    parts = pl.col("sf__Error").str.extract_groups(_ERROR)
    names = parts.struct.field("3").str.strip_chars().str.replace_all(r"\s+", ", ")
    return rows.select(
        pl.col("Id").alias(ID),
        pl.lit("rejected").alias("outcome"),
        parts.struct.field("1").fill_null("UNKNOWN").alias("code"),
        parts.struct.field("2").fill_null(pl.col("sf__Error")).alias("message"),
        pl.when(names != "").then(names).alias("fields"),
    )


def unprocessed(file: Path, announced: int) -> pl.DataFrame:
    """Rows that a job did not get to; they are sent again like locked ones.

    Raises:
        IncompleteError: the file holds fewer rows than announced.
    """
    words = "the bulk job ended before it came to this record"
    rows = _read(file, announced).select(pl.col("Id").alias(ID))
    return _all(rows, "rejected", "SERVER_UNAVAILABLE", words)


def others(changes: pl.DataFrame, refused: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Results of all changes: what was not refused is written."""
    rejected = pl.concat([pl.DataFrame(schema=RESULTS), *refused]).unique(
        ID, keep="first", maintain_order=True
    )
    if rejected.is_empty():
        return _all(changes, "written")
    done = changes.select(ID).join(rejected, on=ID, how="anti")
    return pl.concat([_all(done, "written"), rejected.join(changes, on=ID, how="semi")])


def as_batch(changes: pl.DataFrame, results: pl.DataFrame) -> pa.RecordBatch:
    """Results in the order of the changes, as Arrow."""
    ordered = results
    if not results.get_column(ID).equals(changes.get_column(ID)):
        found = results.unique(ID, keep="first")
        ordered = changes.select(ID).join(found, on=ID, how="left", maintain_order="left")
    table = ordered.select(RESULT_SCHEMA.names).to_arrow().cast(RESULT_SCHEMA).combine_chunks()
    return table.to_batches()[0] if table.num_rows else pa.RecordBatch.from_pylist([], schema=RESULT_SCHEMA)


def _all(
    rows: pl.DataFrame, outcome: str, code: str | None = None, message: str | None = None
) -> pl.DataFrame:
    values = {"outcome": outcome, "code": code, "message": message, "fields": None}
    return rows.select(ID, *(pl.lit(value, pl.String).alias(name) for name, value in values.items()))


def _read(file: Path, announced: int) -> pl.DataFrame:
    """A result's rows; its cells are separated as the job's were, or by commas."""
    rows = pl.DataFrame(schema={"Id": pl.String, "sf__Error": pl.String})
    if file.stat().st_size:
        with file.open(encoding="utf-8") as lines:
            separator = "`" if "`" in lines.readline() else ","
        try:
            rows = pl.read_csv(file, infer_schema=False, separator=separator)
        except pl.exceptions.PolarsError as error:
            raise IncompleteError("a list of refused records is no whole CSV file") from error
    if len(rows) < announced:
        raise IncompleteError(f"a list of {announced} refused records holds {len(rows)}")
    return rows
