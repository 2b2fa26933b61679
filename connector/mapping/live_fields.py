"""Part of the third pass: the values that conditions and lookups compare a field with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date

from connector.crm import CrmField, FieldType, Option
from connector.mapping.sense_sources import Found, error, warning
from connector.mapping.uses import Use
from connector.mapping.words import listed, meant

_SET_BY_HAND = "override.segment"  # whose values are ours, not the mapping's
_CREATES = "`kpm provision` creates"
_LISTED = 12  # values of a picklist that a message names


def value_findings(field: CrmField, use: Use) -> Iterator[Found]:
    """Values that the field never has, so that a condition or a score never applies."""
    yield from _picklist(field, use)
    yield from _ends(field, use)
    if use.condition is not None:
        yield from _compared(field, use)


def _picklist(field: CrmField, use: Use) -> Iterator[Found]:
    """Values that no option has. A label that stands for one is a mistake, another word may be a value of old."""
    if field.type not in (FieldType.PICKLIST, FieldType.MULTI_PICKLIST) or not field.options:
        return
    path = use.values_path or use.path
    unknown = [value for value in use.values if not stored(value, field.options)]
    if use.path == _SET_BY_HAND:
        if unknown:
            message = f"{field.name} does not offer {listed(unknown)}, by which zones are set"
            yield warning(
                path, f"{message}; add options with these values, or name a new field: {_CREATES} it"
            )
        return
    labels = {value: behind for value in unknown if (behind := behind_label(value, field.options))}
    for value, behind in labels.items():
        yield error(path, f'"{value}" is a label of {field.name}; the stored value is {behind}')
    values = [option.value for option in field.options]
    known = listed(values[:_LISTED]) + (" ..." if len(values) > _LISTED else "")
    if use.values_path is not None and len(unknown) == len(use.values) and not labels:
        message = f"none of its keys is a value of {field.name}, so it scores nobody: {listed(unknown)}"
        yield error(path, f"{message}. Known: {known}")
        return
    for value in unknown:
        if value not in labels:
            hint = meant(value, values) or "."
            yield warning(path, f'"{value}" is no value of {field.name}{hint} Known: {known}')


def _ends(field: CrmField, use: Use) -> Iterator[Found]:
    """Worst or best of a rating that no option has: nobody can ever be rated so."""
    if use.ends is None or field.type is not FieldType.PICKLIST:
        return
    numbers = sorted(float(option.value) for option in field.options if is_number(option.value))
    if not numbers:
        return
    for key, end in zip(("worst", "best"), use.ends, strict=True):
        if end not in numbers:
            message = f"{end:g} is no value of {field.name}, whose numbers run from {numbers[0]:g} to {numbers[-1]:g}"
            yield warning(
                use.path.replace("source.field", f"scale.{key}"), f"{message}: nobody is ever rated so"
            )


def stored(value: str, options: Iterable[Option]) -> bool:
    """Whether an option has this value, as conditions and lookups compare."""
    return _folded(value) in {_folded(option.value) for option in options}


def behind_label(text: str, options: Iterable[Option]) -> str | None:
    """The values, in quotes, of the options that people see under this text; None if there are none."""
    found = [option.value for option in options if _folded(option.label) == _folded(text)]
    return " or ".join(f'"{value}"' for value in dict.fromkeys(found)) or None


def _folded(text: str) -> str:
    return text.strip().casefold()


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
        return not isinstance(value, bool) and is_number(text)
    if kind in (FieldType.DATE, FieldType.DATETIME):
        return isinstance(value, str) and _is(date.fromisoformat, text)
    return not isinstance(value, bool)


def is_number(text: str) -> bool:
    """Whether a stored value is read as a number."""
    return _is(float, text)


def _is(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True
