"""jsforce, the JavaScript client of Salesforce's own command line, finds a Salesforce org in the sandbox."""

from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox import Sandbox
from tests.clients.node import script
from tests.sandbox.salesforce.client import Client


@pytest.fixture
def sync(salesforce: Sandbox) -> Client:
    return Client.login(salesforce.url, "sandbox-sync", "sandbox-secret")


def jsforce(sandbox: Sandbox, home: Path, step: str, client: Client, **given: object) -> Any:
    return script("jsforce.mjs", {"step": step, "url": sandbox.url, "token": client.token, **given}, home)


def test_it_pages_through_every_account_once(salesforce: Sandbox, sync: Client, tmp_path: Path) -> None:
    soql = "SELECT Id, Name, RecordType.DeveloperName FROM Account"
    answer = jsforce(salesforce, tmp_path, "query", sync, soql=soql)

    ids = [record["Id"] for record in answer["records"]]
    assert len(ids) > 2_000, "more than one page"
    assert len(ids) == len(set(ids)) == answer["total"]
    assert ids == [row["Id"] for row in salesforce.dump("salesforce", "Account") if not row["IsDeleted"]]
