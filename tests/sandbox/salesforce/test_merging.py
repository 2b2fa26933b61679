"""Merged and deleted accounts, as queryAll shows them."""

import pytest

from adapters.sandbox import Sandbox
from adapters.sandbox.side import ControlError
from tests.sandbox.salesforce.client import Client


def test_a_merge_moves_children_and_names_the_survivor(sandbox: Sandbox, sync: Client) -> None:
    owners = sync.records("SELECT AccountId FROM Opportunity WHERE AccountId != null LIMIT 500")
    loser = owners[0]["AccountId"]
    master = next(each["AccountId"] for each in owners if each["AccountId"] != loser)
    moved = {each["Id"] for each in sync.records(f"SELECT Id FROM Opportunity WHERE AccountId = '{loser}'")}
    sandbox.configure("salesforce", "merge", master=master, losers=[loser])

    assert not sync.records(f"SELECT Id FROM Account WHERE Id = '{loser}'")
    soql = f"SELECT Id, IsDeleted, MasterRecordId FROM Account WHERE Id IN ('{loser}', '{master}') ORDER BY IsDeleted"
    kept, gone = sync.records(soql, "/queryAll")
    assert (kept["IsDeleted"], kept["MasterRecordId"]) == (False, None)
    assert (gone["IsDeleted"], gone["MasterRecordId"]) == (True, master)
    now = {each["Id"] for each in sync.records(f"SELECT Id FROM Opportunity WHERE AccountId = '{master}'")}
    assert moved <= now
    job = sync.bulk_query("SELECT Id, MasterRecordId FROM Account WHERE MasterRecordId != null", "queryAll")
    assert {"Id": loser, "MasterRecordId": master} in [
        row for page, _ in sync.pages(job, 100) for row in page
    ]
    assert (
        sync.update({"id": loser, "Phone": "1"}).json()[0]["errors"][0]["statusCode"] == "ENTITY_IS_DELETED"
    )


def test_merges_of_what_is_not_there_are_refused(sandbox: Sandbox, sync: Client) -> None:
    one, *others = sync.ids(4)
    for losers in ([], others, ["001000000000000AAA"]):
        with pytest.raises(ControlError):
            sandbox.configure("salesforce", "merge", master=one, losers=losers)
