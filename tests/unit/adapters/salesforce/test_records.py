"""Collections requests, above all those whose reply is lost: nothing is written twice."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import polars as pl
import pytest
import requests
import responses
from hypothesis import given
from hypothesis import strategies as st

from adapters.salesforce import SalesforceCrm
from adapters.salesforce.records import _holds
from adapters.sandbox import Sandbox
from connector.crm import ID
from connector.errors import CrmTemporaryError
from tests.contract.fake import Jobs
from tests.unit.adapters.salesforce.conftest import DATA, Opener
from tests.unit.adapters.salesforce.test_ingest import changes, ids, industries

URL = f"{DATA}/composite/sobjects"
DONE = {"success": True, "errors": []}
LOST: dict[str, dict[str, Any]] = {
    "a dropped connection": {"body": requests.ConnectionError("Connection aborted.")},
    "a time-out": {"body": requests.ReadTimeout("Read timed out.")},
    "a cut answer": {"body": '[{"id": "001A", "succ'},
    "an empty answer": {"body": ""},
    "answers for fewer records": {"json": [DONE]},
    "a gateway's page": {"body": "<html><body>Bad Gateway</body></html>", "status": 502},
}


def sent(call: responses.Call) -> list[str]:
    return [record["id"] for record in json.loads(call.request.body or "")["records"]]


@pytest.mark.parametrize("trouble", LOST)
def test_after_a_lost_reply_only_what_still_differs_goes_again(
    answers: responses.RequestsMock, crm: SalesforceCrm, trouble: str
) -> None:
    answers.patch(URL, **LOST[trouble])
    held = [{"Id": "001A", "Industry": "x"}, {"Id": "001B", "Industry": "old"}, None]
    answers.post(f"{URL}/Account", json=held)
    refused = {
        "success": False,
        "errors": [{"statusCode": "ENTITY_IS_DELETED", "message": "entity is deleted"}],
    }
    answers.patch(URL, json=[DONE, refused])
    (result,) = crm.write([changes(["001A", "001B", "001C"], "x")], 3, Jobs())
    assert result.column("outcome").to_pylist() == ["written", "written", "rejected"]
    first, read, second = answers.calls
    assert sent(first) == ["001A", "001B", "001C"]
    assert json.loads(read.request.body or "") == {
        "ids": ["001A", "001B", "001C"],
        "fields": ["Id", "Industry"],
    }
    assert sent(second) == ["001B", "001C"]


def test_a_refusal_that_did_nothing_needs_no_reading_back(
    answers: responses.RequestsMock, crm: SalesforceCrm
) -> None:
    busy = [
        {
            "errorCode": "REQUEST_LIMIT_EXCEEDED",
            "message": "ConcurrentRequests (Concurrent API) Limit exceeded.",
        }
    ]
    answers.patch(URL, json=busy, status=403)
    answers.patch(URL, json=[DONE])
    (result,) = crm.write([changes(["001A"], "x")], 1, Jobs())
    assert result.column("outcome").to_pylist() == ["written"]
    assert len(answers.calls) == 2


def test_when_everything_arrived_nothing_is_sent_again(
    answers: responses.RequestsMock, crm: SalesforceCrm
) -> None:
    answers.patch(URL, **LOST["a dropped connection"])
    answers.post(f"{URL}/Account", body="<h1>busy</h1>", status=503)
    answers.post(f"{URL}/Account", json=[{"Id": "001A", "Industry": "x"}])
    (result,) = crm.write([changes(["001A"], "x")], 1, Jobs())
    assert result.column("outcome").to_pylist() == ["written"]
    assert [call.request.method for call in answers.calls] == ["PATCH", "POST", "POST"]


def test_an_answer_that_stays_short_settles_nothing(
    answers: responses.RequestsMock, crm: SalesforceCrm
) -> None:
    answers.patch(URL, json=[DONE])
    answers.post(f"{URL}/Account", json=[{"Id": "001A", "Industry": "a"}, {"Id": "001B", "Industry": "b"}])
    with pytest.raises(CrmTemporaryError, match="1 of 2"):
        list(crm.write([changes(["001A", "001B"], "x")], 2, Jobs()))


@pytest.mark.parametrize("fault", ["drop_after", "drop_during", "malformed_body", "empty_body"])
def test_no_record_is_stamped_twice(sandbox: Sandbox, opened: Opener, fault: str) -> None:
    """What the lost request has written keeps its stamp; the rest is written once."""
    keys = ids(sandbox)[:30]
    crm = opened(load_method="rest")
    value = f"Kind {fault}"
    made = sandbox.fault(fault, phase="write_batch", times=1)
    (result,) = crm.write([changes(keys, value)], len(keys), Jobs())
    assert made.hits == 1
    assert result.column("outcome").to_pylist() == ["written"] * 30
    assert {industries(sandbox)[key] for key in keys} == {value}
    before = crm.usage().calls["PATCH composite/sobjects"]
    sandbox.fault(fault, phase="write_batch", times=1)
    list(crm.write([changes(keys, "Other")], len(keys), Jobs()))
    assert crm.usage().calls["PATCH composite/sobjects"] == before + 1


@given(
    st.one_of(
        st.floats(-1e15, 1e15),
        st.integers(-(10**12), 10**12).map(float),
        st.booleans(),
        st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20),
        st.none(),
    )
)
def test_a_value_holds_what_json_makes_of_it(value: object) -> None:
    stored = json.loads(json.dumps(value))
    if isinstance(stored, str):
        stored = stored.strip() or None
    assert _holds({"X__c": stored}, {"attributes": {}, "id": "1", "X__c": value})


@pytest.mark.parametrize(
    ("held", "value"), [(None, 0.0), (0, None), (False, None), (True, 1.0), ("1", 1.0), (None, "x"), (5, 6.0)]
)
def test_values_that_differ(held: object, value: object) -> None:
    assert not _holds({"X__c": held}, {"X__c": value})


def test_dates_are_compared_as_days() -> None:
    assert _holds({"X__c": "2026-02-28"}, {"X__c": date(2026, 2, 28)})
    assert not _holds({"X__c": "2026-02-27"}, {"X__c": date(2026, 2, 28)})


def test_results_bear_the_records_own_ids(answers: responses.RequestsMock, crm: SalesforceCrm) -> None:
    answers.patch(URL, json=[DONE, {"success": False, "errors": []}])
    (result,) = crm.write([changes(["001A", "001B"], "x")], 2, Jobs())
    frame = pl.from_arrow(result)
    assert isinstance(frame, pl.DataFrame)
    assert frame[ID].to_list() == ["001A", "001B"]
    assert frame["code"].to_list() == [None, "UNKNOWN"]
