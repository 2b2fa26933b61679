"""What a person reads on a terminal of accounts and of the method is wholly in the language of the mapping: explain."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from connector.cli.explanation import show_explanation
from connector.mapping.model import Language, Mapping
from connector.reference import Reference
from connector.reports.explain import Family, explain
from connector.reports.membership import rules
from connector.texts import segment_labels
from tests.unit.reports.conftest import MAPPING
from tests.unit.reports.languages import HALF, LABELS, SCALES, Said, every_way, mapping_in, row, speaks
from tests.unit.reports.test_by_hand import decided
from tests.unit.test_languages import LANGUAGES

LACKING = {"known:chemistry": False, "score:chemistry": None, "rung:chemistry": None}
STATES: dict[str, dict[str, Any]] = {
    "rated": {},
    "unrated": {
        **LACKING, "segment": "unrated", "zone": "unrated", "confidence": None, "points:attractiveness": None,
        "coverage:attractiveness": 0.5, "lo:attractiveness": 35, "hi:attractiveness": 85,
    },
    "provisional": {
        **LACKING, "confidence": "provisional", "from_segment": "develop", "hi:attractiveness": 90,
        "expired:demand:0": True,
    },
    "low": {"segment": "retreat", "zone": "retreat", "points:potential": 30, "score:demand": 20},
    "top revenue": {
        "top_revenue": True, "segment": "develop", "zone": "retreat", "points:attractiveness": 30, "score:access": 10,
    },
    "wallet": {"wallet": 9_000_00, "wallet_source": "field", "share": 0.2, "headroom": 3_500_00,
               "wallet_expired": True},
    "no own": {"wallet": 9_000_00, "wallet_source": "activity"},
    "by model": {"wallet": 9_000_00, "wallet_source": "model", "headroom": 1_00},
    "by peers": {"wallet": 9_000_00, "wallet_source": "peer_p80", "headroom": 1_00},
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
def test_explain(language: Language, state: str, said: Said) -> None:
    mapping, labels = mapping_in(language), segment_labels(mapping_in(language))
    one = {**row(language, **STATES[state]), "partial": True, "raised": True}
    show_explanation(explain(one, mapping, HALF, labels, url=None), dict(labels))
    speaks(language, said())


@pytest.mark.parametrize("language", LANGUAGES)
def test_explain_what_is_set_by_hand(language: Language, said: Said) -> None:
    mapping, labels = mapping_in(language), segment_labels(mapping_in(language))
    for facts in ({}, {"owner": None, "reason": None}, {"owner": None, "from": "file"}):
        one = {**decided("a", zone="retreat", score=35), **row(language)}
        one |= {f"override_{fact}": value for fact, value in facts.items()} | {"rung:access": 1}
        one |= {
            "override_reason": None,
            "override_reason:access": None,
            "override": "retreat",
            "override:access": 35,
        }
        show_explanation(explain(one, mapping, HALF, labels, url=None), dict(labels))
        speaks(language, said())


@pytest.mark.parametrize("language", LANGUAGES)
def test_explain_families(language: Language, said: Said) -> None:
    mapping, labels = mapping_in(language), segment_labels(mapping_in(language))
    family = Family("b", "Berger AG", 14, [("a", "Adler KG")])
    own = Family("a", "Adler KG", 14, [("b", "Berger AG")])
    heir = {**row(language, member=False), "heir": True}
    for one, kin in ((row(language), own), (heir, family)):
        show_explanation(explain(one, mapping, HALF, labels, url=None, family=kin), dict(labels))
        speaks(language, said())


@pytest.mark.parametrize("language", LANGUAGES)
def test_explain_outside_the_portfolio(language: Language, said: Said) -> None:
    rule = {
        "all": [
            {"field": "A__c", "equals": True},
            {"field": "B__c", "is_set": False},
            {"field": "B__c", "is_set": True},
            {"field": "C__c", "not_in": ["X1", "Y1"]},
        ],
        "any": [
            {"field": "D__c", "in": ["X1"]},
            {"measure": "won_count", "months": 36, "above": 1000.5},
            {"measure": "days_since_won", "below": 90},
        ],
    }
    mapping, labels = mapping_in(language, portfolio=rule), segment_labels(mapping_in(language))
    met = {("all", place): place == 0 for place in range(4)} | {("any", place): False for place in range(3)}
    outside = row(language, member=False, segment=None, zone=None)
    for known in (None, rules(mapping, met)):
        found = explain(outside, mapping, HALF, labels, url=None, rules=known)
        show_explanation(found, dict(labels))
        speaks(language, said())
    assert [each["met"] for each in found["rules"]] == [True, *[False] * 6]
    assert ("1000,5" if language == "de" else "1000.5") in found["rules"][5]["rule"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_explain_what_is_missing_of_every_source(language: Language, said: Said) -> None:
    mapping, labels = every_way(language), segment_labels(mapping_in(language))
    nothing = {
        f"{kind}:{one.id}": False if kind == "known" else None
        for one in mapping.criteria
        for kind in ("known", "score", "rung")
    }
    found = explain({**row(language), **nothing}, mapping, HALF, labels, url=None)
    show_explanation(found, dict(labels))
    speaks(language, said())
    assert len(found["to_fill"]) == len(mapping.criteria)


def table_of(**columns: list[Any]) -> Reference:
    return Reference("", pa.table(columns))


FROZEN = {
    "rate:demand:0": table_of(value=[0.345]),
    "rate:size:0": table_of(value=[0.0123]),
    "centre:access:0": table_of(owner=["Anna"], mean=[4.25], portfolio=[3.5]),
    "percentile:chemistry:0": table_of(group=["", "", "bau"], value=[1.0, 2.0, 1.0], count=[30, 1000, 30]),
}


def adjusted_mapping(language: Language) -> Mapping:
    criteria: Any = MAPPING["criteria"]
    changed = [
        {"source": {"from": "opportunities", "measure": "win_rate", "months": 12}, "scale": SCALES[0]},
        {
            "source": {"from": "cases", "measure": "error_rate", "per": "orders", "months": 12},
            "scale": SCALES[0],
        },
        {"scale": {"kind": "rating", "worst": 1, "best": 5, "centre_by": "owner"}},
        {"scale": {"kind": "percentile", "by": "industry"}},
    ]
    labels = LABELS[language]
    named = [
        {**one, **more, "label": label} for one, more, label in zip(criteria, changed, labels, strict=True)
    ]
    return mapping_in(language, criteria=named, cases={"date": "D__c"}, orders={"date": "D__c"})


@pytest.mark.parametrize("language", LANGUAGES)
def test_explain_what_the_portfolio_has_to_do_with_a_value(language: Language, said: Said) -> None:
    mapping, labels = adjusted_mapping(language), segment_labels(mapping_in(language))
    told: dict[str, list[str]] = {}
    for owner, group, frozen in (
        ("Anna", "bau", FROZEN),
        ("Ben", "druck", FROZEN),
        (None, None, FROZEN),
        ("Anna", "bau", {}),
    ):
        one = {
            **row(language),
            "owner": owner,
            "by:chemistry:0": group,
            "raw:demand:0": 0.5,
            "raw:size:0": 0.1,
        }
        found = explain(one, mapping, HALF, labels, url=None, frozen=frozen)
        show_explanation(found, dict(labels))
        speaks(language, said().replace("bau", "").replace("druck", ""))
        for part in found["dimensions"].values():
            for each in part["criteria"]:
                told.setdefault(each["id"], []).extend(each["notes"] or ["-"])
    if language == "en":
        assert told["demand"][0] == "counted with 5 opportunities more at the portfolio's own rate of 34 %"
        assert told["demand"][-1] == "counted with 5 opportunities more at the portfolio's own rate"
        assert told["size"][0] == "counted with 10 orders more at the portfolio's own rate of 1.2 %"
        assert told["access"] == [
            "centred: counts as 3.2; Anna gives 4.2 on average, all together 3.5",
            "counts as given: its owner has rated too few to tell strict from kind",
            "counts as given: it has no owner",
            "-",
        ]
        assert told["chemistry"] == [
            "ranked among 30 customers with industry bau",
            "ranked among all customers, as too few have industry druck",
            "ranked among all customers, as its industry is not known",
            "ranked among all customers",
        ]
