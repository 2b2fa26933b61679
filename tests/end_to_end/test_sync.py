"""One night after the other, through the installed command."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.end_to_end.conftest import Place

STAMPS = {
    "salesforce": {"LastModifiedDate", "SystemModstamp", "LastModifiedById"},
    "hubspot": {"hs_lastmodifieddate", "lastmodifieddate", "updatedAt"},
}


def read_back(here: Place) -> dict[str, dict[str, Any]]:
    """All accounts as an HTTP client of its own reads them."""
    fields = list(here.targets().values())
    return _salesforce(here, fields) if here.crm == "salesforce" else _hubspot(here, fields)


def _salesforce(here: Place, fields: list[str]) -> dict[str, dict[str, Any]]:
    login = requests.post(
        f"{here.sandbox.url}/services/oauth2/token",
        data={
            "grant_type": "client_credentials",
            "client_id": "sandbox-sync",
            "client_secret": "sandbox-secret",
        },
        timeout=30,
    ).json()
    headers = {"Authorization": f"Bearer {login['access_token']}"}
    query = f"SELECT Id, {', '.join(fields)} FROM Account"
    url = f"{here.sandbox.url}/services/data/v64.0/query?q={query}"
    rows: list[dict[str, Any]] = []
    while url:
        reply = requests.get(url, headers=headers, timeout=30).json()
        rows += reply["records"]
        url = "" if reply["done"] else here.sandbox.url + reply["nextRecordsUrl"]
    return {row["Id"]: {name: row[name] for name in fields} for row in rows}


def _hubspot(here: Place, fields: list[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    after: str | None = None
    while True:
        parameters = {"limit": 100, "properties": ",".join(fields), **({"after": after} if after else {})}
        reply = requests.get(
            f"{here.sandbox.url}/crm/v3/objects/companies",
            parameters,
            headers={"Authorization": "Bearer sandbox-token"},
            timeout=30,
        ).json()
        for row in reply["results"]:
            found[row["id"]] = {name: row["properties"].get(name) or None for name in fields}
        after = reply.get("paging", {}).get("next", {}).get("after")
        if after is None:
            return found


def plain(value: Any) -> Any:
    """A stored value in comparable form: HubSpot keeps everything as text, Salesforce has no null checkbox."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def same_cells(before: dict[str, Any], after: dict[str, Any], ignored: set[str]) -> list[tuple[str, str]]:
    return [
        (key, name)
        for key, row in before.items()
        for name, value in row.items()
        if name not in ignored and after[key].get(name) != value
    ]


@pytest.mark.timeout(240)
def test_what_explain_states_is_what_the_crm_holds_and_a_second_sync_is_silent(here: Place) -> None:
    before = here.cells()
    first = here.sync()
    assert first["written"] > 50

    held = read_back(here)
    targets = here.targets()
    explained = here.kpm("explain", "--all", "--json").lines()
    assert len(explained) > 50
    for account in explained:
        stated = {targets[key]: plain(value) for key, value in account["written"].items() if key in targets}
        actual = {name: plain(value) for name, value in held[account["account"]["id"]].items()}
        if not account["member"]:
            stated = {name: value or None for name, value in stated.items()}
            actual = {name: value or None for name, value in actual.items()}
        assert actual == stated, account["account"]

    after = here.cells()
    ignored = set(targets.values()) | STAMPS[here.crm]
    assert same_cells(before, after, ignored) == []

    here.sandbox.clear_requests()
    second = here.sync()
    assert second["written"] == 0
    assert here.sandbox.requests()["writes"] == 0
    assert here.cells() == after


def other_objects(here: Place) -> dict[str, Any]:
    names = (
        ("Opportunity", "Contact", "Case", "Order")
        if here.crm == "salesforce"
        else ("deals", "contacts", "tickets", "orders")
    )
    return {name: here.cells(name) for name in names}


def test_nothing_but_accounts_is_touched(here: Place) -> None:
    before = other_objects(here)
    here.sync()
    assert other_objects(here) == before


def test_explain_needs_no_crm(here: Place) -> None:
    here.sync()
    stated = here.kpm("explain", "--largest", "--json").json()
    here.sandbox.stop()
    alone = here.kpm("explain", "--largest", "--json").json()
    assert {**alone, "account": None} == {**stated, "account": None}
    assert here.kpm("runs", "--json").json()[0]["status"] == "done"
