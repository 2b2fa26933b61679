"""REST: versions, describe, queries, records one by one and in collections, limits."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.sandbox.database import quoted
from adapters.sandbox.http import blocking, json_response
from adapters.sandbox.salesforce import describe
from adapters.sandbox.salesforce.access import Access
from adapters.sandbox.salesforce.api import VERSIONS, Call, Gate
from adapters.sandbox.salesforce.checks import Circumstances, Values
from adapters.sandbox.salesforce.errors import ApiError, not_found
from adapters.sandbox.salesforce.ids import normalised
from adapters.sandbox.salesforce.org import Org
from adapters.sandbox.salesforce.query import Queries
from adapters.sandbox.salesforce.records import Records, Saved
from adapters.sandbox.salesforce.schema import SObject
from adapters.sandbox.salesforce.values import from_json, to_json

_LARGEST_COLLECTION = 200
_LARGEST_RETRIEVE = 2_000
_MOST_CHUNKS = 10  # runs of one object in a collection
_DATA = "/services/data/v{version}"


class Rest:
    """The REST resources of one org."""

    def __init__(self, org: Org, gate: Gate, queries: Queries, records: Records) -> None:
        """Serve `org`."""
        self._org = org
        self._gate = gate
        self._queries = queries
        self._records = records

    def routes(self) -> list[Route]:
        """The endpoints below /services/data."""
        api = self._gate.endpoint
        one, by_id = f"{_DATA}/sobjects/{{object}}", f"{_DATA}/sobjects/{{object}}/{{id}}"
        many = f"{_DATA}/composite/sobjects"
        routes = [
            Route("/services/data", blocking(_versions, reads=True), methods=["GET"]),
            Route("/services/data/", blocking(_versions, reads=True), methods=["GET"]),
            Route(_DATA, api(self._resources), methods=["GET"]),
            Route(f"{_DATA}/limits", api(self._limits), methods=["GET"]),
            Route(f"{_DATA}/query", api(self._query), methods=["GET"]),
            Route(f"{_DATA}/queryAll", api(self._query_all), methods=["GET"]),
            Route(f"{_DATA}/query/{{locator}}", api(self._more), methods=["GET"]),
            Route(f"{_DATA}/queryAll/{{locator}}", api(self._more), methods=["GET"]),
            Route(f"{_DATA}/sobjects", api(self._list), methods=["GET"]),
            Route(f"{one}/describe", api(self._describe), methods=["GET"]),
            Route(one, api(self._basic), methods=["GET"]),
            Route(one, api(self._create), methods=["POST"]),
            Route(by_id, api(self._get), methods=["GET"]),
            Route(by_id, api(self._update), methods=["PATCH"]),
            Route(by_id, api(self._delete), methods=["DELETE"]),
            Route(many, api(self._update_many), methods=["PATCH"]),
            Route(many, api(self._create_many), methods=["POST"]),
            Route(many, api(self._delete_many), methods=["DELETE"]),
            Route(f"{many}/{{object}}", api(self._retrieve), methods=["GET"]),
            Route(f"{many}/{{object}}", api(self._retrieve, reads=True), methods=["POST"]),
        ]
        # Clients differ in trailing slashes; Salesforce answers both.
        slashed = [
            Route(f"{route.path}/", route.endpoint, methods=list(route.methods or []))
            for route in routes
            if not route.path.endswith(("/", "}"))
        ]
        return [*routes, *slashed]

    # Reading

    def _resources(self, call: Call) -> Response:
        base = f"/services/data/v{call.version}"
        names = ("tooling", "limits", "query", "queryAll", "sobjects", "composite", "jobs")
        return json_response({name: f"{base}/{name}" for name in names})

    def _limits(self, _call: Call) -> Response:
        quota = self._org.world.quota["salesforce"]
        return json_response(
            {
                "DailyApiRequests": {"Max": quota.limit, "Remaining": quota.remaining},
                "DailyBulkApiBatches": {"Max": 15_000, "Remaining": 15_000},
                "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000},
                "DailyBulkV2QueryFileStorageMB": {"Max": 976_562, "Remaining": 976_562},
                "DataStorageMB": {"Max": 10_240, "Remaining": 8_192},
                "FileStorageMB": {"Max": 10_240, "Remaining": 10_240},
            }
        )

    def _query(self, call: Call) -> Response:
        return json_response(self._queries.run(call.access, _soql(call), call.request))

    def _query_all(self, call: Call) -> Response:
        return json_response(self._queries.run(call.access, _soql(call), call.request, everything=True))

    def _more(self, call: Call) -> Response:
        return json_response(self._queries.more(call.access, call.parameter("locator"), call.request))

    def _list(self, call: Call) -> Response:
        visible = [each for each in self._org.objects.values() if call.access.may("PermissionsRead", each)]
        return json_response(
            {
                "encoding": "UTF-8",
                "maxBatchSize": 200,
                "sobjects": [describe.basic(call.access, each, call.version) for each in visible],
            }
        )

    def _object(self, call: Call) -> SObject:
        """The object of the path; an unknown one is a resource that does not exist."""
        try:
            target = self._org.object(call.parameter("object"))
        except ApiError:
            raise not_found() from None
        if not call.access.may("PermissionsRead", target):
            raise not_found()
        return target

    def _describe(self, call: Call) -> Response:
        return json_response(describe.sobject(call.access, self._object(call), call.version, self._org))

    def _basic(self, call: Call) -> Response:
        basic = describe.basic(call.access, self._object(call), call.version)
        return json_response({"objectDescribe": basic, "recentItems": []})

    def _get(self, call: Call) -> Response:
        target = self._object(call)
        names = [name.strip() for name in (call.query("fields") or "").split(",") if name.strip()]
        if names:
            fields = [call.access.field_of(target, name) for name in names]
        else:
            fields = [each for each in call.access.visible_fields(target) if each.stored]
        record_id = normalised(call.parameter("id"))
        if record_id is None:
            raise ApiError("MALFORMED_ID", f"malformed id {call.parameter('id')}", 404)
        row = self._row(call.access, target, record_id)
        if row is None:
            raise not_found()
        return json_response(
            {
                "attributes": _attributes(target, record_id, call.version),
                **{each.name: to_json(each.type, row[each.name]) for each in fields if each.stored},
            }
        )

    def _row(self, access: Access, target: SObject, record_id: str) -> Any:  # noqa: ANN401 (a row of SQLite)
        row = self._org.database.row(f"SELECT * FROM {quoted(target.table)} WHERE Id = ?", (record_id,))
        if row is None or (not target.setup and row["IsDeleted"]):
            return None
        hidden = access.half and target.name == "Account" and row["rowid"] % 2
        return None if hidden else row

    def _retrieve(self, call: Call) -> Response:
        target = self._object(call)
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
        return json_response([self._retrieved(call, target, record_id, fields) for record_id in ids])

    def _retrieved(self, call: Call, target: SObject, sent: str, fields: list[Any]) -> dict[str, Any] | None:
        record_id = normalised(sent)
        row = None if record_id is None else self._row(call.access, target, record_id)
        if row is None or record_id is None:
            return None
        values = {each.name: to_json(each.type, row[each.name]) for each in fields if each.stored}
        return {"attributes": _attributes(target, record_id, call.version), **values}

    # Writing one record

    def _values(self, call: Call, target: SObject, body: Mapping[str, Any]) -> Values:
        """The fields of a JSON record.

        Raises:
            ApiError: an unknown or hidden field, or a value of the wrong type: the whole request fails.
        """
        result = {}
        for name, value in body.items():
            if name.lower() in ("attributes", "id"):
                continue
            each = call.access.field_of(target, name)
            result[each.name] = from_json(each, value)
        return result

    def _create(self, call: Call) -> Response:
        target = self._object(call)
        call.access.demand("PermissionsCreate", target)
        saved = self._records.create(
            call.access, target, [self._values(call, target, call.json_object())], _given(call)
        )[0]
        if saved.errors:
            return _refused(saved)
        return json_response({"id": saved.id, "success": True, "errors": []}, 201)

    def _update(self, call: Call) -> Response:
        target = self._object(call)
        call.access.demand("PermissionsEdit", target)
        values = self._values(call, target, call.json_object())
        saved = self._records.update(call.access, target, [(call.parameter("id"), values)], _given(call))[0]
        return _refused(saved) if saved.errors else Response(status_code=204)

    def _delete(self, call: Call) -> Response:
        target = self._object(call)
        call.access.demand("PermissionsDelete", target)
        saved = self._records.delete(call.access, target, [call.parameter("id")], _given(call))[0]
        return _refused(saved) if saved.errors else Response(status_code=204)

    # Writing collections

    def _collection(self, call: Call) -> tuple[list[tuple[SObject, Mapping[str, Any]]], bool]:
        """The records of a collection with their objects, and allOrNone.

        Raises:
            ApiError: the request is not well-formed, and fails as a whole.
        """
        body = call.json_object()
        records = body.get("records")
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise ApiError("INVALID_FIELD", "The records field is required")
        if len(records) > _LARGEST_COLLECTION:
            raise ApiError(
                "EXCEEDED_ID_LIMIT",
                f"record limit reached. cannot submit more than {_LARGEST_COLLECTION} records into this call",
            )
        result = []
        for record in records:
            attributes = record.get("attributes")
            name = attributes.get("type") if isinstance(attributes, dict) else None
            if not name:
                raise ApiError(
                    "INVALID_FIELD", "Include an entity type by specifying a 'type' attribute for each record"
                )
            result.append((self._org.object(str(name)), record))
        chunks = 1 + sum(one[0] is not other[0] for one, other in itertools.pairwise(result))
        if chunks > _MOST_CHUNKS:
            raise ApiError(
                "EXCEEDED_MAX_TYPES_LIMIT", f"Too many chunks of records, the limit is {_MOST_CHUNKS}"
            )
        return result, bool(body.get("allOrNone", False))

    def _write_many(self, call: Call, right: str) -> Response:
        records, all_or_none = self._collection(call)
        for name in dict.fromkeys(target.name for target, _ in records):
            call.access.demand(right, self._org.objects[name])
        values = [(target, self._values(call, target, record), record) for target, record in records]
        given = _given(call, all_or_none=all_or_none)
        results: list[Saved] = []
        start = 0
        while start < len(values):
            target = values[start][0]
            end = next((n for n in range(start, len(values)) if values[n][0] is not target), len(values))
            chunk = values[start:end]
            if right == "PermissionsCreate":
                results += self._records.create(call.access, target, [own for _, own, _ in chunk], given)
            else:
                rows = [(str(record.get("id") or record.get("Id") or ""), own) for _, own, record in chunk]
                results += self._records.update(call.access, target, rows, given)
            start = end
        return json_response([_result(saved) for saved in results])

    def _update_many(self, call: Call) -> Response:
        return self._write_many(call, "PermissionsEdit")

    def _create_many(self, call: Call) -> Response:
        return self._write_many(call, "PermissionsCreate")

    def _delete_many(self, call: Call) -> Response:
        ids = [record_id for record_id in (call.query("ids") or "").split(",") if record_id]
        if len(ids) > _LARGEST_COLLECTION:
            raise ApiError(
                "EXCEEDED_ID_LIMIT", f"Too many record identifiers, the limit is {_LARGEST_COLLECTION}"
            )
        given = _given(call, all_or_none=(call.query("allOrNone") or "").lower() == "true")
        results = []
        for record_id in ids:
            target = self._org.object_of_id(record_id)
            if target is None:
                raise ApiError("MALFORMED_ID", f"malformed id {record_id}")
            call.access.demand("PermissionsDelete", target)
            results += self._records.delete(call.access, target, [record_id], given)
        return json_response([_result(saved) for saved in results])


def _versions(_request: Request, _body: bytes) -> Response:
    return json_response(
        [
            {"label": label, "url": f"/services/data/v{version}", "version": version}
            for version, label in VERSIONS.items()
        ]
    )


def _given(call: Call, *, all_or_none: bool = False) -> Circumstances:
    return Circumstances(call.path, call.request.headers, all_or_none)


def _soql(call: Call) -> str:
    text = call.query("q")
    if not text:
        raise ApiError("MALFORMED_QUERY", "A query string has to be specified")
    return text


def _attributes(target: SObject, record_id: str, version: str) -> dict[str, str]:
    return {"type": target.name, "url": f"/services/data/v{version}/sobjects/{target.name}/{record_id}"}


def _refused(saved: Saved) -> Response:
    """One record's errors as the answer to a single write."""
    first = saved.errors[0]
    if first.code == "INVALID_CROSS_REFERENCE_KEY" and not first.fields:
        return not_found().response()
    return json_response(
        [
            {"message": error.message, "errorCode": error.code, "fields": list(error.fields)}
            for error in saved.errors
        ],
        404 if first.code == "ENTITY_IS_DELETED" else 400,
    )


def _result(saved: Saved) -> dict[str, Any]:
    """One record's result in a collection; without `id` if there is no such record."""
    result: dict[str, Any] = {} if saved.id is None else {"id": saved.id}
    return {**result, "success": not saved.errors, "errors": [error.as_rest() for error in saved.errors]}
