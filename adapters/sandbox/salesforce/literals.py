"""Literals of SOQL conditions: whether they fit their field, and what the column holds for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from adapters.sandbox.salesforce.dates import relative_range
from adapters.sandbox.salesforce.errors import ApiError
from adapters.sandbox.salesforce.ids import normalised
from adapters.sandbox.salesforce.schema import SField
from adapters.sandbox.salesforce.soql import Path, Value, pointed
from adapters.sandbox.salesforce.values import stored_moment


@dataclass(frozen=True, slots=True)
class Literals:
    """Reads the literals of one query.

    Attributes:
        text: the query, for error messages.
        today: on which relative dates depend.
    """

    text: str
    today: date

    def range(self, each: SField, literal: Value, path: Path) -> tuple[str, str]:
        """The stored values from `start` (inclusive) to `end` (exclusive) that a literal stands for."""
        if literal.kind == "literal":
            days = relative_range(literal.value, literal.n, self.today)
            if days is None:
                raise ApiError("MALFORMED_QUERY", f"unexpected token: '{literal.value}'")
            return tuple(_edge(each, day) for day in days)  # type: ignore[return-value]
        if literal.kind != each.type:
            shown = "dateTime" if each.type == "datetime" else each.type
            raise ApiError(
                "INVALID_FIELD",
                pointed(
                    self.text,
                    path.place,
                    f"value of filter criterion for field '{each.name}' must be of type {shown} and should not be "
                    "enclosed in quotes",
                ),
            )
        if each.type == "date":
            return literal.value, literal.value + "\x00"
        moment = stored_moment(datetime.fromisoformat(literal.value))
        return moment, moment + "\x00"

    def fit(self, each: SField, literal: Value, path: Path) -> object:
        """The literal as the column stores it."""
        if literal.kind == "null":
            return 0 if each.type == "boolean" else None
        wanted = "number" if each.numeric else "boolean" if each.type == "boolean" else "string"
        if each.type in ("date", "datetime"):
            return self.range(each, literal, path)[0]
        if literal.kind != wanted:
            quotes = (
                "should be enclosed in quotes" if wanted == "string" else "should not be enclosed in quotes"
            )
            shown = "string" if wanted == "string" else each.type
            raise ApiError(
                "INVALID_FIELD",
                pointed(
                    self.text,
                    path.place,
                    f"value of filter criterion for field '{each.name}' must be of type {shown} and {quotes}",
                ),
            )
        if each.type in ("id", "reference"):
            found = normalised(literal.value) if literal.value else literal.value
            if found is None and each.type == "id":
                raise ApiError(
                    "INVALID_QUERY_FILTER_OPERATOR",
                    pointed(self.text, path.place, f"invalid ID field: {literal.value}"),
                )
            return found
        return int(literal.value) if literal.kind == "boolean" else literal.value


def _edge(each: SField, day: date) -> str:
    return day.isoformat() if each.type == "date" else f"{day.isoformat()}T00:00:00.000Z"
