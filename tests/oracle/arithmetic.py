"""Dates, rounding, reading of values and conditions."""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from connector.crm import Currencies
from connector.mapping.model import FieldCondition

EPOCH = date(1970, 1, 1)
DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
Row = Mapping[str, Any]


def shift(day: int, months: int) -> int:
    """Calendar months later (or earlier); a day that the month lacks becomes its last day."""
    start = EPOCH + timedelta(days=day)
    index = start.year * 12 + start.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return (date(year, month + 1, min(start.day, last)) - EPOCH).days


def valid_day(day: Any) -> int | None:
    if day is None:
        return None
    lowest, highest = (date(1900, 1, 1) - EPOCH).days, (date(2100, 12, 31) - EPOCH).days
    return int(day) if lowest <= day <= highest else None


def half_away(value: float, decimals: int = 0) -> float:
    cleaned = math.floor(abs(value) * 10**decimals * 1e6 + 0.5) / 1e6
    whole = math.floor(cleaned + 0.5) / 10**decimals
    return -whole if value < 0 and whole else whole


def number(value: Any) -> float | None:
    """The value as a finite number, else nothing."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        if not DECIMAL.fullmatch(text):
            return None
        value = float(text)
    return float(value) if math.isfinite(value) else None


def column(name: str) -> str:
    return name.replace(".", "__")


def text(value: Any) -> str | None:
    """For comparing: trimmed and in lower case; nothing if empty."""
    if value is None:
        return None
    trimmed = str(value).strip().lower()
    return trimmed or None


def same(value: Any, other: Any) -> bool:
    """Equal as booleans, numbers or texts."""
    if isinstance(value, bool):
        return (isinstance(other, bool) and value == other) or (
            isinstance(other, str) and text(other) == str(value).lower()
        )
    if isinstance(value, int | float):
        wanted = number(other)
        return wanted is not None and float(value) == wanted
    if isinstance(other, bool):
        return text(value) == str(other).lower()
    if isinstance(other, int | float):
        return number(value) == float(other)
    return text(value) == text(other)


def holds(condition: FieldCondition, row: Row, dates: frozenset[str] = frozenset()) -> bool:
    """Whether a row meets a condition; an empty field passes not_in and is_set = false alone."""
    value = row.get(column(condition.field))
    if isinstance(value, str) and not value.strip():
        value = None
    if isinstance(value, float) and not math.isfinite(value):
        value = None
    if condition.field in dates and value is not None:
        value = (EPOCH + timedelta(days=int(value))).isoformat()
    operator, operand = condition.operator, condition.operand
    if operator == "is_set":
        return (value is not None) == operand
    if value is None:
        return operator == "not_in"
    if operator == "equals":
        return same(value, operand)
    if operator in ("in", "not_in"):
        assert isinstance(operand, tuple)
        return any(same(value, each) for each in operand) == (operator == "in")
    if isinstance(operand, str) and number(operand) is None:
        left, right = str(text(value)), str(text(operand))
        return left > right if operator == "above" else left < right
    left_number, right_number = number(value), number(operand)
    if left_number is None or right_number is None:
        return False
    return left_number > right_number if operator == "above" else left_number < right_number


class Money:
    """Converts amounts to whole cents of one currency."""

    def __init__(self, currency: str, currencies: Currencies, table: Mapping[str, float]) -> None:
        self.currency, self.home, self.rates, self.table = currency, currencies.home, currencies.rates, table

    def rate(self, currency: str, day: int) -> float | None:
        if currency == self.home:
            return 1.0
        dated = [rate for rate in self.rates if rate.currency == currency and rate.dated]
        for rate in dated:
            start = -(10**9) if rate.start is None else (rate.start - EPOCH).days
            end = 10**9 if rate.end is None else (rate.end - EPOCH).days
            if start <= day < end:
                return rate.rate
        if dated:
            return None
        current = [rate.rate for rate in self.rates if rate.currency == currency]
        return current[0] if current else None

    def cents(
        self, amount: float | None, currency: str | None, day: int, home_amount: float | None = None
    ) -> int | None:
        if amount is None or not math.isfinite(amount) or abs(amount) > 1e13:
            return None
        converted = amount
        currency = currency or self.home or None
        if currency is not None and currency != self.currency:
            if home_amount is not None and math.isfinite(home_amount) and self.home == self.currency:
                converted = home_amount
            else:
                own, target = self.rate(currency, day), self.rate(self.currency, day)
                if own is not None and target is not None:
                    converted = amount / own * target
                elif currency in self.table:
                    converted = amount / self.table[currency]
                else:
                    return None
        if abs(converted) > 1e13:
            return None
        return int(half_away(converted * 100))


def percentile(values: Sequence[float], share: float) -> float:
    """Linear interpolation between ranks, both ends included."""
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)
