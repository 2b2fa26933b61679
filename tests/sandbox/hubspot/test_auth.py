"""Who may ask, and what HubSpot says to everybody else."""

from __future__ import annotations

import pytest
import requests

from adapters.sandbox import Sandbox
from adapters.sandbox.side import Visibility
from tests.sandbox.hubspot.conftest import Api

COMPANIES = "/crm/v3/objects/companies"
FORM = {
    "grant_type": "refresh_token",
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
    "refresh_token": "sandbox-refresh-token",
}


def token(sandbox: Sandbox, **changes: str) -> requests.Response:
    return requests.post(f"{sandbox.url}/oauth/v1/token", data={**FORM, **changes}, timeout=30)


def test_without_a_token_nothing_is_answered(shared: Sandbox) -> None:
    answer = requests.get(shared.url + COMPANIES, timeout=30)
    assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")


def test_an_undecodable_token_expired_in_1970(reader: Api) -> None:
    body = reader.as_token("no-such-token").get(COMPANIES).json()
    assert body["category"] == "EXPIRED_AUTHENTICATION"
    assert body["context"]["expire time"] == ["1970-01-01T00:00:00Z"]
    assert "day(s) ago" in body["message"]


def test_a_revoked_token_is_not_known(reader: Api) -> None:
    answer = reader.as_token("sandbox-revoked-token").get(COMPANIES)
    assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")


@pytest.mark.parametrize(
    ("name", "method", "path", "scope"),
    [
        ("sandbox-limited-token", "GET", "/crm/v3/objects/deals", "crm.objects.deals.read"),
        ("sandbox-limited-token", "GET", "/crm/v3/objects/tickets", "tickets"),
        ("sandbox-limited-token", "GET", "/crm/v3/owners", "crm.objects.owners.read"),
        (
            "sandbox-rep-token",
            "POST",
            "/crm/v3/objects/companies/batch/update",
            "crm.objects.companies.write",
        ),
        ("sandbox-token", "POST", "/crm/v3/properties/companies", "crm.schemas.companies.write"),
        ("sandbox-rep-token", "GET", "/settings/v3/currencies/exchange-rates", "settings.currencies.read"),
    ],
)
def test_a_missing_scope_is_named(reader: Api, name: str, method: str, path: str, scope: str) -> None:
    answer = reader.as_token(name).session.request(method, reader.sandbox.url + path, json={}, timeout=30)
    body = answer.json()
    assert (answer.status_code, body["category"]) == (403, "MISSING_SCOPES")
    assert scope in body["errors"][0]["context"]["requiredGranularScopes"]
    assert not any(name.lower().startswith("x-hubspot-ratelimit") for name in answer.headers)


def test_a_key_can_ask_for_its_scopes(shared: Sandbox) -> None:
    url = f"{shared.url}/oauth/v2/private-apps/get/access-token-info"
    body = requests.post(url, json={"tokenKey": "sandbox-limited-token"}, timeout=30).json()
    assert body["scopes"] == ["oauth", "crm.objects.companies.read"]


def test_a_refresh_token_buys_an_access_token_for_thirty_minutes(sandbox: Sandbox, api: Api) -> None:
    body = token(sandbox).json()
    assert (body["token_type"], body["expires_in"]) == ("bearer", 1_800)
    renewed = api.as_token(body["access_token"])
    assert renewed.get(COMPANIES).status_code == 200
    about = requests.get(f"{sandbox.url}/oauth/v1/access-tokens/{body['access_token']}", timeout=30).json()
    assert about["scopes"] == body["scopes"]


@pytest.mark.parametrize(
    ("field", "status"),
    [
        ("grant_type", "BAD_GRANT_TYPE"),
        ("client_id", "BAD_CLIENT_ID"),
        ("client_secret", "BAD_CLIENT_SECRET"),
        ("refresh_token", "BAD_REFRESH_TOKEN"),
    ],
)
def test_wrong_credentials_are_told_apart(shared: Sandbox, field: str, status: str) -> None:
    answer = token(shared, **{field: "wrong"})
    assert (answer.status_code, answer.json()["status"]) == (400, status)


def test_the_fault_expires_an_oauth_token_for_good_but_not_a_key(sandbox: Sandbox, api: Api) -> None:
    renewed = api.as_token(token(sandbox).json()["access_token"])
    for caller, after in ((renewed, 401), (api, 200)):
        sandbox.fault("expired_token", times=1)
        body = caller.get(COMPANIES).json()
        assert body["category"] == "EXPIRED_AUTHENTICATION"
        assert not body["context"]["expire time"][0].startswith("1970")
        assert caller.get(COMPANIES).status_code == after


def test_all_tokens_can_be_revoked_and_restored(sandbox: Sandbox, api: Api) -> None:
    sandbox.visibility("hubspot", Visibility("revoke_tokens"))
    assert api.get(COMPANIES).status_code == 401
    assert token(sandbox).json()["status"] == "BAD_REFRESH_TOKEN"
    sandbox.visibility("hubspot", Visibility("restore_tokens"))
    assert api.get(COMPANIES).status_code == 200
