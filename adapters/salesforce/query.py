"""Reading by REST: pages of up to 2,000 records.

Records come in the order of the reading's key, so that a read whose cursor Salesforce has lost goes on where it was.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import polars as pl
from simple_salesforce.api import Salesforce

from adapters.salesforce.errors import IncompleteError
from adapters.salesforce.http import Org
from adapters.salesforce.rows import Reading, from_columns
from connector.crm import ID
from connector.errors import CrmRequestError, CrmTemporaryError

_log = logging.getLogger(__name__)

PAGE = 2_000
_ROWS_PER_FILE = 50_000
_READS = 4  # a page may come short, or a record may be deleted between two pages
_MOST_LOST = 50
_COUNTS = 2  # a count of millions of records may take longer than Salesforce lets a query run, every time
_LOST_CURSOR = "INVALID_QUERY_LOCATOR"  # an org keeps ten open cursors per user, and each for two days
_LONGEST_URL = 14_000  # Salesforce refuses addresses above 16,384 bytes


class TooManyRows(Exception):  # noqa: N818 - the reader takes another way
    """The first page says that there are more records than the caller wants to read this way.

    Attributes:
        total: how many there are.
    """

    def __init__(self, total: int) -> None:
        super().__init__(str(total))
        self.total = total


def fits(reading: Reading) -> bool:
    """Whether the query is short enough for an address."""
    return len(quote(reading.ordered())) < _LONGEST_URL


def read(
    org: Org,
    reading: Reading,
    folder: Path,
    most: int | None = None,
    proceed: Callable[[], None] = lambda: None,
) -> tuple[list[Path], int]:
    """Read every record of a query into Parquet files.

    Args:
        org: where to read.
        reading: what to read.
        folder: where the files go.
        most: number of records above which not to go on.
        proceed: is called before every further page; may raise.

    Returns:
        The files, at least one, and the number of records.

    Raises:
        TooManyRows: there are more than `most`.
        CrmError: translated from what Salesforce said.
    """
    for _ in range(_READS):
        pages = _Pages(org, reading, folder, proceed)
        total, rows, whole = pages.read(most)
        if whole:
            return pages.paths, rows
    raise CrmTemporaryError(
        f"Salesforce could not read {reading.object} completely: it announced {total} records and gave {rows}. "
        f"This usually passes: run the command again.",
        crm="salesforce",
        operation=f"read {reading.object}",
    )


class _Pages:
    """One attempt to read every page of a query.

    Attributes:
        paths: files written so far.
    """

    def __init__(self, org: Org, reading: Reading, folder: Path, proceed: Callable[[], None]) -> None:
        self.paths: list[Path] = []
        self._proceed = proceed
        self._org = org
        self._reading = reading
        self._folder = folder
        self._operation = f"read {reading.object}"
        self._columns: dict[str, list[str | None]] = {path: [] for path in reading.paths}

    def read(self, most: int | None) -> tuple[int, int, bool]:
        """Number of records announced, number read, and whether they are all.

        Raises:
            TooManyRows: there are more than `most`.
        """
        total = rows = resumed = 0
        last: tuple[str, ...] | None = None
        for _ in range(_MOST_LOST):
            page = query(
                self._org, self._operation, self._reading.ordered(last), archived=self._reading.archived
            )
            announced, read = int(page["totalSize"]), 0
            if last is None and most is not None and announced > most:
                raise TooManyRows(announced)
            total = rows + announced
            try:
                while True:
                    read += len(page["records"])
                    last = self._take(page["records"]) or last
                    if page["done"]:
                        break
                    self._proceed()
                    page = _next(self._org, self._operation, page["nextRecordsUrl"])
            except CrmRequestError as error:
                if error.code != _LOST_CURSOR:
                    raise
                rows += read
                resumed += 1
                continue
            rows += read
            self._flush()
            # Going on after a lost cursor, a record that changed meanwhile may come a second time.
            return (total, self._unique(), read == announced) if resumed else (total, rows, read == announced)
        return total, rows, False

    def _take(self, records: Sequence[Mapping[str, Any]]) -> tuple[str, ...] | None:
        """Keep a page's records; the last one's key."""
        if not records:
            return None
        _add(records, self._columns)
        if len(self._columns["Id"]) >= _ROWS_PER_FILE:
            self._flush()
        return tuple(str(records[-1][name]) for name in self._reading.key)

    def _flush(self) -> None:
        if self.paths and not self._columns["Id"]:
            return
        target = self._folder / f"{self._reading.object}-{len(self.paths):04}.parquet"
        from_columns(self._columns, self._reading, target)
        self.paths.append(target)
        self._columns = {path: [] for path in self._reading.paths}

    def _unique(self) -> int:
        """Keep of each record what was read last; the number of records."""
        frame = pl.scan_parquet(self.paths).unique(ID, keep="last", maintain_order=True).collect()
        for path in self.paths:
            path.unlink()
        self.paths = [self._folder / f"{self._reading.object}.parquet"]
        frame.write_parquet(self.paths[0])
        return len(frame)


def query(
    org: Org, operation: str, soql: str, *, archived: bool = False, attempts: int | None = None
) -> Mapping[str, Any]:
    """The first page of a query, as Salesforce gives it.

    Args:
        org: where to ask.
        operation: what is done, in a person's words.
        soql: the query.
        archived: also read deleted, merged and archived records.
        attempts: fewer tries than the run's limits allow.
    """

    def send(client: Salesforce) -> Any:  # noqa: ANN401 - Salesforce's JSON
        return _whole(client.query(soql, include_deleted=archived))

    answer: Mapping[str, Any] = org.call(operation, send, attempts)
    return answer


def records(org: Org, operation: str, soql: str, *, archived: bool = False) -> list[Mapping[str, Any]]:
    """Every record of a query that is known to be small."""
    page = query(org, operation, soql, archived=archived)
    found = list(page["records"])
    while not page["done"]:
        page = _next(org, operation, page["nextRecordsUrl"])
        found += page["records"]
    return found


def count(org: Org, reading: Reading) -> int | None:
    """How many records of a reading there are, by Salesforce's own count; None if it takes too long to count."""
    where = f" WHERE {reading.condition}" if reading.condition else ""
    text = f"SELECT COUNT() FROM {reading.object}{where}"
    if len(quote(text)) >= _LONGEST_URL:
        return None
    try:
        return int(query(org, f"count {reading.object}", text, attempts=_COUNTS)["totalSize"])
    except CrmTemporaryError as error:
        _log.warning("%s", error)
        return None


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
