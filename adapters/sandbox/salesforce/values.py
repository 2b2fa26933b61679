"""Values of fields: from JSON and CSV into the database, and out again as Salesforce writes them.

In the database texts are TEXT, numbers REAL or INTEGER, booleans 0 or 1, dates ``2026-11-24`` and datetimes
``2026-11-24T02:00:00.000Z``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import orjson

from adapters.sandbox.salesforce.errors import ApiError, RowError
from adapters.sandbox.salesforce.ids import normalised
from adapters.sandbox.salesforce.schema import SField

Stored = str | int | float | None

_SCIENTIFIC_FROM, _SCIENTIFIC_BELOW = 1e7, 1e-3  # where Java's Double.toString changes to an exponent
_FIRST_YEAR, _LAST_YEAR = 1700, 4000
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_WHOLE = re.compile(r"\s*[+-]?\d+\s*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_JSON_TOKENS: tuple[tuple[type, str], ...] = (
    (bool, "VALUE_TRUE"),
    (int, "VALUE_NUMBER_INT"),
    (float, "VALUE_NUMBER_FLOAT"),
    (str, "VALUE_STRING"),
    (list, "START_ARRAY"),
    (dict, "START_OBJECT"),
)


class BadValueError(ValueError):
    """A value that does not fit its field's type."""


def _number(value: object) -> float:
    if isinstance(value, bool):
        raise BadValueError
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            raise BadValueError
        value = float(value)
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise BadValueError
    return float(value)


def _int(value: object) -> int:
    result = _number(value)
    if result != int(result):
        raise BadValueError
    return int(result)


def _boolean(value: object) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.strip().lower() in ("true", "false", "1", "0"):
        return int(value.strip().lower() in ("true", "1"))
    raise BadValueError


def _date(value: object) -> str:
    if not isinstance(value, str) or not _DATE.match(value):
        raise BadValueError
    try:
        return date.fromisoformat(value[:10]).isoformat()
    except ValueError as error:
        raise BadValueError from error


def _datetime(value: object) -> str:
    if not isinstance(value, str) or "T" not in value:
        raise BadValueError
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise BadValueError from error
    return stored_moment(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | str):
        return str(value)
    raise BadValueError


_READERS: dict[str, Callable[[object], Stored]] = {
    "int": _int,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
}


def stored_moment(moment: datetime) -> str:
    """A datetime as the database keeps it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def from_json(each: SField, value: object) -> Stored:
    """A JSON value of a REST request.

    Raises:
        ApiError: JSON_PARSER_ERROR, which fails the whole request.
    """
    if value is None:
        return None
    try:
        return _READERS.get(each.type, _text)(value)
    except BadValueError:
        token = next((name for kind, name in _JSON_TOKENS if isinstance(value, kind)), "VALUE_NULL")
        shown = {"START_ARRAY": "[", "START_OBJECT": "{"}.get(token, str(value))
        raise ApiError(
            "JSON_PARSER_ERROR",
            f"Cannot deserialize instance of {each.type} from {token} value {shown} or request may be missing "
            "a required field at [line:1, column:1]",
        ) from None


def from_csv(each: SField, value: str) -> Stored | RowError:
    """A cell of an ingest job: ``#N/A`` clears. The caller leaves out empty cells."""
    if value == "#N/A":
        return None
    try:
        if each.type == "int" and not _WHOLE.fullmatch(value):
            raise BadValueError  # noqa: TRY301 (250.0 is no whole number to the bulk API)
        return _READERS.get(each.type, _text)(value)
    except BadValueError:
        return RowError(
            "INVALID_TYPE_ON_FIELD_IN_RECORD", f"value not of required type: {value}", (each.name,)
        )


def checked(each: SField, value: Stored) -> Stored | RowError:
    """The value as it will be stored, or why it is refused."""
    if isinstance(value, str) and each.type not in ("date", "datetime"):
        value = value.strip() or None
    if value is None:
        if each.required:
            return RowError(
                "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{each.name}]", (each.name,)
            )
        return 0 if each.type == "boolean" else None
    if each.type in ("date", "datetime"):
        if not _FIRST_YEAR <= int(str(value)[:4]) <= _LAST_YEAR:
            return RowError("INVALID_DATE_FORMAT", f"{each.label}: invalid date: {value}", (each.name,))
        return value
    if isinstance(value, float) and each.type != "int":
        return _fitting(each, value)
    if each.type == "reference":
        return _reference(each, str(value))
    if isinstance(value, str):
        return _short_enough(each, value)
    return value


def _fitting(each: SField, value: float) -> Stored | RowError:
    """Salesforce rounds what is too fine and refuses what is too large."""
    exact = Decimal(repr(value))
    if abs(exact) >= Decimal(10) ** (each.precision - each.scale):
        return RowError(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{each.label}: value outside of valid range on numeric field: {java_double(value)}",
            (each.name,),
        )
    return float(exact.quantize(Decimal(1).scaleb(-each.scale), ROUND_HALF_UP))


def _reference(each: SField, value: str) -> Stored | RowError:
    found = normalised(value)
    if found is None:
        return RowError("MALFORMED_ID", f"{each.label}: id value of incorrect type: {value}", (each.name,))
    return found


def _short_enough(each: SField, value: str) -> Stored | RowError:
    if each.type == "picklist" and each.restricted:
        # The stored value is the picklist's own spelling.
        known = {option.value.casefold(): option.value for option in each.values if option.active}
        if value.casefold() not in known:
            return bad_value(each, value)
        return known[value.casefold()]
    if each.length and len(value) > each.length:
        return RowError(
            "STRING_TOO_LONG",
            f"{each.label}: data value too large: {value} (max length={each.length})",
            (each.name,),
        )
    return value


def bad_value(each: SField, value: str) -> RowError:
    """A value that a restricted picklist does not have."""
    return RowError(
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        f"{each.label}: bad value for restricted picklist field: {value}",
        (each.name,),
    )


def to_json(kind: str, value: Any) -> Any:  # noqa: ANN401 (whatever JSON holds)
    """A stored value of a field of type `kind` in a REST answer."""
    if value is None:
        return None
    if kind == "boolean":
        return bool(value)
    if kind == "datetime":
        return str(value).replace("Z", "+0000")
    if kind == "complexvalue":
        return orjson.loads(value)
    return value


def java_double(value: float | None) -> str | None:
    """A number as Java prints doubles, which is how bulk results hold them: ``1.6147805824397E13``."""
    if value is None:
        return None
    size = abs(value)
    if size == 0 or _SCIENTIFIC_BELOW <= size < _SCIENTIFIC_FROM:
        return repr(float(value))
    mantissa, exponent = f"{Decimal(repr(float(value))).normalize():E}".split("E")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"
