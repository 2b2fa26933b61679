"""The Salesforce CLI, the vendor's own client, works with the sandbox as with an org."""

import csv
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from adapters.sandbox import Sandbox
from tests.clients.node import INSTALLED, OUTSIDE, run
from tests.sandbox.salesforce.client import Client
from tests.sandbox.salesforce.keys import certificate, private_key
from tests.unit.adapters.salesforce.test_provision import READS, SPECS, opened

QUIET = {
    "SF_DISABLE_TELEMETRY": "true",
    "SF_AUTOUPDATE_DISABLE": "true",
    "SF_SKIP_NEW_VERSION_CHECK": "true",
    "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
}


@dataclass(frozen=True)
class Sf:
    """The command ``sf`` in a folder of its own, where its logins are kept."""

    home: Path

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        program = INSTALLED / "@salesforce" / "cli" / "bin" / "run.js"
        return run([str(program), *words], self.home, **QUIET, **more)

    def result(self, *words: str, **more: str) -> Any:
        ended = self.run(*words, "--json", **more)
        assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
        return json.loads(ended.stdout)["result"]

    def file(self, name: str, *rows: tuple[str, ...]) -> str:
        with (self.home / name).open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        return name


@pytest.fixture(scope="module")
def sf(salesforce: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sf]:
    """Logged in as an administrator, by an access token (`admin`), and as the integration user, by a JWT (`sync`)."""
    command = Sf(tmp_path_factory.mktemp("sf"))
    salesforce.configure("salesforce", "jobs", prompt=True)
    token = Client.login(salesforce.url, "sandbox-admin", "sandbox-admin-secret").token
    by_token = ("org", "login", "access-token", "--no-prompt", "--instance-url", salesforce.url)
    known = command.result(*by_token, "--alias", "admin", SF_ACCESS_TOKEN=token)
    assert known["username"] == "admin@sandbox.example"

    key = private_key()
    salesforce.configure("salesforce", "app", client_id="sf", certificate=certificate(key))
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (command.home / "key.pem").write_bytes(pem)
    by_key = ("org", "login", "jwt", "--client-id", "sf", "--jwt-key-file", "key.pem")
    signed = command.result(
        *by_key,
        *("--username", "sync@sandbox.example", "--instance-url", salesforce.url, "--alias", "sync"),
    )
    assert signed["username"] == "sync@sandbox.example"
    yield command
    outside = command.home / OUTSIDE
    assert not outside.exists(), f"the client tried to reach {outside.read_text()}"


