from __future__ import annotations

import math
from datetime import date

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.hubspot.rows import cells, same, text_of, texts, typed
from connector.crm import FieldType


def read(kind: FieldType, *values: str | None, time_zone: str = "Europe/Vienna") -> list[object]:
    frame = pl.DataFrame({"x": values}, schema={"x": pl.String})
    return frame.select(typed(pl.col("x"), kind, time_zone))["x"].to_list()


@pytest.mark.parametrize("kind", list(FieldType))
def test_null_and_empty_are_null(kind: FieldType) -> None:
    assert read(kind, None, "") == [None, None]


@pytest.mark.parametrize("kind", list(FieldType))
def test_columns_have_the_promised_type(kind: FieldType) -> None:
    frame = pl.DataFrame({"x": ["1", None]}).select(typed(pl.col("x"), kind, "UTC"))
    assert frame.to_arrow().cast(pa.schema([("x", kind.arrow)])).schema.field("x").type == kind.arrow


def test_numbers() -> None:
    assert read(FieldType.NUMBER, "12", " 0.4000000000000000222", "1.6147805824397E13") == [
        12.0,
        0.4,
        16147805824397.0,
    ]


def test_text_in_a_number_is_no_number_rather_than_nothing() -> None:
    (value,) = read(FieldType.NUMBER, "abc")
    assert isinstance(value, float)
    assert math.isnan(value)


def test_booleans() -> None:
    assert read(FieldType.BOOLEAN, "true", "False", "yes") == [True, False, None]


def test_dates_never_shift() -> None:
    # Milliseconds are midnight UTC of the day that was meant.
    assert read(
        FieldType.DATE, "2026-03-29", "1572480000000", "31.10.2019", time_zone="America/New_York"
    ) == [
        date(2026, 3, 29),
        date(2019, 10, 31),
        None,
    ]


def test_datetimes_become_the_day_in_the_business_time_zone() -> None:
    moments = ["2026-06-30T21:59:59.999Z", "2026-06-30T22:00:00Z", "2026-12-31T23:00:00", "2026-06-30"]
    assert read(FieldType.DATETIME, *moments) == [
        date(2026, 6, 30),
        date(2026, 7, 1),
        date(2027, 1, 1),
        date(2026, 6, 30),
    ]
    assert read(FieldType.DATETIME, "1782856800000", "tomorrow") == [date(2026, 7, 1), None]


def test_far_away_dates_are_read_for_the_caller_to_judge() -> None:
    assert read(FieldType.DATE, "1700-01-01", "4000-12-31") == [date(1700, 1, 1), date(4000, 12, 31)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (16147805824397.0, "16147805824397"),
        (1e22, "10000000000000000000000"),
        (1e-7, "0.0000001"),
        (0.1, "0.1"),
        (-0.0, "0"),
        (55, "55"),
        (True, "true"),
        (False, "false"),
        (date(2026, 3, 29), "2026-03-29"),
        ("Zone", "Zone"),
    ],
)
def test_values_are_sent_plainly(value: object, text: str) -> None:
    assert text_of(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_equal_and_is_never_scientific(number: float) -> None:
    text = text_of(number)
    assert text is not None
    assert "e" not in text.lower()
    assert text == text.strip()
    assert float(text) == number


def test_what_hubspot_cannot_hold_is_none() -> None:
    column = pa.array([math.nan, math.inf, None, 1.5], pa.float64())
    assert texts(column, FieldType.NUMBER, "UTC") == [None, None, "", "1.5"]


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_a_day_in_a_datetime_property_reads_back_as_that_day(day: date) -> None:
    (sent,) = texts(pa.array([day], pa.date32()), FieldType.DATETIME, "Europe/Vienna")
    assert read(FieldType.DATETIME, sent) == [day]


@pytest.mark.parametrize(
    ("stored", "sent", "kind", "equal"),
    [
        (None, "", FieldType.TEXT, True),
        ("x", "", FieldType.TEXT, False),
        ("55.0", "55", FieldType.NUMBER, True),
        ("56", "55", FieldType.NUMBER, False),
        ("abc", "55", FieldType.NUMBER, False),
        ("1774742400000", "2026-03-29", FieldType.DATE, True),
        ("2026-03-30", "2026-03-29", FieldType.DATE, False),
        ("a", "b", FieldType.TEXT, False),
        ("a ", "a", FieldType.TEXT, True),
    ],
)
def test_comparison_with_what_hubspot_holds(
    stored: str | None, sent: str, kind: FieldType, equal: bool
) -> None:
    assert same(stored, sent, kind) is equal


@given(st.lists(st.floats() | st.none() | st.integers(-(10**15), 10**15).map(float), max_size=8))
def test_numbers_of_a_file_are_those_of_a_batch(numbers: list[float | None]) -> None:
    column = pa.array(numbers, pa.float64())
    expected = [text or None for text in texts(column, FieldType.NUMBER, "UTC")]
    assert cells(column, FieldType.NUMBER).to_list() == expected


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([True, False, None], FieldType.BOOLEAN),
        ([date(2026, 3, 29), None], FieldType.DATE),
        (["a", "", None, "é;ü"], FieldType.TEXT),
        (["protect", None], FieldType.PICKLIST),
        ([], FieldType.BOOLEAN),
        ([None], FieldType.CURRENCY),
    ],
)
def test_other_values_of_a_file_are_those_of_a_batch(values: list[object], kind: FieldType) -> None:
    column = pa.array(values, kind.arrow)
    expected = [text or None for text in texts(column, kind, "UTC")]
    assert [text or None for text in cells(column, kind)] == expected
