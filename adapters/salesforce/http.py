"""The HTTP session with an org: time-outs, call counts, one token, retries, translated errors.

simple-salesforce and our own Bulk 2.0 client share one `requests` session. It raises `Refused` for every answer
of 400 and above, before simple-salesforce can log in again by itself (it drops headers when it does).
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import orjson
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce

from adapters.retry import Limits, Retrier
from adapters.salesforce.auth import Login, Token
from adapters.salesforce.errors import UNNAMED, IncompleteError, Refused, Translator, server_time
from connector.config import LOOPBACK, SalesforceConnection

T = TypeVar("T")

CONNECT_SECONDS = 15.0
READ_SECONDS = 150.0  # Salesforce itself ends a request after 120
_LOGIN_ATTEMPTS = 3
_PIECE = 1 << 20
_USERINFO = "/services/oauth2/userinfo"
_RECORD_ID = re.compile(r"^(?=.*\d)[0-9A-Za-z]{15,18}(-\d+)?$")


class _LoopbackAdapter(HTTPAdapter):
    """Reaches a local server by plain http: simple-salesforce makes every address https."""

    def send(self, request: requests.PreparedRequest, *args: Any, **settings: Any) -> requests.Response:  # noqa: ANN401
        parts = urlsplit(str(request.url))
        if parts.hostname in LOOPBACK:
            request.url = urlunsplit(parts._replace(scheme="http"))
            settings["proxies"] = {}
        return super().send(request, *args, **settings)


class Session(requests.Session):
    """A `requests` session with time-outs that counts calls and raises `Refused`.

    Attributes:
        calls: number of calls by endpoint, such as ``PATCH composite/sobjects``.
        used: API calls of the org in the last 24 hours, None before the first answer.
        limit: the org's allowance.
    """

    def __init__(self, connection: SalesforceConnection, read_seconds: float = READ_SECONDS) -> None:
        super().__init__()
        self.read_seconds = read_seconds
        self.calls: Counter[str] = Counter()
        self.used: int | None = None
        self.limit: int | None = None
        self._counting = threading.Lock()
        self._ahead: float | None = None  # seconds by which Salesforce's clock is ahead of ours
        # What is configured goes before the environment, which requests would let win over its own session.
        self._always: dict[str, Any] = {}
        if connection.ca_bundle:
            self._always["verify"] = str(connection.ca_bundle)
        if connection.proxy:
            self._always["proxies"] = {"http": connection.proxy, "https": connection.proxy}
        for host in ("127.0.0.1", "localhost", "[::1]"):
            self.mount(f"https://{host}", _LoopbackAdapter())
            self.mount(f"http://{host}", _LoopbackAdapter())

    def send(self, request: requests.PreparedRequest, **settings: Any) -> requests.Response:  # noqa: ANN401
        """Send with a time-out; answers of 400 and above are raised.

        Raises:
            Refused: the answer is an error.
        """
        if settings.get("timeout") is None:
            settings["timeout"] = (CONNECT_SECONDS, self.read_seconds)
        with self._counting:
            self.calls[f"{request.method} {_endpoint(str(request.url))}"] += 1
        response = super().send(request, **{**settings, **self._always})
        if (told := server_time(response.headers)) is not None:
            self._ahead = told - time.time()
        usage = re.search(r"api-usage=(\d+)/(\d+)", response.headers.get("Sforce-Limit-Info", ""))
        if usage:
            self.used, self.limit = int(usage[1]), int(usage[2])
        if response.status_code >= 400:
            raise Refused(response)
        return response

    def clock(self) -> datetime | None:
        """What time it is by Salesforce's own clock, or a little earlier; None if it has not told."""
        if self._ahead is None:
            return None
        return datetime.fromtimestamp(int(time.time() + self._ahead), UTC)


@dataclass(frozen=True, slots=True)
class User:
    """Whom we are connected as.

    Attributes:
        id: of the User record.
        name: user name, as people log in with.
    """

    id: str
    name: str


