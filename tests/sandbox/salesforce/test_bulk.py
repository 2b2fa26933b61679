import gzip
import json

import pytest

from adapters.sandbox import Sandbox
from tests.sandbox.salesforce.client import Client, rows


def test_query_pages_hold_every_row_once_with_the_header_on_each(sandbox: Sandbox, sync: Client) -> None:
    job = sync.bulk_query("SELECT Id, Name, IsPersonAccount, AnnualRevenue, Owner.Name FROM Account")
    pages = sync.pages(job, 70)
    found = [row for page, _ in pages for row in page]
    assert (
        [count for _, count in pages]
        == [len(page) for page, _ in pages]
        == [70, 70, 70, 70, len(found) - 280]
    )
    stored = {
        record["Id"]: record for record in sandbox.dump("salesforce", "Account") if not record["IsDeleted"]
    }
    assert [row["Id"] for row in found] == list(stored)
    assert {row["IsPersonAccount"] for row in found} == {"true", "false"}
    assert all(row["Name"] == stored[row["Id"]]["Name"] for row in found)
    assert all(row["Owner.Name"] for row in found)


def test_doubles_are_scientific_from_ten_million_on(sandbox: Sandbox, sync: Client) -> None:
    target = sync.ids(1)[0]
    for stored, shown in (
        (16147805824397.0, "1.6147805824397E13"),
        (10_000_000.0, "1.0E7"),
        (9_999_999.99, "9999999.99"),
        (0.0, "0.0"),
        (None, ""),
    ):
        sandbox.edit("salesforce", "Account", target, {"AnnualRevenue": stored})
        job = sync.bulk_query(f"SELECT AnnualRevenue FROM Account WHERE Id = '{target}'")
        assert sync.pages(job, 10)[0][0] == [{"AnnualRevenue": shown}]


def test_quotes_line_ends_and_commas_survive(sandbox: Sandbox, sync: Client) -> None:
    text = 'He said "no",\nthen\r\nleft; über 100 % 🙂'
    for number, target in enumerate(sync.ids(30)):
        sandbox.edit("salesforce", "Account", target, {"Description": f"{number} {text}"})
    job = sync.bulk_query("SELECT Id, Description FROM Account WHERE Description != null")
    found = [row for page, _ in sync.pages(job, 7) for row in page]
    assert len(found) == 30
    assert all(row["Description"].endswith(text) for row in found)


def test_an_empty_result_is_a_header(sync: Client) -> None:
    job = sync.bulk_query("SELECT Id FROM Account WHERE Name = 'nobody'")
    assert sync.pages(job, 10) == [([], 0)]


def test_results_wait_for_the_job_and_polls_move_it(sync: Client) -> None:
    body = {"operation": "query", "query": "SELECT Id FROM Account"}
    job = sync.send("POST", "/jobs/query", json=body).json()
    assert job["state"] == "UploadComplete"
    assert sync.get(f"/jobs/query/{job['id']}/results").status_code == 400
    assert sync.get(f"/jobs/query/{job['id']}").json()["state"] == "InProgress"
    assert sync.finished("query", job["id"])["numberRecordsProcessed"] > 0
    assert sync.send("DELETE", f"/jobs/query/{job['id']}").status_code == 204
    assert sync.get(f"/jobs/query/{job['id']}").status_code == 404


@pytest.mark.parametrize(
    ("soql", "words"),
    [
        ("SELECT BillingAddress FROM Account", "compound data not supported"),
        ("SELECT COUNT(Id) FROM Account", "not supported in Bulk V2 Query"),
        ("SELECT Nope FROM Account", "No such column 'Nope'"),
        ("SELECT Id FRM Account", "unexpected token"),
    ],
)
def test_bulk_queries_refuse_what_they_cannot_do(sync: Client, soql: str, words: str) -> None:
    answer = sync.send("POST", "/jobs/query", json={"operation": "query", "query": soql})
    assert answer.status_code == 400
    assert words in answer.json()[0]["message"]


