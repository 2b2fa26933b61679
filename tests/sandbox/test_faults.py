"""Faults on a real socket, and the control endpoint that switches them."""

import time
from collections.abc import Iterator

import pytest
import requests

from adapters.sandbox import Sandbox
from adapters.sandbox.faults import Faults, UnknownFaultError
from tests.sandbox.salesforce.client import Client


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(crms=("salesforce",), accounts=20, seed=2) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    sandbox.clear_faults()
    yield Client.login(sandbox.url, "sandbox-sync", "sandbox-secret")
    sandbox.clear_faults()


def _phone(sandbox: Sandbox, record_id: str) -> object:
    return next(row["Phone"] for row in sandbox.dump("salesforce", "Account") if row["Id"] == record_id)


def test_a_drop_before_does_no_work(sandbox: Sandbox, client: Client) -> None:
    target = client.ids(1)[0]
    sandbox.fault("drop_before", method="PATCH", times=1)
    with pytest.raises(requests.ConnectionError):
        client.update({"id": target, "Phone": "before"})
    assert _phone(sandbox, target) != "before"
    assert client.update({"id": target, "Phone": "again"}).json()[0]["success"]


def test_a_drop_after_has_done_the_work(sandbox: Sandbox, client: Client) -> None:
    target = client.ids(1)[0]
    sandbox.fault("drop_after", method="PATCH", times=1)
    with pytest.raises(requests.ConnectionError):
        client.update({"id": target, "Phone": "after"})
    assert _phone(sandbox, target) == "after"


def test_a_drop_during_breaks_the_body(sandbox: Sandbox, client: Client) -> None:
    sandbox.fault("drop_during", path="/query", times=1)
    with pytest.raises(requests.RequestException):
        client.query("SELECT Id, Name FROM Account")
    assert client.query("SELECT Id FROM Account")["totalSize"] > 0


