"""How many records a value rests on."""

from __future__ import annotations

from typing import Any

import pytest

from connector.measures.aggregates import Pick
from tests.unit.measures.pulled import ago, column, deal, mapped, mapping_of, open_deal

DEALS = [
    deal(),
    deal(CloseDate=ago(100), Amount=None),
    deal(CloseDate=ago(500)),
    deal(CloseDate=ago(900), Type="Test"),
    deal(**{"@won": False}),
    open_deal(),
    open_deal(CloseDate=ago(20)),
    open_deal(CloseDate=ago(-800)),
]
ROLES = [
    {"@account": "a", "@contact": "p", "@role": "Buyer"},
    {"@account": "a", "@contact": "q", "@role": "User", "@last_activity": ago(900)},
    {"@account": "a", "@contact": "r", "@role": None},
]
CASES = [
    {"@account": "a", "Date": ago(day), "Type": kind}
    for day, kind in ((1, "Error"), (2, "Other"), (700, "Error"))
]
ORDERS = [{"@account": "a", "Date": ago(day)} for day in (1, 2, 3, 4, 500)]
ACTIVITIES = [{"@account": "a", "@date": ago(day)} for day in (5, 50, 500)]
OF_DEALS = {"from": "opportunities"}
SOURCES: list[tuple[dict[str, Any], dict[str, int]]] = [
    ({**OF_DEALS, "measure": "won_amount", "months": 12}, {"opportunities": 2}),
    ({**OF_DEALS, "measure": "won_count", "months": 24}, {"opportunities": 3}),
    ({**OF_DEALS, "measure": "won_count", "months": 120}, {"opportunities": 4}),
    (
        {**OF_DEALS, "measure": "won_count", "months": 120, "where": [{"field": "Type", "not_in": ["Test"]}]},
        {"opportunities": 3},
    ),
    ({**OF_DEALS, "measure": "open_amount", "months": 12}, {"opportunities": 1}),
    ({**OF_DEALS, "measure": "weighted_pipeline", "months": 12}, {"opportunities": 2}),
    ({**OF_DEALS, "measure": "win_rate", "months": 12}, {"opportunities": 3}),
    ({**OF_DEALS, "measure": "days_since_won"}, {"opportunities": 4}),
    ({**OF_DEALS, "measure": "trend", "months": 12}, {"opportunities": 4}),
    (
        {
            "from": "contact_roles",
            "measure": "role_coverage",
            "required": ["Buyer"],
            "active_within_days": 365,
        },
        {"contact_roles": 2},
    ),
    ({"from": "cases", "measure": "count", "months": 12}, {"cases": 2}),
    ({"from": "cases", "measure": "count", "half_life_days": 30}, {"cases": 3}),
    (
        {
            "from": "cases",
            "measure": "error_rate",
            "where": [{"field": "Type", "equals": "Error"}],
            "months": 12,
        },
        {"cases": 1, "orders": 4},
    ),
    ({"from": "activities", "measure": "count", "months": 12}, {"activities": 2}),
    ({"from": "activities", "measure": "days_since_last"}, {"activities": 3}),
    ({"field": "Size"}, {}),
    ({"from": "wallet", "measure": "headroom"}, {}),
]


@pytest.mark.parametrize(("source", "expected"), SOURCES)
def test_every_measure(backend: str, source: dict[str, Any], expected: dict[str, int]) -> None:
    found = mapped(
        backend,
        mapping_of({"source": source}),
        accounts=[{"@id": "a"}, {"@id": "none"}],
        opportunities=DEALS,
        contact_roles=ROLES,
        cases=CASES,
        orders=ORDERS,
        activities=ACTIVITIES,
    )
    names = [name for name in found.accounts.collect_schema().names() if name.startswith("records:c0:")]
    counts = {name.removeprefix("records:c0:0:"): column(found, name) for name in names}
    assert {name: values["a"] for name, values in counts.items()} == expected
    assert {values["none"] for values in counts.values()} <= {0}


@pytest.mark.parametrize(
    ("one", "other", "covers"),
    [
        (Pick(1, 9, "won"), Pick(1, 9, "won"), True),
        (Pick(None, 9, "won"), Pick(1, 8, "won"), True),
        (Pick(1, 9, "won"), Pick(None, 9, "won"), False),
        (Pick(1, 9, "won"), Pick(1, None, "won"), False),
        (Pick(1, None, "won"), Pick(2, None, "won"), True),
        (Pick(1, 9, "closed"), Pick(1, 9, "won"), True),
        (Pick(1, 9, "won"), Pick(1, 9, "closed"), False),
        (Pick(), Pick(1, 9, "open"), True),
    ],
)
def test_a_wider_choice_of_records_covers_a_narrower_one(one: Pick, other: Pick, covers: bool) -> None:
    assert one.covers(other) == covers
    assert not one.covers("a test of its own")
