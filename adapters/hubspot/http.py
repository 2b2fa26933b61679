"""A connection to a portal: one token, renewed in time, retries, translated errors.

What a single call is, `session` knows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import urllib3.exceptions
from hubspot.crm.objects.exceptions import ApiException
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from adapters.hubspot.auth import Login, Token
from adapters.hubspot.errors import IncompleteError, Refused, Translator
from adapters.hubspot.paths import Paths
from adapters.hubspot.session import READ_SECONDS, Session, Upload
from adapters.retry import Limits, Retrier, Trouble
from connector.config import HubspotConnection

T = TypeVar("T")

_FIRST_TRIES = 3


class Portal:
    """A connection to one HubSpot portal. Logs in on first use. Safe to share between threads.

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
        renewable = connection.auth == "refresh_token"
        self.translator = Translator(renewable=renewable, variables=connection.variables)
        self.retrier = Retrier("hubspot", limits)
        self._login = Login(connection, self._send_form, self.paths.token)
        self._reached = False
        self._not_reached = 0
        self._token: Token | None = None
        self._renewing = threading.RLock()

    @property
    def token(self) -> str:
        """The bearer token; logs in if there is none, or the one there is about to expire.

        Raises:
            CrmAuthError: the credentials are not accepted.
            CrmTemporaryError: HubSpot cannot be reached.
        """
        with self._renewing:
            if self._token is None or self._token.expiring:
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

        def send(token: str) -> Any:  # noqa: ANN401
            return whole(self.session.send(method, path, token=token, query=query, body=body), expect)

        return self.call(operation, send)

    def upload(self, operation: str, path: str, upload: Upload, expect: str) -> Any:  # noqa: ANN401 - HubSpot's JSON
        """Send a form with a file, once: only the caller knows whether a lost answer may be asked for again.

        Raises:
            Refused: HubSpot's answer is an error.
            CrmError: see `attempt`.
        """
        return self.call(
            operation,
            lambda token: whole(self.session.upload(path, upload, token=token), expect),
            attempts=1,
        )

    def download(self, operation: str, url: Callable[[], str], target: Path) -> None:
        """Fetch a file; `url` is asked anew for every try, as links expire.

        Raises:
            Refused: HubSpot's final answer is an error.
            CrmError: see `attempt`.
        """
        self.call(operation, lambda _token: self.session.download(url(), target), self._judge_download)

    def call(
        self,
        operation: str,
        send: Callable[[str], T],
        judge: Callable[[T | Exception], Trouble | None] | None = None,
        *,
        attempts: int | None = None,
    ) -> T:
        """Make a call, given the token, within the budget.

        Args:
            operation: what is done, in a person's words.
            send: makes the call through `session`; it must be safe to repeat.
            judge: verdict on an answer or exception; by default that on HubSpot's answers.
            attempts: fewer tries than the limits allow.

        Raises:
            Refused: HubSpot's final answer is an error.
            CrmError: HubSpot cannot be reached, or retries are exhausted.
        """
        used = ""

        def attempt() -> T:
            nonlocal used
            used = self.token
            return send(used)

        renew = (lambda: self._renew(used)) if self.translator.renewable else None
        try:
            answer = self.retrier.call(operation, attempt, judge or self.judge, renew, attempts=attempts)
        except (ApiException, urllib3.exceptions.HTTPError) as error:
            raise self.translator.translate(error, operation) from error
        self._reached = True
        return answer

    def judge(self, outcome: object) -> Trouble | None:
        """The translator's verdict. A person waits for a mistyped address: the first contact gets few tries."""
        if not self._reached and isinstance(outcome, NewConnectionError | ConnectTimeoutError):
            self._not_reached += 1
            if self._not_reached >= _FIRST_TRIES:
                return None
        return self.translator.judge(outcome)

    def close(self) -> None:
        """Release the connections."""
        self.session.close()

    def _send_form(self, path: str, form: dict[str, str]) -> Any:  # noqa: ANN401
        return self.session.send("POST", path, token=None, form=form)

    def _judge_login(self, outcome: object) -> Trouble | None:
        # A login refused with 401 cannot be helped by another login.
        refused = isinstance(outcome, Refused) and outcome.status == HTTPStatus.UNAUTHORIZED
        return None if refused else self.judge(outcome)

    def _judge_download(self, outcome: object) -> Trouble | None:
        """An expired link is refused by whoever keeps the file (403, 404 or 410), and replaced by a new one."""
        if isinstance(outcome, Refused) and outcome.status in (400, 401, 403, 404, 410):
            return Trouble(f"the download link has expired (HTTP {outcome.status})", outcome.status)
        return self.judge(outcome)

    def _renew(self, used: str) -> None:
        """Get a new token in the place of `used`, unless another thread has done so."""
        with self._renewing:
            if self._token is not None and self._token.value == used:
                self._token = None
            _ = self.token


def whole(answer: Any, expect: str | None) -> Any:  # noqa: ANN401 - HubSpot's JSON
    """The answer, if it has the key that a whole one has.

    Raises:
        IncompleteError: it has not.
    """
    if expect is not None and (not isinstance(answer, dict) or expect not in answer):
        raise IncompleteError(f"an answer without {expect!r}")
    return answer
