"""Writing records: what is accepted, how it is stored, what the refusals look like."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.sandbox import Sandbox
from tests.sandbox.hubspot.conftest import Api


def ids_of(api: Api, count: int = 3) -> list[str]:
    return [record["id"] for record in api.get("/crm/v3/objects/companies", limit=count).json()["results"]]


def stored(sandbox: Sandbox, record: str, name: str = "companies") -> dict[str, Any]:
    properties: dict[str, Any] = next(
        each["properties"] for each in sandbox.dump("hubspot", name) if each["id"] == record
    )
    return properties


def refusals(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Property and code of each entry in the JSON inside the message."""
    prefix = "Property values were not valid: "
    assert body["message"].startswith(prefix)
    return [(each["name"], each["error"]) for each in json.loads(body["message"].removeprefix(prefix))]


@pytest.mark.parametrize(
    ("name", "sent", "kept"),
    [
        ("kpm_wallet", "125000.5", "125000.5"),
        ("kpm_wallet", "-3", "-3"),
        ("kpm_wallet", 250000, "250000"),
        ("kpm_wallet", "", None),
        ("kpm_demand", "4", "4"),
        ("kpm_demand", "", None),
        ("kpm_rated_at", "2026-02-28", "2026-02-28"),
        ("kpm_rated_at", "1772236800000", "2026-02-28"),
        ("kpm_rated_at", "2026-02-28T00:00:00Z", "2026-02-28"),
        ("city", "  Graz ", "  Graz "),
        ("description", "x" * 65_536, "x" * 65_536),
        ("name", "=HYPERLINK() \U0001f600 שלום", "=HYPERLINK() \U0001f600 שלום"),
    ],
)
def test_accepted_values(api: Api, name: str, sent: object, kept: str | None) -> None:
    [record] = ids_of(api, 1)
    assert api.update([record], {name: sent}).status_code == 200
    answer = api.get(f"/crm/v3/objects/companies/{record}", properties=name).json()
    assert answer["properties"][name] == kept


@pytest.mark.parametrize(
    ("name", "sent", "error"),
    [
        ("kpm_wallet", "1.6E13", "INVALID_INTEGER"),
        ("kpm_wallet", "many", "INVALID_INTEGER"),
        ("kpm_wallet", "1.2.3", "INVALID_DOUBLE"),
        ("kpm_wallet", " 5", "LEADING_TRAILING_WHITESPACE"),
        ("kpm_demand", "6", "INVALID_OPTION"),
        ("kpm_strategy", "clear", "INVALID_OPTION"),
        ("kpm_rated_at", "2026-02-28T10:00:00Z", "INVALID_DATE"),
        ("kpm_rated_at", "2026-02-30", "INVALID_LONG"),
        ("description", "x" * 65_537, "VALUE_TOO_LONG"),
        ("hubspot_owner_id", "1", "INVALID_OPTION"),
        ("hs_num_open_deals", "3", "READ_ONLY_VALUE"),
        ("hs_lastmodifieddate", "2026-01-01", "READ_ONLY_VALUE"),
        ("no_such_property", "1", "PROPERTY_DOESNT_EXIST"),
    ],
)
def test_refused_values_fail_the_whole_request(
    sandbox: Sandbox, api: Api, name: str, sent: str, error: str
) -> None:
    first, second = ids_of(api, 2)
    before = list(sandbox.dump("hubspot", "companies"))
    inputs = [{"id": first, "properties": {"city": "Wels"}}, {"id": second, "properties": {name: sent}}]
    answer = api.post("/crm/v3/objects/companies/batch/update", {"inputs": inputs})
    assert answer.status_code == 400
    assert answer.json()["category"] == "VALIDATION_ERROR"
    assert refusals(answer.json()) == [(name, error)]
    assert list(sandbox.dump("hubspot", "companies")) == before


def test_with_trace_ids_only_the_bad_inputs_fail(sandbox: Sandbox, api: Api) -> None:
    first, second = ids_of(api, 2)
    inputs = [
        {"id": first, "properties": {"city": "Wels"}, "objectWriteTraceId": "one"},
        {"id": second, "properties": {"kpm_wallet": "?"}, "objectWriteTraceId": "two"},
    ]
    answer = api.post("/crm/v3/objects/companies/batch/update", {"inputs": inputs})
    assert answer.status_code == 207
    [error] = answer.json()["errors"]
    assert error["context"]["objectWriteTraceId"] == ["two"]
    assert [record["id"] for record in answer.json()["results"]] == [first]
    assert stored(sandbox, first)["city"] == "Wels"


