"""Counts every request and injects the transport faults, around both CRM sides."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from email.utils import format_datetime
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from adapters.sandbox.faults import Fault
from adapters.sandbox.request_log import LoggedRequest
from adapters.sandbox.side import Side
from adapters.sandbox.world import World

# Path parameters that say what kind of thing is asked for; the others are ids and are hidden in templates.
_TELLING = ("object", "resource")
_TRANSPORT = "sandbox.transport"
_SLASHES = re.compile("/{2,}")


class DroppingProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with the transport in the scope, so that a fault can abort the connection."""

    def on_message_begin(self) -> None:
        """Put the transport into the scope that is about to be used."""
        super().on_message_begin()
        self.scope[_TRANSPORT] = self.transport  # type: ignore[literal-required]


class _Recorder:
    """Passes messages on, or keeps them back, and remembers the status."""

    def __init__(self, send: Send, *, keep: bool) -> None:
        self._send = send
        self._keep = keep
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = list(message.get("headers", []))
        if not self._keep:
            await self._send(message)
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


class ClockMiddleware:
    """Dates every answer by the sandbox's own clock: incremental reads go by it."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        """Wrap `app`."""
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                now = format_datetime(self._world.now(), usegmt=True).encode()
                message = {**message, "headers": [*message.get("headers", []), (b"date", now)]}
            await send(message)

        await self._app(scope, receive, dated)


class SandboxMiddleware:
    """Outermost layer of the application."""

    def __init__(self, app: ASGIApp, world: World, sides: Mapping[str, Side]) -> None:
        """Wrap `app`; `sides` by CRM."""
        self._app = app
        self._world = world
        self._sides = sides

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if "//" in scope.get("path", ""):
            # Clients put an address with a slash at its end before a path that starts with one.
            scope["path"] = _SLASHES.sub("/", scope["path"])
        crm = self._crm(scope)
        if crm is None:
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        status, logged = 0, False

        async def counted(message: Message) -> None:
            # The request is counted before its answer has gone out whole: whoever has the answer finds it counted.
            nonlocal status, logged
            if message["type"] == "http.response.start":
                status = message["status"]
            elif not message.get("more_body") and not logged:
                logged = True
                self._log(crm, scope, status, time.perf_counter() - start)
            await send(message)

        try:
            status = await self._answer(crm, scope, receive, counted)
        finally:
            if not logged:
                self._log(crm, scope, status, time.perf_counter() - start)

    def _crm(self, scope: Scope) -> str | None:
        if scope["type"] != "http" or scope["path"].startswith("/sandbox"):
            return None
        return next((crm for crm, side in self._sides.items() if side.answers(scope["path"])), None)

    async def _answer(self, crm: str, scope: Scope, receive: Receive, send: Send) -> int:
        """Answer, with the faults that hit; the status, 0 if the connection was dropped."""

        def hit(name: str) -> Fault | None:
            return self._world.faults.draw(name, crm, scope["method"], scope["path"])

        if fault := hit("slow"):
            await asyncio.sleep(fault.seconds)
        if hit("drop_before"):
            await _drain(receive)
            await _abort(scope)
            return 0
        for name in ("throttle", "unavailable", "expired_token", "html_error"):
            if fault := hit(name):
                await _drain(receive)
                answer = self._sides[crm].fault(fault, Request(scope))
                await answer(scope, receive, send)
                return answer.status_code
        after, during, malformed = hit("drop_after"), hit("drop_during"), hit("malformed_body")
        empty = hit("empty_body")
        if malformed or during:
            scope["headers"] = [
                (name, value) for name, value in scope["headers"] if name != b"accept-encoding"
            ]
        recorder = _Recorder(send, keep=bool(after or during or malformed or empty))
        await self._app(scope, receive, recorder)
        if after:
            await _abort(scope)
            return 0
        if during or malformed or empty:
            if empty:
                recorder.body.clear()
            await self._send_half(scope, recorder, send, drop=during is not None)
        return recorder.status

    async def _send_half(self, scope: Scope, recorder: _Recorder, send: Send, *, drop: bool) -> None:
        """Send the first half of the recorded body, then drop the connection or end as if it were whole."""
        half = bytes(recorder.body[: len(recorder.body) // 2])
        length = len(recorder.body) if drop else len(half)
        headers = [(name, value) for name, value in recorder.headers if name.lower() != b"content-length"]
        headers.append((b"content-length", str(length).encode()))
        await send({"type": "http.response.start", "status": recorder.status, "headers": headers})
        await send({"type": "http.response.body", "body": half, "more_body": drop})
        if drop:
            await asyncio.sleep(0.05)  # let the bytes out before the connection dies
            await _abort(scope)

    def _log(self, crm: str, scope: Scope, status: int, seconds: float) -> None:
        method: str = scope["method"]
        reads = method in ("GET", "HEAD", "OPTIONS") or getattr(scope.get("endpoint"), "reads", False)
        template = _template(scope["path"], scope.get("path_params", {}))
        self._world.requests.add(
            LoggedRequest(
                crm,
                method,
                scope["path"],
                template,
                status,
                not reads,
                round(seconds, 6),
                self._sides[crm].phases.phase(method, scope["path"]),
                _telling_headers(scope),
            )
        )


def _template(path: str, parameters: Mapping[str, Any]) -> str:
    values = {str(value): name for name, value in parameters.items() if name not in _TELLING and value}
    return "/".join("{" + values[part] + "}" if part in values else part for part in path.split("/"))


def _telling_headers(scope: Scope) -> dict[str, str]:
    return {
        name.decode(): value.decode(errors="replace")
        for name, value in scope["headers"]
        if name.startswith(b"sforce-") or name == b"accept-encoding"
    }


async def _drain(receive: Receive) -> None:
    """Read the rest of the request, so that the client sees the fault and not a reset while it still sends."""
    while True:
        message = await receive()
        if message["type"] != "http.request" or not message.get("more_body"):
            return


async def _abort(scope: Scope) -> None:
    transport: asyncio.Transport = scope[_TRANSPORT]
    transport.abort()
    await asyncio.sleep(0.01)  # uvicorn learns of the loss and does not complain of a missing answer
