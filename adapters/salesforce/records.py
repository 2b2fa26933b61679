"""Sends changes in Collections requests of up to 200 records.

A request whose reply is lost may have been carried out. So before it is sent again, its records are read back, and
only those that still differ go out once more: no record is written twice with the same values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson
import polars as pl
import requests
from simple_salesforce.api import Salesforce

from adapters.salesforce import cells, results
from adapters.salesforce.errors import IncompleteError, Refused
from adapters.salesforce.http import Org
from connector.crm import ID, SEND

COLLECTION = 200
OPERATION = "write accounts"
_PATH = "composite/sobjects"
_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "Sforce-Auto-Assign": "false",  # or assignment and territory rules run on every write
    "Sforce-Duplicate-Rule-Header": "allowSave=true",  # an old duplicate is no reason to refuse our fields
}
_NOT_DONE_BELOW = 500
"""A refusal below this status says that nothing was done; above it, nobody knows."""

Body = dict[str, Any]


def send(org: Org, changes: pl.DataFrame, size: int = COLLECTION) -> pl.DataFrame:
    """Send changes once, in requests of so many records; their results.

    Raises:
        CrmError: a request as a whole is refused, or gets no answer.
    """
    names = cells.fields(changes)
    found = [results.written(())]
    for piece in changes.iter_slices(size):
        bodies = {str(row[ID]): _body(row, names) for row in piece.iter_rows(named=True)}
        found.append(results.not_numbers(key for key, body in bodies.items() if body is None))
        sendable = {key: body for key, body in bodies.items() if body is not None}
        if sendable:
            found.append(_Request(org, sendable).sent())
    return pl.concat(found)


class _Request:
    """One request, until it is answered.

    Args:
        org: where to send it.
        bodies: what to send, by id.
    """

    def __init__(self, org: Org, bodies: Mapping[str, Body]) -> None:
        self._org = org
        self._waiting = dict(bodies)
        self._settled = [results.written(())]
        self._unsure = False

    def sent(self) -> pl.DataFrame:
        """Results of every record."""
        self._org.call(OPERATION, self._attempt)
        return pl.concat(self._settled)

    def _attempt(self, _client: Salesforce) -> None:
        if self._unsure:
            self._read_back()
        if not self._waiting:
            return
        body = orjson.dumps({"allOrNone": False, "records": list(self._waiting.values())})
        try:
            reply = self._org.session.patch(self._org.url(_PATH), data=body, headers=_HEADERS)
            answers = _answers(reply.content, len(self._waiting))
        except Refused as refused:
            self._unsure = self._unsure or refused.status >= _NOT_DONE_BELOW
            raise
        except (requests.RequestException, orjson.JSONDecodeError, IncompleteError):
            self._unsure = True
            raise
        self._settled.append(results.of_answers(self._waiting, answers))
        self._waiting.clear()

    def _read_back(self) -> None:
        """Settle the records that hold their new values already."""
        names = sorted({name for body in self._waiting.values() for name in body} - {"attributes", "id"})
        asked = {"ids": list(self._waiting), "fields": ["Id", *names]}
        reply = self._org.session.post(self._org.url(f"{_PATH}/Account"), json=asked)
        held = {str(record["Id"]): record for record in orjson.loads(reply.content) if record}
        done = [key for key, body in self._waiting.items() if key in held and _holds(held[key], body)]
        self._settled.append(results.written(done))
        for key in done:
            del self._waiting[key]


def _answers(content: bytes, number: int) -> list[Mapping[str, Any]]:
    """One answer for each of so many records."""
    answers = orjson.loads(content) if content.strip() else []
    if not isinstance(answers, list) or len(answers) != number:
        given = len(answers) if isinstance(answers, list) else 0
        raise IncompleteError(f"an answer for {given} of {number} records")
    return answers


def _holds(record: Mapping[str, Any], body: Body) -> bool:
    """Whether a record has every value that was sent to it."""
    return all(
        _same(record.get(name), value) for name, value in body.items() if name not in ("attributes", "id")
    )


def _same(held: Any, sent: Any) -> bool:  # noqa: ANN401 - JSON values
    if isinstance(sent, date):
        sent = sent.isoformat()
    if isinstance(sent, bool) or isinstance(held, bool):
        return held is sent
    if isinstance(sent, int | float) and isinstance(held, int | float):
        return math.isclose(held, sent, rel_tol=1e-12)
    if isinstance(sent, str):
        sent = sent.strip() or None  # as Salesforce stores it
    if isinstance(held, str):
        held = held or None
    return bool(held == sent)


def _body(row: Mapping[str, Any], names: Sequence[str]) -> Body | None:
    """One record of a request; None if a value is no number that JSON knows."""
    body: Body = {"attributes": {"type": "Account"}, "id": row[ID]}
    for name in names:
        if row[SEND + name]:
            value = row[name]
            if isinstance(value, float) and not math.isfinite(value):
                return None
            body[name] = value
    return body
