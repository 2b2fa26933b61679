"""A made-up customer portfolio, the same for the same seed.

The two CRMs of the sandbox load it in their own shapes. Everything is drawn in blocks of `BLOCK` accounts, each
with its own random stream, so that the data depend on the seed and the number of accounts alone and never on the
size of the chunks in which they are handed over.

What makes it worth rating: customers differ in two hidden ways, how much more they could buy (`appetite`) and how
well they fit (`fit`). Ratings, wallets, buying roles, errors and pipelines are noisy views of these two.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from adapters.sandbox import portfolio_accounts, portfolio_deals, portfolio_people, portfolio_service
from adapters.sandbox.portfolio_names import Names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

BLOCK: Final = 10_000


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Some accounts with everything that belongs to them.

    Every frame has an integer `key`, unique over all chunks; references end in `_key`. Amounts are in the row's
    own `currency`. Records of accounts that are not `live` do not exist.

    Attributes:
        users: owners of accounts; filled in the first chunk only.
            key, first_name, last_name, email, territory, active.
        rates: units of `currency` for 1 EUR from `start` on; filled in the first chunk only.
            currency, start, rate.
        accounts: key, name, kind, industry, employees, annual_revenue, parent_key, owner_key, country, city,
            website, currency, created, modified, demand, chemistry, strategy, rated_at, wallet, wallet_rated_at,
            person, record_type, state, merged_into_key, account_number.
        contacts: key, account_key, first_name, last_name, email, title, buying_roles, last_activity, created.
        opportunities: key, account_key, name, type, product_line, stage, amount, currency, close_date, created,
            probability (0..100), won, closed, owner_key.
        opportunity_roles: key, opportunity_key, contact_key, role.
        account_roles: key, account_key, contact_key, role.
        cases: key, account_key, type, status, created.
        orders: key, account_key, effective_date, amount, currency, status.
        activities: key, account_key, contact_key, kind, date, completed.
    """

    users: pl.DataFrame
    rates: pl.DataFrame
    accounts: pl.DataFrame
    contacts: pl.DataFrame
    opportunities: pl.DataFrame
    opportunity_roles: pl.DataFrame
    account_roles: pl.DataFrame
    cases: pl.DataFrame
    orders: pl.DataFrame
    activities: pl.DataFrame


def generate(
    accounts: int, seed: int, today: date, *, ratings: bool = True, chunk: int = 50_000
) -> Iterator[Portfolio]:
    """Generate a portfolio piece by piece.

    Args:
        accounts: number of accounts, all kinds and states together.
        seed: same seed, same data.
        today: the day on which the data are looked at: nothing past lies after it.
        ratings: False leaves demand, chemistry, strategy, wallet and their dates empty; the rest stays the same.
        chunk: accounts per piece, rounded up to whole blocks of `BLOCK`.

    Yields:
        At least one `Portfolio`, in ascending order of the accounts' keys.
    """
    names = Names.draw(seed)
    users = portfolio_people.users(np.random.default_rng([seed, 0]), names, accounts)
    rates = portfolio_deals.rates(np.random.default_rng([seed, 1]), today)
    per_chunk = max(1, -(-chunk // BLOCK))
    pending: list[Portfolio] = []
    next_keys: dict[str, int] = {}
    for number, first in enumerate(range(0, max(accounts, 1), BLOCK)):
        size = min(BLOCK, accounts - first)
        head = number == 0
        block = _block(
            np.random.default_rng([seed, 2, number]),
            names,
            users,
            rates,
            today,
            first_key=first + 1,
            size=size,
            ratings=ratings,
        )
        pending.append(
            Portfolio(
                users=users if head else users.clear(),
                rates=rates if head else rates.clear(),
                **_renumbered(block, next_keys),
            )
        )
        if len(pending) == per_chunk:
            yield _joined(pending)
            pending = []
    if pending:
        yield _joined(pending)


def settings(accounts: int, seed: int, today: date) -> Portfolio:
    """What `generate` hands over once, users and rates, without any account."""
    names = Names.draw(seed)
    users = portfolio_people.users(np.random.default_rng([seed, 0]), names, accounts)
    rates = portfolio_deals.rates(np.random.default_rng([seed, 1]), today)
    rng = np.random.default_rng([seed, 2, 0])
    block = _block(rng, names, users, rates, today, first_key=1, size=1, ratings=True)
    return Portfolio(users=users, rates=rates, **{name: frame.clear() for name, frame in block.items()})


def _block(
    rng: np.random.Generator,
    names: Names,
    users: pl.DataFrame,
    rates: pl.DataFrame,
    today: date,
    *,
    first_key: int,
    size: int,
    ratings: bool,
) -> dict[str, pl.DataFrame]:
    """Frames of one block. Keys of accounts are final, all others count from 1."""
    accounts, traits = portfolio_accounts.accounts(
        rng, names, users, rates, today, first_key=first_key, size=size
    )
    contacts = portfolio_people.contacts(rng, names, accounts, traits, today)
    opportunities = portfolio_deals.opportunities(rng, accounts, traits, rates, today)
    frames = {
        "contacts": contacts,
        "opportunities": opportunities,
        "opportunity_roles": portfolio_people.opportunity_roles(rng, contacts, opportunities),
        "account_roles": portfolio_people.account_roles(rng, contacts),
        "orders": portfolio_service.orders(rng, accounts, traits, opportunities, today),
        "cases": portfolio_service.cases(rng, accounts, traits, today),
        "activities": portfolio_service.activities(rng, contacts, today),
    }
    if not ratings:
        accounts = accounts.with_columns(
            pl.lit(None, dtype=accounts.schema[name]).alias(name) for name in portfolio_accounts.RATINGS
        )
    return {"accounts": accounts, **frames}


def _renumbered(block: dict[str, pl.DataFrame], next_keys: dict[str, int]) -> dict[str, pl.DataFrame]:
    """Shift the keys of a block behind those of the blocks before it, and remember where it ended."""
    shift = {name: next_keys.get(name, 0) for name in block if name != "accounts"}
    next_keys |= {name: by + block[name].height for name, by in shift.items()}
    references = {"contact_key": shift["contacts"], "opportunity_key": shift["opportunities"]}
    return {
        name: frame
        if name == "accounts"
        else frame.with_columns(
            pl.col("key") + shift[name],
            *(pl.col(column) + by for column, by in references.items() if column in frame.columns),
        )
        for name, frame in block.items()
    }


def _joined(blocks: list[Portfolio]) -> Portfolio:
    return Portfolio(
        **{
            field.name: pl.concat([getattr(block, field.name) for block in blocks])
            for field in fields(Portfolio)
        }
    )