def test_unknown_and_merged_ids_in_a_batch(sandbox: Sandbox, api: Api) -> None:
    [live] = ids_of(api, 1)
    merged = next(each for each in sandbox.dump("hubspot", "companies") if each["state"] == "merged")
    answer = api.update([live, "404", "405", merged["id"]], {"city": "Wels"})
    body = answer.json()
    assert (answer.status_code, body["numErrors"]) == (207, 1)
    assert body["errors"][0]["context"]["ids"] == ["404", "405"]
    assert [record["id"] for record in body["results"]] == [live]
    assert stored(sandbox, merged["mergedInto"])["city"] != "Wels"
    # Alone, the id of a merged record reaches its survivor.
    assert (
        api.patch(f"/crm/v3/objects/companies/{merged['id']}", {"properties": {"city": "Wels"}}).status_code
        == 200
    )
    assert stored(sandbox, merged["mergedInto"])["city"] == "Wels"


def test_a_reply_holds_what_was_sent_and_the_systems_properties(api: Api) -> None:
    body = api.update(ids_of(api), {"kpm_wallet": "10"}).json()
    assert sorted(body["results"][0]["properties"]) == [
        "createdate",
        "hs_lastmodifieddate",
        "hs_object_id",
        "kpm_wallet",
    ]


def test_every_accepted_write_moves_the_modification_time(sandbox: Sandbox, api: Api) -> None:
    [record] = ids_of(api, 1)
    api.update([record], {"kpm_wallet": "1000", "city": "Wels"})
    before = stored(sandbox, record)["hs_lastmodifieddate"]
    api.update([record], {"kpm_wallet": "1000.0", "city": "Wels"})
    unchanged = stored(sandbox, record)
    assert unchanged["hs_lastmodifieddate"] > before
    assert unchanged["kpm_wallet"] == "1000", "a value that does not differ is not replaced"
    sandbox.configure("hubspot", "behaviour", touch_unchanged=False)
    api.update([record], {"kpm_wallet": "1000.0", "city": "Wels"})
    assert stored(sandbox, record) == unchanged
    api.update([record], {"city": "Linz"})
    assert stored(sandbox, record)["hs_lastmodifieddate"] > unchanged["hs_lastmodifieddate"]


def test_a_deals_computed_properties_follow_its_own(sandbox: Sandbox, admin: Api) -> None:
    deal = next(
        each["id"]
        for each in sandbox.dump("hubspot", "deals")
        if each["properties"]["deal_currency_code"] != "EUR" and each["properties"]["pipeline"] == "default"
    )
    values = {"amount": "1000", "dealstage": "closedwon", "deal_currency_code": "EUR"}
    assert admin.patch(f"/crm/v3/objects/deals/{deal}", {"properties": values}).status_code == 200
    after = stored(sandbox, deal, "deals")
    assert (after["hs_is_closed_won"], after["hs_deal_stage_probability"]) == ("true", "1")
    assert (after["amount_in_home_currency"], after["hs_projected_amount"]) == ("1000", "1000")


def test_create_and_archive(admin: Api) -> None:
    created = admin.post("/crm/v3/objects/companies", {"properties": {"name": "Neu GmbH", "kpm_demand": "3"}})
    assert created.status_code == 201
    record = created.json()["id"]
    assert admin.get(f"/crm/v3/objects/companies/{record}").json()["properties"]["name"] == "Neu GmbH"
    association = {
        "to": {"id": record},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}],
    }
    deal = admin.post(
        "/crm/v3/objects/deals", {"properties": {"dealname": "x"}, "associations": [association]}
    )
    assert deal.status_code == 201
    links = admin.get(f"/crm/v4/objects/deals/{deal.json()['id']}/associations/companies").json()["results"]
    assert {kind["typeId"] for kind in links[0]["associationTypes"]} == {5, 341}
    assert admin.delete(f"/crm/v3/objects/companies/{record}").status_code == 204
    assert admin.get(f"/crm/v3/objects/companies/{record}").status_code == 404


def test_batch_create_and_batch_archive(admin: Api) -> None:
    inputs = [{"properties": {"name": f"Neu {number}"}} for number in range(3)]
    created = admin.post("/crm/v3/objects/companies/batch/create", {"inputs": inputs})
    assert (created.status_code, len(created.json()["results"])) == (201, 3)
    ids = [{"id": record["id"]} for record in created.json()["results"]]
    assert admin.post("/crm/v3/objects/companies/batch/archive", {"inputs": ids}).status_code == 204
    read = admin.post("/crm/v3/objects/companies/batch/read", {"inputs": ids})
    assert (read.status_code, read.json()["results"]) == (207, [])


@pytest.mark.parametrize(
    "body", [{}, {"inputs": []}, {"inputs": [{"properties": {}}]}, {"inputs": "all"}, []]
)
def test_malformed_batches_are_refused(api: Api, body: object) -> None:
    assert api.post("/crm/v3/objects/companies/batch/update", body).status_code == 400


def test_what_is_no_json_is_refused(api: Api) -> None:
    url = f"{api.sandbox.url}/crm/v3/objects/companies/batch/update"
    answer = api.session.post(url, data=b"{", timeout=30)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Invalid input JSON")
