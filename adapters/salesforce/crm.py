"""Salesforce as a `connector.crm.Crm`: each method hands over to the module that does it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Self

import pyarrow as pa

from adapters.allowance import Allowance
from adapters.retry import Limits
from adapters.salesforce import bulk_query, definitions, pull, query
from adapters.salesforce.check import findings
from adapters.salesforce.emit import emit
from adapters.salesforce.fields import OBJECTS, Fields
from adapters.salesforce.http import READ_SECONDS, Org
from adapters.salesforce.provision import Provisioner
from adapters.salesforce.records import COLLECTION
from adapters.salesforce.sizes import Sizes
from adapters.salesforce.visibility import visibility
from adapters.salesforce.write import Writer
from connector.config import SalesforceConnection
from connector.crm import (
    CrmField,
    CrmName,
    Currencies,
    Estimate,
    FieldSpec,
    Finding,
    JobLog,
    Needs,
    Object,
    Pulled,
    PullRequest,
    Step,
    Usage,
)

_POLLS = 4  # of a job, about
_ROWS_OF_A_FULL_JOB = 250_000  # of 100 MB
_SINGLE_CALLS = 6  # login, user, stages, currencies and rates, merged accounts


class SalesforceCrm:
    """One Salesforce org. Made by `open`; use from one thread.

    Attributes:
        name: always ``salesforce``.
    """

    name: CrmName = "salesforce"

    def __init__(self, org: Org, puller: pull.Puller, writer: Writer) -> None:
        self._org = org
        self._fields = puller.fields
        self._puller = puller
        self._writer = writer
        self._stages: tuple[definitions.Stage, ...] | None = None
        self._currencies: Currencies | None = None

    @classmethod
    def open(
        cls,
        connection: SalesforceConnection,
        *,
        time_zone: str,
        quota_share: float = 1.0,
        limits: Limits | None = None,
        read_seconds: float = READ_SECONDS,
        page_rows: int = bulk_query.PAGE,
    ) -> Self:
        """Prepare a connection; it logs in on the first call.

        Args:
            connection: as configured.
            time_zone: in which moments become days.
            quota_share: share of the org's daily API calls that may be used up, by everybody.
            limits: budget of the retries.
            read_seconds: how long to wait for an answer.
            page_rows: records per page of a bulk result.
        """
        org = Org(connection, limits, read_seconds)
        fields = Fields(org)
        method = connection.load_method
        crm: Self

        def defined() -> tuple[str, ...]:
            return crm.stages()[""]

        allowance = Allowance("salesforce", org.session, quota_share)
        puller = pull.Puller(org, fields, time_zone, method, page_rows, defined, Sizes(org), allowance)
        crm = cls(org, puller, Writer(org, method, allowance))
        return crm

    def check(self, needs: Needs | None = None) -> list[Finding]:
        """Log in and look at version, user, permissions and quota; see `connector.crm.Crm.check`."""
        return list(findings(self._org, self._fields, self._writer, needs))

    def visibility(self, user: str, fields: Sequence[str], accounts: Sequence[str]) -> list[Finding]:
        """What a person sees of the results; see `connector.crm.Crm.visibility`."""
        return list(visibility(self._org, user, fields, accounts))

    def user(self) -> str:
        """User name of whom we are connected as."""
        return self._org.user().name

    def describe(self, object: Object, source: str | None = None) -> Mapping[str, CrmField]:
        """Fields of a section's object; see `connector.crm.Crm.describe`."""
        return self._fields.of(source or OBJECTS[object][0])

    def resolve(self, object: Object, field: str) -> CrmField | None:
        """The field behind a name that may be dotted; None if unknown or hidden."""
        return self._fields.resolve_any(OBJECTS[object], field)

    def stages(self) -> Mapping[str, tuple[str, ...]]:
        """Stored values of the stages in order, under "": Salesforce has no pipelines."""
        return {"": tuple(dict.fromkeys(stage.name for stage in self._defined_stages()))}

    def _defined_stages(self) -> tuple[definitions.Stage, ...]:
        if self._stages is None:
            self._stages = definitions.stages(self._org)
        return self._stages

    def currencies(self) -> Currencies:
        """Home currency and rates."""
        if self._currencies is None:
            self._currencies = definitions.currencies(self._org, self._fields)
        return self._currencies

    def incremental(self, request: PullRequest) -> bool:
        """Whether a later read can be asked for changes alone: not with formulas and fields of a parent."""
        return self._puller.incremental(request)

    def basis(self, request: PullRequest) -> str:
        """Org, user, time zone and, for opportunities, the stages; see `connector.crm.Crm.basis`."""
        stages = self._defined_stages() if request.object == "opportunities" else ()
        return repr((self._org.token.instance_url, self._org.user().id, self._puller.time_zone, stages))

    def pull(self, request: PullRequest, folder: Path) -> Pulled:
        """Read records to Parquet files; see `connector.crm.Crm.pull`."""
        return self._puller.pull(request, folder)

    def batch_size(self, total: int) -> int:
        """How many changes a batch should hold."""
        return self._writer.batch_size(total)

    def settle(self, jobs: JobLog) -> None:
        """End every job that a killed run has left open."""
        self._writer.settle(jobs)

    def write(self, batches: Iterable[pa.RecordBatch], total: int, jobs: JobLog) -> Iterator[pa.RecordBatch]:
        """Send changes to accounts; see `connector.crm.Crm.write`."""
        return self._writer.write(batches, total, jobs)

    def provision(
        self,
        fields: Sequence[FieldSpec],
        reads: Mapping[Object, Sequence[str]],
        assign: Sequence[str] = (),
        *,
        dry_run: bool = False,
        nightly_user: str | None = None,
    ) -> list[Step]:
        """Create fields, options and permission sets; see `connector.crm.Crm.provision`.

        Args:
            fields: fields on the account, results and inputs.
            reads: fields that the nightly user must be able to read, by object.
            assign: user names of those who get *KPM User*.
            dry_run: say what would be done.
            nightly_user: user name of whom the nightly sync connects as, who gets *KPM Sync*; see `user`. None
                leaves that assignment to a person.
        """
        provisioner = Provisioner(self._org, self._fields, dry_run=dry_run)
        steps = list(provisioner.steps(fields, reads, assign, nightly_user))
        self._fields.forget()
        return steps

    def emit(
        self, fields: Sequence[FieldSpec], reads: Mapping[Object, Sequence[str]], folder: Path
    ) -> list[Path]:
        """Write fields and permission sets as a project that the Salesforce CLI deploys."""
        return emit(self._org, self._fields, fields, reads, folder)

    def estimate(self, rows: Mapping[Object, int], changes: int) -> Estimate:
        """Calls that reading so many records and writing so many changes takes."""
        described = len(rows) + ("contact_roles" in rows)
        calls = minimum = _SINGLE_CALLS + len(self._puller.counted)
        for section, count in rows.items():
            read = {name: self._puller.found[name] for name in OBJECTS[section] if name in self._puller.found}
            for number in (read or {section: count}).values():
                made, fewest = self._reading(number)
                calls += made
                minimum += fewest
            described += max(0, len(read) - 1)
        calls += described
        minimum += described
        if changes:
            calls += self._writer.calls(changes)
            jobs = ceil(changes / _ROWS_OF_A_FULL_JOB)
            minimum += min(ceil(changes / COLLECTION), 3 * jobs + 1)  # open, upload, close; territory rules
        return Estimate(calls, minimum)

    def _reading(self, rows: int) -> tuple[int, int]:
        """Calls that reading an object takes, and the fewest that it could."""
        method = self._puller.method
        pages, parts = max(1, ceil(rows / query.PAGE)), ceil(rows / self._puller.page_rows)
        fewest = min(pages, 1 + parts)  # opening a job, and its pages
        if method == "rest" or (method == "auto" and rows <= pull.REST_ROWS):
            return pages, fewest
        return 1 + _POLLS + parts, fewest

    def usage(self) -> Usage:
        """API calls of the org in the last 24 hours, and ours by endpoint."""
        session = self._org.session
        return Usage(session.used, session.limit, self._org.calls)

    def account_url(self, account_id: str) -> str:
        """Link to an account's page."""
        return f"{self._org.token.instance_url}/lightning/r/Account/{account_id}/view"

    def close(self) -> None:
        """Release connections."""
        self._org.close()
