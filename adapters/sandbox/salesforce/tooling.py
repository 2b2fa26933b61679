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
from adapters.sandbox.salesforce.custom_fields import field_of, metadata_for, metadata_of
from adapters.sandbox.salesforce.errors import ApiError, not_found, unsupported_type
from adapters.sandbox.salesforce.features import Features
from adapters.sandbox.salesforce.ids import normalised
from adapters.sandbox.salesforce.org import Org
from adapters.sandbox.salesforce.query import Queries
from adapters.sandbox.salesforce.schema import SField, SObject
from adapters.sandbox.salesforce.values import Stored, to_json

_TOOLING = "/services/data/v{version}/tooling"
_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9]|_(?!_))*[A-Za-z0-9]|[A-Za-z]")
_LONGEST_NAME = 40
_CUSTOM_FIELD, _ENTITY_LIMIT = "CustomField", "EntityLimit"


class Tooling:
    """The Tooling resources of one org."""

    def __init__(self, org: Org, gate: Gate, queries: Queries, features: Features) -> None:
        """Serve `org`."""
        self._org = org
        self._features = features
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
        self._enter(target, each, metadata_for(each), by)

    def _query(self, call: Call) -> Response:
        _demand_administrator(call)
        text = call.query("q") or ""
        if _ENTITY_LIMIT.lower() in text.lower():
            self._count()
        return json_response(self._queries.run(call.access, text, call.request, tooling=True))

    def _count(self) -> None:
        """Bring the limits of objects up to date."""
        target = self._org.tooling[_ENTITY_LIMIT]
        limit = self._features.custom_fields
        with self._org.database.writing() as connection:
            connection.execute(f"DELETE FROM {quoted(target.table)}")
            for each in self._org.objects.values():
                if not each.setup:
                    values: dict[str, Stored] = {
                        "DurableId": f"{each.name}.CustomFields",
                        "EntityDefinitionId": each.name,
                        "Label": "Custom Fields",
                        "Type": "CustomFields",
                        "Max": limit,
                        "Remaining": max(0, limit - each.custom_fields),
                    }
                    self._org.insert(target, values, each.name)

    def _more(self, call: Call) -> Response:
        return json_response(self._queries.more(call.access, call.parameter("locator"), call.request))

    def _create(self, call: Call) -> Response:
        _demand_administrator(call)
        body = call.json_object()
        target, name = self._named(body)
        metadata = metadata_of(body)
        if target.find(name) is not None:
            label = metadata.get("label", name)
            raise ApiError(
                "DUPLICATE_DEVELOPER_NAME",
                f"There is already a field named {label} on {target.label}.",
                fields=("DeveloperName",),
            )
        each = field_of(name, metadata)
        if target.custom_fields >= self._features.custom_fields:
            raise ApiError(
                "CUSTOM_ENTITY_OR_FIELD_LIMIT",
                f"You have reached the maximum number of custom fields on {target.label}.",
            )
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
        metadata = metadata_of(call.json_object())
        target = self._org.objects[row["TableEnumOrId"]]
        before = target.fields[f"{row['DeveloperName']}__c"]
        after = field_of(before.name, metadata)
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
