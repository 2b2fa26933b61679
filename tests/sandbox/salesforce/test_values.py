"""Ids, numbers and relative dates on their own."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sandbox.salesforce.dates import relative_range
from adapters.sandbox.salesforce.ids import make_id, normalised, with_checksum
from adapters.sandbox.salesforce.values import java_double

TODAY = date(2026, 2, 18)  # a Wednesday


def test_the_checksum_is_salesforces() -> None:
    # The master record type's id, which is the same in every org.
    assert with_checksum("012000000000000") == "012000000000000AAA"
    assert with_checksum("00Q1a00000Abcde") == "00Q1a00000AbcdeEAB"


@given(st.integers(0, 62**9 - 1), st.sampled_from(["001", "00Q", "a0B"]))
def test_ids_survive_shortening_and_case_folding(number: int, prefix: str) -> None:
    record_id = make_id(prefix, number)
    assert len(record_id) == 18
    assert with_checksum(record_id[:15]) == record_id
    assert (
        normalised(record_id[:15])
        == normalised(record_id.lower())
        == normalised(record_id.upper())
        == record_id
    )


def test_ids_rise_with_their_numbers() -> None:
    numbers = [0, 1, 61, 62, 3_843, 3_844, 1_000_000, 5_000_000]
    assert sorted(make_id("001", number) for number in numbers) == [
        make_id("001", number) for number in numbers
    ]


@pytest.mark.parametrize("text", ["", "001", "001-00000000000", "x" * 16, "0010000000000ü0"])
def test_what_is_no_id(text: str) -> None:
    assert normalised(text) is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_doubles_read_back_equal(value: float) -> None:
    text = java_double(value)
    assert text is not None
    assert float(text) == value
    assert "." in text
    assert ("E" in text) == (value != 0 and not 1e-3 <= abs(value) < 1e7)


@pytest.mark.parametrize(
    ("name", "n", "first", "after"),
    [
        ("TODAY", None, "2026-02-18", "2026-02-19"),
        ("YESTERDAY", None, "2026-02-17", "2026-02-18"),
        ("LAST_N_DAYS", 30, "2026-01-19", "2026-02-19"),
        ("NEXT_N_DAYS", 2, "2026-02-19", "2026-02-21"),
        ("N_DAYS_AGO", 3, "2026-02-15", "2026-02-16"),
        ("THIS_WEEK", None, "2026-02-15", "2026-02-22"),
        ("LAST_MONTH", None, "2026-01-01", "2026-02-01"),
        ("LAST_N_MONTHS", 3, "2025-11-01", "2026-02-01"),
        ("THIS_QUARTER", None, "2026-01-01", "2026-04-01"),
        ("NEXT_N_QUARTERS", 2, "2026-04-01", "2026-10-01"),
        ("LAST_FISCAL_YEAR", None, "2025-01-01", "2026-01-01"),
        ("LAST_90_DAYS", None, "2025-11-20", "2026-02-19"),
    ],
)
def test_relative_dates(name: str, n: int | None, first: str, after: str) -> None:
    assert relative_range(name, n, TODAY) == (date.fromisoformat(first), date.fromisoformat(after))


@pytest.mark.parametrize(
    ("name", "n"), [("SOMEDAY", None), ("LAST_N_AGES", 3), ("THIS_EON", None), ("N_DAYS", 1)]
)
def test_unknown_relative_dates(name: str, n: int | None) -> None:
    assert relative_range(name, n, TODAY) is None
