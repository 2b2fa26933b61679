"""The errors of imports, in the database: there may be as many as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from adapters.sandbox.database import Database
from adapters.sandbox.hubspot.imports.writer import RowError
from adapters.sandbox.hubspot.store.schema import ObjectType

_TABLE = "hs_import_errors"


class ImportErrors:
    """Keeps errors by import."""

    def __init__(self, database: Database) -> None:
        """Create the table."""
        self._database = database
        database.execute(
            f"CREATE TABLE {_TABLE} (number INTEGER PRIMARY KEY, job INTEGER NOT NULL, body BLOB NOT NULL)"
        )
        database.execute(f"CREATE INDEX {_TABLE}_job ON {_TABLE} (job, number)")

    def add(self, job: int, file: int, kind: ObjectType, errors: Sequence[RowError], at: int) -> None:
        """Keep errors of one file; `at` is the time in milliseconds."""
        rows = [(job, orjson.dumps(_as_json(error, file, kind, at))) for error in errors]
        self._database.insert(_TABLE, ("job", "body"), rows)

    def page(
        self, job: int, after: int, limit: int, *, with_row: bool, with_message: bool
    ) -> tuple[list[dict[str, Any]], int | None]:
        """Errors behind `after`, and where the next page begins."""
        rows = self._database.rows(
            f"SELECT number, body FROM {_TABLE} WHERE job = ? AND number > ? ORDER BY number LIMIT ?",
            (job, after, limit + 1),
        )
        found = []
        for row in rows[:limit]:
            body = orjson.loads(row["body"])
            body["id"] = str(row["number"])
            if not with_row:
                body["sourceData"]["rowData"] = []
            if not with_message:
                del body["errorMessage"]
            found.append(body)
        return found, rows[limit - 1]["number"] if len(rows) > limit else None


def _as_json(error: RowError, file: int, kind: ObjectType, at: int) -> dict[str, Any]:
    body: dict[str, Any] = {
        "createdAt": at,
        "errorType": error.kind,
        "errorMessage": error.message,
        "objectType": kind.singular.upper(),
        "objectTypeId": kind.type_id,
        "sourceData": {
            "fileId": file,
            "lineNumber": error.line,
            "rowData": list(error.row),
            "additionalRowData": [],
            "containsEncryptedProperties": False,
        },
    }
    if error.column is not None:
        body["knownColumnNumber"] = error.column
    if error.value is not None:
        body |= {"invalidValue": error.value, "invalidValueToDisplay": error.value}
    return body
