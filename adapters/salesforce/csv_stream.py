"""A large CSV as pieces that are whole CSVs themselves."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from adapters.salesforce.errors import IncompleteError

PIECE = 4 << 20
"""Bytes of a piece, about: what is worked on at once."""


def pieces(file: Path, size: int = PIECE) -> Iterator[bytes]:
    """The header line and whole records in each piece; nothing for an empty file.

    Raises:
        IncompleteError: the file ends inside a quoted cell.
    """
    with file.open("rb") as source:
        header = source.readline()
        if not header:
            return
        rest = b""
        while True:
            more = source.read(size)
            held = rest + more
            end = _end_of_records(held) if more else len(held)
            rest = held[end:]
            if end or not more:
                if not more and held.count(b'"') % 2:
                    raise IncompleteError("a page that ends in the middle of a record")
                yield header + held[:end]
            if not more:
                return
            del held


def names(piece: bytes) -> list[str]:
    """Names of a piece's columns."""
    line = piece[: piece.find(b"\n") + 1 or None].decode("utf-8", "replace")
    return next(csv.reader([line]), [])


def _end_of_records(held: bytes) -> int:
    """Where the last whole record ends: behind a line end before which all quotes are closed; 0 if there is none."""
    open_quotes = held.count(b'"') % 2
    end = len(held)
    while (place := held.rfind(b"\n", 0, end)) >= 0:
        open_quotes = (open_quotes + held.count(b'"', place + 1, end)) % 2
        if not open_quotes:
            return place + 1
        end = place
    return 0
