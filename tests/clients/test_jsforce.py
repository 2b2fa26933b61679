"""jsforce, the JavaScript client beneath Salesforce's own command line, finds a Salesforce org in the sandbox."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from adapters.sandbox import Sandbox
from tests.clients.node import script
from tests.sandbox.salesforce.client import Client
from tests.sandbox.salesforce.keys import certificate, private_key

SYNC = "sync@sandbox.example"
CLIENT = {"clientId": "sandbox-sync", "clientSecret": "sandbox-secret"}


class Jsforce:
    """Runs one step of ``jsforce.mjs`` as the integration user."""

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        self.sandbox = sandbox
        self.home = home
        self.client = Client.login(sandbox.url, "sandbox-sync", "sandbox-secret")

    def __call__(self, step: str, **given: object) -> Any:
        asked = {"step": step, "url": self.sandbox.url, "token": self.client.token, **given}
        return script("jsforce.mjs", asked, self.home)


@pytest.fixture
def jsforce(salesforce: Sandbox, tmp_path: Path) -> Jsforce:
    salesforce.configure("salesforce", "jobs", prompt=True)
    return Jsforce(salesforce, tmp_path)


def stored(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    return {row["Id"]: row for row in sandbox.dump("salesforce", "Account") if not row["IsDeleted"]}


def test_it_logs_in_by_every_flow(salesforce: Sandbox, jsforce: Jsforce) -> None:
    secret = "sandbox-passwordsandbox-token"
    answers = [jsforce("soap", username=SYNC, password=secret)]
    key = private_key()
    salesforce.configure("salesforce", "app", client_id="jsforce", certificate=certificate(key))
    claims = {"iss": "jsforce", "sub": SYNC, "aud": salesforce.url, "exp": int(time.time()) + 120}
    assertion = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": jwt.encode(claims, key, algorithm="RS256"),
    }
    answers.append(jsforce("oauth", client=CLIENT, grant={"grant_type": "client_credentials"}))
    answers.append(jsforce("oauth", client=CLIENT, grant=assertion))
    for answer in answers:
        assert answer["identity"]["username"] == SYNC
        assert answer["instance"] == salesforce.url


def test_it_renews_an_expired_token(jsforce: Jsforce) -> None:
    answer = jsforce("refresh", client=CLIENT, refresh="sandbox-sync-refresh")
    assert answer == {"total": 1, "renewed": True}


def test_it_pages_through_every_account_once(salesforce: Sandbox, jsforce: Jsforce) -> None:
    answer = jsforce("query", soql="SELECT Id, Name, RecordType.DeveloperName FROM Account")
    ids = [record["Id"] for record in answer["records"]]
    assert len(ids) > 2_000, "more than one page"
    assert len(ids) == len(set(ids)) == answer["total"]
    assert ids == list(stored(salesforce))


def test_it_sees_deleted_and_merged_accounts(salesforce: Sandbox, jsforce: Jsforce) -> None:
    master, loser, *_ = jsforce.client.ids(2)
    salesforce.configure("salesforce", "merge", master=master, losers=[loser])
    soql = "SELECT Id, IsDeleted, MasterRecordId FROM Account WHERE IsDeleted = true"
    found = {record["Id"]: record["MasterRecordId"] for record in jsforce("queryAll", soql=soql)}
    assert found[loser] == master
    in_bulk = jsforce("bulkQuery", soql=soql, everything=True)
    assert {record["Id"]: record["MasterRecordId"] or None for record in in_bulk} == found
    now = salesforce.world.now()
    span = {
        "start": (now - timedelta(minutes=5)).isoformat(),
        "end": (now + timedelta(minutes=2)).isoformat(),
    }
    changes = jsforce("replication", object="Account", **span)
    assert loser in {each["id"] for each in changes["deleted"]["deletedRecords"]}
    assert master in changes["updated"]["ids"]


def test_it_describes_objects(jsforce: Jsforce) -> None:
    answer = jsforce("describe", object="Account", version="60.0")
    assert answer["fields"] == jsforce.client.get("/sobjects/Account/describe").json()["fields"]
    assert {"Account", "Opportunity", "User"} <= set(answer["all"])


def test_it_updates_and_retrieves_many_in_one_call(salesforce: Sandbox, jsforce: Jsforce) -> None:
    ids = jsforce.client.ids(450)
    salesforce.clear_requests()
    records = [{"Id": record_id, "Phone": f"j{number}"} for number, record_id in enumerate(ids)]
    answer = jsforce(
        "collections", object="Account", records=[*records, {"Id": ids[0][:-3] + "xyz", "Phone": "1"}]
    )
    assert [result["success"] for result in answer["updated"]] == [True] * 450 + [False]
    assert [record and record["Phone"] for record in answer["read"]][:450] == [
        row["Phone"] for row in records
    ]
    writes = [entry for entry in salesforce.requests()["counts"] if entry["writes"]]
    assert [(entry["method"], entry["count"]) for entry in writes] == [("PATCH", 3)], "200 records a call"


def test_it_reads_and_writes_in_bulk(salesforce: Sandbox, jsforce: Jsforce) -> None:
    # One page: jsforce 3.10 writes a second one into a stream that it has ended.
    found = jsforce("bulkQuery", soql="SELECT Id, Name FROM Account")
    assert {record["Id"]: record["Name"] for record in found} == {
        record_id: row["Name"] for record_id, row in stored(salesforce).items()
    }
    ids = [record["Id"] for record in found][:1_100]
    rows = [{"Id": record_id, "Description": f'bulk,\n"{record_id}"'} for record_id in ids]
    answer = jsforce(
        "bulkUpdate", object="Account", records=[*rows, {"Id": "001000000000000AAA", "Description": "x"}]
    )
    assert len(answer["successfulResults"]) == len(ids)
    assert [row["sf__Error"].split(":")[0] for row in answer["failedResults"]] == [
        "INVALID_CROSS_REFERENCE_KEY"
    ]
    assert not answer["unprocessedRecords"]
    now = stored(salesforce)
    assert all(now[row["Id"]]["Description"] == row["Description"] for row in rows)
    again = jsforce("bulkUpdate", object="Account", operation="upsert", key="Id", records=rows[:3])
    assert {row["sf__Created"] for row in again["successfulResults"]} == {"false"}


def test_it_sends_composite_requests(jsforce: Jsforce) -> None:
    data = "/services/data/v64.0"
    calls = [
        {"method": "GET", "url": f"{data}/query?q=SELECT+Id+FROM+Account+LIMIT+1", "referenceId": "one"},
        {"method": "GET", "url": f"{data}/sobjects/Account/@{{one.records[0].Id}}", "referenceId": "two"},
    ]
    answer = jsforce("composite", body={"compositeRequest": calls})["compositeResponse"]
    assert answer[1]["body"]["Id"] == answer[0]["body"]["records"][0]["Id"]


def test_it_understands_errors(jsforce: Jsforce) -> None:
    unknown = jsforce("error", soql="SELECT Nope FROM Account")
    assert unknown["code"] == "INVALID_FIELD"
    assert "No such column 'Nope'" in unknown["message"]
    assert jsforce("error", soql="SELECT Id FRM Account")["code"] == "MALFORMED_QUERY"
