"""Every fault in every phase of the work: one more sync makes the CRM what an undisturbed one would have made it.

No record is written twice with the same values, and no job is left open.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from adapters.sandbox import Sandbox
from adapters.sandbox.faults import TRANSPORT_FAULTS
from connector.errors import ConnectorError, ExitCode, StageError
from connector.store import Status
from tests.end_to_end.conftest import AS_OF
from tests.end_to_end.nights import Method, Nights

SEED = 20261125
SAMPLED = 3
"""Cells of each way that a change must pass; `make proof` runs them all."""

PHASES = {
    "rest": ("login", "describe", "read_page", "write_batch"),
    "bulk": ("login", "describe", "read_page", "job_open", "job_poll", "upload", "results"),
}
ROW_FAULTS = {
    "rest": ("row_lock", "partial_batch", "short_page"),
    "bulk": (
        "row_lock",
        "partial_batch",
        "unprocessed",
        "too_many_locks",
        "failed_job",
        "stuck_job",
        "short_page",
    ),
}
ONE_CRM_ONLY = {"left_out": "hubspot", "silent_loss": "hubspot"}
WAYS: tuple[tuple[Literal["salesforce", "hubspot"], Method], ...] = (
    ("salesforce", "rest"),
    ("salesforce", "bulk"),
    ("hubspot", "rest"),
    ("hubspot", "bulk"),
)
EXPECTED = {ExitCode.CREDENTIALS, ExitCode.TEMPORARY, ExitCode.REQUEST}


@dataclass(frozen=True)
class Cell:
    """One fault in one phase, for so many requests or for all until it clears."""

    crm: Literal["salesforce", "hubspot"]
    method: Method
    fault: str
    phase: str | None
    times: int | None

    def __str__(self) -> str:
        return f"{self.crm}-{self.method}-{self.fault}-{self.phase or 'rows'}-{self.times or 'all'}"


def cells() -> list[Cell]:
    found = []
    for crm, method in WAYS:
        for fault in TRANSPORT_FAULTS:
            for phase in PHASES[method]:
                found += [
                    Cell(crm, method, fault, phase, times)
                    for times in ((2,) if fault == "slow" else (1, None))
                ]
        rows = ROW_FAULTS[method] + (
            ("left_out", "silent_loss") if (crm, method) == ("hubspot", "rest") else ()
        )
        found += [Cell(crm, method, fault, None, times) for fault in rows for times in (3, 40)]
    return found


def sample() -> list[Cell]:
    chosen = random.Random(SEED)
    return [cell for way in WAYS for cell in chosen.sample(_quick(way), SAMPLED)]


def _quick(way: tuple[str, Method]) -> list[Cell]:
    """Salesforce's jobs are looked at every few seconds: one that does not move on takes its time."""
    return [each for each in cells() if (each.crm, each.method) == way and each.fault != "stuck_job"]


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[dict[str, Sandbox]]:
    running: dict[str, Sandbox] = {}
    yield running
    for sandbox in running.values():
        sandbox.stop()


@pytest.fixture(scope="module")
def undisturbed(
    sandboxes: dict[str, Sandbox], tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], tuple[Nights, dict[str, tuple[Any, ...]]]]:
    """Filled as needed: what one sync without faults leaves, by way."""

    class Known(dict[tuple[str, str], tuple[Nights, dict[str, tuple[Any, ...]]]]):
        def __missing__(self, way: tuple[Literal["salesforce", "hubspot"], Method]) -> Any:
            if way[0] not in sandboxes:
                sandboxes[way[0]] = Sandbox((way[0],), accounts=60, seed=9, today=AS_OF)
                sandboxes[way[0]].start()
                if way[0] == "hubspot":
                    sandboxes[way[0]].configure("hubspot", "behaviour", exports_per_day=100_000)
            for nights, _ in self.values():
                if nights.crm == way[0]:
                    nights.reset()
            nights = Nights(sandboxes[way[0]], *way)
            nights.reset()
            outcome = nights.sync(tmp_path_factory.mktemp("undisturbed"))
            assert outcome.run.status is Status.DONE
            assert outcome.written.written > 10
            assert nights.needless() == []
            self[way] = nights, nights.held()
            return self[way]

    return Known()


def check(
    cell: Cell, undisturbed: dict[tuple[str, str], tuple[Nights, dict[str, tuple[Any, ...]]]], folder: Path
) -> int:
    """Sync under the fault, then without; returns how often the fault hit."""
    nights, wanted = undisturbed[cell.crm, cell.method]
    nights.reset()
    fault = nights.sandbox.fault(
        cell.fault,
        crm=cell.crm,
        phase=cell.phase,
        times=cell.times,
        seconds=0.3 if cell.fault == "slow" else 0.01,
    )
    if cell.phase == "results":  # what became of rows is asked for if some were refused
        nights.sandbox.fault("partial_batch", crm=cell.crm, times=5)
    caught: StageError | None = None
    try:
        nights.sync(folder)
    except StageError as error:
        caught = error
    assert caught is None or (
        caught.exit_code in EXPECTED and isinstance(caught.__cause__, ConnectorError)
    ), caught
    hits = fault.hits
    nights.sandbox.clear_faults()
    again = nights.sync(folder)
    assert again.run.status is Status.DONE
    assert nights.held() == wanted
    assert nights.needless() == []
    return hits


@pytest.mark.parametrize("cell", sample(), ids=str)
def test_a_fault_leaves_no_trace_once_it_is_over(
    cell: Cell,
    undisturbed: dict[tuple[str, str], tuple[Nights, dict[str, tuple[Any, ...]]]],
    tmp_path: Path,
) -> None:
    check(cell, undisturbed, tmp_path)


@pytest.mark.proof
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("cell", cells(), ids=str)
def test_no_fault_in_any_phase_leaves_a_trace(
    cell: Cell,
    undisturbed: dict[tuple[str, str], tuple[Nights, dict[str, tuple[Any, ...]]]],
    tmp_path: Path,
) -> None:
    check(cell, undisturbed, tmp_path)
