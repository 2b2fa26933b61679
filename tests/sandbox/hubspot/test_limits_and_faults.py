"""Rate limits, the day's allowance, faults and the control operations."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.sandbox import Sandbox
from adapters.sandbox.hubspot.phases import PHASES
from adapters.sandbox.side import ControlError, Edit, Visibility
from tests.sandbox.hubspot.conftest import TODAY, Api

COMPANIES = "/crm/v3/objects/companies"


def test_headers_count_down(api: Api) -> None:
    first, second = (api.get(COMPANIES).headers for _ in range(2))
    for name in ("X-HubSpot-RateLimit-Daily-Remaining", "X-HubSpot-RateLimit-Remaining"):
        assert int(first[name]) - int(second[name]) == 1
    assert first["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"


def test_a_window_of_ten_seconds_and_five_searches_a_second() -> None:
    with Sandbox(crms=("hubspot",), accounts=30, today=TODAY, rate_limits=True) as strict:
        api = Api(strict)
        searches = [api.post(f"{COMPANIES}/search", {"limit": 1}) for _ in range(6)]
        assert [answer.status_code for answer in searches] == [200] * 5 + [429]
        assert searches[-1].json()["policyName"] == "SECONDLY"
        answers = [api.get(COMPANIES) for _ in range(190)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) == 5
        body = refused[0].json()
        assert (body["errorType"], body["policyName"], body["category"]) == (
            "RATE_LIMIT",
            "TEN_SECONDLY_ROLLING",
            "RATE_LIMITS",
        )


def test_the_days_allowance_ends(sandbox: Sandbox, api: Api) -> None:
    sandbox.quota("hubspot", limit=10, used=9)
    assert api.get(COMPANIES).headers["X-HubSpot-RateLimit-Daily-Remaining"] == "0"
    answer = api.get(COMPANIES)
    assert (answer.status_code, answer.json()["policyName"]) == (429, "DAILY")
    sandbox.move_to(TODAY + timedelta(days=1))
    assert api.get(COMPANIES).headers["X-HubSpot-RateLimit-Daily-Remaining"] == "9"
    [usage] = api.get("/account-info/v3/api-usage/daily/private-apps").json()["results"]
    assert (usage["currentUsage"], usage["usageLimit"]) == (2, 10)
    assert usage["collectedAt"] < usage["resetsAt"]


def test_throttle_and_unavailable_in_hubspots_words(sandbox: Sandbox, api: Api) -> None:
    sandbox.fault("throttle", times=1, seconds=2)
    throttled = api.get(COMPANIES)
    assert (throttled.status_code, throttled.json()["policyName"]) == (429, "TEN_SECONDLY_ROLLING")
    assert throttled.headers["Retry-After"] == "2"
    sandbox.fault("unavailable", times=5)
    assert [api.get(COMPANIES).status_code for _ in range(6)] == [503, 502, 477, 504, 523, 200]


def test_a_lock_refuses_the_whole_write(sandbox: Sandbox, api: Api) -> None:
    [record] = [each["id"] for each in api.get(COMPANIES, limit=1).json()["results"]]
    sandbox.fault("row_lock", times=1)
    answer = api.update([record], {"city": "Wels"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (423, "1")
    assert api.get(f"{COMPANIES}/{record}", properties="city").json()["properties"]["city"] != "Wels"
    assert api.update([record], {"city": "Wels"}).status_code == 200


def test_a_partial_batch_says_which_rows_are_missing(sandbox: Sandbox, api: Api) -> None:
    ids = [each["id"] for each in api.get(COMPANIES, limit=20).json()["results"]]
    sandbox.fault("partial_batch", rate=0.3, seed=5)
    answer = api.update(ids, {"city": "Wels"})
    body = answer.json()
    refused = body["errors"][0]["context"]["ids"]
    written = [each["id"] for each in body["results"]]
    assert answer.status_code == 207
    assert refused
    assert sorted(refused + written) == sorted(ids)
    sandbox.clear_faults()
    for record in ids:
        city = api.get(f"{COMPANIES}/{record}", properties="city").json()["properties"]["city"]
        assert (city == "Wels") == (record in written)


def test_records_get_lost_without_a_word(sandbox: Sandbox, api: Api) -> None:
    ids = [each["id"] for each in api.get(COMPANIES, limit=20).json()["results"]]
    sandbox.fault("left_out", rate=0.3, seed=4, phase="write_batch")
    answer = api.update(ids, {"city": "Wels"})
    written = {each["id"] for each in answer.json()["results"]}
    assert answer.status_code == 200
    assert 0 < len(written) < len(ids)
    assert "errors" not in answer.json()
    sandbox.clear_faults()
    cities = {each["id"]: each["properties"]["city"] for each in api.all("companies", properties="city")}
    assert {record for record in ids if cities[record] == "Wels"} == written
    sandbox.fault("left_out", times=2, phase="read_page")
    read = api.post(f"{COMPANIES}/batch/read", {"inputs": [{"id": record} for record in ids]})
    assert (read.status_code, len(read.json()["results"])) == (200, 18)


def test_a_whole_batch_gets_lost_without_a_word(sandbox: Sandbox, api: Api) -> None:
    [record] = [each["id"] for each in api.get(COMPANIES, limit=1).json()["results"]]
    sandbox.fault("silent_loss", times=2)
    for answer in (
        api.update([record], {"city": "Wels"}),
        api.post(f"{COMPANIES}/batch/read", {"inputs": [{"id": record}]}),
    ):
        body = answer.json()
        assert (answer.status_code, body["status"], body["results"]) == (200, "COMPLETE", [])
    assert api.get(f"{COMPANIES}/{record}", properties="city").json()["properties"]["city"] != "Wels"


@pytest.mark.parametrize("status", [423, 477, 502, 503, 504, 521, 522, 523, 524])
def test_temporary_refusals_by_status(sandbox: Sandbox, api: Api, status: int) -> None:
    sandbox.fault("unavailable", status=status, times=1, seconds=3)
    answer = api.get(COMPANIES)
    assert answer.status_code == status
    if status in (423, 477, 503):
        assert answer.json()["status"] == "error"
        assert answer.headers["Retry-After"] == "3"
    else:
        assert answer.headers["Content-Type"].startswith("text/html")
        with pytest.raises(UnicodeDecodeError):
            answer.content.decode("utf-8")


def test_the_phases_of_hubspots_paths() -> None:
    paths = {
        ("POST", "/oauth/v1/token"): "login",
        ("POST", "/oauth/2026-03/token/introspect"): "login",
        ("GET", "/crm/v3/properties/companies"): "describe",
        ("GET", "/crm/pipelines/2026-09/deals"): "describe",
        ("GET", "/account-info/v3/details"): "describe",
        ("GET", "/crm/v3/objects/companies"): "read_page",
        ("POST", "/crm/objects/2026-03/companies/search"): "read_page",
        ("POST", "/crm/v4/associations/deals/companies/batch/read"): "read_page",
        ("GET", "/crm-exports/results/key/file.zip"): "read_page",
        ("POST", "/crm/v3/exports/export/async"): "job_open",
        ("POST", "/crm/exports/2026-09/export/async"): "job_open",
        ("GET", "/crm/exports/2026-03/export/async/tasks/7/status"): "job_poll",
        ("GET", "/crm/v3/exports/export/7"): "job_poll",
        ("POST", "/crm/v3/imports"): "upload",
        ("POST", "/crm/imports/2026-03"): "upload",
        ("GET", "/crm/v3/imports/7"): "job_poll",
        ("GET", "/crm/imports/2026-09"): "job_poll",
        ("GET", "/crm/v3/imports/7/errors"): "results",
        ("POST", "/crm/imports/2026-03/7/cancel"): "job_close",
        ("POST", "/crm/v3/objects/companies/batch/update"): "write_batch",
        ("PATCH", "/crm/objects/2026-09/companies/7"): "write_batch",
        ("GET", "/nowhere"): None,
    }
    assert {path: PHASES.phase(*path) for path in paths} == paths


def test_a_short_page_loses_nobody(sandbox: Sandbox, api: Api) -> None:
    whole = [each["id"] for each in api.all("companies")]
    sandbox.fault("short_page", rate=0.7, seed=2)
    assert [each["id"] for each in api.all("companies", limit=10)] == whole


def test_reads_and_writes_are_told_apart(sandbox: Sandbox, api: Api) -> None:
    [record] = [each["id"] for each in api.get(COMPANIES, limit=1).json()["results"]]
    sandbox.clear_requests()
    api.post(f"{COMPANIES}/batch/read", {"inputs": [{"id": record}]})
    api.post("/crm/v4/associations/companies/deals/batch/read", {"inputs": [{"id": record}]})
    assert sandbox.requests()["writes"] == 0
    api.update([record], {"city": "Wels"})
    [write] = [each for each in sandbox.requests()["counts"] if each["writes"]]
    assert (write["path"], write["count"]) == (f"{COMPANIES}/batch/update", 1)


def test_half_of_the_companies_disappear_without_a_word(sandbox: Sandbox, api: Api, admin: Api) -> None:
    everything = [each["id"] for each in api.all("companies")]
    team = [each["id"] for each in api.as_token("sandbox-team-token").all("companies")]
    assert set(team) < set(everything)
    assert abs(len(team) - len(everything) / 2) < 5
    sandbox.visibility("hubspot", Visibility("hide_half"))
    assert [each["id"] for each in api.all("companies")] == team
    assert [each["id"] for each in admin.all("companies")] == everything
    hidden = next(each for each in everything if each not in team)
    assert api.get(f"{COMPANIES}/{hidden}").status_code == 404
    assert api.update([hidden], {"city": "Wels"}).json()["results"] == []
    assert api.post(f"{COMPANIES}/search", {"limit": 1}).json()["total"] == len(team)
    sandbox.visibility("hubspot", Visibility("show_all"))
    assert [each["id"] for each in api.all("companies")] == everything


def test_edits_behind_the_apis_back(sandbox: Sandbox, api: Api) -> None:
    record = api.get(COMPANIES, limit=1).json()["results"][0]
    sandbox.edit("hubspot", "companies", record["id"], {"hs_num_open_deals": "77"}, touch=False)
    path = f"{COMPANIES}/{record['id']}"
    unseen = api.get(path, properties="hs_num_open_deals").json()
    assert (unseen["properties"]["hs_num_open_deals"], unseen["updatedAt"]) == ("77", record["updatedAt"])
    sandbox.edit("hubspot", "company", record["id"], {"city": "Wels", "kpm_wallet": None})
    assert api.get(path).json()["updatedAt"] > record["updatedAt"]
    deal = sandbox.edit(
        "hubspot",
        "deals",
        values={
            "dealname": "New",
            "amount": 5,
            "dealstage": "closedwon",
            "associations.company": record["id"],
        },
    )
    linked = api.get(f"/crm/v4/objects/deals/{deal}/associations/companies").json()["results"]
    assert [str(each["toObjectId"]) for each in linked] == [record["id"]]
    sandbox.edit("hubspot", "deals", deal, delete=True)
    assert api.get(f"/crm/v3/objects/deals/{deal}").status_code == 404


@pytest.mark.parametrize(
    "edit",
    [
        Edit("unicorns", "1"),
        Edit("companies", "1", {"city": "Wels"}),
        Edit("companies", None, {"no_such_property": "1"}),
        Edit("companies", None, {"kpm_demand": "9"}),
    ],
)
def test_impossible_edits_are_explained(sandbox: Sandbox, edit: Edit) -> None:
    with pytest.raises(ControlError):
        sandbox.side("hubspot").edit(edit)
