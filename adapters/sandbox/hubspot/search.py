"""Search: filters and sorts, 200 results a page, never more than 10,000 in all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from starlette.responses import Response

from adapters.sandbox.database import Database, quoted
from adapters.sandbox.http import json_response
from adapters.sandbox.hubspot.endpoint import Call
from adapters.sandbox.hubspot.errors import ApiError, validation
from adapters.sandbox.hubspot.links import Links
from adapters.sandbox.hubspot.property_store import Definitions
from adapters.sandbox.hubspot.records import HALF, Records
from adapters.sandbox.hubspot.schema import ObjectType, Property, object_type
from adapters.sandbox.hubspot.values import EPOCH, moment_of

PAGE: Final = 200
MAX_RESULTS: Final = 10_000
MAX_BODY: Final = 3_000
MAX_GROUPS: Final = 5
MAX_FILTERS: Final = 6
MAX_ALL_FILTERS: Final = 18
_LIVE: Final = '"@state" = 0'
_COMPARISONS: Final = {"EQ": "=", "NEQ": "<>", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
_SEARCHED: Final = {
    "companies": ("name", "domain", "website", "phone"),
    "contacts": ("firstname", "lastname", "email"),
    "deals": ("dealname",),
    "tickets": ("subject", "content"),
}

Condition = tuple[str, list[object]]  # SQL and its parameters


class SearchEndpoint:
    """``POST /crm/v3/objects/{object}/search``."""

    def __init__(self, database: Database, records: Records, definitions: Definitions, links: Links) -> None:
        """Search what is in the stores."""
        self._database = database
        self._records = records
        self._definitions = definitions
        self._links = links

    def search(self, call: Call) -> Response:
        """A page of results; ``after`` is an offset."""
        kind = call.kind("read")
        if len(call.body) > MAX_BODY:
            raise _bad(
                f"The request body is {len(call.body)} characters long; at most {MAX_BODY} are allowed."
            )
        body = call.json()
        limit, after = _offset(body.get("limit", 10), "limit"), _offset(body.get("after") or 0, "after")
        if not 1 <= limit <= PAGE:
            raise _bad(f"limit must be between 1 and {PAGE}, but was {limit}.")
        if after + limit > MAX_RESULTS:
            raise _bad(f"Paging beyond {MAX_RESULTS} results is not possible (after {after}, limit {limit}).")
        where, parameters = self._where(call, kind, body)
        total = self._database.value(f"SELECT count(*) FROM {quoted(kind.table)} WHERE {where}", parameters)
        names = self._records.asked(kind, [str(name) for name in body.get("properties") or []])
        tail = f"WHERE {where} ORDER BY {self._order(kind, body.get('sorts') or [])} LIMIT ? OFFSET ?"
        answer: dict[str, Any] = {
            "total": total,
            "results": self._records.query(kind, names, tail, (*parameters, limit, after)),
        }
        if after + limit < total:
            answer["paging"] = {"next": {"after": str(after + limit)}}
        return json_response(answer)

    def _where(self, call: Call, kind: ObjectType, body: Mapping[str, Any]) -> Condition:
        groups = body.get("filterGroups") or ([{"filters": body["filters"]}] if body.get("filters") else [])
        filters = [list(group.get("filters") or []) for group in groups]
        if len(groups) > MAX_GROUPS or any(len(each) > MAX_FILTERS for each in filters):
            raise _bad(f"At most {MAX_GROUPS} filter groups of {MAX_FILTERS} filters are allowed.")
        if sum(map(len, filters)) > MAX_ALL_FILTERS:
            raise _bad(f"At most {MAX_ALL_FILTERS} filters are allowed.")
        parts = [_LIVE]
        parameters: list[object] = []
        if call.half and kind.name == "companies":
            parts.append(HALF)
        if body.get("query"):
            columns = _SEARCHED.get(kind.name, ())
            parts.append(
                "(" + " OR ".join(f"{quoted(name)} LIKE ?" for name in columns) + ")" if columns else "0"
            )
            parameters += [f"%{body['query']}%"] * len(columns)
        alternatives = []
        for group in filters:
            conditions = [self._condition(kind, each) for each in group]
            alternatives.append("(" + " AND ".join(sql for sql, _ in conditions) + ")" if conditions else "1")
            parameters += [value for _, values in conditions for value in values]
        if alternatives:
            parts.append("(" + " OR ".join(alternatives) + ")")
        return " AND ".join(parts), parameters

    def _condition(self, kind: ObjectType, given: Mapping[str, Any]) -> Condition:
        name, operator = str(given.get("propertyName", "")), str(given.get("operator", ""))
        if name.startswith("associations."):
            return self._associated(kind, object_type(name.partition(".")[2]), operator, given)
        each = self._definitions.find(kind, name)
        if each is None:
            raise _bad(f"A property named '{name}' does not exist.")
        column, convert = _comparable(each)
        if operator in _COMPARISONS:
            return f"{column} {_COMPARISONS[operator]} ?", [convert(_value(given))]
        if operator == "BETWEEN":
            return f"{column} BETWEEN ? AND ?", [convert(_value(given)), convert(_value(given, "highValue"))]
        if operator in ("IN", "NOT_IN"):
            values = given.get("values")
            if not isinstance(values, list) or not values:
                raise _bad(f"operator {operator} requires values")
            word = "IN" if operator == "IN" else "NOT IN"
            marks = ", ".join("?" * len(values))
            return f"{column} {word} ({marks})", [convert(str(value)) for value in values]
        if operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
            return f"{column} IS {'NOT ' if operator == 'HAS_PROPERTY' else ''}NULL", []
        if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
            word = "LIKE" if operator == "CONTAINS_TOKEN" else "NOT LIKE"
            pattern = _value(given).replace("*", "%")
            token = f"% {pattern} %"
            return f"' ' || coalesce({quoted(each.name)}, '') || ' ' {word} ?", [token]
        raise _bad(f"operator '{operator}' is not supported")

    def _associated(
        self, kind: ObjectType, target: ObjectType, operator: str, given: Mapping[str, Any]
    ) -> Condition:
        """``associations.company`` equal to an id or in a list of them."""
        found = self._links.find(kind.name, target.name)
        values = given.get("values") if operator == "IN" else [_value(given)]
        if found is None or operator not in ("EQ", "IN") or not isinstance(values, list):
            raise _bad(f"associations of {kind.name} to {target.name} cannot be filtered with {operator}")
        link, up = found
        here, there = ("child", "parent") if up else ("parent", "child")
        marks = ", ".join("?" * len(values))
        ids: list[object] = [int(value) if str(value).isdigit() else 0 for value in values]
        return f"id IN (SELECT {here} FROM {quoted(link.table)} WHERE {there} IN ({marks}))", ids

    def _order(self, kind: ObjectType, sorts: Sequence[Mapping[str, Any] | str]) -> str:
        """One sort at most; without any, in the order of creation."""
        if not sorts:
            return "id"
        if len(sorts) > 1:
            raise _bad("Only one sort is allowed.")
        given = sorts[0]
        if isinstance(given, str):
            name, descending = given.lstrip("-"), given.startswith("-")
        else:
            name, descending = str(given.get("propertyName", "")), given.get("direction") == "DESCENDING"
        each = self._definitions.find(kind, name)
        if each is None:
            raise _bad(f"A property named '{name}' does not exist.")
        return f"{_comparable(each)[0]}{' DESC' if descending else ''}, id"


def _comparable(each: Property) -> tuple[str, Callable[[str], object]]:
    """SQL that a property is compared by, and how a filter's text becomes a parameter."""
    if each.name == "hs_object_id":
        return "id", lambda text: int(text) if text.isdigit() else 0
    column = quoted(each.name)
    if each.type == "number":
        return f"CAST({column} AS REAL)", _as_number
    if each.type == "datetime":
        return f"((julianday({column}) - 2440587.5) * 86400)", lambda text: _seconds(text, each)
    if each.type == "date":
        return column, lambda text: _day(text, each)
    if each.type == "string":
        return f"lower({column})", str.lower
    return column, str


def _as_number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise _bad(f"{text} was not a valid number.") from error


def _seconds(text: str, each: Property) -> float:
    moment = moment_of(text)
    if moment is None:
        raise _bad(f"{text} was not a valid long for property {each.name}.")
    return (moment - EPOCH).total_seconds()


def _day(text: str, each: Property) -> str:
    moment = moment_of(text)
    if moment is None:
        raise _bad(f"{text} was not a valid long for property {each.name}.")
    return moment.date().isoformat()


def _value(given: Mapping[str, Any], key: str = "value") -> str:
    if given.get(key) is None:
        raise _bad(f"operator {given.get('operator')} requires {key}")
    return str(given[key])


def _offset(value: object, name: str) -> int:
    if not str(value).isdigit():
        raise _bad(f"{name} must be a whole number, but was '{value}'.")
    return int(str(value))


def _bad(detail: str) -> ApiError:
    """HubSpot says little about a bad search; the detail is in ``errors``."""
    return validation("There was a problem with the request.", errors=[{"message": detail}])
