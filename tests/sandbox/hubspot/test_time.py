"""Time in a portal: former values, and a search index that lags behind."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from adapters.sandbox import Sandbox
from tests.sandbox.hubspot.conftest import Api

COMPANIES = "/crm/v3/objects/companies"


def first(api: Api) -> dict[str, Any]:
    record: dict[str, Any] = api.get(COMPANIES, limit=1).json()["results"][0]
    return record


def modified_since(api: Api, moment: str) -> set[str]:
    since = round(datetime.fromisoformat(moment).timestamp() * 1_000)
    given = {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": str(since)}
    answer = api.post(f"{COMPANIES}/search", {"filterGroups": [{"filters": [given]}], "limit": 200})
    return {each["id"] for each in answer.json()["results"]}


def test_former_values_come_latest_first(sandbox: Sandbox, api: Api) -> None:
    record = first(api)["id"]
    sandbox.edit("hubspot", "companies", record, {"city": "Wels"})
    for city in ("Linz", "", "Graz"):
        api.update([record], {"city": city})
    body = {"inputs": [{"id": record}], "propertiesWithHistory": ["city", "name"], "properties": []}
    [read] = api.post(f"{COMPANIES}/batch/read", body).json()["results"]
    values = read["propertiesWithHistory"]["city"]
    assert [each["value"] for each in values[:4]] == ["Graz", "", "Linz", "Wels"]
    stamps = [each["timestamp"] for each in values]
    assert stamps == sorted(stamps, reverse=True)
    assert values[0]["sourceType"] == "INTEGRATION"
    [name] = read["propertiesWithHistory"]["name"]
    assert (name["value"], name["timestamp"]) == (read["properties"]["name"], read["createdAt"])
    alone = api.get(f"{COMPANIES}/{record}", propertiesWithHistory="city").json()
    assert alone["propertiesWithHistory"]["city"] == values
    assert alone["properties"]["city"] == "Graz"


def test_history_takes_fifty_at_once(api: Api) -> None:
    inputs = [{"id": str(number)} for number in range(1, 52)]
    body = {"inputs": inputs, "propertiesWithHistory": ["city"]}
    assert api.post(f"{COMPANIES}/batch/read", body).status_code == 400
    assert api.post(f"{COMPANIES}/batch/read", {**body, "inputs": inputs[:50]}).status_code == 207
    assert api.get(COMPANIES, limit=51, propertiesWithHistory="city").status_code == 400


def test_a_window_that_begins_at_the_very_millisecond_holds_the_record(api: Api) -> None:
    for record in api.get(COMPANIES, limit=30).json()["results"]:
        api.update([record["id"]], {"city": "Wels"})
        written = api.get(f"{COMPANIES}/{record['id']}").json()["updatedAt"]
        assert record["id"] in modified_since(api, written)


def test_searches_lag_behind_writes(sandbox: Sandbox, api: Api, admin: Api) -> None:
    record = first(api)["id"]
    api.update([record], {"city": "Graz"})
    sandbox.configure("hubspot", "behaviour", search_lag_seconds=1.0)
    api.update([record], {"city": "Wels"})
    api.update([record], {"city": "Linz"})
    written = api.get(f"{COMPANIES}/{record}").json()["updatedAt"]
    created = admin.post(COMPANIES, {"properties": {"name": "New"}}).json()["id"]
    assert modified_since(api, written) == set()
    assert modified_since(api, "2000-01-01T00:00:00Z") == {each["id"] for each in api.all("companies")} - {
        created
    }
    time.sleep(1.1)
    assert modified_since(api, written) == {record, created}
