"""Reading by Bulk API 2.0: one job a query, whose result is streamed to disk page by page.

Every page is checked against the number of records that it announces, and the whole against the number that the job
processed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import requests
from simple_salesforce.api import Salesforce

from adapters.salesforce import jobs
from adapters.salesforce.errors import IncompleteError, Refused
from adapters.salesforce.http import Org
from adapters.salesforce.rows import Reading, from_csv
from connector.errors import CrmError, CrmTemporaryError

PAGE = 250_000
_AT_ONCE = 4
_TRIES = 3
_COUNT_HEADER, _NEXT_HEADER = "Sforce-NumberOfRecords", "Sforce-Locator"


def read(
    org: Org, reading: Reading, folder: Path, page_rows: int = PAGE, rows: int | None = None
) -> tuple[list[Path], int]:
    """Read every record of a query into Parquet files, one per page.

    Args:
        org: where to read.
        reading: what to read.
        folder: where the files go.
        page_rows: records per page at most.
        rows: how many there are, if that is known.

    Returns:
        The files, at least one, and the number of records.

    Raises:
        CrmError: translated from what Salesforce said, or the job failed.
    """
    operation = f"read {reading.object}"
    path, job = _run(org, operation, reading, rows)
    announced = job.get("numberRecordsProcessed")
    total = None if announced is None else int(announced)
    found = list(_Result(org, operation, path, reading, folder, page_rows).pages())
    read = sum(number for _, number in found)
    if total is not None and total != read:
        raise CrmTemporaryError(
            f"Salesforce could not {operation} completely: the bulk job {job['id']} announced {total} records "
            f"and gave {read}. This usually passes: run the command again.",
            crm="salesforce",
            operation=operation,
        )
    return [file for file, _ in found], read


def _run(org: Org, operation: str, reading: Reading, rows: int | None) -> tuple[str, Mapping[str, Any]]:
    """Path and description of a job that has ended well; one that Salesforce fails to run is asked for again."""
    operator = "queryAll" if reading.archived else "query"
    for last in range(1, _TRIES + 1):
        opened = org.request(
            operation, "POST", "jobs/query", body={"operation": operator, "query": reading.soql}
        )
        path = f"jobs/query/{opened['id']}"
        try:
            job = jobs.ended(org, operation, path, rows)
        except CrmError:
            _give_up(org, path)
            raise
        if job["state"] == jobs.COMPLETE:
            return path, job
        error = jobs.failure(org, operation, job)
        if last == _TRIES or not isinstance(error, jobs.PassingFailureError):
            raise error
    raise AssertionError


def _give_up(org: Org, path: str) -> None:
    """Nobody waits for this job any more. One try: whatever made us give up may concern this call too."""
    with suppress(Refused, requests.RequestException):
        org.session.patch(org.url(path), json={"state": "Aborted"})


@dataclass(frozen=True, slots=True)
class _Page:
    """A page on disk.

    Attributes:
        number: of the page, from 0.
        locator: that it was asked for by, None for the first.
        file: the CSV.
        announced: number of records by its headers, None if they do not tell.
    """

    number: int
    locator: str | None
    file: Path
    announced: int | None


class _Result:
    """The result of one job.

    Pages are downloaded several at a time: each names the next one in its headers, which come before its records. So
    no call is spent on a list of pages, which Salesforce offers too. They are converted one after the other.
    """

    def __init__(
        self, org: Org, operation: str, path: str, reading: Reading, folder: Path, page_rows: int
    ) -> None:
        self._org = org
        self._operation = operation
        self._path = f"{path}/results"
        self._reading = reading
        self._folder = folder
        self._page_rows = page_rows

    def pages(self) -> Iterator[tuple[Path, int]]:
        """Files and their numbers of records, in order."""
        following: SimpleQueue[str | None] = SimpleQueue()
        waiting: deque[Future[_Page]] = deque()
        locator: str | None = None
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            try:
                for number in count():
                    waiting.append(pool.submit(self._downloaded, number, locator, following))
                    locator = following.get()
                    if locator is None:
                        break
                    if len(waiting) == _AT_ONCE:
                        yield self._converted(waiting.popleft().result())
                while waiting:
                    yield self._converted(waiting.popleft().result())
            finally:
                pool.shutdown(cancel_futures=True)

    def _downloaded(self, number: int, locator: str | None, following: SimpleQueue[str | None]) -> _Page:
        """Download a page; `following` is told the next one's locator, None if there is none or this one fails."""
        told = False

        def begun(headers: Mapping[str, str]) -> None:
            nonlocal told
            if not told:
                told = True
                named = headers.get(_NEXT_HEADER)
                following.put(None if named in (None, "", "null") else named)

        try:
            return self._org.call(self._operation, lambda _client: self._download(number, locator, begun))
        finally:
            if not told:
                following.put(None)

    def _download(
        self,
        number: int,
        locator: str | None,
        begun: Callable[[Mapping[str, str]], None] = lambda _headers: None,
    ) -> _Page:
        file = self._folder / f"{self._reading.object}-{number:04}.csv"
        params = {"maxRecords": str(self._page_rows), **({"locator": locator} if locator else {})}
        headers = self._org.download(self._path, file, params, begun)
        announced = headers.get(_COUNT_HEADER)
        return _Page(number, locator, file, None if announced is None else int(announced))

    def _converted(self, page: _Page) -> tuple[Path, int]:
        """A page's Parquet file and its number of records; a page that is not whole is downloaded again."""
        first: _Page | None = page

        def send(_client: Salesforce) -> tuple[Path, int]:
            nonlocal first
            whole, first = first or self._download(page.number, page.locator), None
            target = whole.file.with_suffix(".parquet")
            rows = from_csv(whole.file, self._reading, target)
            if whole.announced is not None and whole.announced != rows:
                raise IncompleteError(f"a page that announces {whole.announced} records and holds {rows}")
            return target, rows

        try:
            return self._org.call(self._operation, send)
        finally:
            page.file.unlink(missing_ok=True)
