from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NoReturn
from zoneinfo import ZoneInfo

import pytest

from connector.config import Config, Schedule
from connector.crm import Crm
from connector.schedule import Connect, Night, scheduled, serve, stop_on_signal, trigger
from connector.store import Status
from tests.contract.fake import FakeCrm, Fault
from tests.unit.rehearsal import MAPPING, held, mapping_of, provisioned, settings, store_in

VIENNA = ZoneInfo("Europe/Vienna")


@pytest.fixture
def crm() -> FakeCrm:
    return provisioned(mapping_of())


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "mapping.toml").write_text(MAPPING)
    connection = {
        "crm": "salesforce",
        "mapping": tmp_path / "mapping.toml",
        "auth": "access_token",
        "instance_url": "http://127.0.0.1:1",
        "access_token": "sandbox-token",
    }
    return Config.model_validate(
        {
            "connections": {"acme": connection},
            "store": settings(tmp_path),
            "schedule": {"cron": "30 4 29 2 *"},  # far from now, whenever the tests run
        }
    )


def connected(crm: Crm) -> Connect:
    @contextmanager
    def connect(name: str) -> Iterator[Crm]:
        assert name == "acme"
        yield crm

    return connect


def times(cron: str, after: str, count: int) -> list[str]:
    """When a schedule fires from a day on."""
    fires = trigger(Schedule(cron=cron, time_zone="Europe/Vienna"))
    moment = datetime.fromisoformat(after).replace(tzinfo=VIENNA)
    found = []
    for _ in range(count):
        moment = fires.get_next_fire_time(None, moment)
        found.append(f"{moment:%Y-%m-%d %H:%M %z}")
        moment += timedelta(seconds=1)
    return found


def test_a_weekday_number_means_what_it_means_in_cron() -> None:
    assert times("30 4 * * 1", "2026-11-24", 1) == ["2026-11-30 04:30 +0100"]  # a Monday
    assert times("30 4 * * 7", "2026-11-24", 1) == ["2026-11-29 04:30 +0100"]  # a Sunday
    assert times("0 5 * * fri-mon", "2026-11-24", 5) == [
        f"2026-{day} 05:00 +0100" for day in ("11-27", "11-28", "11-29", "11-30", "12-04")
    ]


def test_the_hour_is_that_of_the_business_time_zone() -> None:
    assert times("30 4 * * *", "2026-03-28", 2) == ["2026-03-28 04:30 +0100", "2026-03-29 04:30 +0200"]


def test_a_night_syncs(
    config: Config, crm: FakeCrm, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    Night(config, "acme", connected(crm), lambda: False)()
    assert len(held(crm.org, mapping_of())) == 30
    with store_in(tmp_path) as store:
        [run] = store.runs.all()
    assert run.status is Status.DONE
    assert run.night == run.as_of == config.schedule_of("acme").today()
    assert "acme: run 1 done: 30 written, 0 rejected" in caplog.text


def test_a_date_has_one_night(config: Config, crm: FakeCrm, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    night = Night(config, "acme", connected(crm), lambda: False)
    night()
    calls = crm.calls.copy()
    night()
    assert crm.calls == calls
    assert "has been started already" in caplog.text


@pytest.mark.parametrize("failure", ["crm", "mapping", "lock", "defect"])
def test_a_failure_is_logged_and_the_service_goes_on(
    config: Config, crm: FakeCrm, failure: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    night = Night(config, "acme", connected(crm), lambda: False)
    if failure == "crm":
        crm.faults.append(Fault("unavailable", 1_000))
        night()
        assert "acme: Salesforce could not" in caplog.text
    elif failure == "mapping":
        (tmp_path / "mapping.toml").write_text(MAPPING.replace('kind = "rating"', 'kind = "ratings"'))
        night()
        assert "mapping.toml: criteria[chemistry].scale" in caplog.text
    elif failure == "defect":
        damaged = crm.org.records["accounts"].pop(1)
        crm.org.records["accounts"].append({key: value for key, value in damaged.items() if key != "@id"})
        night()
        crm.org.records["accounts"].pop()
        assert "acme: Run 1 stopped at write: KeyError" in caplog.text
        assert "Traceback" in caplog.text
    else:
        with store_in(tmp_path) as store, store.lock():
            night()
        assert "Another sync of acme is under way" in caplog.text
    assert held(crm.org, mapping_of()) == {}


def test_a_defect_outside_the_run_is_logged_too(config: Config, caplog: pytest.LogCaptureFixture) -> None:
    def connect(name: str) -> NoReturn:
        raise LookupError(name)

    Night(config, "acme", connect, lambda: False)()
    assert "failed unexpectedly" in caplog.text
    assert "LookupError: acme" in caplog.text


class Slow(FakeCrm):
    """Asks for a stop while its first batch is under way."""

    asked: Callable[[], None]

    def _write_row(self, *arguments: object) -> dict[str, object]:
        self.asked()
        return super()._write_row(*arguments)  # type: ignore[arg-type]


def test_a_stop_lets_the_running_batch_finish(config: Config, crm: FakeCrm, tmp_path: Path) -> None:
    slow = Slow(crm.org)
    stop = threading.Event()
    slow.asked = stop.set
    scheduler = scheduled(config, connected(slow), stop.is_set)
    scheduler.start()
    scheduler.modify_job("acme", next_run_time=datetime.now(VIENNA))
    assert stop.wait(60)
    scheduler.shutdown(wait=True)
    with store_in(tmp_path) as store:
        [run] = store.runs.all()
        [batch] = store.journal.batches(run.id)
    assert (run.status, run.counts["written"], run.counts["unsent"]) == (Status.STOPPED, 10, 20)
    assert batch.state == "settled"
    assert len(held(crm.org, mapping_of())) == 10


def test_serving_ends_when_asked(config: Config, crm: FakeCrm, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    serve(config, connected(crm), stop)
    assert "acme: next run at 20" in caplog.text
    assert crm.calls["read"] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_service(config: Config, crm: FakeCrm, number: signal.Signals) -> None:
    before = signal.getsignal(number)
    threading.Timer(0.3, lambda: os.kill(os.getpid(), number)).start()
    began = time.monotonic()
    serve(config, connected(crm))
    assert time.monotonic() - began < 20
    assert signal.getsignal(number) is before


def test_a_second_interrupt_ends_at_once() -> None:
    with stop_on_signal() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_late_run_is_missed_with_a_word(
    config: Config, crm: FakeCrm, caplog: pytest.LogCaptureFixture
) -> None:
    scheduler = scheduled(config, connected(crm), lambda: False)
    scheduler.start()
    scheduler.modify_job("acme", next_run_time=datetime.now(VIENNA) - timedelta(hours=7))
    for _ in range(100):
        if "was missed" in caplog.text:
            break
        time.sleep(0.05)
    scheduler.shutdown(wait=True)
    assert "acme: the run of" in caplog.text
    assert crm.calls["read"] == 0
