"""Measures over cases (tickets) and orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import narwhals as nw

from connector.mapping.model import RecordsSource
from connector.measures.figures import Figures
from connector.measures.pooled import Pooled

PRIOR: Final = 10.0
MIN_BASE: Final = 5.0


def count(source: RecordsSource, figures: Figures) -> nw.Expr:
    """Number of records in the window.

    With ``half_life_days`` each counts 0.5^(age / half_life_days); all past ones then, if there are no ``months``.
    """
    return figures[source.from_].faded_count(source.months, source.half_life_days, source.where)


def error_rate(source: RecordsSource, figures: Figures) -> Pooled:
    """(errors + a m) / (base + a) in the window.

    Errors are the records that meet ``where``, the base is the number of records of ``per`` (all of them, whatever
    ``where`` says), a is ``prior`` (10) and m the portfolio's own rate. Missing if the base is below ``min_base`` (5),
    and for everybody if no record of the portfolio meets ``where`` in the window: then the value is not in use.
    """
    records = figures[source.from_]
    errors = records.count(records.window(source.months or 0, where=source.where))
    per = base_object(source)
    base = figures[per]
    state: Final = "won" if per == "opportunities" else "any"
    below = base.count(base.window(source.months or 0, state))
    prior = PRIOR if source.prior is None else source.prior
    least = MIN_BASE if source.min_base is None else source.min_base
    return Pooled(errors, below, prior, least, proven=False)


def base_object(source: RecordsSource) -> str:
    """The object whose records are the base of an error rate."""
    if source.per == "won_opportunities":
        return "opportunities"
    return source.per or ("orders" if source.from_ == "cases" else "cases")


def objects(source: RecordsSource) -> tuple[str, ...]:
    """The objects that the measure reads."""
    return (source.from_, base_object(source)) if source.measure == "error_rate" else (source.from_,)


MEASURES: Final[Mapping[str, Callable[[RecordsSource, Figures], nw.Expr | Pooled]]] = {
    "count": count,
    "error_rate": error_rate,
}
"""What ``from = "cases"`` and ``from = "orders"`` can measure."""
