from __future__ import annotations

import gzip
import json
import logging

import pytest

from adapters.hubspot.http import Pace, Portal
from adapters.retry import Limits
from connector.errors import CrmAuthError, CrmRequestError, CrmTemporaryError
from tests.unit.adapters.hubspot.conftest import QUICK, Open, connection
from tests.unit.adapters.hubspot.scripted import Answer, Scripted

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


def rate_headers(remaining: int) -> dict[str, str]:
    return {
        "X-HubSpot-RateLimit-Max": "100",
        "X-HubSpot-RateLimit-Remaining": str(remaining),
        "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
    }


def test_the_pace_follows_the_counter_once_calls_were_refused() -> None:
    pauses: list[float] = []
    pace = Pace(pauses.append)
    pace.learn(200, rate_headers(3))
    pace.keep()
    assert pauses == []  # nobody has complained yet
    pace.learn(429, {})
    pace.keep()
    assert pauses == [0.1]
    pace.learn(200, rate_headers(80))
    pace.keep()
    assert pauses == [0.1]
