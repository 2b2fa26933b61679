"""Jobs of Bulk API 2.0: waiting for their end, and what it means if they fail."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.salesforce.errors import PASSING_JOB_WORDS, QUOTA_CODES
from adapters.salesforce.http import Org
from connector.errors import CrmError, CrmRequestError, CrmTemporaryError

JOB_SECONDS = 7_200.0
COMPLETE = "JobComplete"
ENDED = frozenset({COMPLETE, "Failed", "Aborted"})
_UNDER_WAY = frozenset({"UploadComplete", "InProgress"})
_SHORTEST_PAUSE = 0.05
_POLL_SECONDS = 5.0
_ROWS_A_SECOND = 50_000
"""About what a job gets done: before that time a poll would be a call for nothing."""


class PassingFailureError(CrmTemporaryError):
    """A job ended without doing all its work, for a reason that passes: another one may succeed at once."""


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


def ended(
    org: Org, operation: str, path: str, rows: int | None = None, *, seconds: float = JOB_SECONDS
) -> Mapping[str, Any]:
    """Wait for the end of a job, good or bad; the job as Salesforce describes it.

    Args:
        org: where it runs.
        operation: what it does, in a person's words.
        path: of the job.
        rows: its size, if it is known.
        seconds: how long to wait.

    Raises:
        CrmTemporaryError: it takes too long.
        CrmError: it cannot be asked for.
    """
    deadline = time.monotonic() + seconds
    for pause in pauses(rows):
        time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
        job: Mapping[str, Any] = org.request(operation, "GET", path)
        if job["state"] not in _UNDER_WAY:
            return job
        if time.monotonic() >= deadline:
            raise CrmTemporaryError(
                f"Salesforce could not {operation} in time: the bulk job {job['id']} is still {job['state']} after "
                f"{seconds / 60:.0f} minutes. Look at Setup > Bulk Data Load Jobs, and run the command again.",
                crm="salesforce",
                operation=operation,
            )
    raise AssertionError


def failure(org: Org, operation: str, job: Mapping[str, Any]) -> CrmError:
    """The error for a job that did not complete: `PassingFailureError` if another one may succeed at once."""
    words = str(job.get("errorMessage") or "no reason given")
    code = words.partition(":")[0].strip() or None
    end = f"The bulk job {job['id']} ended as {job['state']}. Salesforce says: {words}"

    def error(kind: type[CrmError], text: str) -> CrmError:
        return kind(org.translator.clean(text), crm="salesforce", operation=operation, code=code)

    if job["state"] == "Aborted":
        text = (
            f"Salesforce could not {operation}: somebody has aborted the job. {end}. Run the command again."
        )
        return error(CrmTemporaryError, text)
    if code in QUOTA_CODES or PASSING_JOB_WORDS.search(words):
        text = (
            f"Salesforce could not {operation}. {end}. This usually passes: run the command again later; if it stays, "
            "look at Setup > Bulk Data Load Jobs."
        )
        return error(CrmTemporaryError if code in QUOTA_CODES else PassingFailureError, text)
    org.name_user()
    return error(CrmRequestError, f"Salesforce could not {operation}: {org.translator.meaning(words)}. {end}")
