"""Part of the third pass: the fields that results are written to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from connector.crm import VENDORS, CrmField, CrmName, FieldType
from connector.errors import Severity
from connector.mapping.model import SEGMENTS, SINGLE, target_path
from connector.mapping.model import Mapping as MappingFile
from connector.mapping.naming import NAMING, can_be_created, meant_field, unknown_field
from connector.mapping.sense_sources import Found, error
from connector.mapping.words import listed, nearest

TEXT_LENGTH: Final = 255
"""Characters of the texts that are written."""
CONFIDENCE: Final = ("firm", "provisional")
TO_ADD: Final = "`kpm provision` adds"
"""What is said of options that need not exist yet."""
_TEXTS = (FieldType.TEXT, FieldType.LONG_TEXT)
_ALIKE = 0.9


@dataclass(frozen=True, slots=True)
class Room:
    """What a result needs of its field.

    Attributes:
        types: any of these.
        length: characters, for texts.
        digits: before the decimal point, for numbers.
        values: that a picklist must take.
    """

    types: tuple[FieldType, ...]
    length: int = 0
    digits: int = 0
    values: tuple[str, ...] = ()


_SCORE: Final = Room((FieldType.NUMBER, FieldType.PERCENT), digits=3)
_TEXT: Final = Room(_TEXTS, length=TEXT_LENGTH)


def _choice(values: tuple[str, ...]) -> Room:
    return Room((FieldType.PICKLIST, *_TEXTS), length=max(map(len, values)), values=values)


ROOMS: Final[dict[str, Room]] = {
    "segment": _choice(SEGMENTS),
    "segment_since": Room((FieldType.DATE,)),
    "potential": _SCORE,
    "attractiveness": _SCORE,
    "coverage": _SCORE,
    "confidence": _choice(CONFIDENCE),
    "why": _TEXT,
    "next_step": _TEXT,
    "campaigns": _TEXT,
    "headroom": Room((FieldType.NUMBER, FieldType.CURRENCY), digits=10),
    "share_of_wallet": _SCORE,
    "revenue_flag": Room((FieldType.BOOLEAN,)),
}
"""By result key; single criteria need what a score needs."""


def target_findings(
    mapping: MappingFile, known: Mapping[str, CrmField], user: Callable[[], str], absent: Severity
) -> Iterator[Found]:
    """What is wrong with the targets of ``[write]``; see `connector.mapping.live.live` for `absent`.

    `user` says whom we are connected as, which may take a call: it is asked where a message needs it.
    """
    for key, name in mapping.write.targets.items():
        path = target_path(key)
        field = known.get(name)
        if field is None:
            yield _missing(mapping, name, known, user, absent, path)
        else:
            room, instead = ROOMS.get(key, _SCORE), _instead(mapping.crm, key, field)
            found = [*_unwritable(field, mapping.crm, path, instead, user)]
            found = found or [*_fitting(field, room, path, instead)]
            found = found or _own(field, mapping.crm, path, instead)
            yield from found or _options(field, room, mapping.crm, path, absent)


def _missing(
    mapping: MappingFile,
    name: str,
    known: Mapping[str, CrmField],
    user: Callable[[], str],
    absent: Severity,
    path: str,
) -> Found:
    is_label = any(field.label.casefold() == name.casefold() for field in known.values())
    if is_label:
        return error(path, unknown_field(name, "accounts", known, user()))
    if not can_be_created(name, mapping.crm):
        close = meant_field(name, known)
        hint = f"; did you mean {close[0]}?" if close and known[close[0]].writable else ""
        missing = f"{name} is not there, or {user()} may not see it, and `kpm provision` cannot create it"
        return error(path, f"{missing}: {NAMING[mapping.crm]}{hint}")
    targets = set(mapping.write.targets.values())
    alike = nearest(name, (each for each in known if each not in targets and known[each].writable), _ALIKE)
    hint = f"; did you mean {alike}?" if alike else ""
    return (
        path,
        f"{name} is not there, or {user()} may not see it: `kpm provision` creates and grants it{hint}",
        absent,
    )


def _instead(crm: CrmName, key: str, field: CrmField) -> str:
    """The end of a sentence about a field that cannot hold a result."""
    words = ["kpm", *key.removeprefix(SINGLE).split("_")]
    name = "_".join(words) if crm == "hubspot" else f"KPM_{'_'.join(map(str.capitalize, words[1:]))}__c"
    if name == field.name:
        return "name a new field, which `kpm provision` creates"
    return f"name a field of your own such as {name}, which `kpm provision` creates"


def _own(field: CrmField, crm: CrmName, path: str, instead: str) -> list[Found]:
    """A field that came with the CRM holds what people and other programs put there: we would wipe it."""
    if not field.standard:
        return []
    message = f"{field.name} is {VENDORS[crm]}'s own field, and what stands in it would be overwritten"
    return [error(path, f"{message}; {instead}")]


def _unwritable(
    field: CrmField, crm: CrmName, path: str, instead: str, user: Callable[[], str]
) -> Iterator[Found]:
    """HubSpot gives rights on values to nobody alone: what the key may not edit, no key may."""
    if field.calculated:
        message = f"{field.name} is calculated by the CRM (a formula or roll-up) and cannot be written"
        yield error(path, f"{message}; {instead}")
    elif not field.writable and (field.standard or crm == "hubspot"):
        yield error(path, f"{field.name} is read-only in {VENDORS[crm]}, whoever asks; {instead}")
    elif not field.writable:
        yield error(path, f"{user()} may not edit {field.name}; grant it (`kpm provision`), or {instead}")


def _fitting(field: CrmField, room: Room, path: str, instead: str) -> Iterator[Found]:
    if field.type not in room.types:
        needed = " or ".join(room.types)
        yield error(path, f"{field.name} holds {field.type}, but {needed} is needed; {instead}")
        return
    if field.length is not None and field.length < room.length and field.type in _TEXTS:
        message = f"{field.name} is too short: it takes {field.length} characters, {room.length} are needed"
        yield error(path, f"{message}; {instead}")
    digits = None if field.precision is None else field.precision - (field.scale or 0)
    if digits is not None and digits < room.digits:
        message = f"{field.name} is too narrow: it takes {digits} digits before the decimal point"
        yield error(path, f"{message}, {room.digits} are needed; {instead}")


def _options(field: CrmField, room: Room, crm: CrmName, path: str, severity: Severity) -> list[Found]:
    """Values that a picklist refuses. HubSpot hides options from people, and takes them all the same."""
    values = {option.value.casefold() for option in field.options if option.active or crm == "hubspot"}
    lacking = [value for value in room.values if value not in values]
    if field.type is not FieldType.PICKLIST or not field.restricted or not lacking:
        return []
    message = (
        f"{field.name} lacks the options {listed(lacking)}: {TO_ADD} them, and changes none that is there"
    )
    return [(path, message, severity)]
