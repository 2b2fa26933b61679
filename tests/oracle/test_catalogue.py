"""Every measure with every scale whose types fit, on 1,000 accounts of each CRM, agrees with the oracle.

The whole product has some 490 pairs. `make test` takes a tenth of them on Polars, with every variant of a measure and
of a scale at least once, and others on DuckDB; `make proof` takes all on both.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from connector.mapping import Mapping
from connector.mapping.model import SOURCES
from connector.measures import BUILT as MEASURES
from connector.scales import BUILT as SCALES
from tests.oracle.compared import Portfolio, assert_agree, expect, staged
from tests.oracle.filled import filled, with_files

Pair = tuple[dict[str, Any], dict[str, Any]]
AT_ONCE = {"polars": 48, "duckdb": 12}
"""Criteria of one mapping; DuckDB's planner takes ever longer over wide ones."""
ON_DUCKDB = 24


def sources(crm: str) -> list[tuple[dict[str, Any], float, float]]:
    """Every measure in its variants, and between which values it tells accounts apart."""
    salesforce = crm == "salesforce"
    kind = "Type" if salesforce else "dealtype"
    renewal = "Renewal" if salesforce else "renewal"
    not_renewal = [{"field": kind, "not_in": [renewal]}]
    error = {"field": "Type", "in": ["Order error"]}
    if not salesforce:
        error = {"field": "hs_ticket_category", "in": ["ORDER_ERROR"]}
    deals, cases, orders = {"from": "opportunities"}, {"from": "cases"}, {"from": "orders"}
    errors = {**cases, "measure": "error_rate", "where": [error]}
    roles = {"from": "contact_roles", "measure": "role_coverage"}
    decider = ["Economic Buyer", "Decision Maker", "Executive Sponsor"]
    if not salesforce:
        decider = ["BUDGET_HOLDER", "DECISION_MAKER", "EXECUTIVE_SPONSOR"]
    return [
        ({"field": "X_Number"}, -10, 90),
        ({"field": "X_Text_Number"}, 0, 80),
        ({"field": "X_Text_Date"}, 0, 3000),
        ({"field": "X_Date"}, 0, 1000),
        ({"field": "X_Money", "rated_at": "X_Rated"}, 0, 1_500_000),
        ({"field": "X_Percent"}, 0, 100),
        ({"field": "X_Rating", "rated_at": "X_Rated", "expires_days": 200}, 1, 5),
        ({**deals, "measure": "won_amount", "months": 24}, 0, 300_000),
        ({**deals, "measure": "won_amount", "months": 3, "no_records": "missing", "where": not_renewal}, 0, 90_000),
        ({**deals, "measure": "won_count", "months": 12, "where": not_renewal}, 0, 6),
        ({**deals, "measure": "won_count", "months": 12, "no_records": "missing"}, 0, 6),
        ({**deals, "measure": "open_amount", "months": 12}, 0, 200_000),
        ({**deals, "measure": "weighted_pipeline", "months": 6}, 0, 80_000),
        (
            {**deals, "measure": "weighted_pipeline", "months": 12, "max_per_deal": 20_000, "overdue_grace_days": 90},
            0,
            60_000,
        ),
        ({**deals, "measure": "win_rate", "months": 36}, 0.2, 0.9),
        ({**deals, "measure": "win_rate", "months": 12, "prior": 0.5, "where": not_renewal}, 0.2, 0.9),
        ({**deals, "measure": "days_since_won"}, 0, 700),
        ({**deals, "measure": "tenure_years"}, 0, 6),
        ({**deals, "measure": "trend", "months": 12}, -1, 1),
        ({**deals, "measure": "breadth", "months": 36, "field": kind, "of": 3}, 0, 1),
        ({**roles, "required": decider}, 0, 1),
        ({**roles, "required": [decider[:2], decider[2]], "active_within_days": 120}, 0, 1),
        ({**cases, "measure": "count", "months": 12}, 0, 9),
        ({**cases, "measure": "count", "months": 24, "half_life_days": 200, "where": [error]}, 0, 3),
        ({**errors, "per": "orders", "months": 12}, 0, 0.3),
        ({**errors, "per": "won_opportunities", "months": 36, "min_base": 1}, 0, 1),
        ({**errors, "per": "cases", "months": 24, "prior": 2, "min_base": 2}, 0, 0.5),
        ({**orders, "measure": "count", "half_life_days": 120}, 0, 8),
        ({**orders, "measure": "error_rate", "per": "cases", "months": 12, "min_base": 1}, 0, 4),
        ({"from": "activities", "measure": "count", "months": 6}, 0, 12),
        ({"from": "activities", "measure": "count", "half_life_days": 60}, 0, 6),
        ({"from": "activities", "measure": "days_since_last"}, 0, 300),
        ({"from": "wallet", "measure": "share"}, 0, 1),
        ({"from": "wallet", "measure": "headroom"}, 0, 400_000),
        ({"from": "wallet", "measure": "headroom_share"}, 0, 0.6),
        ({"csv": "erp.csv", "key": "Number", "column": "rate", "key_field": "X_Key"}, 0, 0.25),
        ({"csv": "erp.csv", "key": "Number", "column": "since", "key_field": "X_Key"}, 0, 400),
        *(
            ({"from": "criteria", "measure": measure, "ids": ["base0", "base1", "base2"], **weights}, 0, 100)
            for measure, weights in (
                ("weighted", {}), ("weighted", {"weights": [3, 0, 1]}), ("min", {}), ("max", {}), ("geometric", {}),
                ("geometric", {"weights": [1, 2, 0]}),
            )
        ),
    ]  # fmt: skip


