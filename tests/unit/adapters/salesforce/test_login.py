"""Every flow of the login, and what a person reads where it fails."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
import responses
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.salesforce import SalesforceCrm
from adapters.salesforce.auth import _audience
from adapters.salesforce.http import Org
from adapters.sandbox import Sandbox
from adapters.sandbox.side import Visibility
from connector.errors import CrmAuthError, CrmTemporaryError
from tests.sandbox.salesforce.keys import certificate, private_key
from tests.unit.adapters.salesforce.conftest import DATA, HOST, QUICK, Opener, connection

TOKEN_URL = f"{HOST}/services/oauth2/token"
GRANTED = {
    "access_token": "sandbox-granted",
    "instance_url": HOST,
    "id": "https://login.salesforce.com/id/x/y",
}
NOTHING = {"totalSize": 0, "done": True, "records": []}


def logged_in(answers: responses.RequestsMock, **settings: Any) -> dict[str, list[str]]:
    """Log in and read something; the form that was sent."""
    answers.post(TOKEN_URL, json=GRANTED)
    answers.get(f"{DATA}/query/", json=NOTHING)
    crm = SalesforceCrm.open(connection(**settings), time_zone="Europe/Vienna", limits=QUICK)
    crm.stages()
    crm.close()
    login, read = (call.request for call in answers.calls)
    assert read.headers["Authorization"] == "Bearer sandbox-granted"
    assert "Authorization" not in login.headers
    return parse_qs(str(login.body))


def test_client_credentials(answers: responses.RequestsMock) -> None:
    form = logged_in(answers, auth="client_credentials", client_id="app", client_secret="sandbox-secret")
    assert form == {
        "grant_type": ["client_credentials"],
        "client_id": ["app"],
        "client_secret": ["sandbox-secret"],
    }


def test_refresh_token(answers: responses.RequestsMock) -> None:
    form = logged_in(answers, auth="refresh_token", client_id="app", refresh_token="sandbox-refresh")
    assert form == {
        "grant_type": ["refresh_token"],
        "client_id": ["app"],
        "refresh_token": ["sandbox-refresh"],
    }


def test_jwt(answers: responses.RequestsMock, tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    file = tmp_path / "key.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    form = logged_in(
        answers, auth="jwt", client_id="app", username="sync@acme.example", private_key_file=file
    )
    claims = jwt.decode(
        form["assertion"][0], key.public_key(), ["RS256"], audience="https://login.salesforce.com"
    )
    assert (claims["iss"], claims["sub"]) == ("app", "sync@acme.example")
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]


@pytest.mark.parametrize("content", [None, b"no key at all", b"\xff\xfe"])
def test_a_private_key_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "key.pem"
    if content is not None:
        file.write_bytes(content)
    given = connection(auth="jwt", client_id="app", username="sync@acme.example", private_key_file=file)
    with pytest.raises(CrmAuthError, match="private_key_file") as caught:
        SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK).stages()
    assert str(file) in str(caught.value)
    assert "no key at all" not in str(caught.value)


@pytest.mark.parametrize(
    ("login_url", "audience"),
    [
        ("https://login.salesforce.com", "https://login.salesforce.com"),
        ("https://test.salesforce.com", "https://test.salesforce.com"),
        ("https://acme.my.salesforce.com", "https://login.salesforce.com"),
        ("https://acme--dev.sandbox.my.salesforce.com", "https://test.salesforce.com"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_whom_an_assertion_is_for(login_url: str, audience: str) -> None:
    assert _audience(login_url) == audience


def test_password_goes_through_soap_of_an_old_version(
    answers: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
        "<soapenv:Body><loginResponse><result><serverUrl>https://acme.my.salesforce.com/services/Soap/u/64.0/00D</serverUrl>"
        "<sessionId>sandbox-granted</sessionId></result></loginResponse></soapenv:Body></soapenv:Envelope>"
    )
    answers.post("https://acme.my.salesforce.com/services/Soap/u/64.0", body=body)
    answers.get(f"{HOST}/services/data/v66.0/query/", json=NOTHING)
    given = connection(
        auth="password", username="u@acme.example", password="sandbox-secret", api_version="66.0"
    )
    crm = SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK)
    assert crm.stages() == {"": ()}
    assert "retires in summer 2027" in caplog.text
    assert "sandbox-secret" not in caplog.text


def test_a_refused_password_is_not_tried_again(answers: responses.RequestsMock) -> None:
    body = (
        "<soapenv:Fault><sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>"
        "<sf:exceptionMessage>INVALID_LOGIN: Invalid username, password, security token; or user locked out."
        "</sf:exceptionMessage></soapenv:Fault>"
    )
    answers.post("https://acme.my.salesforce.com/services/Soap/u/64.0", body=body, status=500)
    given = connection(auth="password", username="u@acme.example", password="sandbox-secret")
    with pytest.raises(CrmAuthError, match="security token") as caught:
        SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK).stages()
    assert "sandbox-secret" not in str(caught.value)
    assert len(answers.calls) == 1


@pytest.mark.parametrize("body", ["<html>portal</html>", "<sessionId>x</sessionId>"])
def test_an_answer_that_is_no_soap_login(answers: responses.RequestsMock, body: str) -> None:
    answers.post("https://acme.my.salesforce.com/services/Soap/u/64.0", body=body)
    given = connection(auth="password", username="u", password="sandbox-secret")
    with pytest.raises(CrmAuthError, match="login_url"):
        SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK).stages()


def test_soap_of_the_test_host_and_an_old_version(answers: responses.RequestsMock) -> None:
    result = (
        "<result><serverUrl>https://acme--dev.sandbox.my.salesforce.com/services/Soap/u/58.0/00D</serverUrl>"
        "<sessionId>sandbox&amp;granted</sessionId></result>"
    )
    answers.post("https://test.salesforce.com/services/Soap/u/58.0", body=result)
    answers.get("https://acme--dev.sandbox.my.salesforce.com/services/data/v58.0/query/", json=NOTHING)
    given = connection(
        auth="password",
        login_url="https://test.salesforce.com",
        username="u<1>@acme.example",
        password="sandbox&secret",
        security_token="sandbox-token",
        api_version="58.0",
    )
    SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK).stages()
    login, read = (call.request for call in answers.calls)
    assert read.headers["Authorization"] == "Bearer sandbox&granted"
    assert isinstance(login.body, bytes)
    sent = login.body.decode()
    assert "<p:username>u&lt;1&gt;@acme.example</p:username>" in sent
    assert "<p:password>sandbox&amp;secretsandbox-token</p:password>" in sent


@pytest.mark.parametrize("code", ["invalid_client_id", "invalid_client", "invalid_grant", "inactive_user"])
def test_a_refused_login_says_what_to_check(answers: responses.RequestsMock, code: str) -> None:
    answers.post(TOKEN_URL, json={"error": code, "error_description": "no, not sandbox-secret"}, status=400)
    given = connection(auth="client_credentials", client_id="app", client_secret="sandbox-secret")
    with pytest.raises(CrmAuthError, match=code) as caught:
        SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK).stages()
    assert caught.value.code == code
    assert "sandbox-secret" not in str(caught.value)


REFUSALS = {
    "user hasn't approved this consumer": "Admin approved users are pre-authorized",
    "audience is invalid": "https://test.salesforce.com",
    "expired access/refresh token": "somebody revoked it",
    "invalid assertion": "certificate of this very key",
    "ip restricted": "IP address",
    "inactive user": "Setup > Users",
    "no client credentials user enabled": "Run As",
    "request not supported on this domain": "My Domain",
    "something new": "pre-authorised",
}


@pytest.mark.parametrize("words", REFUSALS)
def test_a_refused_grant_is_explained_by_its_words(answers: responses.RequestsMock, words: str) -> None:
    answers.post(TOKEN_URL, json={"error": "invalid_grant", "error_description": words}, status=400)
    given = connection(auth="refresh_token", client_id="app", refresh_token="sandbox-refresh")
    with pytest.raises(CrmAuthError) as caught:
        SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK).stages()
    assert f"Salesforce says: invalid_grant: {words}" in str(caught.value)
    assert REFUSALS[words] in str(caught.value)
    assert len(answers.calls) == 1


def test_too_many_logins_pass_by_themselves(answers: responses.RequestsMock) -> None:
    refusal = {"error": "invalid_grant", "error_description": "login rate exceeded"}
    answers.post(TOKEN_URL, json=refusal, status=400)
    given = connection(auth="refresh_token", client_id="app", refresh_token="sandbox-refresh")
    with pytest.raises(CrmTemporaryError, match="in an hour"):
        SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK).stages()
    assert len(answers.calls) == 1  # another try would only make it worse


@pytest.mark.parametrize(
    ("minutes", "words"), [(7, "7 minutes ahead of"), (-5, "5 minutes behind"), (0, "certificate")]
)
def test_a_wrong_clock_is_named(answers: responses.RequestsMock, minutes: int, words: str) -> None:
    told = format_datetime(datetime.now(UTC) - timedelta(minutes=minutes), usegmt=True)
    refusal = {"error": "invalid_grant", "error_description": "invalid assertion"}
    answers.post(TOKEN_URL, json=refusal, status=400, headers={"Date": told})
    given = connection(auth="refresh_token", client_id="app", refresh_token="sandbox-refresh")
    with pytest.raises(CrmAuthError, match=words) as caught:
        SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK).stages()
    assert ("clock" in str(caught.value)) == bool(minutes)


@pytest.mark.parametrize(
    ("code", "words"),
    [("INVALID_OPERATION", "auth = 'jwt'"), ("LOGIN_MUST_USE_SECURITY_TOKEN", "SECURITY_TOKEN")],
)
def test_soap_faults_say_what_to_do(answers: responses.RequestsMock, code: str, words: str) -> None:
    fault = f"<sf:exceptionCode>{code}</sf:exceptionCode><sf:exceptionMessage>no</sf:exceptionMessage>"
    answers.post("https://acme.my.salesforce.com/services/Soap/u/64.0", body=fault, status=500)
    given = connection(auth="password", username="u@acme.example", password="sandbox-secret")
    with pytest.raises(CrmAuthError, match=words):
        SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK).stages()
    assert len(answers.calls) == 1


def test_threads_that_meet_an_expired_session_log_in_once(answers: responses.RequestsMock) -> None:
    """Every thread but the first finds the token replaced already."""
    answers.post(TOKEN_URL, json=GRANTED)
    answers.post(TOKEN_URL, json={**GRANTED, "access_token": "sandbox-second"})
    barrier = Barrier(4)

    def reply(request: Any) -> tuple[int, dict[str, str], str]:
        if request.headers["Authorization"] == "Bearer sandbox-granted":
            barrier.wait(5)
            return 401, {}, '[{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]'
        return 200, {}, '{"versions": 1}'

    answers.add_callback("GET", f"{DATA}/x", callback=reply)
    org = Org(connection(auth="refresh_token", client_id="app", refresh_token="sandbox-refresh"), QUICK)
    assert org.token.access_token == "sandbox-granted"
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: org.request("look", "GET", "x"), range(4)))
    assert found == [{"versions": 1}] * 4
    assert sum("oauth2/token" in str(call.request.url) for call in answers.calls) == 2
    assert org.session.calls["GET x"] == 8


def test_a_login_page_that_is_busy_is_tried_three_times(answers: responses.RequestsMock) -> None:
    answers.post(TOKEN_URL, body="<h1>busy</h1>", status=503)
    given = connection(auth="client_credentials", client_id="app", client_secret="sandbox-secret")
    with pytest.raises(CrmTemporaryError, match="log in"):
        SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK).stages()
    assert len(answers.calls) == 3


@pytest.mark.parametrize("body", ["{}", "[]", '{"access_token": "x"}', "<html>portal</html>"])
def test_an_answer_that_is_no_login(answers: responses.RequestsMock, body: str) -> None:
    answers.post(TOKEN_URL, body=body, status=200)
    given = connection(auth="client_credentials", client_id="app", client_secret="sandbox-secret")
    with pytest.raises(CrmAuthError, match="login_url"):
        SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK).stages()


def test_one_renewal_and_no_loop(sandbox: Sandbox, opened: Opener) -> None:
    crm = opened()
    crm.stages()
    sandbox.clear_requests()
    sandbox.fault("expired_token", path="/query", times=100)
    with pytest.raises(CrmAuthError):
        crm.currencies()
    counts = sandbox.requests()["counts"]
    logins = sum(entry["count"] for entry in counts if "oauth2/token" in entry["path"])
    assert logins == 1


def test_the_sandbox_takes_the_other_flows_too(opened: Opener) -> None:
    crm = opened(auth="refresh_token", refresh_token="sandbox-sync-refresh")
    assert crm.user() == "sync@sandbox.example"


def test_revoked_credentials(sandbox: Sandbox, opened: Opener) -> None:
    crm = opened()
    crm.stages()
    sandbox.visibility("salesforce", Visibility("revoke_tokens"))
    try:
        with pytest.raises(CrmAuthError):
            crm.currencies()
    finally:
        sandbox.visibility("salesforce", Visibility("restore_tokens"))


SYNC = "sync@sandbox.example"


@pytest.fixture
def key_file(sandbox: Sandbox, tmp_path: Path) -> Path:
    """The key of an app that the sandbox has the certificate of."""
    key = private_key()
    file = tmp_path / "kpm.key"
    form = serialization.PrivateFormat.PKCS8
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    sandbox.configure(
        "salesforce", "app", client_id="jwt-app", certificate=certificate(key), users=None, policy="self"
    )
    return file


def signed(sandbox: Sandbox, file: Path, **settings: Any) -> SalesforceCrm:
    given = {"auth": "jwt", "login_url": sandbox.url, "client_id": "jwt-app", "username": SYNC, **settings}
    opened = connection(private_key_file=file, **given)
    return SalesforceCrm.open(opened, time_zone="Europe/Vienna", limits=QUICK)


def test_a_signed_login_whose_signature_is_verified(sandbox: Sandbox, key_file: Path) -> None:
    crm = signed(sandbox, key_file)
    assert crm.user() == SYNC
    assert crm.stages()
    sandbox.configure("salesforce", "sessions", expire=True)
    assert crm.currencies().home  # renewed by a new signature


def test_a_signed_login_by_another_key(sandbox: Sandbox, key_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.key"
    form = serialization.PrivateFormat.TraditionalOpenSSL
    other.write_bytes(
        private_key().private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    )
    with pytest.raises(CrmAuthError, match="certificate of this very key") as caught:
        signed(sandbox, other).stages()
    assert "invalid_grant: invalid assertion" in str(caught.value)
    assert key_file.exists()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"users": ["somebody@else.example"]}, "Permitted Users"),
        ({"users": [], "policy": "admin"}, "Permitted Users"),
    ],
)
def test_a_user_who_was_not_approved(
    sandbox: Sandbox, key_file: Path, changed: dict[str, Any], words: str
) -> None:
    sandbox.configure("salesforce", "app", client_id="jwt-app", **changed)
    with pytest.raises(CrmAuthError, match=words):
        signed(sandbox, key_file).stages()


def test_a_clock_that_is_wrong_by_more_than_an_assertion_lasts(sandbox: Sandbox, key_file: Path) -> None:
    """The sandbox's own clock stands three days ahead; the assertion itself is fine, so the login is let in."""
    today = sandbox.world.today
    sandbox.move_to(today + timedelta(days=3))
    try:
        sandbox.configure("salesforce", "app", client_id="jwt-app", users=["somebody@else.example"])
        with pytest.raises(CrmAuthError, match=r"clock is \d+ minutes behind Salesforce's"):
            signed(sandbox, key_file).stages()
    finally:
        sandbox.move_to(today)