def test_ingest_sorts_rows_into_successful_and_failed(sandbox: Sandbox, sync: Client) -> None:
    first, second, third = sync.ids(3)
    sync.update({"id": first, "KPM_Demand__c": "3", "Website": "kept.example"})
    job = sync.ingest(
        "Id,KPM_Demand__c,Website,KPM_Wallet__c\n"
        f"{first},#N/A,,\n"
        f"{second},5,new.example,1.5E7\n"
        f"{third},5,,plenty\n"
        "001000000000000AAA,5,,\n"
    )
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 4, 2)
    good = sync.results(job["id"], "successfulResults")
    assert [(row["sf__Id"], row["sf__Created"]) for row in good] == [(first, "false"), (second, "false")]
    bad = sync.results(job["id"], "failedResults")
    assert bad[0]["sf__Error"].startswith(
        "INVALID_TYPE_ON_FIELD_IN_RECORD:value not of required type: plenty"
    )
    assert (bad[0]["Id"], bad[0]["KPM_Wallet__c"]) == (third, "plenty")
    assert (bad[1]["sf__Id"], bad[1]["sf__Error"].split(":")[0]) == ("", "INVALID_CROSS_REFERENCE_KEY")
    assert sync.results(job["id"], "unprocessedrecords") == []
    stored = {record["Id"]: record for record in sandbox.dump("salesforce", "Account")}
    assert (stored[first]["KPM_Demand__c"], stored[first]["Website"]) == (None, "kept.example")
    assert (stored[second]["KPM_Wallet__c"], stored[second]["Website"]) == (15_000_000.0, "new.example")


@pytest.mark.parametrize(
    ("data", "job", "words"),
    [
        ("Id,Nope__c,Other__c\n{id},1,2\n", {}, "InvalidBatch : Field name not found : Nope__c"),
        ("KPM_Demand__c\n5\n", {}, "InvalidBatch : Field name not found : Id"),
        ("Id,KPM_Demand__c\n{id},5\n", {"lineEnding": "CRLF"}, "ClientInputError : LineEnding is invalid"),
        ('Id,Description\n{id},"two\r\nlines"\n', {}, "ClientInputError : LineEnding is invalid"),
        ("Id,KPM_Demand__c\r\n{id},5\r\n", {}, "ClientInputError : LineEnding is invalid"),
    ],
)
def test_a_file_that_does_not_fit_fails_the_job(
    sandbox: Sandbox, sync: Client, data: str, job: dict[str, str], words: str
) -> None:
    before = list(sandbox.dump("salesforce", "Account"))
    ended = sync.ingest(data.format(id=sync.ids(1)[0]), **job)
    assert ended["state"] == "Failed"
    assert words in ended["errorMessage"]
    assert list(sandbox.dump("salesforce", "Account")) == before


def test_crlf_semicolons_and_gzip_are_understood(sandbox: Sandbox, sync: Client) -> None:
    target = sync.ids(1)[0]
    assert sync.ingest(f"Id;Website\r\n{target};crlf\r\n", lineEnding="CRLF", columnDelimiter="SEMICOLON")[
        "state"
    ] == ("JobComplete")
    job = sync.open_job()
    zipped = gzip.compress(f"Id,Phone\n{target},123\n".encode())
    assert sync.upload(job, zipped, **{"Content-Encoding": "gzip"}).status_code == 201
    sync.send("PATCH", f"/jobs/ingest/{job}", json={"state": "UploadComplete"})
    assert sync.finished("ingest", job)["numberRecordsFailed"] == 0
    stored = next(record for record in sandbox.dump("salesforce", "Account") if record["Id"] == target)
    assert (stored["Website"], stored["Phone"]) == ("crlf", "123")