def words() -> list[Pair]:
    """Scales of words, with what they can score."""
    lookup = {
        "kind": "lookup",
        "scores": {"clear": 90, " PARTLY ": 45, "a": 10, "b": 60, "c": 100, "true": 70},
    }
    erp = {"csv": "erp.csv", "key": "Number", "key_field": "X_Key"}
    looked_up = [
        (source, {**lookup, **more})
        for source in (
            {"field": "X_Word"},
            {"field": "X_Several"},
            {**erp, "column": "grade"},
            {"field": "X_Flag"},
        )
        for more in ({}, {"other": 20}, {"multi": "min"}, {"multi": "mean", "other": 5})
    ]
    flags = ({"field": "X_Flag"}, {"field": "X_Text_Flag"}, {**erp, "column": "fit"})
    return [
        *looked_up,
        *((source, {"kind": "boolean", **more}) for source in flags for more in ({}, {"yes": 20, "no": 80})),
    ]


def scales(low: float, high: float) -> Iterator[dict[str, Any]]:
    """Every scale of numbers, for values from `low` to `high`."""
    middle, size = (low + high) / 2, (high - low) / 4
    yield {"kind": "linear", "zero": low, "full": high}
    yield {"kind": "linear", "zero": high, "full": low}
    yield {"kind": "log", "zero": max(0.0, low), "full": high}
    yield {"kind": "bands", "edges": [low + size, middle, high - size], "scores": [0, 35, 70, 100]}
    yield {"kind": "half_life", "days": size * 2}
    yield {"kind": "saturating", "half_at": size * 2}
    yield {"kind": "percentile"}
    yield {"kind": "percentile", "by": "X_Group", "min_group": 100, "reverse": True}
    yield {"kind": "percentile", "by": "size"}
    yield {"kind": "rating", "worst": low, "best": high}
    yield {"kind": "rating", "worst": high, "best": low, "centre_by": "owner"}


def pairs(crm: str) -> list[Pair]:
    found = [
        (source, scale)
        for source, low, high in sources(crm)
        for scale in scales(low, high)
        if not (scale["kind"] == "rating" and _is_text_of_dates(source))
    ]
    return [*found, *words()]


def _is_text_of_dates(source: dict[str, Any]) -> bool:
    """A rating is a number, so that such a text is none."""
    return source.get("field") == "X_Text_Date" or source.get("column") == "since"


