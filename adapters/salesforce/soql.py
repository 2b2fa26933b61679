"""Conditions of a mapping as SOQL, as far as that is safe.

The rule: a query may return more than is wanted (the caller tests again), never less. So a condition goes to
Salesforce only where its comparison is at least as generous as ours, which ignores case and outer blanks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from decimal import Decimal

from adapters.salesforce.fields import Fields
from connector.crm import Condition, CrmField, FieldType

NAME = re.compile(r"^[A-Za-z]\w*(\.[A-Za-z]\w*)*$", re.ASCII)
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$", re.ASCII)
_EXACT = frozenset({FieldType.PICKLIST, FieldType.REFERENCE})
_NUMBERS = frozenset({FieldType.NUMBER, FieldType.PERCENT})  # money is compared in the user's own currency
_COMPARISONS = {"equals": "=", "above": ">", "below": "<"}


def literal(value: str) -> str:
    """A text as SOQL writes it."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"


def where(groups: Iterable[tuple[Condition, ...]], fields: Fields, name: str) -> str:
    """A SOQL condition that holds for every record wanted; "" if nothing can be narrowed.

    Args:
        groups: a record is wanted if all conditions of at least one group hold.
        fields: describes.
        name: the Salesforce object.
    """
    alternatives = []
    for group in groups:
        parts = [text for condition in group if (text := _condition(condition, fields, name))]
        if not parts:
            return ""
        alternatives.append(parts[0] if len(parts) == 1 else f"({' AND '.join(parts)})")
    alternatives = list(dict.fromkeys(alternatives))
    return alternatives[0] if len(alternatives) == 1 else " OR ".join(alternatives)


def _condition(condition: Condition, fields: Fields, name: str) -> str:
    field = fields.resolve(name, condition.field)
    if field is None or not fields.filterable(name, condition.field):
        return ""
    if condition.operator == "is_set":
        return f"{field.name} {'!=' if condition.value else '='} null"
    if field.type in _EXACT and condition.operator in ("in", "equals", "not_in"):
        return _texts(condition, field)
    if (
        field.type is FieldType.BOOLEAN
        and condition.operator == "equals"
        and isinstance(condition.value, bool)
    ):
        return f"{field.name} = {'true' if condition.value else 'false'}"
    if condition.operator not in _COMPARISONS or isinstance(condition.value, tuple | bool):
        return ""
    comparison = f"{field.name} {_COMPARISONS[condition.operator]} "
    if field.type in _NUMBERS and isinstance(condition.value, int | float) and math.isfinite(condition.value):
        return f"{comparison}{Decimal(repr(condition.value)):f}"
    if field.type is FieldType.DATE and isinstance(condition.value, str) and _DAY.match(condition.value):
        return comparison + condition.value
    return ""


def _texts(condition: Condition, field: CrmField) -> str:
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    wanted = [value for value in values if isinstance(value, str) and value.strip()]
    if len(wanted) != len(values) or not wanted:
        return ""
    plain = [value.strip() for value in wanted]
    if condition.operator == "not_in":
        return f"({field.name} = null OR {field.name} NOT IN ({_listed(plain)}))"
    # Stored values that differ in case or blanks only are named too, in case Salesforce is stricter than we are.
    folded = {value.casefold() for value in plain}
    stored = [option.value for option in field.options if option.value.strip().casefold() in folded]
    return f"{field.name} IN ({_listed([*plain, *stored])})"


def _listed(values: Iterable[str]) -> str:
    return ", ".join(map(literal, dict.fromkeys(values)))
