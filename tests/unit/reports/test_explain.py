from __future__ import annotations

import json
import random
from typing import Any

import pytest

from connector.cli.explanation import show_explanation
from connector.mapping.model import Mapping
from connector.reports.distance import distances
from connector.reports.explain import explain
from connector.reports.matrix_chart import Thresholds
from connector.reports.missing import ways
from connector.stages.word import word
from connector.texts import PHRASES
from tests.unit.reports.conftest import account
from tests.unit.stages.portfolio import LABELS, mapping_of, rows_of, scored

HALF = Thresholds(50, 50)
ZONES = {"protect": "Key account", "unrated": "Not rated yet"}


def explained(mapping: Mapping, **values: object) -> dict[str, Any]:
    return explain(account("a", **values), mapping, HALF, ZONES, url="https://crm.example/a")


def test_everything_fits_into_json_and_states_what_is_written(mapping: Mapping) -> None:
    found = json.loads(json.dumps(explained(mapping)))
    assert found["account"] == {
        "id": "a",
        "name": "Account a",
        "owner": "Anna",
        "url": "https://crm.example/a",
    }
    assert found["written"] == {
        "segment": "protect",
        "segment_since": "2024-10-04",
        "potential": 72,
        "why": "Key account: potential 72, fit 80.",
    }
    assert found["revenue_12_months"] == 1_000
    assert found["dimensions"]["potential"]["criteria"][0]["contribution"] == 48.0


def test_criteria_are_measured_from_their_targets(mapping: Mapping) -> None:
    found = explained(mapping)  # targets are 70: demand 80, size 60, access 70, chemistry 90
    assert found["strongest_up"] == ["chemistry", "demand"]
    assert found["strongest_down"] == ["size"]


def test_a_missing_criterion_neither_lifts_nor_burdens(mapping: Mapping) -> None:
    found = explained(mapping, **{"known:chemistry": False, "score:chemistry": None, "rung:chemistry": None})
    assert found["strongest_up"] == ["demand", "access"]
    assert found["missing"] == ["chemistry"]
    chemistry = found["dimensions"]["attractiveness"]["criteria"][1]
    assert chemistry["value"] == "unknown"
    assert chemistry["above_target"] is None


def test_outside_the_portfolio_there_is_no_zone(mapping: Mapping) -> None:
    found = explained(mapping, member=False, segment=None, zone=None)
    assert (found["segment"], found["label"], found["distance"]) == (None, None, None)


@pytest.mark.parametrize(
    ("values", "ways"),
    [
        (
            {"segment": "maintain", "zone": "maintain", "points:potential": 38, "score:demand": 20},
            ["17 points short of Key account: Future demand 20 of 70"],  # 50, and 5 of hysteresis
        ),
        (
            {"segment": "maintain", "zone": "maintain", "points:potential": 54, "score:demand": 80, "score:size": 70},
            ["1 point short of Key account on potential"],
        ),
        (
            {"segment": "retreat", "zone": "retreat", "points:potential": 10, "points:attractiveness": 51,
             "score:access": 30, "score:chemistry": 60},
            [
                "4 points short of Maintain: Access to decision makers 30 of 70",
                "45 points short of Development zone: Size 60 of 70",
            ],
        ),
        (
            {"segment": "develop", "zone": "retreat", "top_revenue": True, "points:attractiveness": 40},
            ["15 points short of Key account on attractiveness"],
        ),
        ({"segment": "protect", "zone": "maintain", "top_revenue": True, "points:potential": 10}, []),
        ({"segment": "unrated", "zone": "unrated", "points:potential": None}, []),
    ],
)  # fmt: skip
def test_the_way_to_a_better_zone(mapping: Mapping, values: dict[str, Any], ways: list[str]) -> None:
    row = account("a", **values)
    labels = {**ZONES, "maintain": "Maintain", "develop": "Development zone"}
    found = distances(row, values["segment"], mapping, HALF, labels)
    assert [str(one) for one in found] == ways
    explained_ = explain(row, mapping, HALF, labels, url=None)
    assert explained_["distance"] == (ways[0] if ways else None)
    assert [way["points"] for way in explained_["ways_up"]] == [one.points for one in found]


def test_a_rating_is_told_with_its_range_and_meaning(mapping: Mapping) -> None:
    criteria = [one.model_dump(by_alias=True, exclude_none=True) for one in mapping.criteria]
    criteria[3]["anchors"] = {"4": {"en": "good", "de": "gut"}}
    anchored = Mapping.model_validate(
        mapping.model_dump(by_alias=True, exclude_none=True) | {"criteria": criteria}
    )
    fit = explained(anchored)["dimensions"]["attractiveness"]["criteria"]
    assert [each["value"] for each in fit] == ["4 on 1 to 5", "4 on 1 to 5: good"]
    assert explained(anchored)["dimensions"]["potential"]["criteria"][1]["value"] == "4"


