"""Writing records: one set of rules for REST, Collections and bulk jobs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.sandbox.database import quoted
from adapters.sandbox.salesforce import setup_rules
from adapters.sandbox.salesforce.access import Access
from adapters.sandbox.salesforce.errors import RowError
from adapters.sandbox.salesforce.ids import make_id, normalised
from adapters.sandbox.salesforce.objects import STAGES
from adapters.sandbox.salesforce.schema import SField, SObject
from adapters.sandbox.salesforce.values import Stored, checked

if TYPE_CHECKING:
    from adapters.sandbox.salesforce.org import Org

# By field name; an error stands for a cell that could not be read.
Values = Mapping[str, Stored | RowError]
BUSINESS_RECORD_TYPE = make_id("012", 1)
_Save = Callable[[sqlite3.Connection, str, Values], "Saved"]
_ROLLED_BACK = RowError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)
_PERMISSION_OBJECTS = ("PermissionSet", "ObjectPermissions", "FieldPermissions", "PermissionSetAssignment")


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of one record. `id` is None if there is no such record."""

    id: str | None
    errors: tuple[RowError, ...] = ()
    created: bool = False


class _UndoneError(Exception):
    """Carries the results out of a transaction that is rolled back."""

    def __init__(self, results: list[Saved]) -> None:
        super().__init__()
        self.results = results


