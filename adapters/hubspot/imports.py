"""Imports: one upload changes up to a million companies by their ids, in the background.

An empty cell leaves a property as it is, so a change that clears one goes in a batch instead. The job is noted before
the upload under a name of our own, by which HubSpot's list of imports finds it whatever became of the answer. Rows
that HubSpot does not take are told by their ids, not by counting lines.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import orjson
import pyarrow as pa

from adapters.hubspot.batches import OPERATION, Batches
from adapters.hubspot.errors import Refused, may_have_worked
from adapters.hubspot.http import Portal, whole
from adapters.hubspot.import_file import ImportFile
from adapters.hubspot.jobs import KIND, Waiting, find, finished
from adapters.hubspot.paths import TYPE_IDS
from adapters.hubspot.results import DEFERRED, Change, Outcome, results
from adapters.hubspot.session import Upload
from connector.crm import FieldType, Job, JobLog
from connector.errors import CrmTemporaryError

_log = logging.getLogger(__name__)

_BYTES = 450_000_000  # HubSpot takes 512 MB
_PAGE = 100
_CALLS = 4  # an upload, and some polls
_COMPANY = TYPE_IDS["companies"]
_FORBIDDEN = frozenset({400, 403, 404, 413, 429})
"""Refusals of an upload after which batches still work: a missing scope, a limit of imports, a form unknown here."""
_AGAIN = frozenset(
    {"INVALID_OBJECT_ID", "INVALID_RECORD_ID", "UNKNOWN_BAD_REQUEST", "UNKNOWN_ERROR", "LIMIT_EXCEEDED"}
)
"""Errors of rows that a batch may overcome, or explain: merged records, and what may pass."""

Demand = Callable[[Iterable[Outcome]], None]


@dataclass(frozen=True, slots=True)
class Imports:
    """Writes changes by imports.

    Attributes:
        portal: where to write.
        batches: for what an import cannot do, and where there is none.
        changes: single changes of a batch.
        demand: stops the run if outcomes show that a target can no longer be written.
        kinds: types of the properties that are written.
        jobs: is told of every import before its upload.
        waiting: how to wait for one.
    """

    portal: Portal
    batches: Batches
    changes: Callable[[pa.RecordBatch], list[Change]]
    demand: Demand
    kinds: Mapping[str, FieldType]
    jobs: JobLog
    waiting: Waiting

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Results of all batches in their order; as many batches go into an import as it takes."""
        source = iter(batches)
        with TemporaryDirectory(prefix="kpm-import-") as folder:
            while True:
                file = self._gathered(source, Path(folder) / "changes.csv")
                if file is None:
                    return
                found, default = self._imported(file)
                found |= file.alone
                for ids in file.ids():
                    yield results(ids, found, default)
                if not file.full:
                    return

    def _gathered(self, source: Iterator[pa.RecordBatch], path: Path) -> ImportFile | None:
        """A file of the next batches; None if there are none."""
        file: ImportFile | None = None
        for batch in source:
            file = file or ImportFile.begun(path, batch, self.kinds, self.batches.seen)
            others = file.add(batch)
            if others.num_rows:
                outcomes = self.batches(self.changes(others))
                self.demand(outcomes.values())
                file.alone |= outcomes
            if file.full:
                break
        return file

    def _imported(self, file: ImportFile) -> tuple[dict[str, Outcome], Outcome]:
        """What became of the rows of a file: of some by id, and of all others."""
        if not file.rows:
            return {}, Outcome()
        if not self.batches.allowance.covers(_CALLS):
            return {}, DEFERRED
        job = Job(f"kpm {uuid4().hex}", KIND)
        self.jobs.opened(job)
        try:
            answer = self._started(file, job.id)
        except Refused as refused:
            self.jobs.ended(job.id)
            return self._unavailable(file, refused)
        import_id = str(answer["id"])
        self.jobs.opened(Job(job.id, KIND, import_id))
        _log.info("HubSpot import %s of %d companies started", import_id, file.rows)
        answer = self._finished(import_id)
        self.jobs.ended(job.id)
        return self._settled(file, answer)

    def _started(self, file: ImportFile, name: str) -> Any:  # noqa: ANN401 - HubSpot's JSON
        """Upload the file; the import as HubSpot describes it.

        Raises:
            Refused: HubSpot does not take it.
        """
        request = orjson.dumps(file.request(name)).decode()
        upload = Upload({"importRequest": request}, "files", file.path)
        uncertain = False

        def send(token: str) -> Any:  # noqa: ANN401
            nonlocal uncertain
            if uncertain and (found := find(self.portal, name)) is not None:
                return found
            try:
                answer = self.portal.session.upload(self.portal.paths.imports, upload, token=token)
                return whole(answer, "id")
            except Exception as error:
                uncertain = may_have_worked(error)
                raise

        return self.portal.call(OPERATION, send)

    def _unavailable(self, file: ImportFile, refused: Refused) -> tuple[dict[str, Outcome], Outcome]:
        """Send everything in batches."""
        if refused.status not in _FORBIDDEN:
            raise self.portal.translator.translate(refused, OPERATION) from refused
        words = self.portal.translator.clean(refused.words)
        if refused.scopes:
            words = f"{self.portal.translator.missing_scopes(refused.scopes)}. HubSpot says: {words}"
        _log.warning("HubSpot takes no import: %s. Changes are sent in batches of 100 instead.", words)
        return self._in_batches(file.changes()), Outcome()

    def _in_batches(self, changes: Iterable[Sequence[Change]]) -> dict[str, Outcome]:
        """Outcomes that are not "written", by id."""
        found: dict[str, Outcome] = {}
        for part in changes:
            outcomes = self.batches(part)
            self.demand(outcomes.values())
            found |= {key: each for key, each in outcomes.items() if each.outcome != "written"}
        return found

    def _finished(self, import_id: str) -> Mapping[str, Any]:
        """Wait for the end of an import."""
        answer = finished(self.portal, import_id, self.waiting)
        if answer:
            return answer
        raise CrmTemporaryError(
            f"HubSpot could not {OPERATION} in time: the import {import_id} has got nowhere for "
            f"{self.waiting.longest / 60:.0f} minutes. Look at CRM > Imports; the next sync waits for it.",
            crm="hubspot",
            operation=OPERATION,
        )

    def _settled(self, file: ImportFile, answer: Mapping[str, Any]) -> tuple[dict[str, Outcome], Outcome]:
        """What became of the rows of an import that has ended."""
        counters = (answer.get("metadata") or {}).get("counters") or {}
        written = counters.get("UNIQUE_OBJECTS_WRITTEN", counters.get("UPDATED_OBJECTS"))
        if answer["state"] == "DONE":
            complete = written is not None and int(written) >= file.rows
            found = self._refused(file, answer) if counters.get("ERRORS", not complete) else {}
            self._demand_if_all_failed(file, found)
            again = [key for key, each in found.items() if each.code in _AGAIN]
            if again:
                found = {key: each for key, each in found.items() if key not in set(again)}
                found |= self._in_batches(file.changes(again))
            if written is not None and int(written) + len(found) + len(again) < file.rows:
                found |= self._in_batches(self._unwritten(file, found.keys() | set(again)))
            return found, Outcome()
        words = "; ".join(self._words_of_file(answer)) or "it gives no reason"
        if answer["state"] == "CANCELED":
            _log.warning("HubSpot import %s was cancelled", answer["id"])
            stopped = Outcome("rejected", "CANCELED", "the import was cancelled in HubSpot")
            return {each.id: stopped for part in self._unwritten(file, ()) for each in part}, Outcome()
        _log.warning(
            "HubSpot import %s failed: %s. Changes are sent in batches of 100 instead.", answer["id"], words
        )
        nothing = written is not None and not int(written)
        return self._in_batches(file.changes() if nothing else self._unwritten(file, ())), Outcome()

    def _demand_if_all_failed(self, file: ImportFile, found: Mapping[str, Outcome]) -> None:
        """A target that was locked after the run began shows in imports as rows that all fail alike."""
        if len(found) == file.rows:
            self.demand([Outcome("rejected", "READ_ONLY_VALUE")])

    def _unwritten(self, file: ImportFile, settled: Iterable[str]) -> Iterator[list[Change]]:
        """Changes that HubSpot says nothing of and that reading back does not find."""
        known = set(settled)
        for part in file.changes():
            silent = [change for change in part if change.id not in known]
            differing = self.batches.differing(silent)
            if missing := [change for change in silent if change.id in differing]:
                yield missing

    def _refused(self, file: ImportFile, answer: Mapping[str, Any]) -> dict[str, Outcome]:
        """Rows that were not taken, or not whole, by id."""
        found: dict[str, Outcome] = {}
        for error in self._errors(str(answer["id"])):
            source = error.get("sourceData") or {}
            row, line = source.get("rowData") or [], int(source.get("lineNumber") or 0)
            key = str(row[0]).strip() if row and str(row[0]).strip().isdigit() else file.id_at(line)
            if key is None:
                continue
            outcome = Outcome(
                "rejected",
                str(error.get("errorType") or "UNKNOWN_ERROR"),
                self.portal.translator.clean(_words(error)),
                _properties(error, file.columns),
            )
            earlier = found.get(key)
            if earlier is not None:  # several cells of one row
                fields = tuple(dict.fromkeys((*earlier.fields, *outcome.fields)))
                outcome = Outcome("rejected", earlier.code, f"{earlier.message}; {outcome.message}", fields)
            found[key] = outcome
        return found

    def _words_of_file(self, answer: Mapping[str, Any]) -> list[str]:
        """Errors of the file as a whole."""
        return [
            f"{error.get('errorType')}: {self.portal.translator.clean(_words(error))}"
            for error in self._errors(str(answer["id"]))
            if not (error.get("sourceData") or {}).get("lineNumber")
        ]

    def _errors(self, import_id: str) -> Iterator[Mapping[str, Any]]:
        asked = [("limit", str(_PAGE)), ("includeErrorMessage", "true"), ("includeRowData", "true")]
        after: str | None = None
        while True:
            page = self.portal.request(
                f"read the errors of the import {import_id}",
                "GET",
                self.portal.paths.import_errors(import_id),
                query=asked if after is None else [*asked, ("after", after)],
                expect="results",
            )
            yield from page["results"]
            after = ((page.get("paging") or {}).get("next") or {}).get("after")
            if after is None:
                return


def _words(error: Mapping[str, Any]) -> str:
    """What HubSpot says of a row."""
    told = [error.get(key) for key in ("errorMessage", "extraContext")]
    value = error.get("invalidValueToDisplay") or error.get("invalidValue")
    words = ": ".join(str(each) for each in told if each) or str(error.get("errorType"))
    return words if value is None or str(value) in words else f"{words} ({value})"


def _properties(error: Mapping[str, Any], columns: Sequence[str]) -> tuple[str, ...]:
    """The property that an error is about."""
    value = error.get("invalidPropertyValue")
    if isinstance(value, dict) and value.get("name"):
        return (str(value["name"]),)
    column = error.get("knownColumnNumber")
    if isinstance(column, int) and 1 <= column <= len(columns):
        return (columns[column - 1],)
    return ()
