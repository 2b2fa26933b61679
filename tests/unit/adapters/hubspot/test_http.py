from __future__ import annotations

import gzip
import json
import logging
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.hubspot import session
from adapters.hubspot.http import Portal
from adapters.hubspot.session import Upload
from adapters.pace import Pace
from adapters.retry import Limits
from connector.errors import CrmAuthError, CrmRequestError, CrmTemporaryError
from tests.unit.adapters.hubspot.conftest import QUICK, Open, connection
from tests.unit.adapters.hubspot.scripted import Answer, Asked, Scripted

BUSY = Answer({"status": "error", "message": "busy", "category": "SERVICE_UNAVAILABLE"}, 503)
SLOW_DOWN = Answer(
    {"status": "error", "message": "You have reached your limit.", "policyName": "TEN_SECONDLY_ROLLING"},
    429,
    {"Retry-After": "0"},
)


def ask(server: Scripted, path: str = "/thing", limits: Limits = QUICK, read_seconds: float = 5) -> object:
    portal = Portal(connection(server.url), limits, read_seconds)
    try:
        return portal.request("read a thing", "GET", path)
    finally:
        portal.close()


def test_gzip_is_asked_for_and_understood(server: Scripted) -> None:
    server.on(
        "/thing", Answer(gzip.compress(json.dumps({"a": "ä"}).encode()), headers={"Content-Encoding": "gzip"})
    )
    assert ask(server) == {"a": "ä"}
    assert server.asked[0].headers["Accept-Encoding"] == "gzip"
    assert server.asked[0].headers["Authorization"] == "Bearer sandbox-token"


@pytest.mark.parametrize(
    "trouble", [BUSY, SLOW_DOWN, Answer(b'{"results": [', 200), Answer({}, 477), Answer(b"", 502)]
)
def test_passing_trouble_is_tried_again_for_every_method(server: Scripted, trouble: Answer) -> None:
    server.on("/thing", trouble, Answer({"a": 1}))
    portal = Portal(connection(server.url), QUICK, 5)
    assert portal.request("write a thing", "POST", "/thing", body={"b": 2}) == {"a": 1}
    assert [each.body for each in server.asked] == [{"b": 2}, {"b": 2}]
    portal.close()


def test_the_one_policy_alone_retries(server: Scripted) -> None:
    server.on("/thing", BUSY)
    with pytest.raises(CrmTemporaryError, match="4 times") as caught:
        ask(server)
    assert len(server.asked) == QUICK.attempts
    assert caught.value.status == 503


def test_a_slow_answer_times_out_and_is_temporary(server: Scripted) -> None:
    server.on("/thing", Answer({}, headers={"Content-Length": "10"}))
    with pytest.raises(CrmTemporaryError, match=r"no answer in time|IncompleteRead"):
        ask(server, limits=Limits(attempts=2, first_wait=0.01), read_seconds=0.2)


def test_an_error_in_another_encoding_is_still_read(server: Scripted) -> None:
    server.on("/thing", Answer("<html><body>Zugriff gewährt nicht</body></html>".encode("latin-1"), 400))
    with pytest.raises(CrmRequestError, match=r"Zugriff gew.hrt nicht") as caught:
        ask(server)
    assert caught.value.status == 400


def test_an_unknown_host_is_named_after_few_tries() -> None:
    # Nobody listens on the discard port.
    portal = Portal(connection("http://127.0.0.1:9"), Limits(attempts=50, first_wait=0.01), 1)
    with pytest.raises(CrmTemporaryError, match=r"127.0.0.1:9 refused the connection\. Check api_url"):
        portal.request("read a thing", "GET", "/thing")
    portal.close()


def test_the_days_end_of_calls_is_not_waited_for(server: Scripted) -> None:
    server.on("/thing", Answer({"message": "You have reached your daily limit.", "policyName": "DAILY"}, 429))
    with pytest.raises(CrmTemporaryError, match="midnight"):
        ask(server)
    assert len(server.asked) == 1


