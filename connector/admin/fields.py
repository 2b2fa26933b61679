"""`kpm fields`: the CRM's fields, and where the mapping uses them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from connector.crm import Crm, CrmField, FieldType, Object, PullRequest
from connector.mapping.model import Mapping, target_path
from connector.mapping.uses import uses
from connector.tables import column, opened

AT_ONCE: Final = 80
"""Fields that are read together to see how well they are filled: a query has a longest text."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One field.

    Attributes:
        name: API name.
        label: what people see.
        type: in words.
        writable: the connected user may edit it.
        options: stored values of a picklist, and what people see for each.
        used: key paths of the mapping that name it, targets included.
        filled: share of the records that have a value, 0 to 1; None if it was not counted.
    """

    name: str
    label: str
    type: str
    writable: bool
    options: dict[str, str]
    used: tuple[str, ...]
    filled: float | None = None


def list_fields(
    crm: Crm,
    mapping: Mapping | None,
    section: Object = "accounts",
    search: str = "",
    folder: Path | None = None,
) -> list[Listed]:
    """The fields of a section's objects by name, those that the mapping uses first.

    Args:
        crm: the CRM.
        mapping: says where fields are used; None if it cannot be read.
        section: of the mapping.
        search: only fields whose name, label or values hold this text.
        folder: an empty folder; if given, every account is read to see how well its fields are filled.

    Raises:
        CrmRequestError: the CRM does not have such an object.
    """
    described: dict[str, CrmField] = {}
    for source in getattr(getattr(mapping, section, None), "objects", ()) or (None,):
        described = {**crm.describe(section, source), **described}
    places = _places(mapping, section) if mapping is not None else {}
    found = [field for field in described.values() if _meets(field, search)]
    filled = _filled(crm, section, found, folder) if folder is not None else {}
    listed = [
        Listed(
            field.name,
            field.label,
            str(field.type),
            field.writable and not field.calculated,
            {option.value: option.label for option in field.options if option.active},
            places.get(field.name, ()),
            filled.get(field.name),
        )
        for field in found
    ]
    return sorted(listed, key=lambda each: (not each.used, each.name.casefold()))


def _places(mapping: Mapping, section: Object) -> dict[str, tuple[str, ...]]:
    places: dict[str, tuple[str, ...]] = {}
    for use in uses(mapping):
        if use.object == section:
            places[use.field] = (*places.get(use.field, ()), use.path)
    if section == "accounts":
        for key, name in mapping.write.targets.items():
            places[name] = (*places.get(name, ()), target_path(key))
    return places


def _meets(field: CrmField, search: str) -> bool:
    words = (field.name, field.label, *(option.value for option in field.options))
    return any(search.casefold() in word.casefold() for word in words)


def _filled(crm: Crm, section: Object, fields: Sequence[CrmField], folder: Path) -> dict[str, float]:
    """Share of the accounts with a value, by field; a false checkbox counts as one."""
    if section != "accounts":
        return {}
    names = [
        field.name for field in fields if field.readable_in_bulk and field.type is not FieldType.LONG_TEXT
    ]
    shares: dict[str, float] = {}
    for start in range(0, len(names), AT_ONCE):
        part = tuple(names[start : start + AT_ONCE])
        place = folder / str(start)
        place.mkdir()
        frame: pl.LazyFrame = opened(crm.pull(PullRequest("accounts", part), place)).frame.to_native()
        counted = frame.select(
            pl.len().alias("@rows"), *(pl.col(column(name)).count() for name in part)
        ).collect()
        rows = counted.item(0, "@rows")
        shares |= {name: counted.item(0, column(name)) / rows for name in part if rows}
    return shares
