"""The client library's connections to one portal: single HTTP calls, counted, timed and paced.

Every call goes through the generic `call_api` of hubspot-api-client with ``_preload_content=False``: its typed
models take twenty times as long, and know the numbered paths only. Its own retries and urllib3's are off: one
policy decides. Files go through the connection pool behind it, which streams.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import orjson
import urllib3
from hubspot import HubSpot
from hubspot.crm.objects.exceptions import ApiException

from adapters.hubspot.errors import IncompleteError, Refused
from adapters.pace import Pace
from adapters.retry import retry_after
from connector.config import LOOPBACK, HubspotConnection

CONNECT_SECONDS = 15.0
READ_SECONDS = 60.0
UPLOAD_SECONDS = 600.0  # HubSpot reads a whole file before it answers
SEARCHES = "searches"
SEARCHES_PER_SECOND = 5
_JITTER = 1.1  # calls that leave a second apart may arrive a little closer
_LONGEST_HOLD = 30.0  # no short-term limit asks for more; a day's end is not waited for
_PIECE = 1 << 20
_IDS = re.compile(r"/\d+(?=/|$)|(?<=/access-tokens)/[^/]+")
_REDIRECTS = urllib3.Retry(total=None, connect=0, read=0, redirect=3, status=0, other=0)


@dataclass(frozen=True, slots=True)
class Upload:
    """A form with one file.

    Attributes:
        fields: texts of the form.
        name: of the file's field, and of the file itself.
        file: on disk; it is streamed.
    """

    fields: Mapping[str, str]
    name: str
    file: Path


class Clock:
    """HubSpot's own time, from the ``Date`` of its answers. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset: float | None = None

    def learn(self, headers: Mapping[str, str]) -> None:
        """Note an answer that has just arrived."""
        arrived = time.monotonic()
        try:
            moment = parsedate_to_datetime(headers.get("Date") or "")
        except ValueError:
            return
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        with self._lock:
            self._offset = moment.timestamp() - arrived

    def now(self) -> datetime | None:
        """HubSpot's time, None while no answer has told it.

        Never late: a ``Date`` has whole seconds, and an answer takes a while.
        """
        with self._lock:
            offset = self._offset
        return None if offset is None else datetime.fromtimestamp(offset + time.monotonic(), UTC)


