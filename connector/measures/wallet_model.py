"""The wallet that a ridge regression expects of an account, learnt from the wallets that people have entered.

    ln W = intercept + sum of coefficient x feature

W is a year's spend in the mapping's currency. It is trained once per fiscal quarter on the portfolio's accounts with an
entered wallet above 0 (raised to own where it lies below), from 80 of them on, and frozen like every reference value:
what is kept are the coefficients, so that an estimate can be recomputed and explained. A bet on the mean of the
logarithms is a bet on the median: half of the accounts spend more than the estimate.

It sees each account as it stood when the fiscal quarter began, in training and later: so its answer is the same all
quarter long, unless the account's own records are corrected. An account that was new then has no purchases.

Features (amounts in units of the currency, won amounts as in `connector.measures.wallet`, ln(1 + x) of each):

own             won in the 12 months before the quarter began, floored at 0
before          won in the 12 months before these, floored at 0
earlier         won in the 12 months before those, floored at 0
best_year       the best four consecutive of the twelve quarters before it began
trend           2 (own - before) / (own + before), from -2 to 2, as it is; 0 if both are 0
regularity      share of those twelve quarters with a won amount above 0, as it is
tenure          years from the first won opportunity until then, 0 if there is none
no_own          1 if nothing was won in the 12 months, else 0; no_before and no_earlier likewise
size            employees, 0 if unknown
size_unknown    1 if the number of employees is unknown, else 0
industry:<x>    1 for accounts of an industry with at least 10 entered wallets, else 0

Ridge regression (scikit-learn) on standardised features; how much it shrinks is chosen by leave-one-out within the
training data (see `connector.measures.wallet_training`). An estimate never leaves the range of the wallets that it was
trained on. Its error is taken out of fold: each fifth of the entered wallets is estimated by a model of the other four.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import narwhals as nw
import pyarrow as pa

from connector.reading import folded, missing
from connector.tables import Frame, divided, rounded, translated

MIN_WALLETS: Final = 80
MIN_INDUSTRY: Final = 10
INTERCEPT, SMALLEST, LARGEST, TRAINED, ERROR, WITHIN = (
    "intercept", "smallest", "largest", "wallets", "error", "within_2"
)  # fmt: skip
INDUSTRY: Final = "industry:"
NEEDS: Final = (
    "@recent", "@before", "@earlier", "@best_then", "@active_quarters", "@tenure", "size", "industry"
)  # fmt: skip
"""Columns that the features are made of: amounts in cents, years, employees, text."""
QUARTERS: Final = 12
DECIMALS: Final = 9


def with_features(accounts: Frame) -> Frame:
    """Add ``feature:<name>`` for every feature but the industry; never null where the amounts are known.

    Rounded to 9 decimals, since engines differ in the last bits of a logarithm.

    Args:
        accounts: the columns in NEEDS.
    """
    frame = accounts.with_columns(value.alias(f"feature:{name}") for name, value in numbers().items())
    return frame.with_columns(
        rounded(nw.col(f"feature:{name}"), DECIMALS).alias(f"feature:{name}") for name in numbers()
    )


def numbers() -> dict[str, nw.Expr]:
    """Every feature but the industry before it is rounded, over the columns in NEEDS."""

    def units(name: str) -> nw.Expr:
        cents = nw.col(name).fill_null(0).cast(nw.Float64)
        return divided(nw.when(cents > 0).then(cents).otherwise(nw.lit(0.0)), 100)

    def nothing(name: str) -> nw.Expr:
        return nw.when(nw.col(name) > 0).then(nw.lit(0.0)).otherwise(nw.lit(1.0))

    own, before = units("@recent"), units("@before")
    both = own + before
    trend = nw.when(both > 0).then(2 * (own - before) / nw.when(both > 0).then(both)).otherwise(nw.lit(0.0))
    size = nw.col("size").cast(nw.Float64)
    employees = nw.when(size > 0).then(size).otherwise(nw.lit(0.0))
    return {
        "own": (own + 1).log(),
        "before": (before + 1).log(),
        "earlier": (units("@earlier") + 1).log(),
        "best_year": (units("@best_then") + 1).log(),
        "trend": trend,
        "regularity": divided(nw.col("@active_quarters").cast(nw.Float64), QUARTERS),
        "tenure": (nw.col("@tenure").fill_null(0.0) + 1).log(),
        "size": (employees + 1).log(),
        "no_own": nothing("@recent"),
        "no_before": nothing("@before"),
        "no_earlier": nothing("@earlier"),
        "size_unknown": nw.when(size.is_null()).then(nw.lit(1.0)).otherwise(nw.lit(0.0)),
    }


def with_estimate(accounts: Frame, table: pa.Table, name: str) -> Frame:
    """Add W in whole cents (a whole number of units); null where own, now or then, is unknown.

    Args:
        accounts: own, the columns in NEEDS.
        table: as `connector.measures.wallet_training.learnt` gives it; without coefficients nobody has an estimate.
        name: of the column to add.
    """
    terms: Mapping[str, float] = dict(zip(*table.to_pydict().values(), strict=True))
    if INTERCEPT not in terms:
        return accounts.with_columns(missing(nw.Int64).alias(name))
    # Step by step: an engine computes a column once, an expression as often as it is named.
    frame = with_features(accounts)
    total = nw.lit(terms[INTERCEPT])
    for each in numbers():
        total = total + nw.col(f"feature:{each}") * terms[each]
    by_industry = {
        term.removeprefix(INDUSTRY): value for term, value in terms.items() if term.startswith(INDUSTRY)
    }
    if by_industry:
        frame = frame.with_columns(folded(nw.col("industry")).alias("feature:industry"))
        effect = translated(nw.col("feature:industry"), by_industry, nw.Float64)
        total = total + effect.fill_null(0.0)
    frame = frame.with_columns(total.clip(terms[SMALLEST], terms[LARGEST]).exp().alias(name))
    frame = frame.drop([column for column in frame.collect_schema().names() if column.startswith("feature:")])
    cents = (rounded(nw.col(name)) * 100).cast(nw.Int64)
    return frame.with_columns(nw.when(known_amounts()).then(cents).alias(name))


def known_amounts() -> nw.Expr:
    """Whether an account has amounts to learn from: won opportunities whose amounts are all empty are none."""
    return ~nw.col("own").is_null() & ~nw.col("@recent").is_null()