def test_a_key_cannot_be_renewed(server: Scripted) -> None:
    expired = {"category": "EXPIRED_AUTHENTICATION", "message": "The OAuth token expired 3 day(s) ago."}
    server.on("/thing", Answer(expired, 401))
    with pytest.raises(CrmAuthError, match="KPM_CONNECTIONS__<NAME>__ACCESS_TOKEN"):
        ask(server)
    assert len(server.asked) == 1


def test_no_secret_is_ever_shown(server: Scripted, opened: Open, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.on("/access-token-info", Answer({"category": "BAD", "message": "bad tokenKey sandbox-token"}, 401))
    crm = opened(server.url)
    with pytest.raises(CrmAuthError) as caught:
        crm.check()
    assert "bad tokenKey ***" in str(caught.value)
    assert "sandbox-token" not in f"{caught.value} {caplog.text} {crm._portal.connection!r}"


def test_an_apps_token_is_renewed_once_when_it_expires(server: Scripted, opened: Open) -> None:
    server.on("/oauth/v1/token", Answer({"access_token": "first"}), Answer({"access_token": "second"}))
    expired = Answer({"category": "EXPIRED_AUTHENTICATION", "message": "expired"}, 401)
    server.on("/account-info/v3/details", expired, Answer({"portalId": 1, "companyCurrency": "EUR"}))
    crm = opened(
        server.url,
        auth="refresh_token",
        client_id="app",
        client_secret="sandbox-secret",
        refresh_token="refresh",
    )
    assert crm.currencies().home == "EUR"
    assert [each.headers["Authorization"] for each in server.to("/details")] == [
        "Bearer first",
        "Bearer second",
    ]
    assert server.to("/token")[0].body["grant_type"] == ["refresh_token"]


def test_a_token_that_stays_expired_ends_the_call(server: Scripted, opened: Open) -> None:
    server.on("/oauth/2026-03/token", Answer({"access_token": "useless"}))
    server.on("/details", Answer({"category": "EXPIRED_AUTHENTICATION", "message": "expired"}, 401))
    crm = opened(
        server.url,
        auth="refresh_token",
        client_id="app",
        client_secret="sandbox-secret",
        refresh_token="refresh",
        api_version="2026-03",
    )
    with pytest.raises(CrmAuthError, match="Install the app again"):
        crm.currencies()
    assert len(server.to("/token")) == 2


def test_a_refused_login_says_what_to_check(server: Scripted, opened: Open) -> None:
    server.on(
        "/oauth/v1/token", Answer({"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid"}, 400)
    )
    crm = opened(
        server.url,
        auth="refresh_token",
        client_id="app",
        client_secret="sandbox-secret",
        refresh_token="refresh",
    )
    with pytest.raises(CrmAuthError, match="install the app again"):
        crm.currencies()


def test_calls_and_quota_are_counted(server: Scripted) -> None:
    headers = {"X-HubSpot-RateLimit-Daily": "1000", "X-HubSpot-RateLimit-Daily-Remaining": "990"}
    server.on("/thing", Answer({}, headers=headers))
    portal = Portal(connection(server.url), QUICK, 5)
    portal.request("read a thing", "GET", "/thing")
    portal.request("read a thing", "GET", "/thing", query=[("after", "1")])
    assert portal.session.calls == {"GET /thing": 2}
    assert (portal.session.used, portal.session.limit) == (10, 1000)
    portal.close()


def app(opened: Open, url: str) -> Portal:
    return opened(
        url, auth="refresh_token", client_id="app", client_secret="sandbox-secret", refresh_token="refresh"
    )._portal


def test_a_token_is_replaced_before_it_expires(server: Scripted, opened: Open) -> None:
    server.on(
        "/oauth/v1/token",
        Answer({"access_token": "first", "expires_in": 1800}),
        Answer({"access_token": "second", "expires_in": 1800}),
    )
    portal = app(opened, server.url)
    assert portal.token == "first"
    assert portal.token == "first"
    portal._token = replace(portal._token, expires=time.monotonic() + 30)  # type: ignore[type-var]
    assert portal.token == "second"
    assert portal._token.expires == pytest.approx(time.monotonic() + 1_800, abs=5)


@pytest.mark.parametrize("seconds", [None, 0, -5, 90, True, "1800"])
def test_a_token_without_a_usable_lifetime_lasts_until_it_is_refused(
    server: Scripted, opened: Open, seconds: object
) -> None:
    server.on("/oauth/v1/token", Answer({"access_token": "first", "expires_in": seconds}))
    portal = app(opened, server.url)
    assert (portal.token, portal.token) == ("first", "first")
    assert len(server.to("/token")) == 1


def test_threads_that_meet_an_expired_token_share_one_new_one(server: Scripted, opened: Open) -> None:
    server.on("/oauth/v1/token", Answer({"access_token": "first"}), Answer({"access_token": "second"}))
    expired = Answer({"category": "EXPIRED_AUTHENTICATION", "message": "expired"}, 401)
    server.on(
        "/thing",
        lambda asked: Answer({"a": 1}) if asked.headers["Authorization"] == "Bearer second" else expired,
    )
    portal = app(opened, server.url)
    assert portal.token == "first"
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: portal.request("read a thing", "GET", "/thing"), range(8)))
    assert answers == [{"a": 1}] * 8
    assert len(server.to("/token")) == 2


