"""REST queries: /query, /queryAll, /tooling/query, and the pages behind nextRecordsUrl."""

from __future__ import annotations

import re
import threading
from array import array
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from adapters.sandbox.salesforce import columns, record_access, soql
from adapters.sandbox.salesforce.access import Access
from adapters.sandbox.salesforce.errors import ApiError
from adapters.sandbox.salesforce.ids import make_id
from adapters.sandbox.salesforce.org import Org
from adapters.sandbox.salesforce.sql import Output, Statement, Translator
from adapters.sandbox.salesforce.values import to_json

_LARGEST_PAGE, _SMALLEST_PAGE = 2_000, 200
_MAX_OFFSET = 2_000
_METADATA_FIELDS = ("FullName", "Metadata")
_BATCH_SIZE = re.compile(r"batchSize\s*=\s*(\d+)", re.IGNORECASE)
_LOCATOR = re.compile(r"(\w+)-(\d+)")


@dataclass(frozen=True, slots=True)
class _Cursor:
    """A result that did not fit into one page: the rows by number, read again page by page."""

    statement: Statement
    rows: array[int]
    size: int
    user_id: str


class Queries:
    """Runs queries and remembers what is left of long results."""

    def __init__(self, org: Org) -> None:
        """Nothing is open at first."""
        self._org = org
        self._cursors: dict[str, _Cursor] = {}
        self._lock = threading.Lock()

    def run(
        self, access: Access, text: str, request: Request, *, everything: bool = False, tooling: bool = False
    ) -> dict[str, Any]:
        """The first page of a query.

        Raises:
            ApiError: the query is malformed, or asks for what does not exist.
        """
        query = soql.parse(text)
        if (query.offset or 0) > _MAX_OFFSET:
            raise ApiError("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {_MAX_OFFSET}")
        if query.object.lower() == record_access.NAME.lower():
            return record_access.run(self._org, query)
        statement = Translator(self._org, access, text, everything, tooling).translate(query)
        if request.query_params.get("columns", "").lower() == "true":
            return columns.metadata(statement)
        database = self._org.database
        if statement.count_only:
            total = database.value(f"SELECT count(*) {statement.source}", statement.parameters)
            return {"totalSize": total, "done": True, "records": []}
        if statement.aggregate:
            return self._aggregated(statement)
        found = database.stream(statement.select(["t0.rowid"]), statement.parameters, 50_000)
        rows = array("q", (row[0] for chunk in found for row in chunk))
        wanted = {output.path[-1] for output in statement.outputs}
        if tooling and len(rows) > 1 and wanted & set(_METADATA_FIELDS):
            raise ApiError(
                "MALFORMED_QUERY",
                "When retrieving results with Metadata or FullName fields, the query qualificatios must specify no "
                f"more than one row for retrieval. Result size: {len(rows)}",
            )
        cursor = _Cursor(statement, rows, _page_size(request), access.user_id)
        return self._page(cursor, 0, None, request)

    def more(self, access: Access, locator: str, request: Request) -> dict[str, Any]:
        """A later page.

        Raises:
            ApiError: INVALID_QUERY_LOCATOR.
        """
        match = _LOCATOR.fullmatch(locator)
        cursor = self._cursors.get(match[1]) if match else None
        if match is None or cursor is None or cursor.user_id != access.user_id:
            raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(cursor, int(match[2]), match[1], request)

    def _aggregated(self, statement: Statement) -> dict[str, Any]:
        rows = self._org.database.rows(
            statement.select([output.expression for output in statement.outputs]), statement.parameters
        )
        if len(rows) > _LARGEST_PAGE:
            raise ApiError(
                "EXCEEDED_ID_LIMIT",
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch",
            )
        records = [
            {
                "attributes": {"type": "AggregateResult"},
                **{
                    output.path[-1]: to_json(output.kind, value)
                    for output, value in zip(statement.outputs, row, strict=True)
                },
            }
            for row in rows
        ]
        return {"totalSize": len(records), "done": True, "records": records}

    def _page(self, cursor: _Cursor, start: int, key: str | None, request: Request) -> dict[str, Any]:
        numbers = cursor.rows[start : start + cursor.size]
        records = self._records(cursor.statement, numbers, request.path_params["version"])
        end = start + len(numbers)
        answer: dict[str, Any] = {"totalSize": len(cursor.rows), "done": end >= len(cursor.rows)}
        fault = self._org.world.faults.draw("short_page", "salesforce", "GET", request.url.path)
        if fault is not None:
            records = records[: len(records) // 2]
        if not answer["done"]:
            with self._lock:
                key = key or make_id("01g", len(self._cursors) + 1)
                self._cursors[key] = cursor
            base = request.url.path.split("/query")[0]
            answer["nextRecordsUrl"] = f"{base}/query/{key}-{end}"
        answer["records"] = records
        return answer

    def _records(self, statement: Statement, numbers: array[int], version: str) -> list[dict[str, Any]]:
        """The records with these row numbers, in this order."""
        plan = _Shape(statement, version)
        joins = statement.source.split(" WHERE ", 1)[0]
        marks = ", ".join("?" * len(numbers))
        rows = self._org.database.rows(
            f"SELECT {', '.join(['t0.rowid', *plan.expressions])} {joins} WHERE t0.rowid IN ({marks})",
            list(numbers),
        )
        by_number = {row[0]: row for row in rows}
        return [plan.record(by_number[number]) for number in numbers if number in by_number]


class _Shape:
    """How a row of the database becomes a JSON record with nested parents."""

    def __init__(self, statement: Statement, version: str) -> None:
        self._version = version
        self._target = statement.target
        self._outputs = statement.outputs
        self.expressions = ["t0.Id"]
        self._places: list[tuple[Output, int]] = []
        for output in statement.outputs:
            self._places.append((output, len(self.expressions) + 1))
            self.expressions += [part for _, part in output.parts] or [output.expression]
        self._parents: dict[tuple[str, ...], int] = {}
        for output in statement.outputs:
            for depth in range(1, len(output.path)):
                if output.path[:depth] not in self._parents and depth == len(output.path) - 1:
                    alias = output.expression.split(".", 1)[0]
                    self._parents[output.path[:depth]] = len(self.expressions) + 1
                    self.expressions.append(f"{alias}.Id")

    def _attributes(self, name: str, record_id: str) -> dict[str, str]:
        return {"type": name, "url": f"/services/data/v{self._version}/sobjects/{name}/{record_id}"}

    def record(self, row: Any) -> dict[str, Any]:  # noqa: ANN401 (a row of SQLite)
        """One record."""
        result: dict[str, Any] = {"attributes": self._attributes(self._target.name, row[1])}
        for output, place in self._places:
            value = _address(output, row, place) if output.parts else to_json(output.kind, row[place])
            self._put(result, output, value, row)
        return result

    def _put(self, result: dict[str, Any], output: Output, value: object, row: Any) -> None:  # noqa: ANN401
        node = result
        for depth, name in enumerate(output.path[:-1], start=1):
            place = self._parents.get(output.path[:depth])
            if place is not None and row[place] is None:
                node[name] = None
                return
            if name not in node:
                attributes = (
                    {} if place is None else {"attributes": self._attributes(output.target.name, row[place])}
                )
                node[name] = attributes
            node = node[name]
        node[output.path[-1]] = value


def _address(output: Output, row: Any, place: int) -> dict[str, Any] | None:  # noqa: ANN401
    values = {
        name[0].lower() + name[1:]: row[place + number] for number, (name, _) in enumerate(output.parts)
    }
    if not any(value is not None for value in values.values()):
        return None
    return {**values, "geocodeAccuracy": None, "latitude": None, "longitude": None}


def _page_size(request: Request) -> int:
    match = _BATCH_SIZE.search(request.headers.get("sforce-query-options", ""))
    return max(_SMALLEST_PAGE, min(int(match[1]), _LARGEST_PAGE)) if match else _LARGEST_PAGE