class Records:
    """Creates, updates and deletes records of one org."""

    def __init__(self, org: Org) -> None:
        """Write to the tables of `org`."""
        self._org = org

    def update(
        self,
        access: Access,
        target: SObject,
        rows: Sequence[tuple[str, Values]],
        *,
        path: str = "",
        all_or_none: bool = False,
    ) -> list[Saved]:
        """Update records; one result per row, in order.

        Args:
            access: whose rights hold.
            target: the object.
            rows: id as sent, and the values by field.
            path: of the request, for the row faults.
            all_or_none: one refused row undoes all.
        """
        now = self._org.stamp()
        seen: set[str] = set()
        editable: dict[str, bool] = {}

        def save(connection: sqlite3.Connection, sent: str, values: Values) -> Saved:
            record_id = normalised(sent)
            if record_id is None or record_id[:3] != target.prefix:
                return Saved(
                    None,
                    (
                        RowError(
                            "MALFORMED_ID", f"{target.label} ID: id value of incorrect type: {sent}", ("Id",)
                        ),
                    ),
                )
            if record_id in seen:
                return Saved(record_id, (RowError("DUPLICATE_VALUE", f"duplicate id specified: {sent}"),))
            seen.add(record_id)
            problem = self._existing(connection, access, target, record_id)
            if problem is not None:
                return problem
            if fault := self._row_fault(path, record_id):
                return Saved(record_id, (fault,))
            errors, clean = self._checked(access, target, values, editable, creating=False)
            if errors:
                return Saved(record_id, errors)
            clean.update(self.derived(target, clean))
            clean.update(LastModifiedDate=now, LastModifiedById=access.user_id, SystemModstamp=now)
            changes = ", ".join(f"{quoted(name)} = ?" for name in clean)
            connection.execute(
                f"UPDATE {quoted(target.table)} SET {changes} WHERE Id = ?",
                [*clean.values(), record_id],
            )
            return Saved(record_id)

        return self._in_transaction(target, rows, save, all_or_none=all_or_none)

    def create(
        self,
        access: Access,
        target: SObject,
        rows: Sequence[Values],
        *,
        path: str = "",
        all_or_none: bool = False,
    ) -> list[Saved]:
        """Create records; one result per row, in order. Arguments as for `update`."""
        editable: dict[str, bool] = {}

        def save(connection: sqlite3.Connection, _sent: str, values: Values) -> Saved:
            if fault := self._row_fault(path, ""):
                return Saved(None, (fault,))
            errors, clean = self._checked(access, target, values, editable, creating=True)
            if not errors:
                clean = {**self.defaults(access.user_id, target), **clean}
                clean.update(self.derived(target, clean))
                errors = setup_rules.refused(self._org, connection, target, clean)
            if errors:
                return Saved(None, errors)
            return Saved(self._org.insert(target, clean, access.user_id), created=True)

        return self._in_transaction(target, [("", values) for values in rows], save, all_or_none=all_or_none)

    def delete(
        self, access: Access, target: SObject, ids: Sequence[str], *, all_or_none: bool = False
    ) -> list[Saved]:
        """Delete records: business data into the recycle bin, setup for good."""
        now = self._org.stamp()

        def save(connection: sqlite3.Connection, sent: str, _values: Values) -> Saved:
            record_id = normalised(sent)
            if record_id is None:
                return Saved(None, (RowError("MALFORMED_ID", f"malformed id {sent}"),))
            problem = self._existing(connection, access, target, record_id)
            if problem is None:
                self.remove(connection, target, record_id, access.user_id, now)
            return problem or Saved(record_id)

        return self._in_transaction(target, [(each, {}) for each in ids], save, all_or_none=all_or_none)

    def remove(
        self, connection: sqlite3.Connection, target: SObject, record_id: str, by: str, now: str
    ) -> None:
        """Delete one record without asking."""
        if target.setup:
            setup_rules.cascade(connection, target, record_id)
            connection.execute(f"DELETE FROM {quoted(target.table)} WHERE Id = ?", (record_id,))
            return
        change = "SET IsDeleted = 1, LastModifiedDate = ?, LastModifiedById = ?, SystemModstamp = ?"
        connection.execute(
            f"UPDATE {quoted(target.table)} {change} WHERE Id = ?",
            (now, by, now, record_id),
        )
        if target.name == "Account":
            for child in self._org.objects.values():
                if child.account is not None:
                    connection.execute(
                        f"UPDATE {quoted(child.table)} {change} WHERE {quoted(child.account)} = ? AND IsDeleted = 0",
                        (now, by, now, record_id),
                    )

    # One row

    def _in_transaction(
        self, target: SObject, rows: Iterable[tuple[str, Values]], save: _Save, *, all_or_none: bool
    ) -> list[Saved]:
        try:
            with self._org.database.writing() as connection:
                results = [save(connection, sent, values) for sent, values in rows]
                if all_or_none and any(result.errors for result in results):
                    raise _UndoneError(results)  # noqa: TRY301 (the way to roll back)
        except _UndoneError as undone:
            return [
                result if result.errors else Saved(None if result.created else result.id, (_ROLLED_BACK,))
                for result in undone.results
            ]
        if target.name in _PERMISSION_OBJECTS:
            self._org.permissions_changed()
        return results

    def _existing(
        self, connection: sqlite3.Connection, access: Access, target: SObject, record_id: str
    ) -> Saved | None:
        deleted = "0" if target.setup else "IsDeleted"
        found = connection.execute(
            f"SELECT rowid, {deleted} FROM {quoted(target.table)} WHERE Id = ?",
            (record_id,),
        ).fetchone()
        if found is None or (access.half and target.name == "Account" and found[0] % 2):
            return Saved(None, (RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),))
        if found[1]:
            return Saved(record_id, (RowError("ENTITY_IS_DELETED", "entity is deleted"),))
        return None

    def _row_fault(self, path: str, record_id: str) -> RowError | None:
        if record_id in self._org.locked_records:
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

    def _checked(
        self, access: Access, target: SObject, values: Values, editable: dict[str, bool], *, creating: bool
    ) -> tuple[tuple[RowError, ...], dict[str, Stored]]:
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
            errors.insert(
                0,
                RowError(
                    "INVALID_FIELD_FOR_INSERT_UPDATE",
                    f"Unable to create/update fields: {', '.join(refused)}. Please check the security settings of this "
                    "field and verify that it is read/write for your profile or permission set.",
                    tuple(refused),
                ),
            )
        if creating:
            missing = [
                each.name
                for each in target.fields.values()
                if each.required and each.createable and each.name not in values
            ]
            if missing:
                errors.append(
                    RowError(
                        "REQUIRED_FIELD_MISSING",
                        f"Required fields are missing: [{', '.join(missing)}]",
                        tuple(missing),
                    )
                )
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

    def defaults(self, user_id: str, target: SObject) -> dict[str, Stored]:
        """What a new record gets unless told otherwise."""
        defaults: dict[str, Stored] = {}
        if "OwnerId" in target.fields:
            defaults["OwnerId"] = user_id
        if "CurrencyIsoCode" in target.fields:
            defaults["CurrencyIsoCode"] = "EUR"
        if "RecordTypeId" in target.fields:
            defaults["RecordTypeId"] = BUSINESS_RECORD_TYPE
        if target.name == "PermissionSet":
            defaults |= {"Type": "Regular", "IsCustom": 1}
        if target.name == "PermissionSetAssignment":
            defaults["IsActive"] = 1
        return defaults

    def derived(self, target: SObject, values: Mapping[str, Stored]) -> dict[str, Stored]:
        """What follows from the values: a stage sets probability, closed and won."""
        if target.name == "Opportunity" and "StageName" in values:
            stage = next((each for each in STAGES if each[0] == values["StageName"]), None)
            if stage is not None:
                known: dict[str, Stored] = {"IsClosed": int(stage[3]), "IsWon": int(stage[4])}
                return known if "Probability" in values else {**known, "Probability": stage[2]}
        if target.name == "Case" and "Status" in values:
            return {"IsClosed": int(values["Status"] == "Closed")}
        if target.name in ("Contact", "User") and "LastName" in values:
            names = (values.get("FirstName"), values["LastName"])
            return {"Name": " ".join(str(name) for name in names if name)}
        return {}


def _locked(record_id: str) -> RowError:
    return RowError(
        "UNABLE_TO_LOCK_ROW", f"unable to obtain exclusive access to this record or 1 records: {record_id}"
    )
