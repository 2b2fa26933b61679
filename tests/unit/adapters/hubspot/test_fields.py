from __future__ import annotations

from typing import Any

import pytest

from adapters.hubspot.fields import _field
from adapters.sandbox.server import Sandbox
from connector.crm import CrmField, FieldType
from connector.errors import CrmRequestError
from tests.unit.adapters.hubspot.conftest import Open


def described(kind: str, shown: str, **more: Any) -> CrmField:
    return _field({"name": more.pop("name", "x"), "label": "X", "type": kind, "fieldType": shown, **more})


@pytest.mark.parametrize(
    ("kind", "shown", "more", "expected"),
    [
        ("string", "text", {}, FieldType.TEXT),
        ("string", "textarea", {}, FieldType.LONG_TEXT),
        ("phone_number", "phonenumber", {}, FieldType.TEXT),
        ("json", "text", {}, FieldType.TEXT),
        ("number", "number", {}, FieldType.NUMBER),
        ("number", "number", {"showCurrencySymbol": True}, FieldType.CURRENCY),
        ("number", "number", {"numberDisplayHint": "currency"}, FieldType.CURRENCY),
        ("number", "number", {"numberDisplayHint": "percentage"}, FieldType.NUMBER),
        ("number", "number", {"name": "hs_parent_company_id"}, FieldType.REFERENCE),
        ("bool", "booleancheckbox", {}, FieldType.BOOLEAN),
        ("enumeration", "booleancheckbox", {}, FieldType.BOOLEAN),
        ("enumeration", "radio", {}, FieldType.PICKLIST),
        ("enumeration", "select", {}, FieldType.PICKLIST),
        ("enumeration", "checkbox", {}, FieldType.MULTI_PICKLIST),
        ("enumeration", "select", {"referencedObjectType": "OWNER"}, FieldType.REFERENCE),
        ("date", "date", {}, FieldType.DATE),
        ("datetime", "date", {}, FieldType.DATETIME),
    ],
)
def test_types(kind: str, shown: str, more: dict[str, Any], expected: FieldType) -> None:
    assert described(kind, shown, **more).type is expected


def test_computed_and_locked_properties_are_not_writable() -> None:
    assert described("number", "calculation_equation").calculated
    assert not described("number", "calculation_equation").writable
    assert not described("number", "number", calculated=True).writable
    locked = described("number", "number", modificationMetadata={"readOnlyValue": True})
    assert (locked.writable, locked.calculated) == (False, False)
    assert described("number", "number").writable


def test_options_and_whether_others_are_refused() -> None:
    options = [{"label": "Yes", "value": "y"}, {"label": "", "value": "n", "hidden": True}]
    field = described("enumeration", "select", options=options)
    assert field.restricted
    assert [(each.value, each.label, each.active) for each in field.options] == [
        ("y", "Yes", True),
        ("n", "n", False),
    ]
    # Owners and pipelines keep their values elsewhere.
    assert not described("enumeration", "select").restricted


def test_activities_are_described_together_or_one_by_one(portal: Sandbox, opened: Open) -> None:
    crm = opened(portal.url)
    everything = crm.describe("activities")
    assert {"hs_call_status", "hs_task_status", "hs_timestamp"} <= set(everything)
    assert "hs_task_status" not in crm.describe("activities", "calls")
    assert crm.resolve("activities", "hs_timestamp") == everything["hs_timestamp"]


def test_names_are_not_dotted(portal: Sandbox, opened: Open) -> None:
    crm = opened(portal.url)
    assert crm.resolve("accounts", "name") is not None
    assert crm.resolve("accounts", "parent.name") is None


def test_each_object_is_asked_for_once(portal: Sandbox, opened: Open) -> None:
    crm = opened(portal.url)
    crm.describe("accounts")
    crm.describe("accounts")
    assert crm.usage().calls["GET /crm/v3/properties/companies"] == 1


def test_an_object_that_the_portal_lacks(portal: Sandbox, opened: Open) -> None:
    with pytest.raises(CrmRequestError) as caught:
        opened(portal.url, access_token="sandbox-limited-token").describe("orders")
    assert caught.value.code == "OBJECT_NOT_FOUND"
    assert "take its section out of the mapping" in str(caught.value)
