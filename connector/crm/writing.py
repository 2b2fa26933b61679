"""Writing: the shape of a batch of changes and of its results, and the jobs that a CRM works off by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from connector.crm.reading import ID

# A batch of changes: ID, and per field F three columns: F (the new value, typed by FieldType.arrow, null
# clears), SEND + F (boolean: send it) and optionally WAS + F (the value before, for the journal).
SEND = "send:"
WAS = "was:"

# A batch of results, one row per change.
RESULT_SCHEMA = pa.schema(
    [
        (ID, pa.string()),
        ("outcome", pa.string()),  # "written" | "rejected" | "deferred" (quota: the next run tries again)
        ("code", pa.string()),  # the vendor's code, null if written
        ("message", pa.string()),  # the vendor's own words, null if written
        ("fields", pa.string()),  # fields named by the vendor, separated by ", "
    ],
)


@dataclass(frozen=True, slots=True)
class Job:
    """A job that a CRM works off by itself, whether or not anybody waits for it.

    Attributes:
        id: the CRM's own, or a mark of the adapter's for a job that it is about to open.
        kind: ``salesforce ingest``, ``hubspot import``.
        detail: whatever the adapter needs to find it again.
    """

    id: str
    kind: str
    detail: str = ""


class JobLog(Protocol):
    """Keeps durably which jobs are open, so that none outlives a killed run unnoticed."""

    def opened(self, job: Job) -> None:
        """Keep a job; it is on disk when this returns. One that is already kept gets the new detail."""
        ...

    def ended(self, job_id: str) -> None:
        """A job has ended, or never came to be."""
        ...

    def left_open(self) -> Sequence[Job]:
        """The jobs that are kept and have not ended, the oldest first."""
        ...
