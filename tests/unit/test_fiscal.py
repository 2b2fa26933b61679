from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.fiscal import Quarter

DAYS = st.dates(date(1901, 1, 1), date(2099, 12, 31))
MONTHS = st.integers(1, 12)


@pytest.mark.parametrize(
    ("day", "year_start", "name", "start", "end"),
    [
        (date(2026, 11, 24), 1, "2026Q4", date(2026, 10, 1), date(2026, 12, 31)),
        (date(2026, 1, 1), 1, "2026Q1", date(2026, 1, 1), date(2026, 3, 31)),
        (date(2024, 2, 29), 12, "2024Q1", date(2023, 12, 1), date(2024, 2, 29)),
        (date(2026, 7, 1), 7, "2027Q1", date(2026, 7, 1), date(2026, 9, 30)),
        (date(2026, 6, 30), 7, "2026Q4", date(2026, 4, 1), date(2026, 6, 30)),
        (date(2026, 1, 15), 11, "2026Q1", date(2025, 11, 1), date(2026, 1, 31)),
        (date(2025, 12, 31), 11, "2026Q1", date(2025, 11, 1), date(2026, 1, 31)),
    ],
)
def test_quarter_of_a_day(day: date, year_start: int, name: str, start: date, end: date) -> None:
    quarter = Quarter.of(day, year_start)
    assert (str(quarter), quarter.start, quarter.end) == (name, start, end)


@given(DAYS, MONTHS)
def test_every_day_lies_within_its_quarter(day: date, year_start: int) -> None:
    quarter = Quarter.of(day, year_start)
    assert quarter.start <= day <= quarter.end
    assert 89 <= (quarter.end - quarter.start).days + 1 <= 92


@given(DAYS, MONTHS)
def test_quarters_follow_each_other_without_gap(day: date, year_start: int) -> None:
    quarter = Quarter.of(day, year_start)
    assert Quarter.of(quarter.end + timedelta(days=1), year_start) == quarter.next
    assert quarter.next.start == quarter.end + timedelta(days=1)


@given(DAYS, MONTHS)
def test_a_name_reads_back(day: date, year_start: int) -> None:
    quarter = Quarter.of(day, year_start)
    assert Quarter.parse(str(quarter), year_start) == quarter


@pytest.mark.parametrize("name", ["2026-Q4", " 2026 q4 ", "2026q4"])
def test_names_are_read_kindly(name: str) -> None:
    assert str(Quarter.parse(name)) == "2026Q4"


@pytest.mark.parametrize("name", ["", "Q4", "2026Q5", "2026Q0", "26Q4", "2026Q4 or so"])
def test_no_quarter_is_an_error_that_shows_the_form(name: str) -> None:
    with pytest.raises(ValueError, match="such as 2026Q4"):
        Quarter.parse(name)
