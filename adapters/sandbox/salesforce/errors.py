"""Salesforce's errors: the exceptions handlers raise, and the bodies they become."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import HTMLResponse, Response

from adapters.sandbox.faults import Fault
from adapters.sandbox.http import json_response


class ApiError(Exception):
    """A request that fails as a whole: ``[{"message": ..., "errorCode": ...}]``."""

    def __init__(
        self, code: str, message: str, status: int = 400, fields: tuple[str, ...] | None = None
    ) -> None:
        """`code` and `message` as Salesforce words them, `status` of the HTTP answer."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields

    def response(self) -> Response:
        """The answer."""
        body: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            body["fields"] = list(self.fields)
        return json_response([body], self.status)


@dataclass(frozen=True, slots=True)
class RowError:
    """Why one record was refused."""

    code: str
    message: str
    fields: tuple[str, ...] = ()

    def as_rest(self) -> dict[str, Any]:
        """As an entry of a Collections result."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields)}

    def as_bulk(self) -> str:
        """As the ``sf__Error`` column of a failed result."""
        return f"{self.code}:{self.message}:{' '.join(self.fields)}{' ' if self.fields else ''}--"


def no_such_column(field: str, object_name: str) -> ApiError:
    """A field that does not exist or that field-level security hides: Salesforce does not tell which."""
    return ApiError("INVALID_FIELD", f"No such column '{field}' on sobject of type {object_name}")


def unsupported_type(object_name: str) -> ApiError:
    """An object that does not exist or that the user may not read."""
    return ApiError(
        "INVALID_TYPE",
        f"sObject type '{object_name}' is not supported. If you are attempting to use a custom object, be sure "
        "to append the '__c' after the entity name. Please reference your WSDL or the describe call for the "
        "appropriate names.",
    )


def not_found() -> ApiError:
    """An unknown resource or record."""
    return ApiError("NOT_FOUND", "The requested resource does not exist", 404)


def refused_login(fault: Fault) -> Response:
    """A fault as the OAuth endpoints word it."""
    code, text, status = {
        "throttle": ("invalid_grant", "login rate exceeded", fault.status or 400),
        "unavailable": ("temporarily_unavailable", "server is temporarily unavailable", fault.status or 503),
        "expired_token": ("invalid_grant", "expired access/refresh token", 400),
    }[fault.name]
    return json_response({"error": code, "error_description": text}, status)


def gateway_page(status: int) -> Response:
    """What the network in front of Salesforce answers when nothing behind it does: a page."""
    return HTMLResponse(
        f"<html><head><title>{status}</title></head><body><h1>We are down for maintenance.</h1></body></html>",
        status,
    )
