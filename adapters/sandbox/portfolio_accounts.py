"""Accounts of a made-up portfolio, and the hidden traits that everything else about them follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import polars as pl

from adapters.sandbox.portfolio_names import COUNTRIES, INDUSTRIES, LOCALES, pick, slug

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from adapters.sandbox.portfolio_names import Names

    Floats: TypeAlias = NDArray[np.float64]
    Integers: TypeAlias = NDArray[np.int64]
    Booleans: TypeAlias = NDArray[np.bool_]

RATINGS: Final = ("demand", "chemistry", "strategy", "rated_at", "wallet", "wallet_rated_at")

KINDS: Final = ("Customer", "Customer - Direct", "Customer - Channel", "Prospect", "Partner")
KIND_SHARES: Final = (0.32, 0.16, 0.07, 0.36, 0.09)
PARTNER: Final = 4
PROSPECT: Final = 3

STATES: Final = ("live", "deleted", "merged", "archived")
STATE_SHARES: Final = (0.008, 0.008, 0.006)  # of `STATES` after "live", at least one each

CHILD_SHARE: Final = 0.14
HEAD_SHARE: Final = 0.06
HISTORY_DAYS: Final = 3_000  # the oldest account


@dataclass(frozen=True, slots=True)
class Traits:
    """What the CRM does not know about the accounts of a block, row by row.

    Attributes:
        customer: buys from us.
        live: neither deleted nor merged nor archived.
        appetite: how much more it could buy, standard normal.
        fit: how well it suits us, standard normal.
        own: what it buys from us in a usual year, EUR; 0 unless a customer.
    """

    customer: Booleans
    live: Booleans
    appetite: Floats
    fit: Floats
    own: Floats


def accounts(
    rng: np.random.Generator,
    names: Names,
    users: pl.DataFrame,
    rates: pl.DataFrame,
    today: date,
    *,
    first_key: int,
    size: int,
) -> tuple[pl.DataFrame, Traits]:
    """Accounts with the keys `first_key` to `first_key + size - 1`, and their traits in the same order."""
    row = np.arange(size)
    kind = rng.choice(len(KINDS), size, p=KIND_SHARES)
    state = _states(rng, size)
    live = state == 0
    customer = kind < PROSPECT
    parent = _parents(rng, live)
    family = np.where(parent >= 0, parent, row)
    country = rng.choice(len(COUNTRIES), size, p=[each.share for each in COUNTRIES])
    # Three quarters of a family stay in the country of its head.
    country = np.where(rng.random(size) < 0.75, country[family], country)
    industry = rng.integers(0, len(INDUSTRIES), size)[family]
    person = (rng.random(size) < 0.012) & customer & (parent < 0) & ~np.isin(row, parent)

    appetite, fit = rng.standard_normal(size), rng.standard_normal(size)
    median = np.array([each.employees for each in INDUSTRIES])[industry]
    spread = np.array([each.spread for each in INDUSTRIES])[industry]
    size_trait = 0.85 * rng.standard_normal(size) + 0.53 * appetite
    employees = np.clip(median * np.exp(spread * size_trait), 1, 250_000).round()
    employees[person] = 1
    per_head = np.array([each.revenue_per_head for each in INDUSTRIES])[industry]
    revenue = employees * per_head * np.exp(0.5 * rng.standard_normal(size))
    # Spending on what we sell grows slower than the company.
    wallet = 290_000 * (employees / 180) ** 0.55 * np.exp(0.55 * appetite + 0.6 * rng.standard_normal(size))
    loyal = rng.random(size) < 0.12
    share = np.where(loyal, rng.beta(8, 3, size), rng.beta(1.6, 4.6, size))
    traits = Traits(customer, live, appetite, fit, np.where(customer, wallet * share, 0.0))

    created = rng.integers(30, HISTORY_DAYS, size)  # in days before today, as all ages here
    # Not today: the CRMs stamp a record in the evening, which may lie ahead of the clock.
    modified = np.clip(rng.exponential(60, size).astype(np.int64), 1, created)
    owner = _owners(rng, users, country)
    currency = pl.Series([each.currency for each in COUNTRIES]).gather(country.astype(np.uint32))
    per_euro = _current_rates(rates, today, currency)
    rated = _ratings(rng, traits, customer, created)
    wallet_known = np.where(customer, rng.random(size) < 0.26, rng.random(size) < 0.03) & ~person
    wallet_guess = _two_digits(
        np.maximum(wallet, 1_000) * np.exp(0.25 * rng.standard_normal(size)) * per_euro
    )
    wallet_age = np.minimum(created, rng.integers(0, 520, size))

    frame = pl.DataFrame(
        {
            "key": row + first_key,
            "kind": pl.Series(KINDS).gather(kind.astype(np.uint32)),
            "industry": _some(
                rng, pl.Series([each.name for each in INDUSTRIES]).gather(_u32(industry)), 0.97
            ),
            "employees": _some(rng, pl.Series(employees.astype(np.int64)), 0.94),
            "annual_revenue": _some(rng, pl.Series((revenue * per_euro).round(-3)), 0.85),
            "parent_key": pl.Series(np.where(parent >= 0, parent + first_key, 0)).replace(0, None),
            "owner_key": owner,
            "country": pl.Series([each.name for each in COUNTRIES]).gather(_u32(country)),
            "currency": currency,
            "created": _before(today, created),
            "modified": _before(today, modified),
            "demand": _where(rated["demand_known"], pl.Series(rated["demand"])),
            "chemistry": _where(rated["chemistry_known"], pl.Series(rated["chemistry"])),
            "strategy": _where(
                rated["strategy_known"],
                pl.Series(["None", "Partly", "Clear"]).gather(_u32(rated["strategy"])),
            ),
            "rated_at": _where(rated["dated"], _before(today, rated["age"])),
            "wallet": _where(wallet_known, pl.Series(wallet_guess)),
            "wallet_rated_at": _where(wallet_known & (rng.random(size) < 0.95), _before(today, wallet_age)),
            "person": person,
            "record_type": np.where(kind == PARTNER, "Partner", "Business"),
            "state": pl.Series(STATES).gather(_u32(state)),
            "merged_into_key": _survivors(rng, state, first_key),
        }
    ).with_columns(account_number=pl.format("K-{}", pl.col("key").cast(pl.String).str.zfill(7)))
    return _named(rng, frame, names, country, industry, family).select(_ORDER), traits


def _states(rng: np.random.Generator, size: int) -> Integers:
    """Index into `STATES`; even a small portfolio has one account of each."""
    state = np.zeros(size, dtype=np.int64)
    if size < 20:
        return state
    order = rng.permutation(np.arange(1, size))
    start = 0
    for number, share in enumerate(STATE_SHARES, start=1):
        count = max(1, round(size * share))
        state[order[start : start + count]] = number
        start += count
    return state


def _parents(rng: np.random.Generator, live: Booleans) -> Integers:
    """Row of the parent, -1 for none. A parent is live and stands before its children, so there is no cycle.

    Every tenth head has a head above it, which makes families of three generations.
    """
    size = len(live)
    row = np.arange(size)
    heads = np.flatnonzero(live & (rng.random(size) < HEAD_SHARE))
    if len(heads) == 0:
        return np.full(size, -1)
    before = np.searchsorted(heads, row)
    chosen = heads[(rng.random(size) * np.maximum(before, 1)).astype(np.int64)]
    is_head = np.isin(row, heads)
    child = (before > 0) & live & (rng.random(size) < np.where(is_head, 0.1, CHILD_SHARE))
    return np.where(child, chosen, -1)


def _survivors(rng: np.random.Generator, state: Integers, first_key: int) -> pl.Series:
    """Key of the account that a merged one went into."""
    live = np.flatnonzero(state == 0)
    target = rng.choice(live, len(state)) + first_key
    return _where(state == STATES.index("merged"), pl.Series(target))


def _owners(rng: np.random.Generator, users: pl.DataFrame, country: Integers) -> pl.Series:
    """A user of the account's country; few accounts still belong to someone who left."""
    by_country = [
        users.filter(pl.col("territory").str.starts_with(each.top_level_domain.upper())) for each in COUNTRIES
    ]
    weight = [
        np.where(group["active"].to_numpy(), 1.0, 0.15) if group.height else np.ones(users.height)
        for group in by_country
    ]
    keys = [(group if group.height else users)["key"].to_numpy() for group in by_country]
    draw = rng.random(len(country))
    owner = np.zeros(len(country), dtype=np.int64)
    for number in range(len(COUNTRIES)):
        rows = country == number
        edges = np.cumsum(weight[number]) / np.sum(weight[number])
        owner[rows] = keys[number][np.minimum(np.searchsorted(edges, draw[rows]), len(edges) - 1)]
    return pl.Series(owner)


