"""Which conditions of the portfolio rule an account meets, told apart: together they make its membership."""

from __future__ import annotations

from typing import Any

import pytest

from connector.mapping import Mapping
from connector.portfolio import rules_met
from tests.unit.measures.pulled import AS_OF, EURO, ago, column, deal, mapped, mapping_of, sources

RULE = {
    "all": [{"field": "Type", "not_in": ["Lead"]}],
    "any": [
        {"field": "Industry", "in": ["Steel"]},
        {"measure": "won_amount", "months": 12, "above": 150},
        {"measure": "days_since_won", "is_set": False},
    ],
}
ACCOUNTS = [
    {"@id": "steel", "Industry": " steel "},
    {"@id": "lead", "Type": "Lead", "Industry": "Steel"},
    {"@id": "buyer", "Industry": "Food"},
    {"@id": "former", "Industry": "Food"},
    {"@id": "small", "Industry": "Food"},
]
DEALS = [
    *(deal("buyer"), deal("buyer")),
    deal("former", CloseDate=ago(900), Amount=1000.0),
    deal("small"),
    deal("steel"),
    deal("lead"),
]


def met(backend: str, mapping: Mapping, *ids: str) -> dict[str, dict[tuple[str, int], bool]]:
    read = sources(backend, accounts=ACCOUNTS, opportunities=DEALS)
    return rules_met(read, mapping, AS_OF, EURO, ids)


def rule_of(**more: Any) -> Mapping:
    return mapping_of({"source": {"field": "Size"}}, portfolio={**RULE, **more})


def test_each_condition_is_told_apart(backend: str) -> None:
    found = met(backend, rule_of(), "buyer", "former", "lead")
    assert found == {
        "buyer": {("all", 0): True, ("any", 0): False, ("any", 1): True, ("any", 2): False},
        "former": {("all", 0): True, ("any", 0): False, ("any", 1): False, ("any", 2): False},
        "lead": {("all", 0): False, ("any", 0): True, ("any", 1): False, ("any", 2): False},
    }


def test_together_they_make_the_membership(backend: str) -> None:
    mapping, ids = rule_of(), [str(one["@id"]) for one in ACCOUNTS]
    members = column(mapped(backend, mapping, accounts=ACCOUNTS, opportunities=DEALS), "member")
    for id_, each in met(backend, mapping, *ids).items():
        inside = each["all", 0] and any(each["any", place] for place in range(3))
        assert members[id_] == inside, id_
    assert set(members.values()) == {True, False}


def test_a_family_is_asked_for_by_its_top(backend: str) -> None:
    accounts = [{"@id": "top", "Industry": "Food"}, {"@id": "child", "Industry": "Food", "Note": "top"}]
    mapping = mapping_of(
        {"source": {"field": "Size"}},
        portfolio={**RULE, "level": "ultimate_parent"},
        accounts={"name": "Name", "parent": "Note"},
    )
    read = sources(backend, accounts=accounts, opportunities=[deal("child"), deal("child")])
    assert rules_met(read, mapping, AS_OF, EURO, ["top"])["top"]["any", 1] is True


@pytest.mark.parametrize("portfolio", [{}, {"all": [{"field": "Type", "is_set": True}]}])
def test_few_or_no_conditions(backend: str, portfolio: dict[str, Any]) -> None:
    mapping = mapping_of({"source": {"field": "Size"}}, portfolio=portfolio)
    expected = {("all", 0): False} if portfolio else {}
    assert met(backend, mapping, "small") == {"small": expected}
