"""Measures over an account's opportunities.

Each takes its source and the figures to ask for (`Aggregates`), and gives an expression over those figures. Amounts
come as whole cents and leave as currency units. A sum over no records is 0 (missing with ``no_records = "missing"``),
a sum over records that have no amount at all is missing. `where` narrows every one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import narwhals as nw

from connector.mapping.model import OpportunitiesSource
from connector.measures.aggregates import CENTS, WEIGHTED, Aggregates, Pick
from connector.measures.pooled import Pooled
from connector.tables import column, divided
from connector.windows import shifted

OVERDUE_GRACE_DAYS: Final = 30
PRIOR: Final = 5.0
DAYS_PER_YEAR: Final = 365.2425
WEIGHTED_PER_CENT: Final = 100
"""Weighted amounts are kept in hundredths of a cent, in which whole percents are exact."""


def won_amount(source: OpportunitiesSource, deals: Aggregates) -> nw.Expr:
    """Sum of the amounts won in the window, in currency units."""
    pick = deals.window(source.months or 0, "won", source.where)
    return divided(deals.sum(CENTS, pick, source.no_records), 100)


def won_count(source: OpportunitiesSource, deals: Aggregates) -> nw.Expr:
    """Number of opportunities won in the window."""
    count = deals.count(deals.window(source.months or 0, "won", source.where))
    return nw.when(count > 0).then(count) if source.no_records == "missing" else count


def open_amount(source: OpportunitiesSource, deals: Aggregates) -> nw.Expr:
    """Sum of the open amounts with a close date in the months ahead, in currency units."""
    pick = Pick(deals.as_of, shifted(deals.as_of, source.months or 0), "open", source.where)
    return divided(deals.sum(CENTS, pick, source.no_records), 100)


def weighted_pipeline(source: OpportunitiesSource, deals: Aggregates) -> nw.Expr:
    """Sum of amount x probability of open opportunities, in currency units.

    The close date lies in the months ahead, is today, or is overdue by at most ``overdue_grace_days`` (30).
    ``max_per_deal`` caps one deal's amount before it is weighted. A deal without a probability between 0 and 1 counts
    like one without an amount.
    """
    grace = OVERDUE_GRACE_DAYS if source.overdue_grace_days is None else source.overdue_grace_days
    pick = Pick(deals.as_of - grace - 1, shifted(deals.as_of, source.months or 0), "open", source.where)
    column = WEIGHTED if source.max_per_deal is None else capped(source.max_per_deal)
    return divided(deals.sum(column, pick, source.no_records), 100 * WEIGHTED_PER_CENT)


def win_rate(source: OpportunitiesSource, deals: Aggregates) -> Pooled:
    """(won + a m) / (closed + a) in the window, 0..1.

    a is ``prior`` (5), m the same share in the whole portfolio. Missing where nothing was closed.
    """
    won = deals.count(deals.window(source.months or 0, "won", source.where))
    closed = deals.count(deals.window(source.months or 0, "closed", source.where))
    return Pooled(won, closed, PRIOR if source.prior is None else source.prior, least=1)


def days_since_won(source: OpportunitiesSource, deals: Aggregates) -> nw.Expr:
    """Days since the last won close date. Missing for who never bought."""
    return deals.as_of - deals.last_day(Pick(None, deals.as_of, "won", source.where))


def tenure_years(source: OpportunitiesSource, deals: Aggregates) -> nw.Expr:
    """Years of 365.2425 days since the first won close date. Missing for who never bought."""
    days = deals.as_of - deals.first_day(Pick(None, deals.as_of, "won", source.where))
    return divided(days, DAYS_PER_YEAR)


def trend(source: OpportunitiesSource, deals: Aggregates) -> nw.Expr:
    """2 (R1 - R0) / (abs R1 + abs R0), from -2 to 2.

    R1 is the won amount of the window, R0 that of the one before. Missing if both are 0, if either is unknown, and
    for an account that bought for the first time within the two windows.
    """
    months = source.months or 0
    start, middle = shifted(deals.as_of, -2 * months), shifted(deals.as_of, -months)
    late = deals.sum(CENTS, Pick(middle, deals.as_of, "won", source.where))
    early = deals.sum(CENTS, Pick(start, middle, "won", source.where))
    first = deals.first_day(Pick(None, deals.as_of, "won", source.where))
    size = late.abs() + early.abs()
    return nw.when((size > 0) & (first <= start)).then(2 * (late - early) / nw.when(size > 0).then(size))


def breadth(source: OpportunitiesSource, deals: Aggregates) -> nw.Expr:
    """Distinct values of ``field`` among the opportunities won in the window / ``of``, at most 1.

    Values are compared as texts, without regard to case and outer blanks; empty ones do not count. Missing where
    nothing was won in the window.
    """
    pick = deals.window(source.months or 0, "won", source.where)
    share = divided(deals.distinct(source.field or "", pick), source.of or 1)
    return nw.when(deals.count(pick) > 0).then(nw.when(share > 1).then(nw.lit(1.0)).otherwise(share))


def capped(most: float) -> str:
    """Name of the column with weighted amounts of deals capped at `most` currency units."""
    return column(f"{WEIGHTED}:{most!r}")


def weighted(cents: nw.Expr, probability: nw.Expr, most: float | None = None) -> nw.Expr:
    """Amount x probability in hundredths of a cent, a whole number; null if either is missing."""
    if most is not None:
        cents = nw.when(cents > most * 100).then(nw.lit(most * 100)).otherwise(cents)
    parts = cents * probability * WEIGHTED_PER_CENT
    size = (parts.abs() + 0.5).floor()
    return nw.when(parts < 0).then(0 - size).otherwise(size).cast(nw.Int64)


MEASURES: Final[Mapping[str, Callable[[OpportunitiesSource, Aggregates], nw.Expr | Pooled]]] = {
    "won_amount": won_amount,
    "won_count": won_count,
    "open_amount": open_amount,
    "weighted_pipeline": weighted_pipeline,
    "win_rate": win_rate,
    "days_since_won": days_since_won,
    "tenure_years": tenure_years,
    "trend": trend,
    "breadth": breadth,
}
"""What ``from = "opportunities"`` can measure; see CONTRIBUTING for how to add one."""
