from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from connector.cron import Cron, parse, when_clocks_change


@pytest.mark.parametrize(
    ("weekday", "days"),
    [
        ("0", "sun"),
        ("7", "sun"),
        ("1", "mon"),
        ("1-5", "mon,tue,wed,thu,fri"),
        ("5-1", "sun,mon,fri,sat"),
        ("fri-mon", "sun,mon,fri,sat"),
        ("SAT,sun", "sun,sat"),
        ("*/3", "sun,wed,sat"),
        ("5-7", "sun,fri,sat"),
        ("0-7", "*"),
        ("*", "*"),
    ],
)
def test_weekdays_mean_what_they_mean_in_cron(weekday: str, days: str) -> None:
    assert parse(f"30 4 * * {weekday}").day_of_week == days


def test_lists_ranges_and_steps() -> None:
    assert parse("*/20 4,6-8 1-10/3 jan,jul *") == Cron("0,20,40", "4,6,7,8", "1,4,7,10", "1,7", "*")
    assert parse("50/5 0 * * *").minute == "50,55"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("30 4 * *", "has 4 fields"),
        ("30 4 1 * 1", "restricts both"),
        ("61 4 * * *", "minute 61 is outside 0 to 59"),
        ("30 4 * * 8", "day of week 8 is outside"),
        ("30 4 0 * *", "day of month 0 is outside"),
        ("30 20-4 * * *", "comes after"),
        ("*/0 4 * * *", "step of 0"),
        ("30 four * * *", "'four' is no hour"),
        ("30 4 * * mon-", "is no day of week"),
    ],
)
def test_what_means_nothing_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason.replace("*", r"\*")):
        parse(text)


def test_a_day_of_month_with_every_weekday_named_is_no_contradiction() -> None:
    assert parse("30 4 1 * 0-6").day == "1"


@pytest.mark.parametrize(
    ("text", "zone", "skipped", "twice"),
    [
        ("30 2 * * *", "Europe/Vienna", ["2026-03-29 02:30"], ["2026-10-25 02:30"]),
        ("0 1-4 * * 0", "Europe/Vienna", ["2026-03-29 02:00"], ["2026-10-25 02:00"]),
        ("30 1 * * *", "Europe/London", ["2026-03-29 01:30"], ["2026-10-25 01:30"]),
        ("30 2 * * *", "America/New_York", ["2026-03-08 02:30"], []),
        ("30 2 * 10 *", "Europe/Vienna", [], ["2026-10-25 02:30"]),
        ("30 2 29 * *", "Europe/Vienna", ["2026-03-29 02:30"], []),
        ("30 2 * * 1-5", "Europe/Vienna", [], []),
        ("30 4 * * *", "Europe/Vienna", [], []),
        ("30 2 * * *", "Asia/Tokyo", [], []),
    ],
)  # fmt: skip
def test_times_that_the_clocks_skip_or_show_twice(
    text: str, zone: str, skipped: list[str], twice: list[str]
) -> None:
    found = when_clocks_change(parse(text), ZoneInfo(zone), date(2026, 1, 1))
    assert [[f"{each:%Y-%m-%d %H:%M}" for each in times] for times in found] == [skipped, twice]
