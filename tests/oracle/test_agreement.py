"""The stages and the oracle agree, to the last rounded digit, on 1,000 generated accounts of both CRMs."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl
import pytest
from pydantic import SecretStr

from adapters import open_crm
from adapters.sandbox import Sandbox
from connector.config import HubspotConnection, SalesforceConnection
from connector.crm import FieldType
from connector.mapping import Mapping, load
from connector.measures.wallet import MODEL
from connector.mirror import Mirror
from connector.overrides import Entry, OverrideFile
from connector.reference import Reference, References
from connector.stages.map import map_accounts
from connector.stages.pull import Read, pull
from connector.stages.score import score
from connector.stages.segment import segment
from connector.tables import History, Source
from connector.windows import days
from tests.oracle.arithmetic import column
from tests.oracle.method import Decision, Rated, rate

AS_OF = date(2026, 11, 24)
SHIPPED = Path(__file__).parents[2] / "mappings"


@dataclass
class Portfolio:
    """What a pull has read, as frames for the stages and as rows for the oracle."""

    crm: str
    read: Read
    mapping: Mapping
    learnt: dict[str, References] = field(default_factory=dict)

    def model(self, mapping: Mapping) -> Reference:
        """The wallet model of a mapping, learnt once: both sides work with the same coefficients."""
        key = mapping.model_dump_json()
        if key not in self.learnt:
            references = References("2026Q4")
            args = (AS_OF, self.read.currencies, History(), references, OverrideFile())
            map_accounts(self.read.sources, mapping, *args)
            self.learnt[key] = references
        return self.learnt[key].fresh[MODEL]

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        return {name: rows_of(source) for name, source in self.read.sources.items()}

    def types(self) -> dict[str, FieldType]:
        return {
            column(name): kind
            for source in self.read.sources.values()
            for name, kind in source.schema.items()
        }


def rows_of(source: Source) -> list[dict[str, Any]]:
    native: pl.DataFrame = source.frame.collect().to_native()
    return native.to_dicts()


@pytest.fixture(scope="module", params=["salesforce", "hubspot"])
def portfolio(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Portfolio:
    name: str = request.param
    mapping = load(SHIPPED / f"{name}.toml")
    with Sandbox((name,), accounts=1_000, seed=23, today=AS_OF) as sandbox:
        connection: SalesforceConnection | HubspotConnection
        if name == "salesforce":
            connection = SalesforceConnection(
                crm="salesforce",
                mapping=SHIPPED,
                auth="client_credentials",
                login_url=sandbox.url,
                client_id="sandbox-sync",
                client_secret=SecretStr("sandbox-secret"),
            )
        else:
            connection = HubspotConnection(
                crm="hubspot", mapping=SHIPPED, api_url=sandbox.url, access_token=SecretStr("sandbox-token")
            )
        crm = open_crm(connection, time_zone="Europe/Vienna")
        read = pull(crm, mapping, tmp_path_factory.mktemp("pull"), Mirror(None), provisioned=False)
        crm.close()
    return Portfolio(name, read, mapping)


def staged(
    portfolio: Portfolio,
    mapping: Mapping,
    backend: str,
    zones: dict[str, str] | None = None,
    shuffle: int | None = None,
    since: dict[str, int] | None = None,
    file: OverrideFile | None = None,
) -> dict[str, dict[str, Any]]:
    """Every account after `segment`, computed on a backend, rows shuffled first if a seed is given."""
    sources = {}
    for name, source in portfolio.read.sources.items():
        native: pl.DataFrame = source.frame.collect().to_native()
        if shuffle is not None:
            native = native.sample(fraction=1.0, shuffle=True, seed=shuffle)
        frame = nw.from_native(native, eager_only=True).lazy(backend=backend)
        sources[name] = Source(frame, source.schema, source.rows)
    history = History(zones=started(zones, since or {}) if zones else None, first_run=not zones)
    references = References("2026Q4", {MODEL: portfolio.model(mapping)})
    rates = portfolio.read.currencies
    mapped = map_accounts(sources, mapping, AS_OF, rates, history, references, file or OverrideFile())
    zoned = segment(score(mapped.accounts, mapping, references), mapping, AS_OF, history, references)
    table = zoned.collect().to_arrow().to_pylist()
    return {row["id"]: row for row in table}


def started(zones: dict[str, str], since: dict[str, int]) -> Any:
    days = [since.get(key) for key in zones]
    found = pl.DataFrame(
        {
            "id": list(zones),
            "zone": list(zones.values()),
            "segment": list(zones.values()),
            "zone_since": days,
            "segment_since": days,
        },
        schema_overrides={"zone_since": pl.Int32, "segment_since": pl.Int32},
    )
    return found.to_arrow(compat_level=pl.CompatLevel.oldest())


def assert_agree(rows: dict[str, dict[str, Any]], expected: dict[str, Rated], mapping: Mapping) -> None:
    assert set(rows) == set(expected)
    for key, wanted in expected.items():
        row = rows[key]
        assert row["member"] == wanted.member, key
        assert row["own"] == wanted.own, key
        assert (row["wallet"], row["headroom"]) == (wanted.wallet, wanted.headroom), (
            key,
            row["wallet_source"],
            wanted,
        )
        for criterion in mapping.criteria:
            name = criterion.id
            assert row[f"score:{name}"] == wanted.scores[name], (key, name, row, wanted.raw.get(name))
            assert row[f"known:{name}"] == wanted.known[name], (key, name)
            assert row[f"rung:{name}"] == wanted.rung[name], (key, name)
        for dimension in ("potential", "attractiveness"):
            assert row[f"points:{dimension}"] == wanted.points[dimension], (key, dimension)
            assert row[f"coverage:{dimension}"] == pytest.approx(wanted.coverage[dimension], abs=1e-9)
            assert (row[f"lo:{dimension}"], row[f"hi:{dimension}"]) == (
                wanted.low[dimension],
                wanted.high[dimension],
            )
        if wanted.member:
            assert row["top_revenue"] == wanted.top_revenue, key
            assert (row["zone"], row["segment"]) == (wanted.zone, wanted.segment), (key, row, wanted)
            assert row["confidence"] == wanted.confidence, (key, row, wanted)


def expect(
    portfolio: Portfolio,
    mapping: Mapping,
    zones: dict[str, str] | None = None,
    decisions: tuple[Decision, ...] = (),
    since: dict[str, int] | None = None,
) -> dict[str, Rated]:
    rows, types = portfolio.rows(), portfolio.types()
    model = dict(zip(*portfolio.model(mapping).table.to_pydict().values(), strict=True))
    return rate(rows, types, mapping, AS_OF, portfolio.read.currencies, zones, decisions, since, model=model)


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
