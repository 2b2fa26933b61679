"""Exports: what the files hold, when they are zipped and split, and how often one may ask for them."""

from __future__ import annotations

import csv
import io
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from adapters.sandbox import Sandbox
from adapters.sandbox.hubspot.store.values import EPOCH
from adapters.sandbox.side import ControlError, Visibility
from tests.sandbox.hubspot.conftest import TODAY, Api

START = "/crm/v3/exports/export/async"
BASE = {
    "exportType": "VIEW",
    "format": "CSV",
    "exportName": "All companies",
    "objectType": "COMPANY",
    "language": "EN",
    "objectProperties": ["name", "lifecyclestage", "createdate", "kpm_rated_at"],
}
INTERNAL = {"exportInternalValuesOptions": ["NAMES", "VALUES"]}


def start(api: Api, path: str = START, **changes: Any) -> str:
    answer = api.post(path, {**BASE, **changes})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def status(api: Api, job: str, path: str = START) -> dict[str, Any]:
    answer = api.get(f"{path}/tasks/{job}/status")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def until(api: Api, job: str, wanted: str, path: str = START) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while (body := status(api, job, path))["status"] != wanted:
        assert time.monotonic() < deadline, body
        time.sleep(0.01)
    return body


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"))))


def exported(api: Api, **changes: Any) -> list[dict[str, str]]:
    done = until(api, start(api, **changes), "COMPLETE")
    answer = requests.get(done["result"], timeout=30)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/csv")
    return rows(answer.content)


def live(sandbox: Sandbox, name: str = "companies") -> dict[str, dict[str, Any]]:
    return {
        each["id"]: each["properties"] for each in sandbox.dump("hubspot", name) if each["state"] == "live"
    }


def in_milliseconds(text: str | None) -> str:
    if text is None:
        return ""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return str(round((moment - EPOCH).total_seconds() * 1_000))


def test_every_live_record_once_with_internal_names_and_values(sandbox: Sandbox, api: Api) -> None:
    found = exported(api, **INTERNAL)
    stored = live(sandbox)
    assert list(found[0]) == ["hs_object_id", "name", "lifecyclestage", "createdate", "kpm_rated_at"]
    assert [row["hs_object_id"] for row in found] == list(stored)
    for row in found:
        properties = stored[row["hs_object_id"]]
        assert row["name"] == (properties["name"] or "")
        assert row["lifecyclestage"] == (properties["lifecyclestage"] or "")
        assert row["createdate"] == in_milliseconds(properties["createdate"])
        assert row["kpm_rated_at"] == in_milliseconds(properties["kpm_rated_at"])
    assert any(row["kpm_rated_at"] for row in found)


def test_dates_may_come_as_text(sandbox: Sandbox, api: Api) -> None:
    sandbox.configure("hubspot", "behaviour", export_dates="iso")
    stored = live(sandbox)
    for row in exported(api, **INTERNAL):
        assert row["createdate"] == stored[row["hs_object_id"]]["createdate"]


def test_people_read_labels(sandbox: Sandbox, api: Api) -> None:
    [row, *_] = exported(api, objectProperties=["lifecyclestage", "hubspot_owner_id", "createdate"])
    stored = live(sandbox)[row["Record ID"]]
    assert list(row) == ["Record ID", "Lifecycle Stage", "Owner", "Create Date"]
    assert row["Lifecycle Stage"].lower() == stored["lifecyclestage"]
    owner = api.get(f"/crm/v3/owners/{stored['hubspot_owner_id']}").json()
    assert row["Owner"] == f"{owner['firstName']} {owner['lastName']}"
    assert len(row["Create Date"]) == len("2026-01-31 08:15")


