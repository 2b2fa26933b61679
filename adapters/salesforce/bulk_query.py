"""Reading by Bulk API 2.0: one job a query, whose result is streamed to disk page by page.

Every page is checked against the number of records that it announces, and the whole against the number that the job
processed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any

from simple_salesforce.api import Salesforce

from adapters.salesforce import jobs
from adapters.salesforce.errors import IncompleteError
from adapters.salesforce.http import Org
from adapters.salesforce.rows import Reading, from_csv
from connector.errors import CrmRequestError, CrmTemporaryError

PAGE = 250_000
PAGES_IN_TURN = 4
"""A result of more pages is downloaded several at a time, which takes a call for each list of them."""
LISTED = 5  # pages of one list
_AT_ONCE = 4
_LISTED_FROM = 58.0  # API version that lists the pages of a result
_TRIES = 2
_COUNT_HEADER, _NEXT_HEADER = "Sforce-NumberOfRecords", "Sforce-Locator"
_NOT_LISTED = frozenset({400, 404, 405, 409})


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
    result = _Result(org, operation, path, reading, folder)
    pages = _listed(result, total, page_rows)
    found = list(result.in_turn(page_rows)) if pages is None else result.at_once(pages)
    paths, count = [path for path, _ in found], sum(rows for _, rows in found)
    if total is not None and total != count:
        raise CrmTemporaryError(
            f"Salesforce could not {operation} completely: the bulk job {job['id']} announced {total} records "
            f"and gave {count}. This usually passes: run the command again.",
            crm="salesforce",
            operation=operation,
        )
    return paths, count


def _run(org: Org, operation: str, reading: Reading, rows: int | None) -> tuple[str, Mapping[str, Any]]:
    """Path and description of a job that has ended well; one that Salesforce fails to run is asked for again."""
    operator = "queryAll" if reading.archived else "query"
    for last in range(1, _TRIES + 1):
        opened = org.request(
            operation, "POST", "jobs/query", body={"operation": operator, "query": reading.soql}
        )
        path = f"jobs/query/{opened['id']}"
        job = jobs.ended(org, operation, path, rows)
        if job["state"] == jobs.COMPLETE:
            return path, job
        error = jobs.failure(org, operation, job)
        if last == _TRIES or not isinstance(error, jobs.PassingFailureError):
            raise error
    raise AssertionError


def _listed(result: _Result, total: int | None, page_rows: int) -> list[str] | None:
    """Addresses of all pages, where several at once are worth it; None to go from page to page."""
    few = total is None or total <= PAGES_IN_TURN * page_rows
    if few or float(result.org.connection.api_version) < _LISTED_FROM:
        return None
    try:
        return list(result.pages())
    except CrmRequestError as error:
        if error.status not in _NOT_LISTED:
            raise
        return None


class _Result:
    """The result of one job."""

    def __init__(self, org: Org, operation: str, path: str, reading: Reading, folder: Path) -> None:
        self.org = org
        self._operation = operation
        self._path = path
        self._reading = reading
        self._folder = folder
        self._converting = Lock()  # memory is for one page at a time

    def pages(self) -> Iterator[str]:
        """The address of every page, as Salesforce lists them: five at a time."""
        address = f"{self._path}/resultPages"
        while True:
            answer = self.org.request(self._operation, "GET", address)
            yield from (str(page["resultUrl"]) for page in answer["resultPages"])
            following = answer.get("nextRecordsUrl") or answer.get("nextRecordUrl")
            if answer.get("done", True) or not following:
                return
            address = str(following)

    def at_once(self, addresses: list[str]) -> list[tuple[Path, int]]:
        """Files and their numbers of records, in the order of the addresses."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            tasks = [pool.submit(self._page, number, address, {}) for number, address in enumerate(addresses)]
            try:
                return [task.result()[:2] for task in tasks]
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def in_turn(self, page_rows: int) -> Iterator[tuple[Path, int]]:
        """Files and their numbers of records, each page naming the next one."""
        locator: str | None = None
        number = 0
        while True:
            params = {"maxRecords": str(page_rows), **({"locator": locator} if locator else {})}
            target, rows, locator = self._page(number, f"{self._path}/results", params)
            yield target, rows
            if locator is None:
                return
            number += 1

    def _page(self, number: int, address: str, params: Mapping[str, str]) -> tuple[Path, int, str | None]:
        """Download one page and convert it: the file, its number of records, and the next page's locator."""
        target = self._folder / f"{self._reading.object}-{number:04}.parquet"
        source = target.with_suffix(".csv")

        def send(_client: Salesforce) -> tuple[Path, int, str | None]:
            headers = self.org.download(address, params, source)
            with self._converting:
                rows = from_csv(source, self._reading, target)
            announced = headers.get(_COUNT_HEADER)
            if announced is not None and int(announced) != rows:
                raise IncompleteError(f"a page that announces {announced} records and holds {rows}")
            following = headers.get(_NEXT_HEADER)
            return target, rows, None if following in (None, "", "null") else following

        try:
            return self.org.call(self._operation, send)
        finally:
            source.unlink(missing_ok=True)
