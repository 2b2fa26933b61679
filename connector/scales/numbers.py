"""Scales of numbers: amounts, counts, shares, days, ranks and ratings."""

from __future__ import annotations

from math import log

import narwhals as nw

from connector.mapping.model import (
    BandsScale,
    HalfLifeScale,
    LinearScale,
    LogScale,
    PercentileScale,
    RatingScale,
    SaturatingScale,
)
from connector.reading import missing
from connector.tables import divided


def linear(scale: LinearScale, value: nw.Expr) -> nw.Expr:
    """100 clip((x - zero) / (full - zero), 0, 1); zero > full: less is better."""
    return 100 * _within(divided(value - scale.zero, scale.full - scale.zero))


def logarithmic(scale: LogScale, value: nw.Expr) -> nw.Expr:
    """Linear on ln(1 + max(x, 0)) of x, zero and full: each doubling counts about the same.

    For amounts and head counts. `zero` and `full` are not negative; a negative x counts as 0.
    """
    bottom, top = log(1 + scale.zero), log(1 + scale.full)
    return 100 * _within(divided((_floored(value) + 1).log() - bottom, top - bottom))


def bands(scale: BandsScale, value: nw.Expr) -> nw.Expr:
    """A score per band; a value on an edge belongs to the upper band. One score more than edges, which rise."""
    score = nw.when(value < scale.edges[0]).then(nw.lit(scale.scores[0]))
    for edge, result in zip(scale.edges[1:], scale.scores[1:-1], strict=True):
        score = score.when(value < edge).then(nw.lit(result))
    return score.when(~value.is_null()).then(nw.lit(scale.scores[-1])).otherwise(missing(nw.Float64))


def half_life(scale: HalfLifeScale, value: nw.Expr) -> nw.Expr:
    """100 x 0.5^(x / days); x below 0 counts as 0. For ages: 100 today, 50 after `days`, 25 after twice that."""
    return 100 * (_floored(value) * (-log(2) / scale.days)).exp()


def saturating(scale: SaturatingScale, value: nw.Expr) -> nw.Expr:
    """100 (1 - 0.5^(x / half_at)); x below 0 counts as 0. For counts of which the first ones matter most."""
    return 100 * (1 - (_floored(value) * (-log(2) / scale.half_at)).exp())


def percentile(scale: PercentileScale, rank: nw.Expr) -> nw.Expr:
    """100 (less + equal / 2) / n in the reference distribution; 100 less that with ``reverse``.

    Args:
        scale: the peer group and the direction.
        rank: (less + equal / 2) / n, 0..1: see `connector.scales.portfolio`.
    """
    return 100 * (1 - rank) if scale.reverse else 100 * rank


def rating(scale: RatingScale, value: nw.Expr) -> nw.Expr:
    """0 at ``worst``, 100 at ``best``, straight between; outside is missing. With ``centre_by``, of the centred one."""
    return 100 * divided(inside(scale, value) - scale.worst, scale.best - scale.worst)


def inside(scale: RatingScale, value: nw.Expr) -> nw.Expr:
    """The rating, null outside its range."""
    low, high = sorted((scale.worst, scale.best))
    return nw.when((value >= low) & (value <= high)).then(value)


def _floored(value: nw.Expr) -> nw.Expr:
    return nw.when(value < 0).then(nw.lit(0.0)).otherwise(value)


def _within(share: nw.Expr) -> nw.Expr:
    return share.clip(0.0, 1.0)
