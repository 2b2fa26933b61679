"""What a run leaves for the next ones: reference values, zones, first-seen ratings, the snapshot of all accounts.

Figures are in the database, rows per account in Parquet files under ``<folder>/<connection>/runs/<run>/``:

    planned.parquet      every account after `diff`, while the run writes
    accounts.parquet     the same with what the CRM really took, once the run is closed
    first_seen.parquet   since when undated ratings have their value
    quality.json         what was missing or odd in the data: message and count
    ignored.json         what people have set by hand without effect
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Engine, delete, insert, select

from connector.reference import Reference, References
from connector.store.database import packed, unpacked
from connector.store.schema import references, runs
from connector.tables import History

QUALITY = "quality.json"
IGNORED = "ignored.json"
ZONES = ("zone", "zone_since", "segment", "segment_since")


class Memory:
    """What the store remembers of one connection's accounts."""

    def __init__(self, engine: Engine, folder: Path, connection: str) -> None:
        self._engine = engine
        self._folder = folder / connection
        self._connection = connection

    def folder(self, run: int) -> Path:
        """Where a run keeps its files; it need not exist."""
        return self._folder / "runs" / str(run)

    def planned(self, run: int) -> Path:
        """Accounts of a run that is under way."""
        return self.folder(run) / "planned.parquet"

    def snapshot(self, run: int) -> Path:
        """Accounts of a closed run."""
        return self.folder(run) / "accounts.parquet"

    def first_seen(self, run: int) -> Path:
        """Since when undated ratings have their value."""
        return self.folder(run) / "first_seen.parquet"

    def keep_quality(self, run: int, notes: Sequence[Mapping[str, object]]) -> None:
        """Keep what was missing or odd in the data that a run has read."""
        (self.folder(run) / QUALITY).write_text(json.dumps(list(notes)), encoding="utf-8")

    def quality(self, run: int) -> list[dict[str, Any]]:
        """What was missing or odd in the data that a run has read: ``message`` and ``count``."""
        file = self.folder(run) / QUALITY
        found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
        return found

    def keep_ignored(self, run: int, ignored: Sequence[Mapping[str, object]]) -> None:
        """Keep what people had set by hand without effect."""
        (self.folder(run) / IGNORED).write_text(json.dumps(list(ignored)), encoding="utf-8")

    def ignored(self, run: int) -> list[dict[str, Any]]:
        """What people had set by hand without effect: the attributes of `connector.overrides.Ignored`."""
        file = self.folder(run) / IGNORED
        found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
        return found

    def latest_snapshot(self) -> tuple[int, Path] | None:
        """The latest closed run that left a snapshot, and the file."""
        query = select(runs.c.id).where(runs.c.connection == self._connection, runs.c.passed)
        with self._engine.connect() as connection:
            for run in connection.scalars(query.order_by(runs.c.id.desc())):
                if (file := self.snapshot(run)).exists():
                    return run, file
        return None

    def history(self, as_of: date) -> History:
        """What a run of this day starts from.

        A second run on a day starts from what the first one of that day started from, so that repeating a run
        repeats its result; else from where the latest run of an earlier day left the accounts. A run that died
        while it wrote counts too: it had passed the brakes, and half of its zones are in the CRM.
        """
        query = select(runs.c.id, runs.c.as_of).where(runs.c.connection == self._connection, runs.c.passed)
        with self._engine.connect() as connection:
            passed = list(connection.execute(query.order_by(runs.c.as_of, runs.c.id)))
        earlier = [row for row in passed if row.as_of <= as_of]
        with_file = [
            (row.id, row.as_of, file) for row in earlier if (file := self._zones_file(row.id)) is not None
        ]
        same_day = [(file, "from_") for _, day, file in with_file if day == as_of]
        before = [(file, "") for _, day, file in with_file if day < as_of]
        start = same_day[0] if same_day else before[-1] if before else None
        seen = [file for run, _, _ in with_file if (file := self.first_seen(run)).exists()]
        return History(
            zones=None if start is None else _zones(*start),
            first_seen=pq.read_table(seen[-1]) if seen else None,
            first_run=not passed,
        )

    def references(self, quarter: str, *, refresh: bool = False) -> References:
        """The reference values of a fiscal quarter; `refresh`: none, so that all are computed anew."""
        if refresh:
            return References(quarter)
        query = select(references).where(
            references.c.connection == self._connection, references.c.quarter == quarter
        )
        with self._engine.connect() as connection:
            rows = list(connection.execute(query))
        return References(quarter, {row.key: Reference(row.fingerprint, unpacked(row.value)) for row in rows})

    def keep_references(self, run: int, quarter: str, fresh: Mapping[str, Reference]) -> None:
        """Store what a run computed; a value whose fingerprint changed replaces the old one."""
        if not fresh:
            return
        same = (references.c.connection == self._connection, references.c.quarter == quarter)
        rows = [
            {
                "connection": self._connection,
                "quarter": quarter,
                "key": key,
                "fingerprint": reference.fingerprint,
                "value": packed(reference.table),
                "run": run,
            }
            for key, reference in fresh.items()
        ]
        with self._engine.begin() as connection:
            for key in fresh:
                connection.execute(delete(references).where(*same, references.c.key == key))
            connection.execute(insert(references), rows)

    def _zones_file(self, run: int) -> Path | None:
        return next((file for file in (self.snapshot(run), self.planned(run)) if file.exists()), None)


def _zones(file: Path, prefix: str) -> pa.Table:
    """id, zone, zone_since, segment, segment_since of a snapshot, or what its run started from."""
    columns = {f"{prefix}{name}": name for name in ZONES}
    start = next(iter(columns))
    rows = pl.scan_parquet(file).filter(pl.col(start).is_not_null()).select("id", *columns).rename(columns)
    table: pa.Table = rows.collect().to_arrow()
    return table
