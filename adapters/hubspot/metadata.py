"""Our properties as HubSpot's Properties API takes them.

HubSpot has no colours for options in its API: the zone's badge is the label of its option, as in lists and boards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.crm import FieldSpec, FieldType, Option

GROUP = "customer_portfolio"
GROUP_LABEL = "Customer portfolio"
GROUP_BODY: Mapping[str, Any] = {"name": GROUP, "label": GROUP_LABEL, "displayOrder": -1}

TYPES: Mapping[FieldType, tuple[str, str]] = {
    FieldType.TEXT: ("string", "text"),
    FieldType.LONG_TEXT: ("string", "textarea"),
    FieldType.PICKLIST: ("enumeration", "radio"),
    FieldType.NUMBER: ("number", "number"),
    FieldType.CURRENCY: ("number", "number"),
    FieldType.PERCENT: ("number", "number"),
    FieldType.BOOLEAN: ("bool", "booleancheckbox"),
    FieldType.DATE: ("date", "date"),
}
"""Type and appearance of a property that we create."""

FITS: Mapping[FieldType, frozenset[FieldType]] = {
    FieldType.TEXT: frozenset({FieldType.TEXT, FieldType.LONG_TEXT}),
    FieldType.LONG_TEXT: frozenset({FieldType.TEXT, FieldType.LONG_TEXT}),
    FieldType.PICKLIST: frozenset({FieldType.PICKLIST, FieldType.TEXT, FieldType.LONG_TEXT}),
    FieldType.NUMBER: frozenset({FieldType.NUMBER, FieldType.CURRENCY}),
    FieldType.CURRENCY: frozenset({FieldType.NUMBER, FieldType.CURRENCY}),
    FieldType.PERCENT: frozenset({FieldType.NUMBER, FieldType.CURRENCY}),
    FieldType.BOOLEAN: frozenset({FieldType.BOOLEAN}),
    FieldType.DATE: frozenset({FieldType.DATE, FieldType.DATETIME}),
}
"""Types of an existing property that can hold ours."""

_YES_NO = (Option("true", "Yes"), Option("false", "No"))


def body_of(spec: FieldSpec) -> dict[str, Any]:
    """A new property."""
    kind, shown = TYPES[spec.type]
    body: dict[str, Any] = {
        "groupName": GROUP,
        "name": spec.name,
        "label": spec.label,
        "description": spec.help,
        "type": kind,
        "fieldType": shown,
        "formField": False,
    }
    if spec.type is FieldType.CURRENCY:
        body["numberDisplayHint"] = "formatted"  # with thousands separators; its currency is the mapping's
    options = _YES_NO if spec.type is FieldType.BOOLEAN else spec.options
    if options:
        body["options"] = [_option(option, number) for number, option in enumerate(options)]
    return body


def lacking_options(spec: FieldSpec, raw: Mapping[str, Any]) -> tuple[Option, ...]:
    """Options of ours that an existing property does not have."""
    held = {str(option["value"]) for option in raw.get("options") or ()}
    return tuple(option for option in spec.options if option.value not in held)


def merged_options(raw: Mapping[str, Any], lacking: Sequence[Option]) -> list[dict[str, Any]]:
    """All options of an existing property with ours behind them: HubSpot replaces the whole list by what is sent."""
    held = [dict(option) for option in raw.get("options") or ()]
    return held + [_option(option, len(held) + number) for number, option in enumerate(lacking)]


def _option(option: Option, order: int) -> dict[str, Any]:
    return {
        "value": option.value,
        "label": option.label,
        "displayOrder": order,
        "hidden": not option.active,
    }
