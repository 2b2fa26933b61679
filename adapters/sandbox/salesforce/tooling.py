"""Tooling API: custom fields are created, changed, read and deleted here."""

from __future__ import annotations

import re
from typing import Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from adapters.sandbox.database import quoted
from adapters.sandbox.http import json_response
from adapters.sandbox.salesforce.api import Call, Gate
from adapters.sandbox.salesforce.errors import ApiError, not_found, unsupported_type
from adapters.sandbox.salesforce.ids import normalised
from adapters.sandbox.salesforce.org import Org
from adapters.sandbox.salesforce.query import Queries
from adapters.sandbox.salesforce.schema import SField, SObject, Value
from adapters.sandbox.salesforce.values import Stored, to_json

_TOOLING = "/services/data/v{version}/tooling"
_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9]|_(?!_))*[A-Za-z0-9]|[A-Za-z]")
_LONGEST_NAME, _LONGEST_LABEL = 40, 40
# Metadata type -> describe's type, and the properties that have to be given.
_TYPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "Text": ("string", ("length",)),
    "TextArea": ("textarea", ()),
    "LongTextArea": ("textarea", ("length", "visibleLines")),
    "Number": ("double", ("precision", "scale")),
    "Currency": ("currency", ("precision", "scale")),
    "Percent": ("percent", ("precision", "scale")),
    "Checkbox": ("boolean", ("defaultValue",)),
    "Date": ("date", ()),
    "DateTime": ("datetime", ()),
    "Picklist": ("picklist", ("valueSet",)),
    "MultiselectPicklist": ("multipicklist", ("valueSet", "visibleLines")),
    "Url": ("url", ()),
    "Email": ("email", ()),
    "Phone": ("phone", ()),
}
_LONGEST_TEXT, _MOST_DIGITS = 255, 18
_LONGEST_FORMULA_TEXT = 1_300
_CUSTOM_FIELD = "CustomField"
_METADATA_TYPES = {
    "string": "Text",
    "textarea": "LongTextArea",
    "double": "Number",
    "currency": "Currency",
    "percent": "Percent",
    "boolean": "Checkbox",
    "date": "Date",
    "datetime": "DateTime",
    "picklist": "Picklist",
    "multipicklist": "MultiselectPicklist",
}


