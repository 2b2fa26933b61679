"""Asks every question, and comes to a verdict: go, or what must be mended first."""

from __future__ import annotations

from collections.abc import Sequence
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
from connector.reports.potential_check.findings import LargestFocus, PotentialCheck
from connector.reports.potential_check.fixes import ranked
from connector.reports.potential_check.linkage import linkage
from connector.reports.potential_check.population import population
from connector.reports.potential_check.separation import separation
from connector.reports.ratings_wanted import ratings_wanted, standings
from connector.tables import Sources
from connector.windows import days

FOCI = 3


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
    language = mapping.language
    fixes = ranked(who, links, kept, tells, wanted, rated=rated, language=language)
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
        fixes=fixes,
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


def _kin(accounts: pl.DataFrame) -> pl.DataFrame:
    """Id and top of all accounts that are rated, for themselves or with their family."""
    if "top" not in accounts.columns:
        return accounts.filter(pl.col("member")).select("id", pl.col("id").alias("top"))
    return accounts.filter(pl.col("member") | pl.col("heir")).select("id", "top")
