"""Before anyone starts: the potential check reads the CRM as it is and changes nothing."""

from __future__ import annotations

from pathlib import Path

import requests

from adapters.sandbox import Sandbox
from tests.end_to_end.conftest import AS_OF, Crm, place

WRITES = ("POST", "PATCH", "PUT", "DELETE")
READING = (
    "oauth",
    "search",
    "batch/read",
    "jobs/query",
    "access-token-info",
    "composite/sobjects/Account",
    "export",
)


def test_potential_check_needs_no_provisioning_and_writes_nothing(crm: Crm, tmp_path: Path) -> None:
    with Sandbox((crm,), accounts=150, seed=5, today=AS_OF) as sandbox:
        here = place(crm, tmp_path, sandbox)
        before = here.cells()
        found = here.kpm("potential-check", "--as-of", AS_OF.isoformat(), "--json").json()
        counts = requests.get(f"{sandbox.url}/sandbox/requests", timeout=30).json()["counts"]
        assert here.cells() == before
        assert not [
            one
            for one in counts
            if one["method"] in WRITES and not any(part in one["path"] for part in READING)
        ]
        population, zones = found["population"], found["zones"]
        assert population["portfolio"] == sum(zone["accounts"] for zone in zones) > 0
        assert population["read"] >= population["portfolio"]
        assert found["go"]
        assert found["linkage"]["opportunities"] > population["portfolio"]
        assert len(found["separation"]) == 7
        assert 1 <= len(found["foci"]) <= 3
        assert {one["object"] for one in found["fields"]} >= {"accounts", "opportunities"}
        ranks = [(not fix["blocking"], -(fix["worth"] or 0)) for fix in found["fixes"]]
        assert ranks
        assert ranks == sorted(ranks)
        html = (here.folder / "kpm-data" / "acme" / f"potential-check-{AS_OF}.html").read_text("utf-8")
        assert "Go: the data carries a matrix" in html
        told = here.kpm("potential-check", "--as-of", AS_OF.isoformat(), "--output", "page.html")
        assert "Where the accounts would stand" in told.out
        assert (here.folder / "page.html").exists()


def test_potential_check_says_no_go_when_nobody_is_a_customer(crm: Crm, tmp_path: Path) -> None:
    with Sandbox((crm,), accounts=60, seed=5, today=AS_OF) as sandbox:
        here = place(crm, tmp_path, sandbox)
        here.edit_mapping(
            r"^any = \[.*\n(.*\n)?", 'any = [ { measure = "won_count", months = 1, above = 900 } ]\n'
        )
        found = here.kpm("potential-check", "--as-of", AS_OF.isoformat(), "--json", code=8).json()
        assert not found["go"]
        assert found["population"]["portfolio"] == 0
        assert "[portfolio]" in found["fixes"][0]["remedy"]
