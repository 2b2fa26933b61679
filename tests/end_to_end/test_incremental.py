"""A night that reads what changed gives what a night that reads everything gives."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from adapters.sandbox import Sandbox
from connector.mirror import Mirror
from connector.stages.pull import pull
from tests.end_to_end.conftest import AS_OF, Crm
from tests.end_to_end.nights import Nights

NAMES = {
    "salesforce": ("Account", "Opportunity", "Name", "Amount"),
    "hubspot": ("companies", "deals", "name", "amount"),
}


def rows(nights: Nights, mirror: Mirror) -> tuple[dict[str, list[dict[str, Any]]], int, int]:
    """What is read, in a fixed order; how many records came, and how many calls it took."""
    with TemporaryDirectory() as folder, nights.connected() as crm:
        read = pull(crm, nights.mapping, Path(folder) / "pull", mirror)
        found = {}
        for name, source in read.sources.items():
            frame: pl.DataFrame = source.frame.to_native().collect()
            found[str(name)] = frame.select(sorted(frame.columns)).sort(sorted(frame.columns)).to_dicts()
        return found, sum(read.fetched.values()), sum(crm.usage().calls.values())


def test_a_night_of_changes_reads_few_records_and_sees_them_all(crm: Crm, tmp_path: Path) -> None:
    accounts, deals, name, amount = NAMES[crm]
    with Sandbox((crm,), accounts=150, seed=4, today=AS_OF) as sandbox:
        if crm == "hubspot":
            sandbox.configure("hubspot", "behaviour", search_lag_seconds=0)
        nights = Nights(sandbox, crm, "rest")
        whole, _, _ = rows(nights, Mirror(tmp_path))
        sandbox.move_to(AS_OF + timedelta(days=1))
        keys = [row["@id"] for row in whole["accounts"]]
        own = [row["@id"] for row in whole["opportunities"]]
        sandbox.edit(crm, accounts, id=keys[1], values={name: "Renamed"})
        sandbox.edit(crm, accounts, id=keys[2], delete=True)
        sandbox.edit(crm, deals, id=own[3], values={amount: 4_321})
        sandbox.edit(crm, deals, id=own[4], delete=True)
        changed, fetched, _ = rows(nights, Mirror(tmp_path))
        again, everything, _ = rows(nights, Mirror(None))
        assert changed == again
        assert changed != whole
        assert "Renamed" in str(changed["accounts"])
        assert fetched < everything / 4
