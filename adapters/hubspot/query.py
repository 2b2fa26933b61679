"""Reading: pages of a list, associations in batches of 1,000, records by id, totals."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from adapters.hubspot.http import Portal
from connector.crm import ACCOUNT, ID
from connector.errors import CrmRequestError

PAGE = 100
ASSOCIATION_INPUTS = 1_000
PRIMARY = "primary"
_PRIMARY_TYPE = 5  # "deal with primary company", HubSpot's own; labels of a portal have other numbers
_NO_ASSOCIATIONS = "NO_ASSOCIATIONS_FOUND"

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

    Args:
        portal: where to read.
        name: HubSpot's name of the object.
        properties: to ask for.
        companies: ask for each record's companies too; see `companies_of`.

    Raises:
        CrmError: translated from what HubSpot said.
    """
    operation = f"read {name}"
    fixed = [("limit", str(PAGE)), ("archived", "false"), *(("properties", each) for each in properties)]
    if companies:
        fixed.append(("associations", "companies"))
    first = Once()
    after: str | None = None
    while True:
        query = fixed if after is None else [*fixed, ("after", after)]
        page = portal.request(operation, "GET", portal.paths.objects(name), query=query, expect="results")
        yield [record for record in page["results"] if first(record)]
        following = ((page.get("paging") or {}).get("next") or {}).get("after")
        if following is None:
            return
        if following == after:
            raise CrmRequestError(
                f"HubSpot could not {operation}: the page after {after} leads to itself. Nothing was left out "
                f"silently; run again, and tell HubSpot's support if it stays.",
                crm="hubspot",
                operation=operation,
            )
        after = following


def companies_of(record: Record) -> tuple[list[str], bool]:
    """Ids of a listed record's companies, and whether that is all of them.

    The list names a company once for each type of the association, by names that a portal's own labels change:
    which one is the primary company is for `associations` to tell.
    """
    found = (record.get("associations") or {}).get("companies") or {}
    ids = dict.fromkeys(str(each["id"]) for each in found.get("results") or ())
    return list(ids), not found.get("paging")


def associations(portal: Portal, from_name: str, to_name: str, ids: Sequence[str]) -> pl.DataFrame:
    """Which records of `to_name` belong to which of `from_name`.

    Returns:
        ``@id``, ``@account`` (text) and ``primary`` (boolean); one row per pair, in order of the pairs.
    """
    operation = f"read the {to_name} of {from_name}"
    path = portal.paths.associations(from_name, to_name)
    pairs: dict[tuple[str, str], bool] = {}
    pending: list[dict[str, str]] = [{"id": each} for each in ids]
    while pending:
        batch, pending = pending[:ASSOCIATION_INPUTS], pending[ASSOCIATION_INPUTS:]
        answer = portal.request(operation, "POST", path, body={"inputs": batch}, expect="results")
        _check_errors(answer.get("errors") or (), operation)
        for result in answer["results"]:
            source = str(result["from"]["id"])
            for target in result.get("to") or ():
                pair = (source, str(target["toObjectId"]))
                pairs[pair] = pairs.get(pair, False) or _is_primary(target)
            after = ((result.get("paging") or {}).get("next") or {}).get("after")
            if after is not None:
                pending.append({"id": source, "after": str(after)})
    return pl.DataFrame(
        {
            ID: [source for source, _ in pairs],
            ACCOUNT: [target for _, target in pairs],
            PRIMARY: list(pairs.values()),
        },
        schema={ID: pl.String, ACCOUNT: pl.String, PRIMARY: pl.Boolean},
    ).sort(ID, ACCOUNT)


def main_company(pairs: pl.DataFrame) -> pl.DataFrame:
    """At most one company per record: the primary one, else the only one."""
    primary = pl.col(ACCOUNT).filter(pl.col(PRIMARY)).first()
    only = pl.when(pl.len() == 1).then(pl.col(ACCOUNT).first())
    return pairs.group_by(ID, maintain_order=True).agg(pl.coalesce(primary, only).alias(ACCOUNT))


def by_id(portal: Portal, name: str, ids: Sequence[str], properties: Sequence[str]) -> dict[str, Record]:
    """Up to 100 records by id; those that do not exist (any more) are absent."""
    body = {"properties": list(properties), "inputs": [{"id": each} for each in ids]}
    answer = portal.request(
        f"read {name} again", "POST", portal.paths.batch_read(name), body=body, expect="results"
    )
    return {str(record["id"]): record for record in answer["results"]}


def total(portal: Portal, name: str) -> int:
    """How many records of an object the token sees; may lag seconds behind."""
    body = {"filterGroups": [], "properties": ["hs_object_id"], "limit": 1}
    answer = portal.request(f"count {name}", "POST", portal.paths.search(name), body=body, expect="total")
    return int(answer["total"])


def _is_primary(target: Mapping[str, Any]) -> bool:
    kinds = target.get("associationTypes") or ()
    return any(
        kind.get("typeId") == _PRIMARY_TYPE and kind.get("category", "HUBSPOT_DEFINED") == "HUBSPOT_DEFINED"
        for kind in kinds
    )


def _check_errors(errors: Sequence[Mapping[str, Any]], operation: str) -> None:
    """A record without associations is reported as an error; anything else is one."""
    for error in errors:
        if _NO_ASSOCIATIONS not in f"{error.get('subCategory')} {error.get('category')}":
            raise CrmRequestError(
                f"HubSpot could not {operation}: {error.get('category')}: {error.get('message')}. "
                f"Records were left out of its answer, so the read stops here; run again.",
                crm="hubspot",
                operation=operation,
                code=str(error.get("category") or "") or None,
            )
