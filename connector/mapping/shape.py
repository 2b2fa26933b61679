"""The first pass: what pydantic finds wrong, in words that an admin understands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from connector.errors import Problem
from connector.mapping.model import SOURCES, Scale
from connector.mapping.places import Place, Raw, place_of, tag_of
from connector.mapping.words import listed, meant, nearest

_EXPECTED = {
    "probability": "must be the name of a field, or a table of percentages by stage such as { Proposal = 60 }",
    "other": 'must be "missing" or a score from 0 to 100',
    "missing": 'must be "exclude", "neutral" or a score from 0 to 100',
    "required": 'must hold role names, or lists of role names of which one is enough, such as [["Buyer", "Owner"]]',
    "potential": 'must be a score from 0 to 100, or a percentile such as "p60"',
    "attractiveness": 'must be a score from 0 to 100, or a percentile such as "p60"',
    "above": 'must be a number, or a date such as "2026-01-31"',
    "below": 'must be a number, or a date such as "2026-01-31"',
    "equals": "must be a text, a number, true or false",
    "in": 'must be a list of texts or numbers, such as ["Customer", "Partner"]',
    "not_in": 'must be a list of texts or numbers, such as ["Customer", "Partner"]',
}
"""Keys that take values of several types: pydantic reports a problem per type, people need one sentence."""

_PATTERNS = {
    "id": "must be lower-case letters, digits and underscores, starting with a letter, at most 40 characters",
    "ids": "must be ids of criteria: lower-case letters, digits and underscores",
    "criteria": "must be the id of a criterion: lower-case letters, digits and underscores",
    "currency": 'must be a currency\'s three letters, such as "EUR"',
    "rates": "must be a currency's three letters, such as USD",
    "sources": 'must be one of "field:NAME", "activity", "model", "peer_p80"',
    "anchors": "must be a step of the rating, such as 1",
}

_MESSAGES = {
    "missing": "is required",
    "string_type": "must be a text in quotes, not {input}",
    "float_type": "must be a number, not {input}",
    "float_parsing": "must be a number, not {input}",
    "int_type": "must be a whole number, not {input}",
    "int_parsing": "must be a whole number, not {input}",
    "int_from_float": "must be a whole number, not {input}",
    "bool_type": "must be true or false, not {input}",
    "bool_parsing": "must be true or false, not {input}",
    "finite_number": "must be a finite number, not {input}",
    "greater_than": "must be above {gt:g}, not {input}",
    "greater_than_equal": "must be at least {ge:g}, not {input}",
    "less_than": "must be below {lt:g}, not {input}",
    "less_than_equal": "must be at most {le:g}, not {input}",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
    "tuple_type": "must be a list in square brackets, not {input}",
    "dict_type": "must be a table such as {{ key = value }}, not {input}",
    "model_type": "must be a table such as {{ key = value }}, not {input}",
    "model_attributes_type": "must be a table such as {{ key = value }}, not {input}",
}


_LANGUAGES = {"german": "de", "deutsch": "de", "english": "en", "englisch": "en"}
_SCALES = tuple(tag for each in get_args(get_args(Scale)[0]) if (tag := tag_of(each)))
_FROM = tuple(name for name in SOURCES if name not in ("field", "csv"))
_SECRET = re.compile(r"secret|token|passw|credential|(api|private|service)_?key", re.IGNORECASE)
_TAKE_OUT = (
    "a secret does not belong into this file: take it out, and renew it if others could read this file. Secrets come "
    "from the environment, or from .env beside the configuration"
)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_WHOLE = 100
_LONGEST = 40  # characters of a wrong value that a message repeats


def shape_problems(error: ValidationError, data: Raw, file: str) -> list[Problem]:
    """All problems of a mapping's shape, in the order of the models, one per place and cause."""
    details = [(detail, place_of(detail["loc"], data)) for detail in error.errors(include_url=False)]
    found: dict[tuple[str, str], Problem] = {}
    for detail, place in details:
        if not _follows_from_another(detail, place, details):
            problem = Problem(file, *_problem(detail, place))
            found.setdefault((problem.path, problem.message), problem)
    return list(found.values())


