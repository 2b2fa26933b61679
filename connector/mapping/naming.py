"""Names of fields: which ones can be created, and what was meant by one that does not exist."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from connector.crm import CrmField, CrmName, Object
from connector.mapping.words import nearest

_CREATABLE: Final[dict[CrmName, re.Pattern[str]]] = {
    # Salesforce: at most 40 characters before "__c", no two underscores in a row, none at the end.
    "salesforce": re.compile(r"(?=.{1,40}__c$)[A-Za-z](?:_?[A-Za-z0-9])*__c"),
    "hubspot": re.compile(r"[a-z][a-z0-9_]{0,99}"),
}

NAMING: Final[dict[CrmName, str]] = {
    "salesforce": "names of custom fields end in __c",
    "hubspot": "names of properties are small letters, digits and underscores, a letter first",
}
"""What the CRM demands of a new field's name."""


def can_be_created(name: str, crm: CrmName) -> bool:
    """Whether a custom field of this name can be created."""
    return _CREATABLE[crm].fullmatch(name) is not None


def unknown_field(name: str, section: Object, known: Mapping[str, CrmField], user: str) -> str:
    """Why a name leads to no field, and which one was probably meant.

    Args:
        name: what the mapping has.
        section: whose field it should be.
        known: the fields that there are.
        user: as whom we looked.
    """
    labelled = _labelled(name, known)
    if labelled:
        return f'"{name}" is a label; write the API name: {" or ".join(labelled)}'
    close = meant_field(name, known)
    hint = f"did you mean {close[0]}?" if close else f"`kpm fields {section}` lists what there is."
    return f"there is no field {name} on {section}, or {user} may not see it; {hint}"


def meant_field(name: str, known: Mapping[str, CrmField]) -> list[str]:
    """The fields that were probably meant: with this label, else of the nearest name or label."""
    close = nearest(name, known) or _by_label(name, known)
    return _labelled(name, known) or ([close] if close else [])


def _labelled(name: str, known: Mapping[str, CrmField]) -> list[str]:
    return sorted(
        field.name for field in known.values() if field.label.strip().casefold() == name.strip().casefold()
    )


def _by_label(name: str, known: Mapping[str, CrmField]) -> str | None:
    labels = {field.label: field.name for field in known.values()}
    close = nearest(name, labels)
    return labels[close] if close else None
