"""The HubSpot half of the sandbox, put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.sandbox.faults import Fault
from adapters.sandbox.http import Endpoint
from adapters.sandbox.hubspot.associations import AssociationEndpoint
from adapters.sandbox.hubspot.auth import AuthEndpoint, Tokens
from adapters.sandbox.hubspot.endpoint import Endpoints
from adapters.sandbox.hubspot.errors import ApiError, InvalidValue, expired_token, rate_limited
from adapters.sandbox.hubspot.limits import Limits
from adapters.sandbox.hubspot.links import Links
from adapters.sandbox.hubspot.loading import Loader
from adapters.sandbox.hubspot.objects import ObjectEndpoint
from adapters.sandbox.hubspot.phases import PHASES
from adapters.sandbox.hubspot.portal import Portal
from adapters.sandbox.hubspot.properties import PropertyEndpoint
from adapters.sandbox.hubspot.property_store import Definitions
from adapters.sandbox.hubspot.records import LIVE, Records
from adapters.sandbox.hubspot.schema import ObjectType, object_type
from adapters.sandbox.hubspot.search import SearchEndpoint
from adapters.sandbox.hubspot.settings import SettingsEndpoint
from adapters.sandbox.hubspot.values import Values
from adapters.sandbox.portfolio import Portfolio
from adapters.sandbox.side import ControlError, Edit, Visibility
from adapters.sandbox.world import World

_PREFIXES: Final = ("/crm/", "/oauth/", "/account-info/", "/settings/")
_DATED: Final = ("2026-03", "2026-09")
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
        self._records = Records(world.database, self._definitions, self._portal.derive)
        self._links = Links(world.database)
        self._values = Values(self._portal.external)
        self._tokens = Tokens()
        self._loader = Loader(world.database, self._portal, ratings=options.ratings)

    def answers(self, path: str) -> bool:
        """Whether a path is HubSpot's."""
        return path.startswith(_PREFIXES)

    def load(self, portfolio: Portfolio) -> None:
        """Add one chunk of the portfolio."""
        self._loader.load(portfolio)

    def loaded(self) -> None:
        """Index what clients walk backwards."""
        self._links.index()

    def routes(self) -> list[BaseRoute]:
        """HubSpot's API: the v3 and v4 paths and their dated successors."""
        quota = self._world.quota["hubspot"]
        wrap = Endpoints(self._world, self._tokens, Limits(quota, enforced=self._world.options.rate_limits))
        objects = ["/crm/v3/objects/{object}", *(f"/crm/objects/{day}/{{object}}" for day in _DATED)]
        properties = ["/crm/v3/properties/{object}", *(f"/crm/properties/{day}/{{object}}" for day in _DATED)]
        return [
            *self._object_routes(wrap, objects),
            *self._property_routes(wrap, properties),
            *self._association_routes(wrap, objects),
            *self._setting_routes(wrap),
        ]

    def _object_routes(self, wrap: Endpoints, bases: list[str]) -> list[BaseRoute]:
        endpoint = ObjectEndpoint(
            self._records, self._definitions, self._values, self._links, self._world.faults
        )
        finder = SearchEndpoint(self._world.database, self._records, self._definitions, self._links)
        return [
            route
            for base in bases
            for route in (
                _route(f"{base}/batch/read", "POST", wrap.reading(endpoint.batch_read)),
                _route(f"{base}/batch/update", "POST", wrap.writing(endpoint.batch_update)),
                _route(f"{base}/batch/create", "POST", wrap.writing(endpoint.batch_create)),
                _route(f"{base}/batch/archive", "POST", wrap.writing(endpoint.batch_archive)),
                _route(f"{base}/search", "POST", wrap.reading(finder.search, search=True)),
                _route(base, "GET", wrap.reading(endpoint.listing)),
                _route(base, "POST", wrap.writing(endpoint.create)),
                _route(f"{base}/{{id}}", "GET", wrap.reading(endpoint.get)),
                _route(f"{base}/{{id}}", "PATCH", wrap.writing(endpoint.update)),
                _route(f"{base}/{{id}}", "DELETE", wrap.writing(endpoint.archive)),
            )
        ]

    def _property_routes(self, wrap: Endpoints, bases: list[str]) -> list[BaseRoute]:
        endpoint = PropertyEndpoint(self._definitions)
        return [
            route
            for base in bases
            for route in (
                _route(f"{base}/groups", "GET", wrap.reading(endpoint.groups)),
                _route(f"{base}/groups", "POST", wrap.writing(endpoint.create_group)),
                _route(f"{base}/groups/{{name}}", "GET", wrap.reading(endpoint.group)),
                _route(f"{base}/groups/{{name}}", "PATCH", wrap.writing(endpoint.update_group)),
                _route(f"{base}/groups/{{name}}", "DELETE", wrap.writing(endpoint.archive_group)),
                _route(f"{base}/batch/read", "POST", wrap.reading(endpoint.batch_read)),
                _route(f"{base}/batch/create", "POST", wrap.writing(endpoint.batch_create)),
                _route(f"{base}/batch/archive", "POST", wrap.writing(endpoint.batch_archive)),
                _route(base, "GET", wrap.reading(endpoint.listing)),
                _route(base, "POST", wrap.writing(endpoint.create)),
                _route(f"{base}/{{name}}", "GET", wrap.reading(endpoint.get)),
                _route(f"{base}/{{name}}", "PATCH", wrap.writing(endpoint.update)),
                _route(f"{base}/{{name}}", "DELETE", wrap.writing(endpoint.archive)),
            )
        ]

    def _association_routes(self, wrap: Endpoints, objects: list[str]) -> list[BaseRoute]:
        endpoint = AssociationEndpoint(self._links, self._records)
        batches = ["/crm/v4/associations", *(f"/crm/associations/{day}" for day in _DATED)]
        single = ["/crm/v4/objects/{object}", *objects[1:]]
        return [
            *(
                _route(
                    f"{base}/{{object}}/{{resource}}/batch/read", "POST", wrap.reading(endpoint.batch_read)
                )
                for base in batches
            ),
            *(
                _route(f"{base}/{{object}}/{{resource}}/labels", "GET", wrap.reading(endpoint.labels))
                for base in batches
            ),
            *(
                route
                for base in single
                for route in (
                    _route(f"{base}/{{id}}/associations/{{resource}}", "GET", wrap.reading(endpoint.listing)),
                    _route(
                        f"{base}/{{id}}/associations/default/{{resource}}/{{target_id}}",
                        "PUT",
                        wrap.writing(endpoint.associate),
                    ),
                    _route(
                        f"{base}/{{id}}/associations/{{resource}}/{{target_id}}",
                        "DELETE",
                        wrap.writing(endpoint.remove),
                    ),
                )
            ),
        ]

    def _setting_routes(self, wrap: Endpoints) -> list[BaseRoute]:
        settings = SettingsEndpoint(self._portal, self._world.quota["hubspot"])
        auth = AuthEndpoint(self._tokens)
        found: list[tuple[str, str, Endpoint]] = [
            ("/oauth/v1/token", "POST", wrap.open(auth.token)),
            ("/oauth/v3/token", "POST", wrap.open(auth.token)),
            *((f"/oauth/{day}/token", "POST", wrap.open(auth.token)) for day in _DATED),
            ("/oauth/v1/access-tokens/{token}", "GET", wrap.open(auth.metadata)),
            ("/oauth/v2/private-apps/get/access-token-info", "POST", wrap.open(auth.key_info)),
        ]
        for account, owners, pipelines, money in (
            ("/account-info/v3", "/crm/v3/owners", "/crm/v3/pipelines", "/settings/v3/currencies"),
            *(
                (
                    f"/account-info/{day}",
                    f"/crm/owners/{day}",
                    f"/crm/pipelines/{day}",
                    f"/settings/currencies/{day}",
                )
                for day in _DATED
            ),
        ):
            found += [
                (f"{account}/details", "GET", wrap.reading(settings.account)),
                (f"{account}/api-usage/daily/private-apps", "GET", wrap.reading(settings.usage)),
                (owners, "GET", wrap.reading(settings.owners)),
                (f"{owners}/", "GET", wrap.reading(settings.owners)),
                (f"{owners}/{{id}}", "GET", wrap.reading(settings.owner)),
                (f"{pipelines}/{{object}}", "GET", wrap.reading(settings.pipelines)),
                (f"{pipelines}/{{object}}/{{id}}", "GET", wrap.reading(settings.pipeline)),
                (f"{pipelines}/{{object}}/{{id}}/stages", "GET", wrap.reading(settings.stages)),
                (f"{money}/company-currency", "GET", wrap.reading(settings.company_currency)),
                (f"{money}/exchange-rates", "GET", wrap.reading(settings.rates)),
                (f"{money}/exchange-rates/current", "GET", wrap.reading(settings.current_rates)),
            ]
        return [_route(path, method, endpoint) for path, method, endpoint in found]

    def fault(self, fault: Fault, request: Request) -> Response:
        """HubSpot's answer for a transport fault."""
        wait = {"Retry-After": f"{max(0, round(fault.seconds))}"}
        if fault.name == "throttle":
            return rate_limited("TEN_SECONDLY_ROLLING", wait).response()
        if fault.name == "expired_token":
            now = self._world.now()
            return expired_token(self._tokens.expire(request, now), now).response()
        status = fault.status or _UNAVAILABLE[(fault.hits - 1) % len(_UNAVAILABLE)]
        if fault.name == "html_error":
            status = fault.status or 502
        if status == 477:
            return ApiError(
                477, "MIGRATION_IN_PROGRESS", "The account is being migrated.", headers=wait
            ).response()
        if status == 503:
            return ApiError(
                503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable", headers=wait
            ).response()
        # The rest comes from the network in front of HubSpot, as a page.
        return Response(f"<html><body><h1>{status}</h1></body></html>", status, media_type="text/html")

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

    def configure(self, what: str, settings: Mapping[str, Any]) -> object:
        """Nothing yet."""
        raise ControlError(f"HubSpot's side has no setting {what!r}: {dict(settings)}")


def _route(path: str, method: str, endpoint: Endpoint) -> Route:
    return Route(path, endpoint, methods=[method])
