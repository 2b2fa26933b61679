"""Share of wallet, one account after the other."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, timedelta

from tests.oracle import measures
from tests.oracle.arithmetic import column, half_away, number, percentile, shift, text, valid_day
from tests.oracle.measures import Customer, World
from tests.oracle.rated import Rated


def wallets(everyone: dict[str, Customer], rated: dict[str, Rated], world: World) -> None:
    wallet = world.mapping.wallet
    if wallet is None:
        return
    peers = _peers(everyone, rated, world)
    for key, customer in everyone.items():
        result = rated[key]
        spent = None if result.own is None else max(0, result.own)
        for source in wallet.sources:
            expired = False
            if source.startswith("field:"):
                found, expired = _entered(customer, source.removeprefix("field:"), spent, world)
            elif spent is None:
                found = None
            else:
                guess = {
                    "activity": lambda c=customer: _best_year(c, world),
                    "model": lambda c=customer: _modelled(c, world),
                    "peer_p80": lambda c=customer, s=spent: peers(c, s),
                }
                found = guess[source]()
                if found is not None and half_away(wallet.achievable_share * found) <= spent:
                    found = None
            if found is not None:
                result.wallet, result.wallet_source, result.wallet_expired = (
                    found,
                    source.split(":")[0],
                    expired,
                )
                if spent is not None:
                    result.share = spent / found if found else None
                    result.headroom = int(max(0, half_away(wallet.achievable_share * found - spent)))
                break


def _entered(customer: Customer, name: str, spent: int | None, world: World) -> tuple[int | None, bool]:
    wallet = world.mapping.wallet
    assert wallet is not None
    day = None if wallet.rated_at is None else valid_day(customer.row.get(column(wallet.rated_at)))
    value = number(customer.row.get(column(name)))
    cents = world.money.cents(value, customer.row.get("@currency"), world.today if day is None else day)
    if cents is None or cents < 0:
        return None, False
    expired = False
    if wallet.expires_days is not None:
        age = measures.rating_age(customer, wallet.rated_at, world)
        if age > 2 * wallet.expires_days:
            return None, False
        expired = age > wallet.expires_days
    return max(cents, spent or 0), expired


def _best_year(customer: Customer, world: World, to: int | None = None) -> int | None:
    found = measures.quarters(customer, world, to)
    years = [
        sum(q for q in found[i : i + 4] if q is not None)
        for i in range(9)
        if any(q is not None for q in found[i : i + 4])
    ]
    best = max(years, default=0)
    return best if best > 0 else None


def _modelled(customer: Customer, world: World) -> int | None:
    """The wallet model by its coefficients: see docs/method.md."""
    terms = world.learnt.model
    if "intercept" not in terms:
        return None
    section = world.mapping.accounts
    last = _day_before_the_quarter(world)
    quarters = measures.quarters(customer, world, last)
    year = measures.won_between(customer, shift(last, -12), last, (), world)
    if year and all(deal.cents is None for deal in year):
        return None
    each = [max(0, quarter or 0) / 100 for quarter in quarters]
    own, before, earlier = (
        max(0, sum(quarter or 0 for quarter in quarters[at : at + 4])) / 100 for at in (0, 4, 8)
    )
    bought = [deal.day for deal in customer.deals if deal.won and deal.day <= last]
    size = None if section.size is None else number(customer.row.get(column(section.size)))
    years = (last - min(bought)) / 365.2425 if bought else 0.0
    features = {
        "own": math.log(1 + own),
        "before": math.log(1 + before),
        "earlier": math.log(1 + earlier),
        "best_year": math.log(1 + (_best_year(customer, world, last) or 0) / 100),
        "trend": 2 * (own - before) / (own + before) if own + before else 0.0,
        "regularity": sum(amount > 0 for amount in each) / 12,
        "tenure": math.log(1 + years),
        "size": math.log(1 + max(0.0, size or 0.0)),
        "no_own": float(own <= 0),
        "no_before": float(before <= 0),
        "no_earlier": float(earlier <= 0),
        "size_unknown": float(size is None),
    }
    industry = None if section.industry is None else text(customer.row.get(column(section.industry)))
    total = terms["intercept"] + sum(half_away(value, 9) * terms[name] for name, value in features.items())
    total += terms.get(f"industry:{industry}", 0.0)
    return 100 * int(half_away(math.exp(min(terms["largest"], max(terms["smallest"], total)))))


def _day_before_the_quarter(world: World) -> int:
    """Fiscal quarters are three months each, from the month in which the fiscal year starts."""
    day = date(1970, 1, 1) + timedelta(days=world.today)
    since = (day.month - world.mapping.campaigns.fiscal_year_start) % 3
    months = 12 * day.year + day.month - 1 - since
    return (date(months // 12, months % 12 + 1, 1) - date(1970, 1, 1)).days - 1


def _size_class(employees: float | None) -> int:
    if employees is None:
        return -1
    return sum(employees >= edge for edge in (10, 50, 250))


def _peers(
    everyone: dict[str, Customer], rated: dict[str, Rated], world: World
) -> Callable[[Customer, int], int | None]:
    section = world.mapping.accounts

    def group(customer: Customer) -> tuple[str | None, int]:
        industry = None if section.industry is None else text(customer.row.get(column(section.industry)))
        size = None if section.size is None else number(customer.row.get(column(section.size)))
        return industry, _size_class(size)

    spending = [
        (group(c), rated[k].own or 0)
        for k, c in everyone.items()
        if rated[k].member and (rated[k].own or 0) > 0
    ]

    def answer(customer: Customer, spent: int) -> int | None:
        if spent <= 0:
            return None
        industry, size = group(customer)
        narrow = [value for other, value in spending if other == (industry, size)]
        wide = [value for other, value in spending if other[0] == industry]
        values = (
            narrow if len(narrow) >= 20 else wide if len(wide) >= 20 else [value for _, value in spending]
        )
        return int(half_away(percentile(values, 0.8))) if values else None

    return answer
