"""Collections, the quota, and what is tried again."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow as pa
import pytest
import responses

from adapters.salesforce import SalesforceCrm
from adapters.salesforce.records import COLLECTION
from adapters.salesforce.write import BULK_FROM
from adapters.sandbox import Sandbox
from connector.crm import ID, RESULT_SCHEMA, SEND, WAS
from connector.errors import CrmAuthError
from tests.contract.fake import Jobs
from tests.unit.adapters.salesforce.conftest import DATA, HOST, QUICK, TOKEN, Opener, connection
from tests.unit.adapters.salesforce.test_ingest import changes, ids, industries

URL = f"{DATA}/composite/sobjects"
LOCKED = {
    "success": False,
    "errors": [
        {"statusCode": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access", "fields": []}
    ],
}


def done(key: str) -> dict[str, object]:
    return {"id": key, "success": True, "errors": []}


def test_the_request_as_salesforce_wants_it(answers: responses.RequestsMock, crm: SalesforceCrm) -> None:
    answers.patch(URL, json=[done("001A"), done("001B")])
    schema = pa.schema(
        [
            (ID, pa.string()),
            ("X__c", pa.float64()),
            (SEND + "X__c", pa.bool_()),
            (WAS + "X__c", pa.float64()),
            ("F__c", pa.bool_()),
            (SEND + "F__c", pa.bool_()),
        ]
    )
    rows = {
        ID: ["001A", "001B"],
        "X__c": [5.0, None],
        SEND + "X__c": [True, True],
        WAS + "X__c": [1.0, 2.0],
        "F__c": [None, True],
        SEND + "F__c": [True, False],
    }
    (result,) = crm.write([pa.RecordBatch.from_pydict(rows, schema=schema)], 2, Jobs())
    assert result.schema == RESULT_SCHEMA
    request = answers.calls[0].request
    assert request.headers["Sforce-Auto-Assign"] == "false"
    kind = {"attributes": {"type": "Account"}}
    # A checkbox cannot be empty: cleared is false.
    assert json.loads(request.body or "") == {
        "allOrNone": False,
        "records": [{**kind, "id": "001A", "X__c": 5.0, "F__c": False}, {**kind, "id": "001B", "X__c": None}],
    }


def test_locked_rows_alone_go_again(answers: responses.RequestsMock, crm: SalesforceCrm) -> None:
    answers.patch(URL, json=[done("001A"), LOCKED, done("001C")])
    answers.patch(URL, json=[done("001B")])
    (result,) = crm.write([changes(["001A", "001B", "001C"], "x")], 3, Jobs())
    assert result.column("outcome").to_pylist() == ["written"] * 3
    assert [record["id"] for record in json.loads(answers.calls[1].request.body or "")["records"]] == ["001B"]


def test_a_row_that_stays_locked_is_rejected_in_salesforces_words(
    answers: responses.RequestsMock, crm: SalesforceCrm
) -> None:
    answers.patch(URL, json=[LOCKED])
    (result,) = crm.write([changes(["001A"], "x")], 1, Jobs())
    (row,) = result.to_pylist()
    assert (row["outcome"], row["code"]) == ("rejected", "UNABLE_TO_LOCK_ROW")
    assert row["message"] == "unable to obtain exclusive access"
    assert len(answers.calls) == 5


def test_a_field_that_may_not_be_edited_stops_the_run(
    answers: responses.RequestsMock, crm: SalesforceCrm
) -> None:
    error = {
        "statusCode": "INVALID_FIELD_FOR_INSERT_UPDATE",
        "message": "Unable to create/update fields: Industry.",
        "fields": ["Industry"],
    }
    answers.patch(URL, json=[{"success": False, "errors": [error]}])
    with pytest.raises(CrmAuthError, match=r"right to edit Industry.*kpm provision"):
        list(crm.write([changes(["001A"], "x")], 1, Jobs()))


def test_a_number_that_json_lacks_is_rejected_alone(
    answers: responses.RequestsMock, crm: SalesforceCrm
) -> None:
    answers.patch(URL, json=[done("001B")])
    schema = pa.schema([(ID, pa.string()), ("X__c", pa.float64()), (SEND + "X__c", pa.bool_())])
    rows = {ID: ["001A", "001B"], "X__c": [float("inf"), 1.0], SEND + "X__c": [True, True]}
    (result,) = crm.write([pa.RecordBatch.from_pydict(rows, schema=schema)], 2, Jobs())
    assert result.column("outcome").to_pylist() == ["rejected", "written"]


def test_the_way_of_writing_follows_the_number(opened: Opener) -> None:
    automatic = opened()
    assert automatic.batch_size(BULK_FROM) == COLLECTION
    assert automatic.batch_size(BULK_FROM + 1) > BULK_FROM
    assert opened(load_method="rest").batch_size(1_000_000) == COLLECTION
    assert opened(load_method="bulk").batch_size(1) > COLLECTION


@pytest.mark.parametrize("method", ["rest", "bulk"])
def test_the_share_of_the_quota_is_not_passed(sandbox: Sandbox, opened: Opener, method: str) -> None:
    crm = opened(load_method=method, quota_share=0.5)
    keys = ids(sandbox)[:2]
    sandbox.quota("salesforce", limit=1_000, used=480)
    crm.stages()  # tells how much is used
    before = industries(sandbox)
    batches = [changes([key], "Education") for key in keys for _ in range(40)]
    results = [batch.to_pylist()[0] for batch in crm.write(batches, 80, Jobs())]
    outcomes = [row["outcome"] for row in results]
    written = outcomes.count("written")
    assert written < 40
    assert set(outcomes[written:]) == {"deferred"}
    assert sandbox.quota("salesforce")["used"] <= 500
    assert industries(sandbox)[keys[1]] == before[keys[1]]


def test_a_used_up_day_defers_the_batch(sandbox: Sandbox, opened: Opener) -> None:
    crm = opened(load_method="rest")
    crm.stages()
    sandbox.quota("salesforce", limit=1_000, used=1_000)
    (result,) = crm.write([changes(ids(sandbox)[:1], "Education")], 1, Jobs())
    assert result.column("outcome").to_pylist() == ["deferred"]


RULES = {"totalSize": 1, "done": True, "records": [{"Id": "0Mj000000000001"}]}


def test_active_territory_rules_keep_every_change_out_of_bulk(answers: responses.RequestsMock) -> None:
    answers.get(f"{DATA}/query/", json=RULES)
    answers.patch(URL, json=[done("001A")])
    crm = bulk()
    assert crm.batch_size(1_000_000) == COLLECTION
    list(crm.write([changes(["001A"], "x")], 1_000_000, Jobs()))
    (asked,) = [call.request.params["q"] for call in answers.calls if "query" in call.request.url]  # type: ignore[attr-defined]
    assert "ObjectTerritory2AssignmentRule" in asked
    assert "Territory2Model.State = 'Active'" in asked


@pytest.mark.parametrize("code", ["INVALID_TYPE", "INSUFFICIENT_ACCESS"])
def test_an_org_without_territories_writes_in_bulk(answers: responses.RequestsMock, code: str) -> None:
    words = "sObject type 'ObjectTerritory2AssignmentRule' is not supported."
    answers.get(f"{DATA}/query/", json=[{"errorCode": code, "message": words}], status=400)
    assert bulk().batch_size(10) > COLLECTION


def test_the_time_that_a_job_takes_is_not_taken_from_the_rows_that_were_locked(
    sandbox: Sandbox, opened: Opener
) -> None:
    """A call may take a tenth of a second here; the job takes longer, and its locked rows go again all the same."""
    crm = opened(load_method="bulk", limits=replace(QUICK, seconds=0.1))
    sandbox.fault("stuck_job", times=2)
    made = sandbox.fault("row_lock", times=3)
    (result,) = crm.write([changes(ids(sandbox)[:10], "Media")], 10, Jobs())
    assert made.hits == 3
    assert result.column("outcome").to_pylist() == ["written"] * 10


def bulk() -> SalesforceCrm:
    given = connection(auth="access_token", instance_url=HOST, access_token=TOKEN, load_method="bulk")
    return SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK)
