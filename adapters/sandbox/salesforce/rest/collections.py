"""sObject Collections: up to 200 records in one call, each with its own result."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from adapters.sandbox.http import json_response
from adapters.sandbox.salesforce.api import Call, Gate
from adapters.sandbox.salesforce.checks import Values
from adapters.sandbox.salesforce.errors import ApiError
from adapters.sandbox.salesforce.ids import normalised
from adapters.sandbox.salesforce.org import Org
from adapters.sandbox.salesforce.records import Records, Saved
from adapters.sandbox.salesforce.rest.common import (
    DATA,
    given,
    object_of,
    record,
    result,
    values_of,
)
from adapters.sandbox.salesforce.schema import SObject
from adapters.sandbox.salesforce.sharing import live_row

_LARGEST_COLLECTION = 200
_LARGEST_RETRIEVE = 2_000
_MOST_CHUNKS = 10  # runs of one object in a collection
_MANY = f"{DATA}/composite/sobjects"


class Collections:
    """Many records at a time."""

    def __init__(self, org: Org, gate: Gate, records: Records) -> None:
        """Serve `org`."""
        self._org = org
        self._gate = gate
        self._records = records

    def routes(self) -> list[Route]:
        """The endpoints."""
        api = self._gate.endpoint
        of_one = f"{_MANY}/{{object}}"
        return [
            Route(_MANY, api(self._update), methods=["PATCH"]),
            Route(_MANY, api(self._create), methods=["POST"]),
            Route(_MANY, api(self._delete), methods=["DELETE"]),
            Route(of_one, api(self._retrieve), methods=["GET"]),
            Route(of_one, api(self._retrieve, reads=True), methods=["POST"]),
            Route(f"{of_one}/{{field}}", api(self._upsert), methods=["PATCH"]),
        ]

    def _retrieve(self, call: Call) -> Response:
        target = object_of(self._org, call)
        if call.request.method == "POST":
            asked = call.json_object()
            ids, names = list(asked.get("ids", [])), list(asked.get("fields", []))
        else:
            ids = (call.query("ids") or "").split(",")
            names = (call.query("fields") or "").split(",")
        if len(ids) > _LARGEST_RETRIEVE:
            raise ApiError(
                "EXCEEDED_ID_LIMIT",
                f"Too many record identifiers specified, the limit is {_LARGEST_RETRIEVE}",
            )
        fields = [call.access.field_of(target, name) for name in dict.fromkeys(["Id", *names]) if name]
        found = []
        for sent in ids:
            record_id = normalised(str(sent))
            row = record_id and live_row(self._org, call.access, target, record_id)
            found.append(record(target, row, fields, call.version) if row else None)
        return json_response(found)

    def _collection(self, call: Call) -> tuple[list[tuple[SObject, Mapping[str, Any]]], bool]:
        """The records of a collection with their objects, and allOrNone.

        Raises:
            ApiError: the request is not well-formed, and fails as a whole.
        """
        body = call.json_object()
        records = body.get("records")
        if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
            raise ApiError("INVALID_FIELD", "The records field is required")
        if len(records) > _LARGEST_COLLECTION:
            raise ApiError(
                "EXCEEDED_ID_LIMIT",
                f"record limit reached. cannot submit more than {_LARGEST_COLLECTION} records into this call",
            )
        found = []
        for each in records:
            described = each.get("attributes")
            name = described.get("type") if isinstance(described, dict) else None
            if not name:
                raise ApiError(
                    "INVALID_FIELD", "Include an entity type by specifying a 'type' attribute for each record"
                )
            found.append((self._org.object(str(name)), each))
        chunks = 1 + sum(one[0] is not other[0] for one, other in itertools.pairwise(found))
        if chunks > _MOST_CHUNKS:
            raise ApiError(
                "EXCEEDED_MAX_TYPES_LIMIT", f"Too many chunks of records, the limit is {_MOST_CHUNKS}"
            )
        return found, bool(body.get("allOrNone", False))

    def _write(self, call: Call, right: str) -> Response:
        records, all_or_none = self._collection(call)
        for name in dict.fromkeys(target.name for target, _ in records):
            call.access.demand(right, self._org.objects[name])
        rows = [(target, _id(each), values_of(call, target, each)) for target, each in records]
        circumstances = given(call, all_or_none=all_or_none)
        results: list[Saved] = []
        for _, run in itertools.groupby(rows, key=lambda row: row[0].name):
            chunk = list(run)
            target = chunk[0][0]
            if right == "PermissionsCreate":
                values = [own for _, _, own in chunk]
                results += self._records.create(call.access, target, values, circumstances)
            else:
                sent: list[tuple[str, Values]] = [(record_id, own) for _, record_id, own in chunk]
                results += self._records.update(call.access, target, sent, circumstances)
        return json_response([result(saved) for saved in results])

    def _update(self, call: Call) -> Response:
        return self._write(call, "PermissionsEdit")

    def _create(self, call: Call) -> Response:
        return self._write(call, "PermissionsCreate")

    def _upsert(self, call: Call) -> Response:
        records, all_or_none = self._collection(call)
        target = object_of(self._org, call)
        each = target.find(call.parameter("field"))
        if each is None or not (each.external_id or each.type == "id"):
            raise ApiError("INVALID_FIELD", f"{call.parameter('field')} is no external id of {target.name}")
        call.access.demand("PermissionsEdit", target)
        rows = [(_id(row), values_of(call, target, row)) for _, row in records]
        saved = self._records.upsert(
            call.access,
            target,
            each if each.external_id else None,
            rows,
            given(call, all_or_none=all_or_none),
        )
        return json_response([{**result(one), "created": one.created} for one in saved])

    def _delete(self, call: Call) -> Response:
        ids = [record_id for record_id in (call.query("ids") or "").split(",") if record_id]
        if len(ids) > _LARGEST_COLLECTION:
            raise ApiError(
                "EXCEEDED_ID_LIMIT", f"Too many record identifiers, the limit is {_LARGEST_COLLECTION}"
            )
        circumstances = given(call, all_or_none=(call.query("allOrNone") or "").lower() == "true")
        results = []
        for record_id in ids:
            target = self._org.object_of_id(record_id)
            if target is None:
                raise ApiError("MALFORMED_ID", f"malformed id {record_id}")
            call.access.demand("PermissionsDelete", target)
            results += self._records.delete(call.access, target, [record_id], circumstances)
        return json_response([result(saved) for saved in results])


def _id(row: Mapping[str, Any]) -> str:
    return str(row.get("id") or row.get("Id") or "")
