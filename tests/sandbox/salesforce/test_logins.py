"""Every flow by which a session is opened, the refusals in Salesforce's words, and how sessions end."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from adapters.sandbox import Sandbox
from adapters.sandbox.side import ControlError
from tests.sandbox.salesforce.client import Client
from tests.sandbox.salesforce.keys import certificate, private_key

SYNC = "sync@sandbox.example"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass
class App:
    """A connected app with a certificate, and its key."""

    url: str
    key: rsa.RSAPrivateKey
    client_id: str = "jwt-app"

    def assertion(self, **changed: Any) -> str:
        claims = {"iss": self.client_id, "sub": SYNC, "aud": self.url, "exp": int(time.time()) + 180}
        return jwt.encode(claims | changed, self.key, algorithm="RS256")

    def login(self, assertion: str | None = None, **changed: Any) -> requests.Response:
        return token(self.url, grant_type=GRANT, assertion=assertion or self.assertion(**changed))


def token(url: str, **form: str) -> requests.Response:
    return requests.post(f"{url}/services/oauth2/token", data=form, timeout=10)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return private_key()


@pytest.fixture
def app(sandbox: Sandbox, key: rsa.RSAPrivateKey) -> App:
    sandbox.configure(
        "salesforce", "app", client_id="jwt-app", certificate=certificate(key), users=None, policy="self"
    )
    return App(sandbox.url, key)


def refused(answer: requests.Response) -> tuple[str, str]:
    assert answer.status_code == 400, answer.text
    return answer.json()["error"], answer.json()["error_description"]


# JWT


@pytest.mark.parametrize(
    "audience",
    [None, "https://login.salesforce.com", "https://test.salesforce.com", "https://test.salesforce.com/"],
)
def test_a_signed_assertion_opens_a_session(app: App, audience: str | None) -> None:
    answer = app.login(**({"aud": audience} if audience else {}))
    assert answer.status_code == 200, answer.text
    session = Client(app.url, answer.json()["access_token"])
    assert session.get("/limits").status_code == 200
    assert answer.json()["instance_url"] == app.url
    assert "refresh_token" not in answer.json()


def test_the_expiry_may_lie_far_ahead_as_the_salesforce_cli_has_it(app: App) -> None:
    assert app.login(exp=int(time.time() * 1000) + 300).status_code == 200


def test_a_public_key_does_as_well_as_a_certificate(sandbox: Sandbox, key: rsa.RSAPrivateKey) -> None:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
    sandbox.configure("salesforce", "app", client_id="keyed", certificate=pem)
    assert App(sandbox.url, key, "keyed").login().status_code == 200


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"iss": "nobody"}, ("invalid_client_id", "client identifier invalid")),
        ({"sub": "nobody@sandbox.example"}, ("invalid_grant", "user hasn't approved this consumer")),
        ({"aud": "https://elsewhere.example"}, ("invalid_grant", "audience is invalid")),
        ({"exp": 1}, ("invalid_grant", "expired authorization code")),
        ({"exp": "soon"}, ("invalid_grant", "invalid assertion")),
    ],
)
def test_claims_are_checked_one_by_one(app: App, changed: dict[str, Any], error: tuple[str, str]) -> None:
    assert refused(app.login(**changed)) == error


def test_only_the_registered_key_signs(app: App) -> None:
    stranger = App(app.url, private_key())
    assert refused(stranger.login()) == ("invalid_grant", "invalid assertion")
    head, claims, signature = app.assertion().split(".")
    for forged in (f"{head}.{claims}.", f"{head}.{claims}.{signature[::-1]}", "no.jwt", ""):
        assert refused(token(app.url, grant_type=GRANT, assertion=forged)) == (
            "invalid_grant",
            "invalid assertion",
        )
    secret = jwt.encode({"iss": "jwt-app", "sub": SYNC, "aud": app.url, "exp": time.time() + 60}, "k" * 32)
    assert refused(app.login(secret)) == ("invalid_grant", "invalid assertion")
    plain = App(app.url, app.key, "sandbox-sync")
    assert refused(plain.login()) == ("invalid_grant", "invalid assertion"), "this app takes no JWT"


def test_a_user_must_have_approved_the_app_or_an_administrator_for_him(sandbox: Sandbox, app: App) -> None:
    sandbox.configure("salesforce", "app", client_id="jwt-app", users=["somebody@else.example"])
    assert refused(app.login()) == ("invalid_grant", "user hasn't approved this consumer")
    sandbox.configure("salesforce", "app", client_id="jwt-app", policy="admin")
    assert refused(app.login()) == ("invalid_app_access", "user is not admin approved to access this app")
    sandbox.configure("salesforce", "app", client_id="jwt-app", users=[SYNC.upper()])
    assert app.login().status_code == 200


@pytest.fixture
def inactive(sandbox: Sandbox) -> Iterator[None]:
    sandbox.configure("salesforce", "user", username=SYNC, active=False)
    yield
    sandbox.configure("salesforce", "user", username=SYNC, active=True)


@pytest.mark.usefixtures("inactive")
def test_an_inactive_user_gets_in_nowhere(sandbox: Sandbox, app: App) -> None:
    assert refused(app.login()) == ("inactive_user", "user is inactive")
    assert refused(named(sandbox, "sandbox-passwordsandbox-token"))[1] == "authentication failure"
    assert soap(sandbox, "sandbox-passwordsandbox-token")[1] == "INVALID_LOGIN"


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"client_id": "x", "colour": "red"},
        {"client_id": "x", "certificate": "no PEM"},
        {"client_id": "x", "policy": "nobody"},
    ],
)
def test_apps_that_make_no_sense_are_refused(sandbox: Sandbox, settings: dict[str, Any]) -> None:
    with pytest.raises(ControlError):
        sandbox.configure("salesforce", "app", **settings)
    body = {"crm": "salesforce", "what": "app", **settings}
    assert requests.post(f"{sandbox.url}/sandbox/configure", json=body, timeout=10).status_code == 400


def test_an_elliptic_key_is_none_of_salesforces(sandbox: Sandbox) -> None:
    pem = certificate(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(ControlError, match="RSA"):
        sandbox.configure("salesforce", "app", client_id="curve", certificate=pem)


# Password, in OAuth and SOAP


def named(sandbox: Sandbox, password: str) -> requests.Response:
    client = {"client_id": "sandbox-sync", "client_secret": "sandbox-secret"}
    return token(sandbox.url, grant_type="password", username=SYNC, password=password, **client)


def soap(sandbox: Sandbox, password: str, version: str = "64.0", username: str = SYNC) -> tuple[int, str]:
    """Status, and the session or the exception's code."""
    envelope = (
        '<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:p="urn:partner.soap.sforce.com"><e:Body><p:login>'
        f"<p:username>{username}</p:username><p:password>{password}</p:password></p:login></e:Body></e:Envelope>"
    )
    answer = requests.post(
        f"{sandbox.url}/services/Soap/u/{version}",
        data=envelope.encode(),
        headers={"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": "login"},
        timeout=10,
    )
    word = "sessionId" if answer.status_code == 200 else "sf:exceptionCode"
    return answer.status_code, answer.text.partition(f"<{word}>")[2].partition(f"</{word}>")[0]


