"""What one query reads, and how its rows become typed Parquet.

REST answers and Bulk CSV meet here as columns of text, so that a value reads the same whichever way it came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from adapters.salesforce import csv_stream
from adapters.salesforce.errors import IncompleteError
from connector.crm import FieldType

_TEXTS = "%Y-%m-%dT%H:%M:%S"
_SECONDS = len("2026-01-01T00:00:00")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the result.

    Attributes:
        name: in the result.
        path: the field in SOQL, possibly dotted; None for a column that is always null.
        type: of its values.
    """

    name: str
    path: str | None
    type: FieldType


Finish: TypeAlias = Callable[[pl.LazyFrame], pl.LazyFrame]


def unchanged(frame: pl.LazyFrame) -> pl.LazyFrame:
    """The rows as they are."""
    return frame


KEY = ("Id",)


@dataclass(frozen=True, slots=True)
class Reading:
    """One query on one Salesforce object.

    Attributes:
        object: Salesforce's name of it.
        columns: of the result.
        condition: SOQL after WHERE, "" for every record.
        archived: also read archived records, which Salesforce leaves out otherwise (old activities).
        time_zone: in which moments become days.
        finish: last step on the typed rows.
        key: fields that order the records when they are read page by page; the last one is unique.
    """

    object: str
    columns: tuple[Column, ...]
    condition: str
    time_zone: str
    archived: bool = False
    finish: Finish = unchanged
    key: tuple[str, ...] = KEY

    @property
    def paths(self) -> tuple[str, ...]:
        """Fields to select, each once: SOQL refuses duplicates."""
        return tuple(dict.fromkeys(column.path for column in self.columns if column.path is not None))

    @property
    def soql(self) -> str:
        """The query, in no order: a bulk job divides such a query among its workers."""
        return self._query(self.condition)

    def ordered(self, after: Sequence[str] | None = None) -> str:
        """The query in the order of the key.

        Args:
            after: only records whose key comes after this one.
        """
        parts = [self.condition, "" if after is None else _after(self.key, after)]
        both = [part for part in parts if part]
        condition = " AND ".join(f"({part})" for part in both) if len(both) > 1 else "".join(both)
        return f"{self._query(condition)} ORDER BY {', '.join(self.key)}"

    def _query(self, condition: str) -> str:
        where = f" WHERE {condition}" if condition else ""
        return f"SELECT {', '.join(self.paths)} FROM {self.object}{where}"

    def typed(self, texts: pl.LazyFrame, named: Mapping[str, str]) -> pl.LazyFrame:
        """Rows with the result's columns.

        Args:
            texts: columns of text, as they came.
            named: column of `texts` by path in lower case.
        """
        expressions = [
            pl.lit(None, _polars_type(column.type)).alias(column.name)
            if column.path is None
            else _parsed(pl.col(named[column.path.lower()]), column.type, self.time_zone).alias(column.name)
            for column in self.columns
        ]
        return self.finish(texts.select(expressions))


def _after(key: Sequence[str], values: Sequence[str]) -> str:
    """A condition for what comes after a key; all fields but the last, an id, are moments."""
    name, value = key[0], values[0]
    if len(key) == 1:
        return f"{name} > '{value}'"
    moment = value.removesuffix("+0000").removesuffix("Z") + "Z"
    return f"{name} > {moment} OR ({name} = {moment} AND {_after(key[1:], values[1:])})"


def from_columns(values: Mapping[str, Sequence[str | None]], reading: Reading, target: Path) -> int:
    """Write columns of text, by path, as typed Parquet; the number of rows."""
    frame = pl.LazyFrame(dict(values), schema=dict.fromkeys(values, pl.String))
    return _written(reading.typed(frame, {path.lower(): path for path in values}), target)


def from_csv(source: Path, reading: Reading, target: Path) -> int:
    """Write a CSV with header as typed Parquet; the number of rows.

    The memory that this takes does not depend on the size of the CSV.

    Raises:
        IncompleteError: the CSV is cut off, or lacks a column.
    """
    rows = 0
    writer: pq.ParquetWriter | None = None
    try:
        for piece in csv_stream.pieces(source):
            table = _typed(piece, reading)
            writer = writer or pq.ParquetWriter(target, table.schema, compression="zstd", compression_level=1)
            writer.write_table(table)
            rows += table.num_rows
            del table
    finally:
        if writer is not None:
            writer.close()
    return rows if writer is not None else from_columns({path: [] for path in reading.paths}, reading, target)


def _typed(piece: bytes, reading: Reading) -> pa.Table:
    named = {name.lower(): name for name in csv_stream.names(piece)}
    if lacking := [path for path in reading.paths if path.lower() not in named]:
        raise IncompleteError(f"a page of {reading.object} came without the columns {', '.join(lacking)}")
    try:
        # Everything is read as text: guessing types would turn "00012" into a number.
        texts = pl.read_csv(piece, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise IncompleteError(f"a page of {reading.object} is no whole CSV file") from error
    return reading.typed(texts.lazy(), named).collect().to_arrow()


def _written(frame: pl.LazyFrame, target: Path) -> int:
    frame.sink_parquet(target, compression="zstd", compression_level=1)
    return int(pq.read_metadata(target).num_rows)


def _polars_type(kind: FieldType) -> pl.DataType:
    arrow = kind.arrow
    if arrow == "double":
        return pl.Float64()
    if arrow == "bool":
        return pl.Boolean()
    return pl.Date() if arrow == "date32" else pl.String()


def _parsed(text: pl.Expr, kind: FieldType, time_zone: str) -> pl.Expr:
    """A column of text as values; what cannot be read becomes null."""
    if kind is FieldType.BOOLEAN:
        return pl.when(text.str.len_bytes() > 0).then(text.str.to_lowercase() == "true")
    if kind is FieldType.DATE:
        return text.str.to_date("%Y-%m-%d", strict=False)
    if kind is FieldType.DATETIME:
        # 2026-01-31T23:30:00.000+0000 from REST, ...000Z from Bulk: always UTC.
        moment = text.str.slice(0, _SECONDS).str.to_datetime(
            _TEXTS, strict=False, time_unit="ms", time_zone="UTC"
        )
        return moment.dt.convert_time_zone(time_zone).dt.date()
    if kind.arrow == "double":
        return text.cast(pl.Float64, strict=False)
    return pl.when(text.str.len_bytes() > 0).then(text)
