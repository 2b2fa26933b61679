"""Objects that can only be asked for: who sees which account, and how many custom fields accounts may still get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.sandbox.database import quoted
from adapters.sandbox.salesforce.schema import SField, SObject, flag, lookup, number, text

if TYPE_CHECKING:
    from adapters.sandbox.database import Database

_CUSTOM_FIELDS = 500
_ID = SField("Id", "ID", "id", length=18, createable=False, updateable=False)


def user_record_access() -> SObject:
    """A user's access to a record."""
    result = SObject("UserRecordAccess", "User Record Access", "User Record Access", "0Bx", setup=True)
    rights = [flag(f"Has{right}Access", f"Has {right} Access") for right in ("Read", "Edit")]
    user, record = lookup("UserId", "User ID", "User"), lookup("RecordId", "Record ID", "Account", "Record")
    result.add([_ID, user, record, *rights])
    return result


def entity_limit() -> SObject:
    """How many components an object may have, and how many more."""
    result = SObject("EntityLimit", "Entity Limit", "Entity Limits", "0El", setup=True)
    names = (text("EntityDefinitionId", "Entity Definition ID", 80), text("Type", "Type", 40))
    counts = (number("Max", "Max", type="int"), number("Remaining", "Remaining", type="int"))
    result.add([_ID, *names, *counts])
    return result


def show(database: Database, access: SObject, limit: SObject) -> None:
    """Put views in the places of their tables; ``sees_half`` tells of a user whether he sees half the accounts."""
    views = {
        access.table: (
            "SELECT a.rowid, a.Id, u.Id AS UserId, a.Id AS RecordId, "
            "NOT sees_half(u.Id) OR a.rowid % 2 = 0 AS HasReadAccess, "
            "NOT sees_half(u.Id) OR a.rowid % 2 = 0 AS HasEditAccess "
            'FROM "sf_User" u CROSS JOIN "sf_Account" a WHERE a.IsDeleted = 0'
        ),
        limit.table: (
            "SELECT 1 AS rowid, 'Account.CustomFields' AS Id, 'Account' AS EntityDefinitionId, 'CustomFields' AS Type, "
            f"{_CUSTOM_FIELDS} AS Max, {_CUSTOM_FIELDS} - count(*) AS Remaining "
            "FROM \"sf_CustomField\" WHERE TableEnumOrId = 'Account'"
        ),
    }
    for table, query in views.items():
        database.execute(f"DROP TABLE {quoted(table)}")
        database.execute(f"CREATE VIEW {quoted(table)} AS {query}")
