"""Reading in bulk: against the sandbox with a fault at every step, and Salesforce's rarer answers."""

from __future__ import annotations

import gzip
from itertools import accumulate, islice
from pathlib import Path

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


def listed(numbers: range, following: str | None) -> dict[str, object]:
    pages = [{"resultUrl": f"/services/data/v64.0/jobs/query/750A/results?locator=L{n}"} for n in numbers]
    return {"resultPages": pages, "nextRecordsUrl": following, "done": following is None}


def test_pages_of_a_large_result_are_listed_and_downloaded_several_at_a_time(
    answers: responses.RequestsMock, tmp_path: Path
) -> None:
    answers.get(f"{DATA}/sobjects/Case/describe", json=CASE)
    answers.post(f"{DATA}/jobs/query", json=JOB)
    answers.get(f"{DATA}/jobs/query/750A", json={**JOB, "state": "JobComplete", "numberRecordsProcessed": 7})
    more = "/services/data/v64.0/jobs/query/750A/resultPages?locator=M"
    answers.get(
        f"{DATA}/jobs/query/750A/resultPages",
        json=listed(range(5), more),
        match=[responses.matchers.query_param_matcher({})],
    )
    answers.get(
        f"{DATA}/jobs/query/750A/resultPages",
        json=listed(range(5, 7), None),
        match=[responses.matchers.query_param_matcher({"locator": "M"})],
    )
    for number in range(7):
        answers.get(
            f"{DATA}/jobs/query/750A/results",
            body=gzip.compress(f'"Id","AccountId"\n"500{number}",""\n'.encode()),
            headers={
                "Sforce-NumberOfRecords": "1",
                "Sforce-Locator": "null" if number == 6 else f"L{number + 1}",
                "Content-Encoding": "gzip",
            },
            match=[responses.matchers.query_param_matcher({"locator": f"L{number}"})],
        )
    crm = of_bulk(page_rows=1)
    pulled = crm.pull(CASES, tmp_path)
    assert pl.read_parquet(list(pulled.paths))[ID].to_list() == [f"500{number}" for number in range(7)]
    assert crm.usage().calls["GET jobs/query/750A/resultPages"] == 2


@pytest.mark.parametrize(("version", "status"), [("57.0", None), ("64.0", 404), ("64.0", 409)])
def test_pages_are_read_in_turn_where_they_cannot_be_listed(
    answers: responses.RequestsMock, tmp_path: Path, version: str, status: int | None
) -> None:
    data = f"{HOST}/services/data/v{version}"
    answers.get(f"{data}/sobjects/Case/describe", json=CASE)
    answers.post(f"{data}/jobs/query", json=JOB)
    answers.get(f"{data}/jobs/query/750A", json={**JOB, "state": "JobComplete", "numberRecordsProcessed": 5})
    if status is not None:
        refusal = [{"errorCode": "NOT_FOUND", "message": "no"}]
        answers.get(f"{data}/jobs/query/750A/resultPages", json=refusal, status=status)
    for number in range(5):
        following = "null" if number == 4 else f"L{number + 1}"
        wanted = {"maxRecords": "1", **({"locator": f"L{number}"} if number else {})}
        answers.get(
            f"{data}/jobs/query/750A/results",
            body=f'"Id","AccountId"\n"500{number}",""\n',
            headers={"Sforce-Locator": following, "Sforce-NumberOfRecords": "1"},
            match=[responses.matchers.query_param_matcher(wanted)],
        )
    assert of_bulk(page_rows=1, api_version=version).pull(CASES, tmp_path).rows == 5


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
