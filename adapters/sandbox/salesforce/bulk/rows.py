"""What an ingest job does with its rows: reads the CSV, writes the records, sorts the results."""

from __future__ import annotations

import csv
import io
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from adapters.sandbox.salesforce.access import Access
from adapters.sandbox.salesforce.bulk.jobs import Jobs, Kind
from adapters.sandbox.salesforce.checks import Circumstances, Values
from adapters.sandbox.salesforce.errors import RowError
from adapters.sandbox.salesforce.org import Org
from adapters.sandbox.salesforce.records import Records, Saved
from adapters.sandbox.salesforce.schema import SField, SObject
from adapters.sandbox.salesforce.values import from_csv

LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
DELIMITERS = {"COMMA": ",", "SEMICOLON": ";", "TAB": "\t", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}
_CHUNK = 200  # Salesforce works off a job in pieces of 200 records
_STOPS = {
    "unprocessed": "InternalServerError : The job was stopped after an internal error",
    "too_many_locks": "TooManyLockFailure : Too many lock failure (200) Trying again later.",
}
_TRANSACTION = 25  # pieces of one database transaction


class _BadBatchError(Exception):
    """The columns do not fit the object: the job fails."""


class _BadFileError(Exception):
    """The lines do not end as announced: the job fails."""


@dataclass(slots=True)
class IngestJob:
    """One ingest job.

    Attributes:
        id: of the job.
        operation: insert, update, upsert or delete.
        target: the object.
        version: API version that created it.
        access: whose rights hold.
        created: moment, as the system fields hold it.
        folder: for its files.
        line_ending: LF or CRLF.
        delimiter: name of the column delimiter.
        state: Open, UploadComplete, InProgress, JobComplete, Failed or Aborted.
        processed: rows dealt with, failed ones included.
        failed: rows refused.
        error: why the job as a whole failed.
        columns: the header of the upload.
        worker: thread that works it off.
        external_id: by which an upsert finds its records; None: by Id.
    """

    id: str
    operation: str
    target: SObject
    version: str
    access: Access
    created: str
    folder: Path
    line_ending: str
    delimiter: str
    state: str = "Open"
    processed: int = 0
    failed: int = 0
    error: str | None = None
    columns: tuple[str, ...] = ()
    worker: threading.Thread | None = None
    external_id: SField | None = None

    @property
    def kind(self) -> Kind:
        """As the list's filter names it."""
        return "V2Ingest"

    @property
    def upload(self) -> Path:
        """The data as uploaded."""
        return self.folder / f"{self.id}.upload.csv"

    def result(self, kind: str) -> Path:
        """The file of successful, failed or unprocessed rows."""
        return self.folder / f"{self.id}.{kind}.csv"

    def empty_result(self, kind: str) -> str:
        """A result without rows."""
        head = {
            "successful": ("sf__Id", "sf__Created"),
            "failed": ("sf__Id", "sf__Error"),
            "unprocessed": (),
        }[kind]
        buffer = io.StringIO()
        csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow([*head, *self.columns])
        return buffer.getvalue()

    def remove_files(self) -> None:
        """Delete the data and the results."""
        for path in (self.upload, *(self.result(kind) for kind in ("successful", "failed", "unprocessed"))):
            path.unlink(missing_ok=True)

    def info(self, *, full: bool) -> dict[str, Any]:
        """The job as the API shows it; `full` with its progress."""
        info: dict[str, Any] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.target.name,
            "createdById": self.access.user_id,
            "createdDate": self.created.replace("Z", "+0000"),
            "systemModstamp": self.created.replace("Z", "+0000"),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "jobType": self.kind,
            "contentUrl": f"services/data/v{self.version}/jobs/ingest/{self.id}/batches",
            "lineEnding": self.line_ending,
            "columnDelimiter": self.delimiter,
        }
        if full:
            info |= {
                "retries": 0,
                "totalProcessingTime": 100 if self.processed else 0,
                "apiActiveProcessingTime": 80 if self.processed else 0,
                "apexProcessingTime": 0,
                "numberRecordsProcessed": self.processed,
                "numberRecordsFailed": self.failed,
            }
            if self.error:
                info["errorMessage"] = self.error
        if self.operation == "upsert":
            info["externalIdFieldName"] = self.external_id.name if self.external_id else "Id"
        return info


class _Results:
    """The three result files of a job."""

    def __init__(self, job: IngestJob) -> None:
        self._job = job
        self._files: list[TextIO] = []
        self._writers = {kind: self._open(kind) for kind in ("successful", "failed", "unprocessed")}

    def _open(self, kind: str) -> Any:  # noqa: ANN401 (csv names no type for its writers)
        file = self._job.result(kind).open("w", encoding="utf-8", newline="")
        file.write(self._job.empty_result(kind))
        self._files.append(file)
        return csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")

    def add(self, rows: Sequence[Sequence[str]], saved: Sequence[Saved]) -> None:
        """Sort worked-off rows into successful and failed ones."""
        good, bad = self._writers["successful"], self._writers["failed"]
        for row, result in zip(rows, saved, strict=True):
            self._job.processed += 1
            if result.errors:
                self._job.failed += 1
                # Salesforce leaves sf__Id empty where it did not get as far as the record.
                shown = "" if result.errors[0].code == "UNABLE_TO_LOCK_ROW" else result.id or ""
                bad.writerow([shown, result.errors[0].as_bulk(), *row])
            else:
                good.writerow([result.id, "true" if result.created else "false", *row])

    def leave(self, rows: Iterator[list[str]]) -> None:
        """The rows that nobody will work off."""
        self._writers["unprocessed"].writerows(rows)

    def close(self) -> None:
        """Write everything out."""
        for file in self._files:
            file.close()


