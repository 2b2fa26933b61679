"""``/crm/v3/objects/{object}/merge``: two records become one."""

from __future__ import annotations

from datetime import datetime

from starlette.responses import Response

from adapters.sandbox.database import Database, quoted
from adapters.sandbox.http import json_response
from adapters.sandbox.hubspot.api.endpoint import Call
from adapters.sandbox.hubspot.behaviour import Behaviour
from adapters.sandbox.hubspot.errors import not_found, validation
from adapters.sandbox.hubspot.store.links import Links
from adapters.sandbox.hubspot.store.records import LIVE, MERGED, MERGED_INTO, STATE, Records
from adapters.sandbox.hubspot.store.schema import ObjectType, object_type

_IDS = "hs_merged_object_ids"


class MergeEndpoint:
    """Merges records."""

    def __init__(self, database: Database, records: Records, links: Links, behaviour: Behaviour) -> None:
        """Merge what is in the stores."""
        self._database = database
        self._records = records
        self._links = links
        self._behaviour = behaviour

    def merge(self, call: Call) -> Response:
        """Two live records become one: 200 with the survivor."""
        kind = call.kind("write")
        body = call.json()
        primary, other = (self._live(kind, body, name) for name in ("primaryObjectId", "objectIdToMerge"))
        if primary == other:
            raise validation(f"A {kind.singular} cannot be merged with itself.")
        with self._database.writing():
            survivor = self._merged(kind, primary, other, call.now)
        names = self._records.asked(kind, [*kind.default, _IDS])
        return json_response(self._records.many(kind, [survivor], names)[0])

    def _live(self, kind: ObjectType, body: dict[str, object], name: str) -> int:
        """Id of a live record in the request.

        Raises:
            ApiError: 400 without it, 404 for one that is not there.
        """
        text = str(body.get(name, ""))
        if not text.isdigit():
            raise validation(f"Some required fields were not set: [{name}]")
        if self._records.states(kind, [int(text)]).get(int(text), (None, None))[0] != LIVE:
            raise not_found()
        return int(text)

    def _merged(self, kind: ObjectType, primary: int, other: int, now: datetime) -> int:
        """Id of the survivor: the primary's values, with its gaps filled by the other's."""
        kept, added = self._records.values(kind, primary), self._records.values(kind, other)
        new_id = self._behaviour.merge_new_id
        former = {*(kept.get(_IDS) or "").split(";"), *(added.get(_IDS) or "").split(";"), str(other)}
        if new_id:
            former.add(str(primary))
        values = {name: value if value is not None else added.get(name) for name, value in kept.items()}
        values[_IDS] = ";".join(sorted(former - {""}, key=int))
        if new_id:
            survivor = self._records.create(kind, values, now)
        else:
            survivor = primary
            self._records.update(kind, {primary: values}, now)
        gone = [record for record in (primary, other) if record != survivor]
        marks = ", ".join("?" * len(gone))
        self._database.execute(
            f"UPDATE {quoted(kind.table)} SET {quoted(STATE)} = {MERGED}, {quoted(MERGED_INTO)} = ? "
            f"WHERE id IN ({marks}) OR {quoted(MERGED_INTO)} IN ({marks})",
            (survivor, *gone, *gone),
        )
        self._links.move(kind, gone, survivor)
        if kind.name == "companies":
            self._point_to(survivor, gone)
            self._records.follow_companies("parent", [survivor], now)
        return survivor

    def _point_to(self, survivor: int, gone: list[int]) -> None:
        """Properties of other records that name a merged company."""
        marks = ", ".join("?" * len(gone))
        for name, column in (("companies", "hs_parent_company_id"), ("contacts", "associatedcompanyid")):
            self._database.execute(
                f"UPDATE {quoted(object_type(name).table)} SET {quoted(column)} = ? "
                f"WHERE {quoted(column)} IN ({marks})",
                (str(survivor), *map(str, gone)),
            )
