"""Composite requests: several calls in one, which may refer to each other's answers, and batches, which may not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from adapters.sandbox.http import json_response
from adapters.sandbox.salesforce.api import Call, Gate
from adapters.sandbox.salesforce.errors import ApiError, not_found
from adapters.sandbox.salesforce.rest.common import DATA

if TYPE_CHECKING:
    from adapters.sandbox.salesforce.org import Org

_MOST = 25
_MOST_QUERIES = 5  # queries and collections together
_REFERENCE = re.compile(r"@\{([^}]+)\}")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_HALTED = ApiError(
    "PROCESSING_HALTED",
    "The transaction was rolled back since another operation in the same transaction failed.",
)


class _UndoneError(Exception):
    """Leaves a transaction that has to be rolled back."""


class Composite:
    """`/composite` and `/composite/batch` over the other REST resources."""

    def __init__(self, org: Org, gate: Gate, routes: Sequence[Route]) -> None:
        """Call the endpoints of `routes`."""
        self._org = org
        self._gate = gate
        self._routes = routes

    def routes(self) -> list[Route]:
        """The endpoints."""
        api = self._gate.endpoint
        return [
            Route(f"{DATA}/composite", api(self._composite), methods=["POST"]),
            Route(f"{DATA}/composite/batch", api(self._batch), methods=["POST"]),
        ]

    def _composite(self, call: Call) -> Response:
        body = call.json_object()
        asked = _requests(body, "compositeRequest")
        counted = sum(
            "/query" in str(each.get("url")) or "/composite/sobjects" in str(each.get("url"))
            for each in asked
        )
        if counted > _MOST_QUERIES:
            raise ApiError(
                "LIMIT_EXCEEDED",
                f"The composite request may hold at most {_MOST_QUERIES} queries and collections",
            )
        answers: list[dict[str, Any]] = []
        try:
            with self._org.database.writing():
                known: dict[str, Any] = {}
                for each in asked:
                    answers.append(self._answer(call, each, known))
                    known[str(each.get("referenceId"))] = answers[-1]["body"]
                if body.get("allOrNone") and any(answer["httpStatusCode"] >= 400 for answer in answers):
                    raise _UndoneError  # noqa: TRY301 (the way to roll back)
        except _UndoneError:
            halted = orjson.loads(_HALTED.response().body)
            answers = [
                answer
                if answer["httpStatusCode"] >= 400
                else {**answer, "httpStatusCode": 400, "body": halted, "httpHeaders": {}}
                for answer in answers
            ]
        return json_response({"compositeResponse": answers})

    def _answer(self, call: Call, asked: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
        reference = str(asked.get("referenceId") or "")
        try:
            url = _filled(str(asked.get("url") or ""), known)
            content = _filled(asked.get("body"), known)
        except ApiError as error:
            response = error.response()
        else:
            headers = {**dict(call.request.headers), **(asked.get("httpHeaders") or {})}
            response = self._call(call, str(asked.get("method") or "GET"), url, content, headers)
        return {
            "body": orjson.loads(response.body) if response.body else None,
            "httpHeaders": {},
            "httpStatusCode": response.status_code,
            "referenceId": reference,
        }

    def _batch(self, call: Call) -> Response:
        body = call.json_object()
        results: list[dict[str, Any]] = []
        for each in _requests(body, "batchRequests"):
            if body.get("haltOnError") and any(result["statusCode"] >= 400 for result in results):
                text = "Batch processing was halted per user request"
                halted = [{"errorCode": "BATCH_PROCESSING_HALTED", "message": text}]
                results.append({"statusCode": 412, "result": halted})
                continue
            url = str(each.get("url") or "").lstrip("/")
            url = f"/{url}" if url.startswith("services/") else f"/services/data/{url}"
            response = self._call(
                call, str(each.get("method") or "GET"), url, each.get("richInput"), dict(call.request.headers)
            )
            result = orjson.loads(response.body) if response.body else None
            results.append({"statusCode": response.status_code, "result": result})
        return json_response(
            {"hasErrors": any(result["statusCode"] >= 400 for result in results), "results": results}
        )

    def _call(
        self, call: Call, method: str, url: str, content: object, headers: Mapping[str, str]
    ) -> Response:
        """Answer one call as if it had come alone, under the rights of the whole."""
        parts = urlsplit(url)
        scope = {
            **call.request.scope,
            "method": method.upper(),
            "path": unquote(parts.path),
            "query_string": parts.query.encode(),
            "path_params": {},
            "headers": [(name.lower().encode(), str(value).encode()) for name, value in headers.items()],
        }
        for route in self._routes:
            match, found = route.matches(scope)
            handler = getattr(route.endpoint, "handler", None)
            if match == Match.FULL and handler is not None:
                body = b"" if content is None else orjson.dumps(content)
                try:
                    response: Response = handler(Call(call.access, Request({**scope, **found}), body))
                except ApiError as error:
                    return error.response()
                return response
        return not_found().response()


def _requests(body: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    asked = body.get(key)
    if not isinstance(asked, list) or not asked or not all(isinstance(each, dict) for each in asked):
        raise ApiError(
            "JSON_PARSER_ERROR", f"The value of {key} has to be a list of requests at [line:1, column:1]"
        )
    if len(asked) > _MOST:
        raise ApiError(
            "LIMIT_EXCEEDED", f"Limit exceeded: {len(asked)} subrequests, at most {_MOST} are allowed"
        )
    return asked


def _filled(value: Any, known: Mapping[str, Any]) -> Any:  # noqa: ANN401 (any JSON)
    """A value whose references ``@{name.id}`` are replaced by what earlier answers hold."""
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: str(_looked_up(match[1], known)), value)
    if isinstance(value, list):
        return [_filled(each, known) for each in value]
    if isinstance(value, dict):
        return {name: _filled(each, known) for name, each in value.items()}
    return value


def _looked_up(path: str, known: Mapping[str, Any]) -> object:
    found: Any = known
    for step in _STEP.finditer(path):
        try:
            found = found[int(step[2])] if step[2] else found[step[1]]
        except (KeyError, IndexError, TypeError) as error:
            name = path.partition(".")[0]
            raise ApiError(
                "PROCESSING_HALTED", f"Invalid reference specified. No value for {path} found in {name}"
            ) from error
    return found
