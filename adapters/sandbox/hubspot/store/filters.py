"""Filters of searches and exports, as SQL conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from adapters.sandbox.database import quoted
from adapters.sandbox.hubspot.behaviour import Behaviour
from adapters.sandbox.hubspot.errors import ApiError, validation
from adapters.sandbox.hubspot.store.links import Links
from adapters.sandbox.hubspot.store.property_store import Definitions
from adapters.sandbox.hubspot.store.records import HALF, INDEXED, INDEXED_UNTIL, STATE
from adapters.sandbox.hubspot.store.schema import ObjectType, Property, object_type
from adapters.sandbox.hubspot.store.values import milliseconds_of, moment_of, sql_milliseconds

_LIVE: Final = f"{quoted(STATE)} = 0"
_COMPARISONS: Final = {"EQ": "=", "NEQ": "<>", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
_SEARCHED: Final = {
    "companies": ("name", "domain", "website", "phone"),
    "contacts": ("firstname", "lastname", "email"),
    "deals": ("dealname",),
    "tickets": ("subject", "content"),
}

Condition = tuple[str, list[object]]  # SQL and its parameters


class Filters:
    """Makes SQL of what a request asks for."""

    def __init__(
        self, definitions: Definitions, links: Links, behaviour: Behaviour, now: Callable[[], datetime]
    ) -> None:
        """Know what there is, and by `now` how far the search index is behind."""
        self._definitions = definitions
        self._links = links
        self._behaviour = behaviour
        self._now = now

    def where(
        self,
        kind: ObjectType,
        filters: Sequence[Sequence[Mapping[str, Any]]],
        query: object,
        *,
        half: bool,
        indexed: bool = False,
    ) -> Condition:
        """The live records that fulfil one of the groups of filters and hold a text.

        Args:
            kind: what is searched.
            filters: groups; within one, all must hold. None at all: everything.
            query: a text to be found in the main properties; empty: anything.
            half: the caller sees every second company only.
            indexed: go by the search index, which may lag behind.

        Raises:
            ApiError: 400.
        """
        parts = [_LIVE]
        parameters: list[object] = []
        behind = self._behind() if indexed and self._behaviour.search_lag_seconds else None
        if behind:
            parts.append(f"NOT ({behind} AND {quoted(INDEXED)} IS NULL)")  # too new to be found at all
        if half and kind.name == "companies":
            parts.append(HALF)
        if query:
            columns = _SEARCHED.get(kind.name, ())
            parts.append(
                "(" + " OR ".join(f"{quoted(name)} LIKE ?" for name in columns) + ")" if columns else "0"
            )
            parameters += [f"%{query}%"] * len(columns)
        alternatives = []
        for group in filters:
            conditions = [self._condition(kind, each, behind) for each in group]
            alternatives.append("(" + " AND ".join(sql for sql, _ in conditions) + ")" if conditions else "1")
            parameters += [value for _, values in conditions for value in values]
        if alternatives:
            parts.append("(" + " OR ".join(alternatives) + ")")
        return " AND ".join(parts), parameters

    def _behind(self) -> str:
        """SQL: the index does not know a record's last write yet."""
        return f"coalesce({quoted(INDEXED_UNTIL)}, 0) > {milliseconds_of(self._now())}"

    def _condition(self, kind: ObjectType, given: Mapping[str, Any], behind: str | None) -> Condition:
        name, operator = _name(given), str(given.get("operator", ""))
        if name.startswith("associations."):
            return self._associated(kind, object_type(name.partition(".")[2]), operator, given)
        each = self._definitions.find(kind, name)
        if each is None:
            raise bad(f"A property named '{name}' does not exist.")
        column, convert = _comparable(each)
        if behind and name == kind.modified:
            column = sql_milliseconds(
                f"CASE WHEN {behind} THEN {quoted(INDEXED)} ELSE {quoted(kind.modified)} END"
            )
        if operator in _COMPARISONS:
            return f"{column} {_COMPARISONS[operator]} ?", [convert(_value(given))]
        if operator == "BETWEEN":
            return f"{column} BETWEEN ? AND ?", [convert(_value(given)), convert(_value(given, "highValue"))]
        if operator in ("IN", "NOT_IN"):
            values = given.get("values")
            if not isinstance(values, list) or not values:
                raise bad(f"operator {operator} requires values")
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
        raise bad(f"operator '{operator}' is not supported")

    def _associated(
        self, kind: ObjectType, target: ObjectType, operator: str, given: Mapping[str, Any]
    ) -> Condition:
        """``associations.company`` equal to an id or in a list of them."""
        found = self._links.find(kind.name, target.name)
        values = given.get("values") if operator == "IN" else [_value(given)]
        if found is None or operator not in ("EQ", "IN") or not isinstance(values, list):
            raise bad(f"associations of {kind.name} to {target.name} cannot be filtered with {operator}")
        link, up = found
        here, there = ("child", "parent") if up else ("parent", "child")
        marks = ", ".join("?" * len(values))
        ids: list[object] = [int(value) if str(value).isdigit() else 0 for value in values]
        return f"id IN (SELECT {here} FROM {quoted(link.table)} WHERE {there} IN ({marks}))", ids

    def order(self, kind: ObjectType, sorts: Sequence[Mapping[str, Any] | str]) -> str:
        """One sort at most; without any, in the order of creation.

        Raises:
            ApiError: 400.
        """
        if not sorts:
            return "id"
        if len(sorts) > 1:
            raise bad("Only one sort is allowed.")
        given = sorts[0]
        if isinstance(given, str):
            name, descending = given.lstrip("-"), given.startswith("-")
        else:
            # Searches say direction, exports order: DES in old requests.
            word = str(given.get("direction") or given.get("order") or "")
            name, descending = _name(given), word in ("DESCENDING", "DESC", "DES")
        each = self._definitions.find(kind, name)
        if each is None:
            raise bad(f"A property named '{name}' does not exist.")
        return f"{_comparable(each)[0]}{' DESC' if descending else ''}, id"