def whole(mapping: Mapping) -> dict[str, Any]:
    data = mapping.model_dump(by_alias=True, exclude_none=True)
    return data | {"criteria": list(data["criteria"])}


WAYS: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"field": "X__c"}, [("person", "fill in X__c on the account")]),
    (
        {"csv": "erp.csv", "key": "Number", "column": "errors"},
        [("file", "a row of erp.csv for its Number, with errors")],
    ),
    (
        {"from": "contact_roles", "measure": "role_coverage", "required": [["Buyer", "Owner"], "Sponsor"]},
        [("person", "fill in the contacts' roles; needed: Buyer or Owner, Sponsor")],
    ),
    (
        {"from": "cases", "measure": "error_rate", "per": "won_opportunities", "months": 12, "min_base": 3},
        [("records", "at least 3 won opportunities in 12 months")],
    ),
    (
        {"from": "activities", "measure": "days_since_last"},
        [("records", "a completed activity with the account")],
    ),
    (
        {"from": "opportunities", "measure": "win_rate", "months": 36},
        [("records", "a closed opportunity within 36 months")],
    ),
    (
        {"from": "opportunities", "measure": "days_since_won"},
        [("records", "won opportunities with an amount")],
    ),
    (
        {"from": "wallet", "measure": "headroom"},
        [
            ("person", "fill in Wallet__c on the account: its yearly spend"),
            ("records", "a better year with us than the last one"),
            ("records", "similar customers who clearly buy more"),
        ],
    ),
    (
        {"from": "criteria", "measure": "min", "ids": ["size", "access"]},
        [
            ("person", "fill in NumberOfEmployees on the account"),
            ("person", "fill in Access__c on the account"),
        ],
    ),
]


