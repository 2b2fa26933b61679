"""The Salesforce half of the sandbox, put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from adapters.sandbox.database import quoted
from adapters.sandbox.faults import Fault
from adapters.sandbox.salesforce import load, seed
from adapters.sandbox.salesforce.api import Gate
from adapters.sandbox.salesforce.bulk import BulkIngest, BulkQueries, Jobs
from adapters.sandbox.salesforce.configure import Configuration
from adapters.sandbox.salesforce.derived import defaults, derived
from adapters.sandbox.salesforce.errors import ApiError, gateway_page, refused_login
from adapters.sandbox.salesforce.features import Features
from adapters.sandbox.salesforce.ids import make_id, normalised
from adapters.sandbox.salesforce.login import Apps, OAuth, SoapLogin
from adapters.sandbox.salesforce.org import ADMIN_KEY, Org
from adapters.sandbox.salesforce.phases import PHASES
from adapters.sandbox.salesforce.query import Queries
from adapters.sandbox.salesforce.records import Records
from adapters.sandbox.salesforce.rest import Rest
from adapters.sandbox.salesforce.schema import SObject
from adapters.sandbox.salesforce.territories import Territories
from adapters.sandbox.salesforce.tooling import Tooling
from adapters.sandbox.salesforce.values import Stored, from_json, to_json
from adapters.sandbox.side import ControlError, Edit, Visibility
from adapters.sandbox.world import World

if TYPE_CHECKING:
    from adapters.sandbox.portfolio import Portfolio

_EDITOR = make_id("005", ADMIN_KEY)


class SalesforceSide:
    """One org with its API; see `adapters.sandbox.side.Side`."""

    phases = PHASES

    def __init__(self, world: World) -> None:
        """An org with users and settings, still without accounts."""
        self._org = Org(world)
        self._apps = Apps()
        gate = Gate(self._org)
        queries = Queries(self._org)
        territories, features = Territories(self._org), Features(self._org)
        self._records = Records(self._org, territories)
        jobs = Jobs(self._org)
        self._bulk_queries = BulkQueries(self._org, gate, jobs)
        self._configuration = Configuration(
            self._org, self._apps, self._records.checks, jobs, self._bulk_queries, territories, features
        )
        self._tooling = Tooling(self._org, gate, queries, features)
        self._parts = (
            OAuth(self._org, self._apps),
            SoapLogin(self._org, self._apps),
            self._tooling,
            self._bulk_queries,
            BulkIngest(self._org, gate, self._records, jobs),
            Rest(self._org, gate, queries, self._records),
        )
        seed.seed_setup(self._org)
        for target in self._org.objects.values():
            for each in target.fields.values():
                if each.custom:
                    self._tooling.register(target, each, _EDITOR)

    def routes(self) -> list[BaseRoute]:
        """The HTTP API."""
        return [route for part in self._parts for route in part.routes()]

    def answers(self, path: str) -> bool:
        """Everything below /services, and the identity URL."""
        return path.startswith(("/services/", "/id/"))

    def load(self, portfolio: Portfolio) -> None:
        """Add one chunk of the portfolio."""
        load.load_chunk(self._org, portfolio)

    def loaded(self) -> None:
        """Create the indexes."""
        load.create_indexes(self._org)
        self._org.permissions_changed()

    def fault(self, fault: Fault, request: Request) -> Response:
        """Salesforce's answer for a fault."""
        if fault.name == "html_error":
            return gateway_page(fault.status or 502)
        if request.url.path.startswith("/services/oauth2/"):
            return refused_login(fault)
        if fault.name == "throttle":
            return ApiError(
                "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", fault.status or 403
            ).response()
        if fault.name == "unavailable":
            return ApiError("SERVER_UNAVAILABLE", "Server Unavailable", fault.status or 503).response()
        self._org.close_session(request.headers.get("authorization", "").partition(" ")[2].strip())
        return ApiError("INVALID_SESSION_ID", "Session expired or invalid", 401).response()

    def _object(self, name: str | None) -> SObject:
        try:
            return self._org.object(name or "", tooling=True)
        except ApiError as error:
            raise ControlError(f"unknown object {name!r}") from error

    def edit(self, edit: Edit) -> str:
        """Change, create or delete a record as an administrator would in the CRM's pages."""
        target = self._object(edit.object)
        values: dict[str, Stored] = {}
        for name, value in edit.values.items():
            each = target.find(name)
            if each is None or not each.stored:
                raise ControlError(f"{target.name} has no field {name!r}")
            try:
                values[each.name] = from_json(each, value)
            except ApiError as error:
                raise ControlError(error.message) from error
        if edit.id is None:
            filled = {**defaults(_EDITOR, target), **derived(target, values), **values}
            return self._org.insert(target, filled, _EDITOR)
        record_id = normalised(edit.id) or ""
        now = self._org.stamp()
        with self._org.database.writing() as connection:
            if (
                connection.execute(
                    f"SELECT 1 FROM {quoted(target.table)} WHERE Id = ?", (record_id,)
                ).fetchone()
                is None
            ):
                raise ControlError(f"{target.name} has no record {edit.id!r}")
            if edit.delete:
                self._records.remove(connection, target, record_id, _EDITOR, now)
                return record_id
            values = {**derived(target, values), **values}
            if edit.touch:
                values |= {"LastModifiedDate": now, "LastModifiedById": _EDITOR, "SystemModstamp": now}
            self._org.change(connection, target, record_id, values)
        if target.setup:
            self._org.permissions_changed()
        return record_id

    def dump(self, name: str) -> Iterator[dict[str, Any]]:
        """Every record with every cell, in the order of the table."""
        target = self._object(name)
        fields = target.stored
        columns = ", ".join(quoted(each.name) for each in fields)
        for rows in self._org.database.stream(f"SELECT {columns} FROM {quoted(target.table)} ORDER BY rowid"):
            for row in rows:
                yield {each.name: to_json(each.type, value) for each, value in zip(fields, row, strict=True)}

    def close(self) -> None:
        """Nothing runs in the background."""

    def visibility(self, visibility: Visibility) -> None:
        """Change what ordinary users, everybody but administrators, see."""
        change = visibility.change
        if change in ("hide_half", "show_all"):
            self._org.share(everything=change == "show_all")
        elif change == "hide_object":
            self._org.hidden_objects.add(self._object(visibility.object).name)
        elif change == "show_object":
            self._org.hidden_objects.discard(self._object(visibility.object).name)
        elif change == "revoke_tokens":
            self._org.credentials_revoked = True
            self._org.close_all_sessions()
        elif change == "restore_tokens":
            self._org.credentials_revoked = False
        else:
            self._change_field(visibility)
        self._org.permissions_changed()

    def configure(self, what: str, settings: Mapping[str, Any]) -> object:
        """See `configure`."""
        return self._configuration(what, settings)

    def _change_field(self, visibility: Visibility) -> None:
        target = self._object(visibility.object)
        each = target.find(visibility.field or "")
        if each is None:
            raise ControlError(f"{target.name} has no field {visibility.field!r}")
        name = f"{target.name}.{each.name}"
        names = self._org.hidden if visibility.change in ("hide_field", "show_field") else self._org.locked
        if visibility.change in ("hide_field", "lock_field"):
            names.add(name)
        else:
            names.discard(name)