def test_user_name_and_password(sandbox: Sandbox) -> None:
    answer = named(sandbox, "sandbox-passwordsandbox-token")
    assert Client(sandbox.url, answer.json()["access_token"]).get("/limits").status_code == 200
    assert refused(named(sandbox, "wrong")) == ("invalid_grant", "authentication failure")


@pytest.mark.parametrize("version", ["31.0", "50.0", "64.0"])
def test_soap_opens_a_session_up_to_version_64(sandbox: Sandbox, version: str) -> None:
    status, session = soap(sandbox, "sandbox-passwordsandbox-token", version)
    assert status == 200
    assert Client(sandbox.url, session).get("/limits").status_code == 200


def test_soap_says_why_not(sandbox: Sandbox) -> None:
    good = "sandbox-passwordsandbox-token"
    assert soap(sandbox, "wrong") == (500, "INVALID_LOGIN")
    assert soap(sandbox, good, username="nobody@sandbox.example") == (500, "INVALID_LOGIN")
    assert soap(sandbox, "sandbox-password") == (500, "LOGIN_MUST_USE_SECURITY_TOKEN")
    assert soap(sandbox, good, "65.0") == (500, "INVALID_OPERATION")
    assert soap(sandbox, good, "30.0") == (500, "UNSUPPORTED_API_VERSION")
    sandbox.configure("salesforce", "soap_login", enabled=False)
    assert soap(sandbox, good) == (500, "INVALID_OPERATION")
    sandbox.configure("salesforce", "soap_login", enabled=True)
    sandbox.configure("salesforce", "user", username=SYNC, locked=True)
    assert soap(sandbox, good) == (500, "INVALID_LOGIN")
    sandbox.configure("salesforce", "user", username=SYNC, locked=False, password="other", security_token="")
    assert soap(sandbox, "other")[0] == 200
    sandbox.configure(
        "salesforce", "user", username=SYNC, password="sandbox-password", security_token="sandbox-token"
    )
    answer = requests.post(f"{sandbox.url}/services/Soap/u/64.0", data=b"<no", timeout=10)
    assert answer.status_code == 500
    assert "INVALID_SOAP_HEADER" in answer.text


