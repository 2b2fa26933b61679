"""Bulk API 2.0: a thin client over the org's session.

Query results and uploads are streamed from and to disk. Every page is checked against the number of records that
it announces, and the whole against the number that the job processed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from simple_salesforce.api import Salesforce

from adapters.salesforce.errors import IncompleteError, Refused
from adapters.salesforce.http import Org
from adapters.salesforce.rows import Reading, from_csv
from connector.errors import CrmError, CrmRequestError, CrmTemporaryError

_log = logging.getLogger(__name__)

PAGE = 250_000
UPLOAD_BYTES = 90_000_000  # Salesforce takes 100 MB before base64, and counts generously
JOB_SECONDS = 7_200.0
_FIRST_POLL = 0.05
_LONGEST_POLL = 10.0
_FIELD_OF_HEADER = "Sforce-NumberOfRecords"
_UNDER_WAY = frozenset({"UploadComplete", "InProgress"})


def read(org: Org, reading: Reading, folder: Path, page_rows: int = PAGE) -> tuple[list[Path], int]:
    """Read every record of a query into Parquet files, one per page.

    Args:
        org: where to read.
        reading: what to read.
        folder: where the files go.
        page_rows: records per page at most.

    Returns:
        The files, at least one, and the number of records.

    Raises:
        CrmError: translated from what Salesforce said, or the job failed.
    """
    operation = f"read {reading.object}"
    operator = "queryAll" if reading.archived else "query"
    job = org.request(operation, "POST", "jobs/query", body={"operation": operator, "query": reading.soql})
    job_path = f"jobs/query/{job['id']}"
    job = _finished(org, operation, job_path)
    paths: list[Path] = []
    rows = 0
    locator: str | None = None
    while True:
        target = folder / f"{reading.object}-{len(paths):04}.parquet"
        count, locator = _page(org, operation, job_path, reading, target, page_rows, locator)
        rows += count
        paths.append(target)
        if locator is None:
            break
    announced = job.get("numberRecordsProcessed")
    if announced is not None and int(announced) != rows:
        raise CrmTemporaryError(
            f"Salesforce could not {operation} completely: the bulk job {job['id']} announced {announced} records "
            f"and gave {rows}. This usually passes: run the command again.",
            crm="salesforce",
            operation=operation,
        )
    return paths, rows


def _page(
    org: Org,
    operation: str,
    job_path: str,
    reading: Reading,
    target: Path,
    page_rows: int,
    locator: str | None,
) -> tuple[int, str | None]:
    """Download one page and convert it; its number of records and the next page's locator."""
    source = target.with_suffix(".csv")
    params = {"maxRecords": str(page_rows), **({"locator": locator} if locator else {})}

    def send(_client: Salesforce) -> tuple[int, str | None]:
        headers = org.download(f"{job_path}/results", params, source)
        rows = from_csv(source, reading, target)
        announced = headers.get(_FIELD_OF_HEADER)
        if announced is not None and int(announced) != rows:
            raise IncompleteError(f"a page that announces {announced} records and holds {rows}")
        following = headers.get("Sforce-Locator")
        return rows, None if following in (None, "", "null") else following

    try:
        return org.call(operation, send)
    finally:
        source.unlink(missing_ok=True)


class Ingest:
    """One job that updates records of one object from a CSV file.

    Attributes:
        job_id: Salesforce's id of the job.
    """

    def __init__(self, org: Org, object_name: str) -> None:
        self._org = org
        self._operation = f"write {object_name} in bulk"
        body = {"object": object_name, "operation": "update", "contentType": "CSV", "lineEnding": "LF"}
        self.job_id = str(org.request(self._operation, "POST", "jobs/ingest", body=body)["id"])
        self._path = f"jobs/ingest/{self.job_id}"
        _log.info("Salesforce bulk job %s opened", self.job_id)

    @classmethod
    def of(cls, org: Org, object_name: str, file: Path) -> Ingest:
        """A job with the file uploaded; nothing is written before `run`.

        An upload whose reply is lost is repeated, and then refused because the job has its data: such a job is
        given up for a new one.

        Raises:
            CrmError: the upload failed.
        """
        job = cls(org, object_name)
        try:
            job.upload(file)
        except CrmRequestError:
            job.abort()
            job = cls(org, object_name)
            job.upload(file)
        return job

    def upload(self, file: Path) -> None:
        """Send the records."""
        self._org.upload(self._operation, f"{self._path}/batches", file)

    def run(self) -> Mapping[str, Any]:
        """Let the job write, and wait for its end; the job as Salesforce describes it.

        Raises:
            CrmError: the job failed as a whole; its unprocessed records were not written.
        """
        self._close()
        return _finished(self._org, self._operation, self._path)

    def results(self, kind: str, target: Path) -> Path:
        """Download ``failedResults`` or ``unprocessedrecords`` as CSV."""

        def send(_client: Salesforce) -> Path:
            self._org.download(f"{self._path}/{kind}/", {}, target)
            return target

        return self._org.call(self._operation, send)

    def _close(self) -> None:
        """Say that the upload is complete. A lost reply leaves the job closed, and closing it again is refused."""

        def send(_client: Salesforce) -> None:
            try:
                self._org.session.patch(self._org.url(self._path), json={"state": "UploadComplete"})
            except Refused as refused:
                if refused.status != 400 or self._state()["state"] in ("Open", "Aborted"):
                    raise

        self._org.call(self._operation, send)

    def _state(self) -> Mapping[str, Any]:
        state: Mapping[str, Any] = self._org.session.get(self._org.url(self._path)).json()
        return state

    def abort(self) -> None:
        """Give the job up."""
        try:
            self._org.request(self._operation, "PATCH", self._path, body={"state": "Aborted"})
        except CrmError as error:
            _log.warning("Salesforce bulk job %s could not be aborted: %s", self.job_id, error)


def _pauses() -> Iterator[float]:
    pause = _FIRST_POLL
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST_POLL)


def _finished(org: Org, operation: str, path: str) -> Mapping[str, Any]:
    """Wait for the end of a job."""
    deadline = time.monotonic() + JOB_SECONDS
    for pause in _pauses():
        job: Mapping[str, Any] = org.request(operation, "GET", path)
        if job["state"] == "JobComplete":
            return job
        if job["state"] not in _UNDER_WAY:
            raise _failed(org, operation, job)
        if time.monotonic() > deadline:
            raise CrmTemporaryError(
                f"Salesforce could not {operation} in time: the bulk job {job['id']} is still {job['state']} after "
                f"{JOB_SECONDS / 3_600:.0f} hours. Look at Setup > Bulk Data Load Jobs, and run the command again.",
                crm="salesforce",
                operation=operation,
            )
        time.sleep(pause)
    raise AssertionError


def _failed(org: Org, operation: str, job: Mapping[str, Any]) -> CrmError:
    org.name_user()
    words = str(job.get("errorMessage") or "no reason given")
    remedy = org.translator.meaning(words)
    return CrmRequestError(
        org.translator.clean(
            f"Salesforce could not {operation}: {remedy}. The bulk job {job['id']} ended as {job['state']}. "
            f"Salesforce says: {words}"
        ),
        crm="salesforce",
        operation=operation,
        code=words.partition(":")[0].strip() or None,
    )
