"""Which records were deleted or changed in a span of time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from adapters.sandbox.database import quoted
from adapters.sandbox.http import json_response
from adapters.sandbox.salesforce.errors import ApiError
from adapters.sandbox.salesforce.rest.common import DATA, object_of
from adapters.sandbox.salesforce.values import stored_moment, to_json

if TYPE_CHECKING:
    from adapters.sandbox.salesforce.api import Call, Gate
    from adapters.sandbox.salesforce.org import Org

_REACH = timedelta(days=30)


class Replication:
    """getUpdated and getDeleted."""

    def __init__(self, org: Org, gate: Gate) -> None:
        """Serve `org`."""
        self._org = org
        self._gate = gate

    def routes(self) -> list[Route]:
        """The endpoints."""
        one = f"{DATA}/sobjects/{{object}}"
        return [
            Route(f"{one}/updated", self._gate.endpoint(self._updated), methods=["GET"]),
            Route(f"{one}/deleted", self._gate.endpoint(self._deleted), methods=["GET"]),
        ]

    def _span(self, call: Call) -> tuple[str, str]:
        """Start (inclusive) and end (exclusive), whole minutes: seconds are ignored."""
        moments = []
        for name in ("start", "end"):
            text = call.query(name)
            if not text:
                raise ApiError("MISSING_ARGUMENT", f"{name} is required")
            try:
                moment = datetime.fromisoformat(text.replace(" ", "+"))
            except ValueError as error:
                raise ApiError("INVALID_REPLICATION_DATE", f"{name}: {text} is no date and time") from error
            moments.append(moment.replace(second=0, microsecond=0))
        start, end = moments
        if end - start < timedelta(minutes=1):
            raise ApiError("INVALID_REPLICATION_DATE", "endDate before startDate")
        if start < self._org.world.now() - _REACH:
            raise ApiError("INVALID_REPLICATION_DATE", "startDate before org's replication retention date")
        return stored_moment(start), stored_moment(end)

    def _updated(self, call: Call) -> Response:
        target = object_of(self._org, call)
        span = self._span(call)
        hidden = "AND rowid % 2 = 0" if call.access.half and target.name == "Account" else ""
        rows = self._org.database.rows(
            f"SELECT Id FROM {quoted(target.table)} WHERE SystemModstamp >= ? AND SystemModstamp < ? "
            f"{'' if target.setup else 'AND IsDeleted = 0'} {hidden} ORDER BY rowid",
            span,
        )
        return json_response(
            {"ids": [row["Id"] for row in rows], "latestDateCovered": to_json("datetime", span[1])}
        )

    def _deleted(self, call: Call) -> Response:
        target = object_of(self._org, call)
        span = self._span(call)
        rows = (
            []
            if target.setup
            else self._org.database.rows(
                f"SELECT Id, SystemModstamp FROM {quoted(target.table)} WHERE IsDeleted = 1 AND SystemModstamp >= ? "
                "AND SystemModstamp < ? ORDER BY rowid",
                span,
            )
        )
        earliest = stored_moment(self._org.world.now() - _REACH)
        return json_response(
            {
                "deletedRecords": [
                    {"id": row["Id"], "deletedDate": to_json("datetime", row["SystemModstamp"])}
                    for row in rows
                ],
                "earliestDateAvailable": to_json("datetime", earliest),
                "latestDateCovered": to_json("datetime", span[1]),
            }
        )
