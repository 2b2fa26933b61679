from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pyarrow as pa

from connector.reference import Reference, References
from connector.stages.record import record, remember
from connector.store import Store
from tests.unit.rehearsal import MAPPING, mapping_of, store_in

ACCOUNTS = pl.DataFrame(
    {
        "id": ["a", "b"],
        "now:segment": ["retreat", None],
        "written:segment": ["protect", "develop"],
        "now:why": [None, None],
        "written:why": ["because", "because"],
    },
    schema_overrides={"now:why": pl.String},
)
MAPPED = mapping_of(MAPPING.split("[write]")[0] + '[write]\nsegment = "KPM_Segment__c"\nwhy = "KPM_Why__c"\n')


def remembered(store: Store, first_seen: pa.Table | None = None) -> int:
    run = store.runs.begin(date(2026, 11, 24), "").id
    references = References("2026Q4", fresh={"peer_p80": Reference("v", pa.table({"value": [7.0]}))})
    remember(store.memory, run, ACCOUNTS, references, first_seen)
    return run


def test_zones_and_reference_values_are_kept_before_the_write(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        run = remembered(store)
        assert pl.read_parquet(store.memory.planned(run)).equals(ACCOUNTS)
        assert store.memory.references("2026Q4").stored["peer_p80"].table.to_pylist() == [{"value": 7.0}]
        assert not store.memory.first_seen(run).exists()


def test_first_seen_days_are_kept_if_there_are_any(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        seen = pa.table(
            {"id": ["a"], "rating": ["x:0"], "value": ["4"], "day": pa.array([20_000], pa.int32())}
        )
        assert store.memory.first_seen(remembered(store, seen)).exists()
        assert not store.memory.first_seen(remembered(store, seen.slice(1))).exists()


def test_the_snapshot_says_what_the_crm_holds(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        run = remembered(store)
        snapshot = pl.read_parquet(record(store.memory, run, MAPPED, {"a"}))
        assert snapshot.get_column("written:segment").to_list() == ["retreat", "develop"]
        assert snapshot.get_column("written:why").to_list() == [None, "because"]
        names = sorted(path.name for path in store.memory.folder(run).iterdir())
        assert names == ["accounts.parquet", "quality.json"]


def test_a_complete_run_keeps_its_plan_as_the_snapshot(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        run = remembered(store)
        assert pl.read_parquet(record(store.memory, run, MAPPED, frozenset())).equals(ACCOUNTS)
        assert not store.memory.planned(run).exists()
