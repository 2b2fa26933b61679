"""Imports that were started: three at a time, others wait; counters, errors and cancelling."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from adapters.sandbox.hubspot.behaviour import Behaviour
from adapters.sandbox.hubspot.errors import iso
from adapters.sandbox.hubspot.imports.errors_table import ImportErrors
from adapters.sandbox.hubspot.imports.request import FileSpec, ImportRequest
from adapters.sandbox.hubspot.imports.writer import Context, FailedFileError, Outcome, RowWriter
from adapters.sandbox.hubspot.store.values import milliseconds_of
from adapters.sandbox.hubspot.workers import StoppedError, Workers
from adapters.sandbox.world import World

AT_ONCE: Final = 3
_DAY: Final = timedelta(hours=24)
_ENDED: Final = ("DONE", "FAILED", "CANCELED")


@dataclass(slots=True)
class Import:
    """One import.

    Attributes:
        id: of the job.
        request: what it does.
        files: the uploaded ones: id, description, path, rows.
        owner: who asked; nobody else sees it.
        path: under which it was started.
        version: of the API.
        half: the importer sees every second company only.
        created, updated: times.
        state: STARTED, DEFERRED, PROCESSING, DONE, FAILED or CANCELED.
        counters: what became of the rows so far.
        polls: how often its state was asked for.
    """

    id: int
    request: ImportRequest
    files: list[tuple[int, FileSpec, Path, int]]
    owner: str
    path: str
    version: str
    half: bool
    created: datetime
    updated: datetime
    state: str = "STARTED"
    counters: Counter[str] = field(default_factory=Counter)
    polls: int = 0

    @property
    def rows(self) -> int:
        """Rows of all files."""
        return sum(rows for *_, rows in self.files)

    def as_json(self, state: str) -> dict[str, Any]:
        """As HubSpot returns it."""
        kinds = dict.fromkeys(spec.kind.type_id for _, spec, _, _ in self.files)
        return {
            "id": str(self.id),
            "state": state,
            "importName": self.request.name,
            "importSource": "API",
            "importRequestJson": self.request.json,
            "mappedObjectTypeIds": list(kinds),
            "optOutImport": False,
            "createdAt": iso(self.created),
            "updatedAt": iso(self.updated),
            "metadata": {
                "fileIds": [str(number) for number, *_ in self.files],
                "objectLists": [],
                "counters": dict(self.counters),
            },
        }


class ImportJobs:
    """The imports of a portal."""

    def __init__(self, world: World, behaviour: Behaviour, writer: RowWriter) -> None:
        """Write rows with `writer`."""
        self.errors = ImportErrors(world.database)
        self.folder = world.folder / "hubspot-imports"
        self._now = world.now
        self._faults = world.faults
        self._behaviour = behaviour
        self._writer = writer
        self._workers = Workers("hubspot-import", AT_ONCE, behaviour)
        self._lock = threading.Lock()
        self._jobs: dict[int, Import] = {}
        self._files = 0

    def next_file(self) -> tuple[int, Path]:
        """Id and path for an upload."""
        self.folder.mkdir(exist_ok=True)
        with self._lock:
            self._files += 1
            number = 90_375_898_510 + 7 * self._files
        return number, self.folder / f"{number}.csv"

    def rows_today(self) -> int:
        """Rows of the imports of the last 24 hours."""
        since = self._now() - _DAY
        with self._lock:
            return sum(job.rows for job in self._jobs.values() if job.created > since)

    def start(
        self,
        request: ImportRequest,
        files: list[tuple[int, FileSpec, Path, int]],
        owner: str,
        path: str,
        version: str,
        *,
        half: bool,
    ) -> Import:
        """Queue an import."""
        now = self._now()
        with self._lock:
            number = 48_541_593 + 11 * len(self._jobs)
            running = sum(1 for job in self._jobs.values() if job.state not in _ENDED)
            job = Import(number, request, files, owner, path, version, half, now, now)
            job.state = "STARTED" if running < AT_ONCE else "DEFERRED"
            job.counters["MAPPED_COLUMNS"] = sum(len(spec.columns) for _, spec, _, _ in files)
            job.counters["TOTAL_ROWS"] = job.rows
            self._jobs[number] = job
        self._workers.submit(lambda: self._work(job))
        return job

    def find(self, number: int, owner: str) -> Import | None:
        """An import by its id, for the one who started it."""
        job = self._jobs.get(number)
        return job if job is not None and job.owner == owner else None

    def own(self, owner: str) -> list[Import]:
        """The imports of one caller, the latest first."""
        with self._lock:
            return [job for job in reversed(self._jobs.values()) if job.owner == owner]

    def _work(self, job: Import) -> None:
        def cancelled() -> bool:
            return job.state == "CANCELED"

        try:
            self._workers.check(cancelled)
            self._move(job, "STARTED")
            until = self._workers.begin(cancelled)
            self._move(job, "PROCESSING")
            if self._faults.draw("failed_job", "hubspot", "POST", job.path):
                self._move(job, "FAILED")
                return
            halfway = self._faults.draw("unprocessed", "hubspot", "POST", job.path) is not None
            for number, spec, path, rows in job.files:
                if not self._file(job, number, spec, path, rows // 2 if halfway else None):
                    self._move(job, "FAILED")
                    return
            self._workers.until(until, cancelled)
            self._move(job, "DONE")
        except StoppedError:
            return
        except BaseException:
            self._move(job, "FAILED")
            raise
        finally:
            for _, _, path, _ in job.files:
                path.unlink(missing_ok=True)

    def _file(self, job: Import, number: int, spec: FileSpec, path: Path, limit: int | None) -> bool:
        """Write one file, or its first `limit` rows; whether it was written whole."""
        context = Context(str(number), job.path, job.version, job.half, self._now)
        try:
            for outcome in self._writer.write(job.request, spec, path, context, limit):
                self._count(job, number, spec, outcome)
                self._workers.check(lambda: job.state == "CANCELED")
        except FailedFileError as failed:
            self._count(job, number, spec, Outcome(errors=[failed.error]))
            return False
        return limit is None

    def _count(self, job: Import, number: int, spec: FileSpec, outcome: Outcome) -> None:
        self.errors.add(job.id, number, spec.kind, outcome.errors, milliseconds_of(self._now()))
        with self._lock:
            for name, more in (
                ("PROPERTY_VALUES_EMITTED", outcome.values),
                ("CREATED_OBJECTS", outcome.created),
                ("UPDATED_OBJECTS", outcome.updated),
                ("UNIQUE_OBJECTS_WRITTEN", outcome.created + outcome.updated),
                ("ERRORS", len(outcome.errors)),
            ):
                if more:
                    job.counters[name] += more

    def _move(self, job: Import, state: str) -> None:
        """Go on to another state; a cancelled job stays so.

        Raises:
            StoppedError: it was cancelled.
        """
        with self._lock:
            if job.state == "CANCELED":
                raise StoppedError
            job.state, job.updated = state, self._now()

    def poll(self, job: Import, path: str) -> str:
        """The public state."""
        stuck = self._faults.draw("stuck_job", "hubspot", "GET", path) is not None
        with self._lock:
            job.polls += 1
            early = stuck or job.polls <= self._behaviour.job_polls
            return "PROCESSING" if early and job.state in ("DONE", "FAILED") else job.state

    def cancel(self, job: Import) -> bool:
        """Stop an import; what it has written stays. False if it had ended."""
        with self._lock:
            if job.state in _ENDED:
                return False
            job.state, job.updated = "CANCELED", self._now()
            return True

    def close(self) -> None:
        """End what runs."""
        self._workers.close()
