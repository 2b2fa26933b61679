"""The files that exports give: a CSV, or a zip with one or several, read block by block into frames of texts.

With internal names and values, columns are headed by the properties' names and hold what lists hold; only moments
differ (milliseconds, or a text without a time zone: the portal's). The ids of associated companies have columns of
their own, which are no properties and bear English names in every language.
"""

from __future__ import annotations

import csv
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pyarrow as pa
from pyarrow import csv as arrow_csv

from adapters.hubspot.exports import OBJECT_ID, UnavailableError
from adapters.hubspot.fields import Fields
from adapters.hubspot.frames import COMPANIES, PRIMARY, WHOLE
from adapters.hubspot.reading import Reading
from connector.crm import ID, FieldType

_BLOCK = 1 << 20  # larger ones are read ahead in greater numbers, and memory grows with the file
_ROWS = 10_000
_PIECE = 1 << 16
_ID_HEADERS = (OBJECT_ID, "record id", "id")
_COMPANY_IDS = re.compile(r"associated compan(?:y|ies) ids?(?P<label> \(.+\))?")
_IN_MINUTES = r"^\d{4}-\d\d-\d\d \d\d:\d\d"
_DAMAGE = (pa.ArrowInvalid, zipfile.BadZipFile, UnicodeDecodeError, csv.Error, EOFError, OSError)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where in a file things are: names that we give to its columns, by position.

    Attributes:
        all: every column.
        id: of the record.
        properties: by property.
        companies: ids of associated companies; several where labels have columns of their own.
        primary: id of the main company.
    """

    all: tuple[str, ...]
    id: str
    properties: Mapping[str, str]
    companies: tuple[str, ...]
    primary: tuple[str, ...]


@dataclass(slots=True)
class ExportFile:
    """A downloaded export.

    Attributes:
        path: where it lies.
        reading: what was asked for.
        fields: the portal's properties.
        time_zone: the portal's, in which moments without one are written.
        ordered: the ids read so far rise or fall throughout, so that none came twice.
    """

    path: Path
    reading: Reading
    fields: Fields
    time_zone: str
    ordered: bool = True
    _last: int | None = field(default=None, repr=False)
    _rising: bool | None = field(default=None, repr=False)

    def frames(self, twice: frozenset[str] = frozenset()) -> Iterator[pl.DataFrame]:
        """Records as columns of texts, as `frames` describes them; at least one frame.

        Args:
            twice: ids that the file holds more than once; the first row of each counts.

        Raises:
            UnavailableError: the file is damaged, or not what was asked for.
        """
        seen: set[str] = set()
        self._last, self._rising, self.ordered = None, None, True
        for columns, block in self._blocks(ids_alone=False):
            frame = block.select(self._texts(columns))
            self._look_at_order(frame[ID])
            if twice:
                repeated = pl.col(ID).is_in(list(seen)) | ~pl.col(ID).is_first_distinct()
                seen |= twice.intersection(frame[ID].to_list())
                frame = frame.filter(~repeated)
            yield frame

    def twice(self) -> frozenset[str]:
        """Ids that the file holds more than once."""
        ids = pl.concat(block[columns.id] for columns, block in self._blocks(ids_alone=True))
        return frozenset(ids.filter(ids.is_duplicated()).to_list())

    def _blocks(self, *, ids_alone: bool) -> Iterator[tuple[_Columns, pl.DataFrame]]:
        try:
            for file in self._members():
                columns = self._columns(file)
                wanted = (columns.id,) if ids_alone else columns.all
                for block in blocks(file, columns.all, wanted):
                    yield columns, block
        except _DAMAGE as error:
            raise UnavailableError(f"its file is damaged: {error}") from error

    def _members(self) -> Iterator[Path]:
        """The CSV files in the order of their names; what a zip holds is unpacked one by one."""
        if not zipfile.is_zipfile(self.path):
            yield self.path
            return
        member = self.path.with_suffix(".csv")
        with zipfile.ZipFile(self.path) as archive:
            names = sorted(
                (name for name in archive.namelist() if name.lower().endswith(".csv")), key=_natural
            )
            if not names:
                raise UnavailableError("its zip holds no CSV file")
            try:
                for name in names:
                    with archive.open(name) as source, member.open("wb") as target:
                        shutil.copyfileobj(source, target, _PIECE)
                    yield member
            finally:
                member.unlink(missing_ok=True)

    def _columns(self, file: Path) -> _Columns:
        with file.open(encoding="utf-8-sig", newline="") as text:
            header = next(csv.reader(text), [])
        places: dict[str, str] = {}
        names = tuple(f"c{place}" for place in range(len(header)))
        for name, title in zip(names, header, strict=True):
            places.setdefault(title.strip().lower(), name)
        record = next((places[title] for title in _ID_HEADERS if title in places), None)
        if record is None:
            raise UnavailableError("its file has no column with the records' ids")
        properties = {}
        for each in self.reading.properties:
            label = self.fields.of(self.reading.name)[each].label
            place = record if each == OBJECT_ID else places.get(each) or places.get(label.strip().lower())
            if place is None:
                raise UnavailableError(f"its file has no column for {each}")
            properties[each] = place
        linked = {title: found for title in places if (found := _COMPANY_IDS.fullmatch(title))}
        primary = tuple(places[title] for title, found in linked.items() if found["label"] == " (primary)")
        return _Columns(names, record, properties, tuple(places[title] for title in linked), primary)

    def _texts(self, columns: _Columns) -> Sequence[pl.Expr]:
        """The columns of a frame of texts."""
        own = self.fields.of(self.reading.name)
        properties = [
            self._moment(pl.col(place)) if own[name].type is FieldType.DATETIME else pl.col(place)
            for name, place in columns.properties.items()
        ]
        companies = [pl.col(name).fill_null("").str.split(";") for name in columns.companies]
        listed = pl.concat_list(companies) if companies else pl.lit([], pl.List(pl.String))
        stripped = listed.list.eval(pl.element().str.strip_chars())
        primary = [pl.when(pl.col(name) != "").then(pl.col(name)) for name in columns.primary]
        return [
            pl.col(columns.id).str.strip_chars().alias(ID),
            *(each.alias(name) for each, name in zip(properties, columns.properties, strict=True)),
            stripped.list.eval(pl.element().filter(pl.element() != ""))
            .list.unique(maintain_order=True)
            .alias(COMPANIES),
            pl.lit(bool(companies) or self.reading.company is None).alias(WHOLE),
            (pl.coalesce(primary) if primary else pl.lit(None, pl.String)).alias(PRIMARY),
        ]

    def _moment(self, text: pl.Expr) -> pl.Expr:
        """A moment that is written for people, in the portal's time zone, as lists give it; others stay."""
        read = pl.coalesce(
            text.str.to_datetime(form, time_unit="ms", strict=False)
            for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")
        )
        moment = read.dt.replace_time_zone(self.time_zone, ambiguous="earliest", non_existent="null")
        told = moment.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        return pl.when(text.str.contains(_IN_MINUTES)).then(told).otherwise(text)

    def _look_at_order(self, ids: pl.Series) -> None:
        numbers = ids.cast(pl.Int64, strict=False)
        if numbers.null_count():
            raise UnavailableError("its file has rows without an id")
        if not self.ordered or numbers.is_empty():
            return
        if self._last is not None:
            numbers = pl.concat([pl.Series(ids.name, [self._last]), numbers])
        steps = numbers.diff().drop_nulls()
        if not steps.is_empty():
            rising = bool((steps > 0).all())
            self.ordered = (rising or bool((steps < 0).all())) and self._rising in (None, rising)
            self._rising = rising
        self._last = int(numbers[-1])


