"""Versions, limits, queries, describe."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.sandbox.database import quoted
from adapters.sandbox.http import blocking, json_response
from adapters.sandbox.salesforce import describe
from adapters.sandbox.salesforce.api import VERSIONS, Call, Gate
from adapters.sandbox.salesforce.errors import ApiError
from adapters.sandbox.salesforce.org import ORGANIZATION, Org
from adapters.sandbox.salesforce.query import Queries
from adapters.sandbox.salesforce.rest.common import DATA, object_of


class Reading:
    """What describes the org and finds records."""

    def __init__(self, org: Org, gate: Gate, queries: Queries) -> None:
        """Serve `org`."""
        self._org = org
        self._gate = gate
        self._queries = queries

    def routes(self) -> list[Route]:
        """The endpoints."""
        api = self._gate.endpoint
        one = f"{DATA}/sobjects/{{object}}"
        return [
            Route("/services/data", blocking(_versions, reads=True), methods=["GET"]),
            Route(DATA, api(self._resources), methods=["GET"]),
            Route(f"{DATA}/limits", api(self._limits), methods=["GET"]),
            Route(f"{DATA}/limits/recordCount", api(self._counts), methods=["GET"]),
            Route(f"{DATA}/query", api(self._query), methods=["GET"]),
            Route(f"{DATA}/queryAll", api(self._query_all), methods=["GET"]),
            Route(f"{DATA}/query/{{locator}}", api(self._more), methods=["GET"]),
            Route(f"{DATA}/queryAll/{{locator}}", api(self._more), methods=["GET"]),
            Route(f"{DATA}/sobjects", api(self._list), methods=["GET"]),
            Route(f"{one}/describe", api(self._describe), methods=["GET"]),
            Route(f"{one}/describe/layouts", api(self._layouts), methods=["GET"]),
            Route(f"{one}/describe/layouts/{{record_type}}", api(self._layout), methods=["GET"]),
            Route(one, api(self._basic), methods=["GET"]),
        ]

    def _resources(self, call: Call) -> Response:
        base = f"/services/data/v{call.version}"
        names = ("tooling", "limits", "query", "queryAll", "sobjects", "composite", "jobs", "ui-api")
        return json_response(
            {
                "identity": f"{call.address}/id/{ORGANIZATION}/{call.access.user_id}",
                **{name: f"{base}/{name}" for name in names},
            }
        )

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

    def _counts(self, call: Call) -> Response:
        """Records of objects, without deleted and archived ones; unknown objects are left out."""
        names = (call.query("sObjects") or ",".join(self._org.objects)).split(",")
        found = [self._org.objects[name] for name in names if name in self._org.objects]
        counts = []
        for each in found:
            tests = [f"{name} = 0" for name in ("IsDeleted", "IsArchived") if name in each.fields]
            where = f" WHERE {' AND '.join(tests)}" if tests else ""
            count = self._org.database.value(f"SELECT count(*) FROM {quoted(each.table)}{where}")
            counts.append({"count": count, "name": each.name})
        return json_response({"sObjects": counts})

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

    def _describe(self, call: Call) -> Response:
        target = object_of(self._org, call)
        return json_response(describe.sobject(call.access, target, call.version, self._org))

    def _layouts(self, call: Call) -> Response:
        return json_response(describe.layouts(call.access, object_of(self._org, call), self._org))

    def _layout(self, call: Call) -> Response:
        target = object_of(self._org, call)
        return json_response(describe.layout(call.access, target, call.parameter("record_type"), self._org))

    def _basic(self, call: Call) -> Response:
        basic = describe.basic(call.access, object_of(self._org, call), call.version)
        return json_response({"objectDescribe": basic, "recentItems": []})


def _versions(_request: Request, _body: bytes) -> Response:
    return json_response(
        [
            {"label": label, "url": f"/services/data/v{version}", "version": version}
            for version, label in VERSIONS.items()
        ]
    )


def _soql(call: Call) -> str:
    text = call.query("q")
    if not text:
        raise ApiError("MALFORMED_QUERY", "A query string has to be specified")
    return text
