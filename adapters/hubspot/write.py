"""Writes changes to companies: few in batches, many by an import."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from adapters.allowance import Allowance
from adapters.hubspot.batches import COMPANIES, OPERATION, Batches
from adapters.hubspot.estimate import BATCH
from adapters.hubspot.fields import Fields
from adapters.hubspot.http import Portal
from adapters.hubspot.imports import Imports
from adapters.hubspot.jobs import Waiting, settle
from adapters.hubspot.pull import FEW, Method
from adapters.hubspot.results import Change, Outcome, results
from adapters.hubspot.rows import texts
from adapters.hubspot.settings import Settings
from connector.crm import ID, SEND, FieldType, JobLog
from connector.errors import CrmAuthError, CrmRequestError

BULK_ROWS = 10_000
"""Changes of one batch that goes into an import; an import takes many batches."""
_TARGET_CODES = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"})


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes to the companies of one portal.

    Attributes:
        portal: where to write.
        fields: its properties.
        settings: names whose the token is.
        time_zone: in which days become moments.
        allowance: of the daily API calls.
        method: in batches, by import, or by whatever suits the number of changes.
        waiting: how to wait for an import.
    """

    portal: Portal
    fields: Fields
    settings: Settings
    time_zone: str
    allowance: Allowance
    method: Method = "auto"
    waiting: Waiting = field(default_factory=Waiting)
    _kinds: dict[str, FieldType] = field(default_factory=dict)

    def in_bulk(self, total: int) -> bool:
        """Whether so many changes go by import."""
        return self.method == "bulk" or (self.method == "auto" and total > FEW)

    def batch_size(self, total: int) -> int:
        """See `connector.crm.Crm.batch_size`."""
        return BULK_ROWS if self.in_bulk(total) else BATCH

    def settle(self, jobs: JobLog) -> None:
        """See `connector.crm.Crm.settle`."""
        settle(self.portal, jobs, self.waiting)

    def write(self, batches: Iterable[pa.RecordBatch], total: int, jobs: JobLog) -> Iterator[pa.RecordBatch]:
        """See `connector.crm.Crm.write`."""
        sender = Batches(self.portal, self._kinds, self.allowance)
        if self.in_bulk(total):
            imports = Imports(
                self.portal, sender, self.changes, self._demand_targets, self._kinds, jobs, self.waiting
            )
            yield from imports(self._demanded(batches, sender))
            return
        for batch in self._demanded(batches, sender):
            changes = self.changes(batch)
            found: dict[str, Outcome] = {}
            for start in range(0, len(changes), BATCH):
                part = sender(changes[start : start + BATCH])
                self._demand_targets(part.values())
                found |= part
            yield results(batch[ID], found)

    def _demanded(self, batches: Iterable[pa.RecordBatch], sender: Batches) -> Iterator[pa.RecordBatch]:
        """The batches, once it is sure that their targets can be written."""
        for batch in batches:
            for name in _targets(batch):
                self._demand_writable(name)
            sender.seen.extend(int(each) for each in batch[ID].to_pylist() if str(each).isdigit())
            yield batch

    def changes(self, batch: pa.RecordBatch) -> list[Change]:
        """Changes as HubSpot takes them."""
        names = _targets(batch)
        cells = {name: texts(batch[name], self._kinds[name], self.time_zone) for name in names}
        sent = {name: batch[SEND + name].to_pylist() for name in names}
        changes = []
        for row, record in enumerate(batch[ID].to_pylist()):
            values = {name: cells[name][row] for name in names if sent[name][row]}
            usable = {name: value for name, value in values.items() if value is not None}
            changes.append(Change(str(record), usable, tuple(name for name in values if name not in usable)))
        return changes

    def _demand_writable(self, name: str) -> None:
        """Stop before anything is sent if a target cannot be written: it would fail in every record alike."""
        if name in self._kinds:
            return
        known = self.fields.of(COMPANIES).get(name)
        if known is None:
            self.settings.identify()
            raise self.fields.lacking(COMPANIES, name, OPERATION)
        if not known.writable:
            self.settings.identify()
            why = (
                "HubSpot computes it"
                if known.calculated
                else f"{self.portal.translator.user} may not edit it"
            )
            kind = CrmRequestError if known.calculated else CrmAuthError
            raise kind(
                f"HubSpot could not {OPERATION}: the property {name} is read-only, as {why}. Check who may edit it "
                f"at Settings > Properties > Manage access, or name another property in [write].",
                crm="hubspot",
                operation=OPERATION,
                code="READ_ONLY_VALUE",
            )
        self._kinds[name] = known.type

    def _demand_targets(self, outcomes: Iterable[Outcome]) -> None:
        """A target that was hidden or locked after the run began fails in every record alike: a person must act."""
        if any(each.code in _TARGET_CODES for each in outcomes):
            names = list(self._kinds)
            self.fields.forget()
            self._kinds.clear()
            for name in names:
                self._demand_writable(name)


def _targets(batch: pa.RecordBatch) -> Sequence[str]:
    return [name.removeprefix(SEND) for name in batch.schema.names if name.startswith(SEND)]
