"""A sync that dies between two batches: the next one completes it, a third writes nothing, the journal knows all."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox import Sandbox
from connector.config import Store
from connector.store import open_store
from tests.end_to_end.conftest import AS_OF, Crm, Place, place
from tests.end_to_end.test_sync import STAMPS, same_cells

WRITES = {"salesforce": "composite/sobjects", "hubspot": "batch/update"}


@pytest.fixture
def many(crm: Crm, tmp_path: Path) -> Iterator[Place]:
    """Enough accounts for several batches, an hour's work if every write is slow."""
    with Sandbox((crm,), accounts=900, seed=11, today=AS_OF) as sandbox:
        found = place(crm, tmp_path, sandbox)
        found.kpm("provision", "--yes")
        yield found


def killed(here: Place) -> None:
    """Start a sync, kill it after the second write call has been answered."""
    here.sandbox.clear_requests()
    here.sandbox.fault("slow", path=WRITES[here.crm], seconds=1.0)
    process = here.start("sync", "--as-of", AS_OF.isoformat())
    deadline = time.monotonic() + 120
    while here.sandbox.requests()["writes"] < 2:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    here.sandbox.clear_faults()


def journalled(here: Place) -> dict[tuple[str, str], Any]:
    """(account, field) -> before-value, of every change in the journal."""
    store = Store(url=f"sqlite:///{here.folder / 'kpm.db'}", folder=here.folder / "kpm-data")
    found = {}
    with open_store(store, "acme") as opened:
        for run in opened.history_of_runs():
            for batch in opened.journal.batches(run.id):
                for row in batch.changes.to_pylist():
                    for name, sent in row.items():
                        if name.startswith("send:") and sent:
                            key = (row["@id"], name.removeprefix("send:"))
                            found.setdefault(key, row.get(f"was:{key[1]}"))
    return found


@pytest.mark.timeout(280)
def test_a_killed_sync_is_completed_by_the_next(many: Place) -> None:
    before = many.cells()
    killed(many)
    interrupted = many.cells()
    reached = same_cells(before, interrupted, STAMPS[many.crm])
    assert reached, "the kill came before the first write"

    journal = journalled(many)
    for key, name in reached:
        assert (key, name) in journal
        assert journal[key, name] in (before[key].get(name), None, "", False)

    runs = many.kpm("runs", "--json").json()
    assert runs[0]["status"] == "interrupted"
    second = many.sync()
    assert 0 < second["written"] < second["portfolio"]
    many.sandbox.clear_requests()
    assert many.sync()["written"] == 0
    assert many.sandbox.requests()["writes"] == 0
    completed = many.cells()

    undisturbed = {key: account["written"] for key, account in explained(many).items()}
    targets = many.targets()
    for key, written in undisturbed.items():
        assert str(completed[key][targets["segment"]] or "") == str(written["segment"] or "")


def explained(here: Place) -> dict[str, Any]:
    return {one["account"]["id"]: one for one in here.kpm("explain", "--all", "--json").lines()}


@pytest.mark.timeout(280)
def test_sigterm_finishes_the_batch_in_hand_and_records_it(many: Place) -> None:
    many.sandbox.clear_requests()
    many.sandbox.fault("slow", path=WRITES[many.crm], seconds=0.7)
    process = many.start("sync", "--as-of", AS_OF.isoformat(), "--json")
    while many.sandbox.requests()["writes"] < 1:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    many.sandbox.clear_faults()
    assert process.returncode == 1, err
    run = many.kpm("runs", "--json").json()[0]
    assert run["status"] == "stopped"
    assert run["counts"]["written"] > 0
    assert run["counts"]["unsent"] > 0
    assert many.sync()["written"] == run["counts"]["unsent"]


def test_two_syncs_at_once_do_not_meet(many: Place) -> None:
    many.sandbox.clear_requests()
    many.sandbox.fault("slow", path=WRITES[many.crm], seconds=6.0)
    first = many.start("sync", "--as-of", AS_OF.isoformat())
    while many.sandbox.requests()["writes"] < 1:
        assert first.poll() is None, first.communicate()
        time.sleep(0.02)
    finished = many.kpm("sync", "--as-of", AS_OF.isoformat(), code=6)
    assert "under way" in finished.err
    many.sandbox.clear_faults()
    first.communicate(timeout=120)
    assert first.returncode == 0
