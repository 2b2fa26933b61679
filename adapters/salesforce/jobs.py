"""Jobs of Bulk API 2.0: waiting for their end, and what it means if they fail."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.salesforce.errors import PASSING_JOB_WORDS, QUOTA_CODES
from adapters.salesforce.http import Org
from connector.errors import CrmRequestError, CrmTemporaryError

JOB_SECONDS = 7_200.0
UNDER_WAY = frozenset({"UploadComplete", "InProgress"})
_SHORTEST_PAUSE = 0.05
_POLL_SECONDS = 5.0
_ROWS_A_SECOND = 50_000
"""About what a job gets done: before that time a poll would be a call for nothing."""


class FailedJobError(Exception):
    """A job ended without doing its work, for a reason that passes.

    Attributes:
        error: what to raise if another one ends alike.
    """

    def __init__(self, error: CrmTemporaryError) -> None:
        super().__init__(str(error))
        self.error = error


def pauses(rows: int | None = None) -> Iterator[float]:
    """Seconds to wait before each poll: a few short ones for small jobs, then one in five seconds, later fewer.

    Args:
        rows: size of the job, if it is known.
    """
    pause = min(max(_SHORTEST_PAUSE, (rows or 0) / _ROWS_A_SECOND), _POLL_SECONDS)
    waited = 0.0
    while True:
        yield pause
        waited += pause
        pause = min(max(pause * 5, waited / 10), max(_POLL_SECONDS, waited / 10))


def finished(org: Org, operation: str, path: str, rows: int | None = None) -> Mapping[str, Any]:
    """Wait for the end of a job; the job as Salesforce describes it.

    Args:
        org: where it runs.
        operation: what it does, in a person's words.
        path: of the job.
        rows: its size, if it is known.

    Raises:
        FailedJobError: it failed for a reason that passes.
        CrmError: it failed for good, or takes too long.
    """
    deadline = time.monotonic() + JOB_SECONDS
    for pause in pauses(rows):
        time.sleep(pause)
        job: Mapping[str, Any] = org.request(operation, "GET", path)
        if job["state"] == "JobComplete":
            return job
        if job["state"] not in UNDER_WAY:
            raise _failed(org, operation, job)
        if time.monotonic() > deadline:
            raise CrmTemporaryError(
                f"Salesforce could not {operation} in time: the bulk job {job['id']} is still {job['state']} after "
                f"{JOB_SECONDS / 3_600:.0f} hours. Look at Setup > Bulk Data Load Jobs, and run the command again.",
                crm="salesforce",
                operation=operation,
            )
    raise AssertionError


def _failed(org: Org, operation: str, job: Mapping[str, Any]) -> Exception:
    words = str(job.get("errorMessage") or "no reason given")
    code = words.partition(":")[0].strip() or None
    ended = f"The bulk job {job['id']} ended as {job['state']}. Salesforce says: {words}"
    if code in QUOTA_CODES or PASSING_JOB_WORDS.search(words) or job["state"] == "Aborted":
        passing = CrmTemporaryError(
            org.translator.clean(
                f"Salesforce could not {operation}. {ended}. This usually passes: run the command again later; if it "
                f"stays, look at Setup > Bulk Data Load Jobs."
            ),
            crm="salesforce",
            operation=operation,
            code=code,
        )
        return passing if code in QUOTA_CODES else FailedJobError(passing)
    org.name_user()
    remedy = org.translator.meaning(words)
    return CrmRequestError(
        org.translator.clean(f"Salesforce could not {operation}: {remedy}. {ended}"),
        crm="salesforce",
        operation=operation,
        code=code,
    )
