"""Starting, stopping and steering the sandbox as a whole."""

import json
import signal
import socket
import subprocess
import sys
from datetime import date
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests

from adapters.sandbox import Sandbox
from adapters.sandbox.side import ControlError
from tests.sandbox.salesforce.client import Client

_SERVE = """
import sys
from adapters.sandbox import Sandbox
sandbox = Sandbox(crms=("salesforce",), accounts=5, port=int(sys.argv[1]))
sandbox.start()
print(sandbox.url, flush=True)
sandbox.serve()
print("stopped", flush=True)
"""


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "example.com"])  # noqa: S104 (has to be refused)
def test_only_loopback_is_served(host: str) -> None:
    with pytest.raises(ValueError, match="listens on"):
        Sandbox(host=host)
    with pytest.raises(ValueError, match="unknown CRM"):
        Sandbox(crms=("siebel",))


def test_a_taken_port_is_an_os_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        Sandbox(crms=("salesforce",), accounts=1, port=taken.getsockname()[1]).start()


def test_stopping_closes_the_port_and_removes_the_data(tmp_path: Path) -> None:
    sandbox = Sandbox(crms=("salesforce",), accounts=5)
    with sandbox:
        url, folder = sandbox.url, sandbox.world.folder
        assert requests.get(f"{url}/sandbox/", timeout=10).json()["accounts"] == 5
        assert folder.exists()
    assert not folder.exists()
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=2)
    kept = tmp_path / "kept"
    with Sandbox(crms=("salesforce",), accounts=5, folder=kept):
        pass
    assert (kept / "sandbox.sqlite").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_foreground_cleanly(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE, "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert requests.get(f"{url}/services/data", timeout=10).status_code == 200
    process.send_signal(number)
    out, errors = process.communicate(timeout=15)
    assert (process.returncode, out.strip(), errors) == (0, "stopped", "")


def test_the_same_seed_gives_the_same_data() -> None:
    def names(seed: int) -> list[object]:
        with Sandbox(crms=("salesforce",), accounts=30, seed=seed, today=date(2026, 3, 1)) as sandbox:
            return [
                (row["Id"], row["Name"], row["KPM_Demand__c"])
                for row in sandbox.dump("salesforce", "Account")
            ]

    assert names(1) == names(1) != names(2)


def test_the_date_can_be_moved() -> None:
    with Sandbox(crms=("salesforce",), accounts=10, today=date(2026, 3, 1)) as sandbox:
        client = Client.login(sandbox.url, "sandbox-sync", "sandbox-secret")
        moved = requests.post(f"{sandbox.url}/sandbox/today", json={"today": "2026-03-05"}, timeout=10)
        assert moved.json() == {"today": "2026-03-05"}
        target = client.ids(1)[0]
        client.update({"id": target, "Phone": "1"})
        answer = client.get(f"/sobjects/Account/{target}")
        assert parsedate_to_datetime(answer.headers["Date"]).date() == date(2026, 3, 5)
        assert "," not in answer.headers["Date"].partition(",")[2]  # one header, not two
        stamp = answer.json()["SystemModstamp"]
        assert stamp.startswith("2026-03-05T")
        assert client.query("SELECT COUNT() FROM Account WHERE SystemModstamp = TODAY")["totalSize"] == 1


def test_the_control_endpoint_edits_dumps_and_explains_mistakes() -> None:
    with Sandbox(crms=("salesforce",), accounts=10) as sandbox:
        control = f"{sandbox.url}/sandbox"
        edit = {"crm": "salesforce", "object": "Account", "values": {"Name": "By hand"}}
        created = requests.post(f"{control}/edit", json=edit, timeout=10).json()["id"]
        lines = requests.get(
            f"{control}/dump", params={"crm": "salesforce", "object": "Account"}, timeout=10
        ).text
        records = {record["Id"]: record for record in map(json.loads, lines.splitlines())}
        assert records[created]["Name"] == "By hand"
        assert len(records[created]) > 30
        for body, words in (
            ({**edit, "crm": "siebel"}, "no 'siebel'"),
            ({**edit, "object": "Nope"}, "unknown object"),
            ({**edit, "values": {"Nope": 1}}, "no field"),
            ({**edit, "id": "001"}, "no record"),
            ({"object": "Account"}, "crm"),
        ):
            answer = requests.post(f"{control}/edit", json=body, timeout=10)
            assert answer.status_code == 400
            assert words in answer.json()["error"]
        change = {"crm": "salesforce", "change": "hide_everything"}
        refused = requests.post(f"{control}/visibility", json=change, timeout=10)
        assert (refused.status_code, "hide_half" in refused.json()["error"]) == (400, True)
        quota = {"crm": "salesforce", "limit": 50, "used": 49}
        assert requests.post(f"{control}/quota", json=quota, timeout=10).json() == {"limit": 50, "used": 49}
        with pytest.raises(ControlError):
            sandbox.dump("hubspot", "companies")
