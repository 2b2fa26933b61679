"""Former values of properties: what each write found and left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from adapters.sandbox.database import Database, quoted
from adapters.sandbox.hubspot.errors import iso
from adapters.sandbox.hubspot.store.schema import OBJECT_TYPES, ObjectType

KEPT: Final = 20
"""Values that HubSpot returns of one property: the latest twenty (contacts: 45)."""

Before = Mapping[str, tuple[str | None, str | None]]  # property -> value before and after


class History:
    """One row per record and write."""

    def __init__(self, database: Database) -> None:
        """Create the tables."""
        self._database = database
        for kind in OBJECT_TYPES:
            table = quoted(_table(kind))
            database.execute(f"CREATE TABLE {table} (record INTEGER, at TEXT, source TEXT, changes BLOB)")
            database.execute(f"CREATE INDEX {quoted(_table(kind) + '_record')} ON {table} (record)")

    def add(self, kind: ObjectType, changes: Iterable[tuple[int, Before]], at: datetime, source: str) -> None:
        """Remember writes."""
        stamp = iso(at)
        rows = [(record, stamp, source, orjson.dumps(before)) for record, before in changes]
        if rows:
            self._database.insert(_table(kind), ("record", "at", "source", "changes"), rows)

    def of(
        self, kind: ObjectType, records: Sequence[Mapping[str, Any]], names: Sequence[str]
    ) -> dict[str, dict[str, list[dict[str, Any]]]]:
        """Values of some properties over time, the latest first, by record id and property.

        Args:
            kind: of the records.
            records: as the API returns them, with the properties `names`.
            names: properties.
        """
        ids = [int(record["id"]) for record in records]
        marks = ", ".join("?" * len(ids))
        writes = self._database.rows(
            f"SELECT record, at, source, changes FROM {quoted(_table(kind))} WHERE record IN ({marks}) "
            "ORDER BY rowid",
            tuple(ids),
        )
        found: dict[str, dict[str, list[dict[str, Any]]]] = {
            record["id"]: {name: [] for name in names} for record in records
        }
        for record, at, source, changes in writes:
            values = found[str(record)]
            for name, (before, after) in orjson.loads(changes).items():
                if name not in values:
                    continue
                if not values[name] and before is not None:
                    values[name].append(_entry(before, None, "CRM_UI"))
                values[name].append(_entry(after, at, source))
        for record in records:
            for name, entries in found[record["id"]].items():
                current = record["properties"].get(name)
                if not entries and current is not None:
                    entries.append(_entry(current, None, "CRM_UI"))
                for entry in entries:
                    entry["timestamp"] = entry["timestamp"] or record["createdAt"]
                found[record["id"]][name] = entries[::-1][:KEPT]
        return found


def _entry(value: str | None, at: str | None, source: str) -> dict[str, Any]:
    # A cleared property's entry holds an empty text.
    return {"value": value or "", "timestamp": at, "sourceType": source, "sourceId": "sandbox"}


def _table(kind: ObjectType) -> str:
    return f"{kind.table}_history"
