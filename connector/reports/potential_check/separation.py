"""Does a criterion separate accounts that last bought from accounts that last declined?

Measured by the area under the ROC curve (Mann-Whitney): the chance that an account of the first kind has the higher
score, ties counting half; 0.5 is a coin. Its standard error is that of Hanley and McNeil (1982). Accounts, not
opportunities, are the units: one account's opportunities are no independent witnesses.
"""

from __future__ import annotations

import math

import polars as pl

from connector.crm import ACCOUNT, CLOSED, WON
from connector.mapping.model import Criterion, Mapping, OpportunitiesSource, WalletSource
from connector.reports.potential_check.findings import Separation, Verdict
from connector.tables import column

LEAST = 20
"""Accounts of each kind below which nothing is said."""
QUANTILE = 1.959964
_FROM_THE_FUTURE = frozenset({"open_amount", "weighted_pipeline"})


def separation(
    members: pl.DataFrame, deals: pl.LazyFrame, mapping: Mapping, as_of: int
) -> tuple[Separation, ...]:
    """Every criterion, in the order of the mapping.

    Args:
        members: the portfolio after `score`.
        deals: opportunities as read.
        mapping: criteria.
        as_of: days since 1970; later opportunities do not count.
    """
    day = pl.col(column(mapping.opportunities.close_date))
    # Of several closed on one day a won one counts; ids make the choice the same every time.
    last = (
        deals.filter(pl.col(CLOSED) & (day <= as_of) & pl.col(ACCOUNT).is_not_null())
        .select(
            pl.col(ACCOUNT).alias("id"), day.alias("day"), pl.col(WON).fill_null(value=False).alias("won")
        )
        .group_by("id")
        .agg(pl.col("won").filter(pl.col("day") == pl.col("day").max()).any())
        .collect()
    )
    known = members.join(last, on="id", how="inner")
    return tuple(_separation(known, criterion, mapping) for criterion in mapping.criteria)


def _separation(accounts: pl.DataFrame, criterion: Criterion, mapping: Mapping) -> Separation:
    scored = accounts.filter(pl.col(f"known:{criterion.id}")).select(
        pl.col(f"score:{criterion.id}").cast(pl.Int64).alias("score"), "won"
    )
    won = [0] * 101
    lost = [0] * 101
    for score, bought, count in scored.group_by("score", "won").len().iter_rows():
        (won if bought else lost)[score] += count
    auc, error = area(won, lost)
    bounds = (
        (None, None) if auc is None else (max(0.0, auc - QUANTILE * error), min(1.0, auc + QUANTILE * error))
    )
    return Separation(
        criterion=criterion.id,
        label=criterion.label.in_(mapping.language),
        dimension=criterion.dimension,
        won=sum(won),
        lost=sum(lost),
        auc=None if auc is None else round(auc, 6),
        low=None if bounds[0] is None else round(bounds[0], 6),
        high=None if bounds[1] is None else round(bounds[1], 6),
        verdict=_verdict(*bounds),
        circular=_is_circular(criterion),
    )


def area(won: list[int], lost: list[int]) -> tuple[float | None, float]:
    """Area under the curve and its standard error, from the number of accounts at each score.

    Returns:
        None and 0 if one of the two kinds has fewer than `LEAST` accounts.
    """
    n, m = sum(won), sum(lost)
    if n < LEAST or m < LEAST:
        return None, 0.0
    below, wins = 0, 0.0
    for high, low in zip(won, lost, strict=True):
        wins += high * (below + low / 2)
        below += low
    auc = wins / (n * m)
    one, two = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    variance = auc * (1 - auc) + (n - 1) * (one - auc * auc) + (m - 1) * (two - auc * auc)
    return auc, math.sqrt(max(0.0, variance) / (n * m))


def _verdict(low: float | None, high: float | None) -> Verdict:
    if low is None or high is None:
        return "too few"
    if low > 0.5:
        return "separates"
    return "reversed" if high < 0.5 else "cannot tell"


def _is_circular(criterion: Criterion) -> bool:
    """It looks at what was won: that those score higher who last bought is no news."""
    return any(
        isinstance(rung.source, WalletSource)
        or (isinstance(rung.source, OpportunitiesSource) and rung.source.measure not in _FROM_THE_FUTURE)
        for rung in criterion.rungs
    )
