"""A new field's way from creation over the grant to a person's eyes."""

from collections.abc import Iterator
from typing import Any

import pytest

from adapters.sandbox import Sandbox
from adapters.sandbox.side import Visibility
from tests.sandbox.salesforce.client import Client

SEGMENT = {
    "label": "Portfolio zone",
    "type": "Picklist",
    "valueSet": {
        "restricted": False,
        "valueSetDefinition": {
            "sorted": False,
            "value": [
                {"fullName": "protect", "label": "Key account", "default": False},
                {"fullName": "retreat", "label": "Efficient care", "default": False},
            ],
        },
    },
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(crms=("salesforce",), accounts=20, seed=5, ratings=False) as running:
        yield running


def _create(client: Client, name: str, metadata: dict[str, Any]) -> tuple[int, Any]:
    body = {"FullName": f"Account.{name}", "Metadata": metadata}
    answer = client.send("POST", "/tooling/sobjects/CustomField", json=body)
    return answer.status_code, answer.json()


def _permission_set(admin: Client, name: str) -> str:
    body = {"Name": name, "Label": name.replace("_", " ")}
    answer = admin.send("POST", "/sobjects/PermissionSet", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _grant(admin: Client, parent: str, field: str, *, edit: bool) -> dict[str, Any]:
    row = {"ParentId": parent, "SobjectType": "Account", "Field": field, "PermissionsRead": True}
    return admin.create({**row, "PermissionsEdit": edit}, object="FieldPermissions")[0]


def _user(client: Client) -> str:
    info = client.session.get(client.base.split("/services")[0] + "/services/oauth2/userinfo", timeout=10)
    return str(info.json()["user_id"])


def test_a_new_field_is_invisible_until_granted_and_assigned(
    admin: Client, sync: Client, rep: Client
) -> None:
    status, created = _create(admin, "KPM_Segment__c", SEGMENT)
    assert (status, created["success"]) == (201, True)
    assert created["id"].startswith("00N")
    for client in (admin, sync, rep):
        assert client.field("KPM_Segment__c") is None
        assert "No such column 'KPM_Segment__c'" in client.refused("SELECT KPM_Segment__c FROM Account")[2]
    write = sync.update({"id": sync.ids(1)[0], "KPM_Segment__c": "protect"})
    assert write.status_code == 400
    assert write.json() == [
        {
            "message": "No such column 'KPM_Segment__c' on sobject of type Account",
            "errorCode": "INVALID_FIELD",
        }
    ]

    editors = _permission_set(admin, "KPM_Sync_Test")
    readers = _permission_set(admin, "KPM_User_Test")
    assert _grant(admin, editors, "Account.KPM_Segment__c", edit=True)["success"]
    assert _grant(admin, readers, "Account.KPM_Segment__c", edit=False)["success"]
    assert sync.field("KPM_Segment__c") is None, "granted to a set that nobody has yet"
    assigned = admin.create(
        {"PermissionSetId": editors, "AssigneeId": _user(sync)},
        {"PermissionSetId": readers, "AssigneeId": _user(rep)},
        object="PermissionSetAssignment",
    )
    assert all(result["success"] for result in assigned)

    field = sync.field("KPM_Segment__c")
    assert field is not None
    assert (field["type"], field["updateable"], field["restrictedPicklist"]) == ("picklist", True, False)
    assert [value["value"] for value in field["picklistValues"]] == ["protect", "retreat"]
    target = sync.ids(1)[0]
    assert sync.update({"id": target, "KPM_Segment__c": "protect"}).json()[0]["success"]
    seen = rep.records(f"SELECT KPM_Segment__c FROM Account WHERE Id = '{target}'")
    assert seen[0]["KPM_Segment__c"] == "protect"

    shown = rep.field("KPM_Segment__c")
    assert shown is not None
    assert not shown["updateable"]
    refused = rep.update({"id": target, "KPM_Segment__c": "retreat"}).json()[0]
    assert refused["errors"][0]["statusCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert refused["errors"][0]["fields"] == ["KPM_Segment__c"]


def test_existing_fields_are_found_by_tooling_query_and_answer_duplicates(admin: Client) -> None:
    _create(admin, "KPM_Twice__c", {"label": "Twice", "type": "Date"})
    status, errors = _create(admin, "KPM_Twice__c", {"label": "Twice", "type": "Date"})
    assert (status, errors[0]["errorCode"]) == (400, "DUPLICATE_DEVELOPER_NAME")
    found = admin.records(
        "SELECT Id, DeveloperName, TableEnumOrId FROM CustomField WHERE DeveloperName = 'KPM_Twice'",
        "/tooling/query",
    )
    assert [record["TableEnumOrId"] for record in found] == ["Account"]
    detail = admin.records(
        f"SELECT FullName, Metadata FROM CustomField WHERE Id = '{found[0]['Id']}'", "/tooling/query"
    )[0]
    assert detail["FullName"] == "Account.KPM_Twice__c"
    assert detail["Metadata"]["type"] == "Date"
    several = admin.refused("SELECT Metadata FROM CustomField", "/tooling/query")
    assert "no more than one row" in several[2]


def test_picklist_values_are_added_by_replacing_the_metadata(admin: Client) -> None:
    _, created = _create(admin, "KPM_Options__c", SEGMENT)
    metadata = admin.get(f"/tooling/sobjects/CustomField/{created['id']}").json()["Metadata"]
    metadata["valueSet"]["valueSetDefinition"]["value"].append({"fullName": "develop", "label": "Develop"})
    answer = admin.send(
        "PATCH", f"/tooling/sobjects/CustomField/{created['id']}", json={"Metadata": metadata}
    )
    assert answer.status_code == 204
    parent = _permission_set(admin, "KPM_Options_Test")
    assert _grant(admin, parent, "Account.KPM_Options__c", edit=False)["success"]
    admin.create({"PermissionSetId": parent, "AssigneeId": _user(admin)}, object="PermissionSetAssignment")
    field = admin.field("KPM_Options__c")
    assert field is not None
    assert [value["value"] for value in field["picklistValues"]] == ["protect", "retreat", "develop"]


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        (
            {"label": "X", "type": "Checkbox", "defaultValue": False, "required": True},
            "Can not specify 'required'",
        ),
        ({"label": "X", "type": "Checkbox"}, "Must specify 'defaultValue'"),
        ({"label": "X", "type": "Text"}, "Must specify 'length'"),
        ({"label": "X", "type": "Number", "precision": 5}, "Must specify 'scale'"),
        ({"label": "X", "type": "Wheel"}, "Cannot deserialize instance of complexvalue"),
        ({"type": "Date"}, "label"),
    ],
)
def test_incomplete_metadata_is_refused(admin: Client, metadata: dict[str, Any], words: str) -> None:
    status, errors = _create(admin, "KPM_Wrong__c", metadata)
    assert status == 400
    assert words in errors[0]["message"]


def test_only_administrators_provision(sync: Client) -> None:
    assert _create(sync, "KPM_Sneaky__c", {"label": "Sneaky", "type": "Date"})[0] == 400
    assert sync.refused("SELECT Id FROM CustomField", "/tooling/query")[1] == "INVALID_TYPE"
    answer = sync.send("POST", "/sobjects/PermissionSet", json={"Name": "Sneaky", "Label": "Sneaky"})
    assert answer.json()[0]["errorCode"] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"


def test_permissions_are_checked_as_salesforce_does(admin: Client, sync: Client) -> None:
    parent = _permission_set(admin, "KPM_Checked")
    again = admin.send("POST", "/sobjects/PermissionSet", json={"Name": "KPM_Checked", "Label": "again"})
    assert again.json()[0]["errorCode"] == "DUPLICATE_VALUE"
    unknown = _grant(admin, parent, "Account.Nope__c", edit=False)["errors"][0]
    assert unknown["statusCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    rights = {"ParentId": parent, "PermissionsRead": True}
    early, account, late, task = admin.create(
        {**rights, "SobjectType": "Opportunity"},
        {**rights, "SobjectType": "Account", "PermissionsViewAllRecords": True},
        {**rights, "SobjectType": "Opportunity"},
        {**rights, "SobjectType": "Task"},
        object="ObjectPermissions",
    )
    assert "depends on permission(s): Read Account" in early["errors"][0]["message"]
    assert account["success"]
    assert late["success"]
    assert task["errors"][0]["statusCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assignment = {"PermissionSetId": parent, "AssigneeId": _user(sync)}
    first, second = admin.create(assignment, assignment, object="PermissionSetAssignment")
    assert first["success"]
    assert second["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
    view_all = admin.records(
        "SELECT SobjectType FROM ObjectPermissions WHERE PermissionsViewAllRecords = true AND ParentId IN "
        f"(SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = '{_user(sync)}')"
    )
    assert [record["SobjectType"] for record in view_all] == ["Account"]
    assert admin.send("DELETE", f"/sobjects/PermissionSetAssignment/{first['id']}").status_code == 204


def test_a_field_can_be_hidden_and_locked_from_outside(sandbox: Sandbox, sync: Client, admin: Client) -> None:
    target = sync.ids(1)[0]
    sandbox.visibility("salesforce", Visibility("lock_field", "Account", "Industry"))
    refused = sync.update({"id": target, "Industry": "Energy"}).json()[0]["errors"][0]
    assert refused["statusCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    sandbox.visibility("salesforce", Visibility("unlock_field", "Account", "Industry"))
    assert sync.update({"id": target, "Industry": "Energy"}).json()[0]["success"]
    sandbox.visibility("salesforce", Visibility("hide_field", "Account", "Industry"))
    assert sync.field("Industry") is None
    assert admin.field("Industry") is not None
    sandbox.visibility("salesforce", Visibility("show_field", "Account", "Industry"))
    assert sync.field("Industry") is not None


def test_deleting_a_field_takes_its_values_and_grants_along(admin: Client) -> None:
    _, created = _create(admin, "KPM_Gone__c", {"label": "Gone", "type": "Date"})
    parent = _permission_set(admin, "KPM_Gone_Test")
    assert _grant(admin, parent, "Account.KPM_Gone__c", edit=True)["success"]
    assert admin.send("DELETE", f"/tooling/sobjects/CustomField/{created['id']}").status_code == 204
    assert admin.records("SELECT Id FROM FieldPermissions WHERE Field = 'Account.KPM_Gone__c'") == []
    assert _create(admin, "KPM_Gone__c", {"label": "Gone", "type": "Text", "length": 20})[0] == 201
