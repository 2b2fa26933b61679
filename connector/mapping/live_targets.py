"""Part of the third pass: the fields that results are written to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from connector.crm import CrmField, FieldType
from connector.errors import Severity
from connector.mapping.model import SEGMENTS
from connector.mapping.model import Mapping as MappingFile
from connector.mapping.naming import can_be_created, unknown_field
from connector.mapping.sense_sources import Found, error
from connector.mapping.words import listed, nearest

TEXT_LENGTH: Final = 255
"""Characters of the texts that are written."""
CONFIDENCE: Final = ("firm", "provisional")
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
        path = f"write.{key}" + (".field" if key.startswith("criteria.") else "")
        field = known.get(name)
        if field is None:
            yield _missing(mapping, name, known, user, absent, path)
        else:
            found = [*_fitting(field, ROOMS.get(key, _SCORE), path, user)]
            yield from found or _own(field, mapping, path)


def _missing(
    mapping: MappingFile,
    name: str,
    known: Mapping[str, CrmField],
    user: Callable[[], str],
    absent: Severity,
    path: str,
) -> Found:
    is_label = any(field.label.casefold() == name.casefold() for field in known.values())
    if is_label or not can_be_created(name, mapping.crm):
        custom = "; names of custom fields end in __c" if mapping.crm == "salesforce" and not is_label else ""
        return error(path, unknown_field(name, "accounts", known, user()) + custom)
    targets = set(mapping.write.targets.values())
    alike = nearest(name, (each for each in known if each not in targets and known[each].writable), _ALIKE)
    hint = f"; did you mean {alike}?" if alike else ""
    return (
        path,
        f"{name} is not there, or {user()} may not see it: `kpm provision` creates and grants it{hint}",
        absent,
    )


def _own(field: CrmField, mapping: MappingFile, path: str) -> Iterator[Found]:
    """A field that came with the CRM holds what people and other programs put there: we would wipe it."""
    if field.standard:
        vendor, example = (
            ("Salesforce", "KPM_Why__c") if mapping.crm == "salesforce" else ("HubSpot", "kpm_why")
        )
        yield error(
            path,
            f"{field.name} is {vendor}'s own field, and what stands in it would be overwritten; take a custom field "
            f"such as {example}, which `kpm provision` creates",
        )


def _fitting(field: CrmField, room: Room, path: str, user: Callable[[], str]) -> Iterator[Found]:
    if field.calculated:
        yield error(
            path, f"{field.name} is calculated by the CRM (a formula or roll-up) and cannot be written"
        )
        return
    if not field.writable:
        yield error(
            path,
            f"{user()} may not edit {field.name}; grant it (`kpm provision`), or take a field of your own",
        )
        return
    if field.type not in room.types:
        needed = " or ".join(room.types)
        yield error(path, f"{field.name} holds {field.type}, but {needed} is needed")
        return
    if field.length is not None and field.length < room.length and field.type in _TEXTS:
        yield error(
            path, f"{field.name} is too short: it takes {field.length} characters, {room.length} are needed"
        )
    digits = None if field.precision is None else field.precision - (field.scale or 0)
    if digits is not None and digits < room.digits:
        message = f"{field.name} is too narrow: it takes {digits} digits before the decimal point"
        yield error(path, f"{message}, {room.digits} are needed")
    if field.type is FieldType.PICKLIST and field.restricted:
        values = {option.value for option in field.options if option.active}
        lacking = [value for value in room.values if value not in values]
        if lacking:
            message = f"{field.name} takes only its own values and lacks {listed(lacking)}"
            yield error(path, f"{message}; add them, or lift the restriction")
