"""From a request to a call of the API: authentication, limits, scopes, the body, and errors on the way back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from adapters.sandbox.http import Endpoint, blocking, parsed
from adapters.sandbox.hubspot.api.limits import Limits
from adapters.sandbox.hubspot.api.tokens import Token, Tokens, require
from adapters.sandbox.hubspot.errors import (
    ApiError,
    DeletedError,
    EmptyNotFoundError,
    UnknownPathError,
    gateway_page,
    validation,
)
from adapters.sandbox.hubspot.store.schema import ObjectType, object_type
from adapters.sandbox.world import World

Access = Literal["read", "write", "schema"]
_ANYBODY = Token("", ())
_MAX_URL = 16_384  # characters that the network in front of HubSpot lets through
_VERSION = re.compile(r"/(v\d|\d{4}-\d{2})(?:/|$)")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the API, authenticated.

    Attributes:
        token: who asks.
        path: parameters of the path.
        query: parameters of the query string; the last one counts where one is repeated.
        listed: parameters of the query string that may be repeated or separated by commas.
        body: raw.
        now: the sandbox's time.
        half: the caller sees every second company only.
        method: HTTP method.
        url_path: the path as asked.
        base_url: scheme and host, for links.
        started: when the call began, real time.
    """

    token: Token
    path: Mapping[str, str]
    query: QueryParams
    listed: Callable[[str], list[str]]
    body: bytes
    now: datetime
    half: bool
    method: str
    url_path: str
    base_url: str
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def version(self) -> str:
        """Version of the API in the path, such as ``v3`` or ``2026-03``."""
        found = _VERSION.search(self.url_path)
        return found.group(1) if found else ""

    def kind(self, access: Access, parameter: str = "object") -> ObjectType:
        """The object type in the path, once the token's scopes are checked.

        Raises:
            ApiError: 400 for an unknown type, 403 for missing scopes.
        """
        return self.of(self.path[parameter], access)

    def of(self, name: str, access: Access) -> ObjectType:
        """An object type by name, once the token's scopes are checked.

        Raises:
            ApiError: 400 for an unknown type, 403 for missing scopes.
        """
        found = object_type(name)
        if access == "schema":
            require(self.token, (found.schema_scope,))
        elif access == "write":
            require(self.token, found.write_scopes)
        else:
            schemas = f"crm.schemas.{found.name}.read"
            require(
                self.token,
                (*found.read_scopes, schemas) if "/properties/" in self.url_path else found.read_scopes,
            )
        return found

    def next_page(self, after: str) -> dict[str, Any]:
        """``paging`` that leads to the next page."""
        others = [(name, value) for name, value in self.query.multi_items() if name != "after"]
        link = f"{self.base_url}{self.url_path}?{urlencode([*others, ('after', after)])}"
        return {"next": {"after": after, "link": link}}

    def json(self) -> dict[str, Any]:
        """The body as an object.

        Raises:
            ApiError: 400.
        """
        try:
            value = parsed(self.body or b"{}")
        except ValueError as error:
            raise ApiError(400, None, f"Invalid input JSON on line 1, column 1: {error}") from error
        if not isinstance(value, dict):
            raise ApiError(400, None, "Invalid input JSON on line 1, column 1: an object was expected")
        return value

    def inputs(self, limit: int) -> list[dict[str, Any]]:
        """The ``inputs`` of a batch.

        Raises:
            ApiError: 400, none or more than `limit`.
        """
        inputs = self.json().get("inputs")
        if not isinstance(inputs, list) or not all(isinstance(each, dict) for each in inputs):
            raise ApiError(
                400, None, "Invalid input JSON on line 1, column 1: inputs must be a list of objects"
            )
        if not inputs:
            raise validation("The inputs field must not be empty.")
        if len(inputs) > limit:
            raise validation(
                f"The maximum number of inputs supported in a batch request is {limit}, but {len(inputs)} were given."
            )
        return inputs


Handler = Callable[[Call], Response]
UploadHandler = Callable[[Call, FormData], Response]


class Endpoints:
    """Makes Starlette endpoints of handlers."""

    def __init__(self, world: World, tokens: Tokens, limits: Limits) -> None:
        """Authenticate against `tokens`, count in `limits`."""
        self._world = world
        self._tokens = tokens
        self._limits = limits

    def open(self, handler: Handler) -> Endpoint:
        """One that needs no token and reads only: the OAuth endpoints."""
        return self._wrapped(handler, reads=True, search=False, authenticated=False)

    def reading(self, handler: Handler, *, search: bool = False) -> Endpoint:
        """One that changes nothing, whatever its method."""
        return self._wrapped(handler, reads=True, search=search, authenticated=True)

    def writing(self, handler: Handler) -> Endpoint:
        """One that may change something."""
        return self._wrapped(handler, reads=False, search=False, authenticated=True)

    def uploading(self, handler: UploadHandler) -> Endpoint:
        """One that takes a form with files, which go to disk as they come."""

        async def endpoint(request: Request) -> Response:
            if not request.headers.get("content-type", "").startswith("multipart/form-data"):
                return ApiError(415, None, "HTTP 415 Unsupported Media Type").response()
            try:
                async with request.form() as form:
                    return await run_in_threadpool(
                        self._answered,
                        request,
                        b"",
                        lambda call: handler(call, form),
                        search=False,
                        authenticated=True,
                    )
            except HTTPException as error:  # Starlette's way to say that it is no form
                return validation(f"Unable to parse the form: {error.detail}").response()

        return endpoint

    def _wrapped(self, handler: Handler, *, reads: bool, search: bool, authenticated: bool) -> Endpoint:
        def answer(request: Request, body: bytes) -> Response:
            return self._answered(request, body, handler, search=search, authenticated=authenticated)

        return blocking(answer, reads=reads)

    def _answered(
        self, request: Request, body: bytes, handler: Handler, *, search: bool, authenticated: bool
    ) -> Response:
        if len(request.url.path) + len(request.url.query) > _MAX_URL:
            return gateway_page(414)
        headers: dict[str, str] = {}
        try:
            token = _ANYBODY
            if authenticated:
                token = self._tokens.authenticate(request, self._world.now())
                headers = self._limits.take(search=search)
            response = handler(self._call(request, body, token))
        except (ApiError, DeletedError, EmptyNotFoundError, UnknownPathError) as error:
            response = error.response()
        if response.status_code != 403:  # HubSpot leaves the limits out of it
            response.headers.update(headers)
        return response

    def _call(self, request: Request, body: bytes, token: Token) -> Call:
        query = request.query_params

        def listed(name: str) -> list[str]:
            return [
                part.strip() for value in query.getlist(name) for part in value.split(",") if part.strip()
            ]

        return Call(
            token,
            request.path_params,
            query,
            listed,
            body,
            self._world.now(),
            token.team_only or (self._tokens.half and not _is_admin(token)),
            request.method,
            request.url.path,
            str(request.base_url).rstrip("/"),
        )


def _is_admin(token: Token) -> bool:
    """Whoever may change definitions sees every record."""
    return "crm.schemas.companies.write" in token.scopes
