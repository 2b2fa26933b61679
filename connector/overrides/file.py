"""Reads the file of ``[override]``: a row per decision, with who took it, why, and until when it holds.

A row that cannot be understood is left out and listed, with its line; the others count.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Final

from connector.errors import MappingError, Problem
from connector.mapping.model import SEGMENTS, Mapping
from connector.mapping.words import listed, meant
from connector.overrides.entries import ZONE, Entry, Ignored, OverrideFile, place
from connector.windows import days

COLUMNS: Final = ("account", "what", "value", "owner", "reason", "expires")
"""Of the file; the first three must be there."""
NEEDED: Final = COLUMNS[:3]
SHORT_ID, WHOLE_ID = 15, 18


def read_file(mapping: Mapping) -> OverrideFile:
    """The file that the mapping names, if it names one.

    Raises:
        MappingError: the file cannot be read, or lacks a column.
    """
    override = mapping.override
    if override is None or override.file is None:
        return OverrideFile()
    path = mapping.beside(override.file) or Path(override.file)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise _problem(f"there is no {override.file}; the path is relative to the mapping's folder") from None
    except UnicodeDecodeError as error:
        raise _problem(
            f"{override.file} is not UTF-8 text (byte {error.start + 1}); save it as UTF-8"
        ) from None
    except OSError as error:
        raise _problem(f"{override.file} cannot be read: {error.strerror}") from None
    entries: list[Entry] = []
    ignored: list[Ignored] = []
    try:
        rows = list(_rows(text, override.file))
    except csv.Error as error:
        raise _problem(f"{override.file} is no table of comma-separated values: {error}") from None
    for line, row in rows:
        found = _entry(line, row, mapping)
        if isinstance(found, Entry):
            entries.append(found)
        else:
            ignored.append(
                Ignored(row["account"], row["what"], row["value"], place(override.file, line), found)
            )
    once, twice = _each_once(entries, override.file)
    return OverrideFile(override.file, tuple(once), (*ignored, *twice))


def _problem(message: str) -> MappingError:
    return MappingError([Problem("mapping", "override.file", message)])


def _rows(text: str, file: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and cells of every row that is not empty; the first line says whether columns end at ``,``, ``;`` or tab."""
    head = text.partition("\n")[0]
    reader = csv.reader(StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    columns = [cell.strip().casefold() for cell in next(reader, [])]
    lacking = [name for name in NEEDED if name not in columns]
    if lacking:
        raise _problem(
            f"{file} lacks the column {listed(lacking)}; its first line should be {','.join(COLUMNS)}"
        )
    for cells in reader:
        if any(cell.strip() for cell in cells):
            given = dict(zip(columns, (" ".join(cell.split()) for cell in cells), strict=False))
            yield reader.line_num, {name: given.get(name, "") for name in COLUMNS}


def _entry(line: int, row: dict[str, str], mapping: Mapping) -> Entry | str:
    """The decision in a row, or why there is none."""
    what, value = row["what"].casefold(), row["value"].casefold()
    criteria = [criterion.id for criterion in mapping.criteria]
    if not row["account"]:
        return "names no account"
    if what == ZONE:
        if value not in SEGMENTS:
            return f'"{row["value"]}" is no zone{meant(value, SEGMENTS) or "."} Zones: {listed(SEGMENTS)}'
    elif what not in criteria:
        hint = meant(what, (ZONE, *criteria)) or "."
        return f'"{row["what"]}" is neither "{ZONE}" nor a criterion{hint}'
    else:
        try:
            score = float(value)
        except ValueError:
            return f'"{row["value"]}" is no score: write a number from 0 to 100'
        if not 0 <= score <= 100:
            return f'"{row["value"]}" is no score: it must be from 0 to 100'
        value = str(int(score + 0.5))
    until = None
    if row["expires"]:
        try:
            until = days(date.fromisoformat(row["expires"]))
        except ValueError:
            return f'"{row["expires"]}" is no date such as 2026-12-31'
    account = whole_id(row["account"]) if mapping.crm == "salesforce" else row["account"]
    return Entry(line, account, what, value, row["owner"] or None, row["reason"] or None, until)


def _each_once(entries: Sequence[Entry], file: str) -> tuple[list[Entry], list[Ignored]]:
    """What is said twice about the same is a contradiction, or soon will be: neither counts."""
    counted = Counter((entry.account, entry.what) for entry in entries)
    once = [entry for entry in entries if counted[entry.account, entry.what] == 1]
    cause = "the file has several rows for this account and subject: keep one"
    twice = [
        Ignored(entry.account, entry.what, entry.value, place(file, entry.line), cause)
        for entry in entries
        if counted[entry.account, entry.what] > 1
    ]
    return once, twice


def whole_id(given: str) -> str:
    """Salesforce shows ids of 15 characters in its reports; the API's have three more, which encode upper case."""
    if len(given) != SHORT_ID or not given.isalnum() or not given.isascii():
        return given
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    bits = [
        sum(1 << place for place, one in enumerate(given[at : at + 5]) if one.isupper()) for at in (0, 5, 10)
    ]
    return given + "".join(letters[each] for each in bits)
