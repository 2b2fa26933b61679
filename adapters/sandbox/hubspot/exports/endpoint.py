"""``/crm/v3/exports`` and its dated successors."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import FileResponse, Response

from adapters.sandbox.http import json_response
from adapters.sandbox.hubspot.api.endpoint import Call
from adapters.sandbox.hubspot.api.tokens import require
from adapters.sandbox.hubspot.behaviour import Behaviour
from adapters.sandbox.hubspot.errors import PORTAL, ApiError, iso, not_found, validation
from adapters.sandbox.hubspot.exports.jobs import Export, ExportJobs
from adapters.sandbox.hubspot.exports.request import parsed_request
from adapters.sandbox.hubspot.store.filters import Filters
from adapters.sandbox.hubspot.store.property_store import Definitions

DOWNLOADS: Final = "/crm-exports/results"
_SCOPE: Final = ("crm.export",)


class ExportEndpoint:
    """Starts exports, tells how far they are, hands out their results."""

    def __init__(
        self, jobs: ExportJobs, definitions: Definitions, filters: Filters, behaviour: Behaviour
    ) -> None:
        """Serve `jobs`."""
        self._jobs = jobs
        self._definitions = definitions
        self._filters = filters
        self._behaviour = behaviour

    def start(self, call: Call) -> Response:
        """Queue an export: 202."""
        require(call.token, _SCOPE)
        request = parsed_request(
            call.json(), self._definitions, self._filters, lambda name: call.of(name, "read"), half=call.half
        )
        allowed = self._behaviour.exports_per_day
        if self._behaviour.exports_over == "refuse" and self._jobs.started_today() >= allowed:
            raise ApiError(
                429,
                "RATE_LIMITS",
                f"You have reached the limit of {allowed} exports within a rolling 24 hour window.",
                extra={"errorType": "RATE_LIMIT", "policyName": "DAILY"},
            )
        job = self._jobs.start(request, call.token.owner, call.url_path)
        return json_response({"id": str(job.id), "links": {"status": _status_link(call, job)}}, 202)

    def status(self, call: Call) -> Response:
        """How far an export is; with a fresh link once it is complete."""
        job = self._own(call, "task_id")
        status, key = self._jobs.poll(job, call.url_path)
        body: dict[str, Any] = {
            "status": status,
            "requestedAt": iso(job.created),
            "startedAt": iso(job.created),
            "completedAt": iso(job.updated),
        }
        if key is not None and job.file is not None:
            body |= {"result": f"{call.base_url}{DOWNLOADS}/{key}/{job.file.name}", "numErrors": 0}
        return json_response(body)

    def get(self, call: Call) -> Response:
        """An export with its number of records."""
        return json_response(self._own(call, "export_id").as_json())

    def _own(self, call: Call, parameter: str) -> Export:
        """An export that the caller started.

        Raises:
            ApiError: 400 for text, 403 for an unknown id: HubSpot does not say which exist.
        """
        require(call.token, _SCOPE)
        text = call.path[parameter]
        if not text.isdigit():
            raise validation(f"Unable to parse value for path parameter: {parameter.replace('_i', 'I')}")
        job = self._jobs.find(int(text), call.token.owner)
        if job is None:
            raise ApiError(
                403,
                None,
                f"Permission to get export file cannot be granted for exportId {text} and portalId {PORTAL}",
            )
        return job

    def download(self, call: Call) -> Response:
        """The file behind a link; no token is asked for."""
        file = self._jobs.result(call.path["key"])
        if file is None:
            return Response(
                '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code>'
                "<Message>Request has expired</Message></Error>",
                403,
                media_type="application/xml",
            )
        if file.name != call.path["name"]:
            raise not_found()
        # Stored files come as they are: nothing compresses a zip again on the way.
        as_it_is = {"Content-Encoding": "identity"} if file.media_type == "application/zip" else None
        return FileResponse(file.path, headers=as_it_is, media_type=file.media_type, filename=file.name)


def _status_link(call: Call, job: Export) -> str:
    start = call.url_path.removesuffix("/")
    return f"{call.base_url}{start}/tasks/{job.id}/status"
