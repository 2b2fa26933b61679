"""Decisions as a file gives them, and those that have no effect."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import pyarrow as pa

ZONE: Final = "segment"
"""The subject of a decision about the zone; the others are criteria."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision.

    Attributes:
        line: of the file.
        account: id.
        what: ``segment``, or the id of a criterion.
        value: id of a zone, or a score in digits.
        owner: who decided; None if the file does not say.
        reason: why; None if the file does not say.
        until: last day on which it holds, as days since 1970; None if the file does not say.
    """

    line: int
    account: str
    what: str
    value: str
    owner: str | None
    reason: str | None
    until: int | None


@dataclass(frozen=True, slots=True)
class Ignored:
    """A decision that has no effect.

    Attributes:
        account: id, as given.
        what: ``segment``, a criterion's id, or what stands in its place.
        value: as given.
        place: where it stands: a line of the file, or a field of the CRM.
        cause: why it has no effect, and what to do.
        ended: it has had its effect, and its last day is past.
    """

    account: str
    what: str
    value: str
    place: str
    cause: str
    ended: bool = False

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class OverrideFile:
    """What a file says.

    Attributes:
        name: as the mapping has it.
        entries: decisions that could be read; one at most for an account and subject.
        ignored: the others.
    """

    name: str = ""
    entries: tuple[Entry, ...] = ()
    ignored: tuple[Ignored, ...] = ()

    @property
    def subjects(self) -> tuple[str, ...]:
        """``segment`` and criteria that some entry is about."""
        return tuple(dict.fromkeys(entry.what for entry in self.entries))

    def table(self, what: str) -> pa.Table:
        """The entries about one subject: id, value, owner, reason, until."""
        chosen = [entry for entry in self.entries if entry.what == what]
        texts = {
            "id": [entry.account for entry in chosen],
            "value": [entry.value for entry in chosen],
            "owner": [entry.owner for entry in chosen],
            "reason": [entry.reason for entry in chosen],
        }
        until = pa.array([entry.until for entry in chosen], pa.int32())
        return pa.table(
            {key: pa.array(values, pa.string()) for key, values in texts.items()} | {"until": until}
        )
