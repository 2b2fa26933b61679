"""Search: filters and sorts, 200 results a page, never more than 10,000 in all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from adapters.sandbox.database import Database, quoted
from adapters.sandbox.http import json_response
from adapters.sandbox.hubspot.api.endpoint import Call
from adapters.sandbox.hubspot.store.filters import Condition, Filters, bad, groups_of
from adapters.sandbox.hubspot.store.records import Records
from adapters.sandbox.hubspot.store.schema import ObjectType

PAGE: Final = 200
MAX_RESULTS: Final = 10_000
MAX_BODY: Final = 3_000
MAX_GROUPS: Final = 5
MAX_FILTERS: Final = 6
MAX_ALL_FILTERS: Final = 18


class SearchEndpoint:
    """``POST /crm/v3/objects/{object}/search``."""

    def __init__(self, database: Database, records: Records, filters: Filters) -> None:
        """Search what is in the stores."""
        self._database = database
        self._records = records
        self._filters = filters

    def search(self, call: Call) -> Response:
        """A page of results; ``after`` is an offset."""
        kind = call.kind("read")
        if len(call.body) > MAX_BODY:
            raise bad(
                f"The request body is {len(call.body)} characters long; at most {MAX_BODY} are allowed."
            )
        body = call.json()
        limit, after = _offset(body.get("limit", 10), "limit"), _offset(body.get("after") or 0, "after")
        if not 1 <= limit <= PAGE:
            raise bad(f"limit must be between 1 and {PAGE}, but was {limit}.")
        if after + limit > MAX_RESULTS:
            raise bad(f"Paging beyond {MAX_RESULTS} results is not possible (after {after}, limit {limit}).")
        where, parameters = self._where(call, kind, body)
        total = self._database.value(f"SELECT count(*) FROM {quoted(kind.table)} WHERE {where}", parameters)
        names = self._records.asked(kind, [str(name) for name in body.get("properties") or []])
        order = self._filters.order(kind, body.get("sorts") or [])
        tail = f"WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
        answer: dict[str, Any] = {
            "total": total,
            "results": self._records.query(kind, names, tail, (*parameters, limit, after)),
        }
        if after + limit < total:
            answer["paging"] = {"next": {"after": str(after + limit)}}
        return json_response(answer)

    def _where(self, call: Call, kind: ObjectType, body: Mapping[str, Any]) -> Condition:
        filters = groups_of(body)
        if len(filters) > MAX_GROUPS or any(len(each) > MAX_FILTERS for each in filters):
            raise bad(f"At most {MAX_GROUPS} filter groups of {MAX_FILTERS} filters are allowed.")
        if sum(map(len, filters)) > MAX_ALL_FILTERS:
            raise bad(f"At most {MAX_ALL_FILTERS} filters are allowed.")
        return self._filters.where(kind, filters, body.get("query"), half=call.half, indexed=True)


def _offset(value: object, name: str) -> int:
    if not str(value).isdigit():
        raise bad(f"{name} must be a whole number, but was '{value}'.")
    return int(str(value))
