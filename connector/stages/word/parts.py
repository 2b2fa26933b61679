"""Small expressions that texts and results share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import narwhals as nw

from connector.mapping.model import Dimension, Mapping
from connector.overrides import column_of
from connector.tables import Frame, translated

TEMPORARY = "word:"
"""Columns that start so serve this stage alone."""


def is_covered(dimension: Dimension, mapping: Mapping) -> nw.Expr:
    """Enough of the dimension's weight had data to rate it."""
    enough = nw.col(f"coverage:{dimension}") >= mapping.matrix.min_coverage
    return (enough & ~nw.col(f"points:{dimension}").is_null()).fill_null(False)


def is_rated(mapping: Mapping) -> nw.Expr:
    """The account has a computed zone; its scores stand, whatever zone a person has set."""
    potential = is_covered("potential", mapping) | nw.col("top_revenue").fill_null(False)
    return is_covered("attractiveness", mapping) & potential


def set_by_hand(frame: Frame) -> list[str]:
    """``segment`` and the criteria that somebody may have set by hand: those that the frame has columns about."""
    start = f"{column_of('')}"
    present = frame.collect_schema().names()
    criteria = [name.removeprefix(start) for name in present if name.startswith(start)]
    return ["segment", *criteria] if column_of("segment") in present else []


def at_place(place: nw.Expr, texts: Sequence[str]) -> nw.Expr:
    """The text at this place of a short list; null without a place."""
    return translated(place, dict(enumerate(texts)), nw.String)


def in_digits(name: str) -> nw.Expr:
    """A column of whole numbers as text."""
    return nw.col(name).cast(nw.Int64).cast(nw.String)


def as_float(value: nw.Expr) -> nw.Expr:
    """As the CRM holds numbers."""
    return value.cast(nw.Float64)


def whole(value: int) -> nw.Expr:
    """A whole number."""
    return nw.lit(value, dtype=nw.Int64)


def most(choose: Callable[..., nw.Expr], candidates: Sequence[nw.Expr]) -> nw.Expr:
    """The largest or smallest of the candidates that are there; null if none is."""
    return choose(*candidates) if candidates else nw.lit(None, dtype=nw.Int64)
