"""How opportunities and other records hang together with accounts, and what they lack."""

from __future__ import annotations

import polars as pl

from connector.crm import ACCOUNT, CLOSED, CURRENCY, WON, Currencies
from connector.mapping.model import Mapping
from connector.reports.potential_check.findings import Linkage
from connector.tables import Sources, column


def linkage(
    sources: Sources, members: pl.DataFrame, mapping: Mapping, currencies: Currencies, as_of: int
) -> Linkage:
    """Count what hangs loose.

    Args:
        sources: records as read.
        members: the portfolio, with ``revenue``.
        mapping: names of the fields.
        currencies: the CRM's own currency stands for opportunities without one.
        as_of: days since 1970; an open opportunity dated before is overdue.
    """
    deals: pl.LazyFrame = sources["opportunities"].frame.to_native()
    names = deals.collect_schema().names()
    day, amount = column(mapping.opportunities.close_date), column(mapping.opportunities.amount)
    blank = pl.col(amount).cast(pl.String).str.strip_chars().fill_null("") == ""
    code = pl.col(CURRENCY) if CURRENCY in names else pl.lit(None, pl.String)
    rows = deals.select(
        pl.col(ACCOUNT).alias("account"),
        pl.col(day).alias("day"),
        blank.alias("blank"),
        code.fill_null(currencies.home).alias("currency"),
        (pl.col(WON) & (pl.col(day) <= as_of)).fill_null(value=False).alias("won"),
        (~pl.col(CLOSED)).fill_null(value=False).alias("open"),
    ).collect()
    inside = rows.join(members.select(account="id"), on="account", how="semi")
    overdue = inside.filter(pl.col("open") & (pl.col("day") < as_of))
    counted = inside.filter(pl.col("open") | pl.col("won"))
    without = counted.filter(pl.col("blank"))
    used = rows.get_column("currency").value_counts().sort(["count", "currency"], descending=[True, False])
    return Linkage(
        opportunities=len(rows),
        without_account=int(rows.get_column("account").is_null().sum()),
        undated=int(rows.get_column("day").is_null().sum()),
        open=int(inside.get_column("open").sum()),
        overdue=len(overdue),
        overdue_revenue=_revenue(members, overdue),
        counted=len(counted),
        without_amount=len(without),
        without_amount_revenue=_revenue(members, without),
        currencies={str(name): int(count) for name, count in used.iter_rows()},
        reached={
            str(name): _reached(source.frame.to_native(), members)
            for name, source in sources.items()
            if name != "accounts"
        },
    )


def _revenue(members: pl.DataFrame, rows: pl.DataFrame) -> int:
    concerned = members.join(rows.select(id="account").unique(), on="id", how="semi")
    return int(concerned.get_column("revenue").sum())


def _reached(records: pl.LazyFrame, members: pl.DataFrame) -> int:
    ids = records.select(pl.col(ACCOUNT).alias("id")).drop_nulls().unique().collect()
    return len(members.join(ids, on="id", how="semi"))
