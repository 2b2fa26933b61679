"""Bulk API 2.0 query jobs: results are written to a file once, and read page by page."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from adapters.sandbox.http import json_response
from adapters.sandbox.salesforce import soql
from adapters.sandbox.salesforce.access import Access
from adapters.sandbox.salesforce.api import Call, Gate
from adapters.sandbox.salesforce.errors import ApiError, not_found
from adapters.sandbox.salesforce.ids import make_id
from adapters.sandbox.salesforce.org import Org
from adapters.sandbox.salesforce.sql import Output, Statement, Translator

_JOBS = "/services/data/v{version}/jobs/query"
_PAGE = 50_000  # rows of a page when the client does not say
_MARK = 1_000  # rows between two remembered places in the file
_BLOCK = 1 << 18
_ENDED = ("JobComplete", "Failed", "Aborted")


@dataclass(slots=True)
class QueryJob:
    """One query job.

    Attributes:
        id: of the job.
        operation: query or queryAll.
        query: as asked.
        object: of FROM.
        version: API version that created it.
        access: whose rights hold.
        created: moment, as the system fields hold it.
        path: the file of results, without header.
        header: the header row.
        state: UploadComplete, InProgress, JobComplete, Aborted or Failed.
        rows: how many were found.
        marks: place in the file of every thousandth row.
        error: why it failed.
    """

    id: str
    operation: str
    query: str
    object: str
    version: str
    access: Access
    created: str
    path: Path
    header: bytes = b""
    state: str = "UploadComplete"
    rows: int = 0
    marks: list[int] = field(default_factory=list)
    error: str | None = None
    worker: threading.Thread | None = None

    def info(self, *, full: bool) -> dict[str, Any]:
        """The job as the API shows it; `full` with its progress."""
        info: dict[str, Any] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.object,
            "createdById": self.access.user_id,
            "createdDate": self.created.replace("Z", "+0000"),
            "systemModstamp": self.created.replace("Z", "+0000"),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
        }
        if full:
            done = self.state == "JobComplete"
            info |= {
                "jobType": "V2Query",
                "retries": 0,
                "totalProcessingTime": 100 if done else 0,
                "isPkChunkingSupported": True,
                "numberRecordsProcessed": self.rows if done else 0,
            }
            if self.error:
                info["errorMessage"] = self.error
        return info


class BulkQueries:
    """All query jobs of one org."""

    def __init__(self, org: Org, gate: Gate) -> None:
        """No jobs yet."""
        self._org = org
        self._gate = gate
        self._jobs: dict[str, QueryJob] = {}
        self._lock = threading.Lock()
        self._folder = org.world.folder / "salesforce-jobs"
        self._folder.mkdir(exist_ok=True)

    def routes(self) -> list[Route]:
        """The endpoints below /jobs/query."""
        api = self._gate.endpoint
        return [
            Route(_JOBS, api(self._create, reads=True), methods=["POST"]),
            Route(f"{_JOBS}/", api(self._create, reads=True), methods=["POST"]),
            Route(_JOBS, api(self._list), methods=["GET"]),
            Route(f"{_JOBS}/{{id}}", api(self._info), methods=["GET"]),
            Route(f"{_JOBS}/{{id}}", api(self._abort, reads=True), methods=["PATCH"]),
            Route(f"{_JOBS}/{{id}}", api(self._delete, reads=True), methods=["DELETE"]),
            Route(f"{_JOBS}/{{id}}/results", api(self._results), methods=["GET"]),
        ]

    def _job(self, call: Call) -> QueryJob:
        job = self._jobs.get(call.parameter("id"))
        if job is None:
            raise not_found()
        return job

    def _create(self, call: Call) -> Response:
        body = call.json_object()
        operation = body.get("operation")
        if operation not in ("query", "queryAll"):
            raise ApiError("INVALIDOPERATION", f"Invalid operation: {operation}")
        for key, only in (("contentType", "CSV"), ("columnDelimiter", "COMMA"), ("lineEnding", "LF")):
            if body.get(key, only) != only:
                raise ApiError("API_ERROR", f"The sandbox answers query jobs with {key} {only} only")
        text = str(body.get("query") or "")
        statement = _bulk_statement(self._org, call.access, text, everything=operation == "queryAll")
        with self._lock:
            job_id = make_id("750", 1_000_000 + len(self._jobs) + 1)
            job = QueryJob(
                job_id,
                operation,
                text,
                statement.target.name,
                call.version,
                call.access,
                self._org.stamp(),
                self._folder / f"{job_id}.csv",
            )
            self._jobs[job_id] = job
        return json_response(job.info(full=False))

    def _list(self, _call: Call) -> Response:
        return json_response(
            {
                "done": True,
                "records": [job.info(full=False) for job in self._jobs.values()],
                "nextRecordsUrl": None,
            }
        )

    def _info(self, call: Call) -> Response:
        """Every poll moves the job on: the first starts it, a later one finds it complete."""
        job = self._job(call)
        if self._org.world.faults.draw("stuck_job", "salesforce", "GET", call.path):
            return json_response(job.info(full=True))
        if job.state == "UploadComplete":
            job.state = "InProgress"
            if self._org.world.faults.draw("failed_job", "salesforce", "GET", call.path):
                job.error = "InternalServerError : The query could not be run after an internal error"
            job.worker = threading.Thread(target=self._run, args=(job,), daemon=True)
            job.worker.start()
        elif job.state == "InProgress" and job.worker is not None and not job.worker.is_alive():
            job.state = "Failed" if job.error else "JobComplete"
        return json_response(job.info(full=True))

    def _abort(self, call: Call) -> Response:
        job = self._job(call)
        if call.json_object().get("state") != "Aborted":
            raise ApiError("INVALIDJOBSTATE", "Only the state Aborted can be set on a query job")
        if job.state in ("JobComplete", "Failed"):
            raise ApiError("INVALIDJOBSTATE", f"Aborting a job in state {job.state} is not allowed")
        job.state = "Aborted"
        return json_response(job.info(full=False))

    def _delete(self, call: Call) -> Response:
        job = self._job(call)
        if job.state not in _ENDED:
            raise ApiError("INVALIDJOBSTATE", f"Deleting a job in state {job.state} is not allowed")
        del self._jobs[job.id]
        job.path.unlink(missing_ok=True)
        return Response(status_code=204)

    def _run(self, job: QueryJob) -> None:
        """Write the file of results."""
        if job.error:
            return
        try:
            statement = _bulk_statement(
                self._org, job.access, job.query, everything=job.operation == "queryAll"
            )
            job.header = _line([".".join(output.path) for output in statement.outputs])
            select = statement.select([_cell(output) for output in statement.outputs])
            with job.path.open("wb") as file:
                position = 0
                for rows in self._org.database.stream(select, statement.parameters, _MARK):
                    job.marks.append(position)
                    buffer = io.StringIO()
                    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
                    position += file.write(buffer.getvalue().encode())
                    job.rows += len(rows)
                    if job.state == "Aborted":
                        return
                job.marks.append(position)
        except ApiError as error:
            job.error = f"{error.code}: {error.message}"
        except sqlite3.Error as error:  # the sandbox was stopped under the job
            job.error = f"InternalServerError : {error}"

    def _results(self, call: Call) -> Response:
        job = self._job(call)
        if job.state != "JobComplete":
            raise ApiError("INVALIDJOBSTATE", f"Results are not available for a job in state {job.state}")
        start = _row_of(call.query("locator"))
        if start > job.rows:
            raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
        wanted = call.query("maxRecords")
        size = _PAGE if wanted is None else int(wanted)
        if size < 1:
            raise ApiError("API_ERROR", "maxRecords must be positive")
        end = min(start + size, job.rows)
        sent = end
        if self._org.world.faults.draw("short_page", "salesforce", "GET", call.path):
            sent = start + (end - start) // 2
        return StreamingResponse(
            _page(job, start, sent),
            media_type="text/csv; charset=UTF-8",
            headers={
                "Sforce-Locator": "null" if end >= job.rows else _locator(end),
                "Sforce-NumberOfRecords": str(end - start),
            },
        )


def _bulk_statement(org: Org, access: Access, text: str, *, everything: bool) -> Statement:
    """The query as a bulk job may ask it.

    Raises:
        ApiError: malformed, unknown fields, or what bulk queries refuse.
    """
    query = soql.parse(text)
    if query.aggregate or query.offset is not None:
        raise ApiError(
            "API_ERROR", "Aggregate Relationships not supported in Bulk V2 Query with CSV content type."
        )
    statement = Translator(org, access, text, everything).translate(query)
    if any(output.parts for output in statement.outputs):
        raise ApiError("FUNCTIONALITY_NOT_ENABLED", "Selecting compound data not supported in Bulk Query")
    return statement


def _cell(output: Output) -> str:
    """An output column as the CSV holds it."""
    value = output.expression
    if output.kind == "boolean":
        return f"CASE {value} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
    if output.kind in ("double", "currency", "percent"):
        plain = (
            f"{value} = 0 OR abs({value}) BETWEEN 1e-3 AND 9999999.999999998"  # the largest below ten million
        )
        return f"CASE WHEN {plain} THEN {value} ELSE java_double({value}) END"
    return value


def _line(cells: list[str]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(cells)
    return buffer.getvalue().encode()


def _locator(row: int) -> str:
    return base64.urlsafe_b64encode(f"row{row}".encode()).decode().rstrip("=")


def _row_of(locator: str | None) -> int:
    if not locator:
        return 0
    try:
        text = base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)).decode()
        return int(text.removeprefix("row"))
    except (binascii.Error, ValueError) as error:
        raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator") from error


def _page(job: QueryJob, start: int, end: int) -> Iterator[bytes]:
    """Header and the rows from `start` to `end`, in blocks."""
    yield job.header
    if start >= end:
        return
    with job.path.open("rb") as file:
        first = _place(job, file, start)
        last = _place(job, file, end)
        file.seek(first)
        left = last - first
        while left > 0:
            block = file.read(min(_BLOCK, left))
            left -= len(block)
            yield block


def _place(job: QueryJob, file: Any, row: int) -> int:  # noqa: ANN401 (a binary file)
    """Where a row starts: the mark before it, and on from there row by row (cells may hold line ends)."""
    mark, rest = divmod(row, _MARK)
    if rest == 0 or row >= job.rows:
        return job.marks[mark] if row < job.rows else job.marks[-1]
    file.seek(job.marks[mark])
    block = file.read(job.marks[mark + 1] - job.marks[mark])
    place = 0
    for _ in range(rest):
        # A row ends at a line end outside quotes: an even number of quotes lies before it.
        end = block.index(b"\n", place)
        while block.count(b'"', place, end) % 2:
            end = block.index(b"\n", end + 1)
        place = end + 1
    return job.marks[mark] + place
