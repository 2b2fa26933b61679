"""Works off the rows of an import file, a thousand at a time."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from adapters.sandbox.database import Database, quoted
from adapters.sandbox.faults import Faults
from adapters.sandbox.hubspot.imports.cells import CellError, Cells
from adapters.sandbox.hubspot.imports.request import Column, FileSpec, ImportRequest
from adapters.sandbox.hubspot.store.checks import Checks
from adapters.sandbox.hubspot.store.property_store import Definitions
from adapters.sandbox.hubspot.store.records import LIVE, Records
from adapters.sandbox.hubspot.store.schema import ObjectType, Property

CHUNK: Final = 1_000


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row, or one of its cells, was not imported.

    Attributes:
        kind: HubSpot's ``errorType``.
        message: for people.
        line: of the row in its file, the header being 1; 0 for an error of the whole file.
        row: its cells.
        column: place of the cell, from 0.
        value: of the cell.
    """

    kind: str
    message: str
    line: int
    row: Sequence[str] = ()
    column: int | None = None
    value: str | None = None


class FailedFileError(Exception):
    """The whole file cannot be imported."""

    def __init__(self, error: RowError) -> None:
        """`error` of the file."""
        super().__init__(error.message)
        self.error = error


@dataclass(slots=True)
class Outcome:
    """What became of a chunk of rows."""

    rows: int = 0
    values: int = 0
    created: int = 0
    updated: int = 0
    errors: list[RowError] = field(default_factory=list)


@dataclass(slots=True)
class _Row:
    """A row on its way."""

    line: int
    cells: list[str]
    record: int | None
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """Of one file's import.

    Attributes:
        key: unique.
        path: under which the import was started.
        version: of the API.
        half: the importer sees every second company only.
        now: the time.
    """

    key: str
    path: str
    version: str
    half: bool
    now: Callable[[], datetime]

    def rules_broken(self, checks: Checks, kind: ObjectType, values: Mapping[str, str | None]) -> bool:
        """Whether a record with these values breaks a rule of the portal."""
        return bool(checks.record(kind, {}, self.version, values).broken)


