"""HubSpot's errors: the exception that handlers raise, and the bodies it becomes."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from starlette.responses import Response

from adapters.sandbox.http import json_response

PORTAL: Final = 14_871_030
SCOPES_PAGE: Final = "https://developers.hubspot.com/scopes"


class ApiError(Exception):
    """A request that fails as a whole."""

    def __init__(
        self,
        status: int,
        category: str | None,
        message: str,
        *,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`status` of the answer, `category` and `message` as HubSpot words them, `extra` keys of the body."""
        super().__init__(message)
        self.status = status
        self.category = category
        self.message = message
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """The answer."""
        body: dict[str, Any] = {
            "status": "error",
            "message": self.message,
            "correlationId": str(uuid.uuid4()),
            **self.extra,
        }
        if self.category is not None:
            body["category"] = self.category
        return json_response(body, self.status, self.headers)


class DeletedError(Exception):
    """A record in the recycle bin was asked for: HubSpot's web server answers, not its API."""

    def response(self) -> Response:
        """A page of HTML."""
        return _page_not_found()


class UnknownPathError(Exception):
    """A path that no API has, or a version that does not exist: a page of HTML, too."""

    def response(self) -> Response:
        """A page of HTML."""
        return _page_not_found()


def _page_not_found() -> Response:
    page = (
        '<html>\n<head>\n<meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>\n'
        "<title>Error 404 Not Found</title>\n</head>\n<body><h2>HTTP ERROR 404</h2>\n"
        "<p>Problem accessing the requested resource. Reason:\n<pre>    Not Found</pre></p>\n</body>\n</html>\n"
    )
    return Response(page, 404, media_type="text/html")


class EmptyNotFoundError(Exception):
    """A missing pipeline or stage: a bare 404."""

    def response(self) -> Response:
        """An empty body."""
        return Response(status_code=404)


@dataclass(frozen=True, slots=True)
class InvalidValue:
    """Why a property's value is refused.

    Attributes:
        name: of the property.
        error: HubSpot's code, such as ``INVALID_OPTION``.
        message: in HubSpot's words.
    """

    name: str
    error: str
    message: str

    def as_json(self) -> dict[str, Any]:
        """As an entry of the list inside HubSpot's message."""
        return {
            "isValid": False,
            "message": self.message,
            "error": self.error,
            "name": self.name,
            "localizedErrorMessage": self.message,
            "portalId": PORTAL,
        }


def values_message(invalid: Sequence[InvalidValue]) -> str:
    """HubSpot puts the list of refused values, as JSON, into the message."""
    listed = orjson.dumps([value.as_json() for value in invalid]).decode()
    return f"Property values were not valid: {listed}"


def invalid_values(invalid: Sequence[InvalidValue]) -> ApiError:
    """A write refused because of its values."""
    return ApiError(400, "VALIDATION_ERROR", values_message(invalid))


def validation(message: str, **extra: object) -> ApiError:
    """A request whose form is wrong."""
    return ApiError(400, "VALIDATION_ERROR", message, extra=extra)


def not_found(message: str = "resource not found") -> ApiError:
    """A record, property or path that does not exist."""
    return ApiError(404, "OBJECT_NOT_FOUND", message)


def missing_credentials() -> ApiError:
    """No bearer token, or one that HubSpot does not know."""
    return ApiError(
        401,
        "INVALID_AUTHENTICATION",
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more "
        "details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
    )


def expired_token(expired: datetime, now: datetime) -> ApiError:
    """A token past its time. A token that cannot be decoded is reported as one that expired in 1970."""
    seconds = max(0, int((now - expired).total_seconds()))
    days, hours = seconds // 86_400, seconds // 3_600
    ago = f"{days} day(s)" if days else f"{hours} hour(s)" if hours else f"{seconds} second(s)"
    return ApiError(
        401,
        "EXPIRED_AUTHENTICATION",
        f"The OAuth token used to make this call expired {ago} ago.",
        extra={"context": {"expire time": [iso(expired)]}},
    )