def groups_of(body: Mapping[str, Any]) -> list[list[Mapping[str, Any]]]:
    """Groups of filters in a request: ``filterGroups``, or a single list of ``filters``."""
    groups = body.get("filterGroups") or ([{"filters": body["filters"]}] if body.get("filters") else [])
    return [list(group.get("filters") or []) for group in groups]


def _name(given: Mapping[str, Any]) -> str:
    return str(given.get("propertyName") or given.get("property") or "")


def _comparable(each: Property) -> tuple[str, Callable[[str], object]]:
    """SQL that a property is compared by, and how a filter's text becomes a parameter."""
    if each.name == "hs_object_id":
        return "id", lambda text: int(text) if text.isdigit() else 0
    column = quoted(each.name)
    if each.type == "number":
        return f"CAST({column} AS REAL)", _as_number
    if each.type == "datetime":
        return sql_milliseconds(column), lambda text: _milliseconds(text, each)
    if each.type == "date":
        return column, lambda text: _day(text, each)
    if each.type == "string":
        return f"lower({column})", str.lower
    return column, str


def _as_number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise bad(f"{text} was not a valid number.") from error


def _milliseconds(text: str, each: Property) -> int:
    moment = moment_of(text)
    if moment is None:
        raise bad(f"{text} was not a valid long for property {each.name}.")
    return milliseconds_of(moment)


def _day(text: str, each: Property) -> str:
    moment = moment_of(text)
    if moment is None:
        raise bad(f"{text} was not a valid long for property {each.name}.")
    return moment.date().isoformat()


def _value(given: Mapping[str, Any], key: str = "value") -> str:
    if given.get(key) is None:
        raise bad(f"operator {given.get('operator')} requires {key}")
    return str(given[key])


def bad(detail: str) -> ApiError:
    """HubSpot says little about a bad search; the detail is in ``errors``."""
    return validation("There was a problem with the request.", errors=[{"message": detail}])
