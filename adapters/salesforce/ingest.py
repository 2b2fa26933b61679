"""Writing by Bulk API 2.0: one ingest job a file."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simple_salesforce.api import Salesforce

from adapters.salesforce import jobs
from adapters.salesforce.errors import Refused
from adapters.salesforce.http import Org
from connector.errors import CrmError, CrmRequestError

_log = logging.getLogger(__name__)

UPLOAD_BYTES = 90_000_000  # Salesforce takes 100 MB before base64, and counts generously


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
        return jobs.finished(self._org, self._operation, self._path)

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
