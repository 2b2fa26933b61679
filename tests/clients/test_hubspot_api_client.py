"""@hubspot/api-client, HubSpot's JavaScript client, finds a portal in the sandbox (v3 and v4 paths)."""

from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox import Sandbox
from tests.clients.hubspot import EXPORT, IMPORT, NIGHTLY, live, table, values_file
from tests.clients.node import script


@pytest.fixture
def run(hubspot: Sandbox, tmp_path: Path) -> Any:
    def step(name: str, token: str = NIGHTLY, **given: object) -> Any:
        return script("hubspot.mjs", {"step": name, "url": hubspot.url, "token": token, **given}, tmp_path)

    return step


def test_it_pages_through_every_company_once(hubspot: Sandbox, run: Any) -> None:
    found = run("everyCompany", properties=["name", "kpm_wallet"])
    stored = live(hubspot)
    assert [each["id"] for each in found] == list(stored)
    assert all(each["properties"]["kpm_wallet"] == stored[each["id"]]["kpm_wallet"] for each in found)
    assert any(each["properties"]["kpm_wallet"] is None for each in found)


def test_it_reads_deals_with_their_companies(run: Any) -> None:
    page = run("dealsWithCompanies")
    linked = [each for each in page["results"] if each.get("associations")]
    assert linked
    types = {link["type"] for each in linked for link in each["associations"]["companies"]["results"]}
    assert types == {"deal_to_company", "deal_to_company_unlabeled"}
    assert page["paging"]["next"]["after"]


def test_it_writes_and_reads_batches(hubspot: Sandbox, run: Any) -> None:
    ids = list(live(hubspot))[:50]
    values = {record: {"kpm_wallet": str(number)} for number, record in enumerate(ids)}
    values[ids[0]] = {"kpm_wallet": "a lot"}
    written = run("batchUpdate", ids=[*ids, "12"], values={**values, "12": {"kpm_wallet": "1"}})
    assert {each["id"] for each in written["results"]} == set(ids[1:])
    errors = written["errors"]
    assert {error["category"] for error in errors} == {"VALIDATION_ERROR", "OBJECT_NOT_FOUND"}
    read = run("batchRead", ids=ids, properties=["kpm_wallet"], history=["kpm_wallet"])
    for each in read["results"]:
        if each["id"] == ids[0]:
            continue
        assert each["properties"]["kpm_wallet"] == values[each["id"]]["kpm_wallet"]
        assert each["propertiesWithHistory"]["kpm_wallet"][0]["sourceType"] == "INTEGRATION"


def test_it_searches_to_the_last_page(hubspot: Sandbox, run: Any) -> None:
    found = run(
        "search",
        filters=[{"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "1600000000000"}],
        properties=["hs_lastmodifieddate"],
        sort="hs_lastmodifieddate",
        limit=100,
    )
    assert {each["id"] for each in found} == set(live(hubspot))
    assert len(found) == len(live(hubspot)) > 100
    stamps = [each["updatedAt"] for each in found]
    assert stamps == sorted(stamps)


def test_it_exports(hubspot: Sandbox, run: Any) -> None:
    answer = run("export", request=EXPORT)
    assert answer["type"].startswith("text/csv")
    stored = live(hubspot)
    rows = table(answer["text"])
    assert {row["hs_object_id"]: row["name"] for row in rows} == {
        record: values["name"] or "" for record, values in stored.items()
    }


def test_it_imports(hubspot: Sandbox, run: Any) -> None:
    first, second = list(live(hubspot))[:2]
    text = values_file([(first, "4711"), (second, "lots"), ("999", "1")])
    answer = run("import", request=IMPORT, text=text, file="values.csv")
    assert answer["done"]["state"] == "DONE"
    assert answer["done"]["metadata"]["counters"]["UPDATED_OBJECTS"] == 1
    assert answer["done"]["id"] in answer["listed"]
    assert {error["errorType"] for error in answer["errors"]} == {
        "COULD_NOT_PARSE_NUMBER",
        "INVALID_RECORD_ID",
    }
    assert answer["errors"][0]["sourceData"]["rowData"] == [second, "lots"]
    assert live(hubspot)[first]["kpm_wallet"] == "4711"


def test_it_merges(hubspot: Sandbox, run: Any) -> None:
    primary, other = list(live(hubspot))[-2:]
    survivor = run("merge", primary=primary, other=other)
    assert survivor["id"] in live(hubspot)
    assert not {primary, other} & set(live(hubspot))


def test_it_reads_associations_and_settings(hubspot: Sandbox, run: Any) -> None:
    answer = run("associations", ids=list(live(hubspot, "deals"))[:100])
    [first, *_] = answer["results"]
    assert first["_from"]["id"] in live(hubspot, "deals")
    assert {each["category"] for each in first["to"][0]["associationTypes"]} == {"HUBSPOT_DEFINED"}
    settings = run("settings")
    assert {"name", "kpm_wallet"} <= {each["name"] for each in settings["definitions"]}
    stages = {stage["id"]: stage["metadata"] for line in settings["pipelines"] for stage in line["stages"]}
    assert stages["closedwon"]["isClosed"] == "true"
    assert settings["owners"]


def test_errors_arrive_as_the_clients_exceptions(run: Any) -> None:
    assert run("refused", id="12")["code"] == 404
    expired = run("refused", token="pat-eu1-nonsense", id="12")
    assert expired["code"] == 401
    assert "EXPIRED_AUTHENTICATION" in expired["text"]
