"""Sends changes to companies in batches of 100.

A batch holds absolute values by record id, so one whose reply was lost is simply sent again. What became of each
change is decided by ids, never by counting: HubSpot answers out of order, names several records in one error,
and may leave a record out without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from adapters.hubspot import query
from adapters.hubspot.errors import RETRIED_ROW_CODES, Refused, error_code, named_properties
from adapters.hubspot.fields import Fields
from adapters.hubspot.http import Portal
from adapters.hubspot.rows import same, texts
from adapters.hubspot.settings import Settings
from adapters.retry import Trouble
from connector.crm import ID, RESULT_SCHEMA, SEND, FieldType
from connector.errors import CrmAuthError, CrmRequestError, CrmTemporaryError

BATCH = 100
_COMPANIES = "companies"
_OPERATION = "write companies"
_ROW_ATTEMPTS = 5
_HALVED = frozenset({400, 409, 413})  # refusals of a whole batch for which one row may be to blame
_ROWS = "KPM_ROWS"  # our own mark for a round that left rows to send again
_TARGET_CODES = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"})
_DEFERRED = "the share of the daily API calls that may be used is reached; the next run continues"
_VANISHED = (
    "HubSpot accepted the batch but did not write this record: it was merged into another one, or deleted"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change; see `connector.crm.RESULT_SCHEMA`."""

    outcome: str = "written"
    code: str | None = None
    message: str | None = None
    fields: tuple[str, ...] = ()

    @property
    def passing(self) -> bool:
        """Refused for a reason that may pass."""
        return self.outcome == "rejected" and self.code in RETRIED_ROW_CODES


