"""The sandbox's own endpoint, under ``/sandbox/``: faults, request counts, edits, dumps, visibility, the date.

GET    /sandbox/                        options, date
GET    /sandbox/faults                  faults that are on, with their hits
POST   /sandbox/faults                  {"name": "throttle", "rate": 0.1, "phase": "read_page", "times": 3}
DELETE /sandbox/faults[?name=throttle]
GET    /sandbox/requests[?list=true]    total, writes, counts by method and path
DELETE /sandbox/requests
POST   /sandbox/edit                    {"crm", "object", "id", "values", "delete", "touch"} -> {"id"}
GET    /sandbox/dump?crm=..&object=..   every cell of every record, one JSON object per line
POST   /sandbox/visibility              {"crm", "change", "object", "field"}
POST   /sandbox/configure               {"crm", "what": "app", ...}: see the side's `configure`
GET    /sandbox/quota?crm=..
POST   /sandbox/quota                   {"crm", "limit", "used"}
POST   /sandbox/today                   {"today": "2026-03-01"}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from adapters.sandbox.faults import UnknownFaultError
from adapters.sandbox.http import blocking, json_response, parsed
from adapters.sandbox.side import ControlError, Visibility

if TYPE_CHECKING:
    from adapters.sandbox.server import Sandbox

Action = Callable[[Request, dict[str, Any]], object]
_DUMP_ROWS = 500


def routes(sandbox: Sandbox) -> list[Route]:
    """The control endpoint of one sandbox."""

    def route(path: str, method: str, action: Action) -> Route:
        return Route(f"/sandbox/{path}", blocking(_answering(action)), methods=[method])

    def add_fault(_request: Request, body: dict[str, Any]) -> object:
        return sandbox.fault(str(body.pop("name", "")), **body).as_dict()

    def clear_faults(request: Request, _body: dict[str, Any]) -> object:
        sandbox.clear_faults(request.query_params.get("name"))
        return {}

    def clear_requests(_request: Request, _body: dict[str, Any]) -> object:
        sandbox.clear_requests()
        return {}

    def edit(_request: Request, body: dict[str, Any]) -> object:
        return {"id": sandbox.edit(body.pop("crm"), body.pop("object"), **body)}

    def dump(request: Request, _body: dict[str, Any]) -> object:
        parameters = request.query_params
        return StreamingResponse(
            _lines(sandbox.dump(parameters["crm"], parameters["object"])), media_type="application/x-ndjson"
        )

    def visibility(_request: Request, body: dict[str, Any]) -> object:
        sandbox.visibility(body.pop("crm"), Visibility(**body))
        return {}

    def configure(_request: Request, body: dict[str, Any]) -> object:
        return {"result": sandbox.configure(body.pop("crm"), body.pop("what"), **body)}

    def move(_request: Request, body: dict[str, Any]) -> object:
        sandbox.move_to(date.fromisoformat(body["today"]))
        return {"today": sandbox.world.today}

    return [
        route("", "GET", lambda _request, _body: sandbox.status()),
        route(
            "faults",
            "GET",
            lambda _request, _body: [fault.as_dict() for fault in sandbox.world.faults.list()],
        ),
        route("faults", "POST", add_fault),
        route("faults", "DELETE", clear_faults),
        route(
            "requests", "GET", lambda request, _body: sandbox.requests(listing="list" in request.query_params)
        ),
        route("requests", "DELETE", clear_requests),
        route("edit", "POST", edit),
        route("dump", "GET", dump),
        route("visibility", "POST", visibility),
        route("configure", "POST", configure),
        route("quota", "GET", lambda request, _body: sandbox.quota(request.query_params["crm"])),
        route("quota", "POST", lambda _request, body: sandbox.quota(**body)),
        route("today", "POST", move),
    ]


def _answering(action: Action) -> Callable[[Request, bytes], Response]:
    """A handler that turns the action's value into JSON and its complaints into a 400."""

    def handler(request: Request, body: bytes) -> Response:
        try:
            answer = action(request, parsed(body) if body else {})
        except (ControlError, UnknownFaultError) as error:
            return json_response({"error": str(error)}, 400)
        except (KeyError, TypeError, ValueError) as error:
            return json_response({"error": f"bad request: {error!r}"}, 400)
        return answer if isinstance(answer, Response) else json_response(answer)

    return handler


def _lines(records: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Records as lines of JSON, in pieces of some hundred."""
    piece: list[bytes] = []
    for record in records:
        piece.append(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
        if len(piece) == _DUMP_ROWS:
            yield b"".join(piece)
            piece.clear()
    yield b"".join(piece)