def test_deals_with_their_companies(sandbox: Sandbox, api: Api) -> None:
    found = exported(
        api,
        objectType="DEAL",
        objectProperties=["dealname", "dealstage", "hs_deal_stage_probability"],
        associatedObjectType=["COMPANY"],
        includeLabeledAssociations=True,
        **INTERNAL,
    )
    links: dict[str, list[tuple[str, bool]]] = {}
    companies = live(sandbox)
    for link in sandbox.dump("hubspot", "associations"):
        if (link["from"], link["to"]) == ("deals", "companies") and link["toId"] in companies:
            links.setdefault(link["fromId"], []).append((link["toId"], 5 in link["typeIds"]))
    assert set(live(sandbox, "deals")) == {row["hs_object_id"] for row in found}
    for row in found:
        linked = links.get(row["hs_object_id"], [])
        assert row["Associated Company IDs"] == ";".join(company for company, _ in linked)
        primary = [company for company, main in linked if main]
        assert row["Associated Company IDs (Primary)"] == ";".join(primary)
        assert row["Associated Company (Primary)"] == ";".join(companies[each]["name"] for each in primary)
    assert any(";" in row["Associated Company IDs"] for row in found)
    assert any(row["hs_deal_stage_probability"] == "0.4000000000000000222" for row in found)


def test_without_labels_and_names_only_ids_come_and_the_limit_per_row_holds(
    sandbox: Sandbox, api: Api
) -> None:
    sandbox.configure("hubspot", "behaviour", export_associations=1)
    given = {"objectProperties": ["name"], "associatedObjectType": ["DEAL", "CONTACT"], **INTERNAL}
    found = exported(api, **given)
    assert list(found[0]) == ["hs_object_id", "name", "Associated Deal IDs", "Associated Contact IDs"]
    assert not any(";" in row["Associated Deal IDs"] for row in found)
    lifted = exported(api, overrideAssociatedObjectsPerDefinitionPerRowLimit=True, **given)
    assert any(";" in row["Associated Deal IDs"] for row in lifted)
    assert api.post(START, {**BASE, "associatedObjectType": ["DEAL"] * 5}).status_code == 400


def test_filters_choose_and_sorts_order(sandbox: Sandbox, api: Api) -> None:
    search = {
        "filterGroups": [
            {"filters": [{"propertyName": "lifecyclestage", "operator": "EQ", "value": "customer"}]},
            {"filters": [{"property": "numberofemployees", "operator": "GT", "value": "1000"}]},
        ],
        "sorts": [{"propertyName": "name", "order": "DESC"}],
    }
    found = exported(api, publicCrmSearchRequest=search, **INTERNAL)
    expected = [
        properties["name"]
        for properties in live(sandbox).values()
        if properties["lifecyclestage"] == "customer" or float(properties["numberofemployees"] or 0) > 1_000
    ]
    assert [row["name"].lower() for row in found] == sorted((n.lower() for n in expected), reverse=True)
    too_many = {"filterGroups": [{"filters": search["filterGroups"][0]["filters"]}] * 4}
    assert api.post(START, {**BASE, "publicCrmSearchRequest": too_many}).status_code == 400


def test_values_that_are_hard_to_write_survive(sandbox: Sandbox, api: Api) -> None:
    name = 'Müller "Söhne"; Bau, \n=SUM(A1)\r\n🚧'
    record = next(iter(live(sandbox)))
    sandbox.edit("hubspot", "companies", record, {"name": name})
    [row] = [row for row in exported(api, **INTERNAL) if row["hs_object_id"] == record]
    assert row["name"] == name


def test_hidden_and_unknown_properties_are_left_out_without_a_word(sandbox: Sandbox, api: Api) -> None:
    asked = ["hs_object_id", "city", "name", "no_such_property"]
    assert list(exported(api, objectProperties=asked, **INTERNAL)[0]) == ["hs_object_id", "city", "name"]
    sandbox.visibility("hubspot", Visibility("hide_field", "companies", "city"))
    assert list(exported(api, objectProperties=asked, **INTERNAL)[0]) == ["hs_object_id", "name"]


