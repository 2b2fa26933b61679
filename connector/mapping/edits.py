"""Single settings of a mapping, changed for a trial: ``criteria.headroom.weight=30``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import tomlkit

from connector.errors import MappingError, Problem
from connector.mapping.words import listed, meant

_STEP = re.compile(r"\[([^\[\]]+)\]|([^.\[\]]+)")
WHERE = "--set"


def edited(data: dict[str, Any], settings: Iterable[str]) -> dict[str, Any]:
    """A copy of a mapping, as TOML has it, with some values replaced.

    A setting is ``PATH=VALUE``. The path is that of messages, ``criteria[headroom].scale.full``, or with dots alone,
    ``criteria.headroom.scale.full``; other lists count from 1. The value is written as in the file; a text may do
    without its quotes.

    Raises:
        MappingError: a path leads nowhere; whether value and key fit, the passes over the mapping find out.
    """
    found = deepcopy(data)
    for setting in settings:
        _apply(found, setting, _value)
    return found


def rewritten(text: str, settings: Iterable[str]) -> str:
    """A mapping file's text with some values replaced; everything else, comments too, stays as it is.

    Raises:
        MappingError: a path leads nowhere.
    """
    document = tomlkit.parse(text)
    for setting in settings:
        _apply(document, setting, lambda value: tomlkit.parse(f"value = {value.strip()}")["value"])
    return tomlkit.dumps(document)


def _apply(data: Any, setting: str, value_of: Callable[[str], Any]) -> None:  # noqa: ANN401 - whatever TOML holds
    path, equals, value = setting.partition("=")
    steps = [first or second for first, second in _STEP.findall(path.strip())]
    if not equals or not steps:
        raise _problem(setting, "is no setting; write it as criteria.headroom.weight=30")
    place = data
    for number, step in enumerate(steps[:-1]):
        place = _inside(place, step, ".".join(steps[: number + 1]))
    _put(place, steps[-1], value_of(value), ".".join(steps))


def _inside(place: Any, step: str, path: str) -> Any:  # noqa: ANN401 - whatever TOML holds
    if isinstance(place, list):
        return place[_position(place, step, path)]
    if not isinstance(place, dict):
        raise _problem(path, "leads into a value, not into a table")
    return place.setdefault(step, {})


def _put(place: Any, step: str, value: Any, path: str) -> None:  # noqa: ANN401
    if isinstance(place, list):
        place[_position(place, step, path)] = value
    elif isinstance(place, dict):
        place[step] = value
    else:
        raise _problem(path, "leads into a value, not into a table")


def _position(entries: list[Any], step: str, path: str) -> int:
    """Where an entry is: by its id, or by its number from 1."""
    ids = [str(entry["id"]) for entry in entries if isinstance(entry, dict) and "id" in entry]
    if ids:
        if step in ids:
            return next(
                n for n, entry in enumerate(entries) if isinstance(entry, dict) and entry.get("id") == step
            )
        raise _problem(path, f"there is no {step!r}; there are {listed(ids)}{meant(step, ids)}")
    if step.isascii() and step.isdecimal() and 1 <= int(step) <= len(entries):
        return int(step) - 1
    raise _problem(path, f"there is no entry {step!r}; entries count from 1 to {len(entries)}")


def _value(text: str) -> Any:  # noqa: ANN401
    try:
        return tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()


def _problem(path: str, message: str) -> MappingError:
    return MappingError([Problem(WHERE, path, message)])
