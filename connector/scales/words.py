"""Scales of words: stored values, and yes or no."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

import narwhals as nw

from connector.mapping.model import BooleanScale, LookupScale
from connector.reading import fold, missing
from connector.tables import translated


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
