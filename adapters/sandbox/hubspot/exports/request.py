"""What an export was asked to hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapters.sandbox.hubspot.errors import ApiError, validation
from adapters.sandbox.hubspot.store.filters import Condition, Filters, bad, groups_of
from adapters.sandbox.hubspot.store.property_store import Definitions
from adapters.sandbox.hubspot.store.schema import ObjectType, Property

_REQUIRED: Final = ("exportType", "format", "exportName", "objectType", "objectProperties")
_LANGUAGE: Final = re.compile(r"[A-Z]{2}(_[A-Z]{2})?\Z")
_INTERNAL: Final = ("NAMES", "VALUES")
_MAX_ASSOCIATED: Final = 4
_MAX_GROUPS: Final = 3


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """A checked request.

    Attributes:
        kind: what is exported.
        name: of the export.
        properties: columns, in the order asked for; the record's id is not among them.
        asked: names as asked for.
        associated: objects whose ids come along.
        labelled: their primary association has columns of its own.
        display: the associated records' names come along.
        unlimited: all associated records of a row.
        internal_names: the header holds internal names, not labels.
        internal_values: cells hold internal values, not what people see.
        where: which records.
        order: their order, SQL.
        half: the caller sees every second company only.
    """

    kind: ObjectType
    name: str
    properties: tuple[Property, ...]
    asked: tuple[str, ...]
    associated: tuple[ObjectType, ...]
    labelled: bool
    display: bool
    unlimited: bool
    internal_names: bool
    internal_values: bool
    where: Condition
    order: str
    half: bool


def parsed_request(
    body: Mapping[str, Any],
    definitions: Definitions,
    filters: Filters,
    readable: Callable[[str], ObjectType],
    *,
    half: bool,
) -> ExportRequest:
    """A request from its body; `readable` finds an object type that the caller may read.

    Raises:
        ApiError: 400, or what `readable` raises.
    """
    if missing := [name for name in _REQUIRED if name not in body]:
        raise ApiError(
            400,
            "VALIDATION_ERROR",
            "Invalid input JSON on line 1, column 1: Cannot build PublicExportRequest, "
            f"some of required attributes are not set {missing}".replace("'", ""),
        )
    if body["exportType"] != "VIEW":
        raise validation(f"exportType {body['exportType']}: lists do not exist in this portal.")
    if str(body["format"]).upper() != "CSV":
        raise validation(f"format {body['format']}: this portal writes CSV only.")
    if not _LANGUAGE.match(str(body.get("language", "EN"))):
        raise validation(f"language {body['language']} is not supported.")
    internal = list(body.get("exportInternalValuesOptions") or [])
    if unknown := [word for word in internal if word not in _INTERNAL]:
        raise validation(f"exportInternalValuesOptions: unknown {', '.join(map(str, unknown))}.")
    kind = readable(str(body["objectType"]))
    associated = _associated(body.get("associatedObjectType"), readable)
    asked = tuple(str(name) for name in body["objectProperties"])
    found = [definitions.find(kind, name) for name in dict.fromkeys(asked)]
    search = body.get("publicCrmSearchRequest") or {}
    groups = groups_of(search)
    if len(groups) > _MAX_GROUPS or any(len(group) > _MAX_GROUPS for group in groups):
        raise bad(f"At most {_MAX_GROUPS} filter groups of {_MAX_GROUPS} filters are allowed.")
    return ExportRequest(
        kind=kind,
        name=str(body["exportName"]),
        # What does not exist or is hidden from the user is left out without a word, as in lists.
        properties=tuple(each for each in found if each is not None and each.name != "hs_object_id"),
        asked=asked,
        associated=associated,
        labelled=body.get("includeLabeledAssociations") is True,
        display=body.get("includePrimaryDisplayPropertyForAssociatedObjects", len(associated) == 1) is True,
        unlimited=body.get("overrideAssociatedObjectsPerDefinitionPerRowLimit") is True,
        internal_names="NAMES" in internal,
        internal_values="VALUES" in internal,
        where=filters.where(kind, groups, search.get("query"), half=half),
        order=filters.order(kind, search.get("sorts") or []),
        half=half,
    )


def _associated(given: object, readable: Callable[[str], ObjectType]) -> tuple[ObjectType, ...]:
    """Older requests name one object as a text, newer ones up to four in a list."""
    names = [given] if isinstance(given, str) else given or []
    if not isinstance(names, list) or len(names) > _MAX_ASSOCIATED:
        raise validation(f"associatedObjectType: a list of up to {_MAX_ASSOCIATED} objects is allowed.")
    return tuple(readable(str(name)) for name in names)
