"""Property definitions and groups."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.sandbox import Sandbox
from adapters.sandbox.side import Visibility
from tests.sandbox.hubspot.conftest import TODAY, Api

PATH = "/crm/v3/properties/companies"
ZONE: dict[str, Any] = {
    "name": "kpm_segment",
    "label": "Portfolio zone",
    "type": "enumeration",
    "fieldType": "radio",
    "groupName": "companyinformation",
    "options": [
        {"label": "Key account", "value": "protect", "displayOrder": 0, "hidden": False},
        {"label": "Efficient care", "value": "retreat", "displayOrder": 1, "hidden": False},
    ],
}


def test_the_rating_properties_exist_unless_it_is_day_one(reader: Api) -> None:
    names = {each["name"] for each in reader.get(PATH).json()["results"]}
    assert {
        "kpm_demand",
        "kpm_chemistry",
        "kpm_strategy",
        "kpm_rated_at",
        "kpm_wallet",
        "kpm_wallet_rated_at",
    } <= names
    assert not any(name.startswith("kpm_segment") for name in names)
    with Sandbox(crms=("hubspot",), accounts=30, today=TODAY, ratings=False) as fresh:
        assert not [
            name for name in Api(fresh).get(PATH).json()["results"] if name["name"].startswith("kpm_")
        ]


def test_a_definition_tells_what_may_be_done_with_it(reader: Api) -> None:
    wallet = reader.get(f"{PATH}/kpm_wallet").json()
    assert (wallet["type"], wallet["fieldType"], wallet["showCurrencySymbol"]) == ("number", "number", True)
    assert wallet["modificationMetadata"] == {
        "archivable": True,
        "readOnlyDefinition": False,
        "readOnlyValue": False,
    }
    rollup = reader.get(f"{PATH}/hs_num_open_deals").json()
    assert (rollup["calculated"], rollup["hubspotDefined"]) == (True, True)
    assert rollup["modificationMetadata"]["readOnlyValue"] is True
    owner = reader.get(f"{PATH}/hubspot_owner_id").json()
    assert (owner["options"], owner["externalOptions"], owner["referencedObjectType"]) == ([], True, "OWNER")


def test_create_write_archive_restore(api: Api, admin: Api) -> None:
    created = admin.post(PATH, ZONE)
    assert created.status_code == 201
    assert [option["value"] for option in created.json()["options"]] == ["protect", "retreat"]
    again = admin.post(PATH, ZONE)
    assert again.status_code == 409
    assert again.json()["subCategory"] == "Properties.PROPERTY_WITH_NAME_EXISTS"
    record = api.get("/crm/v3/objects/companies", limit=1).json()["results"][0]["id"]
    assert api.update([record], {"kpm_segment": "protect"}).status_code == 200
    assert api.update([record], {"kpm_segment": "develop"}).status_code == 400

    assert admin.delete(f"{PATH}/kpm_segment").status_code == 204
    assert admin.get(f"{PATH}/kpm_segment").status_code == 404
    assert "kpm_segment" in [each["name"] for each in admin.get(PATH, archived="true").json()["results"]]
    assert api.update([record], {"kpm_segment": "protect"}).status_code == 400
    restored = admin.post(PATH, {**ZONE, "label": "Zone"})
    assert restored.status_code == 201
    assert (restored.json()["label"], restored.json()["createdAt"]) == ("Zone", created.json()["createdAt"])


def test_options_are_replaced_as_a_whole_and_kept_if_not_sent(admin: Api) -> None:
    admin.post(PATH, ZONE)
    renamed = admin.patch(f"{PATH}/kpm_segment", {"label": "Zone"}).json()
    assert (renamed["label"], len(renamed["options"])) == ("Zone", 2)
    only = admin.patch(f"{PATH}/kpm_segment", {"options": [{"label": "New", "value": "develop"}]}).json()
    assert [option["value"] for option in only["options"]] == ["develop"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Kpm Zone"},
        {"name": ""},
        {"groupName": "no_such_group"},
        {"type": "number"},
        {"type": "colour"},
        {"options": []},
        {"options": [{"label": "a", "value": "x"}, {"label": "b", "value": "x"}]},
        {"type": "bool", "fieldType": "booleancheckbox"},
    ],
)
def test_bad_definitions_are_refused(admin: Api, change: dict[str, Any]) -> None:
    answer = admin.post(PATH, {**ZONE, **change})
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
    assert admin.get(f"{PATH}/kpm_segment").status_code == 404


def test_built_in_definitions_stay(admin: Api) -> None:
    assert admin.delete(f"{PATH}/numberofemployees").status_code == 400
    assert admin.patch(f"{PATH}/numberofemployees", {"label": "Heads"}).status_code == 400


def test_groups(admin: Api) -> None:
    groups = f"{PATH}/groups"
    created = admin.post(groups, {"name": "kpm", "label": "Customer portfolio"})
    assert (created.status_code, created.json()["label"]) == (201, "Customer portfolio")
    assert admin.post(groups, {"name": "kpm", "label": "x"}).status_code == 409
    assert admin.post(PATH, {**ZONE, "groupName": "kpm"}).status_code == 201
    assert admin.delete(f"{groups}/kpm").status_code == 400
    admin.delete(f"{PATH}/kpm_segment")
    assert admin.delete(f"{groups}/kpm").status_code == 204
    assert "kpm" not in [group["name"] for group in admin.get(groups).json()["results"]]


def test_batches_tell_what_failed(admin: Api) -> None:
    inputs = [ZONE, {**ZONE, "name": "kpm_wallet"}]
    created = admin.post(f"{PATH}/batch/create", {"inputs": inputs})
    assert (created.status_code, len(created.json()["results"]), created.json()["numErrors"]) == (207, 1, 1)
    names = {"inputs": [{"name": "kpm_segment"}, {"name": "nope"}], "archived": False}
    read = admin.post(f"{PATH}/batch/read", names)
    assert (read.status_code, [each["name"] for each in read.json()["results"]]) == (207, ["kpm_segment"])
    assert admin.post(f"{PATH}/batch/archive", names).status_code == 204


def test_a_hidden_property_is_as_if_it_did_not_exist(sandbox: Sandbox, api: Api) -> None:
    sandbox.visibility("hubspot", Visibility("hide_field", "companies", "kpm_wallet"))
    assert api.get(f"{PATH}/kpm_wallet").status_code == 404
    record = api.get("/crm/v3/objects/companies", limit=1, properties="kpm_wallet").json()["results"][0]
    assert "kpm_wallet" not in record["properties"]
    assert "PROPERTY_DOESNT_EXIST" in api.update([record["id"]], {"kpm_wallet": "1"}).json()["message"]
    sandbox.visibility("hubspot", Visibility("show_field", "companies", "kpm_wallet"))
    assert api.get(f"{PATH}/kpm_wallet").status_code == 200


def test_a_locked_property_can_be_read_only(sandbox: Sandbox, api: Api) -> None:
    sandbox.visibility("hubspot", Visibility("lock_field", "companies", "kpm_wallet"))
    assert api.get(f"{PATH}/kpm_wallet").json()["modificationMetadata"]["readOnlyValue"] is True
    record = api.get("/crm/v3/objects/companies", limit=1).json()["results"][0]
    assert "READ_ONLY_VALUE" in api.update([record["id"]], {"kpm_wallet": "1"}).json()["message"]
