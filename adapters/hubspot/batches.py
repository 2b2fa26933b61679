"""Sends changes to companies in batches of 100, and settles what became of each.

A batch holds absolute values by record id. What became of a change is decided by ids, never by counting: HubSpot
answers out of order, names several records in one error, and may leave a record out without a word. A batch whose
answer was lost is settled by reading its records back: only what still differs is sent again.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.allowance import Allowance
from adapters.hubspot import query
from adapters.hubspot.errors import Refused, error_code, may_have_worked, named_properties
from adapters.hubspot.estimate import BATCH
from adapters.hubspot.http import Portal, whole
from adapters.hubspot.results import DEFERRED, Change, Outcome
from adapters.hubspot.rows import same
from adapters.retry import Trouble
from connector.crm import FieldType
from connector.errors import CrmTemporaryError

COMPANIES = "companies"
OPERATION = "write companies"
_ROW_ATTEMPTS = 5
_HALVED = frozenset({400, 409, 413})  # refusals of a whole batch for which one row may be to blame
_ROWS = "KPM_ROWS"  # our own mark for a round that left rows to send again
_NOT_FOUND = "OBJECT_NOT_FOUND"
_VANISHED = "HubSpot accepted the batch but did not write this record"
_MERGED = "the record was merged into {survivor}, which has a change of its own"


@dataclass(frozen=True, slots=True)
class Batches:
    """Sends changes by batch update.

    Attributes:
        portal: where to write.
        kinds: types of the properties that are written.
        allowance: of the daily API calls.
        seen: ids of the records that this session has a change for.
    """

    portal: Portal
    kinds: Mapping[str, FieldType]
    allowance: Allowance
    seen: array[int] = field(default_factory=lambda: array("Q"))

    def __call__(self, changes: Sequence[Change]) -> dict[str, Outcome]:
        """Send changes until each is written or refused for good; the outcome of each by id."""
        found: dict[str, Outcome] = {}
        for start in range(0, len(changes), BATCH):
            found |= self._batch(changes[start : start + BATCH])
        return found

    def differing(self, changes: Sequence[Change]) -> dict[str, tuple[str, ...] | None]:
        """Read records back: properties that do not hold what was sent, by id; None for a record that is not found.

        Records that hold everything are left out.
        """
        found: dict[str, tuple[str, ...] | None] = {}
        for start in range(0, len(changes), BATCH):
            part = changes[start : start + BATCH]
            names = list(dict.fromkeys(name for change in part for name in change.properties))
            stored = query.by_id(self.portal, COMPANIES, [change.id for change in part], names)
            for change in part:
                if change.id not in stored:
                    found[change.id] = None
                elif wrong := self._wrong(change, stored[change.id]):
                    found[change.id] = wrong
        return found

    def _wrong(self, change: Change, record: query.Record) -> tuple[str, ...]:
        held = record["properties"]
        return tuple(
            name
            for name, value in change.properties.items()
            if not same(held.get(name), value, self.kinds[name])
        )

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
            settled.update(results)
            waiting = [change for change in waiting if results[change.id].passing]
            return {change.id: results[change.id] for change in waiting}

        def judge(outcome: object) -> Trouble | None:
            if isinstance(outcome, dict) and outcome:
                first = next(iter(outcome.values()))
                return Trouble(f"{len(outcome)} records were refused for now: {first.message}", code=_ROWS)
            return None

        try:
            self.portal.retrier.call(OPERATION, once, judge, attempts=_ROW_ATTEMPTS)
        except CrmTemporaryError as error:
            if error.code != _ROWS:
                raise
        return settled

    def _send(self, changes: Sequence[Change]) -> dict[str, Outcome]:
        """Send once; a batch that is refused as a whole is halved, so that one bad row stops no other."""
        if not self.allowance.covers():
            return {change.id: DEFERRED for change in changes}
        attempt = _Attempt(self, list(changes))
        try:
            answer = self.portal.call(OPERATION, attempt)
        except Refused as refused:
            return attempt.settled | self._refused(attempt.waiting, refused)
        return attempt.settled | self._outcomes(attempt.waiting, answer)

    def _refused(self, changes: Sequence[Change], refused: Refused) -> dict[str, Outcome]:
        if refused.daily:
            return {change.id: DEFERRED for change in changes}
        if refused.status not in _HALVED:
            raise self.portal.translator.translate(refused, OPERATION) from refused
        if len(changes) > 1:
            middle = len(changes) // 2
            return self._send(changes[:middle]) | self._send(changes[middle:])
        code, words = error_code(refused.body), self.portal.translator.clean(refused.words)
        return {change.id: Outcome("rejected", code, words, refused.properties) for change in changes}

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
        if left_out:
            found |= self._verified(left_out)
        for change in changes:
            if found[change.id].code in (_NOT_FOUND, "NOT_WRITTEN"):
                found[change.id] = self._alone(change, found[change.id])
        return found

    def _verified(self, changes: Sequence[Change]) -> dict[str, Outcome]:
        """Look up what a record holds of which the answer says nothing."""
        wrong = self.differing(changes)
        found = {}
        for change in changes:
            names = wrong.get(change.id, ())
            if change.id not in wrong:
                found[change.id] = Outcome()
            elif names is None:
                found[change.id] = Outcome("rejected", "NOT_WRITTEN", _VANISHED, tuple(change.properties))
            else:
                found[change.id] = Outcome("rejected", "NOT_WRITTEN", _VANISHED, names)
        return found

    def _alone(self, change: Change, refused: Outcome) -> Outcome:
        """Try a record on its own: under the id of one that was merged, single calls reach the survivor.

        Where the survivor has a change of its own, that is the one that counts.
        """
        path = self.portal.paths.single(COMPANIES, change.id)
        names = [("properties", name) for name in change.properties]
        try:
            record = self.portal.attempt(OPERATION, "GET", path, query=names, expect="id")
            survivor = str(record["id"])
            if survivor == change.id and not self._wrong(change, record):
                return Outcome()
            if survivor != change.id and survivor.isdigit() and int(survivor) in self.seen:
                return Outcome("rejected", "MERGED", _MERGED.format(survivor=survivor))
            self.portal.attempt(
                OPERATION, "PATCH", path, body={"properties": dict(change.properties)}, expect="id"
            )
        except Refused as answer:
            if answer.status in (404, 410):
                return refused
            if answer.status in _HALVED:
                words = self.portal.translator.clean(answer.words)
                return Outcome("rejected", error_code(answer.body), words, answer.properties)
            raise self.portal.translator.translate(answer, OPERATION) from answer
        return Outcome()


class _Attempt:
    """One batch on its way, sent again without what turned out to be written.

    Attributes:
        waiting: what the latest try has sent.
        settled: what reading back has shown to be written.
    """

    def __init__(self, batches: Batches, changes: list[Change]) -> None:
        self.waiting = changes
        self.settled: dict[str, Outcome] = {}
        self._batches = batches
        self._uncertain = False

    def __call__(self, token: str) -> Any:  # noqa: ANN401 - HubSpot's JSON
        if self._uncertain:
            self._look()
        if not self.waiting:
            return {"results": []}
        portal = self._batches.portal
        inputs = [
            # With a trace id in every input an invalid property is an error of that input, not of the request.
            {"id": change.id, "properties": dict(change.properties), "objectWriteTraceId": change.id}
            for change in self.waiting
        ]
        path = portal.paths.batch_update(COMPANIES)
        try:
            answer = portal.session.send("POST", path, token=token, body={"inputs": inputs})
            return whole(answer, "results")
        except Exception as error:
            self._uncertain = may_have_worked(error)
            raise

    def _look(self) -> None:
        """The last answer was lost: see what it would have said."""
        differing = self._batches.differing(self.waiting)
        self.settled |= {change.id: Outcome() for change in self.waiting if change.id not in differing}
        self.waiting = [change for change in self.waiting if change.id in differing]
        self._uncertain = False


def _ids(entry: Mapping[str, Any]) -> Iterator[str]:
    """Every id that a result or an error names; trace ids are record ids here."""
    for holder in (entry, entry.get("context") or {}):
        for key in ("id", "ids", "objectWriteTraceId"):
            value = holder.get(key)
            yield from map(str, value) if isinstance(value, list) else (str(value),)