class Session:
    """Connections to one portal. Safe to share between threads.

    Attributes:
        calls: number of calls by endpoint, ids left out, such as
            ``POST /crm/v3/objects/companies/batch/update``.
        clock: HubSpot's time.
        used: calls of today by everybody, None while no answer has told.
        limit: the daily allowance, None while no answer has told (it does for service keys and private apps).
    """

    def __init__(
        self, connection: HubspotConnection, read_seconds: float = READ_SECONDS, pace: Pace | None = None
    ) -> None:
        self.calls: Counter[str] = Counter()
        self.clock = Clock()
        self.used: int | None = None
        self.limit: int | None = None
        self._counting = threading.Lock()
        self._pace = pace or Pace()
        self._pace.fix(SEARCHES, SEARCHES_PER_SECOND, _JITTER)
        self._timeout = (CONNECT_SECONDS, read_seconds)
        self._url = connection.api_url
        local = urlsplit(connection.api_url).hostname in LOOPBACK
        client = HubSpot(
            host=connection.api_url,
            retry=False,
            ssl_ca_cert=str(connection.ca_bundle) if connection.ca_bundle else None,
            proxy=None if local else connection.proxy,
        )
        # Each access to `basic_api` builds a new connection pool: keep the one.
        self._client = client.crm.objects.basic_api.api_client
        self._pool: urllib3.PoolManager = self._client.rest_client.pool_manager

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
        headers = _headers(token)
        headers["Content-Type"] = "application/x-www-form-urlencoded" if form else "application/json"
        lane = self._begin(method, path)
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
            words = refusal.body
            content = words.encode() if isinstance(words, str) else words or b""
            self._learn(refusal.status, refusal.headers, lane)
            raise Refused(refusal.status, refusal.headers, content) from error
        self._learn(answer.status, answer.headers, lane)
        return _parsed(content)

    def upload(self, path: str, upload: Upload, *, token: str) -> Any:  # noqa: ANN401 - whatever HubSpot answers
        """POST a form with a file, which is read while it is sent; for the rest see `send`."""
        boundary = uuid4().hex
        begin, end = _around(upload, boundary)
        headers = _headers(token) | {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(begin) + upload.file.stat().st_size + len(end)),
        }
        lane = self._begin("POST", path)
        answer = self._pool.request(
            "POST",
            self._url + path,
            body=_streamed(begin, upload.file, end),
            headers=headers,
            timeout=_within(max(UPLOAD_SECONDS, self._timeout[1])),
            retries=False,
        )
        self._learn(answer.status, answer.headers, lane)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise Refused(answer.status, answer.headers, answer.data)
        return _parsed(answer.data)

    def download(self, url: str, target: Path) -> None:
        """Fetch a file that HubSpot has put somewhere, piece by piece; the address is its own password.

        Raises:
            Refused: the answer is an error; the link may have expired.
            urllib3.exceptions.HTTPError: the network failed.
        """
        self._begin("GET", "export file")
        answer = self._pool.request(
            "GET",
            url,
            headers={"Accept-Encoding": "identity"},
            timeout=_within(self._timeout[1]),
            retries=_REDIRECTS,
            preload_content=False,
        )
        try:
            if answer.status >= HTTPStatus.BAD_REQUEST:
                raise Refused(answer.status, answer.headers, answer.read())
            with target.open("wb") as file:
                for piece in answer.stream(_PIECE):
                    file.write(piece)
        finally:
            answer.close()

    def close(self) -> None:
        """Release the connections."""
        self._pool.clear()

    def _begin(self, method: str, path: str) -> str:
        """Count a call and wait for its moment; the lane of its allowance."""
        lane = SEARCHES if path.endswith("/search") else ""
        self._pace.keep(lane)
        with self._counting:
            self.calls[f"{method} {_IDS.sub('/{id}', path)}"] += 1
        return lane

    def _learn(self, status: int, headers: Mapping[str, str], lane: str) -> None:
        self.clock.learn(headers)
        pause = retry_after(headers)
        if status == HTTPStatus.TOO_MANY_REQUESTS and pause is not None:
            self._pace.hold(min(pause, _LONGEST_HOLD))
        allowed = _number(headers, "X-HubSpot-RateLimit-Max")
        left = _number(headers, "X-HubSpot-RateLimit-Remaining")
        interval = _number(headers, "X-HubSpot-RateLimit-Interval-Milliseconds")
        if allowed and left is not None and interval and not lane:
            self._pace.learn(allowed, left, interval / 1_000)
        limit = _number(headers, "X-HubSpot-RateLimit-Daily")
        remaining = _number(headers, "X-HubSpot-RateLimit-Daily-Remaining")
        if limit is not None and remaining is not None:
            self.limit, self.used = int(limit), int(limit - remaining)


def _within(read_seconds: float) -> urllib3.Timeout:
    return urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds)


def _headers(token: str | None) -> dict[str, str]:
    headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
    return headers if token is None else headers | {"Authorization": f"Bearer {token}"}


def _parsed(content: bytes) -> Any:  # noqa: ANN401 - whatever HubSpot answers
    try:
        return orjson.loads(content) if content.strip() else {}
    except orjson.JSONDecodeError as error:
        raise IncompleteError("an answer that is no JSON, or was cut off") from error


def _around(upload: Upload, boundary: str) -> tuple[bytes, bytes]:
    """What goes before and after the file."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in upload.fields.items()
    ]
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{upload.name}"; filename="{upload.file.name}"\r\n'
        f"Content-Type: text/csv\r\n\r\n"
    )
    return "".join(parts).encode(), f"\r\n--{boundary}--\r\n".encode()


def _streamed(begin: bytes, file: Path, end: bytes) -> Iterator[bytes]:
    yield begin
    with file.open("rb") as opened:
        while piece := opened.read(_PIECE):
            yield piece
    yield end


def _number(headers: Mapping[str, str], name: str) -> float | None:
    value = headers.get(name, "")
    return float(value) if value.isascii() and value.isdecimal() else None
