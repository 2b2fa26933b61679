"""A generated portfolio kept in a file: the next sandbox starts from it, and is the same to the last cell."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests

from adapters.sandbox import Sandbox, server
from tests.sandbox.salesforce.client import Client

OBJECTS = {
    "salesforce": (
        "Account",
        "Opportunity",
        "User",
        "CurrencyType",
        "PermissionSetAssignment",
        "CustomField",
    ),
    "hubspot": ("companies", "deals", "associations"),
}


def everything(sandbox: Sandbox) -> dict[str, list[dict[str, Any]]]:
    return {
        f"{crm}.{name}": [
            {
                key: value
                for key, value in row.items()
                if "Modified" not in key and key not in ("CreatedDate", "SystemModstamp")
            }
            for row in sandbox.dump(crm, name)
        ]
        for crm, names in OBJECTS.items()
        for name in names
    }


@pytest.fixture
def generated(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often a portfolio was generated: one number of accounts for each time."""
    made: list[int] = []
    real: Callable[..., Any] = server.generate

    def counting(accounts: int, *arguments: Any, **more: Any) -> Any:
        made.append(accounts)
        return real(accounts, *arguments, **more)

    monkeypatch.setattr(server, "generate", counting)
    return made


def test_the_second_sandbox_copies_the_first(tmp_path: Path, generated: list[int]) -> None:
    data = tmp_path / "deep" / "100% of it?.sqlite"
    with Sandbox(accounts=120, seed=4, data=data, today=date(2026, 3, 1)) as first:
        expected = everything(first)
        client = Client.login(first.url, "sandbox-sync", "sandbox-secret")
        client.update({"id": client.ids(1)[0], "Phone": "changed afterwards"})
    with Sandbox(accounts=120, seed=4, data=data) as second:
        assert second.world.today == date(2026, 3, 1), "the date of the data"
        assert everything(second) == expected, "without what was changed afterwards"
        client = Client.login(second.url, "sandbox-sync", "sandbox-secret")
        assert client.update({"id": client.ids(1)[0], "Phone": "1"}).json()[0]["success"]
        made = client.create({"Name": "New"}, object="Account")
        assert made[0]["success"]
        headers = {"Authorization": "Bearer sandbox-token"}
        owners = requests.get(f"{second.url}/crm/v3/owners", headers=headers, timeout=10).json()
        assert owners["results"], "what a side keeps in memory is there as well"
    assert generated == [120]
    assert list(data.parent.iterdir()) == [data], "nothing is left beside it"


@pytest.mark.parametrize(
    "other", [{"accounts": 121}, {"seed": 5}, {"ratings": False}, {"today": date(2026, 3, 2)}]
)
def test_a_file_of_another_sandbox_is_made_anew(
    tmp_path: Path, generated: list[int], other: dict[str, Any]
) -> None:
    data = tmp_path / "data.sqlite"
    asked: dict[str, Any] = {
        "crms": ("salesforce",),
        "accounts": 120,
        "today": date(2026, 3, 1),
        "data": data,
    }
    for wanted in (asked, asked | other, asked | other):
        with Sandbox(**wanted):
            pass
    assert len(generated) == 2


def test_a_file_that_is_no_database_is_replaced(tmp_path: Path, generated: list[int]) -> None:
    data = tmp_path / "data.sqlite"
    data.write_bytes(b"no database at all")
    for _ in range(2):
        with Sandbox(crms=("salesforce",), accounts=20, data=data):
            pass
    assert generated == [20]
    with closing(sqlite3.connect(data)) as kept:
        assert kept.execute('SELECT count(*) FROM "sf_Account"').fetchone()[0] > 10
