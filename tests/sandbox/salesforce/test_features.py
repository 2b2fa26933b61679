"""What an org has or lacks: territories, person accounts, dated rates, limits; and what a user may do with a record."""

from collections.abc import Iterator
from typing import Any

import pytest

from adapters.sandbox import Sandbox
from adapters.sandbox.side import ControlError, Visibility
from tests.sandbox.salesforce.client import Client

RULES = (
    "SELECT Id FROM ObjectTerritory2AssignmentRule WHERE ObjectType = 'Account' AND IsActive = true "
    "AND Territory2Model.State = 'Active'"
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Of its own: territories cannot be switched off again."""
    with Sandbox(crms=("salesforce",), accounts=60, seed=3) as running:
        yield running


def placed(sandbox: Sandbox) -> dict[str, str]:
    return {row["ObjectId"]: row["Id"] for row in sandbox.dump("salesforce", "ObjectTerritory2Association")}


def test_territories_do_not_exist_until_they_are_enabled(sandbox: Sandbox, sync: Client) -> None:
    assert sync.refused(RULES)[1] == "INVALID_TYPE"
    sandbox.configure("salesforce", "territories", state="Planning")
    assert sync.records(RULES) == []
    sandbox.configure("salesforce", "territories", state="Active", rule=False)
    assert sync.records(RULES) == []
    sandbox.configure("salesforce", "territories", state="Active")
    assert len(sync.records(RULES)) == 1
    names = {row["Name"] for row in sync.records("SELECT Name FROM Territory2")}
    assert names == {"Near", "Far"}


def test_rules_run_on_every_write_that_does_not_refuse_them(sandbox: Sandbox, sync: Client) -> None:
    sandbox.configure("salesforce", "territories", state="Active")
    one, other, third = sync.ids(3)
    body = {"records": [{"attributes": {"type": "Account"}, "id": one, "Phone": "1"}]}
    sync.send("PATCH", "/composite/sobjects", json=body, headers={"Sforce-Auto-Assign": "false"})
    assert one not in placed(sandbox)
    sync.update({"id": one, "Phone": "2"})
    first = placed(sandbox)[one]
    sync.update({"id": one, "Phone": "3"})
    assert placed(sandbox)[one] != first, "placed anew"
    job = sync.ingest(f"Id,Phone\n{other},1\n")
    assert job["numberRecordsProcessed"] == 1
    assert other in placed(sandbox), "a bulk job cannot refuse"
    sandbox.configure("salesforce", "territories", state="Active", rule=False)
    sync.update({"id": third, "Phone": "1"})
    assert third not in placed(sandbox)


def test_an_org_without_person_accounts_has_no_such_fields(sandbox: Sandbox, sync: Client) -> None:
    soql = "SELECT Id FROM Account WHERE IsPersonAccount = false"
    assert sync.records(soql)
    sandbox.configure("salesforce", "org", person_accounts=False)
    assert sync.refused(soql)[1] == "INVALID_FIELD"
    assert sync.field("IsPersonAccount") is None
    assert sync.ingest(f"Id,PersonEmail\n{sync.records('SELECT Id FROM Account LIMIT 1')[0]['Id']},x\n")[
        "errorMessage"
    ]
    sandbox.configure("salesforce", "org", person_accounts=True)
    assert sync.records(soql)


def test_objects_can_be_missing_and_dated_rates_are_a_setting_of_their_own(
    sandbox: Sandbox, sync: Client
) -> None:
    sandbox.configure("salesforce", "org", missing=["Order"], dated_rates=False)
    assert sync.refused("SELECT Id FROM Order")[1] == "INVALID_TYPE"
    assert sync.get("/sobjects/Order/describe").status_code == 404
    assert sync.refused("SELECT Id FROM DatedConversionRate")[1] == "INVALID_TYPE"
    assert sync.records("SELECT IsoCode FROM CurrencyType")
    sandbox.configure("salesforce", "org", missing=[])
    assert sync.records("SELECT Id FROM Order LIMIT 1")
    assert sync.records("SELECT Id FROM DatedConversionRate LIMIT 1")
    for wrong in ({"missing": ["Nope"]}, {"colour": "red"}):
        with pytest.raises(ControlError):
            sandbox.configure("salesforce", "org", **wrong)


def test_custom_fields_have_a_limit_that_administrators_see(
    sandbox: Sandbox, admin: Client, sync: Client
) -> None:
    wanted = "EntityDefinitionId = 'Account' AND Type = 'CustomFields'"
    soql = f"SELECT EntityDefinitionId, Max, Remaining FROM EntityLimit WHERE {wanted}"
    before = admin.records(soql, "/tooling/query")[0]
    assert (before["Max"], before["Remaining"]) == (500, 494)
    sandbox.configure("salesforce", "org", custom_fields=7)
    field: dict[str, Any] = {"label": "More", "type": "Number", "precision": 5, "scale": 0}

    def create(name: str) -> tuple[int, Any]:
        body = {"FullName": f"Account.{name}__c", "Metadata": field}
        answer = admin.send("POST", "/tooling/sobjects/CustomField", json=body)
        return answer.status_code, answer.json()

    assert create("One")[0] == 201
    status, errors = create("Two")
    assert (status, errors[0]["errorCode"]) == (400, "CUSTOM_ENTITY_OR_FIELD_LIMIT")
    assert admin.records(soql, "/tooling/query")[0]["Remaining"] == 0
    sandbox.configure("salesforce", "org", custom_fields=500)
    assert create("Two")[0] == 201
    assert sync.refused(soql, "/tooling/query")[1] == "INVALID_TYPE"


def test_the_access_of_a_user_to_records(sandbox: Sandbox, admin: Client, rep: Client) -> None:
    user = rep.session.get(f"{sandbox.url}/services/oauth2/userinfo", timeout=10).json()["user_id"]
    ids = [row["Id"] for row in admin.records("SELECT Id FROM Account ORDER BY Id LIMIT 4")]
    listed = ", ".join(f"'{each}'" for each in [*ids, "001000000000000AAA"])
    fields = (
        "SELECT RecordId, HasReadAccess, HasEditAccess, HasDeleteAccess, MaxAccessLevel FROM UserRecordAccess"
    )
    soql = f"{fields} WHERE UserId = '{user}' AND RecordId IN ({listed})"

    def readable() -> list[bool]:
        return [row["HasReadAccess"] for row in admin.records(soql)]

    assert readable() == [True, True, True, True, False]
    assert admin.records(soql)[0]["MaxAccessLevel"] == "Delete"
    assert admin.records(soql)[4]["MaxAccessLevel"] == "None"
    sandbox.visibility("salesforce", Visibility("hide_half"))
    assert readable().count(True) == 2
    sandbox.visibility("salesforce", Visibility("show_all"))
    assert rep.records(
        f"SELECT HasReadAccess FROM UserRecordAccess WHERE UserId = '{user}' AND RecordId = '{ids[0]}'"
    )
    sandbox.visibility("salesforce", Visibility("hide_half"))
    assert len(admin.records(f"{soql} AND HasReadAccess = true")) == 2
    assert len(admin.records(f"{soql} AND HasReadAccess = false")) == 3
    sandbox.visibility("salesforce", Visibility("show_all"))
    many = ", ".join(f"'{ids[0]}'" for _ in range(201))
    long = f"v60.0/query?q={fields} WHERE UserId = '{user}' AND RecordId IN ({many})"
    batch = {"batchRequests": [{"method": "GET", "url": long}]}
    refused = admin.send("POST", "/composite/batch", json=batch).json()["results"][0]
    assert refused["result"][0]["message"] == "Number of records exceeds limit:200"
    for wrong in (
        f"SELECT RecordId FROM UserRecordAccess WHERE RecordId = '{ids[0]}'",
        f"SELECT Id FROM UserRecordAccess WHERE UserId = '{user}' AND RecordId = '{ids[0]}'",
        f"SELECT RecordId FROM UserRecordAccess WHERE UserId = '{user}' AND RecordId > '{ids[0]}'",
        "SELECT RecordId FROM UserRecordAccess",
    ):
        assert admin.refused(wrong)[0] == 400


def test_jobs_stop_in_the_middle_whatever_their_size(sandbox: Sandbox, sync: Client) -> None:
    ids = sync.ids(10)
    for name, text in (("too_many_locks", "TooManyLockFailure"), ("unprocessed", "InternalServerError")):
        sandbox.fault(name, times=1)
        job = sync.ingest("Id,Phone\n" + "".join(f"{each},5\n" for each in ids))
        assert job["state"] == "Failed"
        assert job["errorMessage"].startswith(text)
        assert [row["Id"] for row in sync.results(job["id"], "successfulResults")] == ids[:5]
        assert [row["Id"] for row in sync.results(job["id"], "unprocessedrecords")] == ids[5:]
