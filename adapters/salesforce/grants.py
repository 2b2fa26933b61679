"""What the two permission sets grant: the nightly user reads and writes, people see the results and rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.salesforce.errors import OBJECT_NOT_FOUND
from adapters.salesforce.fields import OBJECTS, Fields
from adapters.salesforce.permissions import SYNC, USER, PermissionSet
from connector.crm import FieldSpec, Object
from connector.errors import CrmRequestError

# Fields that a section's columns rest on beside those that the mapping names.
_ALSO_READ: Mapping[Object, tuple[str, ...]] = {
    "accounts": (),
    "opportunities": ("AccountId",),
    "contact_roles": (),
    "cases": ("AccountId",),
    "orders": ("AccountId",),
    "activities": ("AccountId", "ActivityDate"),
}

GRANTED: Mapping[Object, tuple[str, ...]] = {
    "accounts": ("Account",),
    "opportunities": ("Opportunity",),
    "contact_roles": ("Contact", "Opportunity"),
    "cases": ("Case",),
    "orders": ("Order",),
    "activities": (),
}
"""Objects whose rights a section needs. Contact roles and activities have none of their own."""


def wanted(
    fields: Fields, specs: Sequence[FieldSpec], reads: Mapping[Object, Sequence[str]]
) -> tuple[PermissionSet, PermissionSet]:
    """*KPM Sync* and *KPM User*.

    Args:
        fields: describes: not every field can be granted.
        specs: our fields on the account.
        reads: fields that the nightly user must be able to read, by object.
    """
    sync, user = PermissionSet(SYNC), PermissionSet(USER)
    sync.read("Account", edit=True)
    for section, names in reads.items():
        for object_name in GRANTED[section]:
            sync.read(object_name)
        for object_name in dict.fromkeys((*OBJECTS[section], *GRANTED[section])):
            for name in dict.fromkeys((*_ALSO_READ[section], *names)):
                if _permissionable(fields, object_name, name, custom=section == "accounts"):
                    sync.field(f"{object_name}.{name}")
    for spec in specs:
        name = f"Account.{spec.name}"
        if _permissionable(fields, "Account", spec.name, custom=True):
            writes = spec.badge_of is None
            sync.field(name, edit=spec.result and writes)
            user.field(name, edit=not spec.result and writes)
    return sync, user


def _permissionable(fields: Fields, object_name: str, name: str, *, custom: bool) -> bool:
    """Whether field-level security applies to a field. Our own new ones may be hidden from describe still."""
    try:
        raw = fields.raw(object_name).get(name)
    except CrmRequestError as error:
        if error.code != OBJECT_NOT_FOUND:
            raise
        return False
    if raw is None:
        return custom and name.endswith("__c") and "." not in name
    return bool(raw.get("permissionable"))
