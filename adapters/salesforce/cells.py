"""Changes as the CSV files of bulk jobs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import polars as pl

from connector.crm import ID, SEND

SEPARATOR = "`"
"""Of cells: the rarest that Salesforce takes, by which our jobs are known among those of other programs."""
NULL = "#N/A"  # Salesforce leaves a field alone whose cell is empty
_SLICE = 2_000


@dataclass(frozen=True, slots=True)
class Part:
    """One file and the changes in it.

    Attributes:
        file: the CSV.
        start: place of its first change among all.
        rows: number of changes.
    """

    file: Path
    start: int
    rows: int


def fields(changes: pl.DataFrame) -> list[str]:
    """Names of the fields that changes may send."""
    return [name.removeprefix(SEND) for name in changes.columns if name.startswith(SEND)]


def files(changes: pl.DataFrame, folder: Path, most: int) -> Iterator[Part]:
    """Write changes to one file after the other, each of at most so many bytes, and filled as far as they go.

    A file is there until the next one is asked for.

    Raises:
        ValueError: a single change is longer than that.
    """
    names = [name for name in fields(changes) if changes[SEND + name].any()]
    header = (SEPARATOR.join(["Id", *names]) + "\n").encode()
    file = folder / "changes.csv"
    start = 0
    while start < len(changes):
        with file.open("wb") as target:
            rows = _filled(changes, names, start, most - target.write(header), target.write)
        if not rows:
            raise ValueError("a change is longer than a file may be")
        yield Part(file, start, rows)
        start += rows


def _filled(changes: pl.DataFrame, names: list[str], start: int, room: int, write: object) -> int:
    """Write changes from `start` on as far as there is room; how many there were."""
    assert callable(write)
    rows, size = 0, _SLICE
    while start + rows < len(changes):
        lines = _lines(changes.slice(start + rows, size), names)
        if len(lines) <= room:
            write(lines)
            room -= len(lines)
            rows += min(size, len(changes) - start - rows)
        elif size == 1:
            break
        else:
            size = max(1, size // 8)
    return rows


def _lines(changes: pl.DataFrame, names: list[str]) -> bytes:
    cells = changes.select(pl.col(ID).alias("Id"), *(_sent(name, changes.schema[name]) for name in names))
    lines = BytesIO()
    cells.write_csv(lines, include_header=False, separator=SEPARATOR)
    return lines.getvalue()


def _sent(name: str, kind: pl.DataType) -> pl.Expr:
    """A field's cells: empty where it is left alone, ``#N/A`` where it is cleared."""
    return pl.when(pl.col(SEND + name)).then(_cell(pl.col(name), kind).fill_null(NULL)).alias(name)


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
    text = value.cast(pl.String)
    return pl.when(text != "").then(text)
