"""What reps and admins see: the rep's view of the record, and the first day without any rating."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from adapters.sandbox import Sandbox
from tests.end_to_end.conftest import AS_OF, Crm, Place, place

LABELS = ("Key account", "Development zone", "Maintain", "Efficient care", "Not rated yet")


def read_as_rep(here: Place, key: str, fields: list[str]) -> dict[str, Any]:
    if here.crm == "hubspot":
        reply = requests.get(
            f"{here.sandbox.url}/crm/v3/objects/companies/{key}",
            {"properties": ",".join(fields)},
            headers={"Authorization": "Bearer sandbox-rep-token"},
            timeout=30,
        )
        reply.raise_for_status()
        found: dict[str, Any] = reply.json()["properties"]
        return found
    reply = requests.get(
        f"{here.sandbox.url}/services/data/v64.0/sobjects/Account/{key}",
        {"fields": ",".join(fields)},
        headers=rep_in_salesforce(here),
        timeout=30,
    )
    reply.raise_for_status()
    record: dict[str, Any] = reply.json()
    return record


def rep_in_salesforce(here: Place) -> dict[str, str]:
    login = requests.post(
        f"{here.sandbox.url}/services/oauth2/token",
        data={
            "grant_type": "client_credentials",
            "client_id": "sandbox-rep",
            "client_secret": "sandbox-rep-secret",
        },
        timeout=30,
    ).json()
    return {"Authorization": f"Bearer {login['access_token']}"}


def rep_name(here: Place) -> str:
    url = f"{here.sandbox.url}/services/oauth2/userinfo"
    name: str = requests.get(url, headers=rep_in_salesforce(here), timeout=30).json()["preferred_username"]
    return name


def test_a_rep_sees_badge_reason_and_next_step(here: Place) -> None:
    if here.crm == "salesforce":
        here.kpm("provision", "--yes", "--assign", rep_name(here))
    here.sync()
    targets = here.targets()
    names = [targets[key] for key in ("segment", "why", "next_step", "potential")]
    rated = [
        one
        for one in here.kpm("explain", "--all", "--json").lines()
        if one["member"] and one["segment"] != "unrated"
    ]
    assert len(rated) > 20
    for one in rated[:10]:
        seen = read_as_rep(here, one["account"]["id"], names)
        assert seen[targets["segment"]] == one["segment"]
        why = seen[targets["why"]]
        assert len(why) <= 255
        assert any(label in why for label in LABELS), why
        criteria = [each for part in one["dimensions"].values() for each in part["criteria"]]
        named = [each for each in criteria if each["known"] and each["label"].split(" (")[0] in why]
        assert any(str(round(each["score"])) in why for each in named), (why, named)
        assert seen[targets["next_step"]]


@pytest.fixture
def first_day(crm: Crm, tmp_path: Path) -> Iterator[Place]:
    """No rating or wallet field exists yet, nothing is provisioned."""
    with Sandbox((crm,), accounts=150, seed=9, today=AS_OF, ratings=False) as sandbox:
        yield place(crm, tmp_path, sandbox)


def test_the_first_day(first_day: Place) -> None:
    plan = first_day.kpm("plan", "--as-of", AS_OF.isoformat(), "--json").json()
    unrated = next(zone["accounts"] for zone in plan["zones"] if zone["segment"] == "unrated")
    assert unrated > 0
    assert sum(row["accounts"] for row in plan["standings"]) == unrated
    assert len(plan["unrated"]) == min(unrated, 200)
    for one in plan["unrated"]:
        assert one["missing"]
        assert all(0 <= low <= high <= 100 for low, high in (one["potential"], one["attractiveness"]))
    wanted = plan["wanted"]
    assert {"chemistry", "clear_strategy"} <= {row["criterion"] for row in wanted}
    assert [row["revenue"] for row in wanted] == sorted((row["revenue"] for row in wanted), reverse=True)
    assert wanted[0]["rated"] + wanted[0]["firm"] > 0

    said = first_day.kpm("plan", "--as-of", AS_OF.isoformat()).out
    assert "Not rated yet:" in said
    assert "Ratings worth asking for" in said

    refused = first_day.kpm("sync", "--as-of", AS_OF.isoformat(), code=2)
    assert "kpm provision" in " ".join(refused.err.split())

    first_day.kpm("provision", "--yes")
    first_day.sync()
    for one in first_day.kpm("explain", "--all", "--json").lines():
        if one["member"] and one["segment"] == "unrated":
            assert one["missing"]
            assert one["why"]
            labels = {
                each["id"]: each["label"] for part in one["dimensions"].values() for each in part["criteria"]
            }
            assert any(labels[key].split(" (")[0][:12] in one["why"] for key in one["missing"]), one["why"]


def test_definitions_for_a_pipeline(first_day: Place) -> None:
    if first_day.crm != "salesforce":
        said = first_day.kpm("provision", "--emit", "definitions").out
        files = {file.stem for file in (first_day.folder / "definitions" / "companies").rglob("*.json")}
        assert {*first_day.targets().values(), "customer_portfolio"} <= files
        assert "/crm/v3/properties/companies" in said
        return
    before = first_day.sandbox.requests()["writes"]
    said = first_day.kpm("provision", "--emit", "definitions").out
    folder = first_day.folder / "definitions"
    fields = {file.name for file in folder.rglob("*.field-meta.xml")}
    assert {f"{name}.field-meta.xml" for name in first_day.targets().values()} <= fields
    assert "KPM_Segment_Badge__c.field-meta.xml" in fields
    assert "sf project deploy start" in said
    assert first_day.sandbox.requests()["writes"] - before <= 2  # logins alone
    listed = first_day.kpm("provision", "--emit", "definitions", "--json").json()
    assert {Path(name).name for name in listed} >= fields | {"sfdx-project.json"}


def test_a_check_tells_what_a_rep_sees(first_day: Place) -> None:
    if first_day.crm != "salesforce":
        return
    rep = rep_name(first_day)
    before = first_day.kpm("check", "--quick", "--as", rep, "--json").json()
    (group,) = [each for each in before["groups"] if each["title"] == f"What {rep} sees"]
    assert [line["level"] for line in group["lines"]] == ["warning"]
    first_day.kpm("provision", "--yes", "--assign", rep)
    after = first_day.kpm("check", "--as", rep, "--json").json()
    (group,) = [each for each in after["groups"] if each["title"] == f"What {rep} sees"]
    assert [line["level"] for line in group["lines"]] == ["ok", "ok"]
    assert "accounts of the portfolio" in group["lines"][1]["message"]
