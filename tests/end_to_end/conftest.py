"""A sandbox CRM, a folder with a configuration for it, and the installed command."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pytest
import requests

from adapters.sandbox import Sandbox

Crm = Literal["salesforce", "hubspot"]
AS_OF = date(2026, 11, 24)
SHIPPED = Path(__file__).parents[2] / "mappings"
ACCOUNTS = {"salesforce": "Account", "hubspot": "companies"}


@dataclass
class Finished:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Place:
    """A folder in which a person works with kpm, and the sandbox that it is connected to."""

    crm: Crm
    folder: Path
    sandbox: Sandbox

    def environment(self) -> dict[str, str]:
        own = {"KPM_CONNECTIONS__ACME__CLIENT_SECRET": "sandbox-secret"}
        own |= {
            "KPM_ADMIN__ACME__CLIENT_ID": "sandbox-admin",
            "KPM_ADMIN__ACME__CLIENT_SECRET": "sandbox-admin-secret",
        }
        if self.crm == "hubspot":
            own = {
                "KPM_CONNECTIONS__ACME__ACCESS_TOKEN": "sandbox-token",
                "KPM_ADMIN__ACME__ACCESS_TOKEN": "sandbox-admin-token",
            }
        # Measuring coverage takes a third of the time: the commands are measured once, on Salesforce.
        unwanted = ("KPM_",) if self.crm == "salesforce" else ("KPM_", "COVERAGE_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
        return {**kept, **own, "NO_COLOR": "1", "COLUMNS": "160"}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "connector", *arguments],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kpm(self, *arguments: str, code: int = 0) -> Finished:
        """Run the command and demand its exit code."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=240)
        assert process.returncode == code, (
            f"kpm {' '.join(arguments)}: exit {process.returncode}\n{out}\n{err}"
        )
        assert "Traceback" not in out + err
        return Finished(process.returncode, out, err)

    def sync(self, *arguments: str, as_of: date = AS_OF, code: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = self.kpm(
            "sync", "--as-of", as_of.isoformat(), "--json", *arguments, code=code
        ).json()
        return found

    @property
    def mapping(self) -> Path:
        return self.folder / "mappings" / f"{self.crm}.toml"

    def edit_mapping(self, pattern: str, replacement: str) -> None:
        text = self.mapping.read_text()
        changed, count = re.subn(pattern, replacement, text, count=1, flags=re.MULTILINE)
        assert count == 1, pattern
        self.mapping.write_text(changed)

    def cells(self, name: str | None = None) -> dict[str, dict[str, Any]]:
        """Every cell of an object behind the API's back, by id."""
        url = f"{self.sandbox.url}/sandbox/dump"
        reply = requests.get(url, {"crm": self.crm, "object": name or ACCOUNTS[self.crm]}, timeout=60)
        reply.raise_for_status()
        rows = [json.loads(line) for line in reply.text.splitlines()]
        if self.crm == "salesforce":
            return {row["Id"]: row for row in rows}
        return {str(row["id"]): {"state": row["state"], **row["properties"]} for row in rows}

    def targets(self) -> dict[str, str]:
        """Result key -> field, as the mapping file has them."""
        section = tomllib.loads(self.mapping.read_text("utf-8"))["write"]
        single = {f"criteria.{key}": target["field"] for key, target in section.get("criteria", {}).items()}
        return {key: value for key, value in section.items() if isinstance(value, str)} | single


def write_configuration(folder: Path, crm: Crm, url: str, mapping: str | None = None) -> None:
    shutil.copytree(SHIPPED, folder / "mappings")
    address = f'auth = "client_credentials"\nlogin_url = "{url}"\nclient_id = "sandbox-sync"'
    if crm == "hubspot":
        address = f'api_url = "{url}"'
    (folder / "config.toml").write_text(
        f'[connections.acme]\ncrm = "{crm}"\nmapping = "mappings/{mapping or crm}.toml"\n{address}\n',
    )


def place(crm: Crm, folder: Path, sandbox: Sandbox) -> Place:
    write_configuration(folder, crm, sandbox.url)
    return Place(crm, folder, sandbox)


@pytest.fixture(params=["salesforce", "hubspot"])
def crm(request: pytest.FixtureRequest) -> Crm:
    found: Crm = request.param
    return found


@pytest.fixture
def here(crm: Crm, tmp_path: Path) -> Iterator[Place]:
    """A provisioned sandbox with 120 accounts, not yet synced."""
    with Sandbox((crm,), accounts=120, seed=5, today=AS_OF) as sandbox:
        found = place(crm, tmp_path, sandbox)
        found.kpm("provision", "--yes")
        yield found


ON_ONE_CRM = {
    "test_calibrate": "hubspot",
    "test_families": "hubspot",
    "test_overrides": "hubspot",
    "test_potential": "hubspot",
    "test_rejects": "hubspot",
    "test_simulate": "hubspot",
    "test_wallet": "salesforce",
    "test_workshop": "hubspot",
}
"""What works on what was read, the same for both CRMs: `make test` takes one of them, `make proof` both."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        chosen, crm = getattr(item, "callspec", None), ON_ONE_CRM.get(item.path.stem)
        if (
            crm
            and item.path.parent == Path(__file__).parent
            and chosen
            and chosen.params.get("crm") not in (crm, None)
        ):
            item.add_marker(pytest.mark.proof)
