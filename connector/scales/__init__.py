"""Scales: how much a raw value counts, 0 to 100.

One function per kind: it takes the scale's parameters and the value as `ready` gives it, and gives the score before
rounding, null where the value is missing or does not fit. What a scale needs to know of the whole portfolio (ranks,
owners' means) is put in the value's place by `connector.scales.portfolio`. To add one: a model in
`connector.mapping.model`, a function and its entry in SCALES here, a test file in ``tests/unit/scales``.

Three steps, each best applied to a column that holds the one before: `ready`, `score`, `points`. An engine computes
an expression as often as it is named, and these name their value several times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import narwhals as nw

from connector.mapping.model import BooleanScale, LookupScale, Scale
from connector.reading import folded
from connector.scales.numbers import (
    bands,
    half_life,
    linear,
    logarithmic,
    percentile,
    rating,
    saturating,
)
from connector.scales.words import boolean, lookup
from connector.tables import rounded

SCALES: Final[Mapping[str, Callable[[Any, nw.Expr], nw.Expr]]] = {
    "linear": linear,
    "log": logarithmic,
    "bands": bands,
    "lookup": lookup,
    "boolean": boolean,
    "half_life": half_life,
    "saturating": saturating,
    "percentile": percentile,
    "rating": rating,
}
"""Every scale that is built, by its ``kind``."""
BUILT: Final = frozenset(SCALES)
RAW_DECIMALS: Final = 9
EXACT: Final = 1e6
"""Beyond it a number has no ninth decimal to round: it is taken as it is."""


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
        value: as `ready` gives it; for `percentile` the rank, for a centred `rating` the centred one.
        multi: the CRM says that the field holds several values separated by ";".
    """
    if isinstance(scale, LookupScale) and multi and scale.multi is None:
        scale = scale.model_copy(update={"multi": "max"})
    return SCALES[scale.kind](scale, value)


def points(score: nw.Expr) -> nw.Expr:
    """The score in whole points, half away from zero."""
    return rounded(score).cast(nw.Int64)


__all__ = ["BUILT", "SCALES", "points", "ready", "score"]
