"""Searching: what changed since a moment, and records in which a property is set.

HubSpot pages through 10,000 results of a search at most, by position, so that records which change meanwhile
shift its pages. Here every page asks for the next higher ids instead: no search ever comes near the limit,
nothing is left out or seen twice, and a page costs one call as before. What a search answers is checked, since
its index is not the database: it lags some seconds behind, and may be out of order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import orjson

from adapters.hubspot import query
from adapters.hubspot.errors import Refused
from adapters.hubspot.http import Portal

PAGE = 200
LONGEST_BODY = 3_000
_ID = "hs_object_id"


class UnreliableError(Exception):
    """A search that cannot be trusted; the list can."""


def changed(
    portal: Portal, name: str, stamp: str, since: datetime, properties: Sequence[str]
) -> tuple[int, Iterator[list[query.Record]]]:
    """Records that changed at or after a moment; see `_search`."""
    moment = str(int(since.timestamp() * 1_000))
    return _search(
        portal, name, {"propertyName": stamp, "operator": "GTE", "value": moment}, properties, "changes"
    )


def filled(
    portal: Portal, name: str, property_name: str, properties: Sequence[str]
) -> tuple[int, Iterator[list[query.Record]]]:
    """Records in which a property is set; see `_search`."""
    return _search(
        portal, name, {"propertyName": property_name, "operator": "HAS_PROPERTY"}, properties, "the records"
    )


def _search(
    portal: Portal, name: str, condition: Mapping[str, str], properties: Sequence[str], what: str
) -> tuple[int, Iterator[list[query.Record]]]:
    """All records that meet a condition, in order of their ids.

    Returns:
        How many there are, and their pages; only the first page is read when this returns.

    Raises:
        UnreliableError: HubSpot refuses the search, or its answer contradicts itself; the pages raise it too.
        CrmError: HubSpot cannot be reached.
    """
    operation = f"search {what} of {name}"
    body = _body(condition, properties, "9" * 19)
    apart = len(orjson.dumps(body)) > LONGEST_BODY
    asked = (_ID,) if apart else properties

    def page(last: str) -> tuple[int, list[query.Record]]:
        try:
            answer = portal.attempt(
                operation,
                "POST",
                portal.paths.search(name),
                body=_body(condition, asked, last),
                expect="results",
            )
        except Refused as refused:
            if refused.status in (401, 403):
                raise portal.translator.translate(refused, operation) from refused
            raise UnreliableError(portal.translator.clean(refused.words)) from refused
        found = list(answer["results"])
        count = int(answer.get("total", len(found)))
        _check(found, count, last)
        return count, found

    total, first = page("")

    def pages() -> Iterator[list[query.Record]]:
        count, found = total, first
        while found:
            yield _completed(portal, name, found, properties) if apart else found
            if count <= len(found):
                return
            count, found = page(str(found[-1]["id"]))

    return total, pages()


def _body(condition: Mapping[str, str], properties: Sequence[str], last: str) -> dict[str, Any]:
    following = [{"propertyName": _ID, "operator": "GT", "value": last}] if last else []
    return {
        "filterGroups": [{"filters": [dict(condition), *following]}],
        "sorts": [{"propertyName": _ID, "direction": "ASCENDING"}],
        "properties": list(properties),
        "limit": PAGE,
    }


def _check(found: Sequence[query.Record], total: int, last: str) -> None:
    """See whether a page can be what was asked for."""
    ids = [int(last or -1), *(int(record["id"]) for record in found)]
    if any(later <= earlier for earlier, later in pairwise(ids)):
        raise UnreliableError("the search gives records out of order")
    if len(found) < min(PAGE, total):
        raise UnreliableError(f"the search gives {len(found)} records and says that there are {total}")


def _completed(
    portal: Portal, name: str, found: Sequence[query.Record], properties: Sequence[str]
) -> list[query.Record]:
    """The records with properties that are too many for a search."""
    ids = [str(record["id"]) for record in found]
    details: dict[str, query.Record] = {}
    for start in range(0, len(ids), query.PAGE):
        details |= query.by_id(portal, name, ids[start : start + query.PAGE], properties)
    return [details[each] for each in ids if each in details]
