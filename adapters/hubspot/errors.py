"""The one place that turns what HubSpot says into errors of ours.

HubSpot answers in four shapes: an object ``{"category", "message", "correlationId", "errors", "context"}``, an
OAuth object ``{"error", "error_description"}``, an empty body (a missing pipeline), and HTML pages (a deleted
record, the load balancers before it).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import urllib3.exceptions
from hubspot.crm.objects.exceptions import ApiException

from adapters.retry import TEMPORARY_STATUSES, Trouble, retry_after
from connector.config import NAMELESS
from connector.errors import CrmAuthError, CrmError, CrmRequestError, CrmTemporaryError

OBJECT_NOT_FOUND = "OBJECT_NOT_FOUND"
MISSING_SCOPES = "MISSING_SCOPES"
SERVICE_KEYS = "Development > Keys > Service keys"
"""Where a person finds the key and its scopes in HubSpot."""

RETRIED_ROW_CODES = frozenset(
    {"RATE_LIMITS", "INTERNAL_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT", "LOCKED", "CONFLICT"}
)
"""Rows refused with these may pass if they are sent again; every other refusal is final."""

_MIGRATION = 477  # HubSpot moves the portal to another data centre and sends Retry-After
_TEMPORARY = TEMPORARY_STATUSES | {_MIGRATION}
_ANSWER_LOST = frozenset({408, 500, 502, 504, 520, 524})
_PROPERTY = re.compile(r'Property (?:"|\\")(?P<name>\w+)(?:"|\\") does not exist', re.IGNORECASE)
_LOGIN_FIXES: Mapping[str, str] = {
    "invalid_grant": "the refresh token is not accepted: install the app again and store its new refresh token",
    "invalid_client": "check client_id and the client secret (KPM_CONNECTIONS__<NAME>__CLIENT_SECRET)",
    "BAD_REFRESH_TOKEN": "the refresh token is not accepted: install the app again and store its new refresh token",
    "BAD_CLIENT_ID": "check client_id",
    "BAD_CLIENT_SECRET": "check the client secret (KPM_CONNECTIONS__<NAME>__CLIENT_SECRET)",
}


class Refused(Exception):  # noqa: N818 - an answer, not yet an error of ours
    """An HTTP answer of 400 or above.

    Attributes:
        status: HTTP status.
        headers: of the answer.
        code: HubSpot's category or OAuth error, "" if it gave none.
        message: HubSpot's words, of HTML pages only the text.
        body: the parsed body, empty if it was no JSON object.
    """

    def __init__(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = _parsed(content)
        self.code = str(self.body.get("category") or self.body.get("error") or self.body.get("status") or "")
        self.code = "" if self.code == "error" else self.code
        words = self.body.get("message") or self.body.get("error_description")
        self.message = str(words).strip() if words else _plain(content)
        super().__init__(f"HTTP {status} {self.code}: {self.message}")

    @property
    def daily(self) -> bool:
        """The day's calls are used up, which no pause within a run helps."""
        return self.status == 429 and "DAILY" in str(self.body.get("policyName", "")).upper()

    @property
    def scopes(self) -> tuple[str, ...]:
        """Scopes of which one or more are missing."""
        return tuple(dict.fromkeys(_scopes(self.body)))

    @property
    def properties(self) -> tuple[str, ...]:
        """Properties that HubSpot names."""
        return named_properties(self.body)

    @property
    def words(self) -> str:
        """What HubSpot says, with the id by which its support finds the request."""
        correlation = self.body.get("correlationId")
        text = f"{self.code}: {self.message}" if self.code else f"HTTP {self.status}: {self.message}"
        return f"{text} (correlationId {correlation})" if correlation else text


class IncompleteError(Exception):
    """An answer that arrived, but is not whole or no JSON."""


