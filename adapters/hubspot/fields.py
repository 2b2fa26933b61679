"""What HubSpot says of the properties of its objects, in our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.hubspot.errors import OBJECT_NOT_FOUND, Refused
from adapters.hubspot.http import Portal
from adapters.hubspot.paths import OBJECTS
from connector.crm import CrmField, FieldType, Option
from connector.errors import CrmError, CrmRequestError

_TYPES: Mapping[str, FieldType] = {
    "bool": FieldType.BOOLEAN,
    "date": FieldType.DATE,
    "datetime": FieldType.DATETIME,
    "number": FieldType.NUMBER,
}
"""By HubSpot's type; enumerations are looked at closely, everything else is text.

A number shown as a percentage stays a number: HubSpot stores 0.4 for 40 %.
"""

_IDS = frozenset(
    {"hs_object_id", "hs_parent_company_id", "associatedcompanyid", "hs_primary_associated_company"}
)
"""Numbers for HubSpot, but ids: they are compared with other ids, which are texts."""

_LONG_TEXTS = frozenset({"textarea", "html"})
_LONGEST_TEXT = 65_536
_REQUIRED = frozenset({*OBJECTS["accounts"], *OBJECTS["opportunities"]})


class Fields:
    """Properties of one portal's objects, each object asked for once."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._raw: dict[str, Mapping[str, Mapping[str, Any]]] = {}
        self._cooked: dict[str, dict[str, CrmField]] = {}

    def forget(self) -> None:
        """Ask again: properties were changed."""
        self._raw.clear()
        self._cooked.clear()

    def of(self, name: str) -> Mapping[str, CrmField]:
        """Properties of a HubSpot object by internal name.

        Raises:
            CrmRequestError: no such object, or no scope for one that the method can do without; code
                ``OBJECT_NOT_FOUND``.
            CrmAuthError: no scope for companies or deals.
        """
        if name not in self._cooked:
            self._cooked[name] = {each: _field(raw) for each, raw in self.raw(name).items()}
        return self._cooked[name]

    def raw(self, name: str) -> Mapping[str, Mapping[str, Any]]:
        """The properties as HubSpot describes them, by internal name; see `of` for what it raises."""
        if name not in self._raw:
            self._raw[name] = {str(each["name"]): each for each in self._list(name)}
        return self._raw[name]

    def archived(self, name: str) -> frozenset[str]:
        """Names of the properties in the recycle bin."""
        answer = self._portal.request(
            f"list the archived properties of {name}",
            "GET",
            self._portal.paths.properties(name),
            query=[("archived", "true")],
            expect="results",
        )
        return frozenset(str(each["name"]) for each in answer["results"])

    def lacking(self, name: str, field: str, operation: str) -> CrmRequestError:
        """The error for a property that is unknown or hidden."""
        words = self._portal.translator.unknown_field(field, name)
        return CrmRequestError(
            f"HubSpot could not {operation}: {words}.",
            crm="hubspot",
            operation=operation,
            code="PROPERTY_DOESNT_EXIST",
        )

    def _list(self, name: str) -> list[Mapping[str, Any]]:
        operation = f"describe {name}"
        try:
            answer = self._portal.attempt(
                operation,
                "GET",
                self._portal.paths.properties(name),
                query=[("archived", "false")],
                expect="results",
            )
        except Refused as refused:
            raise self._no_object(name, refused, operation) from refused
        found: list[Mapping[str, Any]] = answer["results"]
        return found

    def _no_object(self, name: str, refused: Refused, operation: str) -> CrmError:
        error = self._portal.translator.translate(refused, operation)
        if (
            name in _REQUIRED
            or refused.status not in (403, 404)
            or refused.code in ("", "INVALID_AUTHENTICATION")
        ):
            return error
        # The method can do without the object: a named problem for what reads it, not for the rest.
        return CrmRequestError(
            f"{error} Or take its section out of the mapping.",
            crm="hubspot",
            operation=operation,
            status=refused.status,
            code=OBJECT_NOT_FOUND,
        )


def _field(raw: Mapping[str, Any]) -> CrmField:
    rules = raw.get("modificationMetadata") or {}
    calculated = bool(raw.get("calculated")) or str(raw.get("fieldType", "")).startswith("calculation")
    kind = field_type(raw)
    is_text = kind in (FieldType.TEXT, FieldType.LONG_TEXT)
    options = tuple(
        Option(
            str(option["value"]), str(option.get("label") or option["value"]), not option.get("hidden", False)
        )
        for option in raw.get("options") or ()
    )
    return CrmField(
        name=str(raw["name"]),
        label=str(raw.get("label") or raw["name"]),
        type=kind,
        length=_LONGEST_TEXT if is_text else None,
        options=options if kind in (FieldType.PICKLIST, FieldType.MULTI_PICKLIST) else (),
        # HubSpot refuses values that are not among an enumeration's options, always.
        restricted=kind in (FieldType.PICKLIST, FieldType.MULTI_PICKLIST) and bool(options),
        writable=not calculated and not rules.get("readOnlyValue", False),
        calculated=calculated,
        standard=raw.get("hubspotDefined") is True,
    )


def field_type(raw: Mapping[str, Any]) -> FieldType:
    """Our type of a property as HubSpot describes it."""
    kind, shown = str(raw.get("type", "")), str(raw.get("fieldType", ""))
    if str(raw["name"]) in _IDS or raw.get("referencedObjectType"):
        return FieldType.REFERENCE
    if kind == "enumeration":
        if shown == "booleancheckbox":
            return FieldType.BOOLEAN
        return FieldType.MULTI_PICKLIST if shown == "checkbox" else FieldType.PICKLIST
    if kind == "number" and (raw.get("showCurrencySymbol") or raw.get("numberDisplayHint") == "currency"):
        return FieldType.CURRENCY
    if kind in _TYPES:
        return _TYPES[kind]
    return FieldType.LONG_TEXT if shown in _LONG_TEXTS else FieldType.TEXT
