"""Ends and edges of scales that fit the portfolio: proposals from its own distribution.

A scale whose ends lie far from the values gives most accounts 0 or 100 and tells nobody apart. Proposed are the 10th
and the 90th percentile of the portfolio's values as round numbers, and for bands the quantiles that fill them evenly.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from collections.abc import Mapping as Map
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import polars as pl

from connector.mapping.model import BandsScale, LinearScale, LogScale, Mapping, Rung
from connector.reports.words import Words, words

LOW, HIGH = 0.1, 0.9
LEAST = 20
"""Values below which nothing is proposed."""
STEPS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0)
FINER = (1, 2)
"""Decimals of the same, where round numbers fall together."""
MOST_AT_ENDS = 0.3
"""A proposal that leaves more of the values at the ends than this, and than now, is none."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One scale.

    Attributes:
        criterion, label: whose it is.
        path: of the scale in the mapping.
        kind: linear, log or bands.
        values: accounts of the portfolio with a value.
        low, median, high: 10th percentile, median and 90th percentile; for ``log`` of the values above 0.
        now: zero and full, or edges, as the mapping has them.
        then: as proposed; None if there is nothing to propose.
        clipped_now, clipped_then: share of the values at or beyond the ends; None for bands.
        note: why nothing is proposed, or "".
    """

    criterion: str
    label: str
    path: str
    kind: str
    values: int
    low: float | None
    median: float | None
    high: float | None
    now: Map[str, Any]
    then: Map[str, Any] | None
    clipped_now: float | None
    clipped_then: float | None
    note: str = ""

    @property
    def settings(self) -> list[str]:
        """The proposal as settings of the mapping, see `connector.mapping.edits`."""
        if self.then is None:
            return []
        return [f"{self.path}.{key}={in_toml(value)}" for key, value in self.then.items()]

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def calibration(accounts: pl.DataFrame, mapping: Mapping, only: str | None = None) -> list[Proposal]:
    """A proposal for every scale with ends or edges, in the order of the mapping.

    Args:
        accounts: the accounts of the portfolio, from `map` on.
        mapping: criteria.
        only: id of the criterion to look at; all by default.
    """
    found = []
    for criterion in mapping.criteria:
        if only not in (None, criterion.id):
            continue
        label = criterion.label.in_(mapping.language)
        for place, rung in enumerate(criterion.rungs):
            here = f"criteria[{criterion.id}]"
            path = f"{here}.scale" if criterion.first_of is None else f"{here}.first_of[{place + 1}].scale"
            if isinstance(rung.scale, LinearScale | LogScale | BandsScale):
                values = _values(accounts, f"raw:{criterion.id}:{place}")
                found.append(_proposal(criterion.id, label, path, rung, values, words(mapping.language)))
    return found


def _values(accounts: pl.DataFrame, column: str) -> pl.Series:
    values = accounts.get_column(column)
    return (
        values.drop_nulls().cast(pl.Float64) if values.dtype.is_numeric() else pl.Series([], dtype=pl.Float64)
    )


def _proposal(criterion: str, label: str, path: str, rung: Rung, values: pl.Series, t: Words) -> Proposal:
    scale = rung.scale
    told = values.filter(values > 0) if isinstance(scale, LogScale) else values
    low, median, high = (told.quantile(share, "linear") for share in (LOW, 0.5, HIGH))
    now: dict[str, Any]
    then: dict[str, Any] | None
    if isinstance(scale, BandsScale):
        now = {"edges": list(scale.edges)}
        then = _edges(told, len(scale.edges))
    else:
        assert isinstance(scale, LinearScale | LogScale)
        now = {"zero": scale.zero, "full": scale.full}
        then = _ends(scale, low, high)
    note = ""
    if len(told) < LEAST:
        then, note = None, t.say("calibrated_few", count=len(told), least=LEAST)
    elif then is None:
        note = t["calibrated_same"]
    elif then == now:
        then, note = None, t["calibrated_fits"]
    elif (left := _clipped(values, then) or 0.0) > max(MOST_AT_ENDS, _clipped(values, now) or 0.0):
        low_end, high_end = (t.brief(end) for end in sorted(then.values()))
        share = t.brief(round(100 * left))
        then, note = None, t.say("calibrated_worse", low=low_end, high=high_end, share=share)
    return Proposal(
        criterion=criterion,
        label=label,
        path=path,
        kind=scale.kind,
        values=len(values),
        low=low,
        median=median,
        high=high,
        now=now,
        then=then,
        clipped_now=_clipped(values, now),
        clipped_then=None if then is None else _clipped(values, then),
        note=note,
    )


def _ends(scale: LinearScale | LogScale, low: float | None, high: float | None) -> dict[str, Any] | None:
    """Zero and full, the way round that the mapping has them."""
    if low is None or high is None:
        return None
    found = _rising([low, high])
    if found is None:
        return None
    down, up = found
    return {"zero": up, "full": down} if scale.zero > scale.full else {"zero": down, "full": up}


def _edges(values: pl.Series, number: int) -> dict[str, Any] | None:
    found = [values.quantile(place / (number + 1), "linear") for place in range(1, number + 1)]
    edges = _rising([edge for edge in found if edge is not None], values.min())  # type: ignore[arg-type]
    return {"edges": edges} if edges is not None and len(edges) == number else None


def _rising(values: list[float], least: float | None = None) -> list[int | float] | None:
    """The values as numbers that are as round as can be and all different; None if they are the same.

    Args:
        values: in rising order.
        least: what the first must lie above: with the lowest value on the first edge, the first band would hold nobody.
    """
    for decimals in (0, *FINER):
        found = [nice(value, decimals) for value in values]
        bounds = found if least is None else [least, *found]
        if all(one < two for one, two in pairwise(bounds)):
            return found
    return None


def _clipped(values: pl.Series, ends: Map[str, Any]) -> float | None:
    if "edges" in ends or values.is_empty():
        return None
    low, high = sorted((ends["zero"], ends["full"]))
    return float(((values <= low) | (values >= high)).mean() or 0.0)


def nice(value: float, decimals: int = 0) -> int | float:
    """The nearest round number: 1, 1.5, 2, 2.5, 3, 4 ... 9 times a power of ten; with decimals these, such as 4.56."""
    if value == 0 or not math.isfinite(value):
        return 0
    power = 10.0 ** math.floor(math.log10(abs(value)))
    step = abs(value) / power
    step = round(step, decimals) if decimals else min(STEPS, key=lambda each: abs(each - step))
    # Multiplied as decimals, so that 3 tenths are 0.3.
    found = math.copysign(float(f"{step * power:.3g}"), value)
    return int(found) if found.is_integer() else found


def in_toml(value: Any) -> str:  # noqa: ANN401 - a number or a list of numbers
    """As an admin would write it: ``500_000``, ``[1, 2.5]``."""
    if isinstance(value, list):
        return f"[{', '.join(in_toml(each) for each in value)}]"
    return f"{value:_}" if isinstance(value, int) else repr(value)


def settings(proposals: list[Proposal]) -> Iterator[str]:
    """All proposals together as settings."""
    for proposal in proposals:
        yield from proposal.settings
