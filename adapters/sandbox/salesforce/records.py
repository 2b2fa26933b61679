"""Writing records: one set of rules for REST, Collections and bulk jobs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.sandbox.database import quoted
from adapters.sandbox.salesforce import setup_rules
from adapters.sandbox.salesforce.access import Access
from adapters.sandbox.salesforce.checks import Checks, Circumstances, Values
from adapters.sandbox.salesforce.derived import defaults, derived
from adapters.sandbox.salesforce.errors import RowError
from adapters.sandbox.salesforce.ids import normalised
from adapters.sandbox.salesforce.schema import SField, SObject
from adapters.sandbox.salesforce.values import Stored

if TYPE_CHECKING:
    from adapters.sandbox.salesforce.org import Org
    from adapters.sandbox.salesforce.territories import Territories

_Save = Callable[[sqlite3.Connection, str, Values], "Saved"]
_ROLLED_BACK = RowError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)
_PERMISSION_OBJECTS = ("PermissionSet", "ObjectPermissions", "FieldPermissions", "PermissionSetAssignment")
_ANYHOW = Circumstances()


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
    """Creates, updates and deletes records of one org.

    Every method gives one result per row, in order; the rights are those of `access`.
    """

    def __init__(self, org: Org, territories: Territories) -> None:
        """Write to the tables of `org`."""
        self._org = org
        self._territories = territories
        self.checks = Checks(org)

    def update(
        self,
        access: Access,
        target: SObject,
        rows: Sequence[tuple[str, Values]],
        given: Circumstances = _ANYHOW,
    ) -> list[Saved]:
        """Update records: id as sent, and the values by field."""
        return self._in_transaction(target, rows, self._updating(access, target, given), given)

    def create(
        self, access: Access, target: SObject, rows: Sequence[Values], given: Circumstances = _ANYHOW
    ) -> list[Saved]:
        """Create records."""
        return self._in_transaction(
            target, [("", values) for values in rows], self._creating(access, target, given), given
        )

    def upsert(
        self,
        access: Access,
        target: SObject,
        key: SField | None,
        rows: Sequence[tuple[str, Values]],
        given: Circumstances = _ANYHOW,
    ) -> list[Saved]:
        """Update the records that are found by the external id `key` (None: by Id), create the others."""
        update, create = self._updating(access, target, given), self._creating(access, target, given)

        def save(connection: sqlite3.Connection, sent: str, values: Values) -> Saved:
            if key is None:
                return update(connection, sent, values) if sent else create(connection, "", values)
            wanted = values.get(key.name)
            if wanted is None or isinstance(wanted, RowError):
                return Saved(None, (RowError("MISSING_ARGUMENT", f"{key.name} not specified", (key.name,)),))
            found = connection.execute(
                f"SELECT Id FROM {quoted(target.table)} WHERE {quoted(key.name)} = ? AND IsDeleted = 0 LIMIT 2",
                (wanted,),
            ).fetchall()
            if len(found) > 1:
                return Saved(
                    None,
                    (RowError("DUPLICATE_EXTERNAL_ID", f"{key.name}: more than one record found for it"),),
                )
            return update(connection, found[0][0], values) if found else create(connection, "", values)

        return self._in_transaction(target, rows, save, given)

    def delete(
        self, access: Access, target: SObject, ids: Sequence[str], given: Circumstances = _ANYHOW
    ) -> list[Saved]:
        """Delete records: business data into the recycle bin, setup for good."""
        now = self._org.stamp()

        def save(connection: sqlite3.Connection, sent: str, _values: Values) -> Saved:
            record_id = normalised(sent)
            if record_id is None:
                return Saved(None, (RowError("MALFORMED_ID", f"malformed id {sent}"),))
            problem = self._unreachable(connection, access, target, record_id)
            if problem is None:
                self.remove(connection, target, record_id, access.user_id, now)
            return problem or Saved(record_id)

        return self._in_transaction(target, [(each, {}) for each in ids], save, given)

    def remove(
        self, connection: sqlite3.Connection, target: SObject, record_id: str, by: str, now: str
    ) -> None:
        """Delete one record without asking."""
        if target.setup:
            setup_rules.cascade(connection, target, record_id)
            connection.execute(f"DELETE FROM {quoted(target.table)} WHERE Id = ?", (record_id,))
            return
        change = "SET IsDeleted = 1, LastModifiedDate = ?, LastModifiedById = ?, SystemModstamp = ?"
        connection.execute(f"UPDATE {quoted(target.table)} {change} WHERE Id = ?", (now, by, now, record_id))
        if target.name == "Account":
            for child in self._org.objects.values():
                if child.account is not None:
                    connection.execute(
                        f"UPDATE {quoted(child.table)} {change} WHERE {quoted(child.account)} = ? AND IsDeleted = 0",
                        (now, by, now, record_id),
                    )

    # One row

    def _updating(self, access: Access, target: SObject, given: Circumstances) -> _Save:
        now = self._org.stamp()
        seen: set[str] = set()
        editable: dict[str, bool] = {}

        def save(connection: sqlite3.Connection, sent: str, values: Values) -> Saved:
            record_id = normalised(sent)
            if record_id is None or record_id[:3] != target.prefix:
                text = f"{target.label} ID: id value of incorrect type: {sent}"
                return Saved(None, (RowError("MALFORMED_ID", text, ("Id",)),))
            if record_id in seen:
                return Saved(record_id, (RowError("DUPLICATE_VALUE", f"duplicate id specified: {sent}"),))
            seen.add(record_id)
            problem = self._unreachable(connection, access, target, record_id)
            if problem is not None:
                return problem
            if error := self.checks.disturbed(given.path, record_id):
                return Saved(record_id, (error,))
            errors, clean = self.checks.values(access, target, values, editable, creating=False)
            if not errors:
                errors = self._rules(connection, target, record_id, clean, given)
            if errors:
                return Saved(record_id, errors)
            clean.update(derived(target, clean))
            clean.update(LastModifiedDate=now, LastModifiedById=access.user_id, SystemModstamp=now)
            self._org.change(connection, target, record_id, clean)
            if given.assigns and target.name == "Account":
                self._territories.run(connection, record_id, access.user_id)
            return Saved(record_id)

        return save

    def _creating(self, access: Access, target: SObject, given: Circumstances) -> _Save:
        editable: dict[str, bool] = {}

        def save(connection: sqlite3.Connection, _sent: str, values: Values) -> Saved:
            if error := self.checks.disturbed(given.path, ""):
                return Saved(None, (error,))
            errors, clean = self.checks.values(access, target, values, editable, creating=True)
            if not errors:
                clean = {**defaults(access.user_id, target), **clean}
                clean.update(derived(target, clean))
                errors = setup_rules.refused(self._org, connection, target, clean)
            if not errors:
                errors = self._rules(connection, target, "", clean, given)
            if errors:
                return Saved(None, errors)
            record_id = self._org.insert(target, clean, access.user_id)
            if given.assigns and target.name == "Account":
                self._territories.run(connection, record_id, access.user_id)
            return Saved(record_id, created=True)

        return save

    def _rules(
        self,
        connection: sqlite3.Connection,
        target: SObject,
        record_id: str,
        clean: dict[str, Stored],
        given: Circumstances,
    ) -> tuple[RowError, ...]:
        """What rules that look at the whole record say of values that are good by themselves."""
        error = self.checks.off_type(connection, target, record_id, clean) or self.checks.duplicate(
            connection, target, record_id, clean, given
        )
        return (error,) if error else ()

    def _unreachable(
        self, connection: sqlite3.Connection, access: Access, target: SObject, record_id: str
    ) -> Saved | None:
        error = self.checks.existing(connection, access, target, record_id)
        if error is None:
            return None
        return Saved(record_id if error.code == "ENTITY_IS_DELETED" else None, (error,))

    def _in_transaction(
        self, target: SObject, rows: Iterable[tuple[str, Values]], save: _Save, given: Circumstances
    ) -> list[Saved]:
        try:
            with self._org.database.writing() as connection:
                results = [save(connection, sent, values) for sent, values in rows]
                if given.all_or_none and any(result.errors for result in results):
                    raise _UndoneError(results)  # noqa: TRY301 (the way to roll back)
        except _UndoneError as undone:
            return [
                result if result.errors else Saved(None if result.created else result.id, (_ROLLED_BACK,))
                for result in undone.results
            ]
        if target.name in _PERMISSION_OBJECTS:
            self._org.permissions_changed()
        return results
