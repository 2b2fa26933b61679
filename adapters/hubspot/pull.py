"""Reads the records of a section into typed Parquet: what changed, by search; everything, by export or list."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import polars as pl
import pyarrow.parquet as pq

from adapters.allowance import Allowance
from adapters.hubspot import frames, query, search
from adapters.hubspot.estimate import Done
from adapters.hubspot.export_file import ExportFile
from adapters.hubspot.exports import Export, UnavailableError, require_whole
from adapters.hubspot.fields import Fields
from adapters.hubspot.http import Portal
from adapters.hubspot.jobs import Waiting
from adapters.hubspot.reading import OF_THE_STAGE, PRIMARY_COMPANY, Reading, Readings, schema
from adapters.hubspot.rows import arrow_schema
from adapters.hubspot.settings import Settings
from connector.crm import ID, FieldType, Pulled, PullRequest
from connector.errors import CrmRequestError

_log = logging.getLogger(__name__)

FEW = 5_000
"""Up to so many records are read page by page: an export takes a minute, and HubSpot grants thirty a day."""
LOOK_BACK = timedelta(minutes=10)
"""HubSpot's search lags behind its records, by seconds as a rule."""

Method = Literal["auto", "rest", "bulk"]


@dataclass(slots=True)
class Tally:
    """What was read of one object.

    Attributes:
        rows: of the result.
        records: of HubSpot's.
        merged: loser's id -> survivor's id.
        dropped: keys of records that were read and are not in the result; counted in incremental reads alone.
    """

    rows: int = 0
    records: int = 0
    merged: dict[str, str] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Puller:
    """Reads records of one portal.

    Attributes:
        portal: where to read.
        fields: its properties.
        settings: its pipelines and time zone.
        time_zone: in which moments become days.
        allowance: of the daily API calls.
        method: by list and search, by export, or by whatever suits the number of records.
        waiting: how to wait for an export.
        batch_rows: how many listed records are held in memory at once.
        done: how objects were read in this session.
        counts: number of records (or of those that count) by object, as far as it was asked for.
    """

    portal: Portal
    fields: Fields
    settings: Settings
    time_zone: str
    allowance: Allowance
    method: Method = "auto"
    waiting: Waiting = field(default_factory=Waiting)
    batch_rows: int = frames.BATCH_ROWS
    done: dict[str, Done] = field(default_factory=dict)
    counts: dict[str, int | None] = field(default_factory=dict)

    def incremental(self, request: PullRequest) -> bool:
        """See `connector.crm.Crm.incremental`."""
        return self.obstacle(request) is None

    def obstacle(self, request: PullRequest) -> str | None:
        """Why changes alone cannot be read, None if they can.

        A new or removed association leaves a record's stamp as it is: children can be continued only if their
        company is a property of their own.
        """
        if request.object not in ("accounts", "opportunities"):
            return "HubSpot does not stamp a record when its companies change"
        (reading,) = self._readings().of(request)
        if reading.company is not None and reading.primary is None:
            return f"their company is told by associations alone, not by {PRIMARY_COMPANY}"
        own = self.fields.of(reading.name)
        if reading.stamp not in own:
            return f"the key does not see {reading.stamp}"
        computed = {
            name for name in reading.properties if name in own and own[name].calculated
        } - OF_THE_STAGE
        if computed:
            return f"HubSpot computes {', '.join(sorted(computed))} without stamping the record"
        return None

    def pull(self, request: PullRequest, folder: Path) -> Pulled:
        """See `connector.crm.Crm.pull`.

        Every record comes, whatever the request's conditions: HubSpot filters in searches only, which lag behind
        its records. The caller tests again anyway.
        """
        readings = self._readings().of(request)
        kinds = self._readings().kinds(request, [reading.name for reading in readings])
        began = self.portal.session.clock.now()
        if request.since is not None and self.incremental(request):
            pulled = self._changes(request, readings[0], kinds, folder, request.since)
            if pulled is not None:
                return pulled
        return self._everything(request, readings, kinds, folder, began)

    def _readings(self) -> Readings:
        return Readings(self.fields, self.settings, self.time_zone)

    def _everything(
        self,
        request: PullRequest,
        readings: list[Reading],
        kinds: Mapping[str, FieldType],
        folder: Path,
        began: datetime | None,
    ) -> Pulled:
        types = schema(readings[0], kinds)
        paths: list[Path] = []
        merged: dict[str, str] = {}
        rows = 0
        for reading in readings:
            writer = _Writer(
                frames.Finisher(self.portal, reading, kinds, list(types), self.time_zone),
                types,
                folder / f"{reading.name}.parquet",
            )
            tally = self._whole(reading, writer)
            paths.append(writer.path)
            merged |= tally.merged
            rows += tally.rows
        return Pulled(
            request.object, tuple(paths), types, rows, merged=merged, until=began, key=readings[0].key
        )

    def _whole(self, reading: Reading, writer: _Writer) -> Tally:
        """All records of one object."""
        self.allowance.require(f"read {reading.name}")
        many = self.method == "bulk" or (self.method == "auto" and self._large())
        if reading.filled is not None and not many:
            found = self._filled(reading, writer)
            if found is not None:
                return found
        if many or (self.method == "auto" and (self._count(reading.name) or 0) > FEW):
            try:
                return self._exported(reading, writer)
            except UnavailableError as error:
                _log.warning(
                    "HubSpot gives no export of %s: %s. It is read page by page instead, 100 records a call.",
                    reading.name,
                    error,
                )
        pages = query.records(
            self.portal, reading.name, reading.properties, companies=reading.company is not None
        )
        pages = self._allowed(reading.name, pages)
        tally = writer(frames.of_records(pages, reading, told=True, rows=self.batch_rows))
        self.done[reading.name] = Done("list", tally.records)
        return tally

    def _filled(self, reading: Reading, writer: _Writer) -> Tally | None:
        """The records that count alone, by search; None if they are so many that an export is better."""
        assert reading.filled is not None
        try:
            total, pages = search.filled(self.portal, reading.name, reading.filled, reading.properties)
            if total > FEW and self.method == "auto":
                self.counts[reading.name] = total
                return None
            pages = self._allowed(reading.name, pages)
            tally = writer(frames.of_records(pages, reading, told=False, rows=self.batch_rows))
        except search.UnreliableError as error:
            _log.warning("HubSpot's search of %s cannot be relied on, all are read: %s", reading.name, error)
            return None
        self.done[reading.name] = Done("search", tally.records)
        return tally

    def _allowed(self, name: str, pages: Iterable[list[query.Record]]) -> Iterator[list[query.Record]]:
        """The pages, until today's calls are used up; whoever asks for them has asked for the first one's call."""
        for page in pages:
            yield page
            self.allowance.require(f"read {name}")

    def _large(self) -> bool:
        """Whether the portal has so many companies that everything in it is worth an export: one call tells it."""
        return (self._count("companies") or 0) > FEW

    def _count(self, name: str) -> int | None:
        """How many records the token sees, None for an object that cannot be counted; asked once."""
        if name not in self.counts:
            try:
                self.counts[name] = query.total(self.portal, name)
            except CrmRequestError:
                self.counts[name] = None
        return self.counts[name]

    def _exported(self, reading: Reading, writer: _Writer) -> Tally:
        path = writer.path.with_suffix(".export")
        try:
            announced = Export(self.portal, reading, self.waiting).fetch(path)
            file = ExportFile(path, reading, self.fields, self.settings.time_zone)
            tally = writer(file.frames())
            if not file.ordered and (twice := file.twice()):
                _log.warning("HubSpot's export of %s held %d records twice", reading.name, len(twice))
                tally = writer(file.frames(twice))
            require_whole(announced, tally.records)
            self.done[reading.name] = Done("export", tally.records)
            return tally
        finally:
            path.unlink(missing_ok=True)

    def _changes(
        self,
        request: PullRequest,
        reading: Reading,
        kinds: Mapping[str, FieldType],
        folder: Path,
        since: datetime,
    ) -> Pulled | None:
        """What changed; None if it must, or had better, be read as a whole."""
        began = self.portal.session.clock.now()
        types = schema(reading, kinds)
        finisher = frames.Finisher(self.portal, reading, kinds, list(types), self.time_zone)
        writer = _Writer(finisher, types, folder / f"{reading.name}.parquet", drops=True)
        since -= LOOK_BACK
        self.allowance.require(f"read {reading.name}")
        try:
            total, pages = search.changed(self.portal, reading.name, reading.stamp, since, reading.properties)
            if total > FEW and self.method != "rest":
                _log.info("%d %s have changed, all are exported", total, reading.name)
                self.counts.setdefault(reading.name, total)  # at least
                return None
            most = None if self.method == "rest" else FEW // query.PAGE
            archived = query.archived(self.portal, reading.name, since, most)
            if archived is None:
                _log.info("so many %s were archived of late that all are exported instead", reading.name)
                return None
            pages = self._allowed(reading.name, pages)
            tally = writer(frames.of_records(pages, reading, told=False, rows=self.batch_rows))
        except search.UnreliableError as error:
            _log.warning("HubSpot's search of %s cannot be relied on, all are read: %s", reading.name, error)
            writer.path.unlink(missing_ok=True)
            return None
        self.done[reading.name] = Done("changes", tally.records)
        self.counts.pop(reading.name, None)  # to be asked now
        gone = tally.dropped.union(archived, tally.merged)
        return Pulled(
            request.object,
            (writer.path,),
            types,
            tally.rows,
            deleted=tuple(sorted(gone - writer.kept)),
            merged=tally.merged,
            complete=False,
            until=began,
            total=self._count(reading.name),
            key=reading.key,
        )


class _Writer:
    """Writes frames of texts as typed rows to one Parquet file; each call begins anew."""

    def __init__(
        self, finisher: frames.Finisher, types: Mapping[str, FieldType], path: Path, *, drops: bool = False
    ) -> None:
        self.path = path
        self.kept: set[str] = set()
        self._finisher = finisher
        self._arrow = arrow_schema(types)
        self._drops = drops

    def __call__(self, texts: Iterable[pl.DataFrame]) -> Tally:
        tally = Tally()
        self.kept.clear()
        key = self._finisher.reading.key
        with pq.ParquetWriter(self.path, self._arrow) as writer:
            for each in texts:
                frame = self._finisher(each)
                writer.write_table(frame.to_arrow().cast(self._arrow))
                tally.records += len(each)
                tally.rows += len(frame)
                tally.merged |= frames.merged(each)
                if self._drops:
                    kept = set(frame[key].to_list())
                    self.kept |= kept
                    tally.dropped |= set(each[ID].to_list()) - kept
        return tally
