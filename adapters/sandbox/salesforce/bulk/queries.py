"""Query jobs: results are written to a file once, and read page by page."""

from __future__ import annotations

import csv
import io
import sqlite3
import threading
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from adapters.sandbox.http import json_response
from adapters.sandbox.salesforce import soql
from adapters.sandbox.salesforce.access import Access
from adapters.sandbox.salesforce.api import Call, Gate
from adapters.sandbox.salesforce.bulk.jobs import ENDED, Jobs, Kind
from adapters.sandbox.salesforce.bulk.pages import MARK, ResultFile, locator, row_of
from adapters.sandbox.salesforce.errors import ApiError
from adapters.sandbox.salesforce.org import Org
from adapters.sandbox.salesforce.sql import Output, Statement, Translator

_JOBS = "/services/data/v{version}/jobs/query"
_PAGE = 50_000  # rows of a page when the client does not say
_PARALLEL = 5  # pages that resultPages names at a time


@dataclass(slots=True)
class QueryJob:
    """One query job.

    Attributes:
        id: of the job.
        operation: query or queryAll.
        query: as asked.
        object: of FROM.
        version: API version that created it, and that alone reads its results.
        access: whose rights hold.
        created: moment, as the system fields hold it.
        file: the rows found.
        header: the header row.
        state: UploadComplete, InProgress, JobComplete, Aborted or Failed.
        error: why it failed.
        worker: thread that writes the file.
    """

    id: str
    operation: str
    query: str
    object: str
    version: str
    access: Access
    created: str
    file: ResultFile
    header: bytes = b""
    state: str = "UploadComplete"
    error: str | None = None
    worker: threading.Thread | None = None

    @property
    def kind(self) -> Kind:
        """As the list's filter names it."""
        return "V2Query"

    def info(self, *, full: bool) -> dict[str, Any]:
        """The job as the API shows it; `full` with its progress."""
        moment = self.created.replace("Z", "+0000")
        info: dict[str, Any] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.object,
            "createdById": self.access.user_id,
            "createdDate": moment,
            "systemModstamp": moment,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "jobType": self.kind,
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
        }
        if full:
            done = self.state == "JobComplete"
            info |= {
                "retries": 0,
                "totalProcessingTime": 100 if done else 0,
                "isPkChunkingSupported": True,
                "numberRecordsProcessed": self.file.rows if done else 0,
            }
            if self.error:
                info["errorMessage"] = self.error
        return info


