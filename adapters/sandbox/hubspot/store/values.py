"""Values of properties: what HubSpot accepts on writing, and how it stores them. Everything is text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

from adapters.sandbox.hubspot.errors import InvalidValue, iso
from adapters.sandbox.hubspot.store.schema import ObjectType, Property

MAX_TEXT: Final = 65_536
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)\Z", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_MILLISECONDS: Final = re.compile(r"-?\d+\Z", re.ASCII)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# Values of an enumeration that live outside its definition: None if anything goes.
External = Callable[[ObjectType, str], frozenset[str] | None]


class Values:
    """Checks and normalises values."""

    def __init__(self, external: External) -> None:
        """`external` knows owners, pipelines, stages and currencies."""
        self._external = external

    def checked(self, kind: ObjectType, each: Property, raw: object) -> str | InvalidValue | None:
        """A value as it is stored: text, None for cleared, or why it is refused.

        Args:
            kind: the record's object type.
            each: the property.
            raw: what the client sent.
        """
        text = _text(raw)
        if text == "":
            return None
        if each.type in ("string", "phone_number"):
            return text if len(text) <= MAX_TEXT else _too_long(each, text)
        if text != text.strip():
            return InvalidValue(
                each.name,
                "LEADING_TRAILING_WHITESPACE",
                f"{text!r} has leading or trailing whitespace characters.",
            )
        check = {
            "number": self._number,
            "bool": self._bool,
            "enumeration": self._enumeration,
            "date": self._date,
            "datetime": self._datetime,
        }[each.type]
        return check(kind, each, text)

    def _number(self, _kind: ObjectType, each: Property, text: str) -> str | InvalidValue:
        if _NUMBER.match(text):
            return text
        error = "INVALID_DOUBLE" if "." in text and "e" not in text.lower() else "INVALID_INTEGER"
        return InvalidValue(each.name, error, f"{text} was not a valid number.")

    def _bool(self, _kind: ObjectType, each: Property, text: str) -> str | InvalidValue:
        if text.lower() in ("true", "false"):
            return text.lower()
        return _not_an_option(each, text, ["true", "false"])

    def _enumeration(self, kind: ObjectType, each: Property, text: str) -> str | InvalidValue:
        allowed = frozenset(option.value for option in each.options) or self._external(kind, each.name)
        if allowed is None:
            return text
        # A leading semicolon adds to what is there; this sandbox takes it as a separator.
        parts = [part for part in text.split(";") if part] if each.multiple else [text]
        for part in parts:
            if part not in allowed:
                return _not_an_option(
                    each, part, [option.value for option in each.options] or sorted(allowed)
                )
        return ";".join(parts)

    def _date(self, _kind: ObjectType, each: Property, text: str) -> str | InvalidValue:
        moment = moment_of(text)
        if moment is None:
            return InvalidValue(each.name, "INVALID_LONG", f"{text} was not a valid long.")
        if moment.time() != datetime.min.time():
            clock = moment.strftime("%H:%M:%S.") + f"{moment.microsecond // 1_000:03d}"
            return InvalidValue(each.name, "INVALID_DATE", f"{text} is at {clock} UTC, not midnight!")
        return moment.date().isoformat()

    def _datetime(self, _kind: ObjectType, each: Property, text: str) -> str | InvalidValue:
        moment = moment_of(text)
        if moment is None:
            return InvalidValue(each.name, "INVALID_LONG", f"{text} was not a valid long.")
        return iso(moment)


def _text(raw: object) -> str:
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return str(raw)


def _too_long(each: Property, text: str) -> InvalidValue:
    return InvalidValue(
        each.name, "VALUE_TOO_LONG", f"The value has {len(text)} characters; at most {MAX_TEXT} are allowed."
    )


def _not_an_option(each: Property, text: str, allowed: list[str]) -> InvalidValue:
    return InvalidValue(
        each.name, "INVALID_OPTION", f"{text} was not one of the allowed options: [{', '.join(allowed)}]"
    )


def moment_of(text: str) -> datetime | None:
    """A moment written as a date, an ISO 8601 date-time or milliseconds since 1970; None if it is none."""
    try:
        if _DATE.match(text):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        if _MILLISECONDS.match(text):
            return EPOCH + timedelta(milliseconds=int(text))
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def milliseconds_of(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def sql_milliseconds(column: str) -> str:
    """SQL for a date-time column as milliseconds since 1970; exact, since windows end on a millisecond."""
    return f"CAST(round((julianday({column}) - 2440587.5) * 86400000) AS INTEGER)"


def differs(each: Property | None, old: str | None, new: str | None) -> bool:
    """Whether a write changes a value; numbers are compared as numbers."""
    if old == new:
        return False
    if each is not None and each.type == "number" and old is not None and new is not None:
        try:
            return float(old) != float(new)
        except ValueError:  # text that an earlier type of the property allowed
            return True
    return True
