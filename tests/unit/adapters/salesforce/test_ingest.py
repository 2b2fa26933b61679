"""Writing in bulk: against the sandbox with a fault at every step, and Salesforce's rarer answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
import requests
import responses

from adapters.salesforce import SalesforceCrm
from adapters.salesforce.ingest import Ingest
from adapters.sandbox import Sandbox
from connector.crm import ID, SEND, Job
from connector.errors import CrmRequestError, CrmTemporaryError
from tests.contract.fake import Jobs
from tests.unit.adapters.salesforce.conftest import DATA, HOST, QUICK, TOKEN, Opener, connection

FAULTS = (
    "unavailable",
    "drop_before",
    "drop_after",
    "drop_during",
    "malformed_body",
    "empty_body",
    "html_error",
    "expired_token",
)
JOB = {"id": "750A", "state": "InProgress"}
INGEST = f"{DATA}/jobs/ingest"
DONE = {"success": True, "errors": []}
INDUSTRY = pa.schema([(ID, pa.string()), ("Industry", pa.string()), (SEND + "Industry", pa.bool_())])


def ids(sandbox: Sandbox) -> list[str]:
    return [row["Id"] for row in sandbox.dump("salesforce", "Account") if not row["IsDeleted"]]


def industries(sandbox: Sandbox) -> dict[str, str | None]:
    return {row["Id"]: row["Industry"] for row in sandbox.dump("salesforce", "Account")}


def changes(keys: list[str], value: str | None) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {ID: keys, "Industry": [value] * len(keys), SEND + "Industry": [True] * len(keys)}, schema=INDUSTRY
    )


def open_jobs(sandbox: Sandbox) -> list[str]:
    """Ids of ingest jobs of the sandbox that have not ended."""
    token = requests.post(
        f"{sandbox.url}/services/oauth2/token",
        {"grant_type": "client_credentials", "client_id": "sandbox-sync", "client_secret": "sandbox-secret"},
        timeout=10,
    ).json()["access_token"]
    address = f"{sandbox.url}/services/data/v64.0/jobs/ingest"
    listed = requests.get(
        address, {"jobType": "V2Ingest"}, headers={"Authorization": f"Bearer {token}"}, timeout=10
    ).json()["records"]
    return [job["id"] for job in listed if job["state"] not in ("JobComplete", "Failed", "Aborted")]


def of_bulk(answers: responses.RequestsMock) -> SalesforceCrm:
    """Writes in bulk to an org without territories."""
    words = "sObject type 'ObjectTerritory2AssignmentRule' is not supported."
    answers.get(f"{DATA}/query/", json=[{"errorCode": "INVALID_TYPE", "message": words}], status=400)
    given = connection(auth="access_token", instance_url=HOST, access_token=TOKEN, load_method="bulk")
    return SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK)


@pytest.mark.parametrize("step", range(4))
@pytest.mark.parametrize("fault", FAULTS)
def test_a_write_survives_a_fault_at_any_step(
    sandbox: Sandbox, opened: Opener, fault: str, step: int
) -> None:
    crm = opened(load_method="bulk")
    keys = ids(sandbox)[:10]
    made = sandbox.fault(fault, path="jobs/ingest", after=step, times=1, seconds=0)
    value = "Banking" if step % 2 else "Energy"
    jobs = Jobs()
    (result,) = crm.write([changes(keys, value)], len(keys), jobs)
    assert made.hits == 1
    assert result.column("outcome").to_pylist() == ["written"] * 10
    found = industries(sandbox)
    assert {found[key] for key in keys} == {value}
    assert (jobs.left_open(), open_jobs(sandbox)) == ([], [])


def test_refused_and_locked_rows_of_a_job(sandbox: Sandbox, opened: Opener) -> None:
    crm = opened(load_method="bulk")
    keys = ids(sandbox)[:20]
    unknown = "001Sb00000zzzzzIAA"
    made = sandbox.fault("row_lock", times=5)
    (result,) = crm.write([changes([*keys, unknown], "Media")], 21, Jobs())
    assert made.hits == 5
    rows: dict[str, dict[str, Any]] = {row[ID]: row for row in result.to_pylist()}
    assert {rows[key]["outcome"] for key in keys} == {"written"}
    assert rows[unknown]["outcome"] == "rejected"
    assert rows[unknown]["code"] in ("INVALID_CROSS_REFERENCE_KEY", "ENTITY_IS_DELETED", "MALFORMED_ID")
    assert rows[unknown]["message"]


def test_a_field_name_that_the_job_refuses(sandbox: Sandbox, opened: Opener) -> None:
    crm = opened(load_method="bulk")
    schema = pa.schema([(ID, pa.string()), ("Nope__c", pa.string()), (SEND + "Nope__c", pa.bool_())])
    batch = pa.RecordBatch.from_pydict(
        {ID: ids(sandbox)[:1], "Nope__c": ["x"], SEND + "Nope__c": [True]}, schema=schema
    )
    with pytest.raises(
        CrmRequestError, match=r"has no field Nope__c, or .* may not see it.*Field name not found : Nope__c"
    ):
        list(crm.write([batch], 1, Jobs()))


def test_a_text_that_looks_like_a_null_and_an_untouched_cell(sandbox: Sandbox, opened: Opener) -> None:
    crm = opened(load_method="bulk")
    first, second, third = ids(sandbox)[:3]
    list(crm.write([changes([first, second, third], "Retail")], 3, Jobs()))
    batch = pa.RecordBatch.from_pydict(
        {
            ID: [first, second, third],
            "Industry": [None, None, "Energy"],
            SEND + "Industry": [True, False, True],
        },
        schema=INDUSTRY,
    )
    list(crm.write([batch], 3, Jobs()))
    found = industries(sandbox)
    assert (found[first], found[second], found[third]) == (None, "Retail", "Energy")


def test_records_that_the_job_did_not_come_to_go_again(answers: responses.RequestsMock) -> None:
    crm = of_bulk(answers)
    answers.post(INGEST, json={"id": "750A", "state": "Open"})
    answers.put(f"{INGEST}/750A/batches", status=201)
    answers.patch(f"{INGEST}/750A", json=JOB)
    ended = {"id": "750A", "state": "JobComplete", "numberRecordsProcessed": 1, "numberRecordsFailed": 0}
    answers.get(f"{INGEST}/750A", json=ended)
    answers.get(f"{INGEST}/750A/unprocessedrecords/", body='"Id"`"Industry"\n"001B"`"Energy"\n')
    answers.patch(f"{DATA}/composite/sobjects", json=[DONE])
    (result,) = crm.write([changes(["001A", "001B"], "Energy")], 2, Jobs())
    assert result.column("outcome").to_pylist() == ["written", "written"]


def test_a_job_that_fails_half_way_is_finished_record_by_record(answers: responses.RequestsMock) -> None:
    crm = of_bulk(answers)
    answers.post(INGEST, json={"id": "750A", "state": "Open"})
    answers.put(f"{INGEST}/750A/batches", status=201)
    answers.patch(f"{INGEST}/750A", json=JOB)
    words = "InternalServerError : The job was stopped"
    ended = {"id": "750A", "state": "Failed", "numberRecordsProcessed": 2, "numberRecordsFailed": 1}
    answers.get(f"{INGEST}/750A", json={**ended, "errorMessage": words})
    refused = '"sf__Id"`"sf__Error"`"Id"\n""`"STRING_TOO_LONG:too long:Industry --"`"001B"\n'
    answers.get(f"{INGEST}/750A/failedResults/", body=refused)
    answers.get(f"{INGEST}/750A/unprocessedrecords/", body='"Id"`"Industry"\n"001C"`"Energy"\n')
    answers.patch(f"{DATA}/composite/sobjects", json=[DONE])
    jobs = Jobs()
    (result,) = crm.write([changes(["001A", "001B", "001C"], "Energy")], 3, jobs)
    assert result.column("outcome").to_pylist() == ["written", "rejected", "written"]
    assert jobs.left_open() == []


def test_a_job_that_salesforce_could_not_run_is_tried_again(sandbox: Sandbox, opened: Opener) -> None:
    crm = opened(load_method="bulk")
    sandbox.fault("failed_job", times=1)
    jobs = Jobs()
    (result,) = crm.write([changes(ids(sandbox)[:5], "Energy")], 5, jobs)
    assert result.column("outcome").to_pylist() == ["written"] * 5
    assert jobs.left_open() == []


@pytest.mark.parametrize(
    ("state", "words", "kind"),
    [
        ("Failed", "InternalServerError : internal error", CrmTemporaryError),
        ("Failed", "InvalidBatch : Field name not found : Nope__c", CrmRequestError),
        ("Aborted", None, CrmTemporaryError),
    ],
)
def test_jobs_that_do_nothing_end_the_run(
    answers: responses.RequestsMock, state: str, words: str | None, kind: type[Exception]
) -> None:
    crm = of_bulk(answers)
    answers.post(INGEST, json={"id": "750A", "state": "Open"})
    answers.put(f"{INGEST}/750A/batches", status=201)
    answers.patch(f"{INGEST}/750A", json=JOB)
    ended = {"id": "750A", "state": state, "numberRecordsProcessed": 0, "errorMessage": words}
    answers.get(f"{INGEST}/750A", json=ended)
    if words and words.startswith("InvalidBatch"):
        answers.get(f"{HOST}/services/oauth2/userinfo", json={})
    if words and words.startswith("Internal"):  # five thousand records and less go one by one the second time
        answers.patch(f"{DATA}/composite/sobjects", status=503)
        answers.post(f"{DATA}/composite/sobjects/Account", json=[None])
    jobs = Jobs()
    with pytest.raises(kind, match=r"750A|503"):
        list(crm.write([changes(["001A"], "x")], 1, jobs))
    assert jobs.left_open() == []


def test_a_used_up_day_of_jobs_defers_the_batch(answers: responses.RequestsMock) -> None:
    crm = of_bulk(answers)
    words = "ApiBatchItems Limit exceeded."
    answers.post(INGEST, json=[{"errorCode": "ExceededQuota", "message": words}], status=400)
    (result,) = crm.write([changes(["001A"], "x")], 1, Jobs())
    assert result.column("outcome").to_pylist() == ["deferred"]


def test_an_upload_that_was_received_twice_gets_a_new_job(answers: responses.RequestsMock) -> None:
    crm = of_bulk(answers)
    refusal = [{"errorCode": "INVALIDJOBSTATE", "message": "Found multiple contents for job: <750A>"}]
    answers.post(INGEST, json={"id": "750A", "state": "Open"})
    answers.put(f"{INGEST}/750A/batches", body=requests.ConnectionError("Connection aborted."))
    answers.put(f"{INGEST}/750A/batches", json=refusal, status=400)
    answers.patch(f"{INGEST}/750A", json={"id": "750A", "state": "Aborted"})
    answers.post(INGEST, json={"id": "750B", "state": "Open"})
    answers.put(f"{INGEST}/750B/batches", status=201)
    answers.patch(f"{INGEST}/750B", json=JOB)
    ended = {"id": "750B", "state": "JobComplete", "numberRecordsProcessed": 1, "numberRecordsFailed": 0}
    answers.get(f"{INGEST}/750B", json=ended)
    jobs = Jobs()
    (result,) = crm.write([changes(["001A"], "Energy")], 1, jobs)
    assert result.column("outcome").to_pylist() == ["written"]
    assert jobs.left_open() == []


def test_a_file_that_is_too_large_becomes_several_jobs(sandbox: Sandbox, opened: Opener) -> None:
    crm = opened(load_method="bulk")
    crm._writer._upload_bytes = 200
    keys = ids(sandbox)[:30]
    (result,) = crm.write([changes(keys, "Utilities")], 30, Jobs())
    assert result.column("outcome").to_pylist() == ["written"] * 30
    assert crm.usage().calls["POST jobs/ingest"] > 3
    assert {industries(sandbox)[key] for key in keys} == {"Utilities"}


def test_every_job_is_noted_before_its_records_leave(sandbox: Sandbox, opened: Opener) -> None:
    class Watching(Jobs):
        def opened(self, job: Job) -> None:
            super().opened(job)
            done = [f"{row['method']} {row['path']}" for row in sandbox.requests()["counts"]]
            self.notes.append(str(sum("jobs/ingest" in each for each in done)))

    crm = opened(load_method="bulk")
    crm.batch_size(1)
    sandbox.clear_requests()
    jobs = Watching()
    list(crm.write([changes(ids(sandbox)[:3], "Retail")], 3, jobs))
    marked, none, noted, opened_only, unmarked, ended = jobs.notes
    assert marked.startswith("opened opening-")
    assert none == "0"  # nothing was asked of Salesforce before the mark
    assert noted.startswith("opened 750")
    assert opened_only == "1"  # the job is open, nothing uploaded
    assert unmarked == marked.replace("opened", "ended", 1)
    assert ended == noted.replace("opened", "ended", 1)


def test_a_job_whose_opening_got_no_reply_is_taken_up(sandbox: Sandbox, opened: Opener) -> None:
    crm = opened(load_method="bulk")
    fault = sandbox.fault("drop_after", phase="job_open", times=1)
    jobs = Jobs()
    (result,) = crm.write([changes(ids(sandbox)[:3], "Energy")], 3, jobs)
    assert fault.hits == 1
    assert result.column("outcome").to_pylist() == ["written"] * 3
    assert crm.usage().calls["POST jobs/ingest"] == 1
    assert open_jobs(sandbox) == []


class Killed(BaseException):
    """As if the process were gone."""


class Dying(Jobs):
    """A log whose process dies after so many notes."""

    def __init__(self, notes: int) -> None:
        super().__init__()
        self._left = notes

    def _live(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Killed

    def opened(self, job: Job) -> None:
        self._live()
        super().opened(job)

    def ended(self, job_id: str) -> None:
        self._live()
        super().ended(job_id)


@pytest.mark.parametrize("notes", range(4))
def test_what_a_killed_run_leaves_is_settled(sandbox: Sandbox, opened: Opener, notes: int) -> None:
    jobs = Dying(notes)
    with pytest.raises(Killed):
        list(opened(load_method="bulk").write([changes(ids(sandbox)[:3], "Energy")], 3, jobs))
    left = Jobs()
    left.kept = dict(jobs.kept)
    opened().settle(left)
    assert left.left_open() == []
    assert open_jobs(sandbox) == []


def test_a_job_that_runs_on_is_waited_for(sandbox: Sandbox, opened: Opener) -> None:
    keys = ids(sandbox)[:5]
    jobs = Jobs()
    sandbox.fault("unavailable", phase="job_poll")
    with pytest.raises(CrmTemporaryError):
        list(opened(load_method="bulk").write([changes(keys, "Retail")], 5, jobs))
    sandbox.clear_faults()
    (job,) = jobs.left_open()
    assert job.id in open_jobs(sandbox)
    opened().settle(jobs)
    assert (jobs.left_open(), open_jobs(sandbox)) == ([], [])
    assert {industries(sandbox)[key] for key in keys} == {"Retail"}


def test_a_job_that_hangs_is_aborted_in_the_end(sandbox: Sandbox, opened: Opener) -> None:
    jobs = Jobs()
    crm = opened(load_method="bulk")
    sandbox.fault("unavailable", phase="job_poll", times=QUICK.attempts)
    with pytest.raises(CrmTemporaryError):
        list(crm.write([changes(ids(sandbox)[:5], "Retail")], 5, jobs))
    sandbox.clear_faults()
    sandbox.fault("stuck_job")
    Ingest(crm._org, jobs).settle(seconds=0.2)
    assert (jobs.left_open(), open_jobs(sandbox)) == ([], [])


def test_a_job_that_neither_ends_nor_can_be_aborted_stops_the_run(
    answers: responses.RequestsMock, crm: SalesforceCrm
) -> None:
    jobs = Jobs()
    jobs.opened(Job("750A", "salesforce ingest"))
    answers.get(f"{INGEST}/750A", json=JOB)
    answers.patch(f"{INGEST}/750A", json=[{"errorCode": "INVALIDJOBSTATE", "message": "no"}], status=400)
    with pytest.raises(CrmTemporaryError, match="Bulk Data Load Jobs"):
        Ingest(crm._org, jobs).settle(seconds=0)
    assert [job.id for job in jobs.left_open()] == ["750A"]


def test_jobs_of_others_are_left_alone(answers: responses.RequestsMock, crm: SalesforceCrm) -> None:
    """Only open jobs of our user, for our object, with our separator, since the mark was set."""
    began = datetime(2026, 11, 24, 10, tzinfo=UTC)
    jobs = Jobs()
    jobs.opened(Job("opening-1", "salesforce ingest", began.isoformat()))
    jobs.opened(Job("77", "hubspot import"))
    ours = {
        "id": "750A",
        "object": "Account",
        "operation": "update",
        "state": "Open",
        "createdById": "005A",
        "createdDate": "2026-11-24T10:00:01.000+0000",
        "columnDelimiter": "BACKQUOTE",
    }
    others = [
        {**ours, "id": "750B", "createdById": "005B"},
        {**ours, "id": "750C", "columnDelimiter": "COMMA"},
        {**ours, "id": "750D", "object": "Lead"},
        {**ours, "id": "750E", "createdDate": "2026-11-24T09:00:00.000+0000"},
        {**ours, "id": "750F", "state": "InProgress"},
    ]
    answers.get(
        f"{HOST}/services/oauth2/userinfo", json={"user_id": "005A", "preferred_username": "kpm@acme.example"}
    )
    more = "/services/data/v64.0/jobs/ingest?queryLocator=1"
    answers.get(
        INGEST,
        json={"done": False, "records": others, "nextRecordsUrl": more},
        match=[responses.matchers.query_param_matcher({"jobType": "V2Ingest"})],
    )
    answers.get(
        INGEST,
        json={"done": True, "records": [ours], "nextRecordsUrl": None},
        match=[responses.matchers.query_param_matcher({"queryLocator": "1"})],
    )
    answers.patch(f"{INGEST}/750A", json={**ours, "state": "Aborted"})
    crm.settle(jobs)
    assert [job.id for job in jobs.left_open()] == ["77"]


def test_a_job_that_somebody_deleted_is_no_more(answers: responses.RequestsMock, crm: SalesforceCrm) -> None:
    jobs = Jobs()
    jobs.opened(Job("750A", "salesforce ingest"))
    answers.get(f"{INGEST}/750A", json=[{"errorCode": "NOT_FOUND", "message": "gone"}], status=404)
    crm.settle(jobs)
    assert jobs.left_open() == []


def test_a_session_that_expires_inside_a_job_is_renewed_once(answers: responses.RequestsMock) -> None:
    """INVALID_SESSION_ID while the job is polled and while its results are fetched."""
    expired = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
    token = {"access_token": "sandbox-granted", "instance_url": HOST}
    answers.post(f"{HOST}/services/oauth2/token", json=token)
    answers.get(f"{DATA}/query/", json={"totalSize": 0, "done": True, "records": []})
    answers.post(INGEST, json={"id": "750A", "state": "Open"})
    answers.put(f"{INGEST}/750A/batches", json=expired, status=401)
    answers.put(f"{INGEST}/750A/batches", status=201)
    answers.patch(f"{INGEST}/750A", json=JOB)
    answers.get(f"{INGEST}/750A", json=expired, status=401)
    ended = {"id": "750A", "state": "JobComplete", "numberRecordsProcessed": 2, "numberRecordsFailed": 1}
    answers.get(f"{INGEST}/750A", json=ended)
    answers.get(f"{INGEST}/750A/failedResults/", json=expired, status=401)
    answers.get(
        f"{INGEST}/750A/failedResults/",
        body='"sf__Id"`"sf__Error"`"Id"\n""`"FIELD_CUSTOM_VALIDATION_EXCEPTION:no:--"`"001B"\n',
    )
    given = connection(
        auth="client_credentials", client_id="app", client_secret="sandbox-secret", load_method="bulk"
    )
    crm = SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK)
    (result,) = crm.write([changes(["001A", "001B"], "Energy")], 2, Jobs())
    assert result.column("outcome").to_pylist() == ["written", "rejected"]
    assert (
        sum("oauth2/token" in str(call.request.url) for call in answers.calls) == 4
    )  # one, and one per expiry


@pytest.mark.parametrize(("action", "outcome"), [("alert", "written"), ("block", "rejected")])
def test_a_duplicate_rule_that_only_warns_is_passed(
    sandbox: Sandbox, opened: Opener, action: str, outcome: str
) -> None:
    """Bulk API knows no header for it, so these records go by Collections."""
    first, second = ids(sandbox)[:2]
    for key in (first, second):
        sandbox.edit("salesforce", "Account", key, {"Phone": "+43 1 555"})
    sandbox.configure("salesforce", "duplicate_rule", field="Phone", action=action, always=True)
    try:
        (result,) = opened(load_method="bulk").write([changes([first], "Energy")], 1, Jobs())
    finally:
        sandbox.configure("salesforce", "duplicate_rule")
    (row,) = result.to_pylist()
    assert row["outcome"] == outcome
    assert row["code"] == (None if outcome == "written" else "DUPLICATES_DETECTED")
