"""A real HTTP server on loopback whose answers a test prepares: for what the sandbox does not do on request."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

PROPERTIES = [
    {"name": "hs_object_id", "label": "Record ID", "type": "number", "fieldType": "number"},
    {"name": "kpm_potential", "label": "Potential", "type": "number", "fieldType": "number"},
    {"name": "kpm_why", "label": "Why", "type": "string", "fieldType": "text"},
    {
        "name": "kpm_formula",
        "label": "Formula",
        "type": "number",
        "fieldType": "calculation_equation",
        "calculated": True,
    },
]


@dataclass(frozen=True)
class Asked:
    """A request that arrived."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: Any
    raw: bytes = b""


@dataclass(frozen=True)
class Answer:
    """What to send back; `body` is JSON unless it is bytes."""

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Reply = Answer | Callable[[Asked], Answer]


class Scripted:
    """Answers by the end of the path; several answers for one are used up in order, the last one stays."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._replies: dict[str, list[Reply]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.on("/properties/companies", Answer({"results": PROPERTIES}))
        self.on(
            "/access-token-info", Answer({"userId": 7, "hubId": 1, "scopes": ["crm.objects.companies.read"]})
        )

    def on(self, end: str, *replies: Reply) -> None:
        self._replies[end] = list(replies)

    def to(self, end: str) -> list[Asked]:
        return [each for each in self.asked if each.path.endswith(end)]

    def _reply(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        for end, replies in self._replies.items():
            if asked.path.endswith(end):
                reply = replies.pop(0) if len(replies) > 1 else replies[0]
                return reply if isinstance(reply, Answer) else reply(asked)
        return Answer({"status": "error", "message": f"no {asked.path} here"}, 404)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                parts = urlsplit(self.path)
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                is_json = "json" in self.headers.get("Content-Type", "")
                is_form = "urlencoded" in self.headers.get("Content-Type", "")
                body = json.loads(raw) if raw and is_json else parse_qs(raw.decode()) if is_form else None
                query = parse_qs(parts.query)
                asked = Asked(self.command, parts.path, query, dict(self.headers), body, raw)
                answer = scripted._reply(asked)
                content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                self.send_response_only(answer.status)
                self.send_header("Date", answer.headers.get("Date", self.date_time_string()))
                for name, value in {"Content-Length": str(len(content)), **answer.headers}.items():
                    if name == "Date":
                        continue
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = _answer  # noqa: N815 - the base class's names

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