@pytest.mark.parametrize("version", ["60.0", "64.0", "66.0"])
def test_the_soap_login_of_a_loopback_host(sandbox: Sandbox, version: str) -> None:
    given = connection(
        auth="password",
        login_url=sandbox.url,
        username=SYNC,
        password="sandbox-password",
        security_token="sandbox-token",
        api_version=version,
    )
    crm = SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK)
    assert crm.user() == SYNC
    assert crm.account_url("001A").startswith(sandbox.url)
    (line,) = [each for each in crm.check() if each.what == "login" and each.level == "warning"]
    assert "summer 2027" in line.message


def test_a_soap_login_that_is_switched_off(sandbox: Sandbox) -> None:
    sandbox.configure("salesforce", "soap_login", enabled=False)
    given = connection(
        auth="password", login_url=sandbox.url, username=SYNC, password="sandbox-password", security_token="x"
    )
    try:
        with pytest.raises(CrmAuthError, match="auth = 'jwt'"):
            SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK).stages()
    finally:
        sandbox.configure("salesforce", "soap_login", enabled=True)


@pytest.mark.parametrize(
    "fault",
    ["unavailable", "drop_before", "drop_after", "drop_during", "malformed_body", "empty_body", "html_error"],
)
@pytest.mark.parametrize("auth", ["client_credentials", "password"])
def test_a_login_survives_passing_trouble(sandbox: Sandbox, opened: Opener, fault: str, auth: str) -> None:
    made = sandbox.fault(fault, phase="login", times=1, seconds=0)
    settings = {"username": SYNC, "password": "sandbox-password", "security_token": "sandbox-token"}
    crm = opened(auth=auth, **(settings if auth == "password" else {}))
    assert crm.stages()
    assert made.hits == 1
