"""Reads the file of ``[override]``: a row per decision, with who took it, why, and until when it holds.

A row that cannot be understood is left out and listed, with its line; the others count.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Final

from connector.errors import MappingError, Problem
from connector.mapping.csv_file import SAVE_AS, decoded, is_workbook
from connector.mapping.model import SEGMENTS, Language, Mapping
from connector.mapping.words import listed, nearest
from connector.overrides.causes import say
from connector.overrides.entries import ZONE, Entry, Ignored, OverrideFile
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
    text = _text(mapping, override.file)
    entries: list[Entry] = []
    ignored: list[Ignored] = []
    try:
        rows = list(_rows(text, override.file, mapping))
    except csv.Error as error:
        raise _problem(mapping, f"{override.file} is no table of comma-separated values: {error}") from None
    for line, row in rows:
        found = _entry(line, row, mapping)
        if isinstance(found, Entry):
            entries.append(found)
        else:
            where = say("line", mapping.language, file=override.file, line=line)
            ignored.append(Ignored(row["account"], row["what"], row["value"], where, found))
    once, twice = _each_once(entries, override.file, mapping.language)
    return OverrideFile(override.file, tuple(once), (*ignored, *twice))


def _text(mapping: Mapping, name: str) -> str:
    path = mapping.beside(name) or Path(name)
    try:
        raw = path.read_bytes()
        if is_workbook(raw):
            raise _problem(mapping, f"{name} is an Excel workbook, whatever its name; {SAVE_AS}")
        text = decoded(raw)
    except FileNotFoundError:
        message = f"there is no {name}; the path is relative to the mapping's folder"
        raise _problem(mapping, message) from None
    except UnicodeDecodeError as error:
        message = f"{name} is not UTF-8 text (byte {error.start + 1}); in Excel, {SAVE_AS}"
        raise _problem(mapping, message) from None
    except OSError as error:
        raise _problem(mapping, f"{name} cannot be read: {error.strerror}") from None
    if not text.strip():
        raise _problem(mapping, f"{name} is empty; its first line should be {','.join(COLUMNS)}")
    return text


def _problem(mapping: Mapping, message: str) -> MappingError:
    return MappingError([Problem(mapping.file, "override.file", message)])


def _rows(text: str, file: str, mapping: Mapping) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and cells of every row that is not empty; the first line says whether columns end at ``,``, ``;`` or tab."""
    head = text.partition("\n")[0]
    reader = csv.reader(StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    columns = [cell.strip().casefold() for cell in next(reader, [])]
    lacking = [name for name in NEEDED if name not in columns]
    if lacking:
        message = f"{file} lacks the column {listed(lacking)}; its first line should be {','.join(COLUMNS)}"
        raise _problem(mapping, message)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            given = dict(zip(columns, (" ".join(cell.split()) for cell in cells), strict=False))
            yield reader.line_num, {name: given.get(name, "") for name in COLUMNS}


def _entry(line: int, row: dict[str, str], mapping: Mapping) -> Entry | str:
    """The decision in a row, or why there is none."""
    language = mapping.language
    what, value = row["what"].casefold(), row["value"].casefold()
    criteria = [criterion.id for criterion in mapping.criteria]
    if not row["account"]:
        return say("no_account", language)
    if what == ZONE:
        if value not in SEGMENTS:
            return no_zone(row["value"], language)
    elif what not in criteria:
        return say("no_subject", language, value=row["what"], hint=_hint(what, (ZONE, *criteria), language))
    else:
        try:
            score = float(value)
        except ValueError:
            return say("no_number", language, value=row["value"])
        if not 0 <= score <= 100:
            return say("no_score", language, value=row["value"])
        value = str(int(score + 0.5))
    until = None
    if row["expires"]:
        try:
            until = days(date.fromisoformat(row["expires"]))
        except ValueError:
            return say("no_date", language, value=row["expires"])
    account = whole_id(row["account"]) if mapping.crm == "salesforce" else row["account"]
    return Entry(line, account, what, value, row["owner"] or None, row["reason"] or None, until)


def no_zone(given: str, language: Language) -> str:
    """That something is no zone, and which one was probably meant."""
    hint = _hint(given.strip().casefold(), SEGMENTS, language)
    return say("no_zone", language, value=given, hint=hint, zones=listed(SEGMENTS))


def _hint(word: str, known: Iterable[str], language: Language) -> str:
    close = nearest(word, known)
    return say("meant", language, word=close) if close else "."


def _each_once(entries: Sequence[Entry], file: str, language: Language) -> tuple[list[Entry], list[Ignored]]:
    """What is said twice about the same is a contradiction, or soon will be: neither counts."""
    counted = Counter((entry.account, entry.what) for entry in entries)
    once = [entry for entry in entries if counted[entry.account, entry.what] == 1]
    cause = say("twice", language)
    twice = [entry for entry in entries if counted[entry.account, entry.what] > 1]
    return once, [
        Ignored(each.account, each.what, each.value, say("line", language, file=file, line=each.line), cause)
        for each in twice
    ]


def whole_id(given: str) -> str:
    """Salesforce shows ids of 15 characters in its reports; the API's have three more, which encode upper case."""
    if len(given) != SHORT_ID or not given.isalnum() or not given.isascii():
        return given
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    bits = [
        sum(1 << place for place, one in enumerate(given[at : at + 5]) if one.isupper()) for at in (0, 5, 10)
    ]
    return given + "".join(letters[each] for each in bits)