class Tooling:
    """The Tooling resources of one org."""

    def __init__(self, org: Org, gate: Gate, queries: Queries) -> None:
        """Serve `org`."""
        self._org = org
        self._gate = gate
        self._queries = queries

    def routes(self) -> list[Route]:
        """The endpoints below /services/data/vXX.X/tooling."""
        api = self._gate.endpoint
        one, by_id = f"{_TOOLING}/sobjects/{_CUSTOM_FIELD}", f"{_TOOLING}/sobjects/{_CUSTOM_FIELD}/{{id}}"
        return [
            Route(f"{_TOOLING}/query", api(self._query), methods=["GET"]),
            Route(f"{_TOOLING}/query/", api(self._query), methods=["GET"]),
            Route(f"{_TOOLING}/query/{{locator}}", api(self._more), methods=["GET"]),
            Route(one, api(self._create), methods=["POST"]),
            Route(f"{one}/", api(self._create), methods=["POST"]),
            Route(by_id, api(self._get), methods=["GET"]),
            Route(by_id, api(self._update), methods=["PATCH"]),
            Route(by_id, api(self._delete), methods=["DELETE"]),
        ]

    def register(self, target: SObject, each: SField, by: str) -> None:
        """Enter a custom field that the org already has into the list of custom fields."""
        self._enter(target, each, _metadata(each), by)

    def _query(self, call: Call) -> Response:
        _demand_administrator(call)
        text = call.query("q") or ""
        return json_response(self._queries.run(call.access, text, call.request, tooling=True))

    def _more(self, call: Call) -> Response:
        return json_response(self._queries.more(call.access, call.parameter("locator"), call.request))

    def _create(self, call: Call) -> Response:
        _demand_administrator(call)
        body = call.json_object()
        target, name = self._named(body)
        metadata = _metadata_of(body)
        if target.find(name) is not None:
            label = metadata.get("label", name)
            raise ApiError(
                "DUPLICATE_DEVELOPER_NAME",
                f"There is already a field named {label} on {target.label}.",
                fields=("DeveloperName",),
            )
        each = _field(name, metadata)
        self._org.add_field(target, each)
        record_id = self._enter(target, each, metadata, call.access.user_id)
        return json_response(
            {"id": record_id, "success": True, "errors": [], "warnings": [], "infos": []}, 201
        )

    def _enter(self, target: SObject, each: SField, metadata: dict[str, Any], by: str) -> str:
        values: dict[str, Stored] = {
            "DeveloperName": each.name.removesuffix("__c"),
            "FullName": f"{target.name}.{each.name}",
            "Metadata": orjson.dumps(metadata).decode(),
            "TableEnumOrId": target.name,
            "EntityDefinitionId": target.name,
            "Description": each.description,
            "InlineHelpText": each.help,
            "Length": each.length or None,
            "Precision": each.precision or None,
            "Scale": each.scale if each.precision else None,
        }
        return self._org.insert(self._org.tooling[_CUSTOM_FIELD], values, by)

    def _named(self, body: dict[str, Any]) -> tuple[SObject, str]:
        """The object and API name of ``FullName``."""
        object_name, _, name = str(body.get("FullName") or "").partition(".")
        if not name:
            raise ApiError(
                "FIELD_INTEGRITY_EXCEPTION", "Full Name: has to be OBJECT.FIELD__c", fields=("FullName",)
            )
        target = self._org.object(object_name)
        developer_name = name.removesuffix("__c")
        if (
            not name.endswith("__c")
            or not _NAME.fullmatch(developer_name)
            or len(developer_name) > _LONGEST_NAME
        ):
            raise ApiError(
                "FIELD_INTEGRITY_EXCEPTION",
                "The Custom Field API Name can only contain underscores and alphanumeric characters. It must be "
                "unique, begin with a letter, not include spaces, not end with an underscore, and not contain two "
                "consecutive underscores.",
                fields=("FullName",),
            )
        return target, name

    def _found(self, call: Call) -> Any:  # noqa: ANN401 (a row of SQLite)
        _demand_administrator(call)
        row = self._org.database.row(
            'SELECT * FROM "sf_CustomField" WHERE Id = ?', (normalised(call.parameter("id")),)
        )
        if row is None:
            raise not_found()
        return row

    def _get(self, call: Call) -> Response:
        row = self._found(call)
        target = self._org.tooling[_CUSTOM_FIELD]
        url = f"/services/data/v{call.version}/tooling/sobjects/{_CUSTOM_FIELD}/{row['Id']}"
        return json_response(
            {
                "attributes": {"type": _CUSTOM_FIELD, "url": url},
                **{each.name: to_json(each.type, row[each.name]) for each in target.stored},
            }
        )

    def _update(self, call: Call) -> Response:
        """Replace the metadata: labels, help and the values of a picklist; never the type."""
        row = self._found(call)
        metadata = _metadata_of(call.json_object())
        target = self._org.objects[row["TableEnumOrId"]]
        before = target.fields[f"{row['DeveloperName']}__c"]
        after = _field(before.name, metadata)
        if after.type != before.type:
            raise ApiError(
                "FIELD_INTEGRITY_EXCEPTION",
                "The sandbox does not change a field's type",
                fields=("Metadata",),
            )
        target.add([after])
        self._org.database.execute(
            'UPDATE "sf_CustomField" SET Metadata = ?, LastModifiedDate = ?, LastModifiedById = ? WHERE Id = ?',
            (orjson.dumps(metadata).decode(), self._org.stamp(), call.access.user_id, row["Id"]),
        )
        return Response(status_code=204)

    def _delete(self, call: Call) -> Response:
        row = self._found(call)
        target = self._org.objects[row["TableEnumOrId"]]
        self._org.remove_field(target, f"{row['DeveloperName']}__c")
        with self._org.database.writing() as connection:
            connection.execute(f"DELETE FROM {quoted('sf_CustomField')} WHERE Id = ?", (row["Id"],))
            connection.execute('DELETE FROM "sf_FieldPermissions" WHERE Field = ?', (row["FullName"],))
        self._org.permissions_changed()
        return Response(status_code=204)


def _demand_administrator(call: Call) -> None:
    if not call.access.administrator:
        raise unsupported_type(_CUSTOM_FIELD)


