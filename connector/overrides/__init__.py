"""A person's word: zones and criterion scores that are set by hand, in the CRM or in a file, and end by themselves."""

from __future__ import annotations

from connector.overrides.active import (
    FACTS,
    SET_UNTIL,
    active,
    column_of,
    from_fields,
    ignored,
    remembered,
    subjects,
    with_entries,
)
from connector.overrides.entries import ZONE, Entry, Ignored, OverrideFile
from connector.overrides.file import COLUMNS, read_file

__all__ = [
    "COLUMNS",
    "FACTS",
    "SET_UNTIL",
    "ZONE",
    "Entry",
    "Ignored",
    "OverrideFile",
    "active",
    "column_of",
    "from_fields",
    "ignored",
    "read_file",
    "remembered",
    "subjects",
    "with_entries",
]
