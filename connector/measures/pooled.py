"""Rates that lean on the portfolio's own rate, so that few records do not make an extreme one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import narwhals as nw

from connector.reading import missing


@dataclass(frozen=True, slots=True)
class Pooled:
    """A rate that waits for the portfolio's.

    Attributes:
        part: number of records that count (won, faulty); null where it is unknown.
        base: number of records in all; null where it is unknown.
        prior: how many records the portfolio's rate weighs.
        least: smallest base that gives an answer.
        proven: False: a portfolio without a single part has no rate, since nobody seems to record them.
    """

    part: nw.Expr
    base: nw.Expr
    prior: float
    least: float
    proven: bool = True

    def portfolio(self, part: int, base: int) -> float | None:
        """The portfolio's own rate, from the sums over its accounts; None where it has none."""
        return part / base if base and (part or self.proven) else None

    def over(self, part: nw.Expr, base: nw.Expr) -> Pooled:
        """The same rate, over other columns."""
        return replace(self, part=part, base=base)

    def value(self, portfolio: float | None) -> nw.Expr:
        """(part + prior x portfolio) / (base + prior); missing for all if the portfolio has no rate.

        Args:
            portfolio: parts / bases of all accounts in the portfolio.
        """
        if portfolio is None:
            return missing(nw.Float64)
        enough = (self.base >= self.least) & (self.base + self.prior > 0)
        return nw.when(enough).then((self.part + self.prior * portfolio) / (self.base + self.prior))
