"""Our fields and permission sets as a project that the Salesforce CLI deploys, for teams with a pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import orjson

from adapters.salesforce import grants, metadata
from adapters.salesforce.custom_fields import CustomFields, name_of, values_of
from adapters.salesforce.fields import Fields
from adapters.salesforce.http import Org
from adapters.salesforce.permissions import DESCRIPTIONS, EDIT, LABELS, READ, VIEW_ALL, PermissionSet
from connector.crm import CrmField, FieldSpec, FieldType, Object
from connector.errors import CrmAuthError

_ROOT = "force-app/main/default"
_TEXTS = frozenset({"Text", "LongTextArea"})
_NAMESPACE = "http://soap.sforce.com/2006/04/metadata"


def emit(
    org: Org,
    fields: Fields,
    specs: Sequence[FieldSpec],
    reads: Mapping[Object, Sequence[str]],
    folder: Path,
) -> list[Path]:
    """Write the project; see `connector.crm.Crm.emit`.

    A deployment replaces definitions whole. So what exists in the org is taken over as it is, with the values that it
    lacks; fields of another type than ours, or that are not custom ones, are left out. An administrator sees the whole
    definition of what exists, anybody else what describe shows.
    """
    sync, user = grants.wanted(fields, specs, reads)
    project = {
        "packageDirectories": [{"path": "force-app", "default": True}],
        "name": "kpm",
        "sourceApiVersion": org.connection.api_version,
    }
    contents = {"sfdx-project.json": orjson.dumps(project, option=orjson.OPT_INDENT_2).decode() + "\n"}
    existing = _existing(org)
    described = {name.lower(): field for name, field in fields.of("Account").items()}
    for spec in specs:
        if existing is None:
            body = _as_described(spec, described.get(spec.name.lower()))
        else:
            body = _as_defined(spec, existing(spec.name))
        if body is not None and spec.name.lower().endswith("__c"):
            path = f"{_ROOT}/objects/Account/fields/{spec.name}.field-meta.xml"
            contents[path] = _document("CustomField", {"fullName": spec.name, **body})
    for wanted in (sync, user):
        path = f"{_ROOT}/permissionsets/{wanted.name}.permissionset-meta.xml"
        contents[path] = _document("PermissionSet", _permission_set(wanted))
    files = [folder / name for name in sorted(contents)]
    for file, name in zip(files, sorted(contents), strict=True):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(contents[name], encoding="utf-8")
    return files


def _existing(org: Org) -> Callable[[str], dict[str, Any] | None] | None:
    """Gives the definition of a custom field, None for one that does not exist; None for who may not look."""
    custom = CustomFields(org)
    try:
        present = custom.present()
    except CrmAuthError:
        return None

    def of(name: str) -> dict[str, Any] | None:
        field_id = present.get(name.lower())
        return None if field_id is None else custom.metadata(field_id)

    return of


def _as_defined(spec: FieldSpec, held: dict[str, Any] | None) -> dict[str, Any] | None:
    """What exists, with the values that it lacks; None if it is another kind of field."""
    ours = metadata.custom_field(spec)
    if held is None:
        return ours
    alike = {held.get("type"), ours["type"]} <= _TEXTS or held.get("type") == ours["type"]
    if not alike or bool(held.get("formula")) is not (spec.badge_of is not None):
        return None
    values = values_of(held)
    if values is None:
        return held
    values = [
        {"fullName": name_of(value), **{key: each for key, each in value.items() if key != "valueName"}}
        for value in metadata.extended(values, metadata.lacking(spec, values))
    ]
    value_set = held["valueSet"]
    definition = {**value_set["valueSetDefinition"], "value": values}
    return {**held, "valueSet": {**value_set, "valueSetDefinition": definition}}


def _as_described(spec: FieldSpec, field: CrmField | None) -> dict[str, Any] | None:
    """Our definition with what describe shows of what exists; None if it is another kind of field."""
    if field is None:
        return metadata.custom_field(spec)
    same = field.type is spec.type or {field.type, spec.type} <= {FieldType.TEXT, FieldType.LONG_TEXT}
    if not same or field.calculated is not (spec.badge_of is not None):
        return None
    if spec.badge_of is not None:
        return metadata.custom_field(replace(spec, label=field.label))
    held = {option.value.lower() for option in field.options}
    lacking = [option for option in spec.options if option.value.lower() not in held]
    merged = replace(
        spec,
        label=field.label,
        type=field.type,
        length=field.length if field.length is not None else spec.length,
        precision=field.precision if field.precision is not None else spec.precision,
        scale=field.scale if field.scale is not None else spec.scale,
        options=(*field.options, *lacking),
    )
    return metadata.custom_field(merged)


def _permission_set(wanted: PermissionSet) -> dict[str, Any]:
    return {
        "label": LABELS[wanted.name],
        "description": DESCRIPTIONS[wanted.name],
        "hasActivationRequired": False,
        "objectPermissions": [
            {
                "object": name,
                "allowCreate": False,
                "allowDelete": False,
                "allowEdit": EDIT in rights,
                "allowRead": READ in rights,
                "modifyAllRecords": False,
                "viewAllRecords": VIEW_ALL in rights,
            }
            for name, rights in sorted(wanted.objects.items())
        ],
        "fieldPermissions": [
            {"field": name, "editable": edit, "readable": True}
            for name, edit in sorted(wanted.fields.items())
        ],
    }


def _document(kind: str, body: Mapping[str, Any]) -> str:
    lines = "\n".join(_elements(body, 1))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{kind} xmlns="{_NAMESPACE}">\n{lines}\n</{kind}>\n'


def _elements(body: Mapping[str, Any], depth: int) -> Iterator[str]:
    """Elements in the order of their names, as Salesforce writes them; a list is an element for each entry."""
    margin = "    " * depth
    for name in sorted(body, key=lambda key: (key != "fullName", key)):
        for each in body[name] if isinstance(body[name], list) else [body[name]]:
            if isinstance(each, dict):
                yield f"{margin}<{name}>"
                yield from _elements(each, depth + 1)
                yield f"{margin}</{name}>"
            elif each is not None:
                text = str(each).lower() if isinstance(each, bool) else escape(str(each))
                yield f"{margin}<{name}>{text}</{name}>"
