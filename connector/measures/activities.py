"""Measures over completed tasks, past events, calls, e-mails, meetings and notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import narwhals as nw

from connector.mapping.model import ActivitiesSource
from connector.measures.aggregates import Aggregates, Pick


def count(source: ActivitiesSource, activities: Aggregates) -> nw.Expr:
    """Number in the window; with ``half_life_days`` each counts 0.5^(age / half_life_days). Never missing."""
    return activities.faded_count(source.months, source.half_life_days, source.where)


def days_since_last(source: ActivitiesSource, activities: Aggregates) -> nw.Expr:
    """Days since the latest one up to today. Missing without any."""
    return activities.as_of - activities.last_day(Pick(to=activities.as_of, where=source.where))


MEASURES: Final[Mapping[str, Callable[[ActivitiesSource, Aggregates], nw.Expr]]] = {
    "count": count,
    "days_since_last": days_since_last,
}
"""What ``from = "activities"`` can measure."""
