"""People of a made-up portfolio: our users, the contacts at the accounts, and their roles in buying."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from adapters.sandbox.portfolio_names import COUNTRIES, JOB_TITLES, REGIONS, ROLES, pick, slug

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from adapters.sandbox.portfolio_accounts import Traits
    from adapters.sandbox.portfolio_names import Names

MAX_USERS: Final = 300
ACCOUNTS_PER_USER: Final = 120
LEFT_SHARE: Final = 0.1  # users who are no longer active

# Average number of contacts that hold each of ROLES at an account with a usual fit.
ROLE_RATES: Final = (0.30, 0.34, 0.36, 0.25, 0.35, 0.5, 0.25, 0.1)
SOUGHT: Final = 3  # the first roles of ROLES decide; a good fit means that we know who holds them


def users(rng: np.random.Generator, names: Names, accounts: int) -> pl.DataFrame:
    """Users with their territories, such as ``AT North``; every country has at least one who is active."""
    count = int(np.clip(accounts // ACCOUNTS_PER_USER, 2 * len(COUNTRIES), MAX_USERS))
    row = np.arange(count)
    country = np.where(
        row < len(COUNTRIES), row, rng.choice(len(COUNTRIES), count, p=[each.share for each in COUNTRIES])
    )
    locale = np.array([each.locale for each in COUNTRIES])[country]
    codes = pl.Series([each.top_level_domain.upper() for each in COUNTRIES]).gather(country.astype(np.uint32))
    regions = pl.Series(REGIONS).gather(rng.integers(0, len(REGIONS), count).astype(np.uint32))
    return (
        pl.DataFrame(
            {
                "key": row + 1,
                "first_name": pick(names.first, locale, rng.integers(0, 1_000_000, count)),
                "last_name": pick(names.last, locale, rng.integers(0, 1_000_000, count)),
                "code": codes,
                "region": regions,
                "active": (row < len(COUNTRIES)) | (rng.random(count) >= LEFT_SHARE),
            }
        )
        .with_columns(
            email=pl.format(
                "{}.{}.{}@seller.example", slug(pl.col("first_name")), slug(pl.col("last_name")), "key"
            ),
            territory=pl.format("{} {}", "code", "region"),
        )
        .select("key", "first_name", "last_name", "email", "territory", "active")
    )


def contacts(
    rng: np.random.Generator, names: Names, accounts: pl.DataFrame, traits: Traits, today: date
) -> pl.DataFrame:
    """Contacts of live accounts, about three per customer, with their buying roles as far as we know them."""
    mean = np.where(traits.customer, 2.4, 0.8) * traits.live
    count = np.minimum(rng.poisson(mean) + (traits.customer & traits.live), 12)
    account = np.repeat(np.arange(accounts.height), count)
    size = len(account)
    locale_of = {each.name: each.locale for each in COUNTRIES}
    locale = accounts["country"].replace_strict(locale_of, return_dtype=pl.Int64).to_numpy()[account]
    roles, first_role = _buying_roles(rng, traits, account)
    title = pick(
        tuple(pl.Series(titles) for titles in JOB_TITLES),
        np.where(first_role >= 0, first_role, rng.integers(0, len(ROLES), size)),
        rng.integers(0, 1_000_000, size),
    )
    age = rng.integers(20, 2_500, size)
    # Four in five were met within the year; nobody has been in touch with the others for long, or ever.
    recent = rng.random(size) < 0.8
    silence = np.minimum(
        age, np.where(recent, rng.exponential(110, size).astype(np.int64), rng.integers(370, 1_000, size))
    )
    met = rng.random(size) < 0.92
    day = np.datetime64(today, "D")
    return (
        pl.DataFrame(
            {
                "key": np.arange(1, size + 1),
                "account_key": accounts["key"].to_numpy()[account],
                "first_name": pick(names.first, locale, rng.integers(0, 1_000_000, size)),
                "last_name": pick(names.last, locale, rng.integers(0, 1_000_000, size)),
                "host": accounts["website"]
                .str.strip_prefix("https://www.")
                .gather(account.astype(np.uint32)),
                "title": title,
                "buying_roles": roles,
                "last_activity": pl.Series(day - silence.astype("timedelta64[D]")).cast(pl.Date),
                "met": met,
                "created": pl.Series(day - age.astype("timedelta64[D]")).cast(pl.Date),
            }
        )
        .with_columns(
            email=pl.format(
                "{}.{}.{}@{}",
                slug(pl.col("first_name")),
                slug(pl.col("last_name")),
                # Unique within the block's host names already; the running number tells namesakes apart.
                pl.int_range(pl.len()).over("account_key") + 1,
                pl.col("host").fill_null("mail.example"),
            ),
            last_activity=pl.when("met").then("last_activity"),
        )
        .select(
            "key",
            "account_key",
            "first_name",
            "last_name",
            "email",
            "title",
            "buying_roles",
            "last_activity",
            "created",
        )
    )


def _buying_roles(
    rng: np.random.Generator, traits: Traits, account: NDArray[np.int64]
) -> tuple[pl.Series, NDArray[np.int64]]:
    """Roles of each contact, joined by ``;`` or null, and the index of the first one or -1."""
    size = len(account)
    lift = np.exp(0.55 * traits.fit[account])
    # At one account in twelve nobody ever filled in a role.
    kept = (rng.random(len(traits.fit)) < 0.92)[account]
    holds = np.zeros((len(ROLES), size), dtype=np.bool_)
    for number, rate in enumerate(ROLE_RATES):
        chance = rate * 0.55 * (lift if number < SOUGHT else 1.0)
        holds[number] = kept & (rng.random(size) < chance)
    # Nobody holds more than two: later roles give way.
    holds &= np.cumsum(holds, axis=0) <= 2
    parts = [
        pl.when(pl.Series(held)).then(pl.lit(role)).alias(role)
        for role, held in zip(ROLES, holds, strict=True)
    ]
    joined = pl.select(pl.concat_str(parts, separator=";", ignore_nulls=True).alias("roles"))["roles"]
    known = holds.any(axis=0)
    roles = joined.zip_with(pl.Series(known), pl.Series([None], dtype=pl.String))
    return roles, np.where(known, holds.argmax(axis=0), -1)


def opportunity_roles(
    rng: np.random.Generator, contacts: pl.DataFrame, opportunities: pl.DataFrame
) -> pl.DataFrame:
    """Contacts with a role take part in some of their account's opportunities, in that role."""
    return (
        contacts.filter(pl.col("buying_roles").is_not_null())
        .select("account_key", contact_key="key", role=pl.col("buying_roles").str.split(";"))
        .explode("role")
        .join(opportunities.select("account_key", opportunity_key="key"), on="account_key")
        .sort("opportunity_key", "contact_key", "role")
        .filter(pl.lit(pl.Series(rng.random(_pairs(contacts, opportunities)) < 0.22)))
        .select(pl.int_range(1, pl.len() + 1).alias("key"), "opportunity_key", "contact_key", "role")
    )


def _pairs(contacts: pl.DataFrame, opportunities: pl.DataFrame) -> int:
    """Number of rows before `opportunity_roles` thins them out."""
    roles = contacts.select("account_key", roles=pl.col("buying_roles").str.count_matches(";") + 1)
    joined = roles.filter(pl.col("roles").is_not_null()).join(
        opportunities.select("account_key"), on="account_key"
    )
    return int(joined["roles"].sum())


def account_roles(rng: np.random.Generator, contacts: pl.DataFrame) -> pl.DataFrame:
    """Some contacts hold their roles at the account itself, whatever the opportunity."""
    chosen = contacts.filter(pl.col("buying_roles").is_not_null())
    chosen = chosen.filter(pl.lit(pl.Series(rng.random(chosen.height) < 0.5)))
    return (
        chosen.select("account_key", contact_key="key", role=pl.col("buying_roles").str.split(";"))
        .explode("role")
        .select(pl.int_range(1, pl.len() + 1).alias("key"), "account_key", "contact_key", "role")
    )
