"""Reads the CSV files that a mapping names: tables out of an ERP or a spreadsheet, joined by a field of the account.

Files come as people's tools write them: with commas, semicolons or tabs, with a byte order mark or without, from Excel
as UTF-8 or UTF-16. What cannot be read without guessing (another encoding, decimal commas, a row that does not fit its
header) is refused, with the file, the line, and what to do.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from typing import Final, TypeAlias

import polars as pl
import pyarrow as pa

from connector.errors import MappingError, Problem
from connector.mapping.model import BooleanScale, CsvSource, LookupScale
from connector.mapping.model import Mapping as MappingFile
from connector.mapping.words import listed, meant

SEPARATORS: Final = ",;\t|"
WITH_COMMA: Final = r"^[+-]?[0-9.']*,[0-9.,]*$"
"""A number with a comma: as decimal mark or between thousands, nobody can tell."""
_SEP_LINE: Final = re.compile(r"sep=(.)\r?$", re.IGNORECASE)
"""The first line by which Excel tells itself the separator."""
_SHOWN: Final = 12
_BEGINNING: Final = 1 << 16
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How files of Excel begin, those of today and those of before 2007."""
SAVE_AS: Final = 'save it as "CSV UTF-8 (comma delimited)"'


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A file as text, ready to be parsed.

    Attributes:
        name: as the mapping has it.
        text: everything from the header on.
        separator: between cells.
        columns: names in the header, trimmed.
        first: number of the header's line, from 1.
    """

    name: str
    text: str
    separator: str
    columns: tuple[str, ...]
    first: int

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Line and cells of every row below the header; slow, for finding the place of what is wrong."""
        reader = csv.reader(StringIO(self.text, newline=""), delimiter=self.separator)
        start = self.first
        for number, cells in enumerate(reader):
            if number:
                yield start, cells
            start = self.first + reader.line_num


@dataclass(frozen=True, slots=True)
class CsvTable:
    """The rows of a file by one of its columns.

    Attributes:
        rows: key (trimmed, lower case, each once), shown (as written), and ``column:<name>`` for every column that
            the mapping names: trimmed text, null where the cell is empty, and on all of a key that the file has twice.
        twice: keys that the file has more than once, with their lines.
        keyless: rows without a key; they are left out.
    """

    rows: pa.Table
    twice: tuple[str, ...]
    keyless: int


CsvTables: TypeAlias = Mapping[tuple[str, str], CsvTable]
"""By file and column of the key, both as the mapping has them."""


def read_files(mapping: MappingFile) -> CsvTables:
    """Every CSV file that a criterion reads.

    Raises:
        MappingError: with every problem of every file.
    """
    problems: list[Problem] = []
    tables: dict[tuple[str, str], CsvTable] = {}
    for name, sources in by_file(mapping).items():
        try:
            file = opened(mapping, name)
            frame = _parsed(file, [source for source, _ in sources])
        except MappingError as error:
            problems += error.problems
            continue
        numeric = {source.column for source, words in sources if not words}
        problems += _decimal_commas(file, frame, sorted(numeric))
        for key in dict.fromkeys(source.key for source, _ in sources):
            tables[name, key] = _keyed(file, frame, key)
    if problems:
        raise MappingError(problems)
    return tables


def by_file(mapping: MappingFile) -> dict[str, list[tuple[CsvSource, bool]]]:
    """CSV sources by file, each with whether its scale reads words."""
    found: dict[str, list[tuple[CsvSource, bool]]] = {}
    for criterion in mapping.criteria:
        for rung in criterion.rungs:
            if isinstance(rung.source, CsvSource):
                words = isinstance(rung.scale, LookupScale | BooleanScale)
                found.setdefault(rung.source.csv, []).append((rung.source, words))
    return found


def opened(mapping: MappingFile, name: str, *, head_only: bool = False) -> CsvFile:
    """A file and its header.

    Args:
        mapping: names the file relative to itself.
        name: as the mapping has it.
        head_only: read no more than the first lines.

    Raises:
        MappingError: it cannot be read, is in another encoding, or has no header.
    """
    path = mapping.beside(name) or Path(name)
    try:
        raw = _beginning(path) if head_only else path.read_bytes()
        if is_workbook(raw):
            raise _refused(name, "", f"is an Excel workbook, whatever its name; {SAVE_AS}")
        text, cut = decoded(raw), 1
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _refused(name, f"line {line}", f"is not UTF-8 text; in Excel, {SAVE_AS}") from None
    except FileNotFoundError:
        message = "there is no such file; its path is relative to the folder of the mapping"
        raise _refused(name, "", message) from None
    except OSError as error:
        raise _refused(name, "", f"cannot be read: {error.strerror}") from None
    head, _, rest = text.partition("\n")
    told = _SEP_LINE.match(head)
    if told:
        text, cut = rest, 2
        head = text.partition("\n")[0]
    if not head.strip():
        raise _refused(name, f"line {cut}", "is empty; the first line must name the columns")
    bare = re.sub(r'"[^"]*"', "", head)
    separator = told[1] if told else max(SEPARATORS, key=bare.count)
    columns = next(csv.reader(StringIO(text, newline=""), delimiter=separator))
    return CsvFile(name, text, separator, tuple(" ".join(cell.split()) for cell in columns), cut)


