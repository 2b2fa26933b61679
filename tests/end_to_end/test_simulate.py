"""Another mapping on the data that was read last: the same result as editing the mapping, and no CRM call."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import requests

from adapters.sandbox import Sandbox
from tests.end_to_end.conftest import AS_OF, Crm, Place, place


def zones(here: Place) -> dict[str, int]:
    plan = here.kpm("plan", "--as-of", AS_OF.isoformat(), "--json").json()
    return {zone["segment"]: zone["accounts"] for zone in plan["zones"]}


def simulated(here: Place, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = here.kpm("simulate", *arguments, "--json").json()
    return found


def test_a_simulation_tells_what_an_edit_would_do(crm: Crm, tmp_path: Path) -> None:
    with Sandbox((crm,), accounts=150, seed=5, today=AS_OF) as sandbox:
        here = place(crm, tmp_path, sandbox)
        assert (
            "Nothing was read from the CRM yet"
            in here.kpm("simulate", "--set", "matrix.hysteresis=0", code=2).err
        )
        here.kpm("provision", "--yes")
        here.sync()
        requests.delete(f"{sandbox.url}/sandbox/requests", timeout=30).raise_for_status()
        same = simulated(here, "--set", "matrix.hysteresis=5")
        trial = simulated(
            here, "--set", "criteria.company_size.weight=0", "--set", "matrix.threshold.potential=65"
        )
        assert not requests.get(f"{sandbox.url}/sandbox/requests", timeout=30).json()["counts"]
        assert (same["moved"], same["rescored"]) == (0, 0)
        assert trial["moved"] == sum(c["accounts"] for c in trial["cells"] if c["source"] != c["target"]) > 0
        assert [mover["revenue"] for mover in trial["movers"]] == sorted(
            (mover["revenue"] for mover in trial["movers"]), reverse=True
        )
        before = Counter({zone["segment"]: zone["before"] for zone in trial["zones"]})
        after = Counter({zone["segment"]: zone["after"] for zone in trial["zones"]})
        before.pop("outside"), after.pop("outside")
        assert zones(here) == before
        here.edit_mapping(r'(id        = "company_size"\n(.*\n){2})weight    = 20', r"\1weight    = 0")
        here.edit_mapping(r"potential = 50", "potential = 65")
        assert zones(here) == after
        other = tmp_path / "other.toml"
        other.write_text(here.mapping.read_text().replace("potential = 65", "potential = 20"))
        assert simulated(here, "--mapping", str(other))["moved"] > 0
    told = here.kpm("simulate", "--set", "matrix.develop_floor=0")  # with no CRM in reach at all
    assert "nothing is written" in told.out
    missing = "Rating__c" if crm == "salesforce" else "rating"
    refused = here.kpm("simulate", "--set", f"criteria.company_size.source.field={missing}", code=2)
    assert f"The field {missing} of accounts was not read" in " ".join(refused.err.replace("│", "").split())
    assert "What shall be tried?" in here.kpm("simulate", code=2).err
