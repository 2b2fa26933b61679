"""HubSpot's object types and what a property definition is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from adapters.sandbox.hubspot.errors import ApiError, validation

CREATED_AT_START: Final = "2019-10-30T03:30:17.883Z"


@dataclass(frozen=True, slots=True)
class Option:
    """One value of an enumeration."""

    value: str
    label: str
    display_order: int = -1
    hidden: bool = False
    description: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As HubSpot returns it."""
        body: dict[str, Any] = {
            "label": self.label,
            "value": self.value,
            "displayOrder": self.display_order,
            "hidden": self.hidden,
        }
        return body if self.description is None else {**body, "description": self.description}


@dataclass(frozen=True, slots=True)
class Property:
    """A property's definition.

    Attributes:
        name: internal name, a column of the object's table.
        label: what people see.
        type: bool, date, datetime, enumeration, number, string or phone_number.
        field_type: how it is edited, such as text or select.
        group: name of its group.
        options: values of an enumeration; empty for one whose values live elsewhere (owners, pipelines).
        read_only: values cannot be set by API.
        calculated: HubSpot computes it.
        unique: no two records share a value.
        hubspot_defined: built in, or made by this portal's people.
        extra: further keys of the reply, such as ``showCurrencySymbol``.
        created, updated: ISO times of the definition.
        archived: in the recycle bin.
    """

    name: str
    label: str
    type: str
    field_type: str
    group: str
    options: tuple[Option, ...] = ()
    description: str = ""
    display_order: int = -1
    read_only: bool = False
    calculated: bool = False
    unique: bool = False
    hidden: bool = False
    form_field: bool = False
    hubspot_defined: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)
    created: str = CREATED_AT_START
    updated: str = CREATED_AT_START
    archived: bool = False

    @property
    def external_options(self) -> bool:
        """The values of the enumeration live outside the definition."""
        return self.type == "enumeration" and not self.options

    @property
    def multiple(self) -> bool:
        """Several values, separated by semicolons."""
        return self.type == "enumeration" and self.field_type == "checkbox"

    def as_json(self, *, locked: bool = False) -> dict[str, Any]:
        """As HubSpot returns it; `locked`: the asking user may not edit the values."""
        body: dict[str, Any] = {
            "updatedAt": self.updated,
            "createdAt": self.created,
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": [option.as_json() for option in self.options],
            "displayOrder": self.display_order,
            "calculated": self.calculated,
            "externalOptions": self.external_options,
            "archived": self.archived,
            "hasUniqueValue": self.unique,
            "hidden": self.hidden,
            "modificationMetadata": {
                "archivable": not self.hubspot_defined,
                "readOnlyDefinition": self.hubspot_defined,
                "readOnlyValue": self.read_only or locked,
            },
            "formField": self.form_field,
            "dataSensitivity": "non_sensitive",
            **self.extra,
        }
        if self.hubspot_defined:
            body["hubspotDefined"] = True
        if self.options:
            body["modificationMetadata"]["readOnlyOptions"] = False
        return body

    def changed(self, **changes: Any) -> Property:  # noqa: ANN401 (the fields of this class)
        """A copy with some fields replaced."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class ObjectType:
    """A kind of record.

    Attributes:
        name: plural, as in paths and the sandbox's tables.
        singular: as in messages and association types.
        type_id: such as ``0-2``.
        first_id: the id of the record with key 0.
        created, modified: names of the system's time stamps.
        default: properties returned when none are asked for.
        read_scopes, write_scopes: one of them is needed.
        schema_scope: the scope that changes property definitions.
    """

    name: str
    singular: str
    type_id: str
    first_id: int
    created: str
    modified: str
    default: tuple[str, ...]
    read_scopes: tuple[str, ...]
    write_scopes: tuple[str, ...]
    schema_scope: str

    @property
    def table(self) -> str:
        """Name of its table."""
        return f"hs_{self.name}"

    @property
    def system(self) -> tuple[str, str, str]:
        """Properties that every reply holds."""
        return (self.created, self.modified, "hs_object_id")


ID_STEP: Final = 7
"""Ids leave gaps, as HubSpot's do."""
_ENGAGEMENT: Final = ("hs_createdate", "hs_lastmodifieddate", "hs_object_id")
_CONTACT_READ: Final = ("crm.objects.contacts.read",)
_CONTACT_WRITE: Final = ("crm.objects.contacts.write",)


def _crm_object(
    name: str,
    singular: str,
    type_id: str,
    first_id: int,
    default: tuple[str, ...],
    modified: str = "hs_lastmodifieddate",
) -> ObjectType:
    return ObjectType(
        name,
        singular,
        type_id,
        first_id,
        "createdate",
        modified,
        default,
        (f"crm.objects.{name}.read",),
        (f"crm.objects.{name}.write",),
        f"crm.schemas.{name}.write",
    )


def _engagement(
    name: str, singular: str, type_id: str, first_id: int, read: tuple[str, ...] = _CONTACT_READ
) -> ObjectType:
    return ObjectType(
        name,
        singular,
        type_id,
        first_id,
        "hs_createdate",
        "hs_lastmodifieddate",
        _ENGAGEMENT,
        read,
        _CONTACT_WRITE,
        "crm.schemas.contacts.write",
    )


OBJECT_TYPES: Final = (
    _crm_object(
        "companies",
        "company",
        "0-2",
        30_100_000_000,
        ("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
    ),
    _crm_object(
        "contacts",
        "contact",
        "0-1",
        50_200_000_000,
        ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
        modified="lastmodifieddate",
    ),
    _crm_object(
        "deals",
        "deal",
        "0-3",
        40_300_000_000,
        (
            "amount",
            "closedate",
            "createdate",
            "dealname",
            "dealstage",
            "hs_lastmodifieddate",
            "hs_object_id",
            "pipeline",
        ),
    ),
    ObjectType(
        "tickets",
        "ticket",
        "0-5",
        20_400_000_000,
        "createdate",
        "hs_lastmodifieddate",
        (
            "content",
            "createdate",
            "hs_lastmodifieddate",
            "hs_object_id",
            "hs_pipeline",
            "hs_pipeline_stage",
            "hs_ticket_category",
            "hs_ticket_priority",
            "subject",
        ),
        ("tickets",),
        ("tickets",),
        "tickets",
    ),
    ObjectType(
        "orders",
        "order",
        "0-123",
        60_500_000_000,
        "hs_createdate",
        "hs_lastmodifieddate",
        ("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
        ("crm.objects.orders.read",),
        ("crm.objects.orders.write",),
        "crm.schemas.orders.write",
    ),
    _engagement("calls", "call", "0-48", 71_000_000_000),
    _engagement("emails", "email", "0-49", 72_000_000_000, ("sales-email-read",)),
    _engagement("meetings", "meeting", "0-47", 73_000_000_000),
    _engagement("notes", "note", "0-46", 74_000_000_000),
    _engagement("tasks", "task", "0-27", 75_000_000_000),
)

_BY_NAME: Final = {
    alias.lower(): each for each in OBJECT_TYPES for alias in (each.name, each.singular, each.type_id)
}


def object_type(name: str) -> ObjectType:
    """An object type by its plural, singular or id.

    Raises:
        ApiError: 400, no such type.
    """
    found = _BY_NAME.get(name.lower())
    if found is None:
        raise validation(f"Unable to infer object type from: {name}")
    return found


def writing_refused(name: str) -> ApiError:
    """A definition that HubSpot owns."""
    return validation(f"The property '{name}' is read only and its definition cannot be changed.")
