"""Who changed what in a mapping, since when: the versions that were in force, compared one by one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.store import Version


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that differs from the version before; None: it was or is not there, so that the default holds."""

    path: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.path}: {self.after}"
        return f"{self.path}: {self.before} → {'–' if self.after is None else self.after}"


@dataclass(frozen=True, slots=True)
class Changed:
    """A version with what it changed; nothing for the first one.

    Attributes:
        since: when the first sync with it passed the brakes.
        who: who ran that.
        changes: by key path.
    """

    since: datetime
    who: str
    changes: tuple[Change, ...]


def history(versions: Sequence[Version]) -> list[Changed]:
    """The versions with their changes, the latest first."""
    found: list[Changed] = []
    before: dict[str, str] | None = None
    for version in versions:
        now = flat(json.loads(version.content))
        known = {} if before is None else before
        paths = sorted(
            {*now, *known}, key=lambda path: (path not in now, list(now).index(path) if path in now else 0)
        )
        changes = (
            []
            if before is None
            else [
                Change(path, known.get(path), now.get(path))
                for path in paths
                if known.get(path) != now.get(path)
            ]
        )
        found.append(Changed(version.since, version.who, tuple(changes)))
        before = now
    return found[::-1]


def flat(value: Any, path: str = "") -> dict[str, str]:  # noqa: ANN401 - parsed JSON
    """Every setting by its key path, as people write it; criteria by their id."""
    found: dict[str, str] = {}
    if isinstance(value, dict):
        for key, inside in value.items():
            found |= flat(inside, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        for place, inside in enumerate(value, 1):
            name = inside.get("id", place) if path == "criteria" else place
            found |= flat(inside, f"{path}[{name}]")
    else:
        found[path] = _plain(value)
    return found


def _plain(value: Any) -> str:  # noqa: ANN401 - parsed JSON
    if isinstance(value, float) and value.is_integer():
        return f"{value:,.0f}"
    if isinstance(value, list):
        return ", ".join(_plain(each) for each in value)
    return value if isinstance(value, str) else json.dumps(value)
