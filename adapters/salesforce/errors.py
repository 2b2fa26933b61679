"""The one place that turns what Salesforce says into errors of ours.

Salesforce answers in five shapes: a list of ``{"errorCode", "message", "fields"}`` (REST, Bulk 2.0), an object
``{"error", "error_description"}`` (OAuth), a SOAP fault, a text (``Bad_OAuth_Token``), and HTML pages of the
load balancers before it.
"""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import orjson
import requests

from adapters.retry import TEMPORARY_STATUSES, Trouble, retry_after
from adapters.salesforce import logins
from connector.config import NAMELESS
from connector.errors import CrmAuthError, CrmError, CrmRequestError, CrmTemporaryError

OBJECT_NOT_FOUND = "OBJECT_NOT_FOUND"
UNNAMED = "the connected user"
"""How messages call the user as long as nobody knows better."""
QUOTA_CODES = frozenset({"REQUEST_LIMIT_EXCEEDED", "ExceededQuota"})
RETRIED_ROW_CODES = frozenset(
    {
        "UNABLE_TO_LOCK_ROW",
        "TooManyLockFailure",
        "REQUEST_RUNNING_TOO_LONG",
        "QUERY_TIMEOUT",
        "SERVER_UNAVAILABLE",
    }
)
"""Rows refused with these may pass if they are sent again; every other refusal is final."""

PASSING_JOB_WORDS = re.compile(
    r"InternalServerError|internal error|SERVER_UNAVAILABLE|QUERY_TIMEOUT|REQUEST_RUNNING_TOO_LONG|UNKNOWN_EXCEPTION"
    r"|TooManyLockFailure|UNABLE_TO_LOCK_ROW|[Rr]etried more than|timed ?out",
)
"""What Salesforce says of a job that may succeed if it is asked for once more."""

READ_ONLY_CODE = "INVALID_FIELD_FOR_INSERT_UPDATE"

_PASSING_CODES = RETRIED_ROW_CODES | {"UNKNOWN_EXCEPTION"}
_EXPIRED_CODES = frozenset({"INVALID_SESSION_ID", "INVALID_AUTH_HEADER", "Bad_OAuth_Token"})
_RIGHTS_CODES = frozenset(
    {
        "API_CURRENTLY_DISABLED",
        "API_DISABLED_FOR_ORG",
        "FUNCTIONALITY_NOT_ENABLED",
        "INSUFFICIENT_ACCESS",
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "ORG_LOCKED",
        "PASSWORD_LOCKOUT",
        READ_ONLY_CODE,
    }
)
_NETWORK_ERRORS = (
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)
_COLUMN = re.compile(
    r"(?:No such column '(?P<column>[\w.]+)' on (?:entity|sobject of type) '?(?P<object>\w+)'?"
    r"|Field name not found : (?P<ingest>[\w.]+)"
    r"|Didn't understand relationship '(?P<relationship>\w+)')"
)
_TYPE = re.compile(r"sObject type '(?P<object>\w+)' is not supported")


class Refused(Exception):  # noqa: N818 - an answer, not yet an error of ours
    """An HTTP answer of 400 or above.

    Attributes:
        status: HTTP status.
        headers: of the answer.
        code: Salesforce's error code, "" if it gave none.
        message: Salesforce's words, of HTML pages only the text.
        fields: fields that Salesforce names.
        url: what was asked, without the query string.
        skew: seconds by which this machine's clock is ahead of the server's, None if it does not tell its time.
    """

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.url = response.url.partition("?")[0]
        self.skew = _skew(response.headers)
        self.code, self.message, self.fields = _parsed(response.content)
        super().__init__(f"HTTP {self.status} {self.code}: {self.message}")


class IncompleteError(Exception):
    """An answer that arrived, but is not whole: a cut body, or fewer rows than announced."""


