"""From plain functions to Starlette endpoints, and JSON answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

Handler = Callable[[Request, bytes], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


def blocking(handler: Handler, *, reads: bool = False) -> Endpoint:
    """An endpoint that reads the body and runs `handler(request, body)` in a worker thread.

    Args:
        handler: may block, so it may use the database.
        reads: True for a POST that changes nothing (a search, a batch read): the request log counts every
            other POST, PUT, PATCH and DELETE as a write.
    """

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(handler, request, await request.body())

    endpoint.reads = reads  # type: ignore[attr-defined]
    return endpoint


def json_response(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`content` as JSON."""
    return Response(
        orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS),
        status,
        headers=dict(headers or {}),
        media_type="application/json;charset=UTF-8",
    )


def parsed(body: bytes) -> Any:  # noqa: ANN401 (any JSON)
    """The JSON value of a body.

    Raises:
        ValueError: it is no JSON.
    """
    return orjson.loads(body)
