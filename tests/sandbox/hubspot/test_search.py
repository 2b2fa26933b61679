"""Search: operators, sorts, and its many limits."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.sandbox import Sandbox
from tests.sandbox.hubspot.conftest import TODAY, Api

PATH = "/crm/v3/objects/companies/search"


def search(api: Api, *filters: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"filterGroups": [{"filters": list(filters)}], "limit": 200, **more}
    answer = api.post(PATH, body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def by(name: str, operator: str, value: str | None = None, **more: Any) -> dict[str, Any]:
    given = {"propertyName": name, "operator": operator, **more}
    return given if value is None else {**given, "value": value}


@pytest.mark.parametrize(
    ("given", "holds"),
    [
        (by("lifecyclestage", "EQ", "customer"), lambda p: p["lifecyclestage"] == "customer"),
        (by("lifecyclestage", "NEQ", "customer"), lambda p: p["lifecyclestage"] != "customer"),
        (
            by("lifecyclestage", "IN", values=["customer", "evangelist"]),
            lambda p: p["lifecyclestage"] in ("customer", "evangelist"),
        ),
        (
            by("lifecyclestage", "NOT_IN", values=["customer", "lead"]),
            lambda p: p["lifecyclestage"] not in ("customer", "lead"),
        ),
        (by("numberofemployees", "GT", "90"), lambda p: float(p["numberofemployees"] or 0) > 90),
        (by("numberofemployees", "LTE", "1000"), lambda p: 0 < float(p["numberofemployees"] or 0) <= 1000),
        (
            by("numberofemployees", "BETWEEN", "20", highValue="300"),
            lambda p: 20 <= float(p["numberofemployees"] or 0) <= 300,
        ),
        (by("kpm_wallet", "HAS_PROPERTY"), lambda p: p["kpm_wallet"] is not None),
        (by("kpm_wallet", "NOT_HAS_PROPERTY"), lambda p: p["kpm_wallet"] is None),
        (by("kpm_rated_at", "GTE", "2026-06-01"), lambda p: (p["kpm_rated_at"] or "") >= "2026-06-01"),
        (by("createdate", "LT", "1704067200000"), lambda p: p["createdate"] < "2024-01-01"),
        (by("city", "EQ", "WIEN"), lambda p: (p["city"] or "").lower() == "wien"),
        (by("name", "CONTAINS_TOKEN", "gmbh"), lambda p: "gmbh" in p["name"].lower().split()),
        (by("name", "CONTAINS_TOKEN", "*bau*"), lambda p: "bau" in p["name"].lower()),
    ],
)
def test_operators_agree_with_the_data(
    shared: Sandbox, reader: Api, given: dict[str, Any], holds: Any
) -> None:
    live = [each for each in shared.dump("hubspot", "companies") if each["state"] == "live"]
    expected = [each["id"] for each in live if holds(each["properties"])]
    found = search(reader, given)
    assert found["total"] == len(expected)
    assert [each["id"] for each in found["results"]] == expected[:200]


def test_groups_are_alternatives(reader: Api) -> None:
    one, two = by("lifecyclestage", "EQ", "lead"), by("lifecyclestage", "EQ", "evangelist")
    both = {"filterGroups": [{"filters": [one]}, {"filters": [two]}], "limit": 1}
    total = reader.post(PATH, both).json()["total"]
    assert total == search(reader, one)["total"] + search(reader, two)["total"]


def test_sorts_pages_and_associations(shared: Sandbox, reader: Api) -> None:
    sort = [{"propertyName": "numberofemployees", "direction": "DESCENDING"}]
    first = search(
        reader, by("numberofemployees", "GT", "0"), sorts=sort, limit=50, properties=["numberofemployees"]
    )
    second = search(
        reader,
        by("numberofemployees", "GT", "0"),
        sorts=["-numberofemployees"],
        limit=50,
        after=first["paging"]["next"]["after"],
        properties=["numberofemployees"],
    )
    sizes = [int(each["properties"]["numberofemployees"]) for each in first["results"] + second["results"]]
    assert sizes == sorted(sizes, reverse=True)
    company = first["results"][0]["id"]
    deals = reader.post(
        "/crm/v3/objects/deals/search",
        {"filterGroups": [{"filters": [by("associations.company", "EQ", company)]}], "limit": 200},
    ).json()
    links = [each for each in shared.dump("hubspot", "associations") if each["from"] == "deals"]
    expected = {each["fromId"] for each in links if (each["to"], each["toId"]) == ("companies", company)}
    assert {each["id"] for each in deals["results"]} == expected


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"limit": 100, "after": 9_950},
        {"filterGroups": [{"filters": [by("name", "HAS_PROPERTY")]}] * 6},
        {"filterGroups": [{"filters": [by("name", "HAS_PROPERTY")] * 7}]},
        {"filterGroups": [{"filters": [by("name", "HAS_PROPERTY")] * 5}] * 4},
        {"filterGroups": [{"filters": [by("no_such_property", "HAS_PROPERTY")]}]},
        {"filterGroups": [{"filters": [by("name", "LIKE", "x")]}]},
        {"filterGroups": [{"filters": [by("name", "EQ")]}]},
        {"filterGroups": [{"filters": [by("numberofemployees", "GT", "many")]}]},
        {"query": "x" * 3_000},
        {"sorts": ["name", "city"]},
    ],
)
def test_limits(reader: Api, body: dict[str, Any]) -> None:
    answer = reader.post(PATH, body)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")


def test_a_search_is_a_read_and_tells_no_limits(reader: Api) -> None:
    reader.sandbox.clear_requests()
    answer = reader.post(PATH, {"limit": 1})
    assert "x-hubspot-ratelimit-daily" not in answer.headers
    assert reader.sandbox.requests()["writes"] == 0


def test_more_than_ten_thousand_cannot_be_paged() -> None:
    with Sandbox(crms=("hubspot",), accounts=3_000, seed=2, today=TODAY) as big:
        api = Api(big)
        path = "/crm/v3/objects/deals/search"
        last = api.post(path, {"limit": 200, "after": 9_800}).json()
        assert last["total"] > 10_000
        assert last["paging"]["next"]["after"] == "10000"
        assert api.post(path, {"limit": 200, "after": 10_000}).status_code == 400
