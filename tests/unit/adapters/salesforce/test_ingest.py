"""Writing in bulk: against the sandbox with a fault at every step, and Salesforce's rarer answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
import requests
import responses

from adapters.salesforce import SalesforceCrm
from adapters.sandbox import Sandbox
from connector.crm import ID, SEND, PullRequest
from connector.errors import CrmRequestError
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
