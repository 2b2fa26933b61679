"""The generated portfolio: repeatable, consistent and worth rating."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from adapters.sandbox.portfolio import Portfolio, generate
from adapters.sandbox.portfolio_accounts import RATINGS

TODAY = date(2026, 11, 24)
FRAMES = [field.name for field in fields(Portfolio)]


def whole(accounts: int, seed: int = 1, *, ratings: bool = True, chunk: int = 50_000) -> Portfolio:
    pieces = list(generate(accounts, seed, TODAY, ratings=ratings, chunk=chunk))
    return Portfolio(**{name: pl.concat([getattr(piece, name) for piece in pieces]) for name in FRAMES})


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    return whole(12_000)


def customers(portfolio: Portfolio) -> pl.DataFrame:
    return portfolio.accounts.filter(pl.col("kind").str.starts_with("Customer"), pl.col("state") == "live")


def test_the_same_seed_gives_the_same_data_whatever_the_chunks(portfolio: Portfolio) -> None:
    pieces = list(generate(12_000, 1, TODAY, chunk=10_000))
    assert [piece.accounts.height for piece in pieces] == [10_000, 2_000]
    assert [piece.users.height > 0 for piece in pieces] == [True, False]
    for name in FRAMES:
        assert_frame_equal(pl.concat([getattr(piece, name) for piece in pieces]), getattr(portfolio, name))


def test_another_seed_gives_other_data() -> None:
    assert not whole(50).accounts.equals(whole(50, seed=2).accounts)


@pytest.mark.parametrize("accounts", [0, 1, 5, 30])
def test_tiny_portfolios(accounts: int) -> None:
    portfolio = whole(accounts)
    assert portfolio.accounts.height == accounts
    assert portfolio.users.height > 0


def test_without_ratings_nothing_else_changes(portfolio: Portfolio) -> None:
    fresh = whole(12_000, ratings=False)
    assert all(fresh.accounts[name].null_count() == fresh.accounts.height for name in RATINGS)
    assert fresh.accounts.schema == portfolio.accounts.schema
    assert_frame_equal(fresh.accounts.drop(RATINGS), portfolio.accounts.drop(RATINGS))
    for name in FRAMES:
        if name != "accounts":
            assert_frame_equal(getattr(fresh, name), getattr(portfolio, name))


def test_keys_are_unique_and_references_lead_somewhere(portfolio: Portfolio) -> None:
    keys = {}
    for name in FRAMES:
        frame = getattr(portfolio, name)
        if "key" in frame.columns:
            assert frame["key"].is_unique().all(), name
            keys[name] = set(frame["key"])
    live = set(portfolio.accounts.filter(pl.col("state") == "live")["key"])
    for name in ("contacts", "opportunities", "account_roles", "cases", "orders", "activities"):
        assert set(getattr(portfolio, name)["account_key"]) <= live, name
    assert set(portfolio.opportunity_roles["opportunity_key"]) <= keys["opportunities"]
    for name in ("opportunity_roles", "account_roles", "activities"):
        assert set(getattr(portfolio, name)["contact_key"]) <= keys["contacts"], name
    for column, target in (("owner_key", keys["users"]), ("parent_key", live), ("merged_into_key", live)):
        assert set(portfolio.accounts[column].drop_nulls()) <= target, column
    assert set(portfolio.opportunities["owner_key"]) <= keys["users"]


def test_families_have_no_cycles(portfolio: Portfolio) -> None:
    children = portfolio.accounts.filter(pl.col("parent_key").is_not_null())
    assert 0.1 < children.height / portfolio.accounts.height < 0.2
    assert (children["parent_key"] < children["key"]).all()
    grandchildren = set(children["parent_key"]) & set(children["key"])
    assert grandchildren


def test_every_kind_state_and_currency_occurs() -> None:
    small = whole(300)
    assert set(small.accounts["kind"]) == {
        "Customer",
        "Customer - Direct",
        "Customer - Channel",
        "Prospect",
        "Partner",
    }
    assert set(small.accounts["state"]) == {"live", "deleted", "merged", "archived"}
    assert set(small.accounts["currency"]) == {"EUR", "USD", "GBP", "CHF"} == set(small.rates["currency"])
    assert small.accounts["person"].sum() > 0
    assert {"Austria", "Germany", "United Kingdom"} <= set(small.accounts["country"])
    merged = small.accounts.filter(pl.col("state") == "merged")
    assert merged["merged_into_key"].null_count() == 0


def test_opportunities_over_three_years_with_seasons(portfolio: Portfolio) -> None:
    deals = portfolio.opportunities
    assert 4 < deals.height / portfolio.accounts.height < 6
    closed, ahead = deals.filter("closed"), deals.filter(~pl.col("closed"))
    assert closed["close_date"].max() <= TODAY
    assert closed["close_date"].min() > TODAY - timedelta(days=1_096)
    assert (deals["created"] < deals["close_date"]).all()
    assert (ahead["created"] < TODAY).all()
    by_month = dict(closed.group_by(pl.col("close_date").dt.month()).len().iter_rows())
    assert min(by_month[3], by_month[6], by_month[9], by_month[12]) > 1.3 * by_month[8]
    overdue = ahead.filter(pl.col("close_date") <= TODAY).height / ahead.height
    assert 0.02 < overdue < 0.12
    assert 0.02 < ahead["amount"].null_count() / ahead.height < 0.1
    assert 0 < deals.filter(pl.col("amount") < 0).height < 0.03 * deals.height
    assert deals.filter(pl.col("amount") < 0)["won"].all()
    assert set(deals.filter("won")["probability"]) == {100}
    assert ahead["probability"].is_between(1, 99).all()
    held = deals.join(customers(portfolio).select("key"), left_on="account_key", right_on="key", how="semi")
    assert held.height > 0.8 * deals.height


def test_revenue_is_concentrated_as_in_life(portfolio: Portfolio) -> None:
    won = portfolio.opportunities.filter("won").group_by("account_key").agg(pl.col("amount").sum())
    ordered = won["amount"].sort(descending=True)
    assert 0.4 < ordered.head(won.height // 10).sum() / ordered.sum() < 0.8


def test_ratings_have_gaps_and_age(portfolio: Portfolio) -> None:
    rated = customers(portfolio)
    for name in ("demand", "chemistry", "strategy"):
        assert 0.5 < 1 - rated[name].null_count() / rated.height < 0.7, name
    assert set(rated["demand"].drop_nulls()) == {1, 2, 3, 4, 5}
    age = (pl.lit(TODAY) - pl.col("rated_at")).dt.total_days()
    dated = rated.filter(pl.col("rated_at").is_not_null())
    assert dated.filter(age < 0).is_empty()
    assert 0.05 < dated.filter(age > 365).height / dated.height < 0.25
    assert dated.filter(age > 730).height > 0
    assert rated.filter(pl.col("demand").is_not_null() & pl.col("rated_at").is_null()).height > 0
    assert 0.2 < 1 - rated["wallet"].null_count() / rated.height < 0.3
    assert (rated["wallet"].drop_nulls() > 0).all()


def test_some_accounts_miss_what_the_method_needs(portfolio: Portfolio) -> None:
    """Roles at most customers, enough orders to judge processes at most, neither at some."""
    keys = customers(portfolio).select("key")
    known = portfolio.contacts.filter(pl.col("buying_roles").is_not_null())
    with_roles = keys.join(known, left_on="key", right_on="account_key", how="semi")
    recent = portfolio.orders.filter(pl.col("effective_date") > TODAY - timedelta(days=365))
    enough = recent.group_by("account_key").len().filter(pl.col("len") >= 5)
    judged = keys.join(enough, left_on="key", right_on="account_key", how="semi")
    assert 0.7 < with_roles.height / keys.height < 0.95
    assert 0.5 < judged.height / keys.height < 0.8
    assert portfolio.orders["effective_date"].max() <= TODAY
    assert portfolio.cases["created"].max().date() <= TODAY


def test_roles_on_opportunities_are_the_contacts_own(portfolio: Portfolio) -> None:
    joined = portfolio.opportunity_roles.join(portfolio.contacts, left_on="contact_key", right_on="key")
    assert (
        joined.select(pl.col("buying_roles").str.split(";").list.contains(pl.col("role"))).to_series().all()
    )


def test_activities_agree_with_the_contacts_last_one(portfolio: Portfolio) -> None:
    done = portfolio.activities.filter("completed")
    latest = done.group_by("contact_key").agg(pl.col("date").max())
    joined = latest.join(portfolio.contacts, left_on="contact_key", right_on="key")
    assert (joined["date"] == joined["last_activity"]).all()
    assert done["date"].max() <= TODAY
    assert set(portfolio.activities["kind"]) == {"call", "email", "meeting", "note", "task"}
    assert portfolio.activities.filter(~pl.col("completed")).height > 0


def test_addresses_are_reserved_for_examples_and_unique(portfolio: Portfolio) -> None:
    for frame, column in (
        (portfolio.users, "email"),
        (portfolio.contacts, "email"),
        (portfolio.accounts, "website"),
    ):
        assert frame[column].drop_nulls().str.ends_with(".example").all()
        assert frame[column].drop_nulls().str.contains(r"^[\x21-\x7e]+$").all()
    assert portfolio.accounts["website"].drop_nulls().is_unique().all()
    assert portfolio.users["email"].is_unique().all()


def test_the_zones_are_all_inhabited(portfolio: Portfolio) -> None:
    """A rough reading of the default mapping by ratings alone: each corner of the matrix holds a fair share."""
    rated = customers(portfolio).drop_nulls(["demand", "chemistry", "strategy"])
    fit = pl.col("chemistry") - 3 + pl.col("strategy").replace_strict({"Clear": 1, "Partly": 0, "None": -1})
    zones = rated.group_by(high=pl.col("demand") >= 3, fits=fit >= 0).len()
    assert zones.height == 4
    assert zones["len"].min() > 0.08 * rated.height
