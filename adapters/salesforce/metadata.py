"""Custom fields in the words of Salesforce's Metadata API, for the Tooling API and for files alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.salesforce.custom_fields import name_of
from connector.crm import FieldSpec, FieldType, Mark, Option

TYPES: Mapping[FieldType, str] = {
    FieldType.TEXT: "Text",
    FieldType.LONG_TEXT: "LongTextArea",
    FieldType.PICKLIST: "Picklist",
    FieldType.NUMBER: "Number",
    FieldType.CURRENCY: "Currency",
    FieldType.PERCENT: "Percent",
    FieldType.BOOLEAN: "Checkbox",
    FieldType.DATE: "Date",
}
_LONGEST_TEXT = 255
_IMAGES: Mapping[Mark, str] = {
    "green flag": "/img/samples/flag_green.gif",
    "yellow flag": "/img/samples/flag_yellow.gif",
    "half circle": "/img/samples/rating4.gif",
    "empty circle": "/img/samples/rating3.gif",
}
"""Images that every org serves, made for formulas."""
_BLANK = "/s.gif"
_PIXELS = 16


def custom_field(spec: FieldSpec) -> dict[str, Any]:
    """A field as Salesforce wants it. A checkbox must not say whether it is required, so none does."""
    kind = TYPES[spec.type]
    metadata: dict[str, Any] = {"label": spec.label, "type": kind, "inlineHelpText": spec.help or None}
    if spec.badge_of is not None:
        return metadata | {"formula": _badge(spec, spec.badge_of), "formulaTreatBlanksAs": "BlankAsBlank"}
    if kind == "Text" and (spec.length or _LONGEST_TEXT) > _LONGEST_TEXT:
        metadata["type"] = kind = "LongTextArea"
    if kind == "Text":
        metadata["length"] = spec.length or _LONGEST_TEXT
    elif kind == "LongTextArea":
        metadata |= {"length": max(spec.length or 0, 256), "visibleLines": 3}
    elif kind in ("Number", "Currency", "Percent"):
        metadata |= {"precision": spec.precision or 18, "scale": spec.scale or 0}
    elif kind == "Checkbox":
        metadata["defaultValue"] = "false"
    elif kind == "Picklist":
        metadata["valueSet"] = {
            "restricted": False,
            "valueSetDefinition": {"sorted": False, "value": extended((), spec.options)},
        }
    return metadata


def lacking(spec: FieldSpec, values: Sequence[Mapping[str, Any]]) -> list[Option]:
    """The options that a picklist with these values lacks."""
    held = {name_of(each).lower() for each in values}
    return [option for option in spec.options if option.value.lower() not in held]


def extended(values: Sequence[Mapping[str, Any]], more: Sequence[Option]) -> list[dict[str, Any]]:
    """The values of a picklist with more at their end, spelt like those that are there."""
    key = "valueName" if any("valueName" in each for each in values) else "fullName"
    added = [
        {key: option.value, "default": False, "label": option.label}
        | ({} if option.active else {"isActive": False})
        for option in more
    ]
    return [*map(dict, values), *added]


def _badge(spec: FieldSpec, field: str) -> str:
    """A formula that shows an image for each value, with the value's label as alternative text."""
    labels = {option.value: option.label for option in spec.options}
    images = ", ".join(f"{_quoted(value)}, {_quoted(_IMAGES[mark])}" for value, mark in spec.marks.items())
    texts = ", ".join(f"{_quoted(value)}, {_quoted(labels.get(value, value))}" for value in spec.marks)
    shown = f"TEXT({field})"
    return f'IMAGE(CASE({shown}, {images}, "{_BLANK}"), CASE({shown}, {texts}, ""), {_PIXELS}, {_PIXELS})'


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
