"""Bulk API 2.0 against the sandbox: a fault at every step of a job's life."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
import requests
import responses

from adapters.salesforce import SalesforceCrm
from adapters.sandbox import Sandbox
from connector.crm import ID, SEND, PullRequest
from connector.errors import CrmRequestError, CrmTemporaryError
from tests.contract.fake import Jobs
from tests.unit.adapters.salesforce.conftest import DATA, HOST, QUICK, TOKEN, Opener, connection

FAULTS = ("unavailable", "drop_before", "drop_after", "drop_during", "malformed_body", "expired_token")
INDUSTRY = pa.schema([(ID, pa.string()), ("Industry", pa.string()), (SEND + "Industry", pa.bool_())])


def ids(sandbox: Sandbox) -> list[str]:
    return [row["Id"] for row in sandbox.dump("salesforce", "Account") if not row["IsDeleted"]]


def industries(sandbox: Sandbox) -> dict[str, str | None]:
    return {row["Id"]: row["Industry"] for row in sandbox.dump("salesforce", "Account")}


def changes(keys: list[str], value: str | None) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {ID: keys, "Industry": [value] * len(keys), SEND + "Industry": [True] * len(keys)}, schema=INDUSTRY
    )


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


@pytest.mark.parametrize("step", range(4))
@pytest.mark.parametrize("fault", FAULTS)
def test_a_write_survives_a_fault_at_any_step(
    sandbox: Sandbox, opened: Opener, fault: str, step: int
) -> None:
    crm = opened(load_method="bulk")
    keys = ids(sandbox)[:10]
    made = sandbox.fault(fault, path="jobs/ingest", after=step, times=1, seconds=0)
    value = "Banking" if step % 2 else "Energy"
    (result,) = crm.write([changes(keys, value)], len(keys), Jobs())
    assert made.hits == 1
    assert result.column("outcome").to_pylist() == ["written"] * 10
    found = industries(sandbox)
    assert {found[key] for key in keys} == {value}


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


JOB = {"id": "750A", "state": "InProgress"}
CASE = {"fields": [{"name": "Id", "type": "id"}, {"name": "AccountId", "type": "reference"}]}
CASES = PullRequest("cases", ())


def of_bulk(method: str = "bulk") -> SalesforceCrm:
    given = connection(auth="access_token", instance_url=HOST, access_token=TOKEN, load_method=method)
    return SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK)


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


def test_records_that_the_job_did_not_come_to_go_again(answers: responses.RequestsMock) -> None:
    answers.post(f"{DATA}/jobs/ingest", json={"id": "750A", "state": "Open"})
    answers.put(f"{DATA}/jobs/ingest/750A/batches", status=201)
    answers.patch(f"{DATA}/jobs/ingest/750A", json=JOB)
    ended = {"id": "750A", "state": "JobComplete", "numberRecordsProcessed": 1, "numberRecordsFailed": 0}
    answers.get(f"{DATA}/jobs/ingest/750A", json=ended)
    answers.get(f"{DATA}/jobs/ingest/750A/unprocessedrecords/", body='"Id","Industry"\n"001B","Energy"\n')
    answers.patch(f"{DATA}/composite/sobjects", json=[{"id": "001B", "success": True, "errors": []}])
    (result,) = of_bulk().write([changes(["001A", "001B"], "Energy")], 2, Jobs())
    assert result.column("outcome").to_pylist() == ["written", "written"]


def test_an_upload_that_was_received_twice_gets_a_new_job(answers: responses.RequestsMock) -> None:
    refusal = [{"errorCode": "INVALIDJOBSTATE", "message": "The job has its data already"}]
    answers.post(f"{DATA}/jobs/ingest", json={"id": "750A", "state": "Open"})
    answers.put(f"{DATA}/jobs/ingest/750A/batches", body=requests.ConnectionError("Connection aborted."))
    answers.put(f"{DATA}/jobs/ingest/750A/batches", json=refusal, status=400)
    answers.patch(f"{DATA}/jobs/ingest/750A", json=refusal, status=400)
    answers.post(f"{DATA}/jobs/ingest", json={"id": "750B", "state": "Open"})
    answers.put(f"{DATA}/jobs/ingest/750B/batches", status=201)
    answers.patch(f"{DATA}/jobs/ingest/750B", json=JOB)
    ended = {"id": "750B", "state": "JobComplete", "numberRecordsProcessed": 1, "numberRecordsFailed": 0}
    answers.get(f"{DATA}/jobs/ingest/750B", json=ended)
    (result,) = of_bulk().write([changes(["001A"], "Energy")], 1, Jobs())
    assert result.column("outcome").to_pylist() == ["written"]


def test_a_file_that_is_too_large_becomes_several_jobs(sandbox: Sandbox, opened: Opener) -> None:
    crm = opened(load_method="bulk")
    writer = replace(crm._writer, upload_bytes=200)
    keys = ids(sandbox)[:30]
    (result,) = writer.write([changes(keys, "Utilities")], 30)
    assert result.column("outcome").to_pylist() == ["written"] * 30
    assert crm.usage().calls["POST jobs/ingest"] > 3
    assert {industries(sandbox)[key] for key in keys} == {"Utilities"}