def test_large_exports_are_zipped_and_long_ones_split(sandbox: Sandbox, api: Api) -> None:
    whole = exported(api, **INTERNAL)
    sandbox.configure("hubspot", "behaviour", export_zip_bytes=100)
    done = until(api, start(api, **INTERNAL), "COMPLETE")
    answer = requests.get(done["result"], timeout=30)
    assert answer.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        [name] = archive.namelist()
        assert rows(archive.read(name)) == whole
    sandbox.configure("hubspot", "behaviour", export_zip_bytes=2_000_000, export_file_rows=len(whole) // 3)
    done = until(api, start(api, **INTERNAL), "COMPLETE")
    with zipfile.ZipFile(io.BytesIO(requests.get(done["result"], timeout=30).content)) as archive:
        parts = [rows(archive.read(name)) for name in archive.namelist()]
    assert [len(part) for part in parts[:3]] == [len(whole) // 3] * 3
    assert all(parts), "no file without rows"
    assert [row for part in parts for row in part] == whole


def test_an_export_without_records_has_its_header(api: Api) -> None:
    search = {"filters": [{"propertyName": "name", "operator": "EQ", "value": "nobody"}]}
    done = until(api, start(api, publicCrmSearchRequest=search, **INTERNAL), "COMPLETE")
    content = requests.get(done["result"], timeout=30).text
    assert content == '"hs_object_id","name","lifecyclestage","createdate","kpm_rated_at"\n'


def test_a_link_expires_and_the_next_poll_brings_another(sandbox: Sandbox, api: Api) -> None:
    job = start(api)
    first = until(api, job, "COMPLETE")["result"]
    assert requests.get(first, timeout=30).status_code == 200, "no token is asked for"
    second = status(api, job)["result"]
    assert first != second
    sandbox.configure("hubspot", "behaviour", export_link_seconds=0)
    third = status(api, job)["result"]
    assert requests.get(third, timeout=30).status_code == 403
    assert requests.get(second, timeout=30).status_code == 200


def test_the_first_polls_say_that_it_is_not_ready(sandbox: Sandbox, api: Api) -> None:
    sandbox.configure("hubspot", "behaviour", job_polls=3)
    job = start(api)
    time.sleep(0.3)
    seen = [status(api, job)["status"] for _ in range(4)]
    assert seen[-1] == "COMPLETE"
    assert "COMPLETE" not in seen[:3]
    body = api.get(f"/crm/v3/exports/export/{job}").json()
    assert (body["exportState"], body["recordCount"]) == ("DONE", len(live(sandbox)))


def test_one_export_at_a_time(sandbox: Sandbox, api: Api) -> None:
    sandbox.configure("hubspot", "behaviour", jobs_held=True)
    first, second = start(api), start(api)
    assert [status(api, job)["status"] for job in (first, second)] == ["PENDING", "PENDING"]
    sandbox.configure("hubspot", "behaviour", jobs_held=False, job_seconds=0.3)
    until(api, first, "PROCESSING")
    assert status(api, second)["status"] == "PENDING"
    until(api, first, "COMPLETE")
    until(api, second, "COMPLETE")


def test_a_day_has_thirty_exports(sandbox: Sandbox, api: Api) -> None:
    sandbox.configure("hubspot", "behaviour", exports_per_day=2)
    until(api, start(api), "COMPLETE")
    until(api, start(api), "COMPLETE")
    refused = api.post(START, BASE)
    assert (refused.status_code, refused.json()["category"]) == (429, "RATE_LIMITS")
    sandbox.configure("hubspot", "behaviour", exports_over="queue")
    waiting = start(api)
    time.sleep(0.1)
    assert status(api, waiting)["status"] == "PENDING"
    sandbox.move_to(TODAY.replace(day=TODAY.day + 2))
    until(api, start(api), "COMPLETE")


def test_who_may_export_and_see_what(sandbox: Sandbox, api: Api) -> None:
    job = start(api)
    until(api, job, "COMPLETE")
    for other in ("999999999999", job):
        caller = api if other != job else api.as_token("sandbox-admin-token")
        answer = caller.get(f"{START}/tasks/{other}/status")
        assert answer.status_code == 403
        assert answer.json()["message"].startswith("Permission to get export file cannot be granted for")
    plain = api.as_token("sandbox-plain-token").post(START, BASE)
    assert plain.status_code == 403
    assert plain.json()["errors"][0]["context"] == {"requiredGranularScopes": ["crm.export"]}
    team = exported(api.as_token("sandbox-team-token"), **INTERNAL)
    assert abs(len(team) - len(live(sandbox)) / 2) < 5


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"objectType": "UNICORN"}, "Unable to infer object type"),
        ({"format": "XLSX"}, "CSV only"),
        ({"language": "Klingon"}, "language"),
        ({"exportType": "LIST"}, "lists"),
        ({"exportInternalValuesOptions": ["DATES"]}, "DATES"),
    ],
)
def test_bad_requests(api: Api, changes: dict[str, Any], word: str) -> None:
    answer = api.post(START, {**BASE, **changes})
    assert answer.status_code == 400
    assert word in answer.json()["message"]


