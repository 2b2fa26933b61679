from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from connector.config import Store as Settings
from connector.errors import ConfigError
from connector.reference import Reference
from connector.store import Store
from tests.unit.store.conftest import Opened

MONDAY = date(2026, 11, 23)
TUESDAY = MONDAY + timedelta(days=1)


def snapshot(file: Path, zone: str, before: str | None = None, day: int = 1) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(
        {
            "id": ["a", "outside"],
            "zone": [zone, None],
            "zone_since": [day, None],
            "segment": [zone, None],
            "segment_since": [day, None],
            "from_zone": [before, None],
            "from_zone_since": [None, None],
            "from_segment": [before, None],
            "from_segment_since": [None, None],
        },
        schema_overrides={"from_zone": pl.String, "from_segment": pl.String, "from_zone_since": pl.Int32},
    ).write_parquet(file)


def run(store: Store, day: date, zone: str, before: str | None = None, *, closed: bool = True) -> int:
    key = store.runs.begin(day, "").id
    snapshot(store.memory.snapshot(key) if closed else store.memory.planned(key), zone, before)
    store.runs.passed(key)
    return key


def zones(store: Store, day: date) -> list[tuple[str, str]] | None:
    table = store.memory.history(day).zones
    if table is None:
        return None
    return list(zip(table.column("id").to_pylist(), table.column("zone").to_pylist(), strict=True))


def test_without_a_run_there_is_no_history(store: Store) -> None:
    history = store.memory.history(MONDAY)
    assert history.first_run
    assert history.zones is None
    assert history.first_seen is None


def test_the_latest_run_of_an_earlier_day_counts(store: Store) -> None:
    run(store, MONDAY - timedelta(days=1), "retreat")
    run(store, MONDAY, "protect")
    run(store, MONDAY, "develop")
    run(store, MONDAY - timedelta(days=1), "maintain")
    assert zones(store, TUESDAY) == [("a", "develop")]
    assert not store.memory.history(TUESDAY).first_run


def test_a_second_run_of_a_day_starts_where_the_first_one_started(store: Store) -> None:
    run(store, MONDAY, "protect")
    run(store, TUESDAY, "develop", before="protect")
    run(store, TUESDAY, "retreat", before="maintain")
    assert zones(store, TUESDAY) == [("a", "protect")]


def test_a_first_run_that_started_from_nothing_gives_nothing_to_the_second(store: Store) -> None:
    run(store, MONDAY, "protect")
    assert zones(store, MONDAY) == []
    assert not store.memory.history(MONDAY).first_run


def test_a_day_before_all_runs_has_no_zones_but_is_no_first_run(store: Store) -> None:
    run(store, TUESDAY, "protect")
    assert zones(store, MONDAY) is None
    assert not store.memory.history(MONDAY).first_run


def test_a_folder_that_cannot_be_written_is_named(settings: Settings, store: Store) -> None:
    place = settings.folder / "acme"
    place.write_text("a file where a folder should be")
    with pytest.raises(ConfigError, match=r"^store\.folder: .*acme cannot be written: File exists"):
        store.scratch()


def test_a_run_that_died_while_it_wrote_counts(store: Store) -> None:
    run(store, MONDAY, "protect", closed=False)
    assert zones(store, TUESDAY) == [("a", "protect")]


def test_a_run_that_a_brake_stopped_does_not_count(store: Store) -> None:
    key = store.runs.begin(MONDAY, "").id
    snapshot(store.memory.snapshot(key), "protect")
    assert zones(store, TUESDAY) is None
    assert store.memory.history(TUESDAY).first_run


def test_without_its_files_a_run_leaves_no_zones(store: Store) -> None:
    run(store, MONDAY, "protect")
    store.memory.snapshot(run(store, TUESDAY, "develop")).unlink()
    assert zones(store, TUESDAY + timedelta(days=1)) == [("a", "protect")]


def test_later_days_do_not_count(store: Store) -> None:
    run(store, TUESDAY, "protect")
    assert zones(store, MONDAY) is None


def test_first_seen_days_of_the_latest_run_are_kept(store: Store) -> None:
    table = pl.DataFrame({"id": ["a"], "rating": ["chemistry:0"], "value": ["4"], "day": [20_000]})
    for day, value in ((MONDAY, 1), (TUESDAY, 2)):
        key = run(store, day, "protect")
        table.with_columns(day=pl.lit(value, pl.Int32)).write_parquet(store.memory.first_seen(key))
    seen = store.memory.history(TUESDAY).first_seen
    assert seen is not None
    assert seen.column("day").to_pylist() == [2]
    earlier = store.memory.history(MONDAY).first_seen
    assert earlier is not None
    assert earlier.column("day").to_pylist() == [1]


def test_reference_values_are_kept_by_quarter(store: Store) -> None:
    key = store.runs.begin(MONDAY, "").id
    table = pa.table({"value": [0.25]})
    store.memory.keep_references(key, "2026Q4", {"rate:x:0": Reference("v1", table)})
    found = store.memory.references("2026Q4")
    assert found.figure("rate:x:0", "v1", lambda: 0.5) == 0.25
    assert found.fresh == {}
    assert found.figure("rate:x:0", "v2", lambda: 0.5) == 0.5
    store.memory.keep_references(key, "2026Q4", found.fresh)
    assert store.memory.references("2026Q4").stored["rate:x:0"].fingerprint == "v2"
    assert store.memory.references("2027Q1").stored == {}
    assert store.memory.references("2026Q4", refresh=True).stored == {}
    store.memory.keep_references(key, "2026Q4", {})


def test_reference_values_of_another_connection_are_not_seen(opened: Opened) -> None:
    acme, portal = opened("acme"), opened("portal")
    key = acme.runs.begin(MONDAY, "").id
    acme.memory.keep_references(key, "2026Q4", {"k": Reference("v", pa.table({"value": [1.0]}))})
    assert portal.memory.references("2026Q4").stored == {}


def test_folders_of_killed_processes_are_removed_after_a_day(store: Store) -> None:
    old, young = store.scratch(), store.scratch()
    (old / "pulled.parquet").write_text("")
    os.utime(old, (0, 0))
    third = store.scratch()
    assert not old.exists()
    assert young.exists()
    store.discard(third)
    assert not third.exists()


def test_the_latest_snapshot_is_that_of_a_closed_run(store: Store) -> None:
    assert store.memory.latest_snapshot() is None
    key = run(store, MONDAY, "protect")
    run(store, TUESDAY, "protect", closed=False)
    assert store.memory.latest_snapshot() == (key, store.memory.snapshot(key))
