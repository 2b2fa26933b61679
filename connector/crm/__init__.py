"""The contract between the connector and a CRM.

An adapter speaks the vendor's language (sObject, company, deal, property) and answers in ours: objects are
named as the sections of a mapping file, fields by the CRM's API names, values as columns of Parquet or Arrow.

Promises that every adapter keeps, each one test in ``tests/contract``:

- every record comes exactly once, whatever the page sizes;
- column types follow `Crm.describe`; null stays null; dates are ``date32`` in the business time zone;
- a written value reads back equal, a null clears;
- an unknown or hidden field raises an error that names the field, the user and the fix;
- one result per change, in any order, continuing past rejected ones; replaying a write is safe;
- 429, 5xx, dropped connections and time-outs are retried within a budget, then raised as temporary;
- an expired token is renewed once;
- child records carry the account they belong to;
- an incremental read applied to an earlier one gives what a complete read gives;
- no job of a killed run survives `Crm.settle`, and none is opened without being noted before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, Protocol

import pyarrow as pa

from connector.crm.answers import (
    Estimate,
    Finding,
    Needs,
    Step,
    Usage,
)
from connector.crm.fields import (
    CrmField,
    FieldSpec,
    FieldType,
    Mark,
    Option,
)
from connector.crm.reading import (
    ACCOUNT,
    CLOSED,
    CONTACT,
    CURRENCY,
    DATE,
    HOME_AMOUNT,
    ID,
    LAST_ACTIVITY,
    OPPORTUNITY,
    ROLE,
    STAGE_PROBABILITY,
    WON,
    Condition,
    Currencies,
    Object,
    Pulled,
    PullRequest,
    Rate,
)
from connector.crm.writing import (
    RESULT_SCHEMA,
    SEND,
    WAS,
    Job,
    JobLog,
)

__all__ = [
    "ACCOUNT",
    "CLOSED",
    "CONTACT",
    "CURRENCY",
    "DATE",
    "HOME_AMOUNT",
    "ID",
    "LAST_ACTIVITY",
    "OPPORTUNITY",
    "RESULT_SCHEMA",
    "ROLE",
    "SEND",
    "STAGE_PROBABILITY",
    "VENDORS",
    "WAS",
    "WON",
    "Condition",
    "Crm",
    "CrmField",
    "CrmName",
    "CrmReader",
    "Currencies",
    "Estimate",
    "FieldSpec",
    "FieldType",
    "Finding",
    "Job",
    "JobLog",
    "Mark",
    "Needs",
    "Object",
    "Option",
    "PullRequest",
    "Pulled",
    "Rate",
    "Step",
    "Usage",
]

CrmName = Literal["salesforce", "hubspot"]
VENDORS: Final[Mapping[CrmName, str]] = {"salesforce": "Salesforce", "hubspot": "HubSpot"}
"""How people write their names."""


class CrmReader(Protocol):
    """What rating the accounts takes: a CRM, or a stand-in that knows what was read from it."""

    name: CrmName

    def describe(self, object: Object, source: str | None = None) -> Mapping[str, CrmField]:
        """Fields of an object by API name, as the connected user sees them.

        Dotted parent fields are not listed; `resolve` answers for them.

        Args:
            object: section of the mapping.
            source: the vendor object where a section reads several (``Task``); default the main one.

        Raises:
            CrmRequestError: the org has no such object, code ``OBJECT_NOT_FOUND``.
        """
        ...

    def currencies(self) -> Currencies:
        """Home currency and rates."""
        ...

    def incremental(self, request: PullRequest) -> bool:
        """Whether a later read can be asked for what changed alone.

        False if a field of the request changes without the CRM stamping the record (formulas, fields of a parent),
        or if the CRM cannot tell what was deleted.
        """
        ...

    def basis(self, request: PullRequest) -> str:
        """What rows rest on beside the request and the records themselves, as a text to compare.

        The org and whose eyes see it, the time zone in which moments become days, what stages mean. Rows that were
        read on another basis cannot be continued.
        """
        ...

    def pull(self, request: PullRequest, folder: Path) -> Pulled:
        """Read records to Parquet files in `folder`, which exists and is empty."""
        ...

    def estimate(self, rows: Mapping[Object, int], changes: int) -> Estimate:
        """Calls that reading so many records and writing so many changes takes."""
        ...

    def usage(self) -> Usage:
        """API quota and the calls of this session."""
        ...


class Crm(CrmReader, Protocol):
    """A CRM that holds accounts, and takes results back."""

    def check(self, needs: Needs | None = None) -> list[Finding]:
        """Log in and report on API version, user, permissions and quota. Raises only if login fails.

        Args:
            needs: what a sync will ask for; None for whatever a connection might be used for.
        """
        ...

    def visibility(self, user: str, fields: Sequence[str], accounts: Sequence[str]) -> list[Finding]:
        """What a person sees of the results.

        Args:
            user: whom he logs in as.
            fields: of the account, that he should see.
            accounts: ids of some accounts; how many of them he sees is counted.
        """
        ...

    def user(self) -> str:
        """Name of the user, or of the app, as whom we are connected. Logs in."""
        ...

    def resolve(self, object: Object, field: str) -> CrmField | None:
        """The field behind a name that may be dotted; None if unknown or hidden."""
        ...

    def stages(self) -> Mapping[str, tuple[str, ...]]:
        """Stages of opportunities by pipeline ("" where the CRM has no pipelines): stored values in order."""
        ...

    def batch_size(self, total: int) -> int:
        """How many changes a batch should hold, given how many there are in all."""
        ...

    def settle(self, jobs: JobLog) -> None:
        """Wait for, or abort, every job that a killed run has left open, and note that it has ended.

        Raises:
            CrmTemporaryError: a job neither ends nor can be aborted; nothing must be written now.
        """
        ...

    def write(self, batches: Iterable[pa.RecordBatch], total: int, jobs: JobLog) -> Iterator[pa.RecordBatch]:
        """Send changes to accounts.

        For every batch taken from `batches` exactly one batch of results is yielded, in the same order, so that the
        caller can journal each one before it leaves and settle it after. An adapter takes a batch only when it is
        about to send it; several batches that leave together in one job are all taken before the first result.

        Args:
            batches: see SEND and WAS above; at most `batch_size` rows each.
            total: number of changes in all, from which the adapter chooses its way of writing.
            jobs: is told of every job before its records are uploaded, and when it has ended.

        Yields:
            Results as in RESULT_SCHEMA, one row per change.

        Raises:
            CrmTemporaryError: retries are exhausted; nothing of the batch in hand is certain.
            CrmAuthError: the right to write is missing.
        """
        ...

    def provision(
        self,
        fields: Sequence[FieldSpec],
        reads: Mapping[Object, Sequence[str]],
        assign: Sequence[str] = (),
        *,
        dry_run: bool = False,
        nightly_user: str | None = None,
    ) -> list[Step]:
        """Create what is missing: fields, options, permissions. Never changes or removes what exists.

        Args:
            fields: fields on the account, results and inputs.
            reads: fields that the nightly user must be able to read, by object.
            assign: users who get the right to see the results.
            dry_run: say what would be done.
            nightly_user: whom the nightly sync connects as (`user` of that connection), who gets the right to read
                and write; None where the CRM gives rights to a token, or leaves it to a person.
        """
        ...

    def emit(
        self, fields: Sequence[FieldSpec], reads: Mapping[Object, Sequence[str]], folder: Path
    ) -> list[Path]:
        """Write what `provision` would create as files that a deployment pipeline takes; nothing is sent.

        Args:
            fields: fields on the account, results and inputs.
            reads: fields that the nightly user must be able to read, by object.
            folder: where to; it exists.

        Returns:
            The files, in the order of their names.
        """
        ...

    def account_url(self, account_id: str) -> str:
        """Link to an account's page for people."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
