"""Scales: how much a raw value counts, 0 to 100.

One function per kind: it takes the scale's parameters and the value as `ready` gives it, and gives the score before
rounding, null where the value is missing or does not fit. To add one: a model in `connector.mapping.model`, a function
and its entry in SCALES here, a test file in ``tests/unit/scales``.

Three steps, each best applied to a column that holds the one before: `ready`, `score`, `points`. An engine computes
an expression as often as it is named, and these name their value several times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from math import log
from typing import Any, Final

import narwhals as nw

from connector.mapping.model import (
    BandsScale,
    BooleanScale,
    HalfLifeScale,
    LinearScale,
    LogScale,
    LookupScale,
    RatingScale,
    SaturatingScale,
    Scale,
)
from connector.reading import fold, folded, missing
from connector.tables import divided, rounded, translated

RAW_DECIMALS: Final = 9
EXACT: Final = 1e6
"""Beyond it a number has no ninth decimal to round: it is taken as it is."""


def linear(scale: LinearScale, value: nw.Expr) -> nw.Expr:
    """100 clip((x - zero) / (full - zero), 0, 1); zero > full: less is better."""
    return 100 * _within(divided(value - scale.zero, scale.full - scale.zero))


def logarithmic(scale: LogScale, value: nw.Expr) -> nw.Expr:
    """Linear on ln(1 + max(x, 0)): each doubling counts about the same."""
    bottom, top = log(1 + scale.zero), log(1 + scale.full)
    return 100 * _within(divided((_floored(value) + 1).log() - bottom, top - bottom))


def bands(scale: BandsScale, value: nw.Expr) -> nw.Expr:
    """A score per band; a value on an edge belongs to the upper band."""
    score = nw.when(value < scale.edges[0]).then(nw.lit(scale.scores[0]))
    for edge, result in zip(scale.edges[1:], scale.scores[1:-1], strict=True):
        score = score.when(value < edge).then(nw.lit(result))
    return score.when(~value.is_null()).then(nw.lit(scale.scores[-1])).otherwise(missing(nw.Float64))


def lookup(scale: LookupScale, text: nw.Expr) -> nw.Expr:
    """A score per stored value, case and outer blanks ignored; ``other`` for values that are not listed.

    With ``multi`` the value is a list separated by ";": the largest, smallest or mean score of its listed parts.
    """
    scores = {fold(key): float(score) for key, score in scale.scores.items()}
    found = (
        translated(text, scores, nw.Float64)
        if scale.multi is None
        else _of_several(text, scores, scale.multi)
    )
    if scale.other == "missing":
        return found
    filled = text if scale.multi is None else text.str.replace_all(r"[;\s]+", "")
    other = nw.when((filled != "").fill_null(False)).then(nw.lit(float(scale.other)))
    return nw.when(~found.is_null()).then(found).otherwise(other)


def boolean(scale: BooleanScale, value: nw.Expr) -> nw.Expr:
    """``yes`` (100) for true, ``no`` (0) for false."""
    return (
        nw.when(value)
        .then(nw.lit(scale.yes))
        .when(~value)
        .then(nw.lit(scale.no))
        .otherwise(missing(nw.Float64))
    )


def half_life(scale: HalfLifeScale, value: nw.Expr) -> nw.Expr:
    """100 x 0.5^(x / days); x below 0 counts as 0."""
    return 100 * (_floored(value) * (-log(2) / scale.days)).exp()


def saturating(scale: SaturatingScale, value: nw.Expr) -> nw.Expr:
    """100 (1 - 0.5^(x / half_at)); x below 0 counts as 0."""
    return 100 * (1 - (_floored(value) * (-log(2) / scale.half_at)).exp())


def rating(scale: RatingScale, value: nw.Expr) -> nw.Expr:
    """0 at ``worst``, 100 at ``best``, straight between; outside is missing."""
    low, high = sorted((scale.worst, scale.best))
    inside = nw.when((value >= low) & (value <= high)).then(value)
    return 100 * divided(inside - scale.worst, scale.best - scale.worst)


def ready(scale: Scale, raw: nw.Expr) -> nw.Expr:
    """What was measured, as its scale reads it.

    Args:
        scale: its kind decides.
        raw: text for `lookup`, boolean for `boolean`, else a number.

    Returns:
        A text trimmed and in lower case, a boolean as it is, a number without the noise of binary fractions: rounded to
        9 decimals.
    """
    if isinstance(scale, LookupScale):
        return folded(raw)
    if isinstance(scale, BooleanScale):
        return raw
    number = raw.cast(nw.Float64)
    return nw.when(number.abs() < EXACT).then(rounded(number, RAW_DECIMALS)).otherwise(number)


def score(scale: Scale, value: nw.Expr, *, multi: bool = False) -> nw.Expr:
    """The score before it is rounded; null where the value is missing or does not fit.

    Args:
        scale: kind and parameters.
        value: as `ready` gives it.
        multi: the CRM says that the field holds several values separated by ";".
    """
    if isinstance(scale, LookupScale) and multi and scale.multi is None:
        scale = scale.model_copy(update={"multi": "max"})
    return SCALES[scale.kind](scale, value)


def points(score: nw.Expr) -> nw.Expr:
    """The score in whole points, half away from zero."""
    return rounded(score).cast(nw.Int64)


def _floored(value: nw.Expr) -> nw.Expr:
    return nw.when(value < 0).then(nw.lit(0.0)).otherwise(value)


def _within(share: nw.Expr) -> nw.Expr:
    return share.clip(0.0, 1.0)


def _of_several(text: nw.Expr, scores: Mapping[str, float], pick: str) -> nw.Expr:
    listed = nw.concat_str(nw.lit(";"), text.str.replace_all(r"\s*;\s*", ";"), nw.lit(";"))
    parts = [
        nw.when(listed.str.contains(f";{key};", literal=True)).then(nw.lit(value))
        for key, value in scores.items()
    ]
    if pick == "max":
        return nw.max_horizontal(*parts)
    if pick == "min":
        return nw.min_horizontal(*parts)
    sums = reduce(lambda left, right: left + right, (part.fill_null(0.0) for part in parts))
    known = reduce(
        lambda left, right: left + right, (1.0 - part.is_null().cast(nw.Float64) for part in parts)
    )
    return nw.when(known > 0).then(sums / nw.when(known > 0).then(known))


SCALES: Final[Mapping[str, Callable[[Any, nw.Expr], nw.Expr]]] = {
    "linear": linear,
    "log": logarithmic,
    "bands": bands,
    "lookup": lookup,
    "boolean": boolean,
    "half_life": half_life,
    "saturating": saturating,
    "rating": rating,
}
"""Every scale that is built, by its ``kind``."""
BUILT: Final = frozenset(SCALES)
