"""Exports that were started: one at a time, thirty a day, results behind links that expire."""

from __future__ import annotations

import contextlib
import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.sandbox.faults import Faults
from adapters.sandbox.hubspot.behaviour import Behaviour
from adapters.sandbox.hubspot.errors import iso
from adapters.sandbox.hubspot.exports.files import ExportFile, FileWriter
from adapters.sandbox.hubspot.exports.request import ExportRequest
from adapters.sandbox.hubspot.workers import StoppedError, Workers
from adapters.sandbox.world import World

_DAY: Final = timedelta(hours=24)
_STATUS: Final = {"ENQUEUED": "PENDING", "PROCESSING": "PROCESSING", "DONE": "COMPLETE", "FAILED": "CANCELED"}


@dataclass(slots=True)
class Export:
    """One export.

    Attributes:
        id: of the job.
        request: what it holds.
        owner: who asked; nobody else sees it.
        path: under which it was started.
        created, updated: times.
        state: ENQUEUED, PROCESSING, DONE or FAILED.
        records: how many it holds, once known.
        file: the result.
        polls: how often its state was asked for.
        links: when the links to the result expire, by their keys.
    """

    id: int
    request: ExportRequest
    owner: str
    path: str
    created: datetime
    updated: datetime
    state: str = "ENQUEUED"
    records: int | None = None
    file: ExportFile | None = None
    polls: int = 0
    links: dict[str, datetime] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As ``/export/{exportId}`` returns it."""
        body: dict[str, Any] = {
            "id": str(self.id),
            "exportName": self.request.name,
            "exportType": "VIEW",
            "objectType": self.request.kind.type_id,
            "objectProperties": list(self.request.asked),
            "createdAt": iso(self.created),
            "updatedAt": iso(self.updated),
            "exportState": self.state,
        }
        return body if self.records is None else {**body, "recordCount": self.records}


class ExportJobs:
    """The exports of a portal."""

    def __init__(self, world: World, behaviour: Behaviour, writer: FileWriter) -> None:
        """Write files with `writer`."""
        self._now = world.now
        self._faults: Faults = world.faults
        self._behaviour = behaviour
        self._writer = writer
        self._workers = Workers("hubspot-export", 1, behaviour)
        self._lock = threading.Lock()
        self._jobs: dict[int, Export] = {}

    def started_today(self) -> int:
        """Exports of the last 24 hours."""
        since = self._now() - _DAY
        with self._lock:
            return sum(1 for job in self._jobs.values() if job.created > since)

    def start(self, request: ExportRequest, owner: str, path: str) -> Export:
        """Queue an export."""
        now = self._now()
        too_many = self.started_today() >= self._behaviour.exports_per_day
        with self._lock:
            number = 475_549_724_882 + 3 * len(self._jobs)
            job = self._jobs[number] = Export(number, request, owner, path, now, now)
        if not too_many:
            self._workers.submit(lambda: self._work(job))
        return job

    def find(self, number: int, owner: str) -> Export | None:
        """An export by its id, for the one who started it."""
        job = self._jobs.get(number)
        return job if job is not None and job.owner == owner else None

    def _work(self, job: Export) -> None:
        try:
            until = self._workers.begin(_never)
            self._move(job, "PROCESSING")
            if self._faults.draw("failed_job", "hubspot", "POST", job.path):
                self._move(job, "FAILED")
                return
            records = self._writer.count(job.request)
            short = self._faults.draw("short_page", "hubspot", "POST", job.path)
            file = self._writer.write(
                job.request,
                f"{job.id}-{secrets.token_hex(4)}",
                f"{self._now():%Y-%m-%d}",
                lambda: self._workers.check(_never),
                limit=records // 2 if short else None,
            )
            self._workers.until(until, _never)
        except StoppedError:
            raise
        except BaseException:
            self._move(job, "FAILED")
            raise
        job.records, job.file = records, file
        self._move(job, "DONE")

    def _move(self, job: Export, state: str) -> None:
        with self._lock:
            job.state, job.updated = state, self._now()

    def poll(self, job: Export, path: str) -> tuple[str, str | None]:
        """The public status, and the key of a new link once the result is there."""
        stuck = self._faults.draw("stuck_job", "hubspot", "GET", path) is not None
        with self._lock:
            job.polls += 1
            status = _STATUS[job.state]
            early = stuck or job.polls <= self._behaviour.job_polls
            if early and status in ("COMPLETE", "CANCELED"):
                status = "PROCESSING"
            if status != "COMPLETE":
                return status, None
            key = secrets.token_urlsafe(24)
            job.links[key] = self._now() + timedelta(seconds=self._behaviour.export_link_seconds)
            return status, key

    def result(self, key: str) -> ExportFile | None:
        """The file behind a link; None if the link is unknown or has expired."""
        now = self._now()
        with self._lock:
            for job in self._jobs.values():
                if job.links.get(key, now) > now:
                    return job.file
        return None

    def close(self) -> None:
        """End what runs, and remove the files."""
        self._workers.close()
        for job in self._jobs.values():
            if job.file is not None:
                with contextlib.suppress(OSError):
                    job.file.path.unlink()


def _never() -> bool:
    """An export cannot be cancelled by API."""
    return False
