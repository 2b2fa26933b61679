"""The org: its objects and their tables, its users and their sessions."""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.sandbox.database import quoted
from adapters.sandbox.salesforce.access import Access
from adapters.sandbox.salesforce.errors import ApiError, unsupported_type
from adapters.sandbox.salesforce.ids import make_id
from adapters.sandbox.salesforce.objects import RATING_FIELDS, business_objects
from adapters.sandbox.salesforce.picklists import RecordTypeValues
from adapters.sandbox.salesforce.schema import SField, SObject
from adapters.sandbox.salesforce.setup_objects import OBJECT_RIGHTS, setup_objects, tooling_objects
from adapters.sandbox.salesforce.values import Stored, java_double, stored_moment

if TYPE_CHECKING:
    from adapters.sandbox.world import World

ORGANIZATION = make_id("00D", 1)
# Special users, far above the keys of the portfolio's owners.
ADMIN_KEY, SYNC_KEY = 9_000_001, 9_000_002
_SESSION_SECONDS = 7_200.0  # two hours, as a new org has it
_TOKEN_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._"
PROFILES = {"System Administrator": 1, "KPM Integration": 2, "Standard User": 3}


@dataclass(slots=True)
class Session:
    """An access token.

    Attributes:
        user_id: whose.
        client_id: app through which it was got; empty for a SOAP login.
        issued: moment, seconds since 1970.
        expires: moment; every use moves it on, as Salesforce does past half of the session's life.
    """

    user_id: str
    client_id: str
    issued: float
    expires: float


