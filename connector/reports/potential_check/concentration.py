"""How unevenly revenue is spread: the Pareto curve and the Gini coefficient."""

from __future__ import annotations

import math
from bisect import bisect_left

import polars as pl

from connector.reports.potential_check.findings import Concentration

SHARES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def concentration(members: pl.DataFrame) -> Concentration:
    """Over the accounts with revenue above 0.

    Args:
        members: the portfolio, with ``revenue`` in cents.

    Returns:
        The curve's points at `SHARES` of the accounts, rounded up to whole accounts. The Gini coefficient is
        sum((2 i - n - 1) x_i) / (n sum(x)) over revenues x in rising order, i from 1 to n.
    """
    revenues = members.filter(pl.col("revenue") > 0).get_column("revenue").sort().cast(pl.Float64)
    number, total = len(revenues), float(revenues.sum())
    if not number:
        return Concentration(0, (), 0, 0, None)
    ranks = pl.int_range(1, number + 1, eager=True)
    gini = float(((2 * ranks - number - 1) * revenues).sum()) / (number * total)
    reached = (revenues.reverse().cum_sum() / total).to_list()
    curve = [(share, reached[max(1, math.ceil(share * number - 1e-9)) - 1]) for share in SHARES]
    return Concentration(
        accounts=number,
        curve=tuple((share, round(value, 6)) for share, value in curve),
        half=_until(reached, 0.5),
        most=_until(reached, 0.8),
        gini=round(gini, 6),
    )


def _until(reached: list[float], share: float) -> int:
    """Accounts, largest first, that together reach a share."""
    return bisect_left(reached, share - 1e-12) + 1
