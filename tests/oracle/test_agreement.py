"""The stages and the oracle agree, to the last rounded digit, on 1,000 generated accounts of both CRMs."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from connector.mapping import Mapping
from connector.overrides import Entry, OverrideFile
from connector.windows import days
from tests.oracle.compared import AS_OF, Portfolio, assert_agree, expect, staged


@pytest.mark.parametrize("backend", ["polars", "duckdb"])
def test_the_shipped_mapping(portfolio: Portfolio, backend: str) -> None:
    assert_agree(
        staged(portfolio, portfolio.mapping, backend), expect(portfolio, portfolio.mapping), portfolio.mapping
    )


@pytest.mark.parametrize("backend", ["polars", "duckdb"])
def test_with_a_history_and_a_percentile_threshold(portfolio: Portfolio, backend: str) -> None:
    data = portfolio.mapping.model_dump(by_alias=True, exclude_none=True)
    data["matrix"]["threshold"] = {"potential": "p60", "attractiveness": 45}
    mapping = Mapping.model_validate(data)
    chosen = random.Random(4)
    names = sorted(row["@id"] for row in portfolio.rows()["accounts"])
    zones = {
        key: chosen.choice(["protect", "develop", "maintain", "retreat", "unrated"])
        for key in names
        if chosen.random() < 0.8
    }
    assert_agree(staged(portfolio, mapping, backend, zones), expect(portfolio, mapping, zones), mapping)


@pytest.mark.parametrize("backend", ["polars", "duckdb"])
def test_with_a_stay_and_percentiles_on_both_sides(portfolio: Portfolio, backend: str) -> None:
    data = portfolio.mapping.model_dump(by_alias=True, exclude_none=True)
    data["matrix"] |= {"threshold": {"potential": "p35", "attractiveness": "p70"}, "min_stay_days": 60}
    mapping = Mapping.model_validate(data)
    chosen = random.Random(11)
    names = sorted(row["@id"] for row in portfolio.rows()["accounts"])
    kinds = ["protect", "develop", "maintain", "retreat", "unrated"]
    zones = {key: chosen.choice(kinds) for key in names if chosen.random() < 0.9}
    ages = [1, 59, 60, 61, 400]
    since = {key: days(AS_OF) - chosen.choice(ages) for key in zones if chosen.random() < 0.8}
    expected = expect(portfolio, mapping, zones, since=since)
    held = {key for key, one in expected.items() if one.member and one.zone == zones.get(key)}
    free = expect(portfolio, mapping, zones)
    assert sum(free[key].zone != zones[key] for key in held) > 50  # kept by the stay alone
    assert_agree(staged(portfolio, mapping, backend, zones, since=since), expected, mapping)


@pytest.mark.parametrize("backend", ["polars", "duckdb"])
def test_what_people_have_set(portfolio: Portfolio, backend: str) -> None:
    """Zones from a field (strategy stands in for it: its values are no zones) and from a file, scores from the file."""
    data = portfolio.mapping.model_dump(by_alias=True, exclude_none=True)
    strategy = next(one for one in portfolio.mapping.criteria if one.id == "clear_strategy").rungs[0].source
    override = {"segment": strategy.model_dump()["field"], "file": "overrides.csv"}
    mapping = Mapping.model_validate({**data, "override": override})
    chosen = random.Random(9)
    names = sorted(row["@id"] for row in portfolio.rows()["accounts"])
    subjects: dict[str, Callable[[], str]] = {
        "segment": lambda: chosen.choice(["protect", "develop", "maintain", "retreat", "unrated"]),
        "decision_access": lambda: str(chosen.randrange(101)),
        "future_demand": lambda: str(chosen.randrange(101)),
    }
    decisions = tuple(
        (key, what, value(), days(AS_OF) + chosen.choice([-1, 0, 30]))
        for key in names
        for what, value in subjects.items()
        if chosen.random() < 0.3
    )
    entries = tuple(
        Entry(line, key, what, value, None, None, last)
        for line, (key, what, value, last) in enumerate(decisions, 2)
    )
    expected = expect(portfolio, mapping, decisions=decisions)
    assert sum(result.segment != result.zone for result in expected.values()) > 50
    assert_agree(staged(portfolio, mapping, backend, file=OverrideFile("o.csv", entries)), expected, mapping)


@pytest.mark.parametrize("backend", ["polars", "duckdb"])
def test_families_rated_as_one(portfolio: Portfolio, backend: str) -> None:
    data = portfolio.mapping.model_dump(by_alias=True, exclude_none=True)
    data["portfolio"]["level"] = "ultimate_parent"
    data["opportunities"]["account"] = "AccountId" if portfolio.crm == "salesforce" else "any_company"
    mapping = Mapping.model_validate(data)
    expected = expect(portfolio, mapping)
    heirs = {key: result.heir_of for key, result in expected.items() if result.heir_of is not None}
    assert len(heirs) > 50
    rows = staged(portfolio, mapping, backend)
    assert_agree(rows, expected, mapping)
    assert {key: row["top"] for key, row in rows.items() if row["heir"]} == heirs
    assert {row["id"] for row in rows.values() if row["head"]} == set(heirs.values())


def criteria(crm: str) -> list[dict[str, Any]]:
    """Every measure and every scale, once at least."""
    salesforce = crm == "salesforce"
    field = {
        "size": "NumberOfEmployees" if salesforce else "numberofemployees",
        "demand": "KPM_Demand__c" if salesforce else "kpm_demand",
        "strategy": "KPM_Strategy__c" if salesforce else "kpm_strategy",
        "rated": "KPM_Rated_At__c" if salesforce else "kpm_rated_at",
        "type": "Type" if salesforce else "dealtype",
        "renewal": "Renewal" if salesforce else "renewal",
        "wallet": "KPM_Wallet__c" if salesforce else "kpm_wallet",
    }
    deals = {"from": "opportunities"}
    not_renewal = [{"field": field["type"], "not_in": [field["renewal"]]}]
    sources: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({**deals, "measure": "won_amount", "months": 24}, {"kind": "log", "zero": 0, "full": 300_000}),
        (
            {**deals, "measure": "won_count", "months": 12, "where": not_renewal},
            {"kind": "bands", "edges": [1, 2, 4], "scores": [0, 30, 60, 100]},
        ),
        (
            {
                **deals,
                "measure": "weighted_pipeline",
                "months": 6,
                "max_per_deal": 50_000,
                "overdue_grace_days": 90,
            },
            {"kind": "linear", "zero": 0, "full": 100_000},
        ),
        (
            {**deals, "measure": "win_rate", "months": 36, "prior": 3},
            {"kind": "linear", "zero": 0.2, "full": 0.9},
        ),
        ({**deals, "measure": "days_since_won"}, {"kind": "half_life", "days": 200}),
        ({**deals, "measure": "trend", "months": 12}, {"kind": "linear", "zero": -1, "full": 1}),
        ({"from": "wallet", "measure": "share"}, {"kind": "linear", "zero": 1, "full": 0}),
        ({"from": "wallet", "measure": "headroom_share"}, {"kind": "linear", "zero": 0, "full": 0.5}),
        (
            {"field": field["strategy"]},
            {"kind": "lookup", "scores": {" clear ": 90, "PARTLY": 45}, "other": 10},
        ),
        (
            {"field": field["demand"], "rated_at": field["rated"], "expires_days": 200},
            {"kind": "rating", "worst": 5, "best": 1},
        ),
        ({"field": field["rated"]}, {"kind": "half_life", "days": 300}),
        ({"field": field["size"]}, {"kind": "bands", "edges": [10, 50, 250], "scores": [10, 20, 40, 100]}),
        ({"field": field["wallet"]}, {"kind": "log", "zero": 100, "full": 1_000_000}),
        (
            {
                "from": "cases",
                "measure": "error_rate",
                "per": "won_opportunities",
                "months": 24,
                "min_base": 1,
                "where": [],
            },
            {"kind": "linear", "zero": 2, "full": 0},
        ),
        ({"from": "cases", "measure": "count", "months": 12}, {"kind": "linear", "zero": 8, "full": 0}),
        (
            {"from": "orders", "measure": "count", "months": 12, "half_life_days": 120},
            {"kind": "linear", "zero": 0, "full": 4},
        ),
        (
            {"from": "activities", "measure": "count", "half_life_days": 60},
            {"kind": "linear", "zero": 0, "full": 3},
        ),
    ]
    return [
        {
            "id": f"c{number}",
            "dimension": "potential" if number % 2 else "attractiveness",
            "label": f"Criterion {number}",
            "weight": number % 4,
            "source": source,
            "scale": scale,
            **({"missing": "neutral"} if number % 5 == 0 else {}),
        }
        for number, (source, scale) in enumerate(sources)
    ]


@pytest.mark.parametrize("backend", ["polars", "duckdb"])
def test_every_measure_and_scale(portfolio: Portfolio, backend: str) -> None:
    data = portfolio.mapping.model_dump(by_alias=True, exclude_none=True)
    mapping = Mapping.model_validate({**data, "criteria": criteria(portfolio.crm), "write": {}})
    assert_agree(staged(portfolio, mapping, backend), expect(portfolio, mapping), mapping)


def test_the_wallet_model_answers_for_some(portfolio: Portfolio) -> None:
    sources = [result.wallet_source for result in expect(portfolio, portfolio.mapping).values()]
    assert sources.count("model") > 50


def test_the_order_of_rows_changes_nothing(portfolio: Portfolio) -> None:
    first = staged(portfolio, portfolio.mapping, "polars")
    assert staged(portfolio, portfolio.mapping, "polars", shuffle=99) == first
