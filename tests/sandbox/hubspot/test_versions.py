"""Dated paths answer like v3 and v4; what 2026-09 does differently; versions that do not exist."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.sandbox import Sandbox
from tests.sandbox.hubspot.conftest import Api

OBJECTS = {
    "v3": "/crm/v3/objects",
    "2025-09": "/crm/objects/2025-09",
    "2026-03": "/crm/objects/2026-03",
    "2026-09": "/crm/objects/2026-09",
}
RULE = {"object": "companies", "property": "country", "equals": "Austria", "requires": "city"}


def same(api: Api, *paths: str, **parameters: Any) -> None:
    answers = [api.get(path, **parameters) for path in paths]
    assert {answer.status_code for answer in answers} == {200}, [answer.text[:200] for answer in answers]
    bodies = [answer.json() for answer in answers]
    for body in bodies:
        body.get("paging", {}).get("next", {}).pop("link", None)
        for result in body.get("results", []):
            result.pop("collectedAt", None)  # of the daily usage
            result.pop("currentUsage", None)
    assert all(body == bodies[0] for body in bodies)


@pytest.mark.parametrize("day", ["2026-03", "2026-09"])
def test_dated_reads_answer_like_the_numbered_ones(reader: Api, day: str) -> None:
    same(reader, "/crm/v3/objects/companies", f"/crm/objects/{day}/companies", limit=5, properties="name")
    same(reader, "/crm/v3/objects/0-3", f"/crm/objects/{day}/0-3", limit=5, associations="companies")
    same(reader, "/crm/v3/properties/companies", f"/crm/properties/{day}/companies")
    same(reader, "/crm/v3/properties/companies/name", f"/crm/properties/{day}/companies/name")
    same(reader, "/crm/v3/pipelines/deals", f"/crm/pipelines/{day}/deals")
    stage = "default/stages/closedwon"
    same(reader, f"/crm/v3/pipelines/deals/{stage}", f"/crm/pipelines/{day}/deals/{stage}")
    same(reader, "/crm/v3/owners", f"/crm/owners/{day}", limit=10)
    same(reader, "/account-info/v3/details", f"/account-info/{day}/details")
    usage = "api-usage/daily/private-apps"
    same(reader, f"/account-info/v3/{usage}", f"/account-info/{day}/{usage}")
    same(reader, "/settings/v3/currencies/company-currency", f"/settings/currencies/{day}/company-currency")
    deal = reader.get("/crm/v3/objects/deals", limit=1).json()["results"][0]["id"]
    same(
        reader,
        f"/crm/v4/objects/deals/{deal}/associations/companies",
        f"/crm/objects/{day}/deals/{deal}/associations/companies",
    )


@pytest.mark.parametrize("base", OBJECTS.values(), ids=list(OBJECTS))
def test_batches_and_searches_under_every_version(api: Api, base: str) -> None:
    [record] = [each["id"] for each in api.get(f"{base}/companies", limit=1).json()["results"]]
    inputs = {"inputs": [{"id": record, "properties": {"city": "Wels"}}]}
    assert api.post(f"{base}/companies/batch/update", inputs).status_code == 200
    read = api.post(f"{base}/companies/batch/read", {"inputs": [{"id": record}], "properties": ["city"]})
    assert read.json()["results"][0]["properties"]["city"] == "Wels"
    by_city = [{"propertyName": "city", "operator": "EQ", "value": "Wels"}]
    found = api.post(f"{base}/companies/search", {"filterGroups": [{"filters": by_city}], "limit": 200})
    assert record in {each["id"] for each in found.json()["results"]}


def test_associations_in_batches(reader: Api) -> None:
    deals = [each["id"] for each in reader.get("/crm/v3/objects/deals", limit=20).json()["results"]]
    inputs = {"inputs": [{"id": deal} for deal in deals]}
    bodies = [
        reader.post(f"{base}/deals/companies/batch/read", inputs).json()
        for base in ("/crm/v4/associations", "/crm/associations/2026-03", "/crm/associations/2026-09")
    ]
    assert bodies[0]["results"]
    assert all(body["results"] == bodies[0]["results"] for body in bodies)


@pytest.mark.parametrize(
    "path",
    [
        "/crm/objects/2024-03/companies",
        "/crm/v9/objects/companies",
        "/crm/exports/2031-03/export/1",
        "/account-info/2024-03/details",
        "/crm/nonsense",
    ],
)
def test_an_unknown_version_is_a_page_of_html(reader: Api, path: str) -> None:
    answer = reader.get(path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "HTTP ERROR 404" in answer.text


def company(sandbox: Sandbox, api: Api, **values: str | None) -> str:
    record: str = api.get("/crm/v3/objects/companies", limit=1).json()["results"][0]["id"]
    sandbox.edit("hubspot", "companies", record, values)
    return record


def test_rules_of_the_portal_hold_from_2026_09_on(sandbox: Sandbox, api: Api, admin: Api) -> None:
    sandbox.configure("hubspot", "behaviour", rules=[RULE])
    record = company(sandbox, api, country="Austria", city=None)
    change = {"properties": {"kpm_wallet": "5"}}
    for version in ("v3", "2026-03"):
        assert api.patch(f"{OBJECTS[version]}/companies/{record}", change).status_code == 200
    refused = api.patch(f"{OBJECTS['2026-09']}/companies/{record}", change)
    assert refused.status_code == 400
    body = refused.json()
    assert (body["category"], body["message"]) == (
        "VALIDATION_ERROR",
        "The property values provided are invalid",
    )
    assert body["errors"] == [
        {
            "code": "MISSING_CONDITIONAL_REQUIRED_PROPERTY",
            "message": "city is required because of a conditional property rule based on [country]",
            "context": {"propertyName": ["city"]},
        }
    ]
    both = {"properties": {"kpm_wallet": "6", "city": "Wels"}}
    assert api.patch(f"{OBJECTS['2026-09']}/companies/{record}", both).status_code == 200
    assert api.patch(f"{OBJECTS['2026-09']}/companies/{record}", change).status_code == 200, (
        "it has a city now"
    )
    created = admin.post(f"{OBJECTS['2026-09']}/companies", {"properties": {"country": "Austria"}})
    assert created.status_code == 400


def test_rules_in_a_batch(sandbox: Sandbox, api: Api) -> None:
    sandbox.configure("hubspot", "behaviour", rules=[RULE])
    ids = [each["id"] for each in api.get("/crm/v3/objects/companies", limit=3).json()["results"]]
    for record in ids[1:]:
        sandbox.edit("hubspot", "companies", record, {"country": "Germany"})
    sandbox.edit("hubspot", "companies", ids[0], {"country": "Austria", "city": None})
    path = f"{OBJECTS['2026-09']}/companies/batch/update"
    inputs = [{"id": record, "properties": {"kpm_wallet": "7"}} for record in ids]
    assert api.post(path, {"inputs": inputs}).status_code == 400, "without trace ids nothing is written"
    traced = [{**each, "objectWriteTraceId": each["id"]} for each in inputs]
    answer = api.post(path, {"inputs": traced})
    assert answer.status_code == 207
    assert {each["id"] for each in answer.json()["results"]} == set(ids[1:])
    [error] = answer.json()["errors"]
    assert error["context"] == {"id": [ids[0]], "objectWriteTraceId": [ids[0]]}
    assert error["errors"][0]["code"] == "MISSING_CONDITIONAL_REQUIRED_PROPERTY"


def test_2026_09_takes_any_date_and_says_what_it_made_of_it(sandbox: Sandbox, api: Api) -> None:
    record = company(sandbox, api)
    change = {"properties": {"kpm_rated_at": "2026-05-04T10:30:00Z"}}
    assert api.patch(f"{OBJECTS['2026-03']}/companies/{record}", change).status_code == 400
    answer = api.patch(f"{OBJECTS['2026-09']}/companies/{record}", change)
    assert answer.status_code == 200
    assert answer.json()["properties"]["kpm_rated_at"] == "2026-05-04"
    [warning] = answer.json()["warnings"]
    assert warning["category"] == "PROPERTY_VALUE_NORMALIZED"
    assert warning["context"]["normalizedValue"] == "1777852800000"