class Org:
    """Objects by name, tables, ids, sessions and permissions of the sandbox's Salesforce org."""

    def __init__(self, world: World) -> None:
        """Create the tables of all objects."""
        self.world = world
        self.database = world.database
        self.database.add_function("java_double", java_double)
        multi = world.options.multi_currency
        self.multi_currency = multi
        self.objects = {
            each.name: each
            for each in (*business_objects(multi_currency=multi), *setup_objects(multi_currency=multi))
        }
        self.tooling = {each.name: each for each in tooling_objects()}
        if world.options.ratings:
            self.objects["Account"].add(RATING_FIELDS)
        self._lower = {name.lower(): each for name, each in {**self.tooling, **self.objects}.items()}
        self._sessions: dict[str, Session] = {}
        self.session_seconds = _SESSION_SECONDS
        self._access: dict[str, Access] = {}
        self._next: dict[str, int] = {}
        self._lock = threading.RLock()
        self.hidden: set[str] = set()
        self.locked: set[str] = set()
        self._lost_view_all: list[str] = []
        self.hidden_objects: set[str] = set()
        self.half_hidden = False
        self.credentials_revoked = False
        self.locked_records: set[str] = set()
        self.record_types = RecordTypeValues(self.database)
        for each in (*self.objects.values(), *self.tooling.values()):
            self._create_table(each)

    # Objects and tables

    def _create_table(self, target: SObject) -> None:
        columns = ", ".join(f"{quoted(each.name)} {each.sql_type}" for each in target.stored)
        self.database.execute(f"CREATE TABLE {quoted(target.table)} (rowid INTEGER PRIMARY KEY, {columns})")
        self.database.execute(
            f"CREATE UNIQUE INDEX {quoted('ix_' + target.table)} ON {quoted(target.table)} (Id)"
        )

    def object(self, name: str, *, tooling: bool = False) -> SObject:
        """An object by its name, whatever its case.

        Raises:
            ApiError: there is none.
        """
        found = self._lower.get(name.lower())
        if found is None or (found.name in self.tooling and not tooling):
            raise unsupported_type(name)
        return found

    def add_object(self, target: SObject) -> None:
        """Add an object with its table, as a feature that is switched on brings it."""
        with self._lock:
            self._create_table(target)
            self.show(target)

    def show(self, target: SObject) -> None:
        """Let an object exist."""
        self.objects[target.name] = target
        self._lower[target.name.lower()] = target

    def hide(self, name: str) -> SObject:
        """Let an object not exist; its table stays."""
        del self._lower[name.lower()]
        return self.objects.pop(name)

    def object_of_id(self, record_id: str) -> SObject | None:
        """The object to which an id belongs by its first three characters."""
        return next((each for each in self._lower.values() if each.prefix == record_id[:3]), None)

    def add_field(self, target: SObject, each: SField) -> None:
        """Add a custom field with its column."""
        with self._lock:
            if each.stored:
                self.database.add_column(target.table, each.name, each.sql_type)
            target.add([each])

    def remove_field(self, target: SObject, name: str) -> None:
        """Delete a custom field and its values."""
        with self._lock:
            self.database.execute(f"ALTER TABLE {quoted(target.table)} DROP COLUMN {quoted(name)}")
            target.remove(name)

    def index(self, table: str, column: str) -> None:
        """Create an index for lookups by a column."""
        name = quoted(f"ix_{table}_{column}")
        self.database.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {quoted(table)} ({quoted(column)})")

    def next_key(self, target: SObject) -> int:
        """The number of the next new record."""
        with self._lock:
            last = self._next.get(target.name)
            if last is None:
                last = self.database.value(f"SELECT max(rowid) FROM {quoted(target.table)}") or 0
            self._next[target.name] = last + 1
            return last + 1

    def stamp(self) -> str:
        """The present moment as the system fields hold it."""
        return stored_moment(self.world.now())

    def insert(self, target: SObject, values: Mapping[str, Stored], by: str, key: int | None = None) -> str:
        """Insert one record without any check; its id."""
        key = self.next_key(target) if key is None else key
        record_id = make_id(target.prefix, key)
        now = self.stamp()
        stamps: dict[str, Stored] = {
            "CreatedDate": now,
            "CreatedById": by,
            "LastModifiedDate": now,
            "LastModifiedById": by,
            "SystemModstamp": now,
        }
        row: dict[str, Stored] = {"Id": record_id, **stamps, **values}
        self.database.insert(target.table, ["rowid", *row], [[key, *row.values()]])
        return record_id

    def change(
        self, connection: sqlite3.Connection, target: SObject, record_id: str, values: Mapping[str, Stored]
    ) -> None:
        """Set fields of one record without any check."""
        changes = ", ".join(f"{quoted(name)} = ?" for name in values)
        connection.execute(
            f"UPDATE {quoted(target.table)} SET {changes} WHERE Id = ?", [*values.values(), record_id]
        )

    # Sessions

    def open_session(self, user_id: str, client_id: str = "") -> str:
        """A new access token for a user."""
        token = f"{ORGANIZATION[:15]}!AQ{''.join(secrets.choice(_TOKEN_LETTERS) for _ in range(80))}"
        now = time.time()
        with self._lock:
            self._sessions[token] = Session(user_id, client_id, now, now + self.session_seconds)
        return token

    def close_session(self, token: str) -> None:
        """Revoke one token."""
        with self._lock:
            self._sessions.pop(token, None)

    def close_all_sessions(self) -> None:
        """Revoke every token."""
        with self._lock:
            self._sessions.clear()

    def user_of(self, token: str) -> str | None:
        """Whose token it is; None if it is unknown, expired or revoked."""
        session = self.session(token)
        return None if session is None else session.user_id

    def session(self, token: str) -> Session | None:
        """The session of a token; None if it is unknown, expired or revoked."""
        now = time.time()
        with self._lock:
            session = self._sessions.get(token)
            if session is None or session.expires <= now:
                self._sessions.pop(token, None)
                return None
            session.expires = max(session.expires, now + self.session_seconds)
            return session

    # Permissions

    def permissions_changed(self) -> None:
        """Forget what was worked out about users' rights."""
        with self._lock:
            self._access.clear()

    def access(self, user_id: str) -> Access:
        """What a user may see and do now."""
        with self._lock:
            known = self._access.get(user_id)
            if known is None:
                known = self._access[user_id] = self._work_out(user_id)
            return known

    def _work_out(self, user_id: str) -> Access:
        sets = self.database.rows(
            'SELECT p.Id, p.PermissionsCustomizeApplication FROM "sf_PermissionSet" p WHERE p.Id IN '
            '(SELECT PermissionSetId FROM "sf_PermissionSetAssignment" WHERE AssigneeId = ?)',
            (user_id,),
        )
        administrator = any(row["PermissionsCustomizeApplication"] for row in sets)
        ids = [row["Id"] for row in sets]
        marks = ", ".join("?" * len(ids))
        objects: dict[str, frozenset[str]] = {}
        for row in self.database.rows(
            f'SELECT * FROM "sf_ObjectPermissions" WHERE ParentId IN ({marks})', ids
        ):
            rights = {right for right in OBJECT_RIGHTS if row[right]}
            objects[row["SobjectType"]] = objects.get(row["SobjectType"], frozenset()) | rights
        fields: dict[str, tuple[bool, bool]] = {}
        for row in self.database.rows(
            f'SELECT * FROM "sf_FieldPermissions" WHERE ParentId IN ({marks})', ids
        ):
            before = fields.get(row["Field"], (False, False))
            fields[row["Field"]] = (
                before[0] or bool(row["PermissionsRead"]),
                before[1] or bool(row["PermissionsEdit"]),
            )
        ordinary = not administrator
        if ordinary:
            objects = {name: rights for name, rights in objects.items() if name not in self.hidden_objects}
        return Access(
            user_id,
            administrator,
            objects,
            fields,
            hidden=frozenset(self.hidden) if ordinary else frozenset(),
            locked=frozenset(self.locked) if ordinary else frozenset(),
            half=self.half_hidden and ordinary,
        )

    def share(self, *, everything: bool) -> None:
        """Take every second account, and View All, away from ordinary users, or give both back."""
        if everything:
            self.database.execute(
                'UPDATE "sf_ObjectPermissions" SET PermissionsViewAllRecords = 1 WHERE Id IN '
                f"({', '.join('?' * len(self._lost_view_all))})",
                self._lost_view_all,
            )
            self._lost_view_all = []
        elif not self.half_hidden:
            ordinary = (
                "PermissionsViewAllRecords = 1 AND ParentId NOT IN "
                '(SELECT Id FROM "sf_PermissionSet" WHERE PermissionsModifyAllData = 1)'
            )
            rows = self.database.rows(f'SELECT Id FROM "sf_ObjectPermissions" WHERE {ordinary}')
            self._lost_view_all = [row["Id"] for row in rows]
            self.database.execute(
                f'UPDATE "sf_ObjectPermissions" SET PermissionsViewAllRecords = 0 WHERE {ordinary}'
            )
        self.half_hidden = not everything
        self.permissions_changed()

    def grant_to_profiles(self, target: SObject, fields: Iterable[SField], profiles: Iterable[str]) -> None:
        """Make custom fields visible and editable for whole profiles, as they are in an org that has them."""
        by = make_id("005", ADMIN_KEY)
        for profile in profiles:
            parent = make_id("0PS", PROFILES[profile])
            for each in fields:
                self.insert(
                    self.objects["FieldPermissions"],
                    {
                        "ParentId": parent,
                        "SobjectType": target.name,
                        "Field": f"{target.name}.{each.name}",
                        "PermissionsRead": 1,
                        "PermissionsEdit": 1,
                    },
                    by,
                )
        self.permissions_changed()

    def authenticated(self, header: str) -> Access:
        """The access of a request's bearer token.

        Raises:
            ApiError: no token, or one that is unknown, expired or revoked.
        """
        kind, _, token = header.partition(" ")
        user_id = self.user_of(token.strip()) if kind.lower() in ("bearer", "oauth") else None
        if user_id is None:
            raise ApiError("INVALID_SESSION_ID", "Session expired or invalid", 401)
        return self.access(user_id)