def missing_scopes(required: Sequence[str]) -> ApiError:
    """The token lacks every one of the scopes that would do."""
    return ApiError(
        403,
        "MISSING_SCOPES",
        "This app hasn't been granted all required scopes to make this call. "
        f"Read more about required scopes here: {SCOPES_PAGE}.",
        extra={
            "errors": [
                {
                    "message": "One or more of the following scopes are required.",
                    "context": {"requiredGranularScopes": list(required)},
                }
            ],
            "links": {"scopes": SCOPES_PAGE},
        },
    )


_LIMITS: Final = {
    "TEN_SECONDLY_ROLLING": "You have reached your ten_secondly_rolling limit.",
    "SECONDLY": "You have reached your secondly limit.",
    "DAILY": "You have reached your daily limit.",
}


def rate_limited(policy: str, headers: Mapping[str, str] | None = None) -> ApiError:
    """Too many requests; `policy` is TEN_SECONDLY_ROLLING, SECONDLY (searches) or DAILY."""
    return ApiError(
        429,
        "RATE_LIMITS",
        _LIMITS[policy],
        extra={
            "errorType": "RATE_LIMIT",
            "policyName": policy,
            "groupName": f"publicapi:private-app-call:{policy.lower()}:{PORTAL}",
        },
        headers=headers,
    )


def locked(headers: Mapping[str, str]) -> ApiError:
    """A record or request that a concurrent change holds."""
    return ApiError(
        423,
        "LOCKED",
        "The resource is locked by a concurrent high-volume change. Retry after a pause.",
        headers=headers,
    )


def unavailable(status: int, headers: Mapping[str, str]) -> Response:
    """A temporary refusal: what HubSpot itself says is JSON, what the network in front of it says is a page."""
    if status == 423:
        return locked(headers).response()
    if status == 477:
        return ApiError(
            477, "MIGRATION_IN_PROGRESS", "The account is being migrated.", headers=headers
        ).response()
    if status == 503:
        return ApiError(
            503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable", headers=headers
        ).response()
    return gateway_page(status)


def gateway_page(status: int) -> Response:
    """An error of the network in front of HubSpot: a page, and not in UTF-8."""
    head = f"<head><title>{status}: origine d\u00e9connect\u00e9e</title></head>"
    page = f"<html>\n{head}\n<body><h1>{status}</h1></body>\n</html>\n"
    return Response(page.encode("latin-1"), status, headers={"Content-Type": "text/html; charset=iso-8859-1"})


@dataclass(frozen=True, slots=True)
class BatchError:
    """One entry of ``errors`` in a 207.

    Attributes:
        category: such as OBJECT_NOT_FOUND.
        message: in HubSpot's words.
        context: what it concerns, such as ``{"ids": [...]}``.
        sub_category: such as ``crm.associations.NO_ASSOCIATIONS_FOUND``.
        errors: details, such as the rules that are not obeyed.
    """

    category: str
    message: str
    context: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sub_category: str | None = None
    errors: Sequence[Mapping[str, Any]] = ()

    def as_json(self) -> dict[str, Any]:
        """As the entry of ``errors``."""
        body: dict[str, Any] = {"status": "error", "category": self.category}
        if self.sub_category is not None:
            body["subCategory"] = self.sub_category
        if self.errors:
            body["errors"] = [dict(each) for each in self.errors]
        return {
            **body,
            "message": self.message,
            "context": {key: list(ids) for key, ids in self.context.items()},
        }


def batch_response(
    results: Sequence[Mapping[str, Any]],
    errors: Sequence[BatchError],
    started: datetime,
    status: int = 200,
    warnings: Sequence[Mapping[str, Any]] = (),
) -> Response:
    """The answer to a batch: `status` if all went well, else 207."""
    body: dict[str, Any] = {"status": "COMPLETE", "results": list(results)}
    if warnings:
        body["warnings"] = list(warnings)
    if errors:
        body |= {"numErrors": len(errors), "errors": [error.as_json() for error in errors]}
    body |= {"startedAt": iso(started), "completedAt": iso(datetime.now(UTC))}
    return json_response(body, 207 if errors else status)


def iso(moment: datetime) -> str:
    """A moment as HubSpot writes it; zero milliseconds are left out."""
    text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    milliseconds = moment.microsecond // 1_000
    return f"{text}.{milliseconds:03d}Z" if milliseconds else f"{text}Z"
