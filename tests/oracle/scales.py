"""Every scale, for one value at a time; ranks and centred ratings against a sample of the portfolio."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from connector.mapping.model import LogScale, LookupScale, PercentileScale, RatingScale, Scale
from tests.oracle.arithmetic import Row, column, number, text
from tests.oracle.measures import World

KEYS = ("name", "owner", "industry", "size", "parent")
Judge = Callable[[Any, Row], float | None]


def judge(scale: Scale, sample: Sequence[tuple[Any, Row]], world: World) -> Judge:
    """A function from a raw value and its account to the score before rounding.

    Args:
        scale: the scale.
        sample: raw value and row of every account in the portfolio.
        world: where owner and peer group stand.
    """
    if isinstance(scale, PercentileScale):
        return _ranking(scale, sample, world)
    if isinstance(scale, RatingScale) and scale.centre_by is not None:
        return _centring(scale, sample, world)
    return lambda raw, _: scaled(raw, scale)


def group_of(row: Row, by: str | None, world: World) -> str | None:
    if by is None:
        return None
    name = getattr(world.mapping.accounts, by) if by in KEYS else by
    value = row.get(column(name))
    if by == "size":
        employees = number(value)
        return None if employees is None else str(sum(employees >= edge for edge in (10, 50, 250)))
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return text(value)


def _ranking(scale: PercentileScale, sample: Sequence[tuple[Any, Row]], world: World) -> Judge:
    known = [
        (round(value, 9), group_of(row, scale.by, world))
        for raw, row in sample
        if (value := number(raw)) is not None
    ]

    everybody = sorted(value for value, _ in known)
    groups = {
        group: sorted(value for value, of in known if of == group) for _, group in known if group is not None
    }

    def rank(raw: Any, row: Row) -> float | None:
        value = number(raw)
        if value is None or not known:
            return None
        value, group = round(value, 9), group_of(row, scale.by, world)
        peers = groups.get(group or "", [])
        if len(peers) < scale.min_group:
            peers = everybody
        less = bisect_left(peers, value)
        equal = bisect_right(peers, value) - less
        share = (less + equal / 2) / len(peers)
        return 100 * (1 - share if scale.reverse else share)

    return rank


def _centring(scale: RatingScale, sample: Sequence[tuple[Any, Row]], world: World) -> Judge:
    low, high = min(scale.worst, scale.best), max(scale.worst, scale.best)
    owner_field = column(world.mapping.accounts.owner or "")
    given: dict[Any, list[float]] = {}
    for raw, row in sample:
        value = number(raw)
        if value is not None and low <= round(value, 9) <= high:
            given.setdefault(row.get(owner_field), []).append(value)
    everything = [value for values in given.values() for value in values]

    def centred(raw: Any, row: Row) -> float | None:
        value = number(raw)
        if value is None or not low <= round(value, 9) <= high:
            return None
        own = given.get(row.get(owner_field), [])
        if row.get(owner_field) is not None and len(own) >= 10:
            value += sum(everything) / len(everything) - sum(own) / len(own)
        return scaled(min(high, max(low, value)), scale)

    return centred


def scaled(raw: Any, scale: Scale) -> float | None:
    """The score, 0 to 100; nothing if the value is missing or does not fit."""
    if raw is None:
        return None
    if isinstance(scale, LookupScale):
        return _looked_up(raw, scale)
    if scale.kind == "boolean":
        truth = raw if isinstance(raw, bool) else {"true": True, "false": False}.get(text(raw) or "")
        return None if truth is None else (scale.yes if truth else scale.no)
    value = number(raw)
    if value is None or abs(value) > 1e300:
        return None
    value = round(value, 9)
    if isinstance(scale, RatingScale):
        low, high = min(scale.worst, scale.best), max(scale.worst, scale.best)
        return 100 * (value - scale.worst) / (scale.best - scale.worst) if low <= value <= high else None
    if isinstance(scale, LogScale):
        zero, full = math.log1p(scale.zero), math.log1p(scale.full)
        return 100 * min(1.0, max(0.0, (math.log1p(max(value, 0)) - zero) / (full - zero)))
    if scale.kind == "linear":
        return 100 * min(1.0, max(0.0, (value - scale.zero) / (scale.full - scale.zero)))
    if scale.kind == "bands":
        return scale.scores[sum(value >= edge for edge in scale.edges)]
    if scale.kind == "half_life":
        return 100 * 0.5 ** (max(value, 0) / scale.days)
    assert scale.kind == "saturating"
    return 100 * (1 - 0.5 ** (max(value, 0) / scale.half_at))


def _looked_up(raw: Any, scale: LookupScale) -> float | None:
    scores = {text(key): score for key, score in scale.scores.items()}
    parts = [text(part) for part in str(raw).split(";")] if scale.multi else [text(raw)]
    known = [scores[part] for part in parts if part in scores]
    if known:
        pick = {"max": max, "min": min, "mean": lambda values: sum(values) / len(values), None: max}[
            scale.multi
        ]
        return float(pick(known))
    return None if scale.other == "missing" or all(part is None for part in parts) else float(scale.other)
