"""Reading record by record: pages of a list, records by id, what was archived, totals."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from adapters.hubspot.errors import Refused
from adapters.hubspot.http import Portal
from connector.errors import CrmRequestError

PAGE = 100
LONGEST_QUERY = 6_000
"""Characters of a query string that every server between here and HubSpot takes; it may refuse longer ones."""
_TOO_LONG = frozenset({414, 431})

Record = Mapping[str, Any]


class Once:
    """Lets every record through once, even when pages shift under the reader.

    HubSpot lists by rising id, so that a comparison with the highest one is enough; the ids themselves (8 bytes
    each) are looked into only when one comes out of order.
    """

    def __init__(self) -> None:
        self._ids = array("Q")
        self._seen: set[int] | None = None
        self._highest = -1

    def __call__(self, record: Record) -> bool:
        """Whether the record comes for the first time."""
        number = int(record["id"])
        if number > self._highest:
            self._highest = number
        else:
            if self._seen is None:
                self._seen = set(self._ids)
            if number in self._seen:
                return False
        if self._seen is not None:
            self._seen.add(number)
        self._ids.append(number)
        return True


def records(
    portal: Portal, name: str, properties: Sequence[str], *, companies: bool = False
) -> Iterator[list[Record]]:
    """Pages of all records of an object that are not archived, each record once.

    Properties that are too many for an address are read from each page's records in a second call, which takes
    any number.

    Args:
        portal: where to read.
        name: HubSpot's name of the object.
        properties: to ask for.
        companies: ask for each record's companies too; see `companies_of`.

    Raises:
        CrmError: translated from what HubSpot said.
    """
    bare = [("limit", str(PAGE)), ("archived", "false")]
    if companies:
        bare.append(("associations", "companies"))
    full = bare + [("properties", each) for each in properties]
    apart = len(urlencode(full)) > LONGEST_QUERY
    first = Once()
    after: str | None = None
    while True:
        try:
            page = _page(portal, name, bare if apart else full, after)
        except Refused as refused:
            if refused.status not in _TOO_LONG or apart:
                raise portal.translator.translate(refused, f"read {name}") from refused
            apart = True
            continue
        found = [record for record in page["results"] if first(record)]
        yield _completed(portal, name, found, properties) if apart else found
        after = _following(page, name, after)
        if after is None:
            return


def companies_of(record: Record) -> tuple[list[str], bool]:
    """Ids of a listed record's companies, and whether that is all of them.

    The list names a company once for each type of the association, by names that a portal's own labels change:
    which one is the primary company is for `associations` to tell.
    """
    found = (record.get("associations") or {}).get("companies") or {}
    ids = dict.fromkeys(str(each["id"]) for each in found.get("results") or ())
    return list(ids), not found.get("paging")


def by_id(portal: Portal, name: str, ids: Sequence[str], properties: Sequence[str]) -> dict[str, Record]:
    """Up to 100 records by id; those that do not exist (any more) are absent."""
    body = {"properties": list(properties), "inputs": [{"id": each} for each in ids]}
    answer = portal.request(
        f"read {name} again", "POST", portal.paths.batch_read(name), body=body, expect="results"
    )
    return {str(record["id"]): record for record in answer["results"]}


def archived(portal: Portal, name: str, since: datetime, most: int | None = None) -> list[str] | None:
    """Ids of the records that were archived since then, oldest id first. HubSpot keeps them for 90 days.

    Args:
        portal: where to read.
        name: HubSpot's name of the object.
        since: the moment.
        most: give up after so many pages, as HubSpot lists all that it keeps; None is returned then.
    """
    query = [("limit", str(PAGE)), ("archived", "true"), ("properties", "hs_object_id")]
    found: list[str] = []
    after: str | None = None
    for number in itertools.count():
        if number == most:
            return None
        try:
            page = _page(portal, name, query, after)
        except Refused as refused:
            raise portal.translator.translate(refused, f"read archived {name}") from refused
        found += [str(record["id"]) for record in page["results"] if _archived_at(record) >= since]
        after = _following(page, name, after)
        if after is None:
            break
    return found


def total(portal: Portal, name: str, filled: str | None = None) -> int:
    """How many records of an object the token sees, or in how many a property is set; may lag seconds behind."""
    filters = [{"propertyName": filled, "operator": "HAS_PROPERTY"}] if filled else []
    groups = [{"filters": filters}] if filters else []
    body = {"filterGroups": groups, "properties": ["hs_object_id"], "limit": 1}
    answer = portal.request(f"count {name}", "POST", portal.paths.search(name), body=body, expect="total")
    return int(answer["total"])


def _page(portal: Portal, name: str, query: Sequence[tuple[str, str]], after: str | None) -> Any:  # noqa: ANN401
    whole = query if after is None else [*query, ("after", after)]
    return portal.attempt(f"read {name}", "GET", portal.paths.objects(name), query=whole, expect="results")


def _following(page: Mapping[str, Any], name: str, after: str | None) -> str | None:
    following = ((page.get("paging") or {}).get("next") or {}).get("after")
    if following is not None and following == after:
        raise CrmRequestError(
            f"HubSpot could not read {name}: the page after {after} leads to itself. Nothing was left out "
            f"silently; run again, and tell HubSpot's support if it stays.",
            crm="hubspot",
            operation=f"read {name}",
        )
    return None if following is None else str(following)


def _completed(portal: Portal, name: str, found: Sequence[Record], properties: Sequence[str]) -> list[Record]:
    """The records with their properties; one that has just been archived is left out."""
    if not found:
        return []
    details = by_id(portal, name, [str(record["id"]) for record in found], properties)
    return [
        {**record, "properties": details[str(record["id"])]["properties"]}
        for record in found
        if str(record["id"]) in details
    ]


def _archived_at(record: Record) -> datetime:
    """When; a record that does not tell counts as archived just now."""
    try:
        moment = datetime.fromisoformat(str(record.get("archivedAt")))
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
