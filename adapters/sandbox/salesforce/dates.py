"""SOQL's relative dates: TODAY, LAST_N_DAYS:30, THIS_QUARTER ... as half-open ranges of days.

Weeks start on Sunday, as in an org with an English locale; fiscal periods are those of the calendar.
"""

from __future__ import annotations

from datetime import date, timedelta

_DAY = timedelta(days=1)
_MONTHS = {"MONTH": 1, "QUARTER": 3, "FISCAL_QUARTER": 3, "YEAR": 12, "FISCAL_YEAR": 12}
_UNITS = {
    "DAYS": 0,
    "WEEKS": 0,
    "MONTHS": 1,
    "QUARTERS": 3,
    "YEARS": 12,
    "FISCAL_QUARTERS": 3,
    "FISCAL_YEARS": 12,
}


def _months(start: date, months: int) -> date:
    """The first of the month, `months` after that of `start`."""
    index = start.year * 12 + start.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def _period(today: date, size: int) -> date:
    """First day of the period of `size` months that holds `today`."""
    return date(today.year, (today.month - 1) // size * size + 1, 1)


def relative_range(name: str, n: int | None, today: date) -> tuple[date, date] | None:
    """First day and the day after the last one of a relative date; None if there is no such literal."""
    simple = {"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1}
    if n is None and name in simple:
        start = today + simple[name] * _DAY
        return start, start + _DAY
    if n is None and name in ("LAST_90_DAYS", "NEXT_90_DAYS"):
        return (
            (today - 90 * _DAY, today + _DAY) if name == "LAST_90_DAYS" else (today + _DAY, today + 91 * _DAY)
        )
    if n is None:
        return _calendar(name, today)
    return _counted(name, n, today)


def _calendar(name: str, today: date) -> tuple[date, date] | None:
    when, _, unit = name.partition("_")
    shift = {"LAST": -1, "THIS": 0, "NEXT": 1}.get(when)
    if shift is None:
        return None
    if unit == "WEEK":
        start = today - timedelta(days=(today.weekday() + 1) % 7) + shift * timedelta(days=7)
        return start, start + timedelta(days=7)
    size = _MONTHS.get(unit)
    if size is None:
        return None
    start = _months(_period(today, size), shift * size)
    return start, _months(start, size)


def _counted(name: str, n: int, today: date) -> tuple[date, date] | None:
    """LAST_N_x:n ends with the period before the present one (days: today included), NEXT_N_x:n mirrors it."""
    when, _, unit = name.partition("_N_")
    ago = unit.endswith("_AGO")
    unit = unit.removesuffix("_AGO")
    if not unit:  # N_DAYS_AGO starts with the N
        when, unit, ago = "", name.removeprefix("N_").removesuffix("_AGO"), name.endswith("_AGO")
    if unit not in _UNITS or (when not in ("LAST", "NEXT") and not ago):
        return None
    if unit in ("DAYS", "WEEKS"):
        return _counted_days(when, n if unit == "DAYS" else 7 * n, today, ago=ago)
    size = _UNITS[unit]
    this = _period(today, size)
    if ago:
        start = _months(this, -n * size)
        return start, _months(start, size)
    return (
        (_months(this, -n * size), this)
        if when == "LAST"
        else (_months(this, size), _months(this, (n + 1) * size))
    )


def _counted_days(when: str, days: int, today: date, *, ago: bool) -> tuple[date, date]:
    if ago:
        return today - days * _DAY, today - (days - 1) * _DAY
    if when == "LAST":
        return today - days * _DAY, today + _DAY
    return today + _DAY, today + (days + 1) * _DAY
