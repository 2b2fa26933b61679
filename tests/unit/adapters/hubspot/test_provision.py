from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.hubspot import HubspotCrm
from adapters.sandbox.server import Sandbox
from connector.crm import FieldSpec, FieldType, Option, Step
from connector.errors import CrmAuthError, CrmTemporaryError
from tests.unit.adapters.hubspot.conftest import Open
from tests.unit.adapters.hubspot.scripted import PROPERTIES, Answer, Scripted

ZONE = FieldSpec(
    "kpm_zone",
    "Portfolio zone",
    FieldType.PICKLIST,
    "Where the company stands.",
    options=(Option("protect", "Key account"), Option("retreat", "Efficient care")),
)
SPECS = [
    ZONE,
    FieldSpec("kpm_since", "Since", FieldType.DATE),
    FieldSpec("kpm_why", "Why", FieldType.TEXT, length=255),
    FieldSpec("kpm_top", "Top revenue", FieldType.BOOLEAN),
    FieldSpec("kpm_room", "White space", FieldType.CURRENCY),
    FieldSpec("kpm_note", "Note", FieldType.TEXT, result=False),
]


def find(steps: list[Step], target: str) -> Step:
    return next(step for step in steps if step.target == target)


def test_properties_are_created_in_a_group_of_their_own(own_portal: Sandbox, opened: Open) -> None:
    admin = opened(own_portal.url, access_token="sandbox-admin-token")
    steps = admin.provision(SPECS, {"accounts": ("name",)})
    assert all(step.changed for step in steps if step.what in ("create field", "create group"))
    described = admin.describe("accounts")
    assert {spec.name: described[spec.name].type for spec in SPECS} == {
        "kpm_zone": FieldType.PICKLIST,
        "kpm_since": FieldType.DATE,
        "kpm_why": FieldType.TEXT,
        "kpm_top": FieldType.BOOLEAN,
        "kpm_room": FieldType.NUMBER,
        "kpm_note": FieldType.TEXT,
    }
    assert described["kpm_zone"].options == ZONE.options
    raw = admin._fields.raw("companies")["kpm_zone"]
    assert (raw["groupName"], raw["fieldType"], raw["description"]) == (
        "customer_portfolio",
        "radio",
        ZONE.help,
    )
    assert not [step for step in admin.provision(SPECS, {}) if step.changed]


def test_missing_options_are_added_behind_those_that_are_there(own_portal: Sandbox, opened: Open) -> None:
    admin = opened(own_portal.url, access_token="sandbox-admin-token")
    admin.provision([ZONE], {})
    wider = FieldSpec(
        "kpm_zone", "x", FieldType.PICKLIST, options=(Option("new", "New"), Option("protect", "Other"))
    )
    dry = find(admin.provision([wider], {}, dry_run=True), "companies.kpm_zone")
    assert (dry.what, dry.detail, dry.done, dry.changed) == ("add options", "new", False, False)
    done = find(admin.provision([wider], {}), "companies.kpm_zone")
    assert (done.done, done.changed) == (True, True)
    field = admin.describe("accounts")["kpm_zone"]
    assert field.options == (*ZONE.options, Option("new", "New"))
    assert field.label == "Portfolio zone"


def test_an_archived_property_is_restored_and_completed(own_portal: Sandbox, opened: Open) -> None:
    admin = opened(own_portal.url, access_token="sandbox-admin-token")
    admin.provision([ZONE], {})
    admin._portal.request("archive", "DELETE", admin._portal.paths.single_property("companies", "kpm_zone"))
    steps = opened(own_portal.url, access_token="sandbox-admin-token").provision([ZONE], {})
    assert "restored" in find(steps, "companies.kpm_zone").detail
    again = opened(own_portal.url, access_token="sandbox-admin-token")
    assert again.describe("accounts")["kpm_zone"].options == ZONE.options


def test_a_property_of_another_type_is_left_to_a_person(own_portal: Sandbox, opened: Open) -> None:
    admin = opened(own_portal.url, access_token="sandbox-admin-token")
    step = find(admin.provision([FieldSpec("name", "x", FieldType.NUMBER)], {}), "companies.name")
    assert (step.what, step.done) == ("by hand", False)
    assert "exists with the type string" in step.detail


def test_somebody_else_may_have_created_it_just_now(server: Scripted, opened: Open) -> None:
    late = {"name": "kpm_top", "label": "x", "type": "bool", "fieldType": "booleancheckbox"}
    server.on("/properties/companies/groups", Answer({"results": []}), Answer({}, 409))
    conflict = Answer({"message": "exists", "category": "OBJECT_ALREADY_EXISTS"}, 409)
    listed = [
        Answer({"results": PROPERTIES}),
        Answer({"results": []}),
        conflict,
        Answer({"results": [*PROPERTIES, late]}),
    ]
    server.on("/properties/companies", *listed)
    spec = FieldSpec("kpm_top", "Top", FieldType.BOOLEAN)
    step = find(opened(server.url).provision([spec], {}), "companies.kpm_top")
    assert (step.done, step.changed) == (True, False)


def test_a_dry_run_asks_and_changes_nothing(own_portal: Sandbox, opened: Open) -> None:
    own_portal.clear_requests()
    steps = opened(own_portal.url, access_token="sandbox-admin-token").provision(SPECS, {}, dry_run=True)
    assert own_portal.requests()["writes"] == 0
    assert not [step for step in steps if step.changed]
    assert {step.target for step in steps if step.what == "create field"} == {
        f"companies.{spec.name}" for spec in SPECS
    }


def test_the_right_to_change_properties_is_named(own_portal: Sandbox, opened: Open) -> None:
    with pytest.raises(
        CrmAuthError, match=r"the key of user \d+ lacks the scope crm\.schemas\.companies\.write"
    ):
        opened(own_portal.url).provision(SPECS, {})