def _metadata_of(body: dict[str, Any]) -> dict[str, Any]:
    metadata = body.get("Metadata")
    if not isinstance(metadata, dict):
        raise ApiError(
            "REQUIRED_FIELD_MISSING", "Required fields are missing: [Metadata]", fields=("Metadata",)
        )
    return metadata


def _field(name: str, metadata: dict[str, Any]) -> SField:
    """The field that this metadata describes.

    Raises:
        ApiError: a property is missing, or makes no sense for the type.
    """
    kind = metadata.get("type")
    if kind not in _TYPES:
        raise ApiError(
            "JSON_PARSER_ERROR",
            f"Cannot deserialize instance of complexvalue from VALUE_STRING value {kind} or request may be missing a "
            "required field at [line:1, column:1]",
        )
    described, needed = _TYPES[kind]
    label = str(metadata.get("label") or "")
    if not label or len(label) > _LONGEST_LABEL:
        raise _integrity(f"Must specify a label of 1 to {_LONGEST_LABEL} characters for a CustomField")
    formula = metadata.get("formula")
    for key in needed if formula is None else ():
        if metadata.get(key) is None:
            raise _integrity(f"Must specify '{key}' for a CustomField of type {kind}")
    if kind == "Checkbox" and metadata.get("required"):
        raise _integrity("Can not specify 'required' for a CustomField of type Checkbox")
    precision, scale = int(metadata.get("precision") or 0), int(metadata.get("scale") or 0)
    if precision > _MOST_DIGITS or scale > precision:
        raise _integrity(f"Precision must be at most {_MOST_DIGITS}, and scale at most the precision")
    length = int(metadata.get("length") or (255 if described in ("picklist", "textarea", "url") else 80))
    if formula is not None:
        length = _LONGEST_FORMULA_TEXT
    elif kind == "Text" and not 1 <= length <= _LONGEST_TEXT:
        raise _integrity(f"Length must be between 1 and {_LONGEST_TEXT} for a CustomField of type Text")
    restricted, values = _value_set(metadata.get("valueSet"))
    numeric = described in ("double", "currency", "percent")
    return SField(
        name,
        label,
        described,
        length=0 if numeric or described in ("boolean", "date", "datetime") else length,
        precision=precision if numeric else 0,
        scale=scale if numeric else 0,
        required=bool(metadata.get("required")),
        nillable=described != "boolean" and not metadata.get("required"),
        restricted=restricted,
        values=values,
        help=metadata.get("inlineHelpText"),
        description=metadata.get("description"),
        unique=bool(metadata.get("unique")),
        external_id=bool(metadata.get("externalId")),
        calculated=formula is not None,
        createable=formula is None,
        updateable=formula is None,
    )


def _integrity(message: str) -> ApiError:
    return ApiError("FIELD_INTEGRITY_EXCEPTION", message, fields=("Metadata",))


def _value_set(value_set: Any) -> tuple[bool, tuple[Value, ...]]:  # noqa: ANN401 (any JSON)
    if not isinstance(value_set, dict):
        return False, ()
    definition = value_set.get("valueSetDefinition") or {}
    values = tuple(
        Value(
            str(entry.get("fullName") or entry.get("valueName") or entry["label"]),
            str(entry.get("label") or entry.get("fullName") or entry.get("valueName")),
            active=entry.get("isActive") is not False,
            default=bool(entry.get("default")),
        )
        for entry in definition.get("value", [])
    )
    spellings = [each.value.casefold() for each in values]
    if len(set(spellings)) < len(spellings):
        raise _integrity("Duplicate picklist value")
    return bool(value_set.get("restricted")), values


def _metadata(each: SField) -> dict[str, Any]:
    """The metadata of a field that the org already has."""
    metadata: dict[str, Any] = {
        "label": each.label,
        "type": _METADATA_TYPES[each.type],
        "required": each.required,
    }
    if each.length and not each.values:
        metadata["length"] = each.length
    if each.precision:
        metadata |= {"precision": each.precision, "scale": each.scale}
    if each.values:
        values = [
            {"fullName": option.value, "label": option.label, "default": option.default}
            for option in each.values
        ]
        definition = {"sorted": False, "value": values}
        metadata["valueSet"] = {"restricted": each.restricted, "valueSetDefinition": definition}
    return metadata
