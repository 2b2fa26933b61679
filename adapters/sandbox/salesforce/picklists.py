"""Which values of a picklist each record type allows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.sandbox.database import Database
    from adapters.sandbox.salesforce.schema import SField, SObject, Value

MASTER = "012000000000000AAA"


@dataclass(slots=True)
class RecordTypeValues:
    """The restrictions: a picklist without one allows every active value."""

    _database: Database
    _allowed: dict[tuple[str, str, str], frozenset[str]] = field(default_factory=dict)

    def restrict(self, target: SObject, record_type: str, each: SField, values: Sequence[str] | None) -> None:
        """Let a record type have these values of a picklist only; None lifts the restriction."""
        key = (target.name, record_type, each.name)
        if values is None:
            self._allowed.pop(key, None)
        else:
            self._allowed[key] = frozenset(value.casefold() for value in values)

    def of(self, target: SObject, record_type: str, each: SField) -> list[Value]:
        """The active values that records of a type, named by its id, may have."""
        allowed = self._allowed.get((target.name, record_type, each.name))
        return [
            option
            for option in each.values
            if option.active and (allowed is None or option.value.casefold() in allowed)
        ]

    def refuses(self, target: SObject, record_type: str, each: SField, value: str) -> bool:
        """Whether a restricted picklist lacks a value for this record type."""
        allowed = self._allowed.get((target.name, record_type, each.name))
        return each.restricted and allowed is not None and value.casefold() not in allowed

    @property
    def any(self) -> bool:
        """Whether there is any restriction."""
        return bool(self._allowed)

    def types(self, target: SObject) -> list[tuple[str, str, str]]:
        """Id, developer name and label of the record types of an object, the master one last."""
        rows = self._database.rows(
            'SELECT Id, DeveloperName, Name FROM "sf_RecordType" WHERE SobjectType = ? AND IsActive = 1 ORDER BY rowid',
            (target.name,),
        )
        return [*((row[0], row[1], row[2]) for row in rows), (MASTER, "Master", "Master")]
