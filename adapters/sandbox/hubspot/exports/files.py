"""The files of an export: CSV written row by row, zipped when large, several in one zip when long."""

from __future__ import annotations

import csv
import itertools
import zipfile
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from adapters.sandbox.database import Database, quoted
from adapters.sandbox.hubspot.behaviour import Behaviour
from adapters.sandbox.hubspot.exports.request import ExportRequest
from adapters.sandbox.hubspot.store.links import Links
from adapters.sandbox.hubspot.store.portal import PIPELINES, TIME_ZONE, Portal
from adapters.sandbox.hubspot.store.schema import ObjectType, Property
from adapters.sandbox.hubspot.store.values import moment_of, sql_milliseconds

Row = Sequence[Any]
_CHUNK: Final = 2_000
_DISPLAY: Final = {
    "companies": "name",
    "contacts": "email",
    "deals": "dealname",
    "tickets": "subject",
    "orders": "hs_order_name",
}


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A finished export.

    Attributes:
        path: where it lies.
        name: what it is downloaded as.
        media_type: ``text/csv`` or ``application/zip``.
    """

    path: Path
    name: str
    media_type: str


class FileWriter:
    """Writes exports into a folder."""

    def __init__(
        self, database: Database, links: Links, portal: Portal, behaviour: Behaviour, folder: Path
    ) -> None:
        """Read from the stores, write into `folder`."""
        self._database = database
        self._links = links
        self._portal = portal
        self._behaviour = behaviour
        self._folder = folder

    def count(self, request: ExportRequest) -> int:
        """Number of records that a request covers."""
        where, parameters = request.where
        total: int = self._database.value(
            f"SELECT count(*) FROM {quoted(request.kind.table)} WHERE {where}", parameters
        )
        return total

    def write(
        self, request: ExportRequest, key: str, day: str, check: Callable[[], None], limit: int | None = None
    ) -> ExportFile:
        """Write one export.

        Args:
            request: what it holds.
            key: makes the paths unique.
            day: of the export, for the file's name.
            check: called now and then; raises when the job is to end.
            limit: leave rows beyond this many out.
        """
        self._folder.mkdir(exist_ok=True)
        name = f"hubspot-crm-exports-{_slug(request.name)}-{day}"
        parts: list[Path] = []
        rows = self._rows(request, limit)
        try:
            first = next(rows, [])
            while first or not parts:
                parts.append(self._folder / f"{key}-{len(parts)}.csv")
                first = self._part(parts[-1], request, itertools.chain([first], rows), check)
            if len(parts) == 1 and parts[0].stat().st_size <= self._behaviour.export_zip_bytes:
                return ExportFile(parts.pop(), f"{name}.csv", "text/csv")
            return ExportFile(self._zipped(key, name, parts, check), f"{name}.zip", "application/zip")
        finally:
            rows.close()
            for part in parts:
                part.unlink(missing_ok=True)

    def _part(
        self, path: Path, request: ExportRequest, rows: Iterator[list[Row]], check: Callable[[], None]
    ) -> list[Row]:
        """One file with its header; the first rows of the next file, none if this was the last."""
        left = self._behaviour.export_file_rows
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
            writer.writerow(self._header(request))
            for chunk in rows:
                check()
                writer.writerows(chunk)
                left -= len(chunk)
                if left == 0:
                    break
        return next(rows, [])

    def _zipped(self, key: str, name: str, parts: list[Path], check: Callable[[], None]) -> Path:
        path = self._folder / f"{key}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for number, part in enumerate(parts, start=1):
                check()
                archive.write(part, f"{name}-{number}.csv" if len(parts) > 1 else f"{name}.csv")
        return path

    def _rows(self, request: ExportRequest, limit: int | None) -> Generator[list[Row]]:
        """Rows in chunks that end where a file ends."""
        columns = ["id", *(self._column(each, request) for each in request.properties)]
        where, parameters = request.where
        sql = (
            f"SELECT {', '.join(columns)} FROM {quoted(request.kind.table)} WHERE {where} "
            f"ORDER BY {request.order}" + ("" if limit is None else f" LIMIT {limit}")
        )
        changes = {
            number: change
            for number, each in enumerate(request.properties, start=1)
            if (change := self._shown(each, request)) is not None
        }
        size = min(_CHUNK, self._behaviour.export_file_rows)
        in_file = 0
        for found in self._database.stream(sql, parameters, size):
            rows: list[Row] = [_changed(row, changes) for row in found] if changes else list(found)
            if request.associated:
                rows = self._with_associations(request, rows)
            room = self._behaviour.export_file_rows - in_file
            yield rows[:room]
            in_file = (in_file + min(len(rows), room)) % self._behaviour.export_file_rows
            if rest := rows[room:]:
                yield rest
                in_file = len(rest)

    def _column(self, each: Property, request: ExportRequest) -> str:
        if (
            request.internal_values
            and each.type in ("date", "datetime")
            and self._behaviour.export_dates == "milliseconds"
        ):
            return sql_milliseconds(quoted(each.name))
        return quoted(each.name)

    def _shown(self, each: Property, request: ExportRequest) -> Callable[[str], str] | None:
        """How a stored value becomes what people see; None if it stays."""
        if request.internal_values:
            return None
        if each.type == "datetime":
            return _as_people_read
        labels = self._labels(request.kind, each)
        if not labels:
            return None
        return lambda value: ";".join(labels.get(part, part) for part in value.split(";"))

    def _labels(self, kind: ObjectType, each: Property) -> dict[str, str]:
        """Labels by value."""
        if each.options:
            return {option.value: option.label for option in each.options}
        if each.name == "hubspot_owner_id":
            return {
                key: f"{owner['firstName']} {owner['lastName']}" for key, owner in self._portal.owners.items()
            }
        lines = PIPELINES.get(kind.name, ())
        if each.name in ("pipeline", "hs_pipeline"):
            return {line.id: line.label for line in lines}
        if each.name in ("dealstage", "hs_pipeline_stage"):
            return {stage.id: stage.label for line in lines for stage in line.stages}
        return {}

    def _with_associations(self, request: ExportRequest, rows: list[Row]) -> list[Row]:
        """Rows with the associated records' columns behind them."""
        ids = [row[0] for row in rows]
        extended = [list(row) for row in rows]
        for target in request.associated:
            linked: dict[int, list[tuple[int, bool]]] = defaultdict(list)
            for source, other, main in self._links.of(request.kind, target, ids, half=request.half):
                linked[source].append((other, main))
            names = self._names(target, linked) if request.display else {}
            for row in extended:
                others = linked.get(row[0], [])
                if not request.unlimited:
                    others = others[: self._behaviour.export_associations]
                row.extend(_cells([other for other, _ in others], names, display=request.display))
                if request.labelled and self._has_primary(request.kind, target):
                    primary = [other for other, main in others if main]
                    row.extend(_cells(primary, names, display=request.display))
        return [*extended]

    def _names(self, target: ObjectType, linked: dict[int, list[tuple[int, bool]]]) -> dict[int, str | None]:
        ids = {other for others in linked.values() for other, _ in others}
        column = _DISPLAY.get(target.name)
        if column is None or not ids:
            return {}
        marks = ", ".join("?" * len(ids))
        found = self._database.rows(
            f"SELECT id, {quoted(column)} FROM {quoted(target.table)} WHERE id IN ({marks})", tuple(ids)
        )
        return {row[0]: row[1] for row in found}

    def _header(self, request: ExportRequest) -> list[str]:
        internal = request.internal_names
        header = ["hs_object_id" if internal else "Record ID"]
        header += [each.name if internal else each.label for each in request.properties]
        for target in request.associated:
            # These are English in every language, and no property: they have no internal name.
            word = f"Associated {target.singular.capitalize()}"
            primary = request.labelled and self._has_primary(request.kind, target)
            for label in ("", " (Primary)") if primary else ("",):
                header.append(f"{word} IDs{label}")
                if request.display:
                    header.append(f"{word}{label}")
        return header

    def _has_primary(self, kind: ObjectType, target: ObjectType) -> bool:
        found = self._links.find(kind.name, target.name)
        return found is not None and found[0].primary_up is not None


def _cells(ids: list[int], names: dict[int, str | None], *, display: bool) -> list[str]:
    cells = [";".join(map(str, ids))]
    if display:
        cells.append(";".join(names.get(other) or "" for other in ids))
    return cells


def _changed(row: Row, changes: dict[int, Callable[[str], str]]) -> Row:
    cells = list(row)
    for number, change in changes.items():
        if cells[number] is not None:
            cells[number] = change(cells[number])
    return cells


def _as_people_read(value: str) -> str:
    moment: datetime | None = moment_of(value)
    return value if moment is None else moment.astimezone(ZoneInfo(TIME_ZONE)).strftime("%Y-%m-%d %H:%M")


def _slug(name: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())[:60] or "export"
