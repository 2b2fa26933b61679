"""Asks every question, and comes to a verdict: go, or what must be mended first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import narwhals as nw
import polars as pl

from connector.crm import Currencies
from connector.focus import propose
from connector.mapping.model import Mapping
from connector.reports.matrix_chart import Thresholds
from connector.reports.plan import zones
from connector.reports.potential_check.concentration import concentration
from connector.reports.potential_check.fields import fields
from connector.reports.potential_check.findings import (
    Filled,
    Fix,
    LargestFocus,
    Linkage,
    Population,
    PotentialCheck,
    Separation,
)
from connector.reports.potential_check.linkage import linkage
from connector.reports.potential_check.population import INACTIVE_MONTHS, population
from connector.reports.potential_check.separation import separation
from connector.reports.ratings_wanted import Wanted, ratings_wanted, standings
from connector.tables import Sources
from connector.windows import days

RATED_LEAST = 0.5
"""Share of the revenue that must be rated, so that a matrix says something of the business."""
AMOUNTS_MISSING_MOST = 0.3
"""Share of won and open opportunities that may lack an amount, so that revenue and white space mean something."""
UNLINKED_MOST = 0.2
"""Share of opportunities that may hang on no account."""
FOCI = 3
SPARSE = 0.2
COMMONEST_MOST = 0.9
OLD_DAYS = 365
INACTIVE_MOST = 0.3
OVERDUE_MOST = 0.1
WANTED = 3


def potential_check(
    accounts: pl.DataFrame,
    sources: Sources,
    mapping: Mapping,
    *,
    as_of: date,
    currencies: Currencies,
    thresholds: Thresholds,
    labels: dict[str, str],
    quality: Sequence[dict[str, Any]] = (),
) -> PotentialCheck:
    """Everything about the data, and whether the method can start on it.

    Args:
        accounts: every account after `diff`; see `connector.tables` for the columns.
        sources: records as read, by object.
        mapping: criteria.
        as_of: the day that is rated.
        currencies: of the CRM.
        thresholds: the zones' borders.
        labels: segment -> what people call it.
        quality: what was missing or odd, each with ``message`` and ``count``.
    """
    members = accounts.filter(pl.col("member")).with_columns(
        pl.col("own").fill_null(0).clip(0).cast(pl.Int64).alias("revenue"),
    )
    today = days(as_of)
    deals: pl.LazyFrame = sources["opportunities"].frame.to_native()
    raw: pl.LazyFrame = sources["accounts"].frame.to_native()
    who = population(members, _kin(accounts), len(accounts), deals, raw, mapping, today)
    kept = fields(sources, members, mapping, today)
    links = linkage(sources, members, mapping, currencies, today)
    tells = separation(members, deals, mapping, today)
    proposals = propose(nw.from_native(members.lazy()), mapping)[:FOCI]
    rated = _share(members, pl.col("segment") != "unrated")
    wanted = ratings_wanted(members, mapping, thresholds)
    fixes = sorted(
        (
            *_blocking(who, links, rated),
            *_wanted(wanted),
            *_loose(who, links),
            *_neglected(kept),
            *_reversed(tells),
        ),
        key=lambda fix: (not fix.blocking, -(fix.worth or 0), fix.what),
    )
    return PotentialCheck(
        as_of=as_of,
        currency=mapping.currency,
        population=who,
        fields=kept,
        linkage=links,
        concentration=concentration(members),
        zones=tuple(zones(members, labels)),
        standings=tuple(standings(members, mapping, thresholds)),
        rated_revenue=rated,
        firm_revenue=_share(members, pl.col("confidence") == "firm"),
        foci=tuple(
            LargestFocus(one.focus.id, one.focus.label, one.members, one.money, one.unknown)
            for one in proposals
        ),
        separation=tells,
        quality=tuple(quality),
        fixes=tuple(fixes),
    )


def _share(members: pl.DataFrame, test: pl.Expr) -> float | None:
    """Share of the revenue, or where there is none of the accounts; None without accounts."""
    if members.is_empty():
        return None
    weight = pl.col("revenue") if int(members.get_column("revenue").sum()) else pl.col("revenue") * 0 + 1
    inside, total = members.select(
        weight.filter(test.fill_null(value=False)).sum().alias("inside"), weight.sum().alias("total")
    ).row(0)
    return int(inside or 0) / int(total)


def _blocking(who: Population, links: Linkage, rated: float | None) -> Iterator[Fix]:
    if not who.portfolio:
        yield Fix(
            f"No account is in the portfolio, of {who.read:,} read",
            "correct [portfolio] in the mapping: which accounts are customers?",
            None,
            blocking=True,
        )
        return
    if rated is not None and rated < RATED_LEAST:
        yield Fix(
            f"Only {rated:.0%} of the revenue is with accounts that can be rated",
            f"fill the fields and ratings below, until {RATED_LEAST:.0%} is reached; the largest accounts come first",
            round(who.revenue * (1 - rated)),
            blocking=True,
        )
    if links.counted and links.without_amount > links.counted * AMOUNTS_MISSING_MOST:
        yield Fix(
            f"{links.without_amount / links.counted:.0%} of the won and open opportunities have no amount",
            "have amounts entered: revenue, white space and the wallet rest on them",
            links.without_amount_revenue,
            blocking=True,
        )
    if links.opportunities and links.without_account > links.opportunities * UNLINKED_MOST:
        yield Fix(
            f"{links.without_account / links.opportunities:.0%} of the opportunities hang on no account",
            "link them to their accounts; check the account field in [opportunities]",
            None,
            blocking=True,
        )


def _kin(accounts: pl.DataFrame) -> pl.DataFrame:
    """Id and top of all accounts that are rated, for themselves or with their family."""
    if "top" not in accounts.columns:
        return accounts.filter(pl.col("member")).select("id", pl.col("id").alias("top"))
    return accounts.filter(pl.col("member") | pl.col("heir")).select("id", "top")


def _wanted(wanted: Sequence[Wanted]) -> Iterator[Fix]:
    useful = [one for one in wanted if one.rated or one.firm]
    for one in useful[:WANTED]:
        made = [f"{one.rated:,} accounts rated"] if one.rated else []
        made += [f"{one.firm:,} firm"] if one.firm else []
        yield Fix(
            f"{one.label} is unknown for {one.unknown:,} accounts",
            f"have it kept in the CRM ({one.fill}): that alone makes {' and '.join(made)}",
            one.revenue,
        )


def _loose(who: Population, links: Linkage) -> Iterator[Fix]:
    if who.alike_groups:
        yield Fix(
            f"{who.alike_accounts:,} accounts share a name with another: {who.alike_groups:,} possible duplicates",
            "merge the true duplicates in the CRM; their revenue and ratings are split as long as they stand apart",
            who.alike_revenue,
        )
    if who.portfolio and who.inactive > who.portfolio * INACTIVE_MOST:
        yield Fix(
            f"{who.inactive:,} accounts have bought nothing in {INACTIVE_MONTHS} months and have nothing open",
            'are they customers? Narrow [portfolio], e.g. by { measure = "won_count", months = 24, above = 0 }',
            who.inactive_revenue,
        )
    if links.open and links.overdue > links.open * OVERDUE_MOST:
        yield Fix(
            f"{links.overdue:,} of {links.open:,} open opportunities have a close date in the past",
            "have them closed or dated anew: after a month they no longer count as demand",
            links.overdue_revenue,
        )
    if links.counted and 0 < links.without_amount <= links.counted * AMOUNTS_MISSING_MOST:
        yield Fix(
            f"{links.without_amount:,} won or open opportunities have no amount",
            "have amounts entered; the others of the account are summed without them",
            links.without_amount_revenue,
        )
    if links.opportunities and 0 < links.without_account <= links.opportunities * UNLINKED_MOST:
        yield Fix(
            f"{links.without_account:,} opportunities hang on no account",
            "link them to their accounts: they count for nobody",
            None,
        )


def _neglected(kept: Sequence[Filled]) -> Iterator[Fix]:
    for one in kept:
        if (
            one.object != "accounts"
            or not one.records
            or one.use.startswith(("portfolio", "override", "write"))
        ):
            continue
        if one.most_common is not None and one.most_common > COMMONEST_MOST and one.filled >= SPARSE:
            yield Fix(
                f"{one.field} ({one.use}) holds the same value in {one.most_common:.0%} of the filled records",
                "is it a default that nobody changes? Such a field tells no accounts apart",
                None,
            )
        if one.age_days is not None and one.age_days > OLD_DAYS:
            yield Fix(
                f"Half of the values of {one.field} ({one.use}) are older than {one.age_days:,} days",
                "ask for new ratings, largest accounts first",
                None,
            )


def _reversed(tells: Sequence[Separation]) -> Iterator[Fix]:
    for one in tells:
        if one.verdict == "reversed" and not one.circular:
            yield Fix(
                f"{one.label} is higher where accounts last declined than where they last bought",
                "is its scale the wrong way round, or the field misunderstood? Look before you give it weight",
                None,
            )
