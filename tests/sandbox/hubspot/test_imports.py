"""Imports: what rows change, what becomes of bad ones, states, limits."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import requests

from adapters.sandbox import Sandbox
from tests.sandbox.hubspot.conftest import TODAY, Api

IMPORTS = "/crm/v3/imports"
ID = {"columnObjectTypeId": "0-2", "columnName": "Record ID", "columnType": "HUBSPOT_OBJECT_ID"}


def mapping(*names: str, **changes: Any) -> dict[str, Any]:
    columns = [{"columnObjectTypeId": "0-2", "columnName": n, "propertyName": n} for n in names]
    return {
        "name": "Nightly values",
        "importOperations": {"0-2": "UPDATE"},
        "dateFormat": "YEAR_MONTH_DAY",
        "files": [
            {
                "fileName": "values.csv",
                "fileFormat": "CSV",
                "fileImportPage": {"hasHeader": True, "columnMappings": [ID, *columns]},
            }
        ],
        **changes,
    }


def text(rows: Sequence[Sequence[str]]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()


def post(api: Api, request: Mapping[str, Any], content: str, path: str = IMPORTS) -> requests.Response:
    return api.session.post(
        api.sandbox.url + path,
        data={"importRequest": json.dumps(request)},
        files={"files": ("values.csv", content.encode(), "text/csv")},
        timeout=30,
    )


def start(api: Api, names: Sequence[str], rows: Sequence[Sequence[str]], **changes: Any) -> str:
    answer = post(api, mapping(*names, **changes), text([["Record ID", *names], *rows]))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["state"] in ("STARTED", "DEFERRED", "PROCESSING", "DONE", "FAILED")
    return str(body["id"])


def until(api: Api, job: str, *states: str, path: str = IMPORTS) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while True:
        body: dict[str, Any] = api.get(f"{path}/{job}").json()
        if body["state"] in states:
            return body
        assert time.monotonic() < deadline, body
        time.sleep(0.01)


def errors(api: Api, job: str, **parameters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(
        f"{IMPORTS}/{job}/errors", includeErrorMessage="true", includeRowData="true", **parameters
    ).json()["results"]
    return found


def ids_of(api: Api, count: int) -> list[str]:
    return [each["id"] for each in api.get("/crm/v3/objects/companies", limit=count).json()["results"]]


def stored(sandbox: Sandbox, *ids: str) -> list[dict[str, Any]]:
    by_id = {each["id"]: each["properties"] for each in sandbox.dump("hubspot", "companies")}
    return [by_id[record] for record in ids]


def test_rows_change_records_by_their_id(sandbox: Sandbox, api: Api) -> None:
    first, second = ids_of(api, 2)
    before = stored(sandbox, first, second)
    job = start(
        api,
        ["kpm_wallet", "city", "kpm_rated_at", "lifecyclestage"],
        [[first, "1234.5", 'Linz "an der Donau", \nAT', "2026-05-04", "customer"], [second, "7", "", "", ""]],
    )
    done = until(api, job, "DONE")
    one, two = stored(sandbox, first, second)
    assert (one["kpm_wallet"], one["city"], one["kpm_rated_at"], one["lifecyclestage"]) == (
        "1234.5",
        'Linz "an der Donau", \nAT',
        "2026-05-04",
        "customer",
    )
    assert two["kpm_wallet"] == "7"
    assert (two["city"], two["kpm_rated_at"]) == (before[1]["city"], before[1]["kpm_rated_at"])
    assert all(
        new["hs_lastmodifieddate"] > old["hs_lastmodifieddate"]
        for new, old in zip((one, two), before, strict=True)
    )
    counters = done["metadata"]["counters"]
    assert (counters["TOTAL_ROWS"], counters["UPDATED_OBJECTS"], counters["PROPERTY_VALUES_EMITTED"]) == (
        2,
        2,
        5,
    )
    assert "ERRORS" not in counters
    assert done["mappedObjectTypeIds"] == ["0-2"]
    assert done["importRequestJson"]["dateFormat"] == "YEAR_MONTH_DAY"
    assert errors(api, job) == []


def test_an_empty_cell_leaves_the_value_and_a_row_of_them_is_an_error(sandbox: Sandbox, api: Api) -> None:
    [record] = ids_of(api, 1)
    sandbox.edit("hubspot", "companies", record, {"city": "Wels"})
    before = stored(sandbox, record)
    job = start(api, ["city"], [[record, ""]])
    until(api, job, "DONE")
    assert stored(sandbox, record) == before
    [error] = errors(api, job)
    assert error["errorType"] == "FAILED_TO_PROCESS_OBJECT_WITH_EMPTY_PROPERTY_VALUES"
    assert error["sourceData"]["lineNumber"] == 2


@pytest.mark.parametrize(
    ("name", "cell", "kind"),
    [
        ("kpm_wallet", "1e6", "COULD_NOT_PARSE_NUMBER"),
        ("kpm_rated_at", "04.05.2026", "COULD_NOT_PARSE_DATE"),
        ("kpm_rated_at", "2026-02-30", "COULD_NOT_PARSE_DATE"),
        ("lifecyclestage", "friend", "INVALID_ENUMERATION_OPTION"),
        ("hs_num_open_deals", "4", "FAILED_VALIDATION"),
    ],
)
def test_a_bad_cell_is_an_error_and_the_rest_of_its_row_is_written(
    sandbox: Sandbox, api: Api, name: str, cell: str, kind: str
) -> None:
    first, second = ids_of(api, 2)
    job = start(api, [name, "city"], [[first, cell, "Wels"], [second, "", "Linz"]])
    done = until(api, job, "DONE")
    [error] = errors(api, job)
    assert (error["errorType"], error["knownColumnNumber"], error["invalidValue"]) == (kind, 1, cell)
    assert error["sourceData"]["lineNumber"] == 2
    assert error["sourceData"]["rowData"] == [first, cell, "Wels"]
    assert error["errorMessage"]
    assert done["metadata"]["counters"]["ERRORS"] == 1
    one, two = stored(sandbox, first, second)
    assert (one["city"], two["city"]) == ("Wels", "Linz")
    assert one[name] != cell


def test_rows_that_cannot_be_written_at_all(sandbox: Sandbox, api: Api, admin: Api) -> None:
    first, gone, other = ids_of(api, 3)
    admin.delete(f"/crm/v3/objects/companies/{gone}")
    rows = [
        [first, "1"],
        ["999", "2"],
        [gone, "3"],
        ["Muster GmbH", "4"],
        [first, "5"],
        [other, "6", "one too many"],
        ["", "7"],
    ]
    job = start(api, ["kpm_wallet"], rows)
    until(api, job, "DONE")
    found = {each["sourceData"]["lineNumber"]: each["errorType"] for each in errors(api, job)}
    assert found == {
        3: "INVALID_RECORD_ID",
        4: "INVALID_RECORD_ID",
        5: "INVALID_RECORD_ID",
        6: "DUPLICATE_RECORD_ID",
        7: "INCORRECT_NUMBER_OF_COLUMNS",
        8: "INVALID_RECORD_ID",
    }
    assert stored(sandbox, first)[0]["kpm_wallet"] == "1"


def test_dates_are_read_as_the_request_says_american_by_default(sandbox: Sandbox, api: Api) -> None:
    first, second, third = ids_of(api, 3)
    rows = [[first, "05/04/2026"], [second, "2026-05-04"], [third, "1777852800000"]]
    job = start(api, ["kpm_rated_at"], rows, dateFormat=None)
    until(api, job, "DONE")
    assert [each["errorType"] for each in errors(api, job)] == ["COULD_NOT_PARSE_DATE"]
    assert [each["kpm_rated_at"] for each in stored(sandbox, first, third)] == ["2026-05-04", "2026-05-04"]
    until(api, start(api, ["kpm_rated_at"], [[first, "31.12.2025"]], dateFormat="DAY_MONTH_YEAR"), "DONE")
    assert stored(sandbox, first)[0]["kpm_rated_at"] == "2025-12-31"


def test_labels_are_taken_for_options(sandbox: Sandbox, api: Api) -> None:
    [record] = ids_of(api, 1)
    until(api, start(api, ["lifecyclestage"], [[record, "SALES QUALIFIED LEAD"]]), "DONE")
    assert stored(sandbox, record)[0]["lifecyclestage"] == "salesqualifiedlead"


def test_columns_are_found_by_their_header(sandbox: Sandbox, api: Api) -> None:
    [record] = ids_of(api, 1)
    content = text([["city", "kpm_wallet", "Record ID"], ["Wels", "5", record]])
    job = post(api, mapping("kpm_wallet", "city"), content).json()["id"]
    until(api, job, "DONE")
    assert stored(sandbox, record)[0]["city"] == "Wels"


@pytest.mark.parametrize(
    ("request_names", "header", "kind"),
    [
        (["city", "kpm_wallet"], ["Record ID", "city"], "INCORRECT_NUMBER_OF_COLUMNS"),
        (["no_such_property"], ["Record ID", "no_such_property"], "PROPERTY_DEFINITION_NOT_FOUND"),
    ],
)
def test_a_file_that_does_not_fit_fails_whole(
    api: Api, request_names: list[str], header: list[str], kind: str
) -> None:
    [record] = ids_of(api, 1)
    job = post(api, mapping(*request_names), text([header, [record, "x"]])).json()["id"]
    until(api, job, "FAILED")
    [error] = errors(api, job)
    assert (error["errorType"], error["sourceData"]["lineNumber"]) == (kind, 0)


def test_upserts_create_and_creating_imports_refuse_known_ids(sandbox: Sandbox, api: Api, admin: Api) -> None:
    [record] = ids_of(api, 1)
    rows = [[record, "Known"], ["", "New One"]]
    done = until(admin, start(admin, ["name"], rows, importOperations=None), "DONE")
    assert done["metadata"]["counters"]["CREATED_OBJECTS"] == 1
    assert "New One" in {each["properties"]["name"] for each in sandbox.dump("hubspot", "companies")}
    job = start(admin, ["name"], rows, importOperations={"0-2": "CREATE"})
    until(admin, job, "DONE")
    assert [each["errorType"] for each in errors(admin, job)] == ["CREATE_ONLY_IMPORT"]


def test_errors_come_in_pages(api: Api) -> None:
    job = start(api, ["kpm_wallet"], [[str(number), "1"] for number in range(1, 251)])
    until(api, job, "DONE")
    lines, after = [], "0"
    while True:
        page = api.get(f"{IMPORTS}/{job}/errors", limit=100, after=after).json()
        lines += [each["sourceData"]["lineNumber"] for each in page["results"]]
        assert all("errorMessage" not in each for each in page["results"])
        assert all(each["sourceData"]["rowData"] == [] for each in page["results"])
        if "paging" not in page:
            break
        after = page["paging"]["next"]["after"]
    assert lines == list(range(2, 252))


def test_three_imports_at_a_time_the_fourth_is_deferred(sandbox: Sandbox, api: Api) -> None:
    [record] = ids_of(api, 1)
    sandbox.configure("hubspot", "behaviour", jobs_held=True, job_polls=0)
    jobs = [start(api, ["kpm_wallet"], [[record, str(number)]]) for number in range(4)]
    assert [api.get(f"{IMPORTS}/{job}").json()["state"] for job in jobs] == ["STARTED"] * 3 + ["DEFERRED"]
    listed = api.get(IMPORTS, limit=3).json()
    assert [each["id"] for each in listed["results"]] == jobs[::-1][:3]
    assert listed["paging"]["next"]["after"] == "3"
    sandbox.configure("hubspot", "behaviour", jobs_held=False)
    for job in jobs:
        until(api, job, "DONE")


def test_a_cancelled_import_writes_no_more(sandbox: Sandbox, api: Api) -> None:
    [record] = ids_of(api, 1)
    sandbox.configure("hubspot", "behaviour", jobs_held=True)
    before = stored(sandbox, record)
    job = start(api, ["kpm_wallet"], [[record, "99"]])
    assert api.post(f"{IMPORTS}/{job}/cancel", {}).json()["status"] == "COMPLETE"
    sandbox.configure("hubspot", "behaviour", jobs_held=False)
    until(api, job, "CANCELED")
    time.sleep(0.1)
    assert stored(sandbox, record) == before
    assert api.post(f"{IMPORTS}/{job}/cancel", {}).status_code == 400


def test_limits_of_size(sandbox: Sandbox, api: Api) -> None:
    rows = [[record, "1"] for record in ids_of(api, 3)]
    content = text([["Record ID", "kpm_wallet"], *rows])
    for limit, value in (("import_file_rows", 2), ("import_file_bytes", 20), ("import_day_rows", 2)):
        sandbox.configure("hubspot", "behaviour", **{limit: value})
        answer = post(api, mapping("kpm_wallet"), content)
        assert (answer.status_code, answer.json()["category"]) == (429, "RATE_LIMITS"), limit
        sandbox.configure("hubspot", "behaviour", **{limit: 10**9})
    assert post(api, mapping("kpm_wallet"), content).status_code == 200


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"name": ""}, "name"),
        ({"dateFormat": "ISO"}, "dateFormat"),
        ({"importOperations": {"0-2": "DELETE"}}, "DELETE"),
        ({"importOperations": {"0-99": "UPDATE"}}, "Unable to infer"),
        ({"files": [{"fileName": "other.csv", "fileImportPage": {"columnMappings": [ID]}}]}, "other.csv"),
        ({"files": [{"fileName": "values.csv", "fileFormat": "SPREADSHEET"}]}, "CSV only"),
        ({"files": [{"fileName": "values.csv"}]}, "columnMappings"),
    ],
)
def test_bad_requests(api: Api, changes: dict[str, Any], word: str) -> None:
    answer = post(api, mapping("city", **changes), "Record ID,city\n")
    assert answer.status_code == 400
    assert word in answer.json()["message"]


def test_what_is_no_form_or_no_json(api: Api) -> None:
    assert api.post(IMPORTS, {}).status_code == 415
    broken = api.session.post(
        api.sandbox.url + IMPORTS,
        data={"importRequest": "{"},
        files={"files": ("values.csv", b"", "text/csv")},
        timeout=10,
    )
    assert broken.status_code == 400
    assert "Unable to parse JSON" in broken.json()["message"]


def test_who_may_import_and_see_what(api: Api) -> None:
    [record] = ids_of(api, 1)
    job = start(api, ["kpm_wallet"], [[record, "1"]])
    assert api.as_token("sandbox-admin-token").get(f"{IMPORTS}/{job}").status_code == 404
    assert api.get(f"{IMPORTS}/0").json()["message"] == "importId must be positive."
    plain = post(api.as_token("sandbox-plain-token"), mapping("city"), "Record ID,city\n")
    assert plain.status_code == 403
    assert plain.json()["errors"][0]["context"] == {"requiredGranularScopes": ["crm.import"]}
    hidden = next(each["id"] for each in api.all("companies") if int(each["id"]) // 7 % 2)
    team = api.as_token("sandbox-team-token")
    job = start(team, ["kpm_wallet"], [[hidden, "1"]])
    until(team, job, "DONE")
    assert [each["errorType"] for each in errors(team, job)] == ["INVALID_RECORD_ID"]


def test_faults_refuse_rows_or_break_the_job(sandbox: Sandbox, api: Api) -> None:
    ids = ids_of(api, 20)
    sandbox.fault("row_lock", rate=0.5, seed=2, phase="write_batch")
    job = start(api, ["kpm_wallet"], [[record, "41"] for record in ids])
    until(api, job, "DONE")
    refused = {each["sourceData"]["rowData"][0] for each in errors(api, job)}
    assert 0 < len(refused) < 20
    written = {i for i, each in zip(ids, stored(sandbox, *ids), strict=True) if each["kpm_wallet"] == "41"}
    assert written == set(ids) - refused
    sandbox.clear_faults()
    sandbox.fault("failed_job", phase="upload", times=1)
    until(api, start(api, ["kpm_wallet"], [[record, "42"] for record in ids]), "FAILED")
    assert not any(each["kpm_wallet"] == "42" for each in stored(sandbox, *ids))
    sandbox.fault("unprocessed", phase="upload", times=1)
    until(api, start(api, ["kpm_wallet"], [[record, "43"] for record in ids]), "FAILED")
    assert [each["kpm_wallet"] == "43" for each in stored(sandbox, *ids)] == [True] * 10 + [False] * 10


@pytest.mark.parametrize("version", ["2026-03", "2026-09"])
def test_dated_paths_and_the_portals_rules(sandbox: Sandbox, api: Api, version: str) -> None:
    rule = {"object": "companies", "property": "country", "equals": "Austria", "requires": "city"}
    sandbox.configure("hubspot", "behaviour", rules=[rule])
    first, second = ids_of(api, 2)
    sandbox.edit("hubspot", "companies", first, {"country": "Austria", "city": None})
    sandbox.edit("hubspot", "companies", second, {"country": "Austria", "city": "Wels"})
    content = text([["Record ID", "kpm_wallet"], [first, "1"], [second, "1"]])
    path = f"/crm/imports/{version}"
    job = post(api, mapping("kpm_wallet"), content, path).json()["id"]
    until(api, job, "DONE", path=path)
    expected = ["MISSING_REQUIRED_PROPERTY"] if version == "2026-09" else []
    assert [each["errorType"] for each in errors(api, job)] == expected


def test_a_running_import_does_not_hold_up_the_end() -> None:
    began = time.monotonic()
    with Sandbox(crms=("hubspot",), accounts=20, today=TODAY) as sandbox:
        sandbox.configure("hubspot", "behaviour", job_seconds=60)
        api = Api(sandbox)
        until(api, start(api, ["kpm_wallet"], [[ids_of(api, 1)[0], "1"]]), "PROCESSING")
    assert time.monotonic() - began < 20
