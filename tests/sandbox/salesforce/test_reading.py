"""Retrieving many by id, replication, picklists by record type, external ids in REST."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.sandbox import Sandbox
from adapters.sandbox.side import ControlError
from tests.sandbox.salesforce.client import Client


def test_collections_retrieve_in_the_order_asked_with_null_for_what_is_not_there(
    sandbox: Sandbox, sync: Client
) -> None:
    ids = sync.ids(5)
    gone = ids[2]
    sync.send("DELETE", f"/sobjects/Account/{gone}")
    asked = [ids[4], "001000000000000AAA", ids[0][:15], gone, "nonsense", ids[4]]
    path = "/composite/sobjects/Account"
    found = sync.send("POST", path, json={"ids": asked, "fields": ["Name"]}).json()
    assert [each and each["Id"] for each in found] == [ids[4], None, ids[0], None, None, ids[4]]
    assert set(found[0]) == {"attributes", "Id", "Name"}
    assert sync.get(path, ids=",".join(asked), fields="Name").json() == found
    hidden = sync.send("POST", path, json={"ids": asked, "fields": ["Nope"]})
    assert (hidden.status_code, hidden.json()[0]["errorCode"]) == (400, "INVALID_FIELD")
    many = {"ids": [ids[0]] * 2_001, "fields": ["Id"]}
    assert sync.send("POST", path, json=many).json()[0]["errorCode"] == "EXCEEDED_ID_LIMIT"
    assert sync.get(path, ids=",".join([ids[0]] * 900), fields="Id").status_code == 414
    assert sandbox.world.requests.writes == 1, "reading is no writing: the deletion alone"


def span(sandbox: Sandbox, **shift: int) -> dict[str, str]:
    now = sandbox.world.now()
    shown = {"start": now - timedelta(minutes=10), "end": now + timedelta(minutes=2)}
    return {name: (moment + timedelta(**shift)).isoformat() for name, moment in shown.items()}


def test_replication_tells_changes_and_deletions_of_a_span(sandbox: Sandbox, sync: Client) -> None:
    changed, deleted = sync.ids(2)
    sync.update({"id": changed, "Phone": "5"})
    sync.send("DELETE", f"/sobjects/Account/{deleted}")
    updated = sync.get("/sobjects/Account/updated", **span(sandbox)).json()
    assert changed in updated["ids"]
    assert deleted not in updated["ids"]
    answer = sync.get("/sobjects/Account/deleted", **span(sandbox)).json()
    assert deleted in {each["id"] for each in answer["deletedRecords"]}
    assert answer["latestDateCovered"].endswith(":00.000+0000"), "whole minutes"
    assert datetime.fromisoformat(answer["earliestDateAvailable"]) < datetime.now(UTC) - timedelta(days=29)
    for wrong in (
        span(sandbox, days=-40),
        {"start": "yesterday", "end": "today"},
        {"start": "2026-01-01T00:00:00Z"},
    ):
        assert sync.get("/sobjects/Account/updated", **wrong).status_code == 400


@pytest.fixture
def narrow(sandbox: Sandbox, admin: Client) -> Iterator[str]:
    """A restricted picklist of which partners have one value only."""
    values = [{"fullName": value, "label": value, "default": False} for value in ("Gold", "Silver")]
    field = {
        "FullName": "Account.Level__c",
        "Metadata": {
            "label": "Level",
            "type": "Picklist",
            "valueSet": {"restricted": True, "valueSetDefinition": {"sorted": False, "value": values}},
        },
    }
    made = admin.send("POST", "/tooling/sobjects/CustomField", json=field)
    assert made.status_code == 201, made.text
    permissions = admin.records("SELECT Id FROM PermissionSet WHERE IsOwnedByProfile = true")
    for each in permissions:
        grant = {
            "ParentId": each["Id"],
            "SobjectType": "Account",
            "Field": "Account.Level__c",
            "PermissionsRead": True,
            "PermissionsEdit": True,
        }
        assert admin.send("POST", "/sobjects/FieldPermissions", json=grant).status_code == 201
    settings: dict[str, Any] = {"object": "Account", "field": "Level__c", "record_type": "Partner"}
    sandbox.configure("salesforce", "picklist_values", **settings, values=["Gold"])
    yield "Level__c"
    sandbox.configure("salesforce", "picklist_values", **settings)
    admin.send("DELETE", f"/tooling/sobjects/CustomField/{made.json()['id']}")


def test_picklist_values_by_record_type(sandbox: Sandbox, sync: Client, narrow: str) -> None:
    types = {
        info["developerName"]: info["recordTypeId"]
        for info in sync.get("/sobjects/Account/describe").json()["recordTypeInfos"]
    }
    info = sync.get("/ui-api/object-info/Account").json()
    assert set(info["recordTypeInfos"]) == set(types.values())

    def values(record_type: str) -> list[str]:
        answer = sync.get(f"/ui-api/object-info/Account/picklist-values/{types[record_type]}").json()
        single = sync.get(f"/ui-api/object-info/Account/picklist-values/{types[record_type]}/{narrow}").json()
        assert answer["picklistFieldValues"][narrow] == single
        mapping = sync.get(f"/sobjects/Account/describe/layouts/{types[record_type]}").json()
        picklists = mapping["recordTypeMappings"][0]["picklistsForRecordType"]
        layout = next(each for each in picklists if each["picklistName"] == narrow)
        found = [each["value"] for each in single["values"]]
        assert found == [each["value"] for each in layout["picklistValues"]]
        return found

    assert values("Partner") == ["Gold"]
    assert values("Business") == values("Master") == ["Gold", "Silver"]
    assert len(sync.get("/sobjects/Account/describe/layouts").json()["recordTypeMappings"]) == len(types)
    assert sync.get("/sobjects/Account/describe/layouts/012000000000009AAA").status_code == 404
    assert sync.get("/ui-api/object-info/Account/picklist-values/nonsense").status_code == 400
    assert sync.get(f"/ui-api/object-info/Account/picklist-values/{types['Master']}/Name").status_code == 400

    partner, business = (
        sync.records(f"SELECT Id FROM Account WHERE RecordType.DeveloperName = '{name}' LIMIT 1")[0]["Id"]
        for name in ("Partner", "Business")
    )
    bad, good = sync.update({"id": partner, narrow: "Silver"}, {"id": business, narrow: "Silver"}).json()
    assert bad["errors"][0]["statusCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert good["success"]
    assert sync.update({"id": partner, narrow: "gold"}).json()[0]["success"]
    for wrong in ({"field": "Name"}, {"record_type": "Nope"}):
        settings = {"object": "Account", "field": narrow, "record_type": "Partner", **wrong}
        with pytest.raises(ControlError):
            sandbox.configure("salesforce", "picklist_values", **settings)


def test_records_by_external_id(sync: Client, admin: Client) -> None:
    metadata = {"label": "Key", "type": "Text", "length": 20, "externalId": True, "required": True}
    field = {"FullName": "Contact.Key__c", "Metadata": metadata}
    assert admin.send("POST", "/tooling/sobjects/CustomField", json=field).status_code == 201
    path = "/sobjects/Contact/Key__c/K1"
    assert sync.get(path).status_code == 404
    made = sync.send("PATCH", path, json={"LastName": "First"})
    assert (made.status_code, made.json()["created"]) == (201, True)
    again = sync.send("PATCH", path, json={"LastName": "Second"})
    assert (again.status_code, again.json()["created"]) == (200, False)
    found = sync.get(path, fields="LastName,Key__c").json()
    assert (found["Id"], found["LastName"], found["Key__c"]) == (made.json()["id"], "Second", "K1")
    by_id = sync.send("PATCH", f"/sobjects/Contact/Id/{found['Id']}", json={"LastName": "Third"})
    assert by_id.status_code == 200
    assert sync.get(f"/sobjects/Contact/Id/{found['Id']}").json()["LastName"] == "Third"
    rows = [
        {"attributes": {"type": "Contact"}, "Key__c": "K1", "LastName": "Fourth"},
        {"attributes": {"type": "Contact"}, "Key__c": "K2", "LastName": "New"},
    ]
    many = sync.send("PATCH", "/composite/sobjects/Contact/Key__c", json={"records": rows}).json()
    assert [each["created"] for each in many] == [False, True]
    twin = [{"attributes": {"type": "Contact"}, "Key__c": "K2", "LastName": "Twin"}]
    assert sync.send("POST", "/composite/sobjects", json={"records": twin}).json()[0]["success"]
    assert sync.get("/sobjects/Contact/Key__c/K2").status_code == 300
    ambiguous = sync.send("PATCH", "/sobjects/Contact/Key__c/K2", json={"LastName": "?"})
    assert ambiguous.json()[0]["errorCode"] == "DUPLICATE_EXTERNAL_ID"
    assert sync.get("/sobjects/Contact/Phone/1").status_code == 404
