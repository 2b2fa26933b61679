from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.windows import days, shifted


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2026, 5, 31), -3, date(2026, 2, 28)),
        (date(2024, 5, 31), -3, date(2024, 2, 29)),
        (date(2026, 1, 15), -1, date(2025, 12, 15)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(1970, 1, 1), 0, date(1970, 1, 1)),
    ],
)
def test_a_day_that_the_month_lacks_becomes_its_last(start: date, months: int, end: date) -> None:
    assert shifted(days(start), months) == days(end)


@given(st.integers(-20_000, 40_000), st.integers(-240, 240))
def test_more_months_never_lead_to_an_earlier_day(day: int, months: int) -> None:
    assert shifted(day, months) < shifted(day, months + 1)
