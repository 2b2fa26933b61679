"""The HubSpot half of the sandbox, put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from adapters.sandbox.faults import Fault
from adapters.sandbox.hubspot.api.associations import AssociationEndpoint
from adapters.sandbox.hubspot.api.auth import AuthEndpoint
from adapters.sandbox.hubspot.api.endpoint import Endpoints
from adapters.sandbox.hubspot.api.limits import Limits
from adapters.sandbox.hubspot.api.merging import MergeEndpoint
from adapters.sandbox.hubspot.api.objects import ObjectEndpoint
from adapters.sandbox.hubspot.api.properties import PropertyEndpoint
from adapters.sandbox.hubspot.api.search import SearchEndpoint
from adapters.sandbox.hubspot.api.settings import SettingsEndpoint
from adapters.sandbox.hubspot.api.tokens import Tokens
from adapters.sandbox.hubspot.behaviour import Behaviour
from adapters.sandbox.hubspot.errors import (
    ApiError,
    InvalidValue,
    expired_token,
    gateway_page,
    rate_limited,
    unavailable,
)
from adapters.sandbox.hubspot.exports import ExportEndpoint, ExportJobs, FileWriter
from adapters.sandbox.hubspot.imports import ImportEndpoint, ImportJobs, RowWriter
from adapters.sandbox.hubspot.imports.cells import Cells
from adapters.sandbox.hubspot.load.loading import Loader
from adapters.sandbox.hubspot.phases import PHASES
from adapters.sandbox.hubspot.routes import PREFIXES, Api, routes
from adapters.sandbox.hubspot.store.checks import Checks
from adapters.sandbox.hubspot.store.filters import Filters
from adapters.sandbox.hubspot.store.links import Links
from adapters.sandbox.hubspot.store.portal import Portal
from adapters.sandbox.hubspot.store.property_store import Definitions
from adapters.sandbox.hubspot.store.records import LIVE, Records
from adapters.sandbox.hubspot.store.schema import ObjectType, object_type
from adapters.sandbox.hubspot.store.values import Values
from adapters.sandbox.portfolio import Portfolio
from adapters.sandbox.side import ControlError, Edit, Visibility
from adapters.sandbox.world import World

_LINKS: Final = "associations"

# What HubSpot's documentation lists as temporary, in turn; the first answer is always the plain 503.
_UNAVAILABLE: Final = (503, 502, 477, 504, 523)


class HubSpotSide:
    """One portal; see `adapters.sandbox.side.Side`."""

    phases = PHASES

    def __init__(self, world: World) -> None:
        """An empty portal in `world`."""
        self._world = world
        options = world.options
        self._portal = Portal(options.multi_currency)
        self._definitions = Definitions(
            world.database, ratings=options.ratings, multi_currency=options.multi_currency
        )
        self._behaviour = Behaviour()
        self._records = Records(world.database, self._definitions, self._portal.derive, self._behaviour)
        self._links = Links(world.database)
        self._values = Values(self._portal.external)
        self._tokens = Tokens()
        self._loader = Loader(world.database, self._portal, ratings=options.ratings)
        writer = FileWriter(
            world.database, self._links, self._portal, self._behaviour, world.folder / "hubspot-exports"
        )
        self._exports = ExportJobs(world, self._behaviour, writer)
        self._checks = Checks(self._definitions, self._values, self._behaviour)
        rows = RowWriter(
            world.database, self._records, self._definitions, Cells(self._values), self._checks, world.faults
        )
        self._imports = ImportJobs(world, self._behaviour, rows)

    def answers(self, path: str) -> bool:
        """Whether a path is HubSpot's."""
        return path.startswith(PREFIXES)

    def load(self, portfolio: Portfolio) -> None:
        """Add one chunk of the portfolio."""
        self._loader.load(portfolio)

    def loaded(self) -> None:
        """Index what clients walk backwards."""
        self._links.index()
        self._records.index()

    def routes(self) -> list[BaseRoute]:
        """HubSpot's API: the v3 and v4 paths and their dated successors."""
        world, quota = self._world, self._world.quota["hubspot"]
        filters = Filters(self._definitions, self._links, self._behaviour, world.now)
        api = Api(
            objects=ObjectEndpoint(self._records, self._checks, self._links, world.faults),
            merging=MergeEndpoint(world.database, self._records, self._links, self._behaviour),
            search=SearchEndpoint(world.database, self._records, filters),
            properties=PropertyEndpoint(self._definitions),
            associations=AssociationEndpoint(self._links, self._records),
            settings=SettingsEndpoint(self._portal, quota),
            auth=AuthEndpoint(self._tokens),
            exports=ExportEndpoint(self._exports, self._definitions, filters, self._behaviour),
            imports=ImportEndpoint(self._imports, self._behaviour),
        )
        limits = Limits(quota, world.now, enforced=world.options.rate_limits)
        return routes(api, Endpoints(world, self._tokens, limits))

    def fault(self, fault: Fault, request: Request) -> Response:
        """HubSpot's answer for a transport fault."""
        wait = {"Retry-After": f"{max(0, round(fault.seconds))}"}
        if fault.name == "throttle":
            return rate_limited("TEN_SECONDLY_ROLLING", wait).response()
        if fault.name == "expired_token":
            now = self._world.now()
            return expired_token(self._tokens.expire(request, now), now).response()
        if fault.name == "html_error":
            return gateway_page(fault.status or 502)
        return unavailable(fault.status or _UNAVAILABLE[(fault.hits - 1) % len(_UNAVAILABLE)], wait)

    def edit(self, edit: Edit) -> str:
        """Change, create or delete a record as a person would, calculated properties included."""
        kind = self._kind(edit.object)
        values, links = self._edited(kind, edit.values)
        now = self._world.now()
        if edit.id is None:
            record = self._records.create(kind, values, now)
        else:
            record = int(edit.id) if edit.id.isdigit() else 0
            if self._records.states(kind, [record]).get(record, (None,))[0] != LIVE:
                raise ControlError(f"there is no live record {edit.id!r} of {kind.name}")
            if edit.delete:
                self._records.archive(kind, record, now)
            else:
                self._records.update(kind, {record: values}, now, touch=edit.touch)
        for target, target_id in links:
            self._links.add(kind, target, record, target_id)
            if (kind.name, target.name) == ("deals", "companies"):
                self._records.follow_companies("child", [record], now)
        return str(record)

    def _edited(
        self, kind: ObjectType, given: Mapping[str, Any]
    ) -> tuple[dict[str, str | None], list[tuple[ObjectType, int]]]:
        """Values as stored, and what ``associations.company`` and its like ask to be linked."""
        values: dict[str, str | None] = {}
        links = []
        for name, raw in given.items():
            if name.startswith(f"{_LINKS}."):
                links.append((self._kind(name.partition(".")[2]), int(raw)))
                continue
            each = self._definitions.find(kind, name)
            if each is None:
                raise ControlError(f"{kind.name} have no property {name!r}")
            value = self._values.checked(kind, each, raw)
            if isinstance(value, InvalidValue):
                raise ControlError(f"{name}: {value.message}")
            values[name] = value
        return values, links

    def _kind(self, name: str) -> ObjectType:
        try:
            return object_type(name)
        except ApiError as error:
            raise ControlError(f"unknown object {name!r}") from error

    def dump(self, name: str) -> Iterator[dict[str, Any]]:
        """Every record with every cell; ``associations`` gives the links."""
        return self._links.dump() if name == _LINKS else self._records.dump(self._kind(name))

    def configure(self, what: str, settings: Mapping[str, Any]) -> object:
        """``behaviour`` sets what `adapters.sandbox.hubspot.behaviour` lists; without settings it tells."""
        if what != "behaviour":
            raise ControlError(f"HubSpot's side has no setting {what!r}, only behaviour")
        return self._behaviour.change(settings)

    def close(self) -> None:
        """End the jobs that run."""
        self._exports.close()
        self._imports.close()

    def visibility(self, visibility: Visibility) -> None:
        """Change what tokens see and may do; the administrator's keeps seeing every record."""
        change = visibility.change
        if change in ("hide_half", "show_all"):
            self._tokens.half = change == "hide_half"
        elif change in ("revoke_tokens", "restore_tokens"):
            self._tokens.revoke_all(revoked=change == "revoke_tokens")
        else:
            kind = self._kind(visibility.object or "companies")
            name = visibility.field or ""
            if name not in self._definitions.columns(kind):
                raise ControlError(f"{kind.name} have no property {name!r}")
            action, _, _ = change.partition("_")
            target = self._definitions.hidden if action in ("hide", "show") else self._definitions.locked
            (target.add if action in ("hide", "lock") else target.discard)((kind.name, name))
