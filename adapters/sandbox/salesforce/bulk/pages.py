"""Where a page of a query job's results lies in its file, and the locators that name pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from adapters.sandbox.salesforce.errors import ApiError

MARK = 1_000  # rows between two remembered places in the file
_BLOCK = 1 << 18


def locator(row: int) -> str:
    """The name of the page that starts at a row."""
    return base64.urlsafe_b64encode(f"row{row}".encode()).decode().rstrip("=")


def row_of(text: str | None) -> int:
    """The row at which a locator's page starts; the first one without a locator.

    Raises:
        ApiError: INVALID_QUERY_LOCATOR.
    """
    if not text:
        return 0
    try:
        plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        return int(plain.removeprefix("row"))
    except (binascii.Error, ValueError) as error:
        raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator") from error


class ResultFile:
    """The rows of one query job, without header; `marks` are the places of every thousandth row."""

    def __init__(self, path: Path) -> None:
        """Nothing is written yet."""
        self.path = path
        self.rows = 0
        self.marks: list[int] = []

    def page(self, header: bytes, start: int, end: int) -> Iterator[bytes]:
        """Header and the rows from `start` to `end`, in blocks."""
        yield header
        if start >= end:
            return
        with self.path.open("rb") as file:
            first = self._place(file, start)
            left = self._place(file, end) - first
            file.seek(first)
            while left > 0:
                block = file.read(min(_BLOCK, left))
                left -= len(block)
                yield block

    def _place(self, file: BinaryIO, row: int) -> int:
        """Where a row starts: the mark before it, and on from there row by row (cells may hold line ends)."""
        mark, rest = divmod(row, MARK)
        if rest == 0 or row >= self.rows:
            return self.marks[mark] if row < self.rows else self.marks[-1]
        file.seek(self.marks[mark])
        block = file.read(self.marks[mark + 1] - self.marks[mark])
        place = 0
        for _ in range(rest):
            # A row ends at a line end outside quotes: an even number of quotes lies before it.
            end = block.index(b"\n", place)
            while block.count(b'"', place, end) % 2:
                end = block.index(b"\n", end + 1)
            place = end + 1
        return self.marks[mark] + place
