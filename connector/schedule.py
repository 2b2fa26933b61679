"""The nights: a sync of every connection at its hour, until somebody says stop."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from types import FrameType
from zoneinfo import ZoneInfo

from apscheduler.events import EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from connector import cron
from connector.config import Config, Schedule
from connector.crm import Crm
from connector.errors import ConnectorError, ExitCode
from connector.mapping import live
from connector.mapping import load as load_mapping
from connector.mirror import Mirror
from connector.reports.by_hand import SOON, by_hand
from connector.store import NightTakenError, open_store
from connector.sync import Outcome, sync

log = logging.getLogger("connector.schedule")

LATE_SECONDS = 6 * 3600
"""How late a run may start, on a machine that slept at its hour."""

Connect = Callable[[str], AbstractContextManager[Crm]]
"""Opens the CRM of a connection, by its name."""
Stop = Callable[[], bool]


def trigger(schedule: Schedule) -> CronTrigger:
    """When a schedule fires, in its time zone."""
    fields = cron.parse(schedule.cron)
    return CronTrigger(
        minute=fields.minute,
        hour=fields.hour,
        day=fields.day,
        month=fields.month,
        day_of_week=fields.day_of_week,
        timezone=ZoneInfo(schedule.time_zone),
    )


@dataclass(frozen=True, slots=True)
class Night:
    """Runs the nightly sync of one connection; a failure is logged, and the next night tries again."""

    config: Config
    name: str
    connect: Connect
    stop: Stop

    def __call__(self) -> None:
        """Run, at most once per local date."""
        today = self.config.schedule_of(self.name).today()
        try:
            outcome = self.run(today)
        except NightTakenError:
            log.info("%s: the run of %s has been started already", self.name, today)
        except ConnectorError as error:
            defect = (
                error.exit_code is ExitCode.INTERNAL
            )  # everything else is said in the message, for people
            log.log(logging.ERROR, "%s: %s", self.name, error, exc_info=defect)
        except Exception:
            log.exception("%s: the run of %s failed unexpectedly", self.name, today)
        else:
            _report(self.name, outcome)

    def run(self, today: date) -> Outcome:
        """Sync; the mapping is read anew each night, so that an edited one counts."""
        own = self.config.connections[self.name]
        mapping = load_mapping(own.mapping, own.crm)
        with open_store(self.config.store, self.name) as store, self.connect(self.name) as crm:
            if store.runs.had(today):  # before the CRM is asked anything; `sync` makes sure of it
                raise NightTakenError(str(today))
            live.demand(mapping, crm, own.mapping.name, provisioned=True)
            limits = self.config.limits_of(self.name)
            mirror = Mirror(store.mirror, reconcile_days=limits.reconcile_days)
            return sync(crm, store, mapping, today, limits, night=today, mirror=mirror, stop=self.stop)


def serve(config: Config, connect: Connect, stop: threading.Event | None = None) -> None:
    """Sync every connection at its hour; returns when `stop` is set and running syncs have ended.

    Args:
        config: connections and their schedules.
        connect: opens the CRM of a connection.
        stop: set to end; a running sync finishes its batch and records it. By default SIGTERM and SIGINT set it.
    """
    if stop is None:
        with stop_on_signal() as signalled:
            serve(config, connect, signalled)
        return
    logging.getLogger("apscheduler").setLevel(logging.WARNING)  # its own diary is of no use to an operator
    scheduler = scheduled(config, connect, stop.is_set)
    scheduler.start()
    try:
        for job in scheduler.get_jobs():
            log.info("%s: next run at %s", job.id, f"{job.next_run_time:%Y-%m-%d %H:%M %Z}")
        stop.wait()
        log.info("Stopping: a running sync finishes its batch first")
    finally:
        scheduler.shutdown(wait=True)


def scheduled(config: Config, connect: Connect, stop: Stop) -> BackgroundScheduler:
    """The nights of all connections, not yet started; each job's id is its connection's name."""
    executor = ThreadPoolExecutor(max_workers=len(config.connections))
    scheduler = BackgroundScheduler(
        executors={"default": executor}, timezone=ZoneInfo(config.schedule.time_zone)
    )
    scheduler.add_listener(_missed, EVENT_JOB_MISSED)
    for name in config.connections:
        scheduler.add_job(
            Night(config, name, connect, stop),
            trigger(config.schedule_of(name)),
            id=name,
            name=name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=LATE_SECONDS,
        )
    return scheduler


@contextmanager
def stop_on_signal() -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set; a second Ctrl-C ends the program at once. Main thread only."""
    stop = threading.Event()

    def asked(number: int, frame: FrameType | None) -> None:
        if stop.is_set() and number == signal.SIGINT:
            signal.default_int_handler(number, frame)
        stop.set()

    before = {number: signal.signal(number, asked) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _report(name: str, outcome: Outcome) -> None:
    done = outcome.written
    level = logging.INFO if done.complete else logging.WARNING
    log.log(
        level,
        "%s: run %d %s: %d written, %d rejected, %d deferred, %d left for the next run",
        name,
        outcome.run.id,
        outcome.run.status,
        done.written,
        done.rejected,
        done.deferred,
        done.unsent,
    )
    plan = outcome.preview
    ending = by_hand(plan.accounts, plan.mapping, plan.as_of, {}).ending
    if ending:
        log.info(
            "%s: %d decisions set by hand end within %d days: kpm overrides lists them",
            name,
            len(ending),
            SOON,
        )


def _missed(event: JobExecutionEvent) -> None:
    hours = LATE_SECONDS // 3600
    log.warning(
        "%s: the run of %s was missed by more than %d hours", event.job_id, event.scheduled_run_time, hours
    )
