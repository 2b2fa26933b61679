"""Calls to a portal: time-outs, call counts, one token, the pace that HubSpot asks for, retries, translated errors.

Every call goes through the generic `call_api` of hubspot-api-client with ``_preload_content=False``: its typed
models take twenty times as long, and know the numbered paths only. Its own retries and urllib3's are off: one
policy decides.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import orjson
import urllib3.exceptions
from hubspot import HubSpot
from hubspot.crm.objects.exceptions import ApiException
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from adapters.hubspot.auth import Login, Token
from adapters.hubspot.errors import IncompleteError, Refused, Translator
from adapters.hubspot.paths import Paths
from adapters.retry import Limits, Retrier, Trouble
from connector.config import LOOPBACK, HubspotConnection

CONNECT_SECONDS = 15.0
READ_SECONDS = 60.0
_FIRST_TRIES = 3
_EASY_SHARE = 0.1  # above it, the burst allowance needs no care


class Pace:
    """Slows calls down when HubSpot's own counter says that the burst allowance is nearly used up.

    It starts with the first refusal for too many calls: a portal that nobody else uses never meets one.

    Args:
        sleep: waits so many seconds.
    """

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._needed = False
        self._pause = 0.0

    def learn(self, status: int, headers: Mapping[str, str]) -> None:
        """Note what an answer says; searches and some refusals say nothing."""
        self._needed = self._needed or status == HTTPStatus.TOO_MANY_REQUESTS
        allowed = _number(headers, "X-HubSpot-RateLimit-Max")
        left = _number(headers, "X-HubSpot-RateLimit-Remaining")
        interval = _number(headers, "X-HubSpot-RateLimit-Interval-Milliseconds")
        if allowed and left is not None and interval:
            self._pause = interval / 1_000 / allowed if left < allowed * _EASY_SHARE else 0.0

    def keep(self) -> None:
        """Wait as long as the next call should."""
        if self._needed and self._pause:
            self._sleep(self._pause)


class Session:
    """The client library's connections to one portal.

    Attributes:
        calls: number of calls by endpoint, such as ``POST /crm/v3/objects/companies/batch/update``.
        used: calls of today by everybody, None while no answer has told.
        limit: the daily allowance, None while no answer has told (it does for service keys and private apps).
    """

    def __init__(self, connection: HubspotConnection, read_seconds: float = READ_SECONDS) -> None:
        self.calls: Counter[str] = Counter()
        self.used: int | None = None
        self.limit: int | None = None
        self._pace = Pace()
        self._timeout = (CONNECT_SECONDS, read_seconds)
        local = urlsplit(connection.api_url).hostname in LOOPBACK
        client = HubSpot(
            host=connection.api_url,
            retry=False,
            ssl_ca_cert=str(connection.ca_bundle) if connection.ca_bundle else None,
            proxy=None if local else connection.proxy,
        )
        # Each access to `basic_api` builds a new connection pool: keep the one.
        self._client = client.crm.objects.basic_api.api_client

    def send(
        self,
        method: str,
        path: str,
        *,
        token: str | None,
        query: Sequence[tuple[str, str]] = (),
        body: Any = None,  # noqa: ANN401 - anything that JSON can hold
        form: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 - whatever HubSpot answers
        """One call; the parsed answer, an empty dictionary for an empty one.

        Raises:
            Refused: the answer is an error.
            IncompleteError: the answer is no JSON.
            urllib3.exceptions.HTTPError: the network failed.
        """
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
        headers["Content-Type"] = "application/x-www-form-urlencoded" if form else "application/json"
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        self._pace.keep()
        self.calls[f"{method} {path}"] += 1
        try:
            answer = self._client.call_api(
                path,
                method,
                query_params=list(query),
                header_params=headers,
                body=body,
                post_params=list(form.items()) if form else None,
                _preload_content=False,
                _request_timeout=self._timeout,
            )
            content = answer.data
        except (ApiException, UnicodeDecodeError, AttributeError) as error:
            # The client decodes an error's body as UTF-8 whatever it is, and even where there is none (a TLS
            # failure); its own exception hides behind the one that comes of it.
            refusal = error if isinstance(error, ApiException) else error.__context__
            if not isinstance(refusal, ApiException):
                raise
            if not refusal.status:
                raise refusal from error
            raise self._refused(refusal) from error
        self._learn(answer.status, answer.headers)
        try:
            return orjson.loads(content) if content.strip() else {}
        except orjson.JSONDecodeError as error:
            raise IncompleteError("an answer that is no JSON, or was cut off") from error

    def close(self) -> None:
        """Release the connections."""
        self._client.rest_client.pool_manager.clear()

    def _refused(self, refusal: ApiException) -> Refused:
        self._learn(refusal.status, refusal.headers)
        body = refusal.body
        return Refused(
            refusal.status, refusal.headers, body.encode() if isinstance(body, str) else body or b""
        )

    def _learn(self, status: int, headers: Mapping[str, str]) -> None:
        self._pace.learn(status, headers)
        limit = _number(headers, "X-HubSpot-RateLimit-Daily")
        left = _number(headers, "X-HubSpot-RateLimit-Daily-Remaining")
        if limit is not None and left is not None:
            self.limit, self.used = int(limit), int(limit - left)


class Portal:
    """A connection to one HubSpot portal. Logs in on first use.

    Attributes:
        connection: as configured.
        paths: of its API version.
        session: see `Session`.
        translator: translates every failure.
        retrier: the budget of this run.
    """

    def __init__(
        self,
        connection: HubspotConnection,
        limits: Limits | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self.connection = connection
        self.paths = Paths(connection.api_version)
        self.session = Session(connection, read_seconds)
        self.translator = Translator(renewable=connection.auth == "refresh_token")
        self.retrier = Retrier("hubspot", limits)
        self._login = Login(connection, self._send_form, self.paths.token)
        self._reached = False
        self._not_reached = 0
        self._token: Token | None = None

    @property
    def token(self) -> str:
        """The bearer token; logs in if there is none.

        Raises:
            CrmAuthError: the credentials are not accepted.
            CrmTemporaryError: HubSpot cannot be reached.
        """
        if self._token is None:
            self.translator.secrets = self._login.secrets()
            try:
                self._token = self.retrier.call("log in", self._login, self._judge_login)
            except (Refused, ApiException, urllib3.exceptions.HTTPError) as error:
                raise self.translator.translate(error, "log in") from error
            self.translator.secrets += (self._token.value,)
        return self._token.value

    def request(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: Any = None,  # noqa: ANN401 - anything that JSON can hold
        expect: str | None = None,
    ) -> Any:  # noqa: ANN401 - whatever HubSpot answers
        """A call with retries and one new login; the parsed answer.

        Args:
            operation: what is done, in a person's words.
            method: HTTP method; the call must be safe to repeat.
            path: see `Paths`.
            query: query string.
            body: sent as JSON.
            expect: a key that a whole answer has.

        Raises:
            CrmError: translated from what HubSpot said.
        """
        try:
            return self.attempt(operation, method, path, query=query, body=body, expect=expect)
        except Refused as error:
            raise self.translator.translate(error, operation) from error

    def attempt(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: Any = None,  # noqa: ANN401
        expect: str | None = None,
    ) -> Any:  # noqa: ANN401
        """Like `request`, for callers that know what a final refusal means.

        Raises:
            Refused: HubSpot's final answer is an error.
            CrmError: HubSpot cannot be reached, or retries are exhausted.
        """

        def send() -> Any:  # noqa: ANN401
            answer = self.session.send(method, path, token=self.token, query=query, body=body)
            if expect is not None and (not isinstance(answer, dict) or expect not in answer):
                raise IncompleteError(f"an answer without {expect!r}")
            return answer

        renew = self._renew if self.translator.renewable else None
        try:
            answer = self.retrier.call(operation, send, self._judge, renew)
        except (ApiException, urllib3.exceptions.HTTPError) as error:
            raise self.translator.translate(error, operation) from error
        self._reached = True
        return answer

    def close(self) -> None:
        """Release the connections."""
        self.session.close()

    def _send_form(self, path: str, form: dict[str, str]) -> Any:  # noqa: ANN401
        return self.session.send("POST", path, token=None, form=form)

    def _judge(self, outcome: object) -> Trouble | None:
        """The translator's verdict. A person waits for a mistyped address: the first contact gets few tries."""
        if not self._reached and isinstance(outcome, NewConnectionError | ConnectTimeoutError):
            self._not_reached += 1
            if self._not_reached >= _FIRST_TRIES:
                return None
        return self.translator.judge(outcome)

    def _judge_login(self, outcome: object) -> Trouble | None:
        # A login refused with 401 cannot be helped by another login.
        refused = isinstance(outcome, Refused) and outcome.status == HTTPStatus.UNAUTHORIZED
        return None if refused else self._judge(outcome)

    def _renew(self) -> None:
        self._token = None
        _ = self.token


def _number(headers: Mapping[str, str], name: str) -> float | None:
    value = headers.get(name, "")
    return float(value) if value.isascii() and value.isdecimal() else None
