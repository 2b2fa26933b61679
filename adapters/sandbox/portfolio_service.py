"""What happens at the accounts of a made-up portfolio day by day: orders, cases and activities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from adapters.sandbox.portfolio_accounts import Traits

    Integers: TypeAlias = NDArray[np.int64]

ORDER_DAYS: Final = 430
CASE_DAYS: Final = 600
ACTIVITY_DAYS: Final = 400
KINDS: Final = ("call", "email", "meeting", "note", "task")
ORDERS_A_YEAR: Final = 9.0


def orders(
    rng: np.random.Generator, accounts: pl.DataFrame, traits: Traits, opportunities: pl.DataFrame, today: date
) -> pl.DataFrame:
    """Orders of the last fourteen months; a third of the customers orders too rarely to judge processes by it."""
    won = opportunities.filter("won").group_by("account_key").len()
    has_won = accounts.select("key").join(won, left_on="key", right_on="account_key", how="left")["len"]
    buys = traits.live & traits.customer & (has_won.fill_null(0) > 0).to_numpy()
    regular = rng.random(len(buys)) < 0.75
    mean = np.where(regular, ORDERS_A_YEAR * np.exp(0.3 * rng.standard_normal(len(buys))), 1.2)
    count = buys * rng.poisson(mean * ORDER_DAYS / 365)
    account = np.repeat(np.arange(len(count)), count)
    size = len(account)
    amount = np.maximum(traits.own[account] / 10, 50) * np.exp(0.6 * rng.standard_normal(size))
    status = rng.choice(3, size, p=(0.9, 0.07, 0.03)).astype(np.uint32)
    return pl.DataFrame(
        {
            "key": np.arange(1, size + 1),
            "account_key": accounts["key"].to_numpy()[account],
            "effective_date": _past(today, rng.integers(0, ORDER_DAYS, size)),
            "amount": amount.round(2),
            "currency": accounts["currency"].gather(account.astype(np.uint32)),
            "status": pl.Series(["Activated", "Draft", "Cancelled"]).gather(status),
        }
    )


def cases(rng: np.random.Generator, accounts: pl.DataFrame, traits: Traits, today: date) -> pl.DataFrame:
    """Questions, complaints and order errors; the worse the fit, the more errors."""
    active = traits.live & traits.customer
    years = CASE_DAYS / 365
    errors = 0.065 * ORDERS_A_YEAR * 0.75 * np.exp(-0.75 * traits.fit)
    means = (errors * years, np.full(len(active), 0.5) * years, 0.18 * np.exp(-0.4 * traits.fit) * years)
    accounts_of, types = [], []
    for name, mean in zip(("Order error", "Question", "Complaint"), means, strict=True):
        rows = np.repeat(np.arange(len(active)), active * np.minimum(rng.poisson(mean), 20))
        accounts_of.append(rows)
        types.append(np.full(len(rows), name))
    account, kind = np.concatenate(accounts_of), np.concatenate(types)
    order = np.argsort(account, kind="stable")
    account, kind = account[order], kind[order]
    size = len(account)
    age = rng.integers(0, CASE_DAYS, size)
    seconds = rng.integers(7 * 3_600, 18 * 3_600, size)
    # On the day itself nothing has happened later than the early morning.
    seconds = np.where(age == 0, seconds % 3_600, seconds)
    is_open = rng.random(size) < np.where(age < 30, 0.5, 0.03)
    day = np.datetime64(today, "s") - age.astype("timedelta64[D]") + seconds.astype("timedelta64[s]")
    return pl.DataFrame(
        {
            "key": np.arange(1, size + 1),
            "account_key": accounts["key"].to_numpy()[account],
            "type": kind,
            "status": pl.Series(["Closed", "Working", "New"]).gather(
                np.where(is_open, 1 + rng.integers(0, 2, size), 0).astype(np.uint32)
            ),
            "created": pl.Series(day.astype("datetime64[us]")),
        }
    )


def activities(rng: np.random.Generator, contacts: pl.DataFrame, today: date) -> pl.DataFrame:
    """Past calls, e-mails, meetings and notes, the last one on the contact's own date; and planned ones."""
    met = contacts.filter(pl.col("last_activity").is_not_null())
    count = 1 + rng.poisson(0.8, met.height)
    row = np.repeat(np.arange(met.height), count)
    latest = np.concatenate([[True], row[1:] != row[:-1]]) if len(row) else np.zeros(0, dtype=np.bool_)
    earlier = np.where(latest, 0, rng.integers(0, ACTIVITY_DAYS, len(row)))
    last_day = met["last_activity"].to_numpy().astype("datetime64[D]")[row]
    past = pl.DataFrame(
        {
            "account_key": met["account_key"].to_numpy()[row],
            "contact_key": met["key"].to_numpy()[row],
            "kind": pl.Series(KINDS).gather(_kinds(rng, len(row))),
            "date": pl.Series(last_day - earlier.astype("timedelta64[D]")).cast(pl.Date),
            "completed": np.ones(len(row), dtype=np.bool_),
        }
    )
    planned = met.filter(pl.lit(pl.Series(rng.random(met.height) < 0.12)))
    size = planned.height
    ahead = np.datetime64(today, "D") + rng.integers(-20, 60, size).astype("timedelta64[D]")
    # Only tasks and meetings are planned; a task may lie behind today and still be open.
    is_task = rng.random(size) < 0.6
    ahead = np.where(is_task, ahead, np.maximum(ahead, np.datetime64(today, "D") + 1))
    future = pl.DataFrame(
        {
            "account_key": planned["account_key"],
            "contact_key": planned["key"],
            "kind": np.where(is_task, "task", "meeting"),
            "date": pl.Series(ahead).cast(pl.Date),
            "completed": np.zeros(size, dtype=np.bool_),
        }
    )
    return pl.concat([past, future]).select(pl.int_range(1, pl.len() + 1).alias("key"), pl.all())


def _kinds(rng: np.random.Generator, size: int) -> NDArray[np.uint32]:
    return rng.choice(len(KINDS), size, p=(0.28, 0.34, 0.18, 0.1, 0.1)).astype(np.uint32)


def _past(today: date, days: Integers) -> pl.Series:
    return pl.Series(np.datetime64(today, "D") - days.astype("timedelta64[D]")).cast(pl.Date)
