"""Bulk API 2.0 ingest jobs: their life cycle. What happens to the rows is in `ingest_rows`."""

from __future__ import annotations

import gzip
import re
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from adapters.sandbox.http import Endpoint, json_response
from adapters.sandbox.salesforce.access import Access
from adapters.sandbox.salesforce.api import Call, Gate
from adapters.sandbox.salesforce.errors import ApiError, not_found
from adapters.sandbox.salesforce.ids import make_id
from adapters.sandbox.salesforce.ingest_rows import DELIMITERS, LINE_ENDINGS, IngestJob, process
from adapters.sandbox.salesforce.org import Org
from adapters.sandbox.salesforce.records import Records

_JOBS = "/services/data/v{version}/jobs/ingest"
_LARGEST_UPLOAD = 150_000_000  # bytes; 100 MB of data grow by half in base64, which Salesforce stores
_LARGEST_PART = 100_000  # characters of a multipart request that brings its data along
_OPERATIONS = {"insert": "PermissionsCreate", "update": "PermissionsEdit", "delete": "PermissionsDelete"}
_ENDED = ("JobComplete", "Failed", "Aborted")
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)


class BulkIngest:
    """All ingest jobs of one org."""

    def __init__(self, org: Org, gate: Gate, records: Records) -> None:
        """No jobs yet."""
        self._org = org
        self._gate = gate
        self._records = records
        self._jobs: dict[str, IngestJob] = {}
        self._lock = threading.Lock()
        self._folder = org.world.folder / "salesforce-jobs"
        self._folder.mkdir(exist_ok=True)

    def routes(self) -> list[Route]:
        """The endpoints below /jobs/ingest."""
        api = self._gate.endpoint
        one = f"{_JOBS}/{{id}}"
        return [
            Route(_JOBS, api(self._create), methods=["POST"]),
            Route(f"{_JOBS}/", api(self._create), methods=["POST"]),
            Route(_JOBS, api(self._list), methods=["GET"]),
            Route(one, api(self._info), methods=["GET"]),
            Route(one, api(self._change), methods=["PATCH"]),
            Route(one, api(self._delete), methods=["DELETE"]),
            Route(f"{one}/batches", self._upload_endpoint(), methods=["PUT"]),
            Route(f"{one}/successfulResults", api(self._result("successful")), methods=["GET"]),
            Route(f"{one}/successfulResults/", api(self._result("successful")), methods=["GET"]),
            Route(f"{one}/failedResults", api(self._result("failed")), methods=["GET"]),
            Route(f"{one}/failedResults/", api(self._result("failed")), methods=["GET"]),
            Route(f"{one}/unprocessedrecords", api(self._result("unprocessed")), methods=["GET"]),
            Route(f"{one}/unprocessedrecords/", api(self._result("unprocessed")), methods=["GET"]),
        ]

    def _job(self, job_id: str) -> IngestJob:
        job = self._jobs.get(job_id)
        if job is None:
            raise not_found()
        return job

    # Life cycle

    def _create(self, call: Call) -> Response:
        content_type = call.request.headers.get("content-type", "")
        if content_type.lower().startswith("multipart/"):
            return self._create_with_data(call, content_type)
        return json_response(self._opened(call, call.json_object()).info(full=False))

    def _create_with_data(self, call: Call, content_type: str) -> Response:
        """One multipart request with a JSON part and a CSV part: the job starts at once."""
        if len(call.body) > _LARGEST_PART:
            raise ApiError("EXCEEDEDQUOTA", f"Multipart requests are limited to {_LARGEST_PART} characters")
        boundary = _BOUNDARY.search(content_type)
        parts = call.body.split(b"--" + boundary[1].encode()) if boundary else []
        contents = [part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for part in parts[1:-1]]
        if len(contents) != 2:
            raise ApiError(
                "INVALIDJOB", "A multipart request needs a part with the job and a part with its data"
            )
        description = Call(call.access, call.request, contents[0]).json_object()
        job = self._opened(call, description)
        job.upload.write_bytes(contents[1])
        job.state = "UploadComplete"
        return json_response(job.info(full=False))

    def _opened(self, call: Call, body: dict[str, Any]) -> IngestJob:
        operation = body.get("operation")
        if operation not in _OPERATIONS:
            raise ApiError(
                "INVALIDOPERATION", f"The sandbox's ingest jobs do {', '.join(_OPERATIONS)}, not {operation}"
            )
        if body.get("contentType", "CSV") != "CSV":
            raise ApiError("INVALIDJOB", "Content Type must be CSV")
        line_ending, delimiter = body.get("lineEnding", "LF"), body.get("columnDelimiter", "COMMA")
        if line_ending not in LINE_ENDINGS or delimiter not in DELIMITERS:
            raise ApiError("INVALIDJOB", f"Unknown lineEnding {line_ending} or columnDelimiter {delimiter}")
        try:
            target = self._org.object(str(body.get("object") or ""))
        except ApiError as error:
            raise ApiError(
                "INVALIDJOB", f"InvalidJob : Unable to find object: {body.get('object')}"
            ) from error
        call.access.demand(_OPERATIONS[operation], target)
        with self._lock:
            job_id = make_id("750", len(self._jobs) + 1)
            job = IngestJob(
                job_id,
                operation,
                target,
                call.version,
                call.access,
                self._org.stamp(),
                self._folder,
                line_ending,
                delimiter,
            )
            self._jobs[job_id] = job
        return job

    def _list(self, _call: Call) -> Response:
        jobs = [job.info(full=False) for job in self._jobs.values()]
        return json_response({"done": True, "records": jobs, "nextRecordsUrl": None})

    def _info(self, call: Call) -> Response:
        """Every poll moves the job on: the first starts it, a later one finds it ended."""
        job = self._job(call.parameter("id"))
        if self._org.world.faults.draw("stuck_job", "salesforce", "GET", call.path):
            return json_response(job.info(full=True))
        if job.state == "UploadComplete":
            job.state = "InProgress"
            if self._org.world.faults.draw("failed_job", "salesforce", "GET", call.path):
                job.error = "InternalServerError : The job could not be started after an internal error"
            job.worker = threading.Thread(
                target=process, args=(self._org, self._records, job, call.path), daemon=True
            )
            job.worker.start()
        elif job.state == "InProgress" and job.worker is not None and not job.worker.is_alive():
            job.state = "Failed" if job.error else "JobComplete"
        return json_response(job.info(full=True))

    def _change(self, call: Call) -> Response:
        job = self._job(call.parameter("id"))
        state = call.json_object().get("state")
        if state == "UploadComplete":
            if job.state != "Open" or not job.upload.exists():
                raise ApiError(
                    "INVALIDJOBSTATE", f"Job in state {job.state} without data can not be completed"
                )
        elif state != "Aborted":
            raise ApiError("INVALIDJOBSTATE", f"State {state} can not be set")
        elif job.state in ("JobComplete", "Failed"):
            raise ApiError("INVALIDJOBSTATE", f"Aborting already {job.state} Job not allowed")
        job.state = state
        return json_response(job.info(full=False))

    def _delete(self, call: Call) -> Response:
        job = self._job(call.parameter("id"))
        if job.state not in _ENDED:
            raise ApiError("INVALIDJOBSTATE", f"Deleting a job in state {job.state} is not allowed")
        job.remove_files()
        del self._jobs[job.id]
        return Response(status_code=204)

    # Data

    def _upload_endpoint(self) -> Endpoint:
        """PUT of the data, streamed to disk: an upload may be 100 MB."""

        async def endpoint(request: Request) -> Response:
            temporary = self._folder / f"{id(request)}.part"
            size = 0
            with temporary.open("wb") as file:
                async for chunk in request.stream():
                    size += file.write(chunk)
            zipped = request.headers.get("content-encoding", "").lower() == "gzip"
            return await run_in_threadpool(
                self._gate.answer,
                request,
                lambda access: self._uploaded(access, request, temporary, size, zipped=zipped),
            )

        return endpoint

    def _uploaded(
        self, _access: Access, request: Request, temporary: Path, size: int, *, zipped: bool
    ) -> Response:
        try:
            job = self._job(str(request.path_params["id"]))
            if job.state != "Open":
                raise ApiError("INVALIDJOBSTATE", f"Upload to a job in state {job.state} is not allowed")
            if job.upload.exists():
                raise ApiError(
                    "INVALIDJOBSTATE", "Found multiple contents for job: only one upload per job is allowed"
                )
            if size > _LARGEST_UPLOAD:
                raise ApiError("EXCEEDEDQUOTA", f"The upload is larger than {_LARGEST_UPLOAD} bytes", 413)
            if zipped:
                with gzip.open(temporary) as source, job.upload.open("wb") as file:
                    shutil.copyfileobj(source, file)
            else:
                temporary.rename(job.upload)
        finally:
            temporary.unlink(missing_ok=True)
        return Response(status_code=201)

    def _result(self, kind: str) -> Callable[[Call], Response]:
        def handler(call: Call) -> Response:
            job = self._job(call.parameter("id"))
            if job.state not in _ENDED:
                raise ApiError("INVALIDJOBSTATE", f"Results are not available for a job in state {job.state}")
            path = job.result(kind)
            if not path.exists():
                return Response(job.empty_result(kind), media_type="text/csv")
            return FileResponse(path, media_type="text/csv")

        return handler
