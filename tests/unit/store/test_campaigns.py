from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from connector.errors import ConfigError
from connector.store import Campaign, Store
from tests.unit.store.conftest import Opened

START, END = date(2026, 10, 1), date(2026, 12, 31)


def started(store: Store, *accounts: str, quarter: str = "2026Q4", focus: str = "access") -> Campaign:
    chosen = pa.table({"id": list(accounts), "contribution": [100] * len(accounts)})
    return store.campaigns.start(
        focus, quarter, f"{quarter} {focus}", started=START, ends=END, at_start=chosen
    )


def tags(store: Store, day: date, merged: dict[str, str] | None = None) -> list[tuple[str, str]]:
    table = store.campaigns.membership(day, merged).members
    return list(zip(table.column("id").to_pylist(), table.column("tag").to_pylist(), strict=True))


def test_members_are_frozen_at_the_start(store: Store) -> None:
    campaign = started(store, "b", "a")
    assert campaign.members == 2
    assert store.campaigns.at_start(campaign.id).to_pylist() == [
        {"id": "b", "contribution": 100},
        {"id": "a", "contribution": 100},
    ]


def test_a_tag_is_active_from_the_start_to_the_quarters_end(store: Store) -> None:
    started(store, "a")
    assert tags(store, START) == tags(store, END) == [("a", "2026Q4 access")]
    assert tags(store, date(2026, 9, 30)) == tags(store, date(2027, 1, 1)) == []


def test_a_closed_campaign_is_no_longer_active(store: Store) -> None:
    campaign = started(store, "a")
    day = date(2026, 11, 2)
    assert store.campaigns.close(campaign.id, day).closed == day
    assert store.campaigns.close(campaign.id, END).closed == day
    assert tags(store, day) == []
    assert tags(store, START) == [("a", "2026Q4 access")]


def test_one_focus_a_quarter(store: Store) -> None:
    first = started(store, "a")
    with pytest.raises(ConfigError, match=r"2026Q4 has its focus already \(access, since 2026-10-01"):
        started(store, "b", focus="processes")
    started(store, "b", quarter="2027Q1")
    store.campaigns.close(first.id, START)
    started(store, "b", focus="processes")


def test_nobody_is_no_campaign(store: Store) -> None:
    with pytest.raises(ConfigError, match="nothing was started"):
        started(store)
    assert store.campaigns.all() == []


def test_members_follow_a_merge_to_the_survivor(store: Store) -> None:
    started(store, "a", "b", "c")
    merged = {"a": "x", "x": "y", "b": "c", "z": "z"}
    expected = [("c", "2026Q4 access"), ("y", "2026Q4 access")]
    assert tags(store, START, merged) == expected
    store.campaigns.follow(merged)
    assert tags(store, START) == expected
    store.campaigns.follow({})
    assert store.campaigns.all()[0].members == 2


def test_campaigns_of_another_connection_are_not_seen(opened: Opened) -> None:
    acme, portal = opened("acme"), opened("portal")
    campaign = started(acme, "a")
    started(portal, "a")
    assert [one.id for one in acme.campaigns.all()] == [campaign.id]
    for ask in (
        lambda: portal.campaigns.close(campaign.id, START),
        lambda: portal.campaigns.at_start(campaign.id),
    ):
        with pytest.raises(KeyError):
            ask()
    assert acme.campaigns.get(campaign.id).closed is None
