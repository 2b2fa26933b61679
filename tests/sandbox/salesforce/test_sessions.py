import requests

from adapters.sandbox import Sandbox
from adapters.sandbox.side import Visibility
from tests.sandbox.salesforce.client import Client


def _token(sandbox: Sandbox, **form: str) -> requests.Response:
    return requests.post(f"{sandbox.url}/services/oauth2/token", data=form, timeout=10)


def test_client_credentials_name_instance_and_user(sandbox: Sandbox) -> None:
    answer = _token(
        sandbox, grant_type="client_credentials", client_id="sandbox-sync", client_secret="sandbox-secret"
    ).json()
    assert answer["instance_url"] == sandbox.url
    assert answer["token_type"] == "Bearer"
    assert answer["id"].split("/")[-1].startswith("005")


def test_wrong_secret_and_unknown_client_answer_as_oauth_errors(sandbox: Sandbox) -> None:
    wrong = _token(sandbox, grant_type="client_credentials", client_id="sandbox-sync", client_secret="no")
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_client")
    unknown = _token(sandbox, grant_type="client_credentials", client_id="nobody", client_secret="no")
    assert unknown.json() == {"error": "invalid_client_id", "error_description": "client identifier invalid"}
    grant = _token(sandbox, grant_type="magic", client_id="sandbox-sync", client_secret="sandbox-secret")
    assert grant.json()["error"] == "unsupported_grant_type"


def test_refresh_token_gives_a_working_token(sandbox: Sandbox) -> None:
    form = {"grant_type": "refresh_token", "client_id": "sandbox-sync", "client_secret": "sandbox-secret"}
    token = _token(sandbox, **form, refresh_token="sandbox-sync-refresh").json()["access_token"]
    assert Client(sandbox.url, token).get("/limits").status_code == 200
    assert _token(sandbox, **form, refresh_token="old").json()["error"] == "invalid_grant"


def test_unknown_token_is_401_on_data_and_403_text_at_userinfo(sandbox: Sandbox) -> None:
    stranger = Client(sandbox.url, "nonsense")
    answer = stranger.get("/limits")
    assert answer.status_code == 401
    assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    info = stranger.session.get(f"{sandbox.url}/services/oauth2/userinfo", timeout=10)
    assert (info.status_code, info.text) == (403, "Bad_OAuth_Token")


def test_userinfo_tells_who_is_connected(sandbox: Sandbox, sync: Client) -> None:
    info = sync.session.get(f"{sandbox.url}/services/oauth2/userinfo", timeout=10).json()
    assert info["preferred_username"] == "sync@sandbox.example"
    assert info["organization_id"].startswith("00D")


def test_revoked_access_stops_tokens_and_credentials(sandbox: Sandbox, sync: Client) -> None:
    sandbox.visibility("salesforce", Visibility("revoke_tokens"))
    try:
        assert sync.get("/limits").status_code == 401
        again = _token(
            sandbox,
            grant_type="client_credentials",
            client_id="sandbox-sync",
            client_secret="sandbox-secret",
        )
        assert again.status_code == 400
    finally:
        sandbox.visibility("salesforce", Visibility("restore_tokens"))
    assert Client.login(sandbox.url, "sandbox-sync", "sandbox-secret").get("/limits").status_code == 200


def test_versions_are_listed_and_others_not_found(sandbox: Sandbox, sync: Client) -> None:
    versions = requests.get(f"{sandbox.url}/services/data", timeout=10).json()
    assert [entry["version"] for entry in versions] == [f"{number}.0" for number in range(31, 68)]
    seasons = {entry["version"]: entry["label"] for entry in versions}
    assert (seasons["60.0"], seasons["62.0"], seasons["67.0"]) == ("Spring '24", "Winter '25", "Summer '26")
    assert seasons["31.0"] == "Summer '14"
    assert Client(sandbox.url, sync.token, "67.0").get("/limits").status_code == 200
    assert Client(sandbox.url, sync.token, "12.0").get("/limits").status_code == 410, "retired"
    assert Client(sandbox.url, sync.token, "99.0").get("/limits").status_code == 404


def test_every_answer_counts_against_the_daily_limit(sandbox: Sandbox, sync: Client) -> None:
    before = sandbox.quota("salesforce")
    answer = sync.get("/limits")
    assert answer.headers["Sforce-Limit-Info"] == f"api-usage={before['used'] + 1}/{before['limit']}"
    assert answer.json()["DailyApiRequests"]["Max"] == before["limit"]
    sandbox.quota("salesforce", limit=before["used"] + 1)
    try:
        refused = sync.get("/limits")
        assert refused.status_code == 403
        assert refused.json()[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"
    finally:
        sandbox.quota("salesforce", limit=before["limit"])
