"""Part of the third pass: the values that conditions and lookups compare a field with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from connector.crm import CrmField, FieldType
from connector.mapping.sense_sources import Found, warning
from connector.mapping.uses import Use
from connector.mapping.words import listed, meant

_LISTED = 12  # values of a picklist that a message names


def value_findings(field: CrmField, use: Use) -> Iterator[Found]:
    """Values that the field never has, so that a condition or a score never applies."""
    yield from _picklist(field, use)
    if use.condition is not None:
        yield from _compared(field, use)


def _picklist(field: CrmField, use: Use) -> Iterator[Found]:
    if field.type not in (FieldType.PICKLIST, FieldType.MULTI_PICKLIST) or not field.options:
        return
    stored = {option.value.strip().casefold() for option in field.options}
    labels = {option.label.strip().casefold(): option.value for option in field.options}
    for value in use.values:
        folded = value.strip().casefold()
        if folded in stored:
            continue
        if folded in labels:
            yield warning(
                use.path, f'"{value}" is a label of {use.field}; the stored value is "{labels[folded]}"'
            )
            continue
        values = [option.value for option in field.options]
        known = listed(values[:_LISTED]) + (" ..." if len(values) > _LISTED else "")
        yield warning(
            use.path, f'"{value}" is no value of {use.field}{meant(value, values) or "."} Known: {known}'
        )


def _compared(field: CrmField, use: Use) -> Iterator[Found]:
    """A comparison that can never hold, since the field holds another type."""
    condition = use.condition
    if condition is None or condition.operator == "is_set":
        return
    operand = condition.operand
    for value in operand if isinstance(operand, tuple) else (operand,):
        if not _comparable(field.type, value):
            yield warning(
                use.path, f"{use.field} holds {field.type}, which is never compared with {_shown(value)}"
            )


def _shown(value: str | float | bool) -> str:
    """As a TOML file has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"


def _comparable(kind: FieldType, value: str | float | bool) -> bool:
    text = str(value).strip().casefold()
    if kind is FieldType.BOOLEAN:
        return text in ("true", "false")
    if kind in (FieldType.NUMBER, FieldType.CURRENCY, FieldType.PERCENT):
        return not isinstance(value, bool) and _is(float, text)
    if kind in (FieldType.DATE, FieldType.DATETIME):
        return isinstance(value, str) and _is(date.fromisoformat, text)
    return not isinstance(value, bool)


def _is(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True
