"""record: what a run leaves behind for the next one, for reports, and for whoever wants to undo it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from connector.mapping.model import Mapping
from connector.overrides import Ignored
from connector.quality import Quality
from connector.reference import References
from connector.store import Memory


def remember(
    memory: Memory,
    run: int,
    accounts: pl.DataFrame,
    references: References,
    first_seen: pa.Table | None,
    quality: Iterable[Quality] = (),
    ignored: Sequence[Ignored] = (),
) -> None:
    """Keep the zones and reference values of a run that has passed the brakes, before it writes.

    A run that dies while it writes leaves half of its zones in the CRM. The next one of the same day must start from
    what this one started from and measure with the same reference values, or it would not complete it.
    """
    memory.folder(run).mkdir(parents=True, exist_ok=True)
    accounts.write_parquet(memory.planned(run))
    _sync_to_disk(memory.planned(run))
    if first_seen is not None and first_seen.num_rows:
        pq.write_table(first_seen, memory.first_seen(run))
        _sync_to_disk(memory.first_seen(run))
    memory.keep_quality(run, [note.note for note in quality])
    if ignored:
        memory.keep_ignored(run, [one.as_json() for one in ignored])
    memory.keep_references(run, references.quarter, references.fresh)


def record(memory: Memory, run: int, mapping: Mapping, unwritten: Collection[str]) -> Path:
    """Turn the plan into the snapshot: where the CRM took no new values, it holds the old ones.

    Args:
        memory: where the run keeps its files.
        run: its number.
        mapping: its targets.
        unwritten: ids of the accounts whose change did not reach the CRM.

    Returns:
        Parquet file with every account after `diff`, ``written:<key>`` as the CRM stores it now.
    """
    planned, snapshot = memory.planned(run), memory.snapshot(run)
    if unwritten:
        held = pl.col("id").is_in(list(unwritten))
        kept = [
            pl.when(held)
            .then(pl.col(f"now:{key}"))
            .otherwise(pl.col(f"written:{key}"))
            .alias(f"written:{key}")
            for key in mapping.write.targets
        ]
        corrected = snapshot.with_suffix(".tmp")
        pl.scan_parquet(planned).with_columns(kept).sink_parquet(corrected)
        _sync_to_disk(corrected)
        corrected.replace(snapshot)
        planned.unlink()
    else:
        planned.replace(snapshot)
    return snapshot


def _sync_to_disk(file: Path) -> None:
    with file.open("rb") as handle:
        os.fsync(handle.fileno())