def test_a_malformed_body_is_200_without_being_json(sandbox: Sandbox, client: Client) -> None:
    sandbox.fault("malformed_body", path="/limits", times=1)
    answer = client.get("/limits")
    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_vendor_shaped_answers(sandbox: Sandbox, client: Client) -> None:
    sandbox.fault("throttle", times=1)
    throttled = client.get("/limits")
    assert (throttled.status_code, throttled.json()[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    sandbox.fault("throttle", times=1, status=429)
    assert client.get("/limits").status_code == 429
    sandbox.fault("unavailable", times=1)
    assert client.get("/limits").json()[0]["errorCode"] == "SERVER_UNAVAILABLE"
    sandbox.fault("expired_token", times=1)
    assert client.get("/limits").json()[0]["errorCode"] == "INVALID_SESSION_ID"
    assert client.get("/limits").status_code == 401, "the token is gone for good, not for one call"


def test_slow_waits(sandbox: Sandbox, client: Client) -> None:
    sandbox.fault("slow", seconds=0.3, times=1)
    start = time.monotonic()
    assert client.get("/limits").status_code == 200
    assert time.monotonic() - start >= 0.3


def test_the_same_seed_hits_the_same_requests() -> None:
    def hits(seed: int) -> list[bool]:
        faults = Faults()
        faults.add("throttle", rate=0.5, seed=seed, after=5, times=20, method="GET")
        assert faults.draw("throttle", "salesforce", "POST", "/") is None
        return [faults.draw("throttle", "salesforce", "GET", "/") is not None for _ in range(100)]

    assert hits(1) == hits(1) != hits(2)
    assert not any(hits(1)[:5])
    assert sum(hits(1)) == 20


@pytest.mark.parametrize(
    "settings",
    [
        {"name": "thunder"},
        {"name": "slow", "rate": 2},
        {"name": "slow", "path": "("},
        {"name": "slow", "x": 1},
    ],
)
def test_settings_that_make_no_sense_are_refused(sandbox: Sandbox, settings: dict[str, object]) -> None:
    with pytest.raises(UnknownFaultError):
        Faults().add(**settings)  # type: ignore[arg-type]
    answer = requests.post(f"{sandbox.url}/sandbox/faults", json=settings, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_faults_are_listed_with_their_hits_and_cleared_by_name(sandbox: Sandbox, client: Client) -> None:
    control = f"{sandbox.url}/sandbox/faults"
    requests.post(control, json={"name": "unavailable", "path": "/limits", "times": 1}, timeout=10)
    requests.post(control, json={"name": "slow", "seconds": 0}, timeout=10)
    assert client.get("/limits").status_code == 503
    listed = {fault["name"]: fault["hits"] for fault in requests.get(control, timeout=10).json()}
    assert listed == {"unavailable": 1, "slow": 1}
    requests.delete(control, params={"name": "slow"}, timeout=10)
    assert [fault["name"] for fault in requests.get(control, timeout=10).json()] == ["unavailable"]


def test_requests_are_counted_by_path_and_writes_apart(sandbox: Sandbox, client: Client) -> None:
    target = client.ids(1)[0]
    requests.delete(f"{sandbox.url}/sandbox/requests", timeout=10)
    client.get(f"/sobjects/Account/{target}")
    client.send("POST", "/composite/sobjects/Account", json={"ids": [target], "fields": ["Name"]})
    client.update({"id": target, "Phone": "1"})
    summary = requests.get(f"{sandbox.url}/sandbox/requests", params={"list": "true"}, timeout=10).json()
    assert (summary["total"], summary["writes"]) == (3, 1)
    base = "/services/data/v60.0"
    assert {(entry["method"], entry["path"], entry["writes"]) for entry in summary["counts"]} == {
        ("GET", f"{base}/sobjects/Account/{{id}}", False),
        ("POST", f"{base}/composite/sobjects/Account", False),
        ("PATCH", f"{base}/composite/sobjects", True),
    }
    assert [entry["status"] for entry in summary["requests"]] == [200, 200, 200]


def test_a_fault_can_be_aimed_at_a_phase(sandbox: Sandbox, client: Client) -> None:
    sandbox.fault("unavailable", phase="describe")
    assert client.get("/sobjects/Account/describe").status_code == 503
    assert client.get("/limits").status_code == 200
    target = client.ids(1)[0]
    assert client.update({"id": target, "Phone": "1"}).status_code == 200
    with pytest.raises(UnknownFaultError, match="read_page"):
        sandbox.fault("unavailable", phase="reading")


def test_every_phase_can_be_hit_alone(sandbox: Sandbox, client: Client) -> None:
    def session() -> list[int]:
        """The statuses of the calls of one session, one call for each phase."""
        found = [requests.post(f"{sandbox.url}/services/oauth2/token", data={}, timeout=10)]
        found.append(client.get("/sobjects/Account/describe"))
        found.append(client.get("/query", q="SELECT Id FROM Account"))
        found.append(client.update({"id": target, "Phone": "2"}))
        job = client.open_job()
        found.append(client.get(f"/jobs/ingest/{job}"))
        found.append(client.upload(job, f"Id,Phone\n{target},3\n"))
        found.append(client.send("PATCH", f"/jobs/ingest/{job}", json={"state": "UploadComplete"}))
        client.finished("ingest", done)
        found.append(client.get(f"/jobs/ingest/{done}/failedResults"))
        return [answer.status_code for answer in found]

    target = client.ids(1)[0]
    done = client.open_job()
    client.upload(done, f"Id,Phone\n{target},1\n")
    client.send("PATCH", f"/jobs/ingest/{done}", json={"state": "UploadComplete"})
    phases = ["login", "describe", "read_page", "write_batch", "job_poll", "upload", "job_close", "results"]
    for number, phase in enumerate(phases):
        sandbox.clear_faults()
        sandbox.fault("html_error", phase=phase, times=1)
        hit = [place for place, status in enumerate(session()) if status == 502]
        assert hit == [number], phase


def test_an_empty_body_keeps_its_status_and_a_gateway_answers_with_a_page(
    sandbox: Sandbox, client: Client
) -> None:
    sandbox.fault("empty_body", path="/limits", times=1)
    empty = client.get("/limits")
    assert (empty.status_code, empty.content) == (200, b"")
    sandbox.fault("html_error", status=503, times=1)
    page = client.get("/limits")
    assert page.status_code == 503
    assert page.headers["Content-Type"].startswith("text/html")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        page.json()


@pytest.mark.usefixtures("client")
def test_at_login_faults_speak_oauth(sandbox: Sandbox) -> None:
    def login() -> tuple[int, str]:
        answer = requests.post(f"{sandbox.url}/services/oauth2/token", data={}, timeout=10)
        return answer.status_code, answer.json()["error_description"]

    sandbox.fault("expired_token", phase="login", times=1)
    assert login() == (400, "expired access/refresh token")
    sandbox.fault("throttle", phase="login", times=1)
    assert login() == (400, "login rate exceeded")
    sandbox.fault("unavailable", phase="login", times=1)
    assert login()[0] == 503


def test_jobs_fail_and_hang(sandbox: Sandbox, client: Client) -> None:
    target = client.ids(1)[0]
    sandbox.fault("stuck_job", times=3)
    sandbox.fault("failed_job", times=2)
    job = client.ingest(f"Id,Phone\n{target},never\n")
    assert (job["state"], job["numberRecordsProcessed"]) == ("Failed", 0)
    assert job["errorMessage"].startswith("InternalServerError")
    assert client.results(job["id"], "unprocessedrecords") == [{"Id": target, "Phone": "never"}]
    assert _phone(sandbox, target) != "never"
    opened = client.send(
        "POST", "/jobs/query", json={"operation": "query", "query": "SELECT Id FROM Account"}
    )
    assert client.finished("query", opened.json()["id"])["state"] == "Failed"
    assert client.bulk_query("SELECT Id FROM Account")