def column_problems(file: CsvFile, sources: Iterable[CsvSource]) -> Iterator[Problem]:
    """Columns that the mapping names and the header lacks, or has twice."""
    wanted = dict.fromkeys(name for source in sources for name in (source.key, source.column))
    where = f"line {file.first}"
    for name in wanted:
        times = file.columns.count(name)
        if times > 1:
            yield Problem(file.name, where, f'has the column "{name}" {times} times; keep one of them')
        elif not times:
            shown = listed(file.columns[:_SHOWN]) + (" ..." if len(file.columns) > _SHOWN else "")
            hint = meant(name, file.columns) or "."
            yield Problem(file.name, where, f'has no column "{name}"{hint} Its columns: {shown}')


def _beginning(path: Path) -> bytes:
    """Whole lines from the start of the file; a line that is longer than all of this is cut."""
    with path.open("rb") as handle:
        raw = handle.read(_BEGINNING)
    if len(raw) < _BEGINNING or raw[:2] in _UTF_16:
        return raw
    return raw[: raw.rfind(b"\n") + 1] or raw


def decoded(raw: bytes) -> str:
    """The text in a file that is UTF-8, or UTF-16 as Excel's "Unicode text".

    Raises:
        UnicodeDecodeError: it is in another encoding.
    """
    return raw.decode("utf-16", errors="replace") if raw[:2] in _UTF_16 else raw.decode("utf-8-sig")


def is_workbook(raw: bytes) -> bool:
    """Whether a spreadsheet program's own file begins like this, by whatever name it goes."""
    return raw.startswith(_WORKBOOKS)


def _parsed(file: CsvFile, sources: list[CsvSource]) -> pl.DataFrame:
    """The columns that the mapping names, trimmed, null where empty; rows without any cell are left out."""
    problems = list(column_problems(file, sources))
    if problems:
        raise MappingError(problems)
    wanted = dict.fromkeys(name for source in sources for name in (source.key, source.column))
    names = [f"{place}" for place in range(len(file.columns))]
    try:
        frame = pl.read_csv(
            BytesIO(file.text.encode()),
            separator=file.separator,
            infer_schema=False,
            new_columns=names,
            truncate_ragged_lines=False,
        )
    except (pl.exceptions.PolarsError, UnicodeError) as error:
        raise _ragged(file, str(error)) from None
    texts = [pl.col(names[place]).str.strip_chars() for place in range(len(names))]
    frame = frame.select(pl.when(text != "").then(text) for text in texts)
    frame = frame.filter(pl.any_horizontal(pl.all().is_not_null()))
    return frame.select(pl.col(names[file.columns.index(name)]).alias(name) for name in wanted)


def _keyed(file: CsvFile, frame: pl.DataFrame, key: str) -> CsvTable:
    given = frame.filter(pl.col(key).is_not_null())
    columns = [pl.col(name).alias(f"column:{name}") for name in frame.columns]
    rows = given.select(pl.col(key).str.to_lowercase().alias("key"), pl.col(key).alias("shown"), *columns)
    double = (
        rows.filter(pl.col("key").is_duplicated()).get_column("key").unique(maintain_order=True).to_list()
    )
    alone = ~pl.col("key").is_in(double)
    values = [pl.when(alone).then(pl.col(f"column:{name}")).alias(f"column:{name}") for name in frame.columns]
    unique = rows.unique("key", keep="first", maintain_order=True).with_columns(values)
    places = _lines(file, key, double) if double else {}
    twice = [f"{text} (lines {' and '.join(map(str, lines))})" for text, lines in places.values()]
    table: pa.Table = unique.to_arrow(compat_level=pl.CompatLevel.oldest())
    return CsvTable(table, tuple(twice), len(frame) - len(given))


def _ragged(file: CsvFile, engine: str) -> MappingError:
    """The row that does not fit the header."""
    try:
        for line, cells in file.rows():
            if len(cells) > len(file.columns):
                message = (
                    f"has {len(cells)} cells, the header has {len(file.columns)}; put texts that hold "
                    f'"{file.separator}" in double quotes, and write numbers with a decimal point'
                )
                return _refused(file.name, f"line {line}", message)
    except csv.Error as error:
        engine = str(error)
    return _refused(file.name, "", f"is no table of separated values: {engine.splitlines()[0]}")


def _decimal_commas(file: CsvFile, frame: pl.DataFrame, columns: list[str]) -> Iterator[Problem]:
    for name in columns:
        if not frame.get_column(name).str.contains(WITH_COMMA).any():
            continue
        place = file.columns.index(name)
        line, cells = next(
            (line, cells)
            for line, cells in file.rows()
            if len(cells) > place and re.match(WITH_COMMA, cells[place].strip())
        )
        message = (
            f'column {name}: "{cells[place].strip()}" has a comma, which may be a decimal mark or stand between '
            "thousands; write numbers as 1234.5"
        )
        yield Problem(file.name, f"line {line}", message)


def _lines(file: CsvFile, key: str, wanted: Iterable[str]) -> dict[str, tuple[str, list[int]]]:
    """Where these keys stand: key as compared -> as written, and its lines."""
    folded, place = set(wanted), file.columns.index(key)
    found: dict[str, tuple[str, list[int]]] = {}
    for line, cells in file.rows():
        text = cells[place].strip() if len(cells) > place else ""
        if text.lower() in folded:
            found.setdefault(text.lower(), (text, []))[1].append(line)
    return found


def _refused(name: str, where: str, message: str) -> MappingError:
    return MappingError([Problem(name, where, message)])
