"""What every API call has in common: version, session, daily allowance, error bodies."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from adapters.sandbox.http import Endpoint, blocking, parsed
from adapters.sandbox.salesforce.access import Access
from adapters.sandbox.salesforce.errors import ApiError, not_found
from adapters.sandbox.salesforce.org import Org

_OLDEST, _NEWEST = 31, 67


def _season(version: int) -> str:
    """The release that brought a version: three a year, the winter one named after the coming year."""
    year, season = divmod(version - 60, 3)
    return f"{('Spring', 'Summer', 'Winter')[season]} '{24 + year + (season == 2)}"


VERSIONS = {f"{number}.0": _season(number) for number in range(_OLDEST, _NEWEST + 1)}
_RETIRED = frozenset(f"{number}.0" for number in range(7, _OLDEST))
_LONGEST_ADDRESS = 16_384  # bytes
_NO_CALLS_LEFT = ApiError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403)


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request.

    Attributes:
        access: what its user may do.
        request: path, query and headers.
        body: decompressed.
    """

    access: Access
    request: Request
    body: bytes

    @property
    def version(self) -> str:
        """API version of the path, such as "60.0"."""
        return str(self.request.path_params["version"])

    @property
    def address(self) -> str:
        """Where the org is reached."""
        return f"{self.request.url.scheme}://{self.request.url.netloc}"

    @property
    def path(self) -> str:
        """Path of the request."""
        return self.request.url.path

    def parameter(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def query(self, name: str) -> str | None:
        """A parameter of the query string."""
        return self.request.query_params.get(name)

    def json(self) -> Any:  # noqa: ANN401 (any JSON)
        """The body.

        Raises:
            ApiError: JSON_PARSER_ERROR.
        """
        try:
            return parsed(self.body)
        except ValueError as error:
            raise ApiError("JSON_PARSER_ERROR", f"{error} at [line:1, column:1]") from error

    def json_object(self) -> dict[str, Any]:
        """The body, which has to be an object.

        Raises:
            ApiError: JSON_PARSER_ERROR.
        """
        content = self.json()
        if not isinstance(content, dict):
            raise ApiError("JSON_PARSER_ERROR", "The value is no JSON object at [line:1, column:1]")
        return content


Handler = Callable[[Call], Response]


class Gate:
    """Lets requests in: the one place that knows sessions, versions and the allowance."""

    def __init__(self, org: Org) -> None:
        """Guard the API of `org`."""
        self._org = org

    def endpoint(self, handler: Handler, *, reads: bool = False) -> Endpoint:
        """An endpoint of a handler; `reads` as for `blocking`."""

        def run(request: Request, body: bytes) -> Response:
            return self.answer(request, lambda access: handler(Call(access, request, _plain(request, body))))

        endpoint = blocking(run, reads=reads)
        endpoint.handler = handler  # type: ignore[attr-defined] # for composite requests
        return endpoint

    def answer(self, request: Request, work: Callable[[Access], Response]) -> Response:
        """Let a request in, do its work and add what every answer carries."""
        quota = self._org.world.quota["salesforce"]
        if len(str(request.url)) > _LONGEST_ADDRESS:
            return HTMLResponse(
                "<html><body><h1>Bad Message 414</h1><pre>reason: URI Too Long</pre></body></html>", 414
            )
        try:
            _check_version(str(request.path_params.get("version")))
            access = self._org.authenticated(request.headers.get("authorization", ""))
            response = work(access) if quota.take() else _NO_CALLS_LEFT.response()
        except ApiError as error:
            response = error.response()
        response.headers["Sforce-Limit-Info"] = f"api-usage={quota.used}/{quota.limit}"
        return response


def _check_version(version: str) -> None:
    """Refuse versions that are not answered any more, or not yet."""
    if version in _RETIRED:
        raise ApiError("UNSUPPORTED_API_VERSION", f"API version {version} is retired.", 410)
    if version not in VERSIONS:
        raise not_found()


def _plain(request: Request, body: bytes) -> bytes:
    if request.headers.get("content-encoding", "").lower() != "gzip":
        return body
    try:
        return gzip.decompress(body)
    except (OSError, EOFError) as error:
        raise ApiError("JSON_PARSER_ERROR", "the body is not gzip") from error
