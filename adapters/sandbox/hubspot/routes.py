"""The paths of HubSpot's API: v3 and v4, and the dated ones that replace them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.sandbox.http import Endpoint
from adapters.sandbox.hubspot.api.associations import AssociationEndpoint
from adapters.sandbox.hubspot.api.auth import AuthEndpoint
from adapters.sandbox.hubspot.api.endpoint import Call, Endpoints
from adapters.sandbox.hubspot.api.merging import MergeEndpoint
from adapters.sandbox.hubspot.api.objects import ObjectEndpoint
from adapters.sandbox.hubspot.api.properties import PropertyEndpoint
from adapters.sandbox.hubspot.api.search import SearchEndpoint
from adapters.sandbox.hubspot.api.settings import SettingsEndpoint
from adapters.sandbox.hubspot.errors import UnknownPathError
from adapters.sandbox.hubspot.exports import ExportEndpoint
from adapters.sandbox.hubspot.exports.endpoint import DOWNLOADS
from adapters.sandbox.hubspot.imports import ImportEndpoint

PREFIXES: Final = ("/crm/", "/crm-exports/", "/oauth/", "/account-info/", "/settings/")
DATED: Final = ("2025-09", "2026-03", "2026-09")

Handler = Callable[[Call], Response]


@dataclass(frozen=True, slots=True)
class Api:
    """Every endpoint of a portal."""

    objects: ObjectEndpoint
    merging: MergeEndpoint
    search: SearchEndpoint
    properties: PropertyEndpoint
    associations: AssociationEndpoint
    settings: SettingsEndpoint
    auth: AuthEndpoint
    exports: ExportEndpoint
    imports: ImportEndpoint


def routes(api: Api, wrap: Endpoints) -> list[BaseRoute]:
    """All routes; an unknown path or version ends in HubSpot's own 404."""
    objects = ["/crm/v3/objects/{object}", *(f"/crm/objects/{day}/{{object}}" for day in ("v3", *DATED))]
    return [
        *_object_routes(api, wrap, objects),
        *_property_routes(api.properties, wrap),
        *_association_routes(api.associations, wrap, objects),
        *_export_routes(api.exports, wrap),
        *_import_routes(api.imports, wrap),
        *_auth_routes(api.auth, wrap),
        *_setting_routes(api.settings, wrap),
        *(Route(f"{prefix}{{rest:path}}", wrap.open(_nowhere), methods=_METHODS) for prefix in PREFIXES),
    ]


_METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def _nowhere(_call: Call) -> Response:
    raise UnknownPathError


def _route(path: str, method: str, endpoint: Endpoint) -> Route:
    return Route(path, endpoint, methods=[method])


def _object_routes(api: Api, wrap: Endpoints, bases: list[str]) -> list[BaseRoute]:
    endpoint = api.objects
    return [
        route
        for base in bases
        for route in (
            _route(f"{base}/batch/read", "POST", wrap.reading(endpoint.batch_read)),
            _route(f"{base}/batch/update", "POST", wrap.writing(endpoint.batch_update)),
            _route(f"{base}/batch/create", "POST", wrap.writing(endpoint.batch_create)),
            _route(f"{base}/batch/archive", "POST", wrap.writing(endpoint.batch_archive)),
            _route(f"{base}/search", "POST", wrap.reading(api.search.search, search=True)),
            _route(f"{base}/merge", "POST", wrap.writing(api.merging.merge)),
            _route(base, "GET", wrap.reading(endpoint.listing)),
            _route(base, "POST", wrap.writing(endpoint.create)),
            _route(f"{base}/{{id}}", "GET", wrap.reading(endpoint.get)),
            _route(f"{base}/{{id}}", "PATCH", wrap.writing(endpoint.update)),
            _route(f"{base}/{{id}}", "DELETE", wrap.writing(endpoint.archive)),
        )
    ]


def _property_routes(endpoint: PropertyEndpoint, wrap: Endpoints) -> list[BaseRoute]:
    bases = ["/crm/v3/properties/{object}", *(f"/crm/properties/{day}/{{object}}" for day in DATED[1:])]
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