def test_multipart_brings_job_and_data_in_one_request(sync: Client) -> None:
    target = sync.ids(1)[0]
    description = json.dumps(
        {"object": "Account", "contentType": "CSV", "operation": "update", "lineEnding": "LF"}
    )
    parts = {
        "job": (None, description, "application/json"),
        "content": ("content", f"Id,Phone\n{target},456\n", "text/csv"),
    }
    answer = sync.send("POST", "/jobs/ingest", files=parts)
    assert (answer.status_code, answer.json()["state"]) == (200, "UploadComplete")
    assert sync.finished("ingest", answer.json()["id"])["numberRecordsProcessed"] == 1


def test_insert_creates_and_tells_the_ids(sync: Client) -> None:
    job = sync.ingest("Name,Type\nFresh GmbH,Prospect\n,Prospect\n", operation="insert")
    created = sync.results(job["id"], "successfulResults")
    assert [row["sf__Created"] for row in created] == ["true"]
    assert sync.get(f"/sobjects/Account/{created[0]['sf__Id']}").json()["Name"] == "Fresh GmbH"
    assert sync.results(job["id"], "failedResults")[0]["sf__Error"].startswith("REQUIRED_FIELD_MISSING")


def test_a_job_can_be_aborted_and_deleted_but_not_filled_twice(sync: Client) -> None:
    job = sync.open_job()
    assert sync.upload(job, "Id,Phone\n").status_code == 201
    assert sync.upload(job, "Id,Phone\n").status_code == 400
    assert sync.send("DELETE", f"/jobs/ingest/{job}").status_code == 400
    aborted = sync.send("PATCH", f"/jobs/ingest/{job}", json={"state": "Aborted"})
    assert aborted.json()["state"] == "Aborted"
    assert sync.upload(job, "Id,Phone\n").status_code == 400
    assert sync.send("DELETE", f"/jobs/ingest/{job}").status_code == 204


def test_a_job_that_stops_half_way_lists_what_it_left(sandbox: Sandbox, sync: Client) -> None:
    target = sync.ids(1)[0]
    lines = "".join(f"{target},{number}\n" for number in range(12_000))
    sandbox.fault("unprocessed", times=1)
    job = sync.ingest("Id,Phone\n" + lines)
    assert job["state"] == "Failed"
    left = sync.results(job["id"], "unprocessedrecords")
    sent = len(sync.results(job["id"], "successfulResults")) + len(sync.results(job["id"], "failedResults"))
    assert sent + len(left) == 12_000
    assert 0 < len(left) < 12_000


def test_row_locks_hit_single_rows(sandbox: Sandbox, sync: Client) -> None:
    ids = sync.ids(100)
    sandbox.fault("row_lock", rate=0.3, seed=4)
    job = sync.ingest("Id,Phone\n" + "".join(f"{record_id},1\n" for record_id in ids))
    failed = sync.results(job["id"], "failedResults")
    assert 15 < len(failed) < 45
    assert all(
        row["sf__Error"].startswith("UNABLE_TO_LOCK_ROW:unable to obtain exclusive access") for row in failed
    )


def test_a_short_page_announces_more_than_it_holds(sandbox: Sandbox, sync: Client) -> None:
    job = sync.bulk_query("SELECT Id FROM Account")
    sandbox.fault("short_page", times=1)
    answer = sync.get(f"/jobs/query/{job}/results", maxRecords=100)
    assert int(answer.headers["Sforce-NumberOfRecords"]) == 100
    assert len(rows(answer.text)) == 50


def test_stopping_under_a_running_job_is_quiet() -> None:
    sandbox = Sandbox(crms=("salesforce",), accounts=300)
    with sandbox:
        sync = Client.login(sandbox.url, "sandbox-sync", "sandbox-secret")
        job = sync.open_job()
        target = sync.ids(1)[0]
        sync.upload(job, "Id,Phone\n" + f"{target},1\n" * 50_000)
        sync.send("PATCH", f"/jobs/ingest/{job}", json={"state": "UploadComplete"})
        assert sync.get(f"/jobs/ingest/{job}").json()["state"] == "InProgress"
    with pytest.raises(RuntimeError, match="not started"):
        sandbox.requests()
