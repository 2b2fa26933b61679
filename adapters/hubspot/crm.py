"""HubSpot as a `connector.crm.Crm`: each method hands over to the module that does it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import pyarrow as pa

from adapters.allowance import Allowance
from adapters.hubspot.check import findings
from adapters.hubspot.emit import emit
from adapters.hubspot.estimate import Costs
from adapters.hubspot.fields import Fields
from adapters.hubspot.http import Portal
from adapters.hubspot.jobs import POLL_SECONDS, Waiting
from adapters.hubspot.paths import OBJECTS
from adapters.hubspot.provision import Provisioner
from adapters.hubspot.pull import FEW, Puller
from adapters.hubspot.session import READ_SECONDS
from adapters.hubspot.settings import Settings
from adapters.hubspot.write import Writer
from adapters.retry import Limits
from connector.config import HubspotConnection
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


class HubspotCrm:
    """One HubSpot portal. Made by `open`; use from one thread.

    Attributes:
        name: always ``hubspot``.
    """

    name: CrmName = "hubspot"

    def __init__(self, portal: Portal, puller: Puller, writer: Writer) -> None:
        self._portal = portal
        self._fields = puller.fields
        self._settings = puller.settings
        self._puller = puller
        self._writer = writer

    @classmethod
    def open(
        cls,
        connection: HubspotConnection,
        *,
        time_zone: str,
        quota_share: float = 1.0,
        limits: Limits | None = None,
        read_seconds: float = READ_SECONDS,
        poll_seconds: float = POLL_SECONDS,
    ) -> Self:
        """Prepare a connection; nothing is sent before the first call.

        Args:
            connection: as configured.
            time_zone: in which moments become days.
            quota_share: share of the portal's daily API calls that may be used up, by everybody.
            limits: budget of the retries.
            read_seconds: how long to wait for an answer.
            poll_seconds: the longest pause between two looks at a job.
        """
        portal = Portal(connection, limits, read_seconds)
        fields, settings = Fields(portal), Settings(portal, time_zone)
        waiting = Waiting(poll_seconds)
        allowance = Allowance("hubspot", portal.session, quota_share)
        puller = Puller(portal, fields, settings, time_zone, allowance, connection.load_method, waiting)
        writer = Writer(portal, fields, settings, time_zone, allowance, connection.load_method, waiting)
        return cls(portal, puller, writer)

    def check(self, needs: Needs | None = None) -> list[Finding]:
        """Log in and look at the token, its scopes, what it sees, properties, and quota."""
        return list(findings(self._portal, self._fields, self._settings, self._puller, needs))

    def visibility(
        self,
        user: str,
        fields: Sequence[str],  # noqa: ARG002
        accounts: Sequence[str],  # noqa: ARG002
    ) -> list[Finding]:
        """HubSpot tells nobody what another user sees."""
        words = (
            f"HubSpot does not tell what {user} sees. Properties are shown to everybody who may see the company, "
            "unless Settings > Properties > (property) > Manage access says otherwise; Settings > Users & Teams says "
            "which companies that are"
        )
        return [Finding("warning", "visibility", words)]

    def user(self) -> str:
        """Whose the token is: the user's number and the portal, as HubSpot tells no names."""
        return self._settings.owner().name

    def describe(self, object: Object, source: str | None = None) -> Mapping[str, CrmField]:
        """Properties of a section's object; see `connector.crm.Crm.describe`.

        Activities without `source` are everything that is read together: calls, e-mails and the rest.
        """
        names = (source,) if source else OBJECTS[object]
        found: dict[str, CrmField] = {}
        for name in reversed(names):
            found |= self._fields.of(name)
        return found

    def resolve(self, object: Object, field: str) -> CrmField | None:
        """The property behind a name; None if unknown or hidden. HubSpot has no dotted names."""
        return self.describe(object).get(field)

    def stages(self) -> Mapping[str, tuple[str, ...]]:
        """Stages of deals by pipeline: stored values in order."""
        return self._settings.stages()

    def currencies(self) -> Currencies:
        """Home currency and rates."""
        return self._settings.currencies()

    def incremental(self, request: PullRequest) -> bool:
        """Whether changes alone can be read; see `connector.crm.Crm.incremental`."""
        return self._puller.incremental(request)

    def basis(self, request: PullRequest) -> str:
        """Portal, user, time zone and, for deals, pipelines and exchange rates; see `connector.crm.Crm.basis`.

        HubSpot computes a deal's amount in home currency anew when a rate changes, without stamping the deal.
        """
        deals = request.object == "opportunities"
        stages = sorted(self._settings.stage_meanings().items()) if deals else []
        rates = self._settings.currencies().rates if deals else ()
        portal = self._settings.details["portalId"]
        return repr((portal, self._settings.owner().name, self._puller.time_zone, stages, rates))

    def pull(self, request: PullRequest, folder: Path) -> Pulled:
        """Read records to Parquet files; see `connector.crm.Crm.pull`."""
        return self._puller.pull(request, folder)

    def batch_size(self, total: int) -> int:
        """How many changes a batch should hold."""
        return self._writer.batch_size(total)

    def settle(self, jobs: JobLog) -> None:
        """Wait for imports of a killed run, or give them up; see `connector.crm.Crm.settle`."""
        self._writer.settle(jobs)

    def write(self, batches: Iterable[pa.RecordBatch], total: int, jobs: JobLog) -> Iterator[pa.RecordBatch]:
        """Send changes to companies; see `connector.crm.Crm.write`."""
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
        """Create properties and options; see `connector.crm.Crm.provision`.

        HubSpot has no permission sets, and scopes are given to keys: steps that are left to a person say where.
        """
        provisioner = Provisioner(self._portal, self._fields, self._settings, dry_run=dry_run)
        steps = list(provisioner.steps(fields, reads, assign, nightly_user))
        self._fields.forget()
        return steps

    def emit(
        self,
        fields: Sequence[FieldSpec],
        reads: Mapping[Object, Sequence[str]],  # noqa: ARG002 - rights are scopes of a key, which no file gives
        folder: Path,
    ) -> list[Path]:
        """Write property definitions as JSON; see `connector.crm.Crm.emit`."""
        return emit(self._fields, fields, folder)

    def estimate(self, rows: Mapping[Object, int], changes: int) -> Estimate:
        """Calls that reading so many records and writing so many changes takes.

        What this session has read counts as it was read; the rest is reckoned by the ways of `load_method`. The
        minimum leaves out polls, counting, and deals whose company must be asked for.
        """
        method = self._puller.method
        details = self._settings.details
        costs = Costs(
            singles=1 + self._portal.translator.renewable + self._settings.identified,
            rates=1 if details.get("additionalCurrencies") else 0,
            bulk_from={"auto": FEW, "bulk": 0, "rest": None}[method],
            counted=method == "auto",
        )
        return costs.estimate(rows, changes, self._puller.done)

    def usage(self) -> Usage:
        """API calls of today, and ours by endpoint."""
        used, limit = self._settings.daily_calls()
        return Usage(used, limit, dict(self._portal.session.calls))

    def account_url(self, account_id: str) -> str:
        """Link to a company's page."""
        return self._settings.account_url(account_id)

    def close(self) -> None:
        """Release connections."""
        self._portal.close()
