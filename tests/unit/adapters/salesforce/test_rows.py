"""The same values from a REST page and from a Bulk CSV."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from adapters.salesforce.errors import IncompleteError
from adapters.salesforce.rows import Column, Reading, from_columns, from_csv
from connector.crm import FieldType

READING = Reading(
    "Account",
    (
        Column("@id", "Id", FieldType.REFERENCE),
        Column("N", "N", FieldType.NUMBER),
        Column("D", "D", FieldType.DATE),
        Column("M", "M", FieldType.DATETIME),
        Column("B", "B", FieldType.BOOLEAN),
        Column("T", "Owner.Name", FieldType.TEXT),
        Column("again", "Owner.Name", FieldType.TEXT),
        Column("nothing", None, FieldType.DATE),
    ),
    "",
    "Europe/Vienna",
)
HEADER = '"Id","N","D","M","B","Owner.Name"\n'


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (
            ("1", "1.6147805824397E13", "2026-03-29", "2026-03-28T22:59:59.000Z", "true", "a"),
            (16_147_805_824_397.0, date(2026, 3, 29), date(2026, 3, 28), True, "a"),
        ),
        (
            ("2", "-0.5", "1700-01-01", "2026-03-28T23:00:00.000+0000", "false", "00012"),
            (-0.5, date(1700, 1, 1), date(2026, 3, 29), False, "00012"),
        ),
        (
            ("3", "7", "4000-12-31", "2026-10-25T00:30:00.000Z", "TRUE", "=1+1"),
            (7.0, date(4000, 12, 31), date(2026, 10, 25), True, "=1+1"),
        ),
        (("4", "", "", "", "", ""), (None, None, None, None, None)),
        (
            ("5", "1e308", "", "4000-12-31T12:00:00.000Z", "", " \U0001f389 "),
            (1e308, None, date(4000, 12, 31), None, " \U0001f389 "),
        ),
    ],
)
def test_values(tmp_path: Path, texts: tuple[str, ...], values: tuple[object, ...]) -> None:
    source, target = tmp_path / "page.csv", tmp_path / "page.parquet"
    source.write_text(HEADER + ",".join(f'"{text}"' for text in texts) + "\n", encoding="utf-8")
    assert from_csv(source, READING, target) == 1
    expected = (texts[0], *values, values[-1], None)
    assert pl.read_parquet(target).row(0) == expected
    by_path = {path: [text or None] for path, text in zip(READING.paths, texts, strict=True)}
    assert from_columns(by_path, READING, target) == 1
    assert pl.read_parquet(target).row(0) == expected


def test_quotes_commas_and_line_ends_within_cells(tmp_path: Path) -> None:
    source, target = tmp_path / "page.csv", tmp_path / "page.parquet"
    source.write_bytes(HEADER.encode() + b'"1","","","","","a ""b"", c\r\nd\n"\n"2","","","","","e"\n')
    assert from_csv(source, READING, target) == 2
    assert pl.read_parquet(target)["T"].to_list() == ['a "b", c\r\nd\n', "e"]


@pytest.mark.parametrize("content", [HEADER, ""])
def test_no_rows(tmp_path: Path, content: str) -> None:
    source, target = tmp_path / "page.csv", tmp_path / "page.parquet"
    source.write_text(content)
    assert from_csv(source, READING, target) == 0
    assert pl.read_parquet_schema(target)["N"] == pl.Float64


@pytest.mark.parametrize("content", ['"Id","N"\n"1","2"\n', HEADER + '"1","2","","","","cut of'])
def test_a_page_that_is_not_whole(tmp_path: Path, content: str) -> None:
    source = tmp_path / "page.csv"
    source.write_text(content)
    with pytest.raises(IncompleteError):
        from_csv(source, READING, tmp_path / "page.parquet")


def test_the_query_selects_each_field_once() -> None:
    assert READING.soql == "SELECT Id, N, D, M, B, Owner.Name FROM Account"