def test_hubspots_clock_is_read_from_its_answers(server: Scripted) -> None:
    server.on("/thing", Answer({}, headers={"Date": "Tue, 24 Nov 2026 04:30:00 GMT"}))
    portal = Portal(connection(server.url), QUICK, 5)
    assert portal.session.clock.now() is None
    portal.request("read a thing", "GET", "/thing")
    now = portal.session.clock.now()
    assert now is not None
    assert datetime(2026, 11, 24, 4, 30, tzinfo=UTC) <= now < datetime(2026, 11, 24, 4, 31, tzinfo=UTC)
    portal.close()


def test_ids_are_no_endpoints(server: Scripted) -> None:
    portal = Portal(connection(server.url), QUICK, 5)
    for path in ("/crm/v3/imports/12/errors", "/crm/v3/imports/345/errors", "/crm/v3/objects/0-2/77"):
        server.on(path, Answer({}))
        portal.request("read a thing", "GET", path)
    assert portal.session.calls == {"GET /crm/v3/imports/{id}/errors": 2, "GET /crm/v3/objects/0-2/{id}": 1}
    portal.close()


def test_a_refusal_with_a_pause_holds_every_call(server: Scripted) -> None:
    slow_down = Answer({"message": "limit", "policyName": "SECONDLY"}, 429, {"Retry-After": "0.3"})
    server.on("/thing", slow_down, Answer({}))
    server.on("/other", Answer({}))
    portal = Portal(connection(server.url), QUICK, 5)
    began = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(portal.request, "read a thing", "GET", "/thing")
        while not server.to("/thing"):
            time.sleep(0.005)
        time.sleep(0.05)
        portal.request("read another", "GET", "/other")
        assert time.monotonic() - began >= 0.25
        first.result()
    portal.close()


