"""What a CRM says of itself: steps of provisioning, findings of a check, calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from connector.crm.reading import Object


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that provisioning does, did or leaves to a person.

    Attributes:
        what: "create field", "add options", "grant", "assign", "by hand" ...
        target: the field, permission set or user.
        detail: one line for people.
        done: True if it stands (already there or just done).
        changed: True if this call did it.
    """

    what: str
    target: str
    detail: str = ""
    done: bool = True
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check.

    Attributes:
        level: ok, note, warning or error; a note says something that nobody need act on.
        what: subject of the line ("login", "API quota").
        message: what was found and what to do.
    """

    level: Literal["ok", "note", "warning", "error"]
    what: str
    message: str


@dataclass(frozen=True, slots=True)
class Needs:
    """What a sync will ask of a CRM, for a check to look at.

    Attributes:
        reads: fields that are read, by object; an object that no criterion reads is left out.
        targets: fields of the account that are written -> stored values that they must take, () for any.
        creates: fields of the account that `provision` creates where they are not there.
        inputs: fields of the account that people fill in for us: how far they are filled is up to them.
        exceptions: fields of the account that are set for a few accounts, by exception: empty is how they should be.
    """

    reads: Mapping[Object, Sequence[str]]
    targets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    creates: Sequence[str] = ()
    inputs: Sequence[str] = ()
    exceptions: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """API calls.

    Attributes:
        used: calls of the last 24 hours by everybody, None where the CRM does not tell.
        limit: the daily allowance, None where the CRM does not tell.
        calls: calls of this session by endpoint, such as ``PATCH composite/sobjects`` -> 12.
    """

    used: int | None
    limit: int | None
    calls: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Estimate:
    """API calls that a sync will need.

    Attributes:
        calls: what the adapter will do.
        minimum: the fewest that the CRM's API allows for the same work.
    """

    calls: int
    minimum: int
