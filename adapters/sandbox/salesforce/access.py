"""Who may see and do what: profiles, permission sets, field-level security, sharing."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.sandbox.salesforce.errors import ApiError, no_such_column, unsupported_type
from adapters.sandbox.salesforce.schema import SField, SObject

# What field-level security cannot take away.
_ALWAYS_VISIBLE = ("Id", "Name", "IsDeleted", "CreatedDate", "LastModifiedDate", "SystemModstamp", "OwnerId")


@dataclass(frozen=True, slots=True)
class Access:
    """What one user may do, added up over the profile and the permission sets assigned.

    Attributes:
        user_id: whose.
        administrator: may change setup objects and custom fields.
        objects: rights such as "PermissionsEdit", by object.
        fields: (readable, editable) of custom fields, by "Account.KPM_Why__c".
        hidden: fields that the sandbox's control endpoint hid, as "Account.Industry".
        locked: fields that it made read-only.
        half: every second account, and what belongs to it, is not shared with the user.
    """

    user_id: str
    administrator: bool
    objects: dict[str, frozenset[str]]
    fields: dict[str, tuple[bool, bool]]
    hidden: frozenset[str] = field(default=frozenset())
    locked: frozenset[str] = field(default=frozenset())
    half: bool = False

    def may(self, right: str, target: SObject) -> bool:
        """Whether the user has e.g. "PermissionsEdit" on an object."""
        if target.setup:
            return self.administrator or right == "PermissionsRead"
        if target.rights_of == "":
            return True
        return right in self.objects.get(target.rights_of or target.name, frozenset())

    def readable(self, target: SObject, each: SField) -> bool:
        """Whether the user sees a field."""
        name = f"{target.name}.{each.name}"
        if name in self.hidden:
            return False
        if not each.custom or target.setup or each.required:
            return True
        return self.fields.get(name, (False, False))[0]

    def editable(self, target: SObject, each: SField) -> bool:
        """Whether the user may change a field that is not read-only by nature."""
        name = f"{target.name}.{each.name}"
        if name in self.locked or not self.readable(target, each):
            return False
        if not each.custom or target.setup or each.required:
            return True
        return self.fields.get(name, (False, False))[1]

    def visible_fields(self, target: SObject) -> list[SField]:
        """The fields that describe shows, in order."""
        return [each for each in target.fields.values() if self.readable(target, each)]

    def field_of(self, target: SObject, name: str) -> SField:
        """A field by name.

        Raises:
            ApiError: it does not exist or is hidden.
        """
        each = target.find(name)
        if each is None or not self.readable(target, each):
            raise no_such_column(name, target.name)
        return each

    def demand(self, right: str, target: SObject) -> None:
        """Refuse what the user may not do.

        Raises:
            ApiError: in Salesforce's words.
        """
        if right != "PermissionsRead" and not self.may("PermissionsRead", target):
            raise unsupported_type(target.name)
        if self.may(right, target):
            return
        if right == "PermissionsRead":
            raise unsupported_type(target.name)
        if target.setup:
            verb = {"PermissionsCreate": "inserted", "PermissionsEdit": "updated"}.get(right, "deleted")
            raise ApiError(
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
                f"entity type cannot be {verb}: {target.label}",
                fields=(),
            )
        raise ApiError(
            "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", 403, fields=()
        )

    def hideable(self, target: SObject, each: SField) -> bool:
        """Whether field-level security applies to a field at all."""
        return not target.setup and each.name not in _ALWAYS_VISIBLE and not each.required
