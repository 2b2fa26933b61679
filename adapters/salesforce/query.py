"""Reading by REST: pages of up to 2,000 records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
from simple_salesforce.api import Salesforce

from adapters.salesforce.errors import IncompleteError
from adapters.salesforce.http import Org
from adapters.salesforce.rows import Reading, from_columns
from connector.errors import CrmRequestError, CrmTemporaryError

PAGE = 2_000
_ROWS_PER_FILE = 50_000
_READS = 2  # a page may come short, or a record may be deleted between two pages
_LOST_CURSOR = "INVALID_QUERY_LOCATOR"  # an org keeps ten open cursors per user, and each for two days
_LONGEST_URL = 14_000  # Salesforce refuses addresses above 16,384 bytes


class TooManyRows(Exception):  # noqa: N818 - the reader takes another way
    """The first page says that there are more records than the caller wants to read this way."""


def fits(reading: Reading) -> bool:
    """Whether the query is short enough for an address."""
    return len(quote(reading.soql)) < _LONGEST_URL


def read(org: Org, reading: Reading, folder: Path, most: int | None = None) -> tuple[list[Path], int]:
    """Read every record of a query into Parquet files.

    Args:
        org: where to read.
        reading: what to read.
        folder: where the files go.
        most: number of records above which not to go on.

    Returns:
        The files, at least one, and the number of records.

    Raises:
        TooManyRows: there are more than `most`.
        CrmError: translated from what Salesforce said.
    """
    total = rows = 0
    for _ in range(_READS):
        try:
            total, paths, rows = _read_once(org, reading, folder, most)
        except CrmRequestError as error:
            if error.code != _LOST_CURSOR:
                raise
            continue
        if rows == total:
            return paths, rows
    raise CrmTemporaryError(
        f"Salesforce could not read {reading.object} completely: it announced {total} records and gave {rows}. "
        f"This usually passes: run the command again.",
        crm="salesforce",
        operation=f"read {reading.object}",
    )


def _read_once(org: Org, reading: Reading, folder: Path, most: int | None) -> tuple[int, list[Path], int]:
    """Number of records announced, files, and number of records read."""
    operation = f"read {reading.object}"
    paths: list[Path] = []
    columns: dict[str, list[str | None]] = {path: [] for path in reading.paths}
    rows = held = 0
    page = query(org, operation, reading.soql, archived=reading.archived)
    total = int(page["totalSize"])
    if most is not None and total > most:
        raise TooManyRows
    while True:
        _add(page["records"], columns)
        rows += len(page["records"])
        held += len(page["records"])
        if page["done"] or held >= _ROWS_PER_FILE:
            target = folder / f"{reading.object}-{len(paths):04}.parquet"
            from_columns(columns, reading, target)
            paths.append(target)
            columns = {path: [] for path in reading.paths}
            held = 0
        if page["done"]:
            return total, paths, rows
        page = _next(org, operation, page["nextRecordsUrl"])


def query(org: Org, operation: str, soql: str, *, archived: bool = False) -> Mapping[str, Any]:
    """The first page of a query, as Salesforce gives it.

    Args:
        org: where to ask.
        operation: what is done, in a person's words.
        soql: the query.
        archived: also read deleted, merged and archived records.
    """

    def send(client: Salesforce) -> Any:  # noqa: ANN401 - Salesforce's JSON
        return _whole(client.query(soql, include_deleted=archived))

    answer: Mapping[str, Any] = org.call(operation, send)
    return answer


def records(org: Org, operation: str, soql: str, *, archived: bool = False) -> list[Mapping[str, Any]]:
    """Every record of a query that is known to be small."""
    page = query(org, operation, soql, archived=archived)
    found = list(page["records"])
    while not page["done"]:
        page = _next(org, operation, page["nextRecordsUrl"])
        found += page["records"]
    return found


def _next(org: Org, operation: str, address: str) -> Mapping[str, Any]:
    """The page at `nextRecordsUrl`, whose form varies: it is followed, never built."""

    def send(client: Salesforce) -> Any:  # noqa: ANN401 - Salesforce's JSON
        return _whole(client.query_more(address, identifier_is_url=True))

    answer: Mapping[str, Any] = org.call(operation, send)
    return answer


def _whole(page: Any) -> Any:  # noqa: ANN401 - Salesforce's JSON
    """The page, if it is what a page must be."""
    if not isinstance(page, dict) or not isinstance(page.get("records"), list) or "done" not in page:
        raise IncompleteError("a page without records or end")
    if not page["done"] and not page["records"]:
        raise IncompleteError("an empty page before the end")
    return page


def _add(page: Sequence[Mapping[str, Any]], columns: Mapping[str, list[str | None]]) -> None:
    """Append a page's records as text, column by column."""
    for path, values in columns.items():
        first, _, rest = path.partition(".")
        if not rest:
            values.extend(_text(record[first]) for record in page)
            continue
        steps = rest.split(".")
        for record in page:
            value = record[first]
            for step in steps:
                value = value[step] if value is not None else None
            values.append(_text(value))


def _text(value: Any) -> str | None:  # noqa: ANN401 - a JSON value
    """As Bulk CSV would spell it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return orjson.dumps(value).decode() if isinstance(value, dict | list) else repr(value)