def _ratings(
    rng: np.random.Generator, traits: Traits, customer: Booleans, created: Integers
) -> dict[str, NDArray[np.generic]]:
    """Ratings by the owners: two thirds of the customers, with gaps, some of them old, a few without a date."""
    size = len(customer)
    rated = rng.random(size) < np.where(customer, 0.7, 0.06)
    noise = rng.standard_normal((3, size))
    draw = rng.random(size)
    age = np.select(
        [draw < 0.84, draw < 0.97],
        [rng.integers(0, 360, size), rng.integers(366, 725, size)],
        default=rng.integers(731, 1_100, size),
    )
    return {
        "demand": _five(0.8 * traits.appetite + 0.6 * noise[0]),
        "demand_known": rated & (rng.random(size) < 0.9),
        "chemistry": _five(0.75 * traits.fit + 0.66 * noise[1] + 0.1),
        "chemistry_known": rated & (rng.random(size) < 0.94),
        "strategy": np.digitize(0.7 * traits.fit + 0.7 * noise[2], [-0.6, 0.5]),
        "strategy_known": rated & (rng.random(size) < 0.82),
        "age": np.minimum(age, created),
        "dated": rated & (rng.random(size) < 0.97),
    }


def _five(trait: Floats) -> Integers:
    """A standard normal trait as a rating of 1 to 5."""
    return np.digitize(trait, [-1.3, -0.45, 0.45, 1.3]).astype(np.int64) + 1


