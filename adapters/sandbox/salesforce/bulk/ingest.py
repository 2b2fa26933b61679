"""Ingest jobs: their life cycle. What happens to the rows is in `rows`."""

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
from adapters.sandbox.salesforce.bulk.jobs import ENDED, Jobs
from adapters.sandbox.salesforce.bulk.rows import DELIMITERS, LINE_ENDINGS, IngestJob, Processor
from adapters.sandbox.salesforce.errors import ApiError
from adapters.sandbox.salesforce.org import Org
from adapters.sandbox.salesforce.records import Records
from adapters.sandbox.salesforce.schema import SField, SObject

_JOBS = "/services/data/v{version}/jobs/ingest"
_LARGEST_UPLOAD = 100_000_000  # bytes of plain data; they grow in base64, and 150 MB are the limit there
_PATIENCE = 60.0  # seconds that a result waits for its job
_LARGEST_PART = 100_000  # characters of a multipart request that brings its data along
_OPERATIONS = {
    "insert": "PermissionsCreate",
    "update": "PermissionsEdit",
    "upsert": "PermissionsEdit",
    "delete": "PermissionsDelete",
}
_DELETABLE = ("UploadComplete", *ENDED)
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)


class BulkIngest:
    """All ingest jobs of one org."""

    def __init__(self, org: Org, gate: Gate, records: Records, jobs: Jobs) -> None:
        """No jobs yet."""
        self._org = org
        self._gate = gate
        self._jobs = jobs
        self._processor = Processor(org, records, jobs)

    def routes(self) -> list[Route]:
        """The endpoints below /jobs/ingest."""
        api = self._gate.endpoint
        one = f"{_JOBS}/{{id}}"
        return [
            Route(_JOBS, api(self._create), methods=["POST"]),
            Route(f"{_JOBS}/", api(self._create), methods=["POST"]),
            Route(_JOBS, api(self._jobs.list), methods=["GET"]),
            Route(f"{_JOBS}/", api(self._jobs.list), methods=["GET"]),
            Route(one, api(self._info), methods=["GET"]),
            Route(f"{one}/", api(self._info), methods=["GET"]),
            Route(one, api(self._change), methods=["PATCH"]),
            Route(f"{one}/", api(self._change), methods=["PATCH"]),
            Route(one, api(self._delete), methods=["DELETE"]),
            Route(f"{one}/batches", self._upload_endpoint(), methods=["PUT"]),
            Route(f"{one}/batches/", self._upload_endpoint(), methods=["PUT"]),
            Route(f"{one}/successfulResults", api(self._result("successful")), methods=["GET"]),
            Route(f"{one}/successfulResults/", api(self._result("successful")), methods=["GET"]),
            Route(f"{one}/failedResults", api(self._result("failed")), methods=["GET"]),
            Route(f"{one}/failedResults/", api(self._result("failed")), methods=["GET"]),
            Route(f"{one}/unprocessedrecords", api(self._result("unprocessed")), methods=["GET"]),
            Route(f"{one}/unprocessedrecords/", api(self._result("unprocessed")), methods=["GET"]),
        ]

    def _job(self, job_id: str) -> IngestJob:
        job = self._jobs.find(job_id, "V2Ingest")
        assert isinstance(job, IngestJob)
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
        shown = json_response(job.info(full=False))
        self._start(job)
        return shown

    def _start(self, job: IngestJob) -> None:
        """The job is worked off whether anybody asks after it or not."""
        path = f"/services/data/v{job.version}/jobs/ingest/{job.id}"
        if self._org.world.faults.draw("failed_job", "salesforce", "GET", path, phase="job_poll"):
            job.error = "InternalServerError : The job could not be started after an internal error"
        job.worker = threading.Thread(target=self._processor.process, args=(job, path), daemon=True)
        job.worker.start()

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
        if operation == "upsert":
            call.access.demand("PermissionsCreate", target)
        job = IngestJob(
            self._jobs.next_id(),
            operation,
            target,
            call.version,
            call.access,
            self._org.stamp(),
            self._jobs.folder,
            line_ending,
            delimiter,
            external_id=_external_id(operation, target, body),
        )
        self._jobs.add(job)
        return job

    def _info(self, call: Call) -> Response:
        """The first poll finds the job at work, a later one finds it ended."""
        job = self._job(call.parameter("id"))
        if self._org.world.faults.draw("stuck_job", "salesforce", "GET", call.path):
            return json_response(job.info(full=True))
        self._jobs.polled(job)
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
        shown = json_response(job.info(full=False))
        if state == "UploadComplete":
            self._start(job)
        return shown

    def _delete(self, call: Call) -> Response:
        job = self._job(call.parameter("id"))
        if job.state not in _DELETABLE:
            raise ApiError("INVALIDJOBSTATE", f"Deleting a job in state {job.state} is not allowed")
        self._jobs.remove(job)
        if job.worker is None or not job.worker.is_alive():
            job.remove_files()
        return Response(status_code=204)

    # Data

    def _upload_endpoint(self) -> Endpoint:
        """PUT of the data, streamed to disk: an upload may be 100 MB."""

        async def endpoint(request: Request) -> Response:
            temporary = self._jobs.folder / f"{id(request)}.part"
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
            if zipped:
                plain = temporary.with_suffix(".plain")
                with gzip.open(temporary) as source, plain.open("wb") as file:
                    shutil.copyfileobj(source, file)
                size = plain.replace(temporary).stat().st_size
            if size > _LARGEST_UPLOAD:
                raise ApiError("EXCEEDEDQUOTA", f"The upload is larger than {_LARGEST_UPLOAD} bytes", 413)
            temporary.rename(job.upload)
        finally:
            temporary.unlink(missing_ok=True)
        return Response(status_code=201)

    def _result(self, kind: str) -> Callable[[Call], Response]:
        def handler(call: Call) -> Response:
            job = self._job(call.parameter("id"))
            if job.state not in ENDED:
                raise ApiError("INVALIDJOBSTATE", f"Results are not available for a job in state {job.state}")
            if job.worker is not None:
                job.worker.join(_PATIENCE)  # an aborted job still sorts its rows
            path = job.result(kind)
            if not path.exists():
                return Response(job.empty_result(kind), media_type="text/csv")
            return FileResponse(path, media_type="text/csv")

        return handler


def _external_id(operation: str, target: SObject, body: dict[str, Any]) -> SField | None:
    """The field by which an upsert finds its records; None for Id.

    Raises:
        ApiError: it is not named, or is no external id.
    """
    if operation != "upsert":
        return None
    name = str(body.get("externalIdFieldName") or "")
    each = target.find(name)
    if each is None or not (each.type == "id" or each.external_id):
        raise ApiError(
            "INVALIDJOB",
            "InvalidJob : Field name provided, "
            f"{name} does not match an External ID, Salesforce Id, or indexed field for {target.name}",
        )
    return None if each.type == "id" else each
