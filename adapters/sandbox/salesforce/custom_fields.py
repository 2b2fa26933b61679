"""Custom fields as metadata: from the definition that a client sends to a field of the schema, and back."""

from __future__ import annotations

from typing import Any

from adapters.sandbox.salesforce.errors import ApiError
from adapters.sandbox.salesforce.schema import SField, Value

_LONGEST_LABEL = 40
# Metadata type -> describe's type, and the properties that have to be given.
_TYPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "Text": ("string", ("length",)),
    "TextArea": ("textarea", ()),
    "LongTextArea": ("textarea", ("length", "visibleLines")),
    "Number": ("double", ("precision", "scale")),
    "Currency": ("currency", ("precision", "scale")),
    "Percent": ("percent", ("precision", "scale")),
    "Checkbox": ("boolean", ("defaultValue",)),
    "Date": ("date", ()),
    "DateTime": ("datetime", ()),
    "Picklist": ("picklist", ("valueSet",)),
    "MultiselectPicklist": ("multipicklist", ("valueSet", "visibleLines")),
    "Url": ("url", ()),
    "Email": ("email", ()),
    "Phone": ("phone", ()),
}
_LONGEST_TEXT, _MOST_DIGITS = 255, 18
_LONGEST_FORMULA_TEXT = 1_300
_METADATA_TYPES = {
    "string": "Text",
    "textarea": "LongTextArea",
    "double": "Number",
    "currency": "Currency",
    "percent": "Percent",
    "boolean": "Checkbox",
    "date": "Date",
    "datetime": "DateTime",
    "picklist": "Picklist",
    "multipicklist": "MultiselectPicklist",
}


def metadata_of(body: dict[str, Any]) -> dict[str, Any]:
    """``Metadata`` of a request.

    Raises:
        ApiError: there is none.
    """
    metadata = body.get("Metadata")
    if not isinstance(metadata, dict):
        raise ApiError(
            "REQUIRED_FIELD_MISSING", "Required fields are missing: [Metadata]", fields=("Metadata",)
        )
    return metadata


def field_of(name: str, metadata: dict[str, Any]) -> SField:
    """The field that this metadata describes.

    Raises:
        ApiError: a property is missing, or makes no sense for the type.
    """
    kind = metadata.get("type")
    if kind not in _TYPES:
        raise ApiError(
            "JSON_PARSER_ERROR",
            f"Cannot deserialize instance of complexvalue from VALUE_STRING value {kind} or request may be missing a "
            "required field at [line:1, column:1]",
        )
    described, needed = _TYPES[kind]
    label = str(metadata.get("label") or "")
    if not label or len(label) > _LONGEST_LABEL:
        raise _integrity(f"Must specify a label of 1 to {_LONGEST_LABEL} characters for a CustomField")
    formula = metadata.get("formula")
    for key in needed if formula is None else ():
        if metadata.get(key) is None:
            raise _integrity(f"Must specify '{key}' for a CustomField of type {kind}")
    if kind == "Checkbox" and metadata.get("required"):
        raise _integrity("Can not specify 'required' for a CustomField of type Checkbox")
    precision, scale = int(metadata.get("precision") or 0), int(metadata.get("scale") or 0)
    if precision > _MOST_DIGITS or scale > precision:
        raise _integrity(f"Precision must be at most {_MOST_DIGITS}, and scale at most the precision")
    length = int(metadata.get("length") or (255 if described in ("picklist", "textarea", "url") else 80))
    if formula is not None:
        length = _LONGEST_FORMULA_TEXT
    elif kind == "Text" and not 1 <= length <= _LONGEST_TEXT:
        raise _integrity(f"Length must be between 1 and {_LONGEST_TEXT} for a CustomField of type Text")
    restricted, values = _value_set(metadata.get("valueSet"))
    numeric = described in ("double", "currency", "percent")
    return SField(
        name,
        label,
        described,
        length=0 if numeric or described in ("boolean", "date", "datetime") else length,
        precision=precision if numeric else 0,
        scale=scale if numeric else 0,
        required=bool(metadata.get("required")),
        nillable=described != "boolean" and not metadata.get("required"),
        restricted=restricted,
        values=values,
        help=metadata.get("inlineHelpText"),
        description=metadata.get("description"),
        unique=bool(metadata.get("unique")),
        external_id=bool(metadata.get("externalId")),
        calculated=formula is not None,
        createable=formula is None,
        updateable=formula is None,
    )


def _integrity(message: str) -> ApiError:
    return ApiError("FIELD_INTEGRITY_EXCEPTION", message, fields=("Metadata",))


def _value_set(value_set: Any) -> tuple[bool, tuple[Value, ...]]:  # noqa: ANN401 (any JSON)
    if not isinstance(value_set, dict):
        return False, ()
    definition = value_set.get("valueSetDefinition") or {}
    values = tuple(
        Value(
            str(entry.get("fullName") or entry.get("valueName") or entry["label"]),
            str(entry.get("label") or entry.get("fullName") or entry.get("valueName")),
            active=entry.get("isActive") is not False,
            default=bool(entry.get("default")),
        )
        for entry in definition.get("value", [])
    )
    spellings = [each.value.casefold() for each in values]
    if len(set(spellings)) < len(spellings):
        raise _integrity("Duplicate picklist value")
    return bool(value_set.get("restricted")), values


def metadata_for(each: SField) -> dict[str, Any]:
    """The metadata of a field that the org already has."""
    metadata: dict[str, Any] = {
        "label": each.label,
        "type": _METADATA_TYPES[each.type],
        "required": each.required,
    }
    if each.length and not each.values:
        metadata["length"] = each.length
    if each.precision:
        metadata |= {"precision": each.precision, "scale": each.scale}
    if each.values:
        values = [
            {"fullName": option.value, "label": option.label, "default": option.default}
            for option in each.values
        ]
        definition = {"sorted": False, "value": values}
        metadata["valueSet"] = {"restricted": each.restricted, "valueSetDefinition": definition}
    return metadata