class BulkQueries:
    """All query jobs of one org."""

    def __init__(self, org: Org, gate: Gate, jobs: Jobs) -> None:
        """No jobs yet."""
        self._org = org
        self._gate = gate
        self._jobs = jobs
        self.page_rows = _PAGE

    def routes(self) -> list[Route]:
        """The endpoints below /jobs/query."""
        api = self._gate.endpoint
        one = f"{_JOBS}/{{id}}"
        return [
            Route(_JOBS, api(self._create, reads=True), methods=["POST"]),
            Route(f"{_JOBS}/", api(self._create, reads=True), methods=["POST"]),
            Route(_JOBS, api(self._jobs.list), methods=["GET"]),
            Route(f"{_JOBS}/", api(self._jobs.list), methods=["GET"]),
            Route(one, api(self._info), methods=["GET"]),
            Route(f"{one}/", api(self._info), methods=["GET"]),
            Route(one, api(self._abort, reads=True), methods=["PATCH"]),
            Route(one, api(self._delete, reads=True), methods=["DELETE"]),
            Route(f"{one}/results", api(self._results), methods=["GET"]),
            Route(f"{one}/results/", api(self._results), methods=["GET"]),
            Route(f"{one}/resultPages", api(self._result_pages), methods=["GET"]),
            Route(f"{one}/resultpages", api(self._result_pages), methods=["GET"]),
        ]

    def _job(self, call: Call) -> QueryJob:
        job = self._jobs.find(call.parameter("id"), "V2Query")
        assert isinstance(job, QueryJob)
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
        job_id = self._jobs.next_id()
        job = QueryJob(
            job_id,
            operation,
            text,
            statement.target.name,
            call.version,
            call.access,
            self._org.stamp(),
            ResultFile(self._jobs.folder / f"{job_id}.csv"),
        )
        self._jobs.add(job)
        shown = json_response(job.info(full=False))
        faults = self._org.world.faults
        if faults.draw("failed_job", "salesforce", "GET", f"{call.path}/{job_id}", phase="job_poll"):
            job.error = "InternalServerError : The query could not be run after an internal error"
        job.worker = threading.Thread(target=self._run, args=(job, statement), daemon=True)
        job.worker.start()
        return shown

    def _info(self, call: Call) -> Response:
        """The first poll finds the job at work, a later one finds it ended."""
        job = self._job(call)
        if self._org.world.faults.draw("stuck_job", "salesforce", "GET", call.path):
            return json_response(job.info(full=True))
        self._jobs.polled(job)
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
        if job.state not in ENDED:
            raise ApiError("INVALIDJOBSTATE", f"Deleting a job in state {job.state} is not allowed")
        self._jobs.remove(job)
        job.file.path.unlink(missing_ok=True)
        return Response(status_code=204)

    def _run(self, job: QueryJob, statement: Statement) -> None:
        """Write the file of results."""
        if job.error:
            return
        try:
            job.header = _lines([[".".join(output.path) for output in statement.outputs]])
            select = statement.select([_cell(output) for output in statement.outputs])
            with job.file.path.open("wb") as file:
                position = 0
                for rows in self._org.database.stream(select, statement.parameters, MARK):
                    job.file.marks.append(position)
                    position += file.write(_lines(rows))
                    job.file.rows += len(rows)
                    if job.state == "Aborted":
                        return
                    self._jobs.pause(len(rows))
                job.file.marks.append(position)
        except sqlite3.Error as error:  # the sandbox was stopped under the job
            job.error = f"InternalServerError : {error}"

    # Results

    def _readable(self, call: Call) -> QueryJob:
        """The job, whose results can be read by this call.

        Raises:
            ApiError: it is not complete, or another API version asks.
        """
        job = self._job(call)
        if job.version != call.version:
            raise ApiError(
                "API_ERROR",
                f"The query job was created with API version {job.version}: read its results with that version",
                409,
            )
        if job.state != "JobComplete":
            raise ApiError("INVALIDJOBSTATE", f"Results are not available for a job in state {job.state}")
        return job

    def _results(self, call: Call) -> Response:
        job = self._readable(call)
        rows = job.file.rows
        start = row_of(call.query("locator"))
        if start > rows:
            raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
        wanted = call.query("maxRecords")
        size = self.page_rows if wanted is None else int(wanted) if wanted.isdigit() else 0
        if size < 1:
            raise ApiError("API_ERROR", "maxRecords must be positive")
        end = min(start + size, rows)
        sent = end
        if self._org.world.faults.draw("short_page", "salesforce", "GET", call.path):
            sent = start + (end - start) // 2
        return StreamingResponse(
            job.file.page(job.header, start, sent),
            media_type="text/csv; charset=UTF-8",
            headers={
                "Sforce-Locator": "null" if end >= rows else locator(end),
                "Sforce-NumberOfRecords": str(end - start),
            },
        )

    def _result_pages(self, call: Call) -> Response:
        """Up to five addresses of pages, to be read at the same time."""
        job = self._readable(call)
        start = row_of(call.query("locator"))
        starts = range(start, max(job.file.rows, 1), self.page_rows)
        base = f"/services/data/v{call.version}/jobs/query/{job.id}"
        more = len(starts) > _PARALLEL
        return json_response(
            {
                "resultPages": [
                    {"resultUrl": f"{base}/results?locator={locator(row)}"} for row in starts[:_PARALLEL]
                ],
                "nextRecordsUrl": f"{base}/resultpages?locator={locator(starts[_PARALLEL])}"
                if more
                else None,
                "done": not more,
            }
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


def _lines(rows: Any) -> bytes:  # noqa: ANN401 (rows of cells)
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode()