@dataclass(slots=True)
class Translator:
    """Judges and translates failures of one connection.

    Attributes:
        secrets: texts that must never appear in a message.
        user: how to name the connected user.
        variables: how the names of the connection's variables begin.
    """

    secrets: tuple[str, ...] = ()
    user: str = UNNAMED
    variables: str = NAMELESS

    def judge(self, outcome: object) -> Trouble | None:
        """The verdict of `adapters.retry` on an answer or exception."""
        if isinstance(outcome, Refused):
            reason = self.clean(f"{outcome.code}: {outcome.message}" if outcome.code else outcome.message)
            trouble = Trouble(reason, outcome.status, outcome.code or None, retry_after(outcome.headers))
            if outcome.code in _EXPIRED_CODES or (outcome.status == 401 and not _at_login(outcome.url)):
                return Trouble(reason, outcome.status, outcome.code or None, expired=True)
            if outcome.code in QUOTA_CODES:
                # Too many long requests at once passes within seconds; a used-up day does not.
                return trouble if "oncurrent" in outcome.message else None
            passing = outcome.code in _PASSING_CODES or outcome.status in TEMPORARY_STATUSES
            return trouble if passing and not self._is_login(outcome) else None
        if isinstance(outcome, requests.exceptions.SSLError):
            return None
        if isinstance(outcome, IncompleteError):
            return Trouble(self.clean(str(outcome)))
        if isinstance(outcome, requests.exceptions.JSONDecodeError | orjson.JSONDecodeError):
            return Trouble("an answer that is no JSON, or was cut off")
        if isinstance(outcome, _NETWORK_ERRORS):
            return Trouble(self.clean(_network(outcome)))
        return None

    def concerns_user(self, error: Exception) -> bool:
        """Whether another user might have been answered otherwise, so that the message should name ours."""
        if not isinstance(error, Refused) or error.code in QUOTA_CODES | _EXPIRED_CODES:
            return False
        hidden = _TYPE.search(error.message) or _COLUMN.search(error.message)
        return bool(hidden) or error.code in _RIGHTS_CODES

    def translate(self, error: Exception, operation: str) -> CrmError:
        """The error to raise for a final failure."""
        if isinstance(error, requests.exceptions.SSLError):
            return self._error(
                CrmRequestError,
                f"Salesforce could not {operation}: the server's certificate is not trusted. Behind a proxy that "
                f"inspects TLS, set ca_bundle to its certificate. The network says: {_network(error)}",
                operation,
            )
        if not isinstance(error, Refused):
            text = f"Salesforce could not {operation}: {_network(error)}. Check the address and the network."
            return self._error(CrmRequestError, text, operation)
        return self._refusal(error, operation)

    def _refusal(self, error: Refused, operation: str) -> CrmError:
        words = f"{error.code}: {error.message}" if error.code else f"HTTP {error.status}: {error.message}"
        kind, code, meaning = self._remedy(error)
        text = f"Salesforce could not {operation}: {meaning}. Salesforce says: {words}"
        return self._error(kind, text, operation, error, code)

    def _remedy(self, error: Refused) -> tuple[type[CrmError], str, str]:
        """Kind of error, its code, what it means and what to do."""
        if self._is_login(error):
            if logins.TOO_MANY.search(f"{error.code} {error.message}"):
                meaning = "somebody logs in too often as this user; stop that, and run again in an hour"
                return CrmTemporaryError, error.code, meaning
            what = logins.fix(error.code, error.message, error.skew)
            return CrmAuthError, error.code, f"the login was refused; {what}"
        if error.code in QUOTA_CODES:
            return (
                CrmTemporaryError,
                error.code,
                "the API calls of the last 24 hours are used up; run again later",
            )
        if error.code in _EXPIRED_CODES or error.status == 401:
            fix = "log in again and renew the credentials in the environment"
            return CrmAuthError, error.code, f"the session of {self.user} is not accepted; {fix}"
        if _TYPE.search(error.message):
            return CrmRequestError, OBJECT_NOT_FOUND, self.meaning(error.message)
        if error.code in _RIGHTS_CODES or error.status == 403:
            which = f" on {', '.join(error.fields)}" if error.fields else ""
            return CrmAuthError, error.code, self.missing_right(which)
        return CrmRequestError, error.code, self.meaning(error.message)

    def _is_login(self, error: Refused) -> bool:
        """Whether a login was refused for good. A busy login page gives no code, or a passing one."""
        by_soap = "/services/Soap/" in error.url  # whose refusals all bear status 500
        final = bool(error.code) and error.code not in _PASSING_CODES | QUOTA_CODES
        return _at_login(error.url) and final and (by_soap or error.status not in TEMPORARY_STATUSES)

    def meaning(self, words: str) -> str:
        """What a refusal in Salesforce's words means, and what to do."""
        if missing := _TYPE.search(words):
            return self.unknown_object(missing["object"])
        if column := _COLUMN.search(words):
            field = column["column"] or column["ingest"] or column["relationship"]
            return self.unknown_field(field, column["object"] or "Account")
        return "the request was refused, which points to a mistake in the mapping or in this program"

    def unknown_object(self, name: str) -> str:
        """Words for an object that cannot be read: what it means and what to do."""
        return (
            f"the org has no object {name}, or hides it from {self.user}. Switch it on, grant access with the "
            f"permission set KPM Sync (`kpm provision`), or take its section out of the mapping"
        )

    def unknown_field(self, field: str, object_name: str) -> str:
        """Words for a field that cannot be read: what it means and what to do."""
        return (
            f"{object_name} has no field {field}, or {self.user} may not see it. Check the API name "
            f"(`kpm fields` lists them); if it exists, grant it with the permission set KPM Sync (`kpm provision`)"
        )

    def missing_right(self, what: str) -> str:
        """Words for a missing right: what it means and what to do."""
        return f"{self.user} lacks a right{what}. Assign the permission set KPM Sync (`kpm provision` creates it)"

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
            crm="salesforce",
            operation=operation,
            status=answer.status if answer else None,
            code=code or None,
            retry_after=retry_after(answer.headers) if answer else None,
        )


