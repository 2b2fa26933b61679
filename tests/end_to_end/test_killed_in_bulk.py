"""SIGKILL at random moments of a bulk sync: the next one completes it, a third writes nothing, no job is left open."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from adapters.sandbox import Sandbox
from connector import config
from connector.store import Status, open_store
from tests.end_to_end.conftest import AS_OF, Crm, Place, write_configuration
from tests.end_to_end.nights import Nights

SEED = 7
RUNNING = {"Open", "UploadComplete", "InProgress", "STARTED", "DEFERRED", "PROCESSING"}


def open_jobs(crm: Crm, url: str) -> list[Any]:
    """Jobs that write and have not ended, as the CRM lists them."""
    if crm == "salesforce":
        login = requests.post(
            f"{url}/services/oauth2/token",
            {
                "grant_type": "client_credentials",
                "client_id": "sandbox-sync",
                "client_secret": "sandbox-secret",
            },
            timeout=30,
        ).json()
        address, token, key = f"{url}/services/data/v64.0/jobs/ingest", login["access_token"], "records"
    else:
        address, token, key = f"{url}/crm/v3/imports", "sandbox-token", "results"
    listed = requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=30).json()[key]
    return [job for job in listed if job["state"] in RUNNING and job.get("operation") != "query"]


def run(here: Place, seconds: float | None = None) -> tuple[bool, float]:
    """A sync, killed so many seconds after its first request; whether it was, and how long it took from there."""
    here.sandbox.clear_requests()
    process = here.start("sync", "--as-of", AS_OF.isoformat(), "--quiet")
    while process.poll() is None and not here.sandbox.requests()["total"]:
        time.sleep(0.005)
    began = time.monotonic()
    if seconds is not None:
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL, time.monotonic() - began


def placed(nights: Nights, folder: Path) -> Place:
    """The start, and a folder of its own to work in."""
    nights.reset()
    folder.mkdir()
    write_configuration(folder, nights.crm, nights.sandbox.url, f"{nights.crm}-minimal")
    file = folder / "config.toml"
    file.write_text(file.read_text() + 'load_method = "bulk"\n')
    return Place(nights.crm, folder, nights.sandbox)


def survived(crm: Crm, folder: Path, accounts: int, moments: int) -> str:
    """Kill so many syncs, each from the same start; figures for people."""
    chosen = random.Random(SEED)
    with Sandbox((crm,), accounts=accounts, seed=21, today=AS_OF) as sandbox:
        nights = Nights(sandbox, crm, "bulk", token="sandbox-token" if crm == "hubspot" else None)
        _, seconds = run(placed(nights, folder / "undisturbed"))
        wanted = nights.held()
        assert nights.needless() == []
        hit = begun = 0
        for number in range(moments):
            here = placed(nights, folder / str(number))
            hit += run(here, (number + chosen.random()) / moments * 0.9 * seconds)[0]
            begun += nights.held() != nights.first
            second = nights.sync(here.folder)
            assert second.run.status is Status.DONE
            assert nights.held() == wanted
            assert nights.needless() == []
            assert open_jobs(crm, sandbox.url) == []
            assert nights.sync(here.folder).written.written == 0
            with open_store(
                config.Store(url=f"sqlite:///{here.folder}/kpm.db", folder=here.folder / "kpm-data"), "acme"
            ) as store:
                assert store.jobs.left_open() == []
    assert hit, "no sync was killed before it had ended"
    figures = f"{hit} of {moments} syncs killed at work, {begun} of them when values had come to the CRM"
    return f"{crm}, {accounts:,} accounts: {figures}"


@pytest.mark.timeout(280)
def test_a_bulk_sync_that_is_killed_is_completed_by_the_next(
    crm: Crm, tmp_path: Path, record_property: Any
) -> None:
    record_property("figures", survived(crm, tmp_path, 5_000, 3))


@pytest.mark.proof
@pytest.mark.timeout(3_600)
def test_a_large_bulk_sync_that_is_killed_is_completed_by_the_next(
    crm: Crm, tmp_path: Path, record_property: Any
) -> None:
    record_property("figures", survived(crm, tmp_path, 100_000, 20))
