from __future__ import annotations

import polars as pl

from connector.crm import FieldType
from connector.mapping.model import Mapping
from connector.reports.potential_check.population import population
from tests.unit.reports.potential_check.conftest import TODAY, deal, deals, members, records


def alone(portfolio: pl.DataFrame) -> pl.DataFrame:
    """Every account stands for itself."""
    return portfolio.select("id", pl.col("id").alias("top"))


def test_inactive_accounts_duplicates_and_families(mapping: Mapping) -> None:
    names = ["Müller GmbH", "MÜLLER Ges.m.b.H.", "Maier AG", "Huber & Co. KG", "Huber", None]
    portfolio = members(("a", 500), ("b", 100), ("c", 0), ("d", 70), ("e", 30), ("f", 0), name=names)
    parents = ["", "a", "a", "x", None, "d"]
    raw = records({"ParentId": FieldType.REFERENCE}, id=["a", "b", "c", "d", "e", "f"], ParentId=parents)
    history = deals(
        deal("a", "won", 30),
        deal("b", "open", -10),
        deal("c", "won", 800),  # too long ago
        deal("d", "lost", 5),
        deal("e", "won", 731),  # the day before the window of 24 months
        deal("f", "won", -3),  # ahead of today
    )
    accounts = {**mapping.accounts.model_dump(), "parent": "ParentId"}
    changed = mapping.model_copy(update={"accounts": type(mapping.accounts).model_validate(accounts)})
    kin = alone(portfolio)
    found = population(portfolio, kin, 9, history.frame.to_native(), raw.frame.to_native(), changed, TODAY)
    assert (found.read, found.portfolio, found.revenue, found.without_revenue) == (9, 6, 700, 2)
    assert (found.inactive, found.inactive_revenue) == (4, 100)
    assert [(one.name, one.ids, one.revenue) for one in found.alike] == [
        ("Müller GmbH", ["a", "b"], 600),
        ("Huber & Co. KG", ["d", "e"], 100),
    ]
    assert (found.alike_groups, found.alike_accounts, found.alike_revenue) == (2, 4, 700)
    assert (found.children, found.families, found.largest_family) == (4, 3, 2)


def test_families_that_are_rated_as_one_are_active_together(mapping: Mapping) -> None:
    portfolio = members(("top", 500), ("lone", 100), name=["Top", "Lone"])
    kin = pl.DataFrame({"id": ["top", "child", "lone"], "top": ["top", "top", "lone"]})
    parents = ["", "top", ""]
    raw = records({"ParentId": FieldType.REFERENCE}, id=["top", "child", "lone"], ParentId=parents)
    accounts = {**mapping.accounts.model_dump(), "parent": "ParentId"}
    changed = mapping.model_copy(update={"accounts": type(mapping.accounts).model_validate(accounts)})
    history = deals(deal("child", "won", 30)).frame.to_native()
    found = population(portfolio, kin, 3, history, raw.frame.to_native(), changed, TODAY)
    assert (found.inactive, found.children, found.families) == (1, 1, 1)


def test_without_a_parent_field_there_are_no_families(mapping: Mapping) -> None:
    raw = records({}, id=["a"]).frame.to_native()
    portfolio = members(("a", 1), name=["A"]).with_columns(pl.col("name").cast(pl.String))
    found = population(portfolio, alone(portfolio), 1, deals().frame.to_native(), raw, mapping, TODAY)
    assert (found.children, found.families, found.alike_groups) == (0, 0, 0)
