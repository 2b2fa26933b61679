"""Records one by one: by id, or by an external id."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from adapters.sandbox.database import quoted
from adapters.sandbox.http import json_response
from adapters.sandbox.salesforce.api import Call, Gate
from adapters.sandbox.salesforce.errors import ApiError, RowError, not_found
from adapters.sandbox.salesforce.ids import normalised
from adapters.sandbox.salesforce.org import Org
from adapters.sandbox.salesforce.records import Records
from adapters.sandbox.salesforce.rest.common import (
    DATA,
    given,
    object_of,
    record,
    refused,
    values_of,
)
from adapters.sandbox.salesforce.schema import SField, SObject
from adapters.sandbox.salesforce.sharing import live_row
from adapters.sandbox.salesforce.values import Stored, from_json


class Single:
    """One record at a time."""

    def __init__(self, org: Org, gate: Gate, records: Records) -> None:
        """Serve `org`."""
        self._org = org
        self._gate = gate
        self._records = records

    def routes(self) -> list[Route]:
        """The endpoints."""
        api = self._gate.endpoint
        one = f"{DATA}/sobjects/{{object}}"
        by_id, by_key = f"{one}/{{id}}", f"{one}/{{field}}/{{value}}"
        return [
            Route(one, api(self._create), methods=["POST"]),
            Route(by_id, api(self._get), methods=["GET"]),
            Route(by_id, api(self._update), methods=["PATCH"]),
            Route(by_id, api(self._delete), methods=["DELETE"]),
            Route(by_key, api(self._get_by_key), methods=["GET"]),
            Route(by_key, api(self._upsert), methods=["PATCH", "POST"]),
        ]

    def _fields(self, call: Call, target: SObject) -> list[SField]:
        names = [name.strip() for name in (call.query("fields") or "").split(",") if name.strip()]
        if names:
            return [call.access.field_of(target, name) for name in dict.fromkeys([*names, "Id"])]
        return [each for each in call.access.visible_fields(target) if each.stored]

    def _shown(self, call: Call, target: SObject, record_id: str | None) -> Response:
        row = record_id and live_row(self._org, call.access, target, record_id)
        if not row:
            raise not_found()
        return json_response(record(target, row, self._fields(call, target), call.version))

    def _get(self, call: Call) -> Response:
        target = object_of(self._org, call)
        record_id = normalised(call.parameter("id"))
        if record_id is None:
            raise ApiError("MALFORMED_ID", f"malformed id {call.parameter('id')}", 404)
        return self._shown(call, target, record_id)

    def _create(self, call: Call) -> Response:
        target = object_of(self._org, call)
        call.access.demand("PermissionsCreate", target)
        values = values_of(call, target, call.json_object())
        saved = self._records.create(call.access, target, [values], given(call))[0]
        if saved.errors:
            return refused(saved)
        return json_response({"id": saved.id, "success": True, "errors": []}, 201)

    def _update(self, call: Call) -> Response:
        target = object_of(self._org, call)
        call.access.demand("PermissionsEdit", target)
        values = values_of(call, target, call.json_object())
        saved = self._records.update(call.access, target, [(call.parameter("id"), values)], given(call))[0]
        return refused(saved) if saved.errors else Response(status_code=204)

    def _delete(self, call: Call) -> Response:
        target = object_of(self._org, call)
        call.access.demand("PermissionsDelete", target)
        saved = self._records.delete(call.access, target, [call.parameter("id")], given(call))[0]
        return refused(saved) if saved.errors else Response(status_code=204)

    # By an external id

    def _key(self, call: Call, target: SObject) -> tuple[SField | None, str]:
        """The external id of the path (None: Id) and its value."""
        each = target.find(call.parameter("field"))
        if each is None or not (each.external_id or each.type == "id"):
            raise ApiError(
                "NOT_FOUND",
                f"Provided external ID field does not exist or is not accessible: {call.parameter('field')}",
                404,
            )
        return (each if each.external_id else None), call.parameter("value")

    def _get_by_key(self, call: Call) -> Response:
        target = object_of(self._org, call)
        each, value = self._key(call, target)
        if each is None:
            return self._shown(call, target, normalised(value))
        found = self._org.database.rows(
            f"SELECT Id FROM {quoted(target.table)} WHERE {quoted(each.name)} = ? AND IsDeleted = 0 LIMIT 2",
            (from_json(each, value),),
        )
        if len(found) > 1:
            base = f"/services/data/v{call.version}/sobjects/{target.name}"
            return json_response([f"{base}/{row['Id']}" for row in found], 300)
        return self._shown(call, target, found[0]["Id"] if found else None)

    def _upsert(self, call: Call) -> Response:
        target = object_of(self._org, call)
        call.access.demand("PermissionsEdit", target)
        each, value = self._key(call, target)
        values: dict[str, Stored | RowError] = dict(values_of(call, target, call.json_object()))
        if each is not None:
            values[each.name] = from_json(each, value)
        saved = self._records.upsert(
            call.access, target, each, [("" if each else value, values)], given(call)
        )[0]
        if saved.errors:
            return refused(saved)
        shown: dict[str, Any] = {"id": saved.id, "success": True, "errors": [], "created": saved.created}
        return json_response(shown, 201 if saved.created else 200)