@pytest.mark.parametrize(("source", "expected"), WAYS)
def test_who_could_fill_in_what_is_missing(
    mapping: Mapping, source: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    data = whole(mapping)
    data["criteria"][0] |= {"source": source, "scale": {"kind": "linear", "zero": 0, "full": 1}}
    data["wallet"] = {"sources": ["field:Wallet__c", "activity", "peer_p80"]}
    changed = Mapping.model_validate(data)
    row = account("a", **{"known:demand": False, "score:demand": None, "rung:demand": None})
    if source.get("from") == "criteria":
        row |= {f"known:{part}": False for part in source["ids"]}
    lacking = explain(row, changed, HALF, ZONES, url=None)["to_fill"][0]
    assert (lacking["id"], lacking["label"]) == ("demand", "Future demand")
    assert [(way["who"], way["how"]) for way in lacking["ways"]] == expected


def test_who_buys_nothing_is_told_that_revenue_would_answer(mapping: Mapping) -> None:
    data = whole(mapping)
    headroom = {"from": "wallet", "measure": "headroom"}
    data["criteria"][0] |= {"source": headroom, "scale": {"kind": "linear", "zero": 0, "full": 1}}
    data["wallet"] = {"sources": ["peer_p80"]}
    changed = Mapping.model_validate(data)
    unknown = {"known:demand": False, "score:demand": None, "rung:demand": None}
    for own in (None, 0):
        lacking = explain(account("a", own=own, **unknown), changed, HALF, ZONES, url=None)["to_fill"][0]
        assert [way["how"] for way in lacking["ways"]] == ["won opportunities of the last 12 months"]


def test_of_what_a_criterion_is_made_of_only_what_is_missing_is_asked_for(mapping: Mapping) -> None:
    data = whole(mapping)
    made = {"from": "criteria", "measure": "min", "ids": ["size", "access"]}
    data["criteria"][0] |= {"source": made, "scale": {"kind": "linear", "zero": 0, "full": 100}}
    changed = Mapping.model_validate(data)
    row = account("a", **{"known:demand": False, "score:demand": None, "rung:demand": None})
    every = ways(changed.criteria[0], changed)
    lacking = {}
    for part in ("access", "size"):
        (asked,) = [
            one
            for one in explain(row | {f"known:{part}": False}, changed, HALF, ZONES, url=None)["to_fill"]
            if one["id"] == "demand"
        ]
        lacking[part] = [(way["who"], way["how"]) for way in asked["ways"]]
    assert lacking["access"] != lacking["size"]
    assert {*lacking["access"], *lacking["size"]} == set(every)


@pytest.mark.parametrize(
    ("zone", "borders"),
    [("protect", (45, 45)), ("develop", (45, 55)), ("retreat", (55, 55)), ("unrated", (None, None))],
)
def test_the_border_of_an_account_is_the_one_that_it_would_have_to_cross(
    mapping: Mapping, capsys: pytest.CaptureFixture[str], zone: str, borders: tuple[float | None, ...]
) -> None:
    one = explained(mapping, zone=zone)
    found = [one["dimensions"][name]["border"] for name in ("potential", "attractiveness")]
    assert found == list(borders)
    show_explanation(one, ZONES)
    shown = " ".join(capsys.readouterr().out.split())
    told = [f"high from 50 (this one changes sides at {border})" for border in borders if border]
    assert all(text in shown for text in told)
    assert bool(told) == ("changes sides" in shown)


def test_people_come_first_among_the_ways(mapping: Mapping) -> None:
    data = whole(mapping)
    scale = {"kind": "linear", "zero": 0, "full": 1}
    records = {"from": "opportunities", "measure": "won_count", "months": 12}
    ladder = [{"source": records, "scale": scale}, {"source": {"field": "X__c"}, "scale": scale}]
    del data["criteria"][0]["source"], data["criteria"][0]["scale"]
    data["criteria"][0]["first_of"] = ladder
    assert [who for who, _ in ways(Mapping.model_validate(data).criteria[0], mapping)] == [
        "person",
        "records",
    ]


def test_the_number_of_records_behind_a_value(mapping: Mapping, capsys: pytest.CaptureFixture[str]) -> None:
    data = whole(mapping)
    rate = {"from": "cases", "measure": "error_rate", "per": "orders", "months": 12}
    data["criteria"][2] |= {"source": rate, "scale": {"kind": "linear", "zero": 1, "full": 0}}
    changed = Mapping.model_validate(data)
    row = {
        **account("a"),
        "records:access:0:cases": 1,
        "records:access:0:orders": 4_000,
        "raw:access:0": 0.02,
    }
    found = explain(row, changed, HALF, ZONES, url=None)
    access, chemistry = found["dimensions"]["attractiveness"]["criteria"]
    assert (access["records"], access["value"]) == ({"cases": 1, "orders": 4_000}, "2 %")
    assert (chemistry["records"], chemistry["source"]) == (None, "field Chemistry__c")
    show_explanation(found, ZONES)
    assert "(1 case, 4,000 orders)" in " ".join(capsys.readouterr().out.split())


def test_contributions_add_up_to_the_score(mapping: Mapping) -> None:
    lacking = {"known:chemistry": False, "score:chemistry": None, "rung:chemistry": None}
    found = explained(mapping, **lacking)["dimensions"]["attractiveness"]["criteria"]
    assert [each["contribution"] for each in found] == [70.0, None]


def test_on_a_terminal(mapping: Mapping, capsys: pytest.CaptureFixture[str]) -> None:
    values = {"segment": "maintain", "zone": "maintain", "points:potential": 38, "score:demand": 20}
    lacking = {
        "known:chemistry": False,
        "score:chemistry": None,
        "rung:chemistry": None,
        "coverage:attractiveness": 0.5,
    }
    show_explanation(explained(mapping, **values, **lacking), {**ZONES, "maintain": "Maintain"})
    told = " ".join(capsys.readouterr().out.split())
    assert (
        "Burdens most (what explains the zone first): Future demand 20, target 70 (-30), Size 60, target 70 (-4)"
        in told
    )
    assert "Lifts most: Access to decision makers 70, target 70 (+0)" in told
    assert "Missing: Chemistry: fill in Chemistry__c on the account, account owner Anna" in told
    assert "17 points short of Key account: Future demand 20 of 70" in told
    assert "White space unknown: nothing tells what this customer spends in all." in told
    wallet = {"wallet": 1_000_00, "wallet_source": "peer_p80", "share": 0.25, "headroom": 350_00}
    show_explanation(explained(mapping, **wallet), ZONES)
    told = " ".join(capsys.readouterr().out.split())
    assert "White space 350 EUR of 1,000 a year, our share 25 % (by what comparable customers buy)" in told


def test_the_first_of_each_is_the_one_that_the_reason_names() -> None:
    chosen, mapping = random.Random(7), mapping_of()
    known = [None, 0, 30, 69, 70, 71, 100]
    accounts: list[dict[str, Any]] = [
        {
            "id": f"{number:03}",
            "segment": chosen.choice(["protect", "develop", "maintain", "retreat", "unrated"]),
            **{f"score:{criterion}": chosen.choice(known) for criterion in LABELS},
            "confidence": "firm",
            "top_revenue": False,
            "segment_since": 20_000,
            "campaigns": None,
            "firm:potential": True,
            "firm:attractiveness": True,
        }
        for number in range(300)
    ]
    for row in rows_of(word(scored("polars", accounts, mapping), mapping)):
        nothing = dict.fromkeys(
            ("zone", "from_segment", "wallet_source", *(f"written:{key}" for key in mapping.write.targets))
        )
        found = explain({**nothing, **row}, mapping, HALF, ZONES, url=None)
        phrases = PHRASES["en"]
        unrated = row["segment"] == "unrated"
        strong = (phrases.so_far if unrated else phrases.strong).partition("{")[0]
        for phrase, named in (
            (strong, found["strongest_up"]),
            (phrases.weak.partition("{")[0], found["strongest_down"]),
        ):
            if phrase in row["why"]:
                assert f"{phrase}{LABELS[named[0]]}" in row["why"], row
            else:
                assert not named or (unrated and named is found["strongest_down"]), row
