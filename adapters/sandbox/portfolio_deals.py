"""Opportunities of a made-up portfolio over three years back and one ahead, and exchange rates."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from adapters.sandbox.portfolio_accounts import Traits

    Floats: TypeAlias = NDArray[np.float64]
    Integers: TypeAlias = NDArray[np.int64]

YEARS: Final = 3
DAYS: Final = 1_096  # three years
RATES: Final = (("EUR", 1.0), ("USD", 1.09), ("GBP", 0.86), ("CHF", 0.95))
RATE_YEARS: Final = 5  # the oldest rate is older than every amount

OPEN_STAGES: Final = ("prospecting", "qualification", "proposal", "negotiation")
OPEN_PROBABILITIES: Final = (10, 25, 50, 75)
TYPES: Final = ("New Business", "Renewal", "Upsell")
PRODUCT_LINES: Final = ("Services", "Maintenance", "Spare parts", "Software", "Training")

# Weight of a close date by month: the last month of a quarter is strong, August weak, December strongest.
MONTHS: Final = (0.85, 0.95, 1.25, 0.9, 0.95, 1.25, 0.85, 0.7, 1.25, 0.95, 1.0, 1.3)
WEEKDAYS: Final = (1.0, 1.0, 1.0, 1.0, 1.0, 0.06, 0.02)


def rates(rng: np.random.Generator, today: date) -> pl.DataFrame:
    """Quarterly rates of every currency, units for 1 EUR."""
    starts = [
        date(year, month, 1)
        for year in range(today.year - RATE_YEARS, today.year + 1)
        for month in (1, 4, 7, 10)
        if date(year, month, 1) <= today
    ]
    frames = []
    for currency, level in RATES:
        drift = np.cumsum(0.012 * rng.standard_normal(len(starts)))
        values = np.ones(len(starts)) if currency == "EUR" else (level * np.exp(drift - drift[-1])).round(4)
        frames.append(pl.DataFrame({"currency": [currency] * len(starts), "start": starts, "rate": values}))
    return pl.concat(frames)


def opportunities(
    rng: np.random.Generator, accounts: pl.DataFrame, traits: Traits, rates: pl.DataFrame, today: date
) -> pl.DataFrame:
    """Won, lost and open opportunities of live accounts, in no particular order of dates."""
    live = traits.live
    appetite = np.exp(0.35 * traits.appetite)
    prospect = (accounts["kind"] == "Prospect").to_numpy()
    # Seven customers in a hundred bought nothing in these years; one prospect in forty did once.
    buys = traits.customer & (rng.random(len(live)) > 0.07)
    won = live * (buys * (1 + rng.poisson(3.1, len(live))) + (prospect & (rng.random(len(live)) < 0.025)))
    lost = live * rng.poisson(np.where(traits.customer, 3.3, np.where(prospect, 0.7, 0.2)))
    open_ = live * rng.poisson(np.where(traits.customer, 1.1, np.where(prospect, 0.8, 0.2)) * appetite)

    frames = [
        _closed(rng, traits, won, today, is_won=True),
        _closed(rng, traits, lost, today, is_won=False),
        _open(rng, traits, open_, today),
    ]
    return _finished(rng, pl.concat(frames), accounts, rates)


def _closed(
    rng: np.random.Generator, traits: Traits, count: Integers, today: date, *, is_won: bool
) -> pl.DataFrame:
    """Won or lost opportunities; amounts in EUR add up to what each account usually buys, with growth."""
    account = np.repeat(np.arange(len(count)), count)
    size = len(account)
    close_date = _days(rng, today - timedelta(days=DAYS - 1), today, size)
    usual = np.where(traits.own > 0, traits.own * YEARS / np.maximum(count, 1), 15_000.0)[account]
    amount = usual * np.exp(0.45 * rng.standard_normal(size) - 0.1)
    growth = (0.10 * rng.standard_normal(len(count)) + 0.03)[account]
    age = (np.datetime64(today, "D") - close_date).astype(np.float64) / 365.0
    amount = amount * np.exp(growth * (1.5 - age))
    known = rng.random(size) >= 0.006
    # Credit notes: small negative amounts among the won ones.
    credit = rng.random(size) < 0.012 if is_won else np.zeros(size, dtype=np.bool_)
    amount = np.where(credit, -0.12 * amount, amount)
    return pl.DataFrame(
        {
            "row": account,
            "stage": np.full(size, "won" if is_won else "lost"),
            "amount": _nullable(amount, known),
            "close_date": pl.Series(close_date).cast(pl.Date),
            "cycle": rng.gamma(2.0, 35.0, size).astype(np.int64) + 1,
            "probability": np.full(size, 100 if is_won else 0),
            "credit": credit,
        }
    )


def _open(rng: np.random.Generator, traits: Traits, count: Integers, today: date) -> pl.DataFrame:
    """Open opportunities ahead; a few are overdue, a few have no amount, a few an own probability."""
    account = np.repeat(np.arange(len(count)), count)
    size = len(account)
    overdue = rng.random(size) < 0.07
    ahead = _days(rng, today + timedelta(days=1), today + timedelta(days=400), size)
    behind = np.datetime64(today, "D") - rng.integers(0, 60, size).astype("timedelta64[D]")
    stage = rng.choice(len(OPEN_STAGES), size, p=(0.3, 0.3, 0.25, 0.15))
    usual = np.maximum(traits.own, 18_000.0)[account] * 0.45 * np.exp(0.5 * traits.appetite[account])
    amount = usual * np.exp(0.6 * rng.standard_normal(size))
    by_hand = rng.random(size) < 0.1
    probability = np.array(OPEN_PROBABILITIES)[stage] + np.where(
        by_hand, rng.choice([-10, -5, 5, 10, 15], size), 0
    )
    frame = pl.DataFrame(
        {
            "row": account,
            "stage": pl.Series(OPEN_STAGES).gather(stage.astype(np.uint32)),
            "amount": _nullable(amount, rng.random(size) >= 0.05),
            "close_date": pl.Series(np.where(overdue, behind, ahead)).cast(pl.Date),
            "age": rng.gamma(2.0, 35.0, size).astype(np.int64) + 1,
            "probability": np.clip(probability, 1, 99),
            "credit": np.zeros(size, dtype=np.bool_),
        }
    )
    # From the day it was created, which lies before today and before the day on which it is meant to close.
    cycle = ((pl.col("close_date") - today).dt.total_days() + pl.col("age")).clip(lower_bound=1)
    return frame.with_columns(age=cycle).rename({"age": "cycle"})


def _finished(
    rng: np.random.Generator, frame: pl.DataFrame, accounts: pl.DataFrame, rates: pl.DataFrame
) -> pl.DataFrame:
    """Add what all opportunities have, in the currency of their account, and number them account by account."""
    size = frame.height
    index = frame["row"].cast(pl.UInt32)
    # One in thirty is agreed in the corporate currency whatever the account's own.
    corporate = rng.random(size) < 0.03
    line = pl.Series(PRODUCT_LINES).gather(
        rng.choice(len(PRODUCT_LINES), size, p=(0.35, 0.25, 0.2, 0.12, 0.08)).astype(np.uint32)
    )
    kind = pl.Series(TYPES).gather(rng.choice(len(TYPES), size, p=(0.4, 0.35, 0.25)).astype(np.uint32))
    owner = accounts["owner_key"].gather(index)
    currency = accounts["currency"].gather(index).zip_with(pl.Series(~corporate), pl.Series(["EUR"]))
    per_euro = pl.DataFrame({"currency": currency, "close_date": frame["close_date"]}).with_row_index("order")
    per_euro = (
        per_euro.sort("close_date")
        .join_asof(
            rates.sort("start"),
            left_on="close_date",
            right_on="start",
            by="currency",
            check_sortedness=False,
        )
        .sort("order")
    )
    return (
        frame.with_columns(
            account_key=accounts["key"].gather(index),
            type=kind,
            product_line=line,
            owner_key=owner,
            currency=currency,
            amount=(pl.col("amount") * per_euro["rate"]).round(2),
            created=pl.col("close_date") - pl.duration(days="cycle"),
            won=pl.col("stage") == "won",
            closed=pl.col("stage").is_in(["won", "lost"]),
        )
        .sort("row", "created", "close_date", "stage", "cycle", maintain_order=True)
        .with_columns(key=pl.int_range(1, pl.len() + 1))
        .with_columns(
            name=pl.when("credit")
            .then(pl.format("Credit note {}", "product_line"))
            .otherwise(pl.format("{} {} {}", "product_line", "type", pl.col("close_date").dt.year())),
            type=pl.when("credit").then(pl.lit("Renewal")).otherwise("type"),
        )
        .select(
            "key",
            "account_key",
            "name",
            "type",
            "product_line",
            "stage",
            "amount",
            "currency",
            "close_date",
            "created",
            "probability",
            "won",
            "closed",
            "owner_key",
        )
    )


def _days(rng: np.random.Generator, first: date, last: date, size: int) -> NDArray[np.datetime64]:
    """Days from `first` to `last`, with the season of a business that sells to businesses."""
    days = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + 1)
    month = days.astype("datetime64[M]").astype(np.int64) % 12
    weekday = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    edges = np.cumsum(np.array(MONTHS)[month] * np.array(WEEKDAYS)[weekday])
    chosen: NDArray[np.datetime64] = days[np.searchsorted(edges, rng.random(size) * edges[-1])]
    return chosen


def _nullable(values: Floats, known: NDArray[np.bool_]) -> pl.Series:
    return pl.Series(values).zip_with(pl.Series(known), pl.Series([None], dtype=pl.Float64))