class Processor:
    """Works jobs off."""

    def __init__(self, org: Org, records: Records, jobs: Jobs) -> None:
        """Write to `org`."""
        self._org = org
        self._records = records
        self._jobs = jobs

    def process(self, job: IngestJob, path: str) -> None:
        """Work a job off, in a thread of its own; `path` of the job, for row faults."""
        try:
            with job.upload.open(encoding="utf-8-sig", newline="") as file:
                _check_line_ending(job)
                rows = csv.reader(file, delimiter=DELIMITERS[job.delimiter])
                job.columns = tuple(next(rows, ()))
                results = _Results(job)
                try:
                    self._work_off(job, rows, results, Circumstances(path))
                except _BadBatchError:
                    results.leave(rows)
                    raise
                finally:
                    results.close()
        except _BadBatchError as error:
            job.error = f"InvalidBatch : {error}"
        except _BadFileError as error:
            job.error = f"ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {error}"
        except (UnicodeDecodeError, csv.Error) as error:
            job.error = f"InvalidBatch : Failed to parse CSV: {error}"
        except (sqlite3.Error, OSError) as error:  # the sandbox was stopped under the job, or the job deleted
            job.error = f"InternalServerError : {error}"

    def _work_off(
        self, job: IngestJob, rows: Iterator[list[str]], results: _Results, given: Circumstances
    ) -> None:
        fields = _fields(job)
        while job.state != "Aborted" and not job.error:
            with self._org.database.writing():
                for _ in range(_TRANSACTION):
                    piece = [row for _, row in zip(range(_CHUNK), rows, strict=False)]
                    if not piece:
                        return
                    job.error = self._stopped(given)
                    if job.error:
                        half = 0 if job.processed else len(piece) // 2
                        results.add(piece[:half], self._saved(job, piece[:half], fields, given))
                        results.leave(iter(piece[half:]))
                        break
                    results.add(piece, self._saved(job, piece, fields, given))
            self._jobs.pause(_CHUNK * _TRANSACTION)
        results.leave(rows)

    def _stopped(self, given: Circumstances) -> str | None:
        """Why a job ends in the middle, if a fault says so."""
        for name, text in _STOPS.items():
            if self._org.world.faults.draw(name, "salesforce", "PUT", given.path, phase="write_batch"):
                return text
        return None

    def _saved(
        self, job: IngestJob, piece: list[list[str]], fields: list[SField | None], given: Circumstances
    ) -> list[Saved]:
        wrong = RowError("INVALID_CSV", f"the row has another number of cells than the header: {len(fields)}")
        ids = {number: row for number, row in enumerate(piece) if len(row) == len(fields)}
        sent = [_row(row, fields) for row in ids.values()]
        records, access, target = self._records, job.access, job.target
        if job.operation == "insert":
            saved = records.create(access, target, [values for _, values in sent], given)
        elif job.operation == "delete":
            saved = records.delete(access, target, [record_id for record_id, _ in sent], given)
        elif job.operation == "upsert":
            saved = records.upsert(access, target, job.external_id, sent, given)
        else:
            saved = records.update(access, target, sent, given)
        by_number = dict(zip(ids, saved, strict=True))
        return [by_number.get(number, Saved(None, (wrong,))) for number in range(len(piece))]


def _check_line_ending(job: IngestJob) -> None:
    """A line ending other than the one announced fails the job, inside a quoted cell too.

    Raises:
        _BadFileError: with the setting of the job.
    """
    with job.upload.open("rb") as file:
        for line in file:
            if line.endswith(b"\n") and line.endswith(b"\r\n") != (job.line_ending == "CRLF"):
                raise _BadFileError(job.line_ending)


def _fields(job: IngestJob) -> list[SField | None]:
    """The field of every column, None for Id.

    Raises:
        _BadBatchError: a column that is no field the user sees; only the first one is named.
    """
    fields: list[SField | None] = []
    for column in job.columns:
        if column.lower() == "id":
            fields.append(None)
            continue
        each = job.target.find(column)
        if each is None or not job.access.readable(job.target, each):
            raise _BadBatchError(f"Field name not found : {column}")
        fields.append(each)
    key = None if job.operation in ("update", "delete") else job.external_id
    if job.operation != "insert" and key not in fields:
        raise _BadBatchError(f"Field name not found : {key.name if key else 'Id'}")
    return fields


def _row(row: list[str], fields: list[SField | None]) -> tuple[str, Values]:
    """Id and values of a row; an empty cell is no value."""
    record_id = ""
    values: dict[str, Any] = {}
    for each, cell in zip(fields, row, strict=True):
        if each is None:
            record_id = cell
        elif cell:
            values[each.name] = from_csv(each, cell)
    return record_id, values