def _association_routes(
    endpoint: AssociationEndpoint, wrap: Endpoints, objects: list[str]
) -> list[BaseRoute]:
    batches = ["/crm/v4/associations", *(f"/crm/associations/{day}" for day in DATED)]
    single = ["/crm/v4/objects/{object}", *objects[1:]]
    return [
        *(
            _route(f"{base}/{{object}}/{{resource}}/batch/read", "POST", wrap.reading(endpoint.batch_read))
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


def _export_routes(endpoint: ExportEndpoint, wrap: Endpoints) -> list[BaseRoute]:
    bases = ["/crm/v3/exports/export", *(f"/crm/exports/{day}/export" for day in DATED[1:])]
    return [
        *(
            route
            for base in bases
            for route in (
                _route(f"{base}/async", "POST", wrap.reading(endpoint.start)),
                _route(f"{base}/async/tasks/{{task_id}}/status", "GET", wrap.reading(endpoint.status)),
                _route(f"{base}/{{export_id}}", "GET", wrap.reading(endpoint.get)),
            )
        ),
        _route(f"{DOWNLOADS}/{{key}}/{{name}}", "GET", wrap.open(endpoint.download)),
    ]


def _import_routes(endpoint: ImportEndpoint, wrap: Endpoints) -> list[BaseRoute]:
    bases = ["/crm/v3/imports", *(f"/crm/imports/{day}" for day in DATED[1:])]
    return [
        route
        for base in bases
        for route in (
            # With and without a slash: HubSpot's client libraries differ.
            _route(base, "POST", wrap.uploading(endpoint.start)),
            _route(f"{base}/", "POST", wrap.uploading(endpoint.start)),
            _route(base, "GET", wrap.reading(endpoint.listing)),
            _route(f"{base}/", "GET", wrap.reading(endpoint.listing)),
            _route(f"{base}/{{import_id}}", "GET", wrap.reading(endpoint.get)),
            _route(f"{base}/{{import_id}}/cancel", "POST", wrap.writing(endpoint.cancel)),
            _route(f"{base}/{{import_id}}/errors", "GET", wrap.reading(endpoint.errors)),
        )
    ]


def _auth_routes(endpoint: AuthEndpoint, wrap: Endpoints) -> list[BaseRoute]:
    return [
        *(
            route
            for version in ("v1", "v3", *DATED[1:])
            for route in (
                _route(f"/oauth/{version}/token", "POST", wrap.open(endpoint.token)),
                _route(f"/oauth/{version}/token/introspect", "POST", wrap.open(endpoint.introspect)),
                _route(f"/oauth/{version}/token/revoke", "POST", wrap.open(endpoint.revoke)),
            )
        ),
        _route("/oauth/v1/access-tokens/{token}", "GET", wrap.open(endpoint.metadata)),
        _route("/oauth/v2/private-apps/get/access-token-info", "POST", wrap.open(endpoint.key_info)),
    ]


def _setting_routes(endpoint: SettingsEndpoint, wrap: Endpoints) -> list[BaseRoute]:
    found: list[tuple[str, Handler]] = []
    for account, owners, pipelines, money in (
        ("/account-info/v3", "/crm/v3/owners", "/crm/v3/pipelines", "/settings/v3/currencies"),
        *(
            (
                f"/account-info/{day}",
                f"/crm/owners/{day}",
                f"/crm/pipelines/{day}",
                f"/settings/currencies/{day}",
            )
            for day in DATED[1:]
        ),
    ):
        found += [
            (f"{account}/details", endpoint.account),
            (f"{account}/api-usage/daily/private-apps", endpoint.usage),
            (owners, endpoint.owners),
            (f"{owners}/", endpoint.owners),
            (f"{owners}/{{id}}", endpoint.owner),
            (f"{pipelines}/{{object}}", endpoint.pipelines),
            (f"{pipelines}/{{object}}/{{id}}", endpoint.pipeline),
            (f"{pipelines}/{{object}}/{{id}}/stages", endpoint.stages),
            (f"{pipelines}/{{object}}/{{id}}/stages/{{stage_id}}", endpoint.stage),
            (f"{money}/company-currency", endpoint.company_currency),
            (f"{money}/exchange-rates", endpoint.rates),
            (f"{money}/exchange-rates/current", endpoint.current_rates),
        ]
    return [_route(path, "GET", wrap.reading(handler)) for path, handler in found]
