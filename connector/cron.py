"""Cron expressions, read as cron reads them.

The scheduler library counts weekdays from Monday, refuses 7 and ranges such as ``fri-mon``, and demands that day of
month and weekday both hold, where cron is content with either. So weekdays are spelled out by name here, and an
expression that restricts both is refused rather than run on other nights than its author meant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PART = re.compile(r"(?P<range>\*|(?P<first>\w+)(-(?P<last>\w+))?)(/(?P<step>\d+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cron:
    """When to run, as the keyword arguments of a scheduler that wants weekdays by name."""

    minute: str
    hour: str
    day: str
    month: str
    day_of_week: str


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    least: int
    most: int
    names: Sequence[str] = ()
    first_name: int = 0
    wraps: bool = False


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, MONTHS, 1),
    _Field("day of week", 0, 7, WEEKDAYS, wraps=True),
)


def parse(text: str) -> Cron:
    """Read five cron fields: minute, hour, day of month, month, day of week.

    Weekdays are 0 or 7 for Sunday to 6 for Saturday, or names; a range may wrap around the week's end.

    Raises:
        ValueError: the expression means nothing, or restricts both day of month and weekday.
    """
    parts = text.lower().split()
    if len(parts) != len(_FIELDS):
        raise ValueError(
            f"{text!r} has {len(parts)} fields; cron needs five: minute, hour, day of month, month, day of week",
        )
    values = [_values(part, kind) for part, kind in zip(parts, _FIELDS, strict=True)]
    minute, hour, day, month = (
        _listed(each, kind) for each, kind in zip(values[:4], _FIELDS[:4], strict=True)
    )
    weekdays = sorted({value % 7 for value in values[4]})
    every_weekday = len(weekdays) == len(WEEKDAYS)
    if day != "*" and not every_weekday:
        raise ValueError(
            f"{text!r} restricts both day of month and day of week; cron runs on days that meet either, which is "
            "rarely meant: leave one of the two at *",
        )
    return Cron(
        minute=minute,
        hour=hour,
        day=day,
        month=month,
        day_of_week="*" if every_weekday else ",".join(WEEKDAYS[value] for value in weekdays),
    )


def when_clocks_change(fields: Cron, zone: ZoneInfo, since: date) -> tuple[list[datetime], list[datetime]]:
    """Local times of the year after a day at which an expression fires though the clocks skip them, or show them twice.

    Args:
        fields: the expression.
        zone: whose clocks.
        since: the first day looked at.

    Returns:
        Those that do not exist, and those that come twice.
    """
    skipped: list[datetime] = []
    twice: list[datetime] = []
    for ahead in range(366):
        day = since + timedelta(days=ahead)
        start = datetime.combine(day, time(), zone)
        if start.utcoffset() == (start + timedelta(days=1)).utcoffset() or not _falls_on(fields, day):
            continue
        for hour, minute in product(_numbers(fields.hour, 24), _numbers(fields.minute, 60)):
            local = datetime.combine(day, time(hour, minute), zone)
            again = local.replace(fold=1)
            if local.utcoffset() == again.utcoffset():
                continue
            exists = local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None)
            (twice if exists else skipped).append(local)
    return skipped, twice


def _falls_on(fields: Cron, day: date) -> bool:
    weekdays = WEEKDAYS if fields.day_of_week == "*" else fields.day_of_week.split(",")
    return (
        day.month in _numbers(fields.month, 13)
        and day.day in _numbers(fields.day, 32)
        and WEEKDAYS[day.isoweekday() % 7] in weekdays
    )


def _numbers(listed: str, end: int) -> Sequence[int]:
    return range(end) if listed == "*" else [int(each) for each in listed.split(",")]


def _listed(values: Sequence[int], kind: _Field) -> str:
    found = sorted(set(values))
    return "*" if len(found) > kind.most - kind.least else ",".join(str(value) for value in found)


def _values(text: str, kind: _Field) -> list[int]:
    values: list[int] = []
    for part in text.split(","):
        found = _PART.fullmatch(part)
        if found is None:
            raise ValueError(f"{part!r} is no {kind.name} of cron")
        step = int(found["step"] or 1)
        if step == 0:
            raise ValueError(f"{part!r}: a step of 0 never comes round")
        if found["range"] == "*":
            first, last = kind.least, 6 if kind.wraps else kind.most
        else:
            first = _value(found["first"], kind)
            open_end = kind.most if found["step"] else first
            last = _value(found["last"], kind) if found["last"] else open_end
        if first > last:
            if not kind.wraps:
                raise ValueError(f"{part!r}: the {kind.name} {first} comes after {last}")
            last += 7  # fri-mon
        values.extend(range(first, last + 1, step))
    return values


def _value(text: str, kind: _Field) -> int:
    if text in kind.names:
        return kind.names.index(text) + kind.first_name
    if not text.isdecimal():
        raise ValueError(f"{text!r} is no {kind.name} of cron")
    value = int(text)
    if not kind.least <= value <= kind.most:
        raise ValueError(f"{kind.name} {value} is outside {kind.least} to {kind.most}")
    return value
