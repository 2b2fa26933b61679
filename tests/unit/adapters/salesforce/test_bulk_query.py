"""Reading in bulk: against the sandbox with a fault at every step, and Salesforce's rarer answers."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate, islice
from pathlib import Path
from threading import Barrier, Thread
from typing import ClassVar

import polars as pl
import pytest
import responses

from adapters.salesforce import SalesforceCrm, bulk_query
from adapters.salesforce.jobs import pauses
from adapters.sandbox import Sandbox
from connector.crm import ID, PullRequest
from connector.errors import CrmRequestError, CrmTemporaryError
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
CASE = {"fields": [{"name": "Id", "type": "id"}, {"name": "AccountId", "type": "reference"}]}
CASES = PullRequest("cases", ())


def ids(sandbox: Sandbox) -> list[str]:
    return [row["Id"] for row in sandbox.dump("salesforce", "Account") if not row["IsDeleted"]]


def of_bulk(page_rows: int = bulk_query.PAGE, **settings: object) -> SalesforceCrm:
    given = connection(
        auth="access_token", instance_url=HOST, access_token=TOKEN, load_method="bulk", **settings
    )
    return SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK, page_rows=page_rows)


@pytest.mark.parametrize("step", range(5))
@pytest.mark.parametrize("fault", FAULTS)
def test_a_read_survives_a_fault_at_any_step(
    sandbox: Sandbox, opened: Opener, tmp_path: Path, fault: str, step: int
) -> None:
    crm = opened(load_method="bulk")
    made = sandbox.fault(fault, path="jobs/query", after=step, times=1, seconds=0)
    pulled = crm.pull(PullRequest("accounts", ("Name",)), tmp_path)
    assert made.hits == 1
    assert len(pulled.paths) == 3  # 120 accounts in pages of 50
    assert sorted(pl.read_parquet(list(pulled.paths))[ID]) == sorted(ids(sandbox))


def test_a_page_shorter_than_announced_is_read_again(
    sandbox: Sandbox, opened: Opener, tmp_path: Path
) -> None:
    made = sandbox.fault("short_page", times=2)
    pulled = opened(load_method="bulk").pull(PullRequest("accounts", ()), tmp_path)
    assert made.hits == 2
    assert pulled.rows == len(ids(sandbox))


def test_pages_that_stay_short_are_no_result(sandbox: Sandbox, opened: Opener, tmp_path: Path) -> None:
    sandbox.fault("short_page")
    with pytest.raises(CrmTemporaryError, match="announces"):
        opened(load_method="bulk").pull(PullRequest("accounts", ()), tmp_path)


def test_a_result_with_fewer_records_than_the_job_processed(
    answers: responses.RequestsMock, tmp_path: Path
) -> None:
    answers.get(f"{DATA}/sobjects/Case/describe", json=CASE)
    answers.post(f"{DATA}/jobs/query", json=JOB)
    answers.get(f"{DATA}/jobs/query/750A", json={**JOB, "state": "JobComplete", "numberRecordsProcessed": 2})
    answers.get(
        f"{DATA}/jobs/query/750A/results",
        body='"Id","AccountId"\n"500A",""\n',
        headers={"Sforce-Locator": "null"},
    )
    with pytest.raises(CrmTemporaryError, match="announced 2 records and gave 1"):
        of_bulk().pull(CASES, tmp_path)


def test_an_object_that_cannot_be_read_in_bulk_is_read_by_rest(
    answers: responses.RequestsMock, tmp_path: Path
) -> None:
    answers.get(f"{DATA}/sobjects/Case/describe", json=CASE)
    error = [{"errorCode": "INVALIDENTITY", "message": "Entity 'Case' is not supported by the Bulk API."}]
    answers.post(f"{DATA}/jobs/query", json=error, status=400)
    answers.get(
        f"{DATA}/query/", json={"totalSize": 1, "done": True, "records": [{"Id": "500A", "AccountId": None}]}
    )
    assert of_bulk().pull(CASES, tmp_path).rows == 1


def test_a_compound_field_is_read_by_rest(answers: responses.RequestsMock, tmp_path: Path) -> None:
    fields = [*CASE["fields"], {"name": "Place", "type": "address", "label": "Place"}]
    answers.get(f"{DATA}/sobjects/Case/describe", json={"fields": fields})
    record = {"Id": "500A", "AccountId": None, "Place": {"city": "Wien", "street": None}}
    answers.get(f"{DATA}/query/", json={"totalSize": 1, "done": True, "records": [record]})
    pulled = of_bulk().pull(PullRequest("cases", ("Place",)), tmp_path)
    assert pl.read_parquet(list(pulled.paths))["Place"].to_list() == ['{"city":"Wien","street":null}']


def test_a_failed_query_job_is_explained(answers: responses.RequestsMock, tmp_path: Path) -> None:
    answers.get(f"{DATA}/sobjects/Case/describe", json=CASE)
    answers.post(f"{DATA}/jobs/query", json=JOB)
    answers.get(
        f"{DATA}/jobs/query/750A",
        json={**JOB, "state": "Failed", "errorMessage": "QUERY_TOO_COMPLICATED: too long"},
    )
    with pytest.raises(CrmRequestError, match=r"750A ended as Failed.*QUERY_TOO_COMPLICATED: too long"):
        of_bulk().pull(CASES, tmp_path)


class Pages(BaseHTTPRequestHandler):
    """A result of five pages of one record each, whose records come when all four before the last have begun."""

    protocol_version = "HTTP/1.1"
    begun = Barrier(4)
    short: ClassVar[set[str]] = set()
    asked: ClassVar[list[str]] = []

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def _json(self, body: object) -> None:
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._json(JOB)

    def do_GET(self) -> None:
        if self.path.endswith("/describe"):
            self._json(CASE)
        elif self.path.endswith("/750A"):
            self._json({**JOB, "state": "JobComplete", "numberRecordsProcessed": 5})
        else:
            self._page(int(self.path.partition("locator=")[2] or 0))

    def _page(self, number: int) -> None:
        self.asked.append(str(number))
        row = f'"500{number}",""\n'.encode()
        body = gzip.compress(b'"Id","AccountId"\n' + (b"" if str(number) in self.short else row))
        self.short.discard(str(number))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Sforce-NumberOfRecords", "1")
        self.send_header("Sforce-Locator", "null" if number == 4 else str(number + 1))
        self.end_headers()
        self.wfile.flush()
        if number < 4 and self.asked.count(str(number)) == 1:
            self.begun.wait(10)  # breaks unless four pages are under way at once
        self.wfile.write(body)


@pytest.fixture
def paged() -> Iterator[str]:
    Pages.begun.reset()
    Pages.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def of_pages(url: str) -> SalesforceCrm:
    given = connection(auth="access_token", instance_url=url, access_token=TOKEN, load_method="bulk")
    return SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK, page_rows=1)


def test_pages_are_downloaded_side_by_side_as_soon_as_they_are_named(paged: str, tmp_path: Path) -> None:
    pulled = of_pages(paged).pull(CASES, tmp_path)
    assert pl.read_parquet(list(pulled.paths))[ID].to_list() == [f"500{number}" for number in range(5)]
    assert Pages.asked == [str(number) for number in range(5)]
    assert not list(tmp_path.glob("*.csv"))


def test_a_short_page_among_others_is_downloaded_again(paged: str, tmp_path: Path) -> None:
    Pages.short.add("2")
    pulled = of_pages(paged).pull(CASES, tmp_path)
    assert pl.read_parquet(list(pulled.paths))[ID].to_list() == [f"500{number}" for number in range(5)]
    assert Pages.asked.count("2") == 2


def test_a_page_that_cannot_be_had_ends_the_read(answers: responses.RequestsMock, tmp_path: Path) -> None:
    answers.get(f"{DATA}/sobjects/Case/describe", json=CASE)
    answers.post(f"{DATA}/jobs/query", json=JOB)
    answers.get(f"{DATA}/jobs/query/750A", json={**JOB, "state": "JobComplete", "numberRecordsProcessed": 2})
    results = f"{DATA}/jobs/query/750A/results"
    first = [responses.matchers.query_param_matcher({"maxRecords": "1"})]
    headers = {"Sforce-Locator": "L1", "Sforce-NumberOfRecords": "1"}
    answers.get(results, body='"Id","AccountId"\n"5000",""\n', headers=headers, match=first)
    second = [responses.matchers.query_param_matcher({"maxRecords": "1", "locator": "L1"})]
    answers.get(
        results, json=[{"errorCode": "INVALID_QUERY_LOCATOR", "message": "no"}], status=400, match=second
    )
    with pytest.raises(CrmRequestError, match="INVALID_QUERY_LOCATOR"):
        of_bulk(page_rows=1).pull(CASES, tmp_path)


def test_a_page_without_a_column_is_no_result(answers: responses.RequestsMock, tmp_path: Path) -> None:
    answers.get(f"{DATA}/sobjects/Case/describe", json=CASE)
    answers.post(f"{DATA}/jobs/query", json=JOB)
    answers.get(f"{DATA}/jobs/query/750A", json={**JOB, "state": "JobComplete", "numberRecordsProcessed": 1})
    answers.get(f"{DATA}/jobs/query/750A/results", body='"Id"\n"500A"\n', headers={"Sforce-Locator": "null"})
    with pytest.raises(CrmTemporaryError, match="without the columns AccountId"):
        of_bulk().pull(CASES, tmp_path)


def test_a_job_that_salesforce_could_not_run_is_asked_for_once_more(
    sandbox: Sandbox, opened: Opener, tmp_path: Path
) -> None:
    fault = sandbox.fault("failed_job", times=1)
    crm = opened(load_method="bulk")
    pulled = crm.pull(PullRequest("accounts", ("Name",)), tmp_path)
    assert fault.hits == 1
    assert pulled.rows == len(ids(sandbox))
    assert crm.usage().calls["POST jobs/query"] == 2


def test_jobs_that_keep_failing_are_temporary(sandbox: Sandbox, opened: Opener, tmp_path: Path) -> None:
    sandbox.fault("failed_job")
    with pytest.raises(CrmTemporaryError, match="InternalServerError"):
        opened(load_method="bulk").pull(PullRequest("accounts", ("Name",)), tmp_path)


def test_a_job_that_nobody_waits_for_is_given_up(answers: responses.RequestsMock, tmp_path: Path) -> None:
    answers.get(f"{DATA}/sobjects/Case/describe", json=CASE)
    answers.post(f"{DATA}/jobs/query", json=JOB)
    answers.get(f"{DATA}/jobs/query/750A", body="<h1>busy</h1>", status=503)
    answers.patch(f"{DATA}/jobs/query/750A", json={**JOB, "state": "Aborted"})
    with pytest.raises(CrmTemporaryError, match="tried 3 times"):
        of_bulk().pull(CASES, tmp_path)


def test_a_used_up_day_of_jobs_is_temporary_at_once(answers: responses.RequestsMock, tmp_path: Path) -> None:
    answers.get(f"{DATA}/sobjects/Case/describe", json=CASE)
    answers.post(f"{DATA}/jobs/query", json=JOB)
    words = "ExceededQuota : ApiBatchItems Limit exceeded."
    answers.get(f"{DATA}/jobs/query/750A", json={**JOB, "state": "Failed", "errorMessage": words})
    with pytest.raises(CrmTemporaryError, match="ApiBatchItems Limit exceeded"):
        of_bulk().pull(CASES, tmp_path)


@pytest.mark.parametrize("rows", [None, 10, 30_000, 1_000_000, 50_000_000])
@pytest.mark.parametrize("seconds", [1, 5, 20, 60, 600, 3_600])
def test_polls_are_few(rows: int | None, seconds: int) -> None:
    """One in five seconds of the job's time, and three more for jobs that are done soon."""
    times = list(accumulate(islice(pauses(rows), 1_000)))
    assert sum(at <= seconds for at in times) <= 3 + seconds / 5
    late = next(at for at in times if at >= seconds)
    assert late - seconds <= max(5, seconds / 5)
