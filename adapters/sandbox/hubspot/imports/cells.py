"""From a cell of an import file to a property's value."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from adapters.sandbox.hubspot.errors import InvalidValue
from adapters.sandbox.hubspot.store.schema import ObjectType, Property
from adapters.sandbox.hubspot.store.values import Values

_NUMBERS: Final = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(.*)\Z", re.ASCII | re.DOTALL)
_MILLISECONDS: Final = re.compile(r"-?\d{9,}\Z", re.ASCII)
_CLOCK: Final = re.compile(r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?\Z", re.ASCII)
_PARTS: Final = {
    # Places of year, month and day.
    "MONTH_DAY_YEAR": (2, 0, 1),
    "DAY_MONTH_YEAR": (2, 1, 0),
    "YEAR_MONTH_DAY": (0, 1, 2),
}
_ERRORS: Final = {
    "number": "COULD_NOT_PARSE_NUMBER",
    "date": "COULD_NOT_PARSE_DATE",
    "datetime": "COULD_NOT_PARSE_DATE",
    "enumeration": "INVALID_ENUMERATION_OPTION",
    "bool": "INVALID_ENUMERATION_OPTION",
}


class CellError(Exception):
    """A cell that cannot be imported; the rest of its row can."""

    def __init__(self, kind: str, message: str) -> None:
        """`kind` is HubSpot's ``errorType``."""
        super().__init__(message)
        self.kind = kind
        self.message = message


class Cells:
    """Reads cells."""

    def __init__(self, values: Values) -> None:
        """Check with `values`."""
        self._values = values

    def read(self, kind: ObjectType, each: Property, text: str, date_format: str) -> str:
        """A value as it is stored.

        Args:
            kind: of the record.
            each: the property.
            text: of the cell, not empty.
            date_format: of the import.

        Raises:
            CellError: it is none.
        """
        if each.type in ("date", "datetime"):
            given = _day(each, text, date_format)
        elif each.options:
            given = ";".join(_option(each, part) for part in (text.split(";") if each.multiple else [text]))
        else:
            given = text
        value = self._values.checked(kind, each, given)
        if isinstance(value, InvalidValue):
            raise CellError(_ERRORS.get(each.type, "FAILED_VALIDATION"), value.message)
        return value or ""


def _option(each: Property, text: str) -> str:
    """People write labels, programs values: both are taken."""
    wanted = text.strip()
    for option in each.options:
        if wanted == option.value:
            return option.value
    for option in each.options:
        if wanted.casefold() == option.label.casefold():
            return option.value
    return wanted


def _day(each: Property, text: str, date_format: str) -> str:
    if _MILLISECONDS.match(text):
        return text
    found = _NUMBERS.match(text.strip())
    if found is not None:
        year, month, day = (found.group(place + 1) for place in _PARTS[date_format])
        clock = found.group(4)
        whole = not clock or (each.type == "datetime" and _CLOCK.match(clock))
        if len(year) == 4 and len(month) <= 2 and len(day) <= 2 and whole:
            try:
                return date(int(year), int(month), int(day)).isoformat() + clock
            except ValueError:
                pass
    raise CellError("COULD_NOT_PARSE_DATE", f"Unable to parse {text} as a date in the format {date_format}.")