def test_a_request_without_an_object(api: Api) -> None:
    answer = api.post(START, {"exportType": "VIEW"})
    assert answer.status_code == 400
    assert "[format, exportName, objectType, objectProperties]" in answer.json()["message"]


@pytest.mark.parametrize("version", ["2026-03", "2026-09"])
def test_dated_paths(api: Api, version: str) -> None:
    path = f"/crm/exports/{version}/export/async"
    answer = api.post(path, BASE)
    assert answer.json()["links"]["status"].endswith(f"{path}/tasks/{answer.json()['id']}/status")
    done = until(api, answer.json()["id"], "COMPLETE", path)
    assert requests.get(done["result"], timeout=30).status_code == 200


def test_faults_break_a_job_or_shorten_its_file(sandbox: Sandbox, api: Api) -> None:
    sandbox.fault("failed_job", phase="job_open", times=1)
    until(api, start(api), "CANCELED")
    sandbox.configure("hubspot", "behaviour", job_polls=0)
    sandbox.fault("stuck_job", phase="job_poll", times=3)
    job = start(api)
    time.sleep(0.3)
    assert [status(api, job)["status"] for _ in range(4)] == ["PROCESSING"] * 3 + ["COMPLETE"]
    sandbox.fault("short_page", path="exports", times=1)
    job = start(api, **INTERNAL)
    found = rows(requests.get(until(api, job, "COMPLETE")["result"], timeout=30).content)
    announced = api.get(f"/crm/v3/exports/export/{job}").json()["recordCount"]
    assert announced == len(live(sandbox))
    assert len(found) == announced // 2


def test_a_running_export_does_not_hold_up_the_end() -> None:
    began = time.monotonic()
    with Sandbox(crms=("hubspot",), accounts=20, today=TODAY) as sandbox:
        sandbox.configure("hubspot", "behaviour", job_seconds=60)
        until(Api(sandbox), start(Api(sandbox)), "PROCESSING")
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.configure("hubspot", "behaviour", no_such_thing=1),
        lambda s: s.configure("hubspot", "behaviour", job_polls="many"),
        lambda s: s.configure("hubspot", "behaviour", export_dates="roman"),
        lambda s: s.configure("hubspot", "behaviour", rules=[{"object": "companies"}]),
    ],
)
def test_behaviour_that_makes_no_sense_is_refused(sandbox: Sandbox, change: Callable[[Sandbox], Any]) -> None:
    with pytest.raises(ControlError):
        change(sandbox)


def test_behaviour_over_http(sandbox: Sandbox) -> None:
    def post(**settings: Any) -> requests.Response:
        body = {"crm": "hubspot", "what": "behaviour", **settings}
        return requests.post(f"{sandbox.url}/sandbox/configure", json=body, timeout=10)

    assert post().json()["result"]["exports_per_day"] == 30
    assert post(job_seconds=2).json()["result"]["job_seconds"] == 2
    assert post(nonsense=2).status_code == 400
