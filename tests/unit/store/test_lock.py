from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import psycopg
import pytest

from connector.config import Store as Settings
from connector.crm import Job
from connector.errors import ConfigError, SyncLockedError
from connector.store import Status, open_store
from connector.store.schema import VERSION
from tests.unit.store.conftest import Opened

HOLDER = """
import sys, time
from datetime import date
from pathlib import Path
from connector.config import Store
from connector.store import open_store
store = open_store(Store(url=sys.argv[1], folder=Path(sys.argv[2])), "acme")
with store.lock():
    store.runs.begin(date(2026, 11, 24), "")
    print("held", flush=True)
    time.sleep(120)
"""


def test_the_lock_says_who_holds_it_and_since_when(opened: Opened) -> None:
    one, other = opened("acme"), opened("acme")
    with one.lock(), pytest.raises(SyncLockedError) as caught, other.lock():
        pass
    assert f"process {os.getpid()}, since 20" in str(caught.value)
    with other.lock():
        pass


def test_connections_do_not_lock_each_other(opened: Opened) -> None:
    with opened("acme").lock() as acme, opened("portal").lock() as portal:
        acme()
        portal()


def test_the_lock_of_a_killed_process_is_free(opened: Opened, settings: Settings) -> None:
    store = opened("acme")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, settings.url, str(settings.folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(SyncLockedError, match=f"process {process.pid}"), store.lock():
            pass
        assert store.history_of_runs()[0].status is Status.RUNNING
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    if settings.url.startswith("postgresql"):
        _wait_for_the_server_to_notice(settings.url)
    assert store.history_of_runs()[0].status is Status.INTERRUPTED
    with store.lock():
        pass


def _wait_for_the_server_to_notice(url: str) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as session:
        for _ in range(100):
            if not session.execute("SELECT FROM pg_locks WHERE locktype = 'advisory'").fetchall():
                return
            session.execute("SELECT pg_sleep(0.05)")


def test_a_lost_session_is_noticed(postgresql: str, tmp_path: Path) -> None:
    settings = Settings(url=postgresql, folder=tmp_path)
    with open_store(settings, "acme") as store, store.lock() as still_held:
        still_held()
        with psycopg.connect(postgresql, autocommit=True) as session:
            session.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            )
        with pytest.raises(SyncLockedError, match="was lost"):
            still_held()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite:////proc/nowhere/kpm.db", "unable to open"),
        ("postgresql+psycopg://kpm:s3cret-word@127.0.0.1:1/kpm", "127.0.0.1"),
        ("postgresql+psycopg://kpm:s3cret-word@127.0.0.1:port/kpm", "no database URL"),
    ],
)
def test_a_store_that_cannot_be_opened_is_named(url: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        open_store(Settings(url=url, folder=tmp_path), "acme")
    assert str(caught.value).startswith("store.url: ")
    assert "s3cret-word" not in str(caught.value)


def test_a_folder_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"store\.folder"):
        open_store(Settings(url=f"sqlite:///{tmp_path}/kpm.db", folder=tmp_path / "file" / "data"), "acme")


def test_a_store_of_a_later_version_is_refused(settings: Settings) -> None:
    with open_store(settings, "acme") as store, store._engine.begin() as session:
        session.exec_driver_sql("UPDATE kpm_about SET version = 99")
    with pytest.raises(ConfigError, match="later version"):
        open_store(settings, "acme")


def test_a_store_of_the_first_version_is_brought_up_to_date(settings: Settings) -> None:
    with open_store(settings, "acme") as store:
        run = store.runs.begin(date(2026, 1, 31), "")
        with store._engine.begin() as session:
            for table in ("kpm_jobs", "kpm_mergers"):
                session.exec_driver_sql(f"DROP TABLE {table}")
            session.exec_driver_sql("UPDATE kpm_about SET version = 1")
    with open_store(settings, "acme") as store:
        store.jobs.opened(Job("7501", "salesforce ingest"))
        assert store.runs.get(run.id).as_of == date(2026, 1, 31)
        with store._engine.connect() as session:
            assert session.exec_driver_sql("SELECT version FROM kpm_about").scalars().all() == [VERSION]
    with open_store(settings, "acme") as store:
        assert [job.id for job in store.jobs.left_open()] == ["7501"]


def test_what_is_committed_on_sqlite_survives_a_power_cut(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/kpm.db"
    with open_store(Settings(url=url, folder=tmp_path), "acme") as store, store._engine.connect() as session:
        assert session.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert session.exec_driver_sql("PRAGMA synchronous").scalar() == 2
