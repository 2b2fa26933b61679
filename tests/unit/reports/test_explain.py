from __future__ import annotations

import json
import random
from typing import Any

from connector.mapping.model import Mapping
from connector.reports.explain import explain
from connector.reports.matrix_chart import Thresholds
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


def test_the_distance_to_the_best_zone_names_what_burdens(mapping: Mapping) -> None:
    values: dict[str, object] = {
        "segment": "maintain",
        "zone": "maintain",
        "points:potential": 38,
        "score:demand": 20,
    }
    assert explained(mapping, **values)["distance"] == (
        "Short of Key account: 12 points of potential (Future demand 20 of 70)"
    )


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