@dataclass(frozen=True, slots=True)
class Change:
    """What to send to one record.

    Attributes:
        id: of the company.
        properties: texts by name; "" clears.
        unusable: properties whose value HubSpot cannot hold.
    """

    id: str
    properties: Mapping[str, str]
    unusable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes to the companies of one portal.

    Attributes:
        portal: where to write.
        fields: its properties.
        settings: names whose the token is.
        time_zone: in which days become moments.
        quota_share: share of the daily API calls that may be used up, by everybody.
    """

    portal: Portal
    fields: Fields
    settings: Settings
    time_zone: str
    quota_share: float
    _kinds: dict[str, FieldType] = field(default_factory=dict)

    def write(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """See `connector.crm.Crm.write`."""
        for batch in batches:
            changes = self._changes(batch)
            found: dict[str, Outcome] = {}
            for start in range(0, len(changes), BATCH):
                found |= self._batch(changes[start : start + BATCH])
            yield _results(changes, found)

    def _changes(self, batch: pa.RecordBatch) -> list[Change]:
        names = [name.removeprefix(SEND) for name in batch.schema.names if name.startswith(SEND)]
        for name in names:
            self._demand_writable(name)
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
        known = self.fields.of(_COMPANIES).get(name)
        if known is None:
            self.settings.identify()
            raise self.fields.lacking(_COMPANIES, name, _OPERATION)
        if not known.writable:
            self.settings.identify()
            why = (
                "HubSpot computes it"
                if known.calculated
                else f"{self.portal.translator.user} may not edit it"
            )
            kind = CrmRequestError if known.calculated else CrmAuthError
            raise kind(
                f"HubSpot could not {_OPERATION}: the property {name} is read-only, as {why}. Check who may edit it "
                f"at Settings > Properties > Manage access, or name another property in [write].",
                crm="hubspot",
                operation=_OPERATION,
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

    def _batch(self, changes: Sequence[Change]) -> dict[str, Outcome]:
        """Send up to 100 changes until each is written or refused for good."""
        settled = {
            change.id: Outcome(
                "rejected", "NOT_A_NUMBER", "a value is infinite or no number", change.unusable
            )
            for change in changes
            if change.unusable
        }
        settled |= {
            change.id: Outcome() for change in changes if not change.properties and not change.unusable
        }
        waiting = [change for change in changes if change.id not in settled]
        if not waiting:
            return settled

        def once() -> dict[str, Outcome]:
            nonlocal waiting
            results = self._send(waiting)
            self._demand_targets(results.values())
            settled.update(results)
            waiting = [change for change in waiting if results[change.id].passing]
            return {change.id: results[change.id] for change in waiting}

        def judge(outcome: object) -> Trouble | None:
            if isinstance(outcome, dict) and outcome:
                first = next(iter(outcome.values()))
                return Trouble(f"{len(outcome)} records were refused for now: {first.message}", code=_ROWS)
            return None

        try:
            self.portal.retrier.call(_OPERATION, once, judge, attempts=_ROW_ATTEMPTS)
        except CrmTemporaryError as error:
            if error.code != _ROWS:
                raise
        return settled

    def _affordable(self) -> bool:
        session = self.portal.session
        if session.used is None or session.limit is None:
            return True
        return session.used + 1 <= session.limit * self.quota_share

    def _send(self, changes: Sequence[Change]) -> dict[str, Outcome]:
        """Send once; a batch that is refused as a whole is halved, so that one bad row stops no other."""
        deferred = {change.id: Outcome("deferred", "QUOTA", _DEFERRED) for change in changes}
        if not self._affordable():
            return deferred
        inputs = [
            # With a trace id in every input an invalid property is an error of that input, not of the request.
            {"id": change.id, "properties": dict(change.properties), "objectWriteTraceId": change.id}
            for change in changes
        ]
        path = self.portal.paths.batch_update(_COMPANIES)
        try:
            answer = self.portal.attempt(_OPERATION, "POST", path, body={"inputs": inputs}, expect="results")
        except Refused as refused:
            if refused.daily:
                return deferred
            if refused.status not in _HALVED:
                raise self.portal.translator.translate(refused, _OPERATION) from refused
            if len(changes) > 1:
                middle = len(changes) // 2
                return self._send(changes[:middle]) | self._send(changes[middle:])
            code, words = error_code(refused.body), self.portal.translator.clean(refused.words)
            return {changes[0].id: Outcome("rejected", code, words, refused.properties)}
        return self._outcomes(changes, answer)

    def _outcomes(self, changes: Sequence[Change], answer: Mapping[str, Any]) -> dict[str, Outcome]:
        wanted = {change.id for change in changes}
        found = {each: Outcome() for result in answer["results"] for each in _ids(result) if each in wanted}
        for error in answer.get("errors") or ():
            words = f"{error.get('category')}: {error.get('message')}"
            refused = Outcome(
                "rejected", error_code(error), self.portal.translator.clean(words), named_properties(error)
            )
            named = [each for each in _ids(error) if each in wanted]
            # An error that names nobody concerns the only record left, if there is only one.
            silent = wanted - found.keys()
            for each in named or (silent if len(silent) == 1 else ()):
                found[each] = refused
        left_out = [change for change in changes if change.id not in found]
        return found | (self._verified(left_out) if left_out else {})

    def _verified(self, changes: Sequence[Change]) -> dict[str, Outcome]:
        """Look up what a record holds of which the answer says nothing."""
        names = list(dict.fromkeys(name for change in changes for name in change.properties))
        stored = query.by_id(self.portal, _COMPANIES, [change.id for change in changes], names)
        found = {}
        for change in changes:
            record = stored.get(change.id)
            wrong = tuple(
                name
                for name, value in change.properties.items()
                if record is None or not same(record["properties"].get(name), value, self._kinds[name])
            )
            found[change.id] = Outcome("rejected", "NOT_WRITTEN", _VANISHED, wrong) if wrong else Outcome()
        return found


def _ids(entry: Mapping[str, Any]) -> Iterator[str]:
    """Every id that a result or an error names; trace ids are record ids here."""
    for holder in (entry, entry.get("context") or {}):
        for key in ("id", "ids", "objectWriteTraceId"):
            value = holder.get(key)
            yield from map(str, value) if isinstance(value, list) else (str(value),)


def _results(changes: Sequence[Change], found: Mapping[str, Outcome]) -> pa.RecordBatch:
    outcomes = [found[change.id] for change in changes]
    return pa.RecordBatch.from_pydict(
        {
            ID: [change.id for change in changes],
            "outcome": [each.outcome for each in outcomes],
            "code": [each.code for each in outcomes],
            "message": [each.message for each in outcomes],
            "fields": [", ".join(each.fields) or None for each in outcomes],
        },
        schema=RESULT_SCHEMA,
    )
