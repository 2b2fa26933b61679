"""Who is in the portfolio: inactive accounts, possible duplicates, families."""

from __future__ import annotations

import polars as pl

from connector.crm import ACCOUNT, CLOSED, WON
from connector.mapping.model import Mapping
from connector.reports.potential_check.findings import Alike, Population
from connector.tables import column
from connector.windows import shifted

INACTIVE_MONTHS = 24
LISTED = 10
_LEGAL_FORMS = (
    r"\b(gmbh|ges ?m ?b ?h|mbh|ag|kg|kgaa|ohg|og|eg|se|e ?u|co|inc|incorporated|corp|corporation|ltd|limited|llc|llp"
    r"|plc|company)\b"
)


def population(
    members: pl.DataFrame,
    kin: pl.DataFrame,
    read: int,
    deals: pl.LazyFrame,
    raw: pl.LazyFrame,
    mapping: Mapping,
    as_of: int,
) -> Population:
    """Count the portfolio.

    Args:
        members: the portfolio after `diff`, with ``revenue`` (cents, never negative).
        kin: id and top of the portfolio's accounts and, where families are rated as one, of their other accounts.
        read: accounts read in all.
        deals: opportunities as read.
        raw: accounts as read.
        mapping: names of the fields.
        as_of: days since 1970.
    """
    active = _active(deals, kin, mapping, as_of)
    idle = members.join(active, left_on="id", right_on="top", how="anti")
    alike = _alike(members)
    children, families, largest = _families(kin, raw, mapping)
    return Population(
        read=read,
        portfolio=len(members),
        revenue=int(members.get_column("revenue").sum()),
        without_revenue=int((members.get_column("revenue") <= 0).sum()),
        inactive=len(idle),
        inactive_revenue=int(idle.get_column("revenue").sum()),
        alike=tuple(Alike(*row) for row in alike.head(LISTED).select("name", "ids", "revenue").iter_rows()),
        alike_groups=len(alike),
        alike_accounts=int(alike.get_column("n").sum()),
        alike_revenue=int(alike.get_column("revenue").sum()),
        children=children,
        families=families,
        largest_family=largest,
    )


def _active(deals: pl.LazyFrame, kin: pl.DataFrame, mapping: Mapping, as_of: int) -> pl.DataFrame:
    """Accounts that bought lately, or have something open, they or one of their family."""
    day = pl.col(column(mapping.opportunities.close_date))
    lately = pl.col(WON) & (day > shifted(as_of, -INACTIVE_MONTHS)) & (day <= as_of)
    active = deals.filter(lately | ~pl.col(CLOSED)).select(pl.col(ACCOUNT).alias("id")).drop_nulls().unique()
    return active.collect().join(kin, on="id").select("top").unique()


def _alike(members: pl.DataFrame) -> pl.DataFrame:
    bare = (
        pl.col("name")
        .str.to_lowercase()
        .str.replace_all(r"[^\p{L}\p{N}]+", " ")
        .str.replace_all(_LEGAL_FORMS, " ")
        .str.replace_all(r"\s+", " ")
        .str.strip_chars()
    )
    groups = (
        members.with_columns(bare=bare)
        .filter(pl.col("bare").str.len_chars() > 1)
        .sort(["revenue", "id"], descending=[True, False])
        .group_by("bare", maintain_order=True)
        .agg(pl.len().alias("n"), pl.col("name").first(), pl.col("id").alias("ids"), pl.col("revenue").sum())
        .filter(pl.col("n") > 1)
    )
    return groups.sort(["revenue", "bare"], descending=[True, False])


def _families(kin: pl.DataFrame, raw: pl.LazyFrame, mapping: Mapping) -> tuple[int, int, int]:
    parent = mapping.accounts.parent
    if parent is None or column(parent) not in raw.collect_schema().names():
        return 0, 0, 0
    named = raw.select(pl.col("@id").alias("id"), pl.col(column(parent)).alias("parent")).collect()
    children = kin.select("id").join(named, on="id").drop_nulls("parent").filter(pl.col("parent") != "")
    sizes = children.group_by("parent").len().get_column("len")
    return len(children), len(sizes), int(sizes.max() or 0)  # type: ignore[arg-type]  # a count
