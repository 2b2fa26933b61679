"""Days and windows of calendar months.

Dates are whole days since 1970-01-01. A window of n months reaches from the day n calendar months before ``as_of``,
exclusive, to ``as_of``, inclusive; a forward window from ``as_of``, exclusive, to the day n months later, inclusive.
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta

EPOCH = date(1970, 1, 1)


def days(day: date) -> int:
    """Whole days since 1970-01-01."""
    return (day - EPOCH).days


def shifted(day: int, months: int) -> int:
    """The day so many calendar months later, or earlier if negative; 31 May less 3 months is 28 or 29 February."""
    start = EPOCH + timedelta(days=day)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return days(date(year, month + 1, min(start.day, last)))


EARLIEST, LATEST = days(date(1900, 1, 1)), days(date(2100, 12, 31))
"""A date outside is a slip of the pen: it counts as missing."""