def _named(
    rng: np.random.Generator,
    frame: pl.DataFrame,
    names: Names,
    country: Integers,
    industry: Integers,
    family: Integers,
) -> pl.DataFrame:
    """Add name, city and website. Children often bear the name of their family's head, with their town."""
    size = frame.height
    locale = np.array([each.locale for each in COUNTRIES])[country]
    english = locale == LOCALES.index("en_GB")
    surname = rng.integers(0, 1_000_000, size)
    shares_name = (rng.random(size) < 0.7) & (family != np.arange(size)) & (locale == locale[family])
    surname = np.where(shares_name, surname[family], surname)
    trade_pools = tuple(pl.Series(words) for each in INDUSTRIES for words in each.trades)
    form_pools = tuple(pl.Series(each.legal_forms) for each in COUNTRIES)
    with_town = shares_name | (rng.random(size) < 0.25)
    parts = frame.with_columns(
        last=pick(names.last, locale, surname),
        first=pick(names.first, locale, rng.integers(0, 1_000_000, size)),
        trade=pick(trade_pools, industry * 2 + english, rng.integers(0, 1_000_000, size)),
        form=pick(form_pools, country, rng.integers(0, 1_000_000, size)),
        city=pick(names.city, locale, rng.integers(0, 1_000_000, size)),
        with_town=with_town,
        top=pl.Series([each.top_level_domain for each in COUNTRIES]).gather(_u32(country)),
    )
    company = pl.concat_str(
        "last", "trade", pl.when("with_town").then("city"), "form", separator=" ", ignore_nulls=True
    )
    return parts.with_columns(
        name=pl.when("person").then(pl.format("{} {}", "first", "last")).otherwise(company),
        # The key keeps host names apart where two companies would share one.
        website=pl.format(
            "https://www.{}-{}.{}.example", slug(pl.format("{} {}", "last", "trade")), "key", "top"
        ),
    ).with_columns(website=pl.when(~pl.col("person")).then("website"))


def _current_rates(rates: pl.DataFrame, today: date, currency: pl.Series) -> Floats:
    """Units of each row's currency for 1 EUR today."""
    latest = rates.filter(pl.col("start") <= today).sort("start").group_by("currency").last()
    rate = currency.replace_strict(latest["currency"], latest["rate"], return_dtype=pl.Float64)
    return rate.to_numpy()


def _two_digits(value: Floats) -> Floats:
    """Round as people estimate: to two significant digits."""
    step: Floats = 10.0 ** (np.floor(np.log10(value)) - 1)
    return (value / step).round() * step


def _before(today: date, days: NDArray[np.generic]) -> pl.Series:
    """The dates that many days before today."""
    return pl.Series(np.datetime64(today, "D") - days.astype("timedelta64[D]")).cast(pl.Date)


def _where(known: NDArray[np.generic], values: pl.Series) -> pl.Series:
    """The values where known, else null."""
    return values.zip_with(pl.Series(known.astype(np.bool_)), pl.Series([None], dtype=values.dtype))


def _some(rng: np.random.Generator, values: pl.Series, share: float) -> pl.Series:
    """The values, about `share` of them; the others null."""
    return _where(rng.random(len(values)) < share, values)


def _u32(index: NDArray[np.generic]) -> NDArray[np.uint32]:
    return index.astype(np.uint32)


_ORDER: Final = (
    "key",
    "name",
    "kind",
    "industry",
    "employees",
    "annual_revenue",
    "parent_key",
    "owner_key",
    "country",
    "city",
    "website",
    "currency",
    "created",
    "modified",
    "demand",
    "chemistry",
    "strategy",
    "rated_at",
    "wallet",
    "wallet_rated_at",
    "person",
    "record_type",
    "state",
    "merged_into_key",
    "account_number",
)