def test_a_file_is_sent_and_fetched_in_pieces(server: Scripted, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes(b"id,name\n" + b"1,x\n" * 600_000)
    server.on("/imports", lambda asked: Answer({"id": "9", "size": len(asked.raw)}))
    server.on("/file", Answer(file.read_bytes()))
    portal = Portal(connection(server.url), QUICK, 5)
    upload = Upload({"importRequest": '{"name": "ä"}'}, "files", file)
    assert portal.upload("send a file", "/imports", upload, "id")["id"] == "9"
    (sent,) = server.to("/imports")
    assert sent.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert sent.raw.count(b"1,x\n") == 600_000
    assert 'name="importRequest"\r\n\r\n{"name": "ä"}'.encode() in sent.raw
    assert b'name="files"; filename="rows.csv"' in sent.raw
    target = tmp_path / "fetched.csv"
    portal.download("fetch a file", lambda: f"{server.url}/file?signature=1", target)
    assert target.read_bytes() == file.read_bytes()
    assert "Authorization" not in server.to("/file")[0].headers
    portal.close()


def test_a_lost_answer_to_an_upload_is_not_answered_by_another_upload(
    server: Scripted, tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_text("id\n")
    server.on("/imports", Answer(b"", 502))
    portal = Portal(connection(server.url), QUICK, 5)
    with pytest.raises(CrmTemporaryError):
        portal.upload("send a file", "/imports", Upload({}, "files", tmp_path / "rows.csv"), "id")
    assert len(server.to("/imports")) == 1
    portal.close()


@pytest.mark.parametrize("status", [403, 404, 410])
def test_an_expired_link_is_replaced(server: Scripted, tmp_path: Path, status: int) -> None:
    server.on("/old", Answer(b"<Error><Code>AccessDenied</Code></Error>", status))
    server.on("/new", Answer(b"id\n1\n"))
    links = iter([f"{server.url}/old", f"{server.url}/new"])
    portal = Portal(connection(server.url), QUICK, 5)
    portal.download("fetch a file", lambda: next(links), tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == b"id\n1\n"
    portal.close()


def test_a_download_that_breaks_off_is_begun_again(server: Scripted, tmp_path: Path) -> None:
    server.on("/file", Answer(b"id\n1", headers={"Content-Length": "500"}), Answer(b"id\n1\n2\n"))
    portal = Portal(connection(server.url), QUICK, 0.3)
    portal.download("fetch a file", lambda: f"{server.url}/file", tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == b"id\n1\n2\n"
    portal.close()


def test_a_slow_file_has_longer_than_a_slow_connection(
    server: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "CONNECT_SECONDS", 0.2)

    def slowly(_: Asked) -> Answer:
        time.sleep(0.5)
        return Answer(b'{"id": "1"}')

    server.on("/file", slowly)
    portal = Portal(connection(server.url), QUICK, 5)
    portal.download("fetch a file", lambda: f"{server.url}/file", tmp_path / "down")
    assert (tmp_path / "down").read_bytes() == b'{"id": "1"}'
    (tmp_path / "up").write_text("id\n1\n")
    sent = Upload({}, "files", tmp_path / "up")
    assert portal.upload("send a file", "/file", sent, "id") == {"id": "1"}
    assert len(server.to("/file")) == 2
    portal.close()


class Window:
    """A server's allowance of calls in a rolling window, as it tells and enforces it."""

    def __init__(self, allowed: int, seconds: float) -> None:
        self.allowed, self.seconds = allowed, seconds
        self.refused = 0
        self._lock = threading.Lock()
        self._calls: deque[float] = deque()

    def __call__(self, _: Asked) -> Answer:
        now = time.monotonic()
        with self._lock:
            while self._calls and self._calls[0] <= now - self.seconds:
                self._calls.popleft()
            if len(self._calls) >= self.allowed:
                self.refused += 1
                return Answer({"message": "limit", "policyName": "TEN_SECONDLY_ROLLING"}, 429, self._told())
            self._calls.append(now)
            return Answer({}, headers=self._told())

    def _told(self) -> dict[str, str]:
        return {
            "X-HubSpot-RateLimit-Max": str(self.allowed),
            "X-HubSpot-RateLimit-Remaining": str(self.allowed - len(self._calls)),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(self.seconds * 1_000)),
        }


def test_threads_together_keep_below_the_limit_that_hubspot_tells(server: Scripted) -> None:
    window = Window(60, 0.5)
    server.on("/thing", window)
    portal = Portal(connection(server.url), Limits(attempts=10, first_wait=0.05), 5)
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: portal.request("read a thing", "GET", "/thing"), range(200)))
    assert len(done) == 200
    assert window.refused <= 2  # calls under way when the window ran low
    portal.close()


def test_a_pause_until_midnight_does_not_hold_the_run(server: Scripted) -> None:
    daily = Answer({"message": "limit", "policyName": "DAILY"}, 429, {"Retry-After": "40000"})
    server.on("/thing", daily)
    slept: list[float] = []
    portal = Portal(connection(server.url), QUICK, 5)
    portal.session._pace = Pace(slept.append)
    with pytest.raises(CrmTemporaryError, match="midnight"):
        portal.request("read a thing", "GET", "/thing")
    server.on("/other", Answer({}))
    portal.request("read another", "GET", "/other")
    assert sum(slept) <= 30
    portal.close()
