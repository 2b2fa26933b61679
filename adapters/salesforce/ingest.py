"""Writing by Bulk API 2.0: one ingest job a file.

Every job is noted in the caller's log before its records are uploaded, first under a mark of ours, so that a run that
is killed between any two calls leaves nothing behind that nobody knows of.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import orjson
import polars as pl
import requests
from simple_salesforce.api import Salesforce

from adapters.salesforce import cells, jobs, results
from adapters.salesforce.errors import IncompleteError, Refused
from adapters.salesforce.http import Org
from connector.crm import Job, JobLog
from connector.errors import CrmRequestError, CrmTemporaryError

T = TypeVar("T")

UPLOAD_BYTES = 95_000_000  # Salesforce takes 100 MB before base64
OPERATION = "write accounts in bulk"
KIND = "salesforce ingest"
_ROOT = "jobs/ingest"
_MARK = "opening-"
_BODY = {
    "object": "Account",
    "operation": "update",
    "contentType": "CSV",
    "lineEnding": "LF",
    "columnDelimiter": "BACKQUOTE",
}
_TOLERANCE = timedelta(seconds=5)
_MOST_PAGES = 20
_LEFT_SECONDS = 1_800.0
_log = logging.getLogger(__name__)


class Ingest:
    """Runs the ingest jobs of one run.

    Args:
        org: where to write.
        log: is told of every job.
        upload_bytes: size that a file may have.
    """

    def __init__(self, org: Org, log: JobLog, upload_bytes: int = UPLOAD_BYTES) -> None:
        self._org = org
        self._log = log
        self._upload_bytes = upload_bytes

    def send(self, changes: pl.DataFrame, folder: Path) -> pl.DataFrame:
        """Send changes once, in as few jobs as their size allows; their results.

        Raises:
            PassingFailureError: a job failed before it had done anything; the same changes may be sent again.
            CrmError: a job failed for good; its unprocessed records were not written.
        """
        parts = cells.files(changes, folder, self._upload_bytes)
        found = (self._run(part.file, changes.slice(part.start, part.rows)) for part in parts)
        return pl.concat([results.written(()), *found])

    def settle(self, seconds: float = _LEFT_SECONDS) -> None:
        """End every job that a killed run has left open.

        One that has its data is waited for, since an aborted one may still write for a while.

        Args:
            seconds: how long to wait for one before it is aborted after all.

        Raises:
            CrmTemporaryError: a job neither ends nor can be aborted.
        """
        for job in self._log.left_open():
            if job.kind != KIND:
                continue
            if job.id.startswith(_MARK):
                ended = all(map(self._abort, self._left_since(_moment(job.detail))))
            else:
                ended = self._end(job.id, seconds)
            if not ended:
                raise CrmTemporaryError(
                    f"Salesforce could not end a job that an interrupted run has left ({job.id}): it neither ends nor "
                    "can be aborted. Look at Setup > Bulk Data Load Jobs, and run the command again later.",
                    crm="salesforce",
                    operation=OPERATION,
                )
            self._log.ended(job.id)

    def _run(self, file: Path, changes: pl.DataFrame) -> pl.DataFrame:
        """Run one job; what it neither refused nor left unprocessed is written."""
        job_id = self._uploaded(file)
        path = f"{_ROOT}/{job_id}"
        self._close(path)
        job = jobs.ended(self._org, OPERATION, path, len(changes))
        processed, refused = (
            int(job.get("numberRecordsProcessed") or 0),
            int(job.get("numberRecordsFailed") or 0),
        )
        lists = []
        if job["state"] != jobs.COMPLETE:
            error = jobs.failure(self._org, OPERATION, job)
            if not processed or not isinstance(error, jobs.PassingFailureError):
                self._log.ended(job_id)
                raise error
        if refused:
            file = file.with_name("failed.csv")
            lists.append(self._listed(f"{path}/failedResults/", file, refused, results.failed))
        if processed < len(changes):
            file, left = file.with_name("unprocessed.csv"), len(changes) - processed
            lists.append(self._listed(f"{path}/unprocessedrecords/", file, left, results.unprocessed))
        self._log.ended(job_id)
        return results.others(changes, lists)

    def _uploaded(self, file: Path) -> str:
        """Id of a job that has the file; nothing is written before it is closed.

        An upload whose reply is lost is repeated, and then refused because the job has its data: such a job is given
        up for a new one.

        Raises:
            CrmError: the upload failed.
        """
        job_id = self._opened()
        try:
            self._org.upload(OPERATION, f"{_ROOT}/{job_id}/batches", file)
        except CrmRequestError:
            if self._abort(job_id):
                self._log.ended(job_id)
            job_id = self._opened()
            self._org.upload(OPERATION, f"{_ROOT}/{job_id}/batches", file)
        return job_id

    def _opened(self) -> str:
        """Id of a new job, noted. If the reply is lost, the job that came to be is taken, not another one opened."""
        _ = self._org.token  # so that the org's clock is known
        began = self._org.clock() or datetime.now(UTC)
        mark = f"{_MARK}{uuid4().hex}"
        self._log.opened(Job(mark, KIND, began.isoformat()))
        unsure = False

        def send(_client: Salesforce) -> str:
            nonlocal unsure
            if unsure and (found := list(self._open_since(began))):
                return found[-1]
            try:
                answer = self._org.session.post(self._org.url(_ROOT), json=_BODY)
                return str(orjson.loads(answer.content)["id"])
            except Refused:
                raise
            except (requests.RequestException, orjson.JSONDecodeError) as error:
                unsure = True
                if isinstance(error, requests.RequestException):
                    raise
                raise IncompleteError("a job without a description") from error

        job_id = self._org.call(OPERATION, send)
        self._log.opened(Job(job_id, KIND))
        self._log.ended(mark)
        _log.info("Salesforce bulk job %s opened", job_id)
        return job_id

    def _open_since(self, began: datetime) -> Iterator[str]:
        """Ids of our jobs without data that were opened since a moment, the oldest first.

        Salesforce lets nobody name a job; ours are told from other programs' by the user, the object and the rare
        separator of their cells.
        """
        me = self._org.user().id
        found = []
        for job in self._all_jobs():
            ours = job.get("columnDelimiter", "BACKQUOTE") == "BACKQUOTE" and job.get("createdById") == me
            same = all(job.get(name) == _BODY[name] for name in ("object", "operation"))
            created = _moment(str(job.get("createdDate")))
            if job.get("state") == "Open" and ours and same and created >= began - _TOLERANCE:
                found.append((created, str(job["id"])))
        yield from (job_id for _, job_id in sorted(found))

    def _left_since(self, began: datetime) -> list[str]:
        return self._org.call(OPERATION, lambda _client: list(self._open_since(began)))

    def _all_jobs(self) -> Iterator[Mapping[str, Any]]:
        address = f"{_ROOT}?jobType=V2Ingest"
        for _ in range(_MOST_PAGES):
            answer = orjson.loads(self._org.session.get(self._org.url(address)).content)
            yield from answer["records"]
            address = str(answer.get("nextRecordsUrl") or "")
            if answer.get("done", True) or not address:
                return

    def _listed(
        self, path: str, target: Path, announced: int, read: Callable[[Path, int], pl.DataFrame]
    ) -> pl.DataFrame:
        """Download ``failedResults`` or ``unprocessedrecords``, all of them."""

        def send(_client: Salesforce) -> pl.DataFrame:
            self._org.download(path, target)
            return read(target, announced)

        return self._org.call(OPERATION, send)

    def _close(self, path: str) -> None:
        """Say that the upload is complete. A lost reply leaves the job closed, and closing it again is refused."""

        def send(_client: Salesforce) -> None:
            try:
                self._org.session.patch(self._org.url(path), json={"state": "UploadComplete"})
            except Refused as refused:
                if refused.status != 400 or self._state(path) in ("Open", "Aborted"):
                    raise

        self._org.call(OPERATION, send)

    def _state(self, path: str) -> str:
        return str(orjson.loads(self._org.session.get(self._org.url(path)).content)["state"])

    def _end(self, job_id: str, seconds: float) -> bool:
        """Wait for the end of a job, or abort it; whether it is at its end."""
        path = f"{_ROOT}/{job_id}"
        try:
            if self._org.request(OPERATION, "GET", path)["state"] == "Open":
                return self._abort(job_id)
            jobs.ended(self._org, OPERATION, path, seconds=seconds)
        except CrmRequestError as error:
            if error.status != 404:
                raise
            return True  # somebody has deleted it
        except CrmTemporaryError:
            return self._abort(job_id)
        return True

    def _abort(self, job_id: str) -> bool:
        """Give a job up; whether it is at its end."""
        path = f"{_ROOT}/{job_id}"
        try:
            self._org.request(OPERATION, "PATCH", path, body={"state": "Aborted"})
        except CrmRequestError as error:
            _log.info("Salesforce bulk job %s could not be aborted: %s", job_id, error)
            return self._org.call(OPERATION, lambda _client: self._state(path)) in jobs.ENDED
        return True


def _moment(text: str) -> datetime:
    """A moment as we note it, or as Salesforce writes it."""
    try:
        return datetime.fromisoformat(text.replace("+0000", "+00:00"))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
