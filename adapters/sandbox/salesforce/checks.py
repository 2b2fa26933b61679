"""Why one record is refused: rights, values, locks, duplicates."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from adapters.sandbox.database import quoted
from adapters.sandbox.salesforce.access import Access
from adapters.sandbox.salesforce.errors import RowError
from adapters.sandbox.salesforce.picklists import MASTER
from adapters.sandbox.salesforce.schema import SField, SObject
from adapters.sandbox.salesforce.values import Stored, bad_value, checked

if TYPE_CHECKING:
    from adapters.sandbox.salesforce.org import Org

# By field name; an error stands for a cell that could not be read.
Values = Mapping[str, Stored | RowError]


@dataclass(frozen=True, slots=True)
class DuplicateRule:
    """A rule against duplicates among accounts.

    Attributes:
        field: accounts that agree in it are duplicates.
        action: "block": nobody may save one; "alert": who says ``allowSave=true`` may.
        always: every update is checked; False: only those that set the field.
    """

    field: str
    action: Literal["block", "alert"]
    always: bool = False


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a write depends on besides its values.

    Attributes:
        path: of the request, for the row faults.
        headers: of the request; a bulk job has none that count.
        all_or_none: one refused row undoes all.
    """

    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    all_or_none: bool = False

    @property
    def assigns(self) -> bool:
        """Whether assignment rules run: they do unless ``Sforce-Auto-Assign`` says no."""
        return self.headers.get("sforce-auto-assign", "true").strip().lower() != "false"

    @property
    def allows_duplicates(self) -> bool:
        """Whether ``Sforce-Duplicate-Rule-Header`` lets duplicates be saved in spite of an alert."""
        rule = self.headers.get("sforce-duplicate-rule-header", "").lower().replace(" ", "")
        return "allowsave=true" in rule.split(";")


class Checks:
    """The rules of one org."""

    def __init__(self, org: Org) -> None:
        """Look things up in `org`."""
        self._org = org
        self.duplicates: DuplicateRule | None = None

    def existing(
        self, connection: sqlite3.Connection, access: Access, target: SObject, record_id: str
    ) -> RowError | None:
        """Why a record cannot be written at all: it is unknown, not shared with the user, or deleted."""
        deleted = "0" if target.setup else "IsDeleted"
        found = connection.execute(
            f"SELECT rowid, {deleted} FROM {quoted(target.table)} WHERE Id = ?", (record_id,)
        ).fetchone()
        if found is None or (access.half and target.name == "Account" and found[0] % 2):
            return RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        if found[1]:
            return RowError("ENTITY_IS_DELETED", "entity is deleted")
        return None

    def disturbed(self, path: str, record_id: str) -> RowError | None:
        """A lock that another process holds, or a fault that was asked for."""
        if record_id and record_id in self._org.locked_records:
            return _locked(record_id)
        faults = self._org.world.faults
        method = "PUT" if "/jobs/" in path else "PATCH"
        if faults.draw("row_lock", "salesforce", method, path, phase="write_batch"):
            return _locked(record_id)
        if faults.draw("partial_batch", "salesforce", method, path, phase="write_batch"):
            return RowError(
                "FIELD_CUSTOM_VALIDATION_EXCEPTION", "This record is locked by a validation rule."
            )
        return None

    def duplicate(
        self,
        connection: sqlite3.Connection,
        target: SObject,
        record_id: str,
        values: Mapping[str, Stored],
        given: Circumstances,
    ) -> RowError | None:
        """What the duplicate rule says to a new record (`record_id` empty) or to changed values of one."""
        rule = self.duplicates
        if rule is None or target.name != "Account":
            return None
        if rule.action == "alert" and given.allows_duplicates:
            return None
        if rule.field in values:
            wanted = values[rule.field]
        elif record_id and rule.always:
            wanted = connection.execute(
                f"SELECT {quoted(rule.field)} FROM {quoted(target.table)} WHERE Id = ?", (record_id,)
            ).fetchone()[0]
        else:
            return None
        table, column = quoted(target.table), quoted(rule.field)
        found = (
            wanted is not None
            and connection.execute(
                f"SELECT 1 FROM {table} WHERE {column} = ? AND Id != ? AND IsDeleted = 0 LIMIT 1",
                (wanted, record_id),
            ).fetchone()
        )
        return RowError("DUPLICATES_DETECTED", "Use one of these records?") if found else None

    def off_type(
        self, connection: sqlite3.Connection, target: SObject, record_id: str, values: Mapping[str, Stored]
    ) -> RowError | None:
        """A value of a restricted picklist that the record's type lacks."""
        types = self._org.record_types
        if not types.any or "RecordTypeId" not in target.fields:
            return None
        record_type = values.get("RecordTypeId")
        if record_type is None and record_id:
            record_type = connection.execute(
                f"SELECT RecordTypeId FROM {quoted(target.table)} WHERE Id = ?", (record_id,)
            ).fetchone()[0]
        for name, value in values.items():
            each = target.fields[name]
            if value is not None and types.refuses(target, str(record_type or MASTER), each, str(value)):
                return bad_value(each, str(value))
        return None

    def values(
        self, access: Access, target: SObject, values: Values, editable: dict[str, bool], *, creating: bool
    ) -> tuple[tuple[RowError, ...], dict[str, Stored]]:
        """What is wrong with the values, and the values as they will be stored.

        `editable` remembers between rows which fields the user may write.
        """
        errors: list[RowError] = []
        clean: dict[str, Stored] = {}
        refused: list[str] = []
        for name, value in values.items():
            each = target.fields[name]
            if name not in editable:
                allowed = (each.createable if creating else each.updateable) and not each.calculated
                editable[each.name] = allowed and access.editable(target, each)
            if not editable[each.name]:
                refused.append(each.name)
                continue
            result = value if isinstance(value, RowError) else checked(each, value)
            if isinstance(result, RowError):
                errors.append(result)
            elif each.type == "reference" and result is not None and not self._refers(each, str(result)):
                errors.append(
                    RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", (each.name,))
                )
            else:
                clean[each.name] = result
        if refused:
            errors.insert(0, _not_editable(refused))
        if creating and (missing := _missing(target, values)):
            errors.append(missing)
        return tuple(errors), clean

    def _refers(self, each: SField, record_id: str) -> bool:
        for name in each.reference_to:
            target = self._org.objects.get(name)
            if target is not None and record_id[:3] == target.prefix:
                found = self._org.database.row(
                    f"SELECT 1 FROM {quoted(target.table)} WHERE Id = ?", (record_id,)
                )
                return found is not None
        return False


def _locked(record_id: str) -> RowError:
    return RowError(
        "UNABLE_TO_LOCK_ROW", f"unable to obtain exclusive access to this record or 1 records: {record_id}"
    )


def _not_editable(names: list[str]) -> RowError:
    return RowError(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of this field and "
        "verify that it is read/write for your profile or permission set.",
        tuple(names),
    )


def _missing(target: SObject, values: Values) -> RowError | None:
    missing = [
        each.name
        for each in target.fields.values()
        if each.required and each.createable and each.name not in values
    ]
    if not missing:
        return None
    return RowError(
        "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", tuple(missing)
    )