def _at_login(url: str) -> bool:
    return "/oauth2/token" in url or "/services/Soap/" in url


def server_time(headers: Mapping[str, str]) -> float | None:
    """When an answer was sent by the server's own clock, in seconds since 1970; None if it does not tell."""
    try:
        return parsedate_to_datetime(headers.get("Date", "")).timestamp()
    except ValueError:
        return None


def _skew(headers: Mapping[str, str]) -> float | None:
    told = server_time(headers)
    return None if told is None else time.time() - told


def _parsed(body: bytes) -> tuple[str, str, tuple[str, ...]]:
    """Code, message and fields of an error's body, whatever its shape."""
    text = body.decode("utf-8", "replace").strip()
    try:
        answer: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _from_text(text)
    first = answer[0] if isinstance(answer, list) and answer else answer
    if not isinstance(first, dict):
        return "", text[:500], ()
    code = str(first.get("errorCode") or first.get("error") or "")
    message = str(first.get("message") or first.get("error_description") or "").strip()
    fields = first.get("fields")
    return code, message, tuple(map(str, fields)) if isinstance(fields, list) else ()


def _from_text(text: str) -> tuple[str, str, tuple[str, ...]]:
    if fault := re.search(r"<(?:sf:)?exceptionCode>(\w+)<", text):
        words = re.search(r"<(?:sf:)?exceptionMessage>([^<]*)<", text)
        return fault[1], html.unescape(words[1]) if words else "", ()
    if re.fullmatch(r"\w{1,60}", text):
        return text, text, ()
    plain = re.sub(r"(?is)<(script|style).*?</\1>|<[^>]+>", " ", text)
    return "", " ".join(html.unescape(plain).split())[:300] or "an empty answer", ()


def _network(error: Exception) -> str:
    """What went wrong on the way, without Python's nested wording where it can be said plainly."""
    text = str(error)
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.ReadTimeout):
        return "no answer in time"
    if "Name or service not known" in text or "NameResolutionError" in text or "getaddrinfo failed" in text:
        host = re.search(r"host='([^']+)'", text)
        return f"the host {host[1] if host else ''} is unknown"
    if "Connection refused" in text:
        place = re.search(r"host='([^']+)', port=(\d+)", text)
        return f"{place[1]}:{place[2]} refused the connection" if place else "the connection was refused"
    if "Connection aborted" in text or "Connection broken" in text or "IncompleteRead" in text:
        return "the connection was cut before the answer was complete"
    return text[:300] or type(error).__name__


def row_errors(errors: Iterable[Mapping[str, Any]]) -> tuple[str, str, str]:
    """Code, message and fields (separated by ", ") of one row's errors in a Collections answer."""
    listed = list(errors)
    first = listed[0] if listed else {}
    message = "; ".join(str(error.get("message", "")) for error in listed)
    fields = [str(name) for error in listed for name in error.get("fields") or ()]
    return str(first.get("statusCode", "UNKNOWN")), message, ", ".join(dict.fromkeys(fields))