def _follows_from_another(
    detail: ErrorDetails, place: Place, details: list[tuple[ErrorDetails, Place]]
) -> bool:
    """A key that is missing because it is misspelt, or a list that is empty because its entries are wrong."""
    if detail["type"] == "missing":
        return any(
            other["type"] == "extra_forbidden"
            and beside.parent == place.parent
            and _likely(beside) == place.name
            for other, beside in details
        )
    return detail["type"] == "too_short" and bool(place.data)


def _problem(detail: ErrorDetails, place: Place) -> tuple[str, str]:
    """Path and message."""
    kind, context = detail["type"], detail.get("ctx", {})
    shown = _shown(detail.get("input"))
    if kind == "extra_forbidden":
        secret = _secret_at(place)
        return (secret, _TAKE_OUT) if secret else (place.path, _unknown_key(place))
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _unknown_choice(place)
    if kind == "value_error":
        return place.path, str(context["error"])
    if place.takes_several_types and place.name in _EXPECTED:
        given = "" if isinstance(place.data, dict | list) else f", not {_shown(place.data)}"
        return place.path, _EXPECTED[place.name] + given
    if kind == "string_pattern_mismatch":
        return place.path, f"{_PATTERNS.get(place.name, detail['msg'])}, not {shown}"
    if kind == "literal_error":
        return place.path, _unknown_word(place)
    message = _MESSAGES.get(kind, detail["msg"]).format(input=shown, **context)
    return place.path, message + _instead(kind, detail.get("input"), context)


def _instead(kind: str, given: object, context: Mapping[str, Any]) -> str:
    """What to write in place of a number in quotes, or of a share in percent."""
    if kind in ("float_type", "int_type") and isinstance(given, str) and _NUMBER.fullmatch(given.strip()):
        return f"; write {given.strip()} without the quotes"
    percent = kind == "less_than_equal" and context["le"] == 1
    if percent and isinstance(given, int | float) and given <= _WHOLE:
        return f"; it is a share, so write {given / _WHOLE:g} for {given:g} %"
    return ""


def _likely(place: Place) -> str | None:
    """The key that was probably meant by an unknown one; not one that is there as well."""
    return nearest(place.name, place.keys, cutoff=0.7)


def _secret_at(place: Place) -> str | None:
    """The path of a secret, by its key, in what the language does not know; its value is never shown."""
    if _SECRET.search(place.name):
        return place.path
    inside = place.data if isinstance(place.data, dict) else {}
    return next((f"{place.path}.{key}" for key in inside if _SECRET.search(key)), None)


def _unknown_key(place: Place) -> str:
    close = _likely(place)
    hint = f"did you mean {close}? Known" if close else "known"
    return f"is an unknown key; {hint} here: {', '.join(place.keys)}"


def _unknown_choice(place: Place) -> tuple[str, str]:
    """A scale without a known kind, or a source that reads from nowhere."""
    is_scale = place.name == "scale"
    key, what, known = ("kind", "scale", _SCALES) if is_scale else ("from", "section to measure", _FROM)
    if key not in place.data:
        return place.path, f"needs {key}, one of {listed(known)}"
    given = place.data[key]
    hint = meant(str(given), known) or "."
    return f"{place.path}.{key}", f"{_shown(given)} is no known {what}{hint} Known: {listed(known)}"


def _unknown_word(place: Place) -> str:
    known = [_shown(word) for word in place.words]
    if len(known) == 1:
        return f"must be {known[0]}, not {_shown(place.data)}"
    hint = _language_meant(place) or meant(str(place.data), [str(word) for word in place.words]) or "."
    return f"{_shown(place.data)} is not known{hint} Known: {', '.join(known)}"


def _language_meant(place: Place) -> str:
    """A language by its name or with a country: ``German``, ``de-AT``."""
    if place.name != "language":
        return ""
    word = str(place.data).strip().casefold()
    code = _LANGUAGES.get(word, word.replace("_", "-").partition("-")[0])
    return f'; did you mean "{code}"?' if code in place.words else ""


def _shown(value: Any) -> str:  # noqa: ANN401 - whatever the file holds
    """A value as a TOML file would have it, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"}"'
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a table"
    return str(value)