class RowWriter:
    """Writes the rows of files into the records."""

    def __init__(
        self,
        database: Database,
        records: Records,
        definitions: Definitions,
        cells: Cells,
        checks: Checks,
        faults: Faults,
    ) -> None:
        """Write into the stores."""
        self._database = database
        self._records = records
        self._definitions = definitions
        self._cells = cells
        self._checks = checks
        self._faults = faults

    def write(
        self,
        request: ImportRequest,
        spec: FileSpec,
        path: Path,
        context: Context,
        limit: int | None = None,
    ) -> Iterator[Outcome]:
        """Write one file, or its first `limit` rows; an outcome per chunk of rows.

        Raises:
            FailedFileError: its columns are not those of the request.
        """
        seen = f"hs_import_seen_{context.key}"
        self._database.execute(f"CREATE TABLE {quoted(seen)} (id INTEGER PRIMARY KEY)")
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                reader = csv.reader(file)
                columns = self._columns(spec, reader)
                numbered = itertools.islice(enumerate(reader, start=2 if spec.has_header else 1), limit)
                while chunk := list(itertools.islice(numbered, CHUNK)):
                    outcome = Outcome(rows=len(chunk))
                    rows = [
                        row
                        for line, cells in chunk
                        if (row := self._row(request, spec, columns, line, cells, outcome)) is not None
                    ]
                    self._apply(request, spec.kind, seen, rows, context, outcome)
                    yield outcome
        finally:
            self._database.execute(f"DROP TABLE IF EXISTS {quoted(seen)}")

    def _columns(self, spec: FileSpec, reader: Iterator[list[str]]) -> list[Column]:
        """The columns in the file's order.

        Raises:
            FailedFileError: they are not those of the request.
        """
        columns = list(spec.columns)
        if spec.has_header:
            header = next(reader, [])
            by_name = {column.name: column for column in columns}
            if len(header) != len(columns):
                raise FailedFileError(
                    RowError(
                        "INCORRECT_NUMBER_OF_COLUMNS",
                        f"The file has {len(header)} columns, the request maps {len(columns)}.",
                        0,
                        header,
                    )
                )
            # HubSpot puts the mappings into the order of the header if it can.
            if all(name in by_name for name in header):
                columns = [by_name[name] for name in header]
        for place, column in enumerate(columns):
            if column.property is not None and self._definitions.find(column.kind, column.property) is None:
                raise FailedFileError(
                    RowError(
                        "PROPERTY_DEFINITION_NOT_FOUND",
                        f"There is no property {column.property}.",
                        0,
                        column=place,
                    )
                )
        return columns

    def _row(
        self,
        request: ImportRequest,
        spec: FileSpec,
        columns: Sequence[Column],
        line: int,
        cells: list[str],
        outcome: Outcome,
    ) -> _Row | None:
        """A row with its values; None if it cannot be imported at all."""
        if len(cells) != len(columns):
            message = f"The row has {len(cells)} cells, {len(columns)} are expected."
            outcome.errors.append(RowError("INCORRECT_NUMBER_OF_COLUMNS", message, line, cells))
            return None
        row = _Row(line, cells, None)
        for place, (column, text) in enumerate(zip(columns, cells, strict=True)):
            if column.is_id:
                if not text.strip().isdigit():
                    if text.strip() or request.operation(spec.kind) == "UPDATE":
                        outcome.errors.append(
                            RowError(
                                "INVALID_RECORD_ID", f"{text!r} is no record ID.", line, cells, place, text
                            )
                        )
                        return None
                    continue
                row.record = int(text)
            elif column.property is not None and text:
                try:
                    row.values[column.property] = self._value(column, text, request.date_format)
                except CellError as error:
                    outcome.errors.append(RowError(error.kind, error.message, line, cells, place, text))
        if not row.values:
            if not outcome.errors or outcome.errors[-1].line != line:
                message = "Every property of the row is empty."
                kind = "FAILED_TO_PROCESS_OBJECT_WITH_EMPTY_PROPERTY_VALUES"
                outcome.errors.append(RowError(kind, message, line, cells))
            return None
        return row

    def _value(self, column: Column, text: str, date_format: str) -> str:
        name = column.property or ""
        each: Property | None = self._definitions.find(column.kind, name)
        if each is None or not self._definitions.writable(column.kind, name):
            raise CellError("FAILED_VALIDATION", f"{name} is a read only property; its value cannot be set.")
        return self._cells.read(column.kind, each, text, date_format)

    def _apply(
        self,
        request: ImportRequest,
        kind: ObjectType,
        seen: str,
        rows: list[_Row],
        context: Context,
        outcome: Outcome,
    ) -> None:
        """Write a chunk."""
        operation = request.operation(kind)
        ids = [row.record for row in rows if row.record is not None]
        with self._database.writing():
            states = self._records.states(kind, ids, half=context.half and kind.name == "companies")
            used = self._used(seen, ids)
            stored = self._records.stored(kind, ids) if self._checks.rules(kind, context.version) else {}
            changes: dict[int, Mapping[str, str | None]] = {}
            for row in rows:
                error = self._refused(kind, row, operation, states, used, context, stored)
                if error is not None:
                    outcome.errors.append(error)
                elif row.record is None:
                    self._records.create(kind, row.values, context.now())
                    outcome.created += 1
                    outcome.values += len(row.values)
                else:
                    used.add(row.record)
                    changes[row.record] = row.values
                    outcome.values += len(row.values)
            self._records.update(kind, changes, context.now(), source="IMPORT")
            outcome.updated += len(changes)
            self._database.insert(seen, ("id",), [(record,) for record in changes])

    def _used(self, seen: str, ids: list[int]) -> set[int]:
        """Ids that an earlier row of the file already had."""
        marks = ", ".join("?" * len(ids))
        return {
            row[0] for row in self._database.rows(f"SELECT id FROM {quoted(seen)} WHERE id IN ({marks})", ids)
        }

    def _refused(
        self,
        kind: ObjectType,
        row: _Row,
        operation: str,
        states: Mapping[int, tuple[int, int | None]],
        used: set[int],
        context: Context,
        stored: Mapping[int, Mapping[str, str | None]],
    ) -> RowError | None:
        """Why a row is not written; None if it is."""
        if row.record is None:
            return None
        if operation == "CREATE":
            return _of(row, "CREATE_ONLY_IMPORT", "The record exists; this import only creates.")
        if states.get(row.record, (None,))[0] != LIVE:
            return _of(row, "INVALID_RECORD_ID", f"There is no {kind.singular} {row.record}.")
        if row.record in used:
            return _of(row, "DUPLICATE_RECORD_ID", f"The record {row.record} is in the file twice.")
        if context.rules_broken(self._checks, kind, {**stored.get(row.record, {}), **row.values}):
            return _of(row, "MISSING_REQUIRED_PROPERTY", "A property that the portal demands is missing.")
        for fault, error in (("row_lock", "UNKNOWN_ERROR"), ("partial_batch", "FAILED_VALIDATION")):
            if self._faults.draw(fault, "hubspot", "POST", context.path, phase="write_batch"):
                return _of(row, error, "The row could not be imported.")
        return None


def _of(row: _Row, kind: str, message: str) -> RowError:
    return RowError(kind, message, row.line, row.cells)


def counted_rows(path: Path, *, has_header: bool) -> int:
    """Rows of a file without its header."""
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
        rows = sum(1 for _ in csv.reader(file))
    return max(0, rows - has_header)