def sampled(crm: str, share: float, seed: str) -> list[Pair]:
    """Some pairs, in which every variant of a measure and of a scale comes at least once."""
    chosen = random.Random(seed)
    everything = pairs(crm)
    chosen.shuffle(everything)
    met: set[str] = set()
    found, left = [], []
    for source, scale in everything:
        names = {f"source {source}", f"scale {scale['kind']} {sorted(scale.keys())}"}
        (left if names <= met else found).append((source, scale))
        met |= names
    return [*found, *left[: max(0, round(share * len(everything)) - len(found))]]


def mapping_of(portfolio: Portfolio, chosen: Sequence[Pair], folder: Path) -> Mapping:
    base: list[dict[str, Any]] = [
        {"source": {"field": "X_Rating"}, "scale": {"kind": "rating", "worst": 1, "best": 5}, "weight": 2},
        {"source": {"field": "X_Percent"}, "scale": {"kind": "linear", "zero": 0, "full": 100}, "weight": 0},
        {
            "source": {"field": "X_Date"},
            "scale": {"kind": "half_life", "days": 500},
            "weight": 3,
            "missing": "neutral",
        },
    ]
    criteria = [{"id": f"base{number}", **each} for number, each in enumerate(base)]
    criteria += [
        {"id": f"c{number}", "weight": number % 4, "source": source, "scale": scale}
        | ({"missing": 30} if number % 7 == 0 else {})
        for number, (source, scale) in enumerate(chosen)
    ]
    data = portfolio.mapping.model_dump(by_alias=True, exclude_none=True)
    for number, criterion in enumerate(criteria):
        criterion |= {
            "dimension": "potential" if number % 2 else "attractiveness",
            "label": f"Criterion {number}",
        }
    wallet = {
        "sources": ["field:X_Wallet", "activity", "model", "peer_p80"],
        "rated_at": "X_Rated",
        "expires_days": 300,
    }
    accounts = {**data["accounts"], "owner": "X_Owner"}
    parts = {"criteria": criteria, "write": {}, "wallet": wallet, "accounts": accounts}
    return Mapping.model_validate({**data, **parts}, context={"folder": folder})


@pytest.fixture(scope="module")
def rich(portfolio: Portfolio, tmp_path_factory: pytest.TempPathFactory) -> tuple[Portfolio, Path]:
    folder = tmp_path_factory.mktemp("erp")
    return filled(portfolio, folder), folder


def agree(rich: tuple[Portfolio, Path], chosen: Sequence[Pair], backend: str) -> None:
    portfolio, folder = rich
    size = AT_ONCE[backend]
    for start in range(0, len(chosen), size):
        mapping = mapping_of(portfolio, chosen[start : start + size], folder)
        whole = with_files(portfolio, mapping)
        rows, expected = staged(whole, mapping, backend), expect(whole, mapping)
        assert_agree(rows, expected, mapping)
        assert {each.wallet_source for each in expected.values()} >= {"field", "activity", "model"}
        for criterion in mapping.criteria:  # what nobody knows would agree with anything
            assert len({each.scores[criterion.id] for each in expected.values()}) > 1, criterion


@pytest.mark.parametrize("backend", ["polars", "duckdb"])
def test_a_sample_of_the_product(rich: tuple[Portfolio, Path], backend: str) -> None:
    chosen = sampled(rich[0].crm, 0.1, f"{rich[0].crm} {backend}")
    agree(rich, chosen[:ON_DUCKDB] if backend == "duckdb" else chosen, backend)


@pytest.mark.proof
@pytest.mark.parametrize("backend", ["polars", "duckdb"])
def test_the_whole_product(rich: tuple[Portfolio, Path], backend: str) -> None:
    agree(rich, pairs(rich[0].crm), backend)


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_nothing_of_the_language_is_left_out(crm: str) -> None:
    for chosen in (pairs(crm), sampled(crm, 0.1, f"{crm} polars")):
        measured = {(source.get("from"), source.get("measure")) for source, _ in chosen if "from" in source}
        assert measured == {(name, measure) for name in MEASURES for measure in MEASURES[name]}
        assert {scale["kind"] for _, scale in chosen} == SCALES
        assert any("csv" in source for source, _ in chosen)
        assert any("field" in source and "from" not in source for source, _ in chosen)
    assert set(SOURCES) == {"field", "csv", *MEASURES}
