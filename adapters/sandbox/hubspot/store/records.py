"""Records in the database: a table per object type, a column of text per property."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from adapters.sandbox.database import Database, quoted
from adapters.sandbox.hubspot.behaviour import Behaviour
from adapters.sandbox.hubspot.errors import PORTAL, iso
from adapters.sandbox.hubspot.store.definitions import PRIMARY_COMPANY
from adapters.sandbox.hubspot.store.history import History
from adapters.sandbox.hubspot.store.property_store import Definitions
from adapters.sandbox.hubspot.store.schema import ID_STEP, OBJECT_TYPES, ObjectType, object_type
from adapters.sandbox.hubspot.store.values import differs, milliseconds_of, sql_milliseconds

LIVE: Final = 0
ARCHIVED: Final = 1  # in the recycle bin
GONE: Final = 2  # deleted for good
MERGED: Final = 3
_IDS: Final = 1_000  # ids in one query
_STATES: Final = ("live", "archived", "deleted", "merged")

# Bookkeeping columns; no property can have such a name.
STATE: Final = "@state"
ARCHIVED_AT: Final = "@archived_at"
MERGED_INTO: Final = "@merged_into"
BOOKKEEPING: Final = ("id", STATE, ARCHIVED_AT, MERGED_INTO)
# What searches still go by after a write: the former modification time, until the index has caught up.
INDEXED_UNTIL: Final = "@indexed_until"  # milliseconds since 1970
INDEXED: Final = "@indexed"
_HIDDEN: Final = frozenset((*BOOKKEEPING, INDEXED_UNTIL, INDEXED))

# Half of the companies by id: what a team-limited user sees.
HALF: Final = f"(id / {ID_STEP}) % 2 = 0"

# Computed properties that follow from a record's other values.
Derive = Callable[[ObjectType, Mapping[str, str | None]], Mapping[str, str | None]]

Json = dict[str, Any]


class Records:
    """Reads and writes records. Values are as HubSpot stores them: text or None."""

    def __init__(
        self, database: Database, definitions: Definitions, derive: Derive, behaviour: Behaviour
    ) -> None:
        """Create the tables."""
        self._database = database
        self._definitions = definitions
        self._derive = derive
        self._behaviour = behaviour
        self.history = History(database)
        for kind in OBJECT_TYPES:
            columns = ", ".join(f"{quoted(name)} TEXT" for name in self.columns(kind))
            database.execute(
                f"CREATE TABLE {quoted(kind.table)} (id INTEGER PRIMARY KEY, {quoted(STATE)} INTEGER NOT NULL "
                f"DEFAULT 0, {quoted(ARCHIVED_AT)} TEXT, {quoted(MERGED_INTO)} INTEGER, "
                f"{quoted(INDEXED_UNTIL)} INTEGER, {quoted(INDEXED)} TEXT, {columns})"
            )

    def index(self) -> None:
        """Make searches by modification time fast; after loading."""
        for kind in OBJECT_TYPES:
            name, moment = f"{kind.table}_modified", sql_milliseconds(quoted(kind.modified))
            self._database.execute(f"CREATE INDEX {quoted(name)} ON {quoted(kind.table)} ({moment}, id)")

    def columns(self, kind: ObjectType) -> list[str]:
        """Properties that have a column: all but the record's own id."""
        return [name for name in self._definitions.columns(kind) if name != "hs_object_id"]

    def asked(self, kind: ObjectType, names: Sequence[str]) -> list[str]:
        """Properties of a reply: those asked for (or the default ones) that exist, and the system's own."""
        wanted = set(names or kind.default) | set(kind.system)
        return sorted(name for name in wanted if self._definitions.find(kind, name) is not None)

    def page(
        self,
        kind: ObjectType,
        names: Sequence[str],
        *,
        after: int,
        limit: int,
        archived: bool = False,
        half: bool = False,
    ) -> list[Json]:
        """Up to `limit` records whose id is at least `after`, in order of ids."""
        where = f"id >= ? AND {quoted(STATE)} = ?" + (f" AND {HALF}" if half else "")
        return self.query(
            kind, names, f"WHERE {where} ORDER BY id LIMIT ?", (after, ARCHIVED if archived else LIVE, limit)
        )

    def query(
        self, kind: ObjectType, names: Sequence[str], tail: str, parameters: Sequence[object]
    ) -> list[Json]:
        """Records as HubSpot returns them; `names` have columns, `tail` is the rest of the SELECT."""
        own = [name for name in names if name != "hs_object_id"]
        fixed = ("id", STATE, ARCHIVED_AT, kind.created, kind.modified)
        columns = ", ".join(quoted(name) for name in (*fixed, *own))
        rows = self._database.rows(f"SELECT {columns} FROM {quoted(kind.table)} {tail}", tuple(parameters))
        with_id = "hs_object_id" in names
        return [_as_json(kind, row, own, with_id=with_id) for row in rows]

    def states(
        self, kind: ObjectType, ids: Sequence[int], *, half: bool = False
    ) -> dict[int, tuple[int, int | None]]:
        """State and survivor of the records that exist (and are visible), by id."""
        marks = ", ".join("?" * len(ids))
        rows = self._database.rows(
            f"SELECT id, {quoted(STATE)}, {quoted(MERGED_INTO)} FROM {quoted(kind.table)} WHERE id IN ({marks})"
            + (f" AND {HALF}" if half else ""),
            tuple(ids),
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    def many(
        self, kind: ObjectType, ids: Sequence[int], names: Sequence[str], *, archived: bool = False
    ) -> list[Json]:
        """The live (or archived) records among `ids`, in no particular order."""
        marks = ", ".join("?" * len(ids))
        # Not in the order of the request, as in HubSpot.
        tail = f"WHERE id IN ({marks}) AND {quoted(STATE)} = ? ORDER BY id % 11, id"
        return self.query(kind, names, tail, (*ids, ARCHIVED if archived else LIVE))

    def values(self, kind: ObjectType, record: int) -> dict[str, str | None]:
        """Every property of one record."""
        row = self._database.row(f"SELECT * FROM {quoted(kind.table)} WHERE id = ?", (record,))
        return {} if row is None else {name: row[name] for name in row.keys() if name not in _HIDDEN}  # noqa: SIM118

    def update(
        self,
        kind: ObjectType,
        changes: Mapping[int, Mapping[str, str | None]],
        now: datetime,
        *,
        touch: bool = True,
        source: str = "INTEGRATION",
    ) -> set[int]:
        """Write values to live records in one transaction; the ids whose values really changed.

        Args:
            kind: of the records.
            changes: values by property, by record.
            now: the modification time.
            touch: move the modification time.
            source: what the history says of the writer.
        """
        changed = set()
        statements: dict[tuple[str, ...], list[tuple[object, ...]]] = {}
        former = []
        with self._database.writing():
            # What follows from other properties needs all of them.
            deriving = bool(self._derive(kind, {}))
            needed = None if deriving else {name for values in changes.values() for name in values}
            old_values = self.stored(kind, changes, needed)
            for record, values in changes.items():
                old = old_values.get(record, {})
                new = {
                    name: value
                    for name, value in values.items()
                    if differs(self._definitions.find(kind, name), old.get(name), value)
                }
                if new:
                    changed.add(record)
                    new |= self._derive(kind, {**old, **new})
                    former.append((record, {name: (old.get(name), value) for name, value in new.items()}))
                elif not self._behaviour.touch_unchanged:
                    continue
                if touch:
                    new[kind.modified] = iso(now)
                if new:
                    statements.setdefault(tuple(new), []).append((*new.values(), record))
            self._run(kind, statements, now)
            if self._behaviour.history:
                self.history.add(kind, former, now, source)
        return changed

    def stored(
        self, kind: ObjectType, records: Iterable[int], needed: Collection[str] | None = None
    ) -> dict[int, dict[str, str | None]]:
        """Properties of some records, all unless `needed` names some, by id."""
        names = [name for name in self.columns(kind) if needed is None or name in needed]
        columns = ", ".join(quoted(name) for name in ("id", *names))
        ids = tuple(records)
        found = {}
        for start in range(0, len(ids), _IDS):
            part = ids[start : start + _IDS]
            marks = ", ".join("?" * len(part))
            for row in self._database.rows(
                f"SELECT {columns} FROM {quoted(kind.table)} WHERE id IN ({marks})", part
            ):
                found[row[0]] = dict(zip(names, tuple(row)[1:], strict=True))
        return found

    def _run(
        self,
        kind: ObjectType,
        statements: Mapping[tuple[str, ...], Sequence[tuple[object, ...]]],
        now: datetime,
    ) -> None:
        """Run updates that set the same columns together."""
        lag = int(self._behaviour.search_lag_seconds * 1_000)
        moment = milliseconds_of(now)
        index = (
            f", {quoted(INDEXED)} = CASE WHEN {quoted(INDEXED_UNTIL)} > {moment} THEN {quoted(INDEXED)} "
            f"ELSE {quoted(kind.modified)} END, {quoted(INDEXED_UNTIL)} = {moment + lag}"
        )
        with self._database.writing() as connection:
            for names, rows in statements.items():
                assignments = ", ".join(f"{quoted(name)} = ?" for name in names)
                connection.executemany(
                    f"UPDATE {quoted(kind.table)} SET {assignments}{index if lag else ''} WHERE id = ?", rows
                )

    def create(self, kind: ObjectType, values: Mapping[str, str | None], now: datetime) -> int:
        """A new record; its id."""
        stamp = iso(now)
        whole = {kind.created: stamp, **values, kind.modified: stamp}
        whole |= self._derive(kind, whole)
        with self._database.writing() as connection:
            last = connection.execute(f"SELECT max(id) FROM {quoted(kind.table)}").fetchone()[0]
            record = (last or kind.first_id) + ID_STEP
            until = milliseconds_of(now) + int(self._behaviour.search_lag_seconds * 1_000)
            self._database.insert(
                kind.table, ("id", INDEXED_UNTIL, *whole), [(record, until, *whole.values())]
            )
        return record

    def archive(self, kind: ObjectType, record: int, now: datetime) -> None:
        """Move a record to the recycle bin."""
        self._database.execute(
            f"UPDATE {quoted(kind.table)} SET {quoted(STATE)} = ?, {quoted(ARCHIVED_AT)} = ? WHERE id = ?",
            (ARCHIVED, iso(now), record),
        )
        if kind.name == "companies":
            self.follow_companies("parent", [record], now)

    def follow_companies(self, end: str, ids: Sequence[int], now: datetime) -> None:
        """Let deals tell their primary company in a property, after their associations have changed.

        Args:
            end: what `ids` are: ``child`` for deals, ``parent`` for companies.
            ids: of the records whose associations have changed.
            now: becomes the deals' modification time.
        """
        marks = ", ".join("?" * len(ids))
        deals, companies = object_type("deals"), object_type("companies")
        linked = f"SELECT child FROM hs_deals_companies WHERE parent IN ({marks})"
        found = self._database.rows(
            f"SELECT d.id, max(CASE WHEN l.main = 1 AND c.{quoted(STATE)} = {LIVE} THEN l.parent END), "
            f"d.{quoted(PRIMARY_COMPANY)} FROM {quoted(deals.table)} d "
            f"LEFT JOIN hs_deals_companies l ON l.child = d.id "
            f"LEFT JOIN {quoted(companies.table)} c ON c.id = l.parent "
            f"WHERE d.id IN ({marks if end == 'child' else linked}) GROUP BY d.id",
            tuple(ids),
        )
        told = {
            deal: {PRIMARY_COMPANY: None if main is None else str(main)}
            for deal, main, held in found
            if held != (None if main is None else str(main))
        }
        if told:
            self.update(deals, told, now)

    def dump(self, kind: ObjectType) -> Iterator[dict[str, Any]]:
        """Every record with every cell, by id."""
        names = self.columns(kind)
        columns = ", ".join(quoted(name) for name in (*BOOKKEEPING, *names))
        for rows in self._database.stream(f"SELECT {columns} FROM {quoted(kind.table)} ORDER BY id"):
            for record, state, archived_at, merged_into, *values in rows:
                yield {
                    "id": str(record),
                    "state": _STATES[state],
                    "archivedAt": archived_at,
                    "mergedInto": None if merged_into is None else str(merged_into),
                    "properties": {"hs_object_id": str(record), **dict(zip(names, values, strict=True))},
                }


def _as_json(kind: ObjectType, row: Sequence[Any], own: Sequence[str], *, with_id: bool) -> Json:
    record, state, archived_at, created, modified = row[0], row[1], row[2], row[3], row[4]
    properties = dict(zip(own, row[5:], strict=True))
    if with_id:
        properties["hs_object_id"] = str(record)
    body = {
        "id": str(record),
        "properties": properties,
        "createdAt": created,
        "updatedAt": modified,
        "archived": state == ARCHIVED,
        "url": f"https://app-eu1.hubspot.com/contacts/{PORTAL}/record/{kind.type_id}/{record}",
    }
    if archived_at is not None:
        body["archivedAt"] = archived_at
    return body
