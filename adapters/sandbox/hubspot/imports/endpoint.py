"""``/crm/v3/imports`` and its dated successors."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from adapters.sandbox.http import json_response
from adapters.sandbox.hubspot.api.endpoint import Call
from adapters.sandbox.hubspot.api.tokens import require
from adapters.sandbox.hubspot.behaviour import Behaviour
from adapters.sandbox.hubspot.errors import ApiError, iso, not_found, validation
from adapters.sandbox.hubspot.imports.jobs import Import, ImportJobs
from adapters.sandbox.hubspot.imports.request import FileSpec, parsed_request
from adapters.sandbox.hubspot.imports.writer import counted_rows

_SCOPE: Final = ("crm.import",)
_PIECE: Final = 1 << 20
_PAGE: Final = 100


class ImportEndpoint:
    """Starts imports, tells how far they are, lists their errors."""

    def __init__(self, jobs: ImportJobs, behaviour: Behaviour) -> None:
        """Serve `jobs`."""
        self._jobs = jobs
        self._behaviour = behaviour

    def start(self, call: Call, form: FormData) -> Response:
        """Take the files and queue the import: 200."""
        require(call.token, _SCOPE)
        text = form.get("importRequest")
        if isinstance(text, UploadFile):
            text = text.file.read().decode("utf-8", "replace")
        if text is None:
            raise validation("Some required fields were not set: [importRequest]")
        request = parsed_request(text, lambda name: call.of(name, "write"))
        uploads = {each.filename: each for each in form.getlist("files") if isinstance(each, UploadFile)}
        if absent := [spec.name for spec in request.files if spec.name not in uploads]:
            raise validation(f"The files {', '.join(absent)} of the request were not uploaded.")
        taken: list[tuple[int, FileSpec, Path, int]] = []
        with contextlib.ExitStack() as undo:
            for spec in request.files:
                number, path = self._jobs.next_file()
                undo.callback(path.unlink, missing_ok=True)
                taken.append((number, spec, path, self._taken(uploads[spec.name], spec, path)))
            rows = sum(rows for *_, rows in taken)
            if self._jobs.rows_today() + rows > self._behaviour.import_day_rows:
                raise _too_large(f"more than {self._behaviour.import_day_rows} rows in a day")
            undo.pop_all()
        job = self._jobs.start(request, taken, call.token.owner, call.url_path, call.version, half=call.half)
        return json_response(job.as_json(job.state))

    def _taken(self, upload: UploadFile, spec: FileSpec, path: Path) -> int:
        """Copy an upload; its number of rows.

        Raises:
            ApiError: 429, it is too large.
        """
        size = 0
        with path.open("wb") as file:
            while piece := upload.file.read(_PIECE):
                size += len(piece)
                if size > self._behaviour.import_file_bytes:
                    raise _too_large(f"more than {self._behaviour.import_file_bytes} bytes")
                file.write(piece)
        rows = counted_rows(path, has_header=spec.has_header)
        if rows > self._behaviour.import_file_rows:
            raise _too_large(f"more than {self._behaviour.import_file_rows} rows")
        return rows

    def listing(self, call: Call) -> Response:
        """The caller's imports, the latest first."""
        require(call.token, _SCOPE)
        limit, after = _page(call)
        jobs = self._jobs.own(call.token.owner)
        body: dict[str, Any] = {
            "results": [job.as_json(job.state) for job in jobs[after : after + limit]],
        }
        if len(jobs) > after + limit:
            body["paging"] = call.next_page(str(after + limit))
        return json_response(body)

    def get(self, call: Call) -> Response:
        """How far an import is."""
        job = self._own(call)
        return json_response(job.as_json(self._jobs.poll(job, call.url_path)))

    def errors(self, call: Call) -> Response:
        """What could not be imported, page by page."""
        job = self._own(call)
        limit, after = _page(call)
        found, more = self._jobs.errors.page(
            job.id,
            after,
            limit,
            with_row=call.query.get("includeRowData", "").lower() == "true",
            with_message=call.query.get("includeErrorMessage", "").lower() == "true",
        )
        body: dict[str, Any] = {"results": found}
        if more is not None:
            body["paging"] = call.next_page(str(more))
        return json_response(body)

    def cancel(self, call: Call) -> Response:
        """Stop an import."""
        job = self._own(call)
        if not self._jobs.cancel(job):
            raise validation(f"The import {job.id} has ended: it is {job.state}.")
        return json_response(
            {
                "status": "COMPLETE",
                "requestedAt": iso(call.started),
                "startedAt": iso(call.started),
                "completedAt": iso(datetime.now(UTC)),
            }
        )

    def _own(self, call: Call) -> Import:
        """An import that the caller started.

        Raises:
            ApiError: 400 for no id, 404 for an unknown one.
        """
        require(call.token, _SCOPE)
        text = call.path["import_id"]
        if not text.isdigit():
            raise validation("Unable to parse value for path parameter: importId")
        if int(text) == 0:
            raise validation("importId must be positive.", context={"importId": ["0"]})
        job = self._jobs.find(int(text), call.token.owner)
        if job is None:
            raise not_found(f"Import {text} does not exist.")
        return job


def _page(call: Call) -> tuple[int, int]:
    """Limit and start of a page.

    Raises:
        ApiError: 400.
    """
    limit, after = call.query.get("limit", str(_PAGE)), call.query.get("after", "0")
    if not limit.isdigit() or not 1 <= int(limit) <= _PAGE or not after.isdigit():
        raise validation(f"limit must be between 1 and {_PAGE}, and after a number.")
    return int(limit), int(after)


def _too_large(what: str) -> ApiError:
    return ApiError(
        429,
        "RATE_LIMITS",
        f"The import exceeds the limit: {what}.",
        extra={"errorType": "RATE_LIMIT", "policyName": "DAILY"},
    )