@dataclass(slots=True)
class Translator:
    """Judges and translates failures of one connection.

    Attributes:
        secrets: texts that must never appear in a message.
        user: how to name whoever the token belongs to.
        renewable: an expired token is replaced without a person.
        variables: how the names of the connection's variables begin.
    """

    secrets: tuple[str, ...] = ()
    renewable: bool = False
    user: str = "the connected service key or app"
    variables: str = NAMELESS

    def judge(self, outcome: object) -> Trouble | None:
        """The verdict of `adapters.retry` on an answer or exception."""
        if isinstance(outcome, Refused):
            if outcome.daily or outcome.code in _LOGIN_FIXES:
                return None
            reason = self.clean(outcome.message)
            expired = outcome.status == 401
            if expired or outcome.status in _TEMPORARY:
                pause = retry_after(outcome.headers)
                return Trouble(reason, outcome.status, outcome.code or None, pause, expired)
            return None
        if isinstance(outcome, IncompleteError):
            return Trouble(self.clean(str(outcome)))
        if isinstance(outcome, urllib3.exceptions.SSLError | ApiException):
            return None
        if isinstance(outcome, urllib3.exceptions.HTTPError):
            return Trouble(self.clean(_network(outcome)))
        return None

    def translate(self, error: Exception, operation: str) -> CrmError:
        """The error to raise for a final failure."""
        if isinstance(error, urllib3.exceptions.SSLError | ApiException):
            # The client turns TLS failures into its own exception with status 0.
            return self._error(
                CrmRequestError,
                f"HubSpot could not {operation}: the server's certificate is not trusted. Behind a proxy that "
                f"inspects TLS, set ca_bundle to its certificate. The network says: {_network(error)}",
                operation,
            )
        if not isinstance(error, Refused):
            text = f"HubSpot could not {operation}: {_network(error)}. Check api_url, proxy and the network."
            return self._error(CrmTemporaryError, text, operation)
        kind, code, fix = self._remedy(error)
        text = f"HubSpot could not {operation}: {fix}. HubSpot says: {error.words}"
        return self._error(kind, text, operation, error, code)

    def _remedy(self, error: Refused) -> tuple[type[CrmError], str, str]:
        """Kind of error, its code, what it means and what to do."""
        if error.code in _LOGIN_FIXES:
            return CrmAuthError, error.code, f"the login was refused; {_LOGIN_FIXES[error.code]}"
        if error.daily:
            return (
                CrmTemporaryError,
                error.code,
                "the API calls of this day are used up; they start anew at midnight in the portal's time zone",
            )
        if error.status == 401:
            return CrmAuthError, error.code, self.bad_token(error)
        if error.code == MISSING_SCOPES or error.scopes:
            return CrmAuthError, MISSING_SCOPES, self.missing_scopes(error.scopes)
        if error.status == 403:
            return CrmAuthError, error.code, f"{self.user} lacks a right; grant it at {SERVICE_KEYS}"
        if error.properties and _PROPERTY.search(error.message):
            return CrmRequestError, error.code, self.unknown_field(error.properties[0], "the record")
        if error.status == 404:
            return CrmRequestError, OBJECT_NOT_FOUND, "the portal does not have what was asked for"
        return (
            CrmRequestError,
            error.code,
            "the request was refused, which points to a mistake in the mapping or here",
        )

    def bad_token(self, error: Refused) -> str:
        """Words for a token that is not accepted: what it means and what to do."""
        times = str(error.body.get("context", ""))
        if error.code == "EXPIRED_AUTHENTICATION" and "1970-" not in times:
            what = f"the token of {self.user} has expired"
        else:
            # HubSpot reports a token that it cannot decode as one that expired in 1970.
            what = "the access token is wrong: mistyped, cut off, revoked, or of another portal"
        if self.renewable:
            return f"{what}, although it was renewed. Install the app again and store its new refresh token"
        return (
            f"{what}. Copy the current one from {SERVICE_KEYS} into KPM_CONNECTIONS__<NAME>__ACCESS_TOKEN, or set "
            f"auth = 'refresh_token', which renews it by itself"
        )

    def missing_scopes(self, scopes: tuple[str, ...]) -> str:
        """Words for missing scopes: what it means and what to do."""
        named = " or ".join(scopes) or "named below"
        return f"{self.user} lacks the scope {named}. Add it at {SERVICE_KEYS}, or in the app's settings"

    def unknown_field(self, field: str, name: str) -> str:
        """Words for a property that cannot be read: what it means and what to do."""
        return (
            f"{name} has no property {field}, or {self.user} may not see it. Check the internal name "
            f"(`kpm fields` lists them; HubSpot shows it at Settings > Properties behind </>); properties with "
            f"sensitive data need their own scopes at {SERVICE_KEYS}"
        )

    def clean(self, text: str) -> str:
        """The text without any secret, with the whole names of variables."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text.replace(NAMELESS, self.variables)

    def _error(
        self, kind: type[CrmError], text: str, operation: str, answer: Refused | None = None, code: str = ""
    ) -> CrmError:
        return kind(
            self.clean(text),
            crm="hubspot",
            operation=operation,
            status=answer.status if answer else None,
            code=code or None,
            retry_after=retry_after(answer.headers) if answer else None,
        )


def may_have_worked(error: Exception) -> bool:
    """Whether a failed call may have done its work all the same: its answer was lost, not refused."""
    if isinstance(error, Refused):
        return error.status in _ANSWER_LOST
    if isinstance(error, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError):
        return False
    return isinstance(error, IncompleteError | urllib3.exceptions.HTTPError)


def named_properties(error: Mapping[str, Any]) -> tuple[str, ...]:
    """Properties named by an error's body, or by one entry of a batch's errors."""
    found: list[str] = []
    for part in _parts(error):
        context = part.get("context")
        if isinstance(context, dict):
            found += _texts(context.get("propertyName")) + _texts(context.get("properties"))
        words = str(part.get("message", ""))
        found += [match["name"] for match in _PROPERTY.finditer(words)]
        # Refused values come as JSON inside the message.
        found += re.findall(r'"name"\s*:\s*"(\w+)"', words)
    return tuple(dict.fromkeys(found))


def error_code(error: Mapping[str, Any]) -> str:
    """The most telling code of an entry of a batch's errors: of its details if they have one."""
    for part in list(_parts(error))[1:]:
        if part.get("code"):
            return str(part["code"])
    refused = re.search(r'"error"\s*:\s*"(\w+)"', str(error.get("message", "")))
    return refused[1] if refused else str(error.get("category") or error.get("subCategory") or "UNKNOWN")


