"""Associations API, v4: batches of a thousand, one record's list, defaults and labels."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

from starlette.responses import Response

from adapters.sandbox.http import json_response
from adapters.sandbox.hubspot.api.endpoint import Call
from adapters.sandbox.hubspot.errors import BatchError, batch_response, not_found, validation
from adapters.sandbox.hubspot.store.links import Links
from adapters.sandbox.hubspot.store.records import LIVE, Records
from adapters.sandbox.hubspot.store.schema import ObjectType, object_type

BATCH: Final = 1_000
PAGE: Final = 500


class AssociationEndpoint:
    """Reads and changes associations."""

    def __init__(self, links: Links, records: Records) -> None:
        """Serve `links`; `records` tells what exists."""
        self._links = links
        self._records = records

    def batch_read(self, call: Call) -> Response:
        """Associations of up to 1,000 records; 207 names the records without any."""
        source, target = call.kind("read"), object_type(call.path["resource"])
        call.kind("read", "resource")
        inputs = call.inputs(BATCH)
        texts = [str(each.get("id", "")) for each in inputs]
        linked = self._linked(call, source, target, [int(text) for text in texts if text.isdigit()])
        results = [
            {"from": {"id": text}, "to": linked[int(text)]}
            for text in texts
            if text.isdigit() and int(text) in linked
        ]
        errors = [
            BatchError(
                "OBJECT_NOT_FOUND",
                f"No {target.singular} is associated with {source.singular} {text}.",
                {
                    "fromObjectId": [text],
                    "fromObjectType": [source.singular],
                    "toObjectType": [target.singular],
                },
                "crm.associations.NO_ASSOCIATIONS_FOUND",
            )
            for text in texts
            if not text.isdigit() or int(text) not in linked
        ]
        return batch_response(results, errors, call.started)

    def _linked(
        self, call: Call, source: ObjectType, target: ObjectType, ids: list[int]
    ) -> dict[int, list[dict[str, Any]]]:
        """Associated records with their types, by source id; ids are numbers here."""
        linked: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for source_id, target_id, main in self._links.of(source, target, ids, half=call.half):
            # Portals differ in the order of the types; here it changes from record to record.
            types = self._links.types(source, target, main=main, turned=source_id % 2 == 1)
            linked[source_id].append({"toObjectId": target_id, "associationTypes": types})
        return linked

    def listing(self, call: Call) -> Response:
        """One record's associations, up to 500 a page."""
        source, target = call.kind("read"), object_type(call.path["resource"])
        self._existing(source, call.path["id"])
        limit, after = call.query.get("limit", str(PAGE)), call.query.get("after", "0")
        if not limit.isdigit() or not 1 <= int(limit) <= PAGE or not after.isdigit():
            raise validation(f"limit must be between 1 and {PAGE}, and after a number.")
        linked = self._linked(call, source, target, [int(call.path["id"])]).get(int(call.path["id"]), [])
        start = int(after)
        body: dict[str, Any] = {"results": linked[start : start + int(limit)]}
        if len(linked) > start + int(limit):
            body["paging"] = call.next_page(str(start + int(limit)))
        return json_response(body)

    def associate(self, call: Call) -> Response:
        """Associate two records by the default type."""
        source, target = call.kind("write"), object_type(call.path["resource"])
        source_id, target_id = (
            self._existing(source, call.path["id"]),
            self._existing(target, call.path["target_id"]),
        )
        link = self._links.add(source, target, source_id, target_id)
        if link is None:
            raise validation(f"{source.singular} and {target.singular} cannot be associated.")
        self._follow(source, target, source_id, target_id, call)
        up = link.child == source.name
        pairs = [
            (source_id, target_id, link.up if up else link.down),
            (target_id, source_id, link.down if up else link.up),
        ]
        results = [
            {
                "from": {"id": str(here)},
                "to": {"id": str(there)},
                "associationSpec": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id},
            }
            for here, there, type_id in pairs
        ]
        return batch_response(results, [], call.started)

    def remove(self, call: Call) -> Response:
        """End every association of two records: 204."""
        source, target = call.kind("write"), object_type(call.path["resource"])
        if call.path["id"].isdigit() and call.path["target_id"].isdigit():
            source_id, target_id = int(call.path["id"]), int(call.path["target_id"])
            self._links.remove(source, target, source_id, target_id)
            self._follow(source, target, source_id, target_id, call)
        return Response(status_code=204)

    def labels(self, call: Call) -> Response:
        """Types that two object types can be associated by."""
        source, target = call.kind("read"), object_type(call.path["resource"])
        return json_response({"results": self._links.labels(source, target)})

    def _follow(
        self, source: ObjectType, target: ObjectType, source_id: int, target_id: int, call: Call
    ) -> None:
        """A deal tells its primary company in a property of its own."""
        if {source.name, target.name} == {"deals", "companies"}:
            deal = source_id if source.name == "deals" else target_id
            self._records.follow_companies("child", [deal], call.now)

    def _existing(self, kind: ObjectType, text: str) -> int:
        """Id of a live record.

        Raises:
            ApiError: 404.
        """
        record = int(text) if text.isdigit() else 0
        if self._records.states(kind, [record]).get(record, (None,))[0] != LIVE:
            raise not_found()
        return record
