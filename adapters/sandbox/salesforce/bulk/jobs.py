"""All bulk jobs of an org: ids, and the lists that `GET jobs/ingest` and `GET jobs/query` give."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from starlette.responses import Response

from adapters.sandbox.http import json_response
from adapters.sandbox.salesforce.api import Call
from adapters.sandbox.salesforce.errors import ApiError, not_found
from adapters.sandbox.salesforce.ids import make_id, normalised

if TYPE_CHECKING:
    from adapters.sandbox.salesforce.access import Access
    from adapters.sandbox.salesforce.org import Org

Kind = Literal["V2Ingest", "V2Query"]
ENDED = ("JobComplete", "Failed", "Aborted")
_PROMPT_SECONDS = 2.0  # that a poll of a prompt job waits for its end
_LISTED = 1_000  # jobs of one page of the list


class Job(Protocol):
    """What both kinds of job have.

    Attributes:
        id: of the job.
        kind: as the list's filter names it.
        access: whose rights hold; the others' jobs are seen by administrators only.
        state: how far it is.
        error: why it failed.
        worker: the thread that does its work.
    """

    state: str
    error: str | None
    worker: threading.Thread | None

    @property
    def id(self) -> str:
        """Of the job."""

    @property
    def kind(self) -> Kind:
        """As the list's filter names it."""

    @property
    def access(self) -> Access:
        """Whose rights hold."""

    def info(self, *, full: bool) -> dict[str, Any]:
        """The job as the API shows it."""


class Jobs:
    """The register."""

    def __init__(self, org: Org) -> None:
        """No jobs yet; their files go into a folder of the sandbox's own."""
        self.folder: Path = org.world.folder / "salesforce-jobs"
        self.folder.mkdir(exist_ok=True)
        self.listed = _LISTED
        self.rows_per_second: float | None = None
        self.prompt = False
        self._jobs: dict[str, Job] = {}
        self._last = 0
        self._lock = threading.Lock()

    def next_id(self) -> str:
        """An id that no job ever had."""
        with self._lock:
            self._last += 1
            return make_id("750", self._last)

    def add(self, job: Job) -> None:
        """Enter a job."""
        with self._lock:
            self._jobs[job.id] = job

    def find(self, record_id: str, kind: Kind) -> Job:
        """A job by its id.

        Raises:
            ApiError: there is none.
        """
        job = self._jobs.get(normalised(record_id) or "")
        if job is None or job.kind != kind:
            raise not_found()
        return job

    def remove(self, job: Job) -> None:
        """Delete a job."""
        with self._lock:
            self._jobs.pop(job.id, None)

    def polled(self, job: Job) -> None:
        """Move a job's state on: the first poll finds it at work, a later one finds it ended.

        Prompt jobs are found ended as soon as they are.
        """
        if job.state == "UploadComplete":
            job.state = "InProgress"
            if self.prompt and job.worker is not None:
                job.worker.join(_PROMPT_SECONDS)
            if not self.prompt:
                return
        if job.state == "InProgress" and job.worker is not None and not job.worker.is_alive():
            job.state = "Failed" if job.error else "JobComplete"

    def pause(self, rows: int) -> None:
        """Take as long for some rows as jobs were told to take."""
        if self.rows_per_second:
            time.sleep(rows / self.rows_per_second)

    def list(self, call: Call) -> Response:
        """Every kind of job unless the call names one: queries are listed under ``jobs/ingest`` as well."""
        kind = call.query("jobType")
        if kind not in (None, "", "Classic", "V2Query", "V2Ingest", "BigObjectIngest"):
            raise ApiError("INVALIDJOBTYPE", f"Invalid job type: {kind}")
        with self._lock:
            found = [job for job in self._jobs.values() if not kind or job.kind == kind]
        if (call.query("isPkChunkingEnabled") or "").lower() == "true":
            found = []  # a matter of the first Bulk API alone
        if not call.access.administrator:
            found = [job for job in found if job.access.user_id == call.access.user_id]
        start = self._start(call.query("queryLocator"))
        end = start + self.listed
        more = end < len(found)
        locator = f"{make_id('01g', 1)}-{end}"
        filters = f"&jobType={kind}" if kind else ""
        return json_response(
            {
                "done": not more,
                "records": [job.info(full=False) for job in found[start:end]],
                "nextRecordsUrl": f"{call.path}?queryLocator={locator}{filters}" if more else None,
            }
        )

    @staticmethod
    def _start(locator: str | None) -> int:
        if not locator:
            return 0
        number = locator.rpartition("-")[2]
        if not number.isdigit():
            raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
        return int(number)