def _parts(error: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield error
    details = error.get("errors")
    yield from (
        (detail for detail in details or () if isinstance(detail, dict)) if isinstance(details, list) else ()
    )


def _scopes(body: Mapping[str, Any]) -> Iterator[str]:
    for part in _parts(body):
        context = part.get("context")
        if isinstance(context, dict):
            for key in ("requiredGranularScopes", "requiredScopes", "missingScopes"):
                yield from _texts(context.get(key))


def _texts(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(each) for each in value]
    return [str(value)] if value else []


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _plain(content: bytes) -> str:
    text = content.decode("utf-8", "replace")
    text = re.sub(r"(?is)<(script|style).*?</\1>|<[^>]+>", " ", text)
    return " ".join(html.unescape(text).split())[:300] or "an empty answer"


def _network(error: Exception) -> str:
    """What went wrong on the way, without urllib3's nested wording where it can be said plainly."""
    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return f"the host {error.conn.host} is unknown"
    text = " ".join(str(error.reason if isinstance(error, ApiException) else error).split())
    if "Connection refused" in text:  # also an instance of TimeoutError, by urllib3's family tree
        place = re.search(r"host='([^']+)', port=(\d+)", text)
        return f"{place[1]}:{place[2]} refused the connection" if place else "the connection was refused"
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return "no answer in time"
    return text[:300] or type(error).__name__
