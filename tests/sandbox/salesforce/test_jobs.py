"""The life of bulk jobs: lists and their filters, parallel pages, versions, aborting, deleting, failing."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.sandbox import Sandbox
from adapters.sandbox.salesforce.bulk import ingest
from adapters.sandbox.side import ControlError
from tests.sandbox.salesforce.client import Client, rows


@pytest.fixture(autouse=True)
def _as_usual(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.configure("salesforce", "jobs", rows_per_second=None, page_rows=50_000, listed=1_000)
    sandbox.configure("salesforce", "lock", ids=[])
    sandbox.configure("salesforce", "duplicate_rule")


def listed(client: Client, path: str, **filters: str) -> list[dict[str, Any]]:
    """All pages of a list of jobs."""
    answer = client.get(path, **filters).json()
    found = list(answer["records"])
    while not answer["done"]:
        answer = client.session.get(
            f"{client.base.split('/services')[0]}{answer['nextRecordsUrl']}", timeout=10
        ).json()
        found += answer["records"]
    assert answer["nextRecordsUrl"] is None
    return found


def test_lists_hold_every_kind_of_job_unless_one_is_named(sync: Client, rep: Client, admin: Client) -> None:
    upload = sync.open_job()
    query = sync.bulk_query("SELECT Id FROM Account")
    for path in ("/jobs/ingest", "/jobs/query", "/jobs/ingest/"):
        kinds = {job["id"]: job["jobType"] for job in listed(sync, path)}
        assert (kinds[upload], kinds[query]) == ("V2Ingest", "V2Query")
    only = [job["id"] for job in listed(sync, "/jobs/ingest", jobType="V2Ingest")]
    assert upload in only
    assert query not in only
    assert not listed(sync, "/jobs/query", jobType="Classic")
    assert not listed(sync, "/jobs/query", isPkChunkingEnabled="true")
    assert sync.get("/jobs/query", jobType="V9").status_code == 400
    assert upload not in {job["id"] for job in listed(rep, "/jobs/ingest")}
    assert upload in {job["id"] for job in listed(admin, "/jobs/ingest")}


def test_long_lists_come_in_pages(sandbox: Sandbox, sync: Client) -> None:
    sandbox.configure("salesforce", "jobs", listed=3)
    opened = [sync.open_job() for _ in range(7)]
    found = [job["id"] for job in listed(sync, "/jobs/ingest", jobType="V2Ingest")]
    assert len(found) == len(set(found))
    assert set(opened) <= set(found)
    assert sync.get("/jobs/ingest", queryLocator="nonsense").status_code == 400


def test_pages_can_be_read_in_parallel(sandbox: Sandbox, sync: Client) -> None:
    sandbox.configure("salesforce", "jobs", page_rows=20)
    job = sync.bulk_query("SELECT Id FROM Account ORDER BY Id")
    answer = sync.get(f"/jobs/query/{job}/resultPages").json()
    assert len(answer["resultPages"]) == 5
    urls = [page["resultUrl"] for page in answer["resultPages"]]
    while not answer["done"]:
        answer = sync.session.get(f"{sandbox.url}{answer['nextRecordsUrl']}", timeout=10).json()
        urls += [page["resultUrl"] for page in answer["resultPages"]]
    assert answer["nextRecordsUrl"] is None
    pages = [sync.session.get(f"{sandbox.url}{url}", timeout=10) for url in reversed(urls)]
    assert {int(page.headers["Sforce-NumberOfRecords"]) for page in pages[1:]} == {20}
    found = [row["Id"] for page in reversed(pages) for row in rows(page.text)]
    assert found == sorted(row["Id"] for row in sandbox.dump("salesforce", "Account") if not row["IsDeleted"])


def test_results_are_read_with_the_version_of_the_job(sandbox: Sandbox, sync: Client) -> None:
    job = sync.bulk_query("SELECT Id FROM Account LIMIT 3")
    newer = Client(sandbox.url, sync.token, "66.0")
    assert newer.get(f"/jobs/query/{job}/results").status_code == 409
    assert newer.get(f"/jobs/query/{job}/resultPages").status_code == 409
    assert newer.get(f"/jobs/query/{job}").status_code == 200


def test_a_job_goes_on_without_being_asked_after(sandbox: Sandbox, sync: Client) -> None:
    target = sync.ids(1)[0]
    job = sync.open_job()
    sync.upload(job, f"Id,Phone\n{target},4711\n")
    sync.send("PATCH", f"/jobs/ingest/{job}", json={"state": "UploadComplete"})
    deadline = time.monotonic() + 10
    while not any(row["Phone"] == "4711" for row in sandbox.dump("salesforce", "Account")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert sync.finished("ingest", job)["state"] == "JobComplete"


def test_an_aborted_job_leaves_the_rest_unprocessed(sandbox: Sandbox, sync: Client) -> None:
    sandbox.configure("salesforce", "jobs", rows_per_second=10_000)
    target = sync.ids(1)[0]
    job = sync.open_job()
    sync.upload(job, "Id,Phone\n" + f"{target},1\n" * 20_000)
    sync.send("PATCH", f"/jobs/ingest/{job}", json={"state": "UploadComplete"})
    aborted = sync.send("PATCH", f"/jobs/ingest/{job}", json={"state": "Aborted"})
    assert aborted.json()["state"] == "Aborted"
    sandbox.configure("salesforce", "jobs", rows_per_second=None)
    left = sync.results(job, "unprocessedrecords")
    info = sync.get(f"/jobs/ingest/{job}").json()
    assert info["state"] == "Aborted"
    assert len(left) + info["numberRecordsProcessed"] == 20_000
    assert left


def test_what_a_jobs_state_allows(sync: Client) -> None:
    def change(job: str, state: str) -> tuple[int, Any]:
        answer = sync.send("PATCH", f"/jobs/ingest/{job}", json={"state": state})
        return answer.status_code, answer.json()

    job = sync.open_job()
    path = f"/jobs/ingest/{job}"
    assert sync.send("DELETE", path).status_code == 400, "an open job has to be aborted first"
    assert change(job, "InProgress")[0] == 400
    assert change(job, "Aborted")[1]["state"] == "Aborted"
    assert sync.upload(job, "Id\n").status_code == 400
    assert sync.send("DELETE", path).status_code == 204
    assert sync.get(path).status_code == 404
    done = sync.ingest("Id,Phone\n")["id"]
    assert change(done, "Aborted")[1][0]["errorCode"] == "INVALIDJOBSTATE"
    query = sync.bulk_query("SELECT Id FROM Account LIMIT 1")
    assert sync.send("PATCH", f"/jobs/query/{query}", json={"state": "Aborted"}).status_code == 400
    assert sync.get(f"/jobs/ingest/{query}").status_code == 404, "a query job is no ingest job"


def test_a_bad_column_leaves_every_row_unprocessed(sync: Client) -> None:
    target = sync.ids(1)[0]
    job = sync.ingest(f"Id,Nope\n{target},x\n")
    assert (job["state"], job["errorMessage"]) == ("Failed", "InvalidBatch : Field name not found : Nope")
    assert sync.results(job["id"], "unprocessedrecords") == [{"Id": target, "Nope": "x"}]


def test_more_than_100_megabytes_are_refused_zipped_or_not(
    sync: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    import gzip  # noqa: PLC0415 (needed here only)

    assert ingest._LARGEST_UPLOAD == 100_000_000
    monkeypatch.setattr(ingest, "_LARGEST_UPLOAD", 1_000)
    data = b"Id,Phone\n" + b"x" * 1_000
    assert sync.upload(sync.open_job(), data).status_code == 413
    assert (
        sync.upload(sync.open_job(), gzip.compress(data), **{"Content-Encoding": "gzip"}).status_code == 413
    )
    assert sync.upload(sync.open_job(), data[:900]).status_code == 201


def test_upsert_updates_by_id_or_external_id_and_creates_the_rest(
    sandbox: Sandbox, sync: Client, admin: Client
) -> None:
    metadata = {
        "label": "ERP",
        "type": "Text",
        "length": 20,
        "externalId": True,
        "unique": True,
        "required": True,
    }
    field = {"FullName": "Contact.Erp__c", "Metadata": metadata}
    assert admin.send("POST", "/tooling/sobjects/CustomField", json=field).status_code == 201
    assert admin.field("Erp__c", "Contact") is not None
    assert admin.field("Erp__c", "Contact")["externalId"] is True  # type: ignore[index]
    first = sync.ingest(
        "Erp__c,LastName\nA,One\nB,Two\n", object="Contact", operation="upsert", externalIdFieldName="Erp__c"
    )
    assert {row["sf__Created"] for row in sync.results(first["id"], "successfulResults")} == {"true"}
    second = sync.ingest(
        "Erp__c,LastName\nB,Three\n,Four\n",
        object="Contact",
        operation="upsert",
        externalIdFieldName="Erp__c",
    )
    saved = sync.results(second["id"], "successfulResults")
    assert [(row["sf__Created"], row["LastName"]) for row in saved] == [("false", "Three")]
    assert "MISSING_ARGUMENT" in sync.results(second["id"], "failedResults")[0]["sf__Error"]
    stored = {row["Erp__c"]: row["LastName"] for row in sandbox.dump("salesforce", "Contact")}
    assert (stored["A"], stored["B"]) == ("One", "Three")
    target = sync.ids(1)[0]
    by_id = sync.ingest(f"Id,Phone\n{target},0815\n", operation="upsert", externalIdFieldName="Id")
    assert by_id["externalIdFieldName"] == "Id"
    assert sync.results(by_id["id"], "successfulResults")[0]["sf__Id"] == target
    body = {"object": "Account", "operation": "upsert", "externalIdFieldName": "Phone"}
    refused = sync.send("POST", "/jobs/ingest", json=body)
    assert "Phone does not match an External ID" in refused.json()[0]["message"]


def test_locked_records_stay_locked_until_they_are_freed(sandbox: Sandbox, sync: Client) -> None:
    held, free = sync.ids(2)
    sandbox.configure("salesforce", "lock", ids=[held])
    results = sync.update({"id": held, "Phone": "9"}, {"id": free, "Phone": "9"}).json()
    assert [result["success"] for result in results] == [False, True]
    assert results[0]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    job = sync.ingest(f"Id,Phone\n{held},9\n{free},9\n")
    assert job["numberRecordsFailed"] == 1
    sandbox.configure("salesforce", "lock", ids=[])
    assert sync.update({"id": held, "Phone": "9"}).json()[0]["success"]
    with pytest.raises(ControlError):
        sandbox.configure("salesforce", "lock", ids=["no id"])


def test_duplicates_are_blocked_or_alerted(sandbox: Sandbox, sync: Client) -> None:
    one, other = sync.ids(2)
    name = next(row["Name"] for row in sandbox.dump("salesforce", "Account") if row["Id"] == other)

    def rename(**headers: str) -> str | None:
        body = {"records": [{"attributes": {"type": "Account"}, "id": one, "Name": name}]}
        result = sync.send("PATCH", "/composite/sobjects", json=body, headers=headers).json()[0]
        return None if result["success"] else str(result["errors"][0]["statusCode"])

    save = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    sandbox.configure("salesforce", "duplicate_rule", field="Name", action="alert")
    assert rename() == "DUPLICATES_DETECTED"
    assert sync.update({"id": one, "Phone": "1"}).json()[0]["success"], "the rule's field is not touched"
    assert rename(**save) is None
    sandbox.configure("salesforce", "duplicate_rule", field="Name", action="block", always=True)
    assert rename(**save) == "DUPLICATES_DETECTED"
    assert not sync.update({"id": one, "Phone": "1"}).json()[0]["success"]
    job = sync.ingest(f"Id,Phone\n{one},1\n")
    assert "DUPLICATES_DETECTED" in sync.results(job["id"], "failedResults")[0]["sf__Error"]
    with pytest.raises(ControlError):
        sandbox.configure("salesforce", "duplicate_rule", field="Nope")


def test_headers_that_matter_are_in_the_request_log(sandbox: Sandbox, sync: Client) -> None:
    target = sync.ids(1)[0]
    sandbox.clear_requests()
    body = {"records": [{"attributes": {"type": "Account"}, "id": target, "Phone": "1"}]}
    sync.send("PATCH", "/composite/sobjects", json=body, headers={"Sforce-Auto-Assign": "false"})
    logged = sandbox.requests(listing=True)["requests"][0]
    assert logged["headers"]["sforce-auto-assign"] == "false"
    assert logged["phase"] == "write_batch"


def test_every_accepted_write_moves_the_stamps_even_with_the_same_values(
    sandbox: Sandbox, sync: Client
) -> None:
    def stamps(record_id: str) -> tuple[str, str]:
        found = next(row for row in sandbox.dump("salesforce", "Account") if row["Id"] == record_id)
        return found["LastModifiedDate"], found["SystemModstamp"]

    target = sync.ids(1)[0]
    sync.update({"id": target, "Phone": "same"})
    before = stamps(target)
    time.sleep(1.1)
    sync.ingest(f"Id,Phone\n{target},same\n")
    assert stamps(target) > before
    assert stamps(target)[0] == stamps(target)[1]
