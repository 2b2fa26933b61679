"""A CRM whose records lie on disk as an adapter leaves them, and which takes every change and forgets it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from connector.crm import (
    ID,
    RESULT_SCHEMA,
    CrmField,
    CrmName,
    Currencies,
    Estimate,
    JobLog,
    Object,
    Pulled,
    PullRequest,
    Usage,
)
from connector.errors import CrmRequestError
from connector.stages.pull import NO_OBJECT

_BATCH = 50_000


class DiskCrm:
    """As much of `connector.crm.Crm` as a sync uses: what is left to measure is the connector's own work."""

    name: CrmName = "salesforce"

    def __init__(self, records: Mapping[Object, Pulled]) -> None:
        self._records = records

    def describe(self, object: Object) -> Mapping[str, CrmField]:
        """Every column is a field."""
        return {name: CrmField(name, name, kind) for name, kind in self._records[object].schema.items()}

    def pull(self, request: PullRequest, folder: Path) -> Pulled:  # noqa: ARG002 - nothing is read
        """The files as they are.

        Raises:
            CrmRequestError: there are none of this object.
        """
        if request.object not in self._records:
            message = f"{request.object} are not among the files"
            raise CrmRequestError(message, crm=self.name, operation="read", code=NO_OBJECT)
        return self._records[request.object]

    def incremental(self, request: PullRequest) -> bool:  # noqa: ARG002 - the same for all
        """Every night reads everything."""
        return False

    def settle(self, jobs: JobLog) -> None:
        """No jobs."""

    def currencies(self) -> Currencies:
        """One currency."""
        return Currencies("EUR")

    def stages(self) -> Mapping[str, tuple[str, ...]]:
        """Those that the files use."""
        return {"": ("Proposal/Price Quote", "Closed Won", "Closed Lost")}

    def batch_size(self, total: int) -> int:  # noqa: ARG002 - the same for all
        """As large as for a bulk interface."""
        return _BATCH

    def write(
        self,
        batches: Iterable[pa.RecordBatch],
        total: int,  # noqa: ARG002 - the same for all
        jobs: JobLog,  # noqa: ARG002 - there are none
    ) -> Iterator[pa.RecordBatch]:
        """Accept everything."""
        for batch in batches:
            nothing = pa.nulls(batch.num_rows, pa.string())
            outcome = pa.repeat(pa.scalar("written"), batch.num_rows)
            yield pa.RecordBatch.from_arrays(
                [batch.column(ID), outcome, nothing, nothing, nothing], schema=RESULT_SCHEMA
            )

    def estimate(self, rows: Mapping[Object, int], changes: int) -> Estimate:  # noqa: ARG002 - nothing is called
        """No calls."""
        return Estimate(0, 0)

    def usage(self) -> Usage:
        """No calls."""
        return Usage(None, None)
