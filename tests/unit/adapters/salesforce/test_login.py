"""Every flow of the login, and what a person reads where it fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
import responses
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.salesforce import SalesforceCrm
from adapters.salesforce.auth import _audience
from adapters.sandbox import Sandbox
from adapters.sandbox.side import Visibility
from connector.errors import CrmAuthError, CrmTemporaryError
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


def test_password_needs_a_host_of_salesforce() -> None:
    given = connection(
        auth="password", username="u", password="sandbox-secret", login_url="http://127.0.0.1:9"
    )
    with pytest.raises(CrmAuthError, match="login_url"):
        SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK).stages()


@pytest.mark.parametrize("code", ["invalid_client_id", "invalid_client", "invalid_grant", "inactive_user"])
def test_a_refused_login_says_what_to_check(answers: responses.RequestsMock, code: str) -> None:
    answers.post(TOKEN_URL, json={"error": code, "error_description": "no, not sandbox-secret"}, status=400)
    given = connection(auth="client_credentials", client_id="app", client_secret="sandbox-secret")
    with pytest.raises(CrmAuthError, match=code) as caught:
        SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK).stages()
    assert caught.value.code == code
    assert "sandbox-secret" not in str(caught.value)


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