def stored(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    return {row["Id"]: row for row in sandbox.dump("salesforce", "Account") if not row["IsDeleted"]}


def test_data_query_shows_records_and_their_parents(salesforce: Sandbox, sf: Sf) -> None:
    soql = "SELECT Id, Name, Owner.Name, AnnualRevenue FROM Account WHERE Type = 'Partner' ORDER BY Id"
    found = sf.result("data", "query", "--query", soql, "--target-org", "sync")
    partners = sorted(row["Id"] for row in stored(salesforce).values() if row["Type"] == "Partner")
    assert [record["Id"] for record in found["records"]] == partners
    assert found["totalSize"] == len(partners) > 10
    assert all(record["Owner"]["Name"] for record in found["records"])
    counted = "SELECT Type, COUNT(Id) FROM Account WHERE Type = 'Partner' GROUP BY Type"
    shown = sf.run("data", "query", "--query", counted, "--target-org", "sync", "--result-format", "csv")
    assert shown.returncode == 0, shown.stderr
    assert f"Partner,{len(partners)}" in shown.stdout


def test_data_query_reads_beyond_one_page(salesforce: Sandbox, sf: Sf) -> None:
    found = sf.result(
        "data",
        "query",
        *("--query", "SELECT Id FROM Account", "--target-org", "sync"),
        SF_ORG_MAX_QUERY_LIMIT="100000",
    )
    assert {record["Id"] for record in found["records"]} == set(stored(salesforce))


def test_a_wrong_query_is_explained_in_salesforces_words(sf: Sf) -> None:
    ended = sf.run("data", "query", "--query", "SELECT Nope FROM Account", "--target-org", "sync", "--json")
    answer = json.loads(ended.stdout)
    assert (ended.returncode, answer["name"]) == (1, "INVALID_FIELD")
    assert "No such column 'Nope' on entity 'Account'" in answer["message"]


def test_data_export_bulk_writes_every_record(salesforce: Sandbox, sf: Sf) -> None:
    salesforce.configure("salesforce", "jobs", page_rows=1_000)  # several pages
    words = ("--query", "SELECT Id, Name FROM Account", "--output-file", "out.csv", "--result-format", "csv")
    exported = sf.result("data", "export", "bulk", *words, "--wait", "2", "--target-org", "sync")
    with (sf.home / "out.csv").open(newline="") as file:
        rows = {row["Id"]: row["Name"] for row in csv.DictReader(file)}
    assert rows == {record_id: row["Name"] for record_id, row in stored(salesforce).items()}
    assert exported["totalSize"] == len(rows)
    salesforce.configure("salesforce", "jobs", page_rows=50_000)


def test_data_update_bulk_changes_records_and_reports_the_refused(salesforce: Sandbox, sf: Sf) -> None:
    good, other, *_ = stored(salesforce)
    file = sf.file("update.csv", ("Id", "Phone"), (good, "+43 1"), (other, "x" * 41))
    ended = sf.run(
        "data",
        "update",
        "bulk",
        *("--sobject", "Account", "--file", file, "--wait", "2", "--target-org", "sync", "--json"),
    )
    answer = json.loads(ended.stdout)
    assert answer["name"] == "FailedRecordDetailsError", answer
    job_id = answer["data"]["jobId"]
    results = sf.result("data", "bulk", "results", "--job-id", job_id, "--target-org", "sync")
    assert (results["processedRecords"], results["successfulRecords"], results["failedRecords"]) == (2, 1, 1)
    with (sf.home / results["failedFilePath"]).open(newline="") as failed:
        refused = list(csv.DictReader(failed))
    assert [row["Id"] for row in refused] == [other]
    assert refused[0]["sf__Error"].startswith("STRING_TOO_LONG:")
    assert stored(salesforce)[good]["Phone"] == "+43 1"


def test_data_upsert_bulk_updates_by_id(salesforce: Sandbox, sf: Sf) -> None:
    ids = list(stored(salesforce))[10:1_210]
    file = sf.file(
        "upsert.csv", ("Id", "Description"), *((record_id, f"by sf, {record_id}") for record_id in ids)
    )
    done = sf.result(
        "data",
        "upsert",
        "bulk",
        *(
            "--sobject",
            "Account",
            "--file",
            file,
            "--external-id",
            "Id",
            "--wait",
            "2",
            "--target-org",
            "sync",
        ),
    )
    assert done["jobInfo"]["state"] == "JobComplete"
    assert done["jobInfo"]["numberRecordsProcessed"] == len(ids)
    now = stored(salesforce)
    assert all(now[record_id]["Description"] == f"by sf, {record_id}" for record_id in ids)


def test_sobject_describe_tells_what_the_user_sees(salesforce: Sandbox, sf: Sf) -> None:
    described = sf.result("sobject", "describe", "--sobject", "Account", "--target-org", "sync")
    asked = Client.login(salesforce.url, "sandbox-sync", "sandbox-secret").get("/sobjects/Account/describe")
    assert described["fields"] == asked.json()["fields"]
    assert "Account" in sf.result("sobject", "list", "--target-org", "sync")


def test_single_records_and_trees(salesforce: Sandbox, sf: Sf) -> None:
    made = sf.result(
        "data",
        "create",
        "record",
        *("--sobject", "Account", "--values", "Name=Made", "--target-org", "admin"),
    )
    one = ("--sobject", "Account", "--record-id", made["id"], "--target-org", "admin")
    sf.result("data", "update", "record", *one, "--values", "Phone=12")
    assert sf.result("data", "get", "record", *one)["Phone"] == "12"
    contact = {"attributes": {"type": "Contact", "referenceId": "c"}, "LastName": "Leaf"}
    account = {
        "attributes": {"type": "Account", "referenceId": "a"},
        "Name": "Tree",
        "Contacts": {"records": [contact]},
    }
    (sf.home / "tree.json").write_text(json.dumps({"records": [account]}))
    planted = sf.result("data", "import", "tree", "--files", "tree.json", "--target-org", "admin")
    assert {each["type"] for each in planted} == {"Account", "Contact"}
    assert {each["id"] for each in planted} & set(stored(salesforce))
    sf.result("data", "delete", "record", *one)
    assert made["id"] not in stored(salesforce)


def test_the_emitted_project_is_one_that_the_cli_can_deploy(sf: Sf) -> None:
    """`kpm provision --emit` writes source; the CLI turns it into the package that a deployment sends."""
    with Sandbox(crms=("salesforce",), accounts=20, ratings=False) as day_one:
        files = opened(day_one, "admin").emit(SPECS, READS, sf.home / "project")
    assert files
    converted = run(
        [
            str(INSTALLED / "@salesforce/cli/bin/run.js"),
            "project",
            "convert",
            "source",
            "--output-dir",
            "package",
        ],
        sf.home / "project",
        **QUIET,
        HOME=str(sf.home),
    )
    assert converted.returncode == 0, f"{converted.stdout}\n{converted.stderr}"
    package = sf.home / "project" / "package"
    manifest = (package / "package.xml").read_text()
    members = {line.strip() for line in manifest.splitlines()}
    assert {f"<members>Account.{spec.name}</members>" for spec in SPECS} <= members
    assert {"<members>KPM_Sync</members>", "<members>KPM_User</members>"} <= members
    account = (package / "objects" / "Account.object").read_text()
    assert all(f"<fullName>{spec.name}</fullName>" in account for spec in SPECS)
