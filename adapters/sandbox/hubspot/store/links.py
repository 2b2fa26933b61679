"""Associations between records: which exist, how they are stored, what HubSpot calls them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.sandbox.database import Database, quoted
from adapters.sandbox.hubspot.store.schema import ID_STEP, ObjectType, object_type


@dataclass(frozen=True, slots=True)
class LinkType:
    """How two object types are associated; stored once, from the child to the parent.

    Attributes:
        child, parent: plural names.
        up, down: ids of the unlabelled type, child to parent and back.
        primary_up, primary_down: ids of the primary type; None if there is none.
    """

    child: str
    parent: str
    up: int
    down: int
    primary_up: int | None = None
    primary_down: int | None = None

    @property
    def table(self) -> str:
        """Name of its table."""
        return f"hs_{self.child}_{self.parent}"


LINK_TYPES: Final = (
    LinkType("contacts", "companies", 279, 280, 1, 2),
    LinkType("deals", "companies", 341, 342, 5, 6),
    LinkType("tickets", "companies", 339, 340, 26, 25),
    LinkType("deals", "contacts", 3, 4),
    LinkType("orders", "companies", 509, 510),
    LinkType("calls", "companies", 182, 181),
    LinkType("emails", "companies", 186, 185),
    LinkType("meetings", "companies", 188, 187),
    LinkType("notes", "companies", 190, 189),
    LinkType("tasks", "companies", 192, 191),
    LinkType("calls", "contacts", 194, 193),
    LinkType("emails", "contacts", 198, 197),
    LinkType("meetings", "contacts", 200, 199),
    LinkType("notes", "contacts", 202, 201),
    LinkType("tasks", "contacts", 204, 203),
    LinkType("companies", "companies", 14, 13),
)
_BY_ENDS: Final = {(each.child, each.parent): each for each in LINK_TYPES}

Link = tuple[int, int, bool]  # from id, to id, primary


class Links:
    """Reads and writes associations."""

    def __init__(self, database: Database) -> None:
        """Create the tables."""
        self._database = database
        for each in LINK_TYPES:
            database.execute(
                f"CREATE TABLE {quoted(each.table)} (child INTEGER NOT NULL, parent INTEGER NOT NULL, "
                "main INTEGER NOT NULL, PRIMARY KEY (child, parent)) WITHOUT ROWID"
            )

    def index(self) -> None:
        """Make the way from parents to children fast; after loading."""
        for each in LINK_TYPES:
            self._database.execute(
                f"CREATE INDEX {quoted(each.table + '_parent')} ON {quoted(each.table)} (parent)"
            )

    def find(self, source: str, target: str) -> tuple[LinkType, bool] | None:
        """The way two object types are associated, and whether `source` is the child; None if they are not."""
        if (source, target) in _BY_ENDS:
            return _BY_ENDS[source, target], True
        if (target, source) in _BY_ENDS:
            return _BY_ENDS[target, source], False
        return None

    def target_of(self, source: ObjectType, type_id: int) -> ObjectType | None:
        """The object type that an association type leads to from `source`; None if it does not start there."""
        for each in LINK_TYPES:
            if each.child == source.name and type_id in (each.up, each.primary_up):
                return object_type(each.parent)
            if each.parent == source.name and type_id in (each.down, each.primary_down):
                return object_type(each.child)
        return None

    def of(
        self, source: ObjectType, target: ObjectType, ids: Sequence[int], *, half: bool = False
    ) -> list[Link]:
        """Associations of some records to live records of another type, by source and target.

        Args:
            source: type of the records.
            target: type of what they are associated with.
            ids: of the records.
            half: leave out every second company.
        """
        found = self.find(source.name, target.name)
        if found is None or not ids:
            return []
        link, up = found
        here, there = ("child", "parent") if up else ("parent", "child")
        marks = ", ".join("?" * len(ids))
        visible = f" AND (l.{there} / {ID_STEP}) % 2 = 0" if half and target.name == "companies" else ""
        rows = self._database.rows(
            f"SELECT l.{here}, l.{there}, l.main FROM {quoted(link.table)} l JOIN {quoted(target.table)} t "
            f'ON t.id = l.{there} AND t."@state" = 0 WHERE l.{here} IN ({marks}){visible} '
            f"ORDER BY l.{here}, l.{there}",
            tuple(ids),
        )
        return [(row[0], row[1], bool(row[2])) for row in rows]

    def add(self, source: ObjectType, target: ObjectType, source_id: int, target_id: int) -> LinkType | None:
        """Associate two records; the first parent becomes the primary one. None if the types cannot be."""
        found = self.find(source.name, target.name)
        if found is None:
            return None
        link, up = found
        child, parent = (source_id, target_id) if up else (target_id, source_id)
        with self._database.writing() as connection:
            primary = (
                link.primary_up is not None
                and connection.execute(
                    f"SELECT 1 FROM {quoted(link.table)} WHERE child = ? AND main = 1", (child,)
                ).fetchone()
                is None
            )
            connection.execute(
                f"INSERT OR IGNORE INTO {quoted(link.table)} (child, parent, main) VALUES (?, ?, ?)",
                (child, parent, int(primary)),
            )
        return link

    def remove(self, source: ObjectType, target: ObjectType, source_id: int, target_id: int) -> None:
        """End the association of two records, if there is one."""
        found = self.find(source.name, target.name)
        if found is None:
            return
        link, up = found
        child, parent = (source_id, target_id) if up else (target_id, source_id)
        self._database.execute(
            f"DELETE FROM {quoted(link.table)} WHERE child = ? AND parent = ?", (child, parent)
        )

    def move(self, kind: ObjectType, gone: Sequence[int], survivor: int) -> None:
        """Give the associations of some records to another one; of several primary ones the first stays."""
        old = set(gone)
        marks = ", ".join("?" * len(gone))
        for link in LINK_TYPES:
            if kind.name not in (link.child, link.parent):
                continue
            columns = [end for end in ("child", "parent") if getattr(link, end) == kind.name]
            where = " OR ".join(f"{end} IN ({marks})" for end in columns)
            with self._database.writing() as connection:
                rows = connection.execute(
                    f"SELECT child, parent, main FROM {quoted(link.table)} WHERE {where} ORDER BY child, parent",
                    (*gone,) * len(columns),
                ).fetchall()
                connection.execute(f"DELETE FROM {quoted(link.table)} WHERE {where}", (*gone,) * len(columns))
                for row in rows:
                    child, parent = (
                        survivor if end in columns and row[end] in old else row[end]
                        for end in ("child", "parent")
                    )
                    if child == parent and link.child == link.parent:
                        continue
                    connection.execute(
                        f"INSERT INTO {quoted(link.table)} (child, parent, main) VALUES (?, ?, ?) "
                        "ON CONFLICT (child, parent) DO UPDATE SET main = max(main, excluded.main)",
                        (child, parent, row["main"]),
                    )
                if link.primary_up is not None:
                    connection.execute(
                        f"UPDATE {quoted(link.table)} SET main = 0 WHERE child = ? AND main = 1 AND parent > "
                        f"(SELECT min(parent) FROM {quoted(link.table)} WHERE child = ? AND main = 1)",
                        (survivor, survivor),
                    )

    def types(
        self, source: ObjectType, target: ObjectType, *, main: bool, turned: bool
    ) -> list[dict[str, Any]]:
        """Types of one association as v4 returns them; their order differs, here by `turned`."""
        found = self.find(source.name, target.name)
        if found is None:
            return []
        link, up = found
        types = [_type(link.up if up else link.down, None)]
        primary = link.primary_up if up else link.primary_down
        if main and primary is not None:
            types.append(_type(primary, "Primary"))
        return types[::-1] if turned else types

    def labels(self, source: ObjectType, target: ObjectType) -> list[dict[str, Any]]:
        """All types that two object types can be associated by."""
        return self.types(source, target, main=True, turned=False)

    def names(self, source: ObjectType, target: ObjectType, *, main: bool) -> list[str]:
        """Types of one association as v3 names them."""
        found = self.find(source.name, target.name)
        if found is None:
            return []
        plain = f"{source.singular}_to_{target.singular}"
        if found[0].primary_up is None:
            return [plain]
        return [plain, f"{plain}_unlabeled"] if main else [f"{plain}_unlabeled"]

    def dump(self) -> Iterator[dict[str, Any]]:
        """Every stored association."""
        for link in LINK_TYPES:
            kinds = object_type(link.child), object_type(link.parent)
            for rows in self._database.stream(f"SELECT child, parent, main FROM {quoted(link.table)}"):
                for child, parent, main in rows:
                    types = self.types(*kinds, main=bool(main), turned=False)
                    yield {
                        "from": link.child,
                        "fromId": str(child),
                        "to": link.parent,
                        "toId": str(parent),
                        "typeIds": [each["typeId"] for each in types],
                    }


def _type(type_id: int, label: str | None) -> dict[str, Any]:
    return {"category": "HUBSPOT_DEFINED", "typeId": type_id, "label": label}
