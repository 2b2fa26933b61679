"""Rules of setup objects: permission sets, field and object permissions, assignments."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING

from adapters.sandbox.database import quoted
from adapters.sandbox.salesforce.errors import RowError
from adapters.sandbox.salesforce.schema import SObject
from adapters.sandbox.salesforce.values import Stored

if TYPE_CHECKING:
    from adapters.sandbox.salesforce.org import Org

# Reading these objects presupposes reading others.
_DEPENDS = {"Opportunity": ("Account",), "Order": ("Account",), "Contact": ("Account",), "Case": ("Account",)}
_NEEDS_READ = ("PermissionsCreate", "PermissionsEdit", "PermissionsDelete", "PermissionsViewAllRecords")


def refused(
    org: Org, connection: sqlite3.Connection, target: SObject, values: Mapping[str, Stored]
) -> tuple[RowError, ...]:
    """Why a new setup record is refused, beyond the rules that hold for every object."""
    if target.name == "FieldPermissions" and (error := _field_permission(org, values)):
        return (error,)
    if target.name == "ObjectPermissions" and (error := _object_permission(org, connection, values)):
        return (error,)
    if target.unique_together and (error := _duplicate(connection, target, values)):
        return (error,)
    return ()


def _bad_value(label: str, value: Stored, field: str) -> RowError:
    return RowError(
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        f"{label}: bad value for restricted picklist field: {value}",
        (field,),
    )


def _field_permission(org: Org, values: Mapping[str, Stored]) -> RowError | None:
    object_name, _, field_name = str(values["Field"]).partition(".")
    target = org.objects.get(object_name)
    each = target.find(field_name) if target else None
    if (
        target is None
        or target.name != values["SobjectType"]
        or each is None
        or each.required
        or each.name == "Id"
    ):
        return _bad_value("Field Name", values["Field"], "Field")
    if values.get("PermissionsEdit") and not values.get("PermissionsRead"):
        return RowError(
            "FIELD_INTEGRITY_EXCEPTION", "Edit Field depends on: Read Field", ("PermissionsEdit",)
        )
    if values.get("PermissionsEdit") and not (each.updateable or each.createable):
        return RowError(
            "FIELD_INTEGRITY_EXCEPTION", f"{values['Field']}: the field is not editable", ("PermissionsEdit",)
        )
    return None


def _object_permission(
    org: Org, connection: sqlite3.Connection, values: Mapping[str, Stored]
) -> RowError | None:
    name = str(values["SobjectType"])
    target = org.objects.get(name)
    if target is None or target.setup or target.rights_of is not None:
        return _bad_value("Sobject Type Name", name, "SobjectType")
    if any(values.get(right) for right in _NEEDS_READ) and not values.get("PermissionsRead"):
        return RowError(
            "FIELD_INTEGRITY_EXCEPTION",
            f"Permission depends on permission(s): Read {name}",
            ("PermissionsRead",),
        )
    for other in _DEPENDS.get(name, ()):
        found = connection.execute(
            'SELECT 1 FROM "sf_ObjectPermissions" WHERE ParentId = ? AND SobjectType = ? AND PermissionsRead = 1',
            (values["ParentId"], other),
        ).fetchone()
        if found is None:
            return RowError(
                "FIELD_INTEGRITY_EXCEPTION",
                f"Permission Read {name} depends on permission(s): Read {other}",
                ("PermissionsRead",),
            )
    return None


def _duplicate(
    connection: sqlite3.Connection, target: SObject, values: Mapping[str, Stored]
) -> RowError | None:
    test = " AND ".join(f"{quoted(name)} IS ?" for name in target.unique_together)
    found = connection.execute(
        f"SELECT Id FROM {quoted(target.table)} WHERE {test}",
        [values.get(name) for name in target.unique_together],
    ).fetchone()
    if found is None:
        return None
    field = target.unique_together[-1]
    return RowError(
        "DUPLICATE_VALUE",
        f"duplicate value found: {field} duplicates value on record with id: {found[0][:15]}",
        (field,),
    )


def cascade(connection: sqlite3.Connection, target: SObject, record_id: str) -> None:
    """Delete what goes with a permission set."""
    if target.name != "PermissionSet":
        return
    for table, column in (
        ("sf_ObjectPermissions", "ParentId"),
        ("sf_FieldPermissions", "ParentId"),
        ("sf_PermissionSetAssignment", "PermissionSetId"),
    ):
        connection.execute(f"DELETE FROM {quoted(table)} WHERE {quoted(column)} = ?", (record_id,))
