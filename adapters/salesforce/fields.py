"""What describe says of Salesforce's objects, in our words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from simple_salesforce.api import Salesforce

from adapters.salesforce.errors import OBJECT_NOT_FOUND, Refused
from adapters.salesforce.http import Org
from connector.crm import CrmField, FieldType, Object, Option
from connector.errors import CrmRequestError

OBJECTS: Mapping[Object, tuple[str, ...]] = {
    "accounts": ("Account",),
    "opportunities": ("Opportunity",),
    "contact_roles": ("OpportunityContactRole", "AccountContactRole"),
    "cases": ("Case",),
    "orders": ("Order",),
    "activities": ("Task", "Event"),
}
"""Salesforce's objects behind a section; the first is the main one."""

_TYPES: Mapping[str, FieldType] = {
    "int": FieldType.NUMBER,
    "long": FieldType.NUMBER,
    "double": FieldType.NUMBER,
    "currency": FieldType.CURRENCY,
    "percent": FieldType.PERCENT,
    "boolean": FieldType.BOOLEAN,
    "date": FieldType.DATE,
    "datetime": FieldType.DATETIME,
    "picklist": FieldType.PICKLIST,
    "combobox": FieldType.PICKLIST,
    "multipicklist": FieldType.MULTI_PICKLIST,
    "reference": FieldType.REFERENCE,
    "id": FieldType.REFERENCE,
}
"""By the type that describe gives; everything else is text."""

_COMPOUND = frozenset({"address", "location", "complexvalue"})
_NOT_IN_BULK = _COMPOUND | {"base64"}
_LONGEST_SHORT_TEXT = 255
_NUMBERS = frozenset({FieldType.NUMBER, FieldType.CURRENCY, FieldType.PERCENT})


class Fields:
    """Describes of one org, each asked for once."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._raw: dict[str, Mapping[str, Mapping[str, Any]]] = {}
        self._cooked: dict[str, dict[str, CrmField]] = {}

    def forget(self) -> None:
        """Ask again: fields or permissions were changed."""
        self._raw.clear()
        self._cooked.clear()

    def of(self, name: str) -> Mapping[str, CrmField]:
        """Fields of a Salesforce object by API name.

        Raises:
            CrmRequestError: no such object, code ``OBJECT_NOT_FOUND``.
        """
        if name not in self._cooked:
            self._cooked[name] = {field: _field(raw) for field, raw in self.raw(name).items()}
        return self._cooked[name]

    def raw(self, name: str) -> Mapping[str, Mapping[str, Any]]:
        """The fields' own entries in Salesforce's describe, by API name.

        Raises:
            CrmRequestError: no such object, code ``OBJECT_NOT_FOUND``.
        """
        if name not in self._raw:
            operation = f"describe {name}"

            def send(client: Salesforce) -> Any:  # noqa: ANN401 - Salesforce's JSON
                try:
                    return getattr(client, name).describe()
                except Refused as refused:
                    if refused.status != 404:
                        raise
                    return None

            answer = self._org.call(operation, send)
            if not answer:
                raise self._no_object(name, operation)
            self._raw[name] = {str(field["name"]): field for field in answer["fields"]}
        return self._raw[name]

    def resolve(self, name: str, field: str) -> CrmField | None:
        """The field of an object behind a possibly dotted name; None if unknown or hidden."""
        own, _, rest = field.partition(".")
        if not rest:
            return self.of(name).get(own)
        found = self.resolve_any(self._parents(name, own), rest)
        return None if found is None else replace(found, name=field, writable=False)

    def resolve_any(self, names: Iterable[str], field: str) -> CrmField | None:
        """The field of the first of several objects that has it; objects that the org lacks have none."""
        for name in names:
            try:
                found = self.resolve(name, field)
            except CrmRequestError as error:
                if error.code != OBJECT_NOT_FOUND:
                    raise
                continue
            if found is not None:
                return found
        return None

    def filterable(self, name: str, field: str) -> bool:
        """Whether a query may have a condition on the field."""
        own, _, rest = field.partition(".")
        if rest:
            return any(self.filterable(target, rest) for target in self._parents(name, own))
        return bool(self.raw(name).get(own, {}).get("filterable", False))

    def lacking(self, name: str, field: str, operation: str) -> CrmRequestError:
        """The error for a field that is unknown or hidden."""
        self._org.name_user()
        words = self._org.translator.unknown_field(field, name)
        return CrmRequestError(
            f"Salesforce could not {operation}: {words}.",
            crm="salesforce",
            operation=operation,
            code="INVALID_FIELD",
        )

    def _parents(self, name: str, relationship: str) -> list[str]:
        """Objects that a relationship leads to. An owner is mostly a user, though Salesforce names groups first."""
        for raw in self.raw(name).values():
            if raw.get("relationshipName") == relationship:
                return sorted(raw.get("referenceTo") or (), key=lambda target: target != "User")
        return []

    def _no_object(self, name: str, operation: str) -> CrmRequestError:
        self._org.name_user()
        return CrmRequestError(
            f"Salesforce could not {operation}: {self._org.translator.unknown_object(name)}.",
            crm="salesforce",
            operation=operation,
            status=404,
            code=OBJECT_NOT_FOUND,
        )


def _field(raw: Mapping[str, Any]) -> CrmField:
    vendor = str(raw["type"])
    length = raw.get("length") or None
    kind = _TYPES.get(vendor, FieldType.TEXT)
    if vendor == "textarea" and (length or 0) > _LONGEST_SHORT_TEXT:
        kind = FieldType.LONG_TEXT
    # Whole numbers have their digits elsewhere than decimal ones.
    precision = raw.get("digits") or raw.get("precision") or None
    return CrmField(
        name=str(raw["name"]),
        label=str(raw.get("label") or raw["name"]),
        type=kind,
        length=length if kind.arrow == "string" else None,
        precision=precision if kind in _NUMBERS else None,
        scale=int(raw.get("scale") or 0) if kind in _NUMBERS else None,
        options=tuple(
            Option(
                str(value["value"]),
                str(value.get("label") or value["value"]),
                bool(value.get("active", True)),
            )
            for value in raw.get("picklistValues") or ()
        ),
        restricted=bool(raw.get("restrictedPicklist")),
        writable=bool(raw.get("updateable")),
        calculated=bool(raw.get("calculated")),
        readable_in_bulk=vendor not in _NOT_IN_BULK,
        standard=not str(raw["name"]).endswith("__c"),
    )
