"""What is checked before a record is written: its properties, their values, and the portal's own rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from adapters.sandbox.hubspot.behaviour import Behaviour
from adapters.sandbox.hubspot.errors import ApiError, BatchError, InvalidValue, values_message
from adapters.sandbox.hubspot.store.property_store import Definitions
from adapters.sandbox.hubspot.store.schema import ObjectType
from adapters.sandbox.hubspot.store.values import Values, milliseconds_of, moment_of

ENFORCING: Final = "2026-09"
"""The first version whose writes obey the portal's own rules and accept any date."""
_RULES_MESSAGE: Final = "The property values provided are invalid"


@dataclass(slots=True)
class Checked:
    """The outcome for one record.

    Attributes:
        values: as they are stored.
        invalid: values that are refused.
        broken: details of the portal's rules that are not obeyed.
        warnings: values that were changed on the way.
    """

    values: dict[str, str | None] = field(default_factory=dict)
    invalid: list[InvalidValue] = field(default_factory=list)
    broken: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether the record cannot be written."""
        return bool(self.invalid or self.broken)

    def error(self) -> ApiError:
        """A request refused because of this record."""
        if self.invalid:
            return ApiError(400, "VALIDATION_ERROR", values_message(self.invalid))
        return ApiError(400, "VALIDATION_ERROR", _RULES_MESSAGE, extra={"errors": self.broken})

    def batch_error(self, context: Mapping[str, list[str]]) -> BatchError:
        """The entry of a batch that goes on without this record."""
        if self.invalid:
            return BatchError("VALIDATION_ERROR", values_message(self.invalid), context)
        return BatchError("VALIDATION_ERROR", _RULES_MESSAGE, context, errors=self.broken)


class Checks:
    """Checks values against definitions and rules."""

    def __init__(self, definitions: Definitions, values: Values, behaviour: Behaviour) -> None:
        """Know the portal."""
        self._definitions = definitions
        self._values = values
        self._behaviour = behaviour

    def record(
        self,
        kind: ObjectType,
        given: Mapping[str, Any],
        version: str,
        stored: Mapping[str, str | None] | None = None,
    ) -> Checked:
        """Check what a client wants to write into one record.

        Args:
            kind: of the record.
            given: values by property.
            version: of the API, as in the path.
            stored: what the record holds now; None for a new one.
        """
        checked = Checked()
        enforcing = version >= ENFORCING and version[:1].isdigit()
        for name, raw in given.items():
            each = self._definitions.find(kind, name)
            if each is None:
                message = f'Property "{name}" does not exist'
                checked.invalid.append(InvalidValue(name, "PROPERTY_DOESNT_EXIST", message))
                continue
            if not self._definitions.writable(kind, name):
                message = f'"{name}" is a read only property; its value cannot be set.'
                checked.invalid.append(InvalidValue(name, "READ_ONLY_VALUE", message))
                continue
            moment = moment_of(str(raw).strip()) if enforcing and each.type == "date" else None
            midnight = None if moment is None else datetime.combine(moment.date(), datetime.min.time())
            value = self._values.checked(kind, each, raw if midnight is None else midnight.date().isoformat())
            if isinstance(value, InvalidValue):
                checked.invalid.append(value)
                continue
            checked.values[name] = value
            if moment is not None and moment.time() != datetime.min.time():
                checked.warnings.append(_normalized(name, str(raw), moment))
        if enforcing:
            checked.broken = self._broken(kind, {**(stored or {}), **checked.values})
        return checked

    def rules(self, kind: ObjectType, version: str) -> bool:
        """Whether rules hold for writes to an object, so that what is stored counts too."""
        return version >= ENFORCING and any(rule.object == kind.name for rule in self._behaviour.rules)

    def _broken(self, kind: ObjectType, values: Mapping[str, str | None]) -> list[dict[str, Any]]:
        return [
            {
                "code": "MISSING_CONDITIONAL_REQUIRED_PROPERTY",
                "message": f"{rule.requires} is required because of a conditional property rule "
                f"based on [{rule.property}]",
                "context": {"propertyName": [rule.requires]},
            }
            for rule in self._behaviour.rules
            if rule.object == kind.name
            and values.get(rule.property) == rule.equals
            and not values.get(rule.requires)
        ]


def _normalized(name: str, raw: str, moment: datetime) -> dict[str, Any]:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "category": "PROPERTY_VALUE_NORMALIZED",
        "message": f"{name} was normalized",
        "context": {
            "propertyName": name,
            "rawValue": raw,
            "normalizedValue": str(milliseconds_of(midnight)),
        },
    }
