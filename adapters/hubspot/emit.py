"""Our properties as JSON files, for teams whose changes go through a pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from adapters.hubspot.fields import Fields, field_type
from adapters.hubspot.metadata import FITS, GROUP, GROUP_BODY, body_of, lacking_options, merged_options
from connector.crm import FieldSpec, FieldType

_COMPANIES = "companies"
_TAKEN_OVER = ("groupName", "name", "label", "description", "type", "fieldType", "formField", "hidden")


def emit(fields: Fields, specs: Sequence[FieldSpec], folder: Path) -> list[Path]:
    """Write the definitions; see `connector.crm.Crm.emit`.

    One file per property, each the body of a request that creates it. A request that changes a property replaces its
    options: so what exists in the portal is taken over as it is, with the options that it lacks. A property that
    exists with a type that cannot hold ours is left out.
    """
    contents: dict[str, Mapping[str, Any]] = {f"{_COMPANIES}/groups/{GROUP}.json": GROUP_BODY}
    present = fields.raw(_COMPANIES)
    for spec in specs:
        raw = present.get(spec.name)
        body = body_of(spec) if raw is None else _taken_over(spec, raw)
        if body is not None:
            contents[f"{_COMPANIES}/properties/{spec.name}.json"] = body
    files = [folder / name for name in sorted(contents)]
    for file, name in zip(files, sorted(contents), strict=True):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(orjson.dumps(contents[name], option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return files


def _taken_over(spec: FieldSpec, raw: Mapping[str, Any]) -> dict[str, Any] | None:
    kind = field_type(raw)
    if kind not in FITS[spec.type]:
        return None
    body = {name: raw[name] for name in _TAKEN_OVER if name in raw}
    if kind is FieldType.PICKLIST:
        body["options"] = merged_options(raw, lacking_options(spec, raw))
    elif raw.get("options"):
        body["options"] = [dict(option) for option in raw["options"]]
    return body