class Org:
    """A connection to one Salesforce org. Logs in on first use.

    Attributes:
        connection: as configured.
        session: see `Session`.
        translator: translates every failure.
        retrier: the budget of this run.
    """

    def __init__(
        self,
        connection: SalesforceConnection,
        limits: Limits | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        limits = limits or Limits()
        self.connection = connection
        self.session = Session(connection, read_seconds)
        self.session.auth = self._sign
        self.translator = Translator(
            user=f"the user {connection.username}" if connection.username else UNNAMED,
            variables=connection.variables,
        )
        self.retrier = Retrier("salesforce", limits)
        self._login_session = Session(connection, read_seconds)
        self._login = Login(connection, self._login_session)
        # A person waits for a mistyped address; the network of a night's run gets its tries later.
        self._login_retrier = Retrier(
            "salesforce",
            Limits(
                attempts=min(_LOGIN_ATTEMPTS, limits.attempts),
                seconds=limits.seconds,
                first_wait=limits.first_wait,
            ),
        )
        self._asked_name = False
        self._user: User | None = None
        self._lock = threading.RLock()
        self._token: Token | None = None
        self._client: Salesforce | None = None

    @property
    def token(self) -> Token:
        """The session's token; logs in if there is none.

        Raises:
            CrmAuthError: the credentials are not accepted.
            CrmTemporaryError: Salesforce cannot be reached.
        """
        with self._lock:
            if self._token is None:
                self.translator.secrets = self._login.secrets()
                self._token = self._login_retrier.call("log in", self._new_token, self.translator.judge)
                self.translator.secrets += (self._token.access_token,)
            return self._token

    @property
    def calls(self) -> dict[str, int]:
        """Number of calls by endpoint, logins among them."""
        return dict(self.session.calls + self._login_session.calls)

    @property
    def path(self) -> str:
        """Root of the versioned API."""
        return f"/services/data/v{self.connection.api_version}"

    def call(self, operation: str, send: Callable[[Salesforce], T], attempts: int | None = None) -> T:
        """Make a call through simple-salesforce or its session, with retries and one new login.

        Args:
            operation: what is done, in a person's words.
            send: makes the call; may be called several times.
            attempts: fewer tries than the run's limits allow.

        Raises:
            CrmError: translated from what Salesforce said.
        """
        used: Token | None = None

        def sending() -> T:
            nonlocal used
            used = self.token
            return send(self._connected())

        try:
            return self.retrier.call(
                operation, sending, self.translator.judge, lambda: self._renew(used), attempts=attempts
            )
        except (Refused, requests.RequestException) as error:
            if self.translator.concerns_user(error):
                self.name_user()
            raise self.translator.translate(error, operation) from error

    def request(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,  # noqa: ANN401 - anything that JSON can hold
        headers: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 - whatever Salesforce answers
        """A JSON request; the parsed answer, None where Salesforce says that there is none (204).

        Args:
            operation: what is done, in a person's words.
            method: HTTP method.
            path: below the versioned root, or from ``/services`` on.
            params: query string.
            body: sent as JSON.
            headers: besides the usual ones.

        Raises:
            CrmError: translated from what Salesforce said.
        """
        content = None if body is None else orjson.dumps(body)
        sent = {"Content-Type": "application/json", "Accept": "application/json", **(headers or {})}

        def send(_client: Salesforce) -> Any:  # noqa: ANN401
            answer = self.session.request(method, self.url(path), params=params, data=content, headers=sent)
            if answer.content.strip():
                return orjson.loads(answer.content)
            if answer.status_code != 204:
                raise IncompleteError("an empty answer")
            return None

        return self.call(operation, send)

    def upload(self, operation: str, path: str, file: Path) -> None:
        """PUT a CSV file as a stream."""

        def send(_client: Salesforce) -> None:
            with file.open("rb") as stream:
                self.session.put(
                    self.url(path), data=stream, headers={"Content-Type": "text/csv; charset=UTF-8"}
                )

        self.call(operation, send)

    def download(
        self,
        path: str,
        file: Path,
        params: Mapping[str, str] | None = None,
        begun: Callable[[Mapping[str, str]], None] = lambda _headers: None,
    ) -> Mapping[str, str]:
        """GET a CSV into a file as a stream; the answer's headers. Made to be used within `call`.

        Args:
            path: where from.
            file: where to.
            params: query string.
            begun: is told the headers when they are there, before the rest comes.
        """
        answer = self.session.get(self.url(path), params=params, headers={"Accept": "text/csv"}, stream=True)
        with answer, file.open("wb") as target:
            begun(answer.headers)
            for piece in answer.iter_content(_PIECE):
                target.write(piece)
        return answer.headers

    def user(self) -> User:
        """Whom the org knows us as, asked once; messages name this user from now on."""
        if self._user is None:
            answer = self.request("read the connected user", "GET", _USERINFO)
            self._user = User(str(answer["user_id"]), str(answer["preferred_username"]))
            self.translator.user = f"the user {self._user.name}"
        return self._user

    def name_user(self) -> None:
        """Find out, if that is easy, whom a message is about."""
        if self.translator.user != UNNAMED or self._asked_name:
            return
        self._asked_name = True
        try:
            answer = self.session.get(self.url(_USERINFO)).json()
            self.translator.user = f"the user {answer['preferred_username']}"
        except (Refused, requests.RequestException, KeyError, TypeError):
            return

    def url(self, path: str) -> str:
        """Full address of a path below the versioned root, or from ``/services`` on."""
        return self.token.instance_url + (path if path.startswith("/services/") else f"{self.path}/{path}")

    def clock(self) -> datetime | None:
        """What time it is by Salesforce's own clock, or a little earlier; None if it has not told."""
        return self.session.clock()

    def close(self) -> None:
        """Release the connections."""
        self.session.close()
        self._login_session.close()

    def _connected(self) -> Salesforce:
        with self._lock:
            token = self.token
            if self._client is None:
                self._client = Salesforce(
                    session_id=token.access_token,
                    instance_url=token.instance_url,
                    session=self.session,
                    version=self.connection.api_version,
                    object_pairs_hook=None,
                )
                self._client.headers.pop("X-PrettyPrint", None)  # blanks that nobody reads
            return self._client

    def _new_token(self) -> Token:
        try:
            return self._login()
        except (Refused, requests.exceptions.SSLError, requests.exceptions.InvalidURL) as error:
            if self.translator.judge(error) is not None:
                raise
            raise self.translator.translate(error, "log in") from error

    def _renew(self, expired: Token | None) -> None:
        """Log in anew, unless another thread has replaced the expired token already."""
        with self._lock:
            if self._token is not expired:
                return
            self._login.must_renew(self.translator)
            self._token = self._client = None
            _ = self.token

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # Also keeps requests from replacing the header by an entry of ~/.netrc.
        request.headers["Authorization"] = f"Bearer {self.token.access_token}"
        return request


def _endpoint(url: str) -> str:
    """An address without host, version, ids and query: what calls are counted by."""
    path = urlsplit(url).path
    path = re.sub(r"^/services/(data/v[\d.]+/?)?", "", path)
    return "/".join("{id}" if _RECORD_ID.match(part) else part for part in path.strip("/").split("/"))