def blocks(file: Path, names: Sequence[str], wanted: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Columns of one CSV file as texts, some thousand rows at a time; an empty block if there is no row.

    Args:
        file: with a header, which is passed over.
        names: of all columns, in order.
        wanted: those to read.

    Raises:
        pyarrow.ArrowInvalid: the file is damaged.
    """
    with pa.OSFile(str(file)) as source:
        try:
            reader = arrow_csv.open_csv(
                source,
                arrow_csv.ReadOptions(
                    column_names=list(names), skip_rows=1, block_size=_BLOCK, use_threads=False
                ),
                arrow_csv.ParseOptions(newlines_in_values=True),
                arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    include_columns=list(wanted),
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid as error:
            if "Empty CSV file" not in str(error):
                raise
            yield pl.DataFrame(schema=dict.fromkeys(wanted, pl.String))
            return
        with reader:
            kept: list[pa.RecordBatch] = []
            for batch in reader:
                kept.append(batch)
                if sum(each.num_rows for each in kept) >= _ROWS:
                    yield pl.DataFrame(pl.from_arrow(pa.Table.from_batches(kept)))
                    kept = []
            if kept:
                yield pl.DataFrame(pl.from_arrow(pa.Table.from_batches(kept)))


def _natural(name: str) -> list[tuple[int, str]]:
    """Order of names in which part 2 comes before part 10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