def test_a_dry_run_says_that_the_right_is_missing(own_portal: Sandbox, opened: Open) -> None:
    right = "crm.schemas.companies.write"
    steps = opened(own_portal.url).provision(SPECS, {}, dry_run=True)
    lacking = find(steps, right)
    assert (lacking.what, lacking.done) == ("by hand", False)
    assert "lacks the scope, so nothing can be created" in lacking.detail
    admin = opened(own_portal.url, access_token="sandbox-admin-token")
    assert right not in {step.target for step in admin.provision(SPECS, {}, dry_run=True)}
    admin.provision(SPECS, {})
    steps = opened(own_portal.url).provision(SPECS, {}, dry_run=True)  # nothing is left to do
    assert right not in {step.target for step in steps}


def test_what_hubspot_has_no_api_for_is_one_line_for_a_person(own_portal: Sandbox, opened: Open) -> None:
    admin = opened(own_portal.url, access_token="sandbox-admin-token")
    steps = admin.provision(SPECS, {"orders": ()}, ["rep@example.com"], nightly_user="user 9")
    by_hand = {step.target: step.detail for step in steps if step.what == "by hand"}
    assert set(by_hand) == {"the key of user 9", "company page", "results", "rep@example.com"}
    assert "crm.objects.orders.read" in by_hand["the key of user 9"]
    assert "kpm_note" not in by_hand["results"]
    assert all("Settings" in words or "Service keys" in words for words in by_hand.values())


def test_scopes_of_ones_own_key_are_looked_at(own_portal: Sandbox, opened: Open) -> None:
    admin = opened(own_portal.url, access_token="sandbox-admin-token")
    steps = admin.provision([], {"accounts": (), "orders": ()}, nightly_user=admin.user())
    assert next(step for step in steps if step.what == "grant").done
    limited = opened(own_portal.url, access_token="sandbox-limited-token")
    lacking = {
        step.target
        for step in limited.provision([], {"accounts": (), "orders": ()})
        if "scope" in step.detail
    }
    assert lacking == {"crm.objects.orders.read", "crm.objects.companies.write"}


def test_a_provisioning_that_was_interrupted_is_finished_by_the_next(
    own_portal: Sandbox, opened: Open
) -> None:
    admin = opened(own_portal.url, access_token="sandbox-admin-token")
    fault = own_portal.fault(
        "unavailable", crm="hubspot", method="POST", path=r"/properties/companies$", times=99, after=3
    )
    with pytest.raises(CrmTemporaryError):
        admin.provision(SPECS, {})
    assert fault.hits
    own_portal.clear_faults()
    again = opened(own_portal.url, access_token="sandbox-admin-token")
    made = {spec.name for spec in SPECS} & again.describe("accounts").keys()
    assert len(made) == 3
    steps = [step for step in again.provision(SPECS, {}) if step.what == "create field"]
    assert all(step.done for step in steps)
    assert {step.target for step in steps if step.changed} == {
        f"companies.{spec.name}" for spec in SPECS if spec.name not in made
    }


def emitted(crm: HubspotCrm, folder: Path, specs: list[FieldSpec]) -> dict[str, Any]:
    files = crm.emit(specs, {}, folder)
    assert files == sorted(files)
    return {str(file.relative_to(folder)): json.loads(file.read_text(encoding="utf-8")) for file in files}


def test_definitions_can_be_written_for_a_pipeline(own_portal: Sandbox, opened: Open, tmp_path: Path) -> None:
    own_portal.clear_requests()
    found = emitted(opened(own_portal.url), tmp_path, SPECS)
    assert own_portal.requests()["writes"] == 0
    group = found.pop("companies/groups/customer_portfolio.json")
    assert set(found) == {f"companies/properties/{spec.name}.json" for spec in SPECS}
    assert found["companies/properties/kpm_zone.json"] == {
        "groupName": "customer_portfolio",
        "name": "kpm_zone",
        "label": "Portfolio zone",
        "description": "Where the company stands.",
        "type": "enumeration",
        "fieldType": "radio",
        "formField": False,
        "options": [
            {"value": "protect", "label": "Key account", "displayOrder": 0, "hidden": False},
            {"value": "retreat", "label": "Efficient care", "displayOrder": 1, "hidden": False},
        ],
    }
    # What a pipeline does with them makes what provisioning would have made.
    admin = opened(own_portal.url, access_token="sandbox-admin-token")
    admin._portal.request("create", "POST", admin._portal.paths.groups("companies"), body=group)
    for body in found.values():
        admin._portal.request("create", "POST", admin._portal.paths.properties("companies"), body=body)
    again = opened(own_portal.url, access_token="sandbox-admin-token")
    assert not [step for step in again.provision(SPECS, {}) if step.changed or step.what == "add options"]


def test_definitions_take_over_what_exists(own_portal: Sandbox, opened: Open, tmp_path: Path) -> None:
    admin = opened(own_portal.url, access_token="sandbox-admin-token")
    theirs = replace(ZONE, label="Their label", options=(Option("theirs", "Theirs"), Option("protect", "P")))
    admin.provision([theirs], {})
    name = FieldSpec("name", "x", FieldType.NUMBER)  # a text, which cannot hold a number
    found = emitted(opened(own_portal.url), tmp_path, [ZONE, name])
    assert set(found) == {"companies/groups/customer_portfolio.json", "companies/properties/kpm_zone.json"}
    zone = found["companies/properties/kpm_zone.json"]
    assert zone["label"] == "Their label"
    assert [(each["value"], each["label"]) for each in zone["options"]] == [
        ("theirs", "Theirs"),
        ("protect", "P"),
        ("retreat", "Efficient care"),
    ]