# How sessions end


def test_introspection_tells_whose_token_it_is_and_whether_it_lives(sandbox: Sandbox, sync: Client) -> None:
    def asked(sent: str) -> dict[str, Any]:
        form = {"token": sent, "client_id": "sandbox-sync", "client_secret": "sandbox-secret"}
        answer = requests.post(f"{sandbox.url}/services/oauth2/introspect", data=form, timeout=10)
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found

    found = asked(sync.token)
    assert (found["active"], found["username"], found["client_id"]) == (True, SYNC, "sandbox-sync")
    assert found["iat"] < found["exp"]
    assert asked("nonsense") == {"active": False}
    requests.post(f"{sandbox.url}/services/oauth2/revoke", data={"token": sync.token}, timeout=10)
    assert asked(sync.token) == {"active": False}
    stranger = {"token": sync.token, "client_id": "sandbox-sync", "client_secret": "no"}
    assert (
        requests.post(f"{sandbox.url}/services/oauth2/introspect", data=stranger, timeout=10).status_code
        == 401
    )


def test_a_revoked_refresh_token_is_no_grant_any_more(sandbox: Sandbox) -> None:
    form = {"grant_type": "refresh_token", "client_id": "sandbox-rep", "refresh_token": "sandbox-rep-refresh"}
    assert token(sandbox.url, **form).status_code == 200, "without a secret, as a public client may"
    revoke = f"{sandbox.url}/services/oauth2/revoke"
    assert requests.post(revoke, data={"token": "sandbox-rep-refresh"}, timeout=10).status_code == 200
    assert refused(token(sandbox.url, **form)) == ("invalid_grant", "expired access/refresh token")
    again = requests.post(revoke, data={"token": "sandbox-rep-refresh"}, timeout=10)
    assert refused(again) == ("unsupported_token_type", "this token type is not supported")


def test_sessions_expire_when_idle_or_when_told(sandbox: Sandbox) -> None:
    sandbox.configure("salesforce", "sessions", seconds=0.2)
    try:
        client = Client.login(sandbox.url, "sandbox-sync", "sandbox-secret")
        assert client.get("/limits").status_code == 200
        time.sleep(0.3)
        assert client.get("/limits").json()[0]["errorCode"] == "INVALID_SESSION_ID"
    finally:
        sandbox.configure("salesforce", "sessions", seconds=7200)
    client = Client.login(sandbox.url, "sandbox-sync", "sandbox-secret")
    sandbox.configure("salesforce", "sessions", expire=True)
    assert client.get("/limits").status_code == 401
    assert Client.login(sandbox.url, "sandbox-sync", "sandbox-secret").get("/limits").status_code == 200


def test_a_session_that_ends_within_a_job_leaves_the_job(sandbox: Sandbox, sync: Client) -> None:
    target = sync.ids(1)[0]
    job = sync.open_job()
    sync.upload(job, f"Id,Phone\n{target},77\n")
    sandbox.configure("salesforce", "sessions", expire=True)
    closing = {"json": {"state": "UploadComplete"}}
    lost = sync.send("PATCH", f"/jobs/ingest/{job}", **closing)
    assert (lost.status_code, lost.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")
    again = Client.login(sandbox.url, "sandbox-sync", "sandbox-secret")
    assert again.send("PATCH", f"/jobs/ingest/{job}", **closing).status_code == 200
    assert again.finished("ingest", job)["numberRecordsProcessed"] == 1


def test_the_identity_url_tells_who_is_connected(sandbox: Sandbox, sync: Client) -> None:
    info = sync.session.get(f"{sandbox.url}/services/oauth2/userinfo", timeout=10).json()
    found = sync.session.get(info["sub"], timeout=10).json()
    assert found["username"] == SYNC
    assert found["urls"]["rest"] == f"{sandbox.url}/services/data/v{{version}}/"
    assert requests.get(info["sub"], timeout=10).text == "Bad_OAuth_Token"
