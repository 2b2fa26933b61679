from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from connector.config import SyncLimits
from connector.crm import ACCOUNT, ID, Crm, Job, JobLog
from connector.errors import BrakeError, ConfigError, CrmTemporaryError, ExitCode, StageError, SyncLockedError
from connector.mapping import Mapping
from connector.store import NightTakenError, Status, Store
from connector.sync import Outcome, Silent, StoppedError, preview, sync
from tests.contract.fake import FakeCrm, Fault, small_portfolio
from tests.unit.rehearsal import LENIENT, MAPPING, held, mapping_of, provisioned, store_in

TODAY = date(2026, 1, 31)
ACCOUNTS = 40
CUSTOMERS = 30


@pytest.fixture
def mapping() -> Mapping:
    return mapping_of()


@pytest.fixture
def crm(mapping: Mapping) -> FakeCrm:
    return provisioned(mapping, ACCOUNTS)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with store_in(tmp_path) as opened:
        yield opened


@pytest.fixture
def run(crm: FakeCrm, store: Store, mapping: Mapping) -> Callable[..., Outcome]:
    def once(with_crm: Crm = crm, by: Mapping = mapping, on: date = TODAY, **options: Any) -> Outcome:
        return sync(with_crm, store, by, on, options.pop("limits", LENIENT), **options)

    return once


def written(outcome: Outcome, mapping: Mapping) -> dict[str, dict[str, Any]]:
    """What the snapshot says that the CRM holds, where it holds anything."""
    keys = list(mapping.write.targets)
    rows = pl.read_parquet(outcome.snapshot).with_columns(pl.col("written:segment_since").cast(pl.Date))
    found = {row["id"]: {key: row[f"written:{key}"] for key in keys} for row in rows.iter_rows(named=True)}
    return {
        id_: values for id_, values in found.items() if any(value is not None for value in values.values())
    }


def test_a_preview_changes_nothing(crm: FakeCrm, store: Store, mapping: Mapping, tmp_path: Path) -> None:
    found = preview(crm, store, mapping, TODAY)
    assert found.changes == {"first": CUSTOMERS}
    assert found.to_write == CUSTOMERS
    assert found.first_run
    assert found.rows == {"accounts": CUSTOMERS, "opportunities": 80, "contact_roles": 40}
    assert found.thresholds == {"potential": 50, "attractiveness": 50}
    assert held(crm.org, mapping) == {}
    assert store.runs.all() == []
    assert store.memory.references(found.references.quarter).stored == {}
    assert found.references.fresh
    assert list((tmp_path / "kpm-data" / "acme").iterdir()) == []


def test_a_preview_works_before_provisioning(store: Store, mapping: Mapping) -> None:
    crm = FakeCrm(small_portfolio(ACCOUNTS))
    assert preview(crm, store, mapping, TODAY).changes == {"first": CUSTOMERS}
    with pytest.raises(StageError, match="KPM_") as caught:
        sync(crm, store, mapping, TODAY, LENIENT)
    assert (caught.value.stage, caught.value.written) == ("pull", 0)
    assert caught.value.exit_code is ExitCode.REQUEST


def test_a_sync_writes_what_its_snapshot_says(
    run: Callable[..., Outcome], crm: FakeCrm, mapping: Mapping
) -> None:
    outcome = run()
    assert outcome.exit_code is ExitCode.OK
    assert outcome.run.status is Status.DONE
    assert outcome.written.written == CUSTOMERS
    found = held(crm.org, mapping)
    assert len(found) == CUSTOMERS
    assert found == written(outcome, mapping)
    assert outcome.run.counts["portfolio"] == CUSTOMERS
    assert outcome.run.calls["write"] == 3
    assert outcome.run.minimum == outcome.preview.estimate.minimum
    assert outcome.refusals.num_rows == 0


def test_a_second_sync_writes_nothing(run: Callable[..., Outcome], crm: FakeCrm) -> None:
    run()
    writes = crm.org.writes.copy()
    again = run()
    assert again.preview.to_write == 0
    assert again.run.status is Status.DONE
    assert crm.org.writes == writes
    assert not again.preview.first_run


def test_the_files_of_a_run_are_its_snapshot_alone(run: Callable[..., Outcome], tmp_path: Path) -> None:
    run()
    left = sorted(path.name for path in (tmp_path / "kpm-data").rglob("*") if path.is_file())
    assert set(left) <= {"accounts.parquet", "first_seen.parquet", "quality.json"}
    assert "accounts.parquet" in left
    assert not list((tmp_path / "kpm-data" / "acme").glob("tmp-*"))


def test_one_changed_opportunity_changes_its_account_alone(run: Callable[..., Outcome], crm: FakeCrm) -> None:
    run()
    before = crm.org.writes.copy()
    deal = next(
        one for one in crm.org.records["opportunities"] if one["@account"] == "00100005" and one["@won"]
    )
    deal["Amount"] = 9_000_000.0
    run()
    assert crm.org.writes - before == {"00100005": 1}


def test_the_journal_holds_the_before_value_of_every_change(
    run: Callable[..., Outcome], store: Store, crm: FakeCrm
) -> None:
    run()
    account = next(one for one in crm.org.records["accounts"] if one[ID] == "00100001")
    computed = account["KPM_Segment__c"]
    account["KPM_Segment__c"] = "unrated" if computed != "unrated" else "protect"
    by_hand = account["KPM_Segment__c"]
    outcome = run()
    assert account["KPM_Segment__c"] == computed
    [batch] = store.journal.batches(outcome.run.id)
    assert batch.state == "settled"
    assert batch.changes.column("was:KPM_Segment__c").to_pylist() == [by_hand]


def test_stages_are_told_in_order(run: Callable[..., Outcome]) -> None:
    class Watcher:
        def __init__(self) -> None:
            self.stages: list[str] = []
            self.last = (0, 0)

        def stage(self, name: str) -> None:
            self.stages.append(name)

        def advance(self, done: int, total: int) -> None:
            self.last = (done, total)

    watcher = Watcher()
    run(progress=watcher)
    line = [
        "settle",
        "pull",
        "map",
        "score",
        "segment",
        "campaign",
        "word",
        "diff",
        "remember",
        "write",
        "record",
    ]
    assert watcher.stages == line
    assert watcher.last == (CUSTOMERS, CUSTOMERS)


def test_a_job_of_a_killed_run_is_ended_before_anything_is_read(
    run: Callable[..., Outcome], crm: FakeCrm, store: Store
) -> None:
    store.jobs.opened(Job("750A", "salesforce ingest"))
    read: list[str] = []

    class Watcher(Silent):
        def stage(self, name: str) -> None:
            if name == "pull":
                read.extend(job.id for job in store.jobs.left_open())

    run(progress=Watcher())
    assert crm.settled == ["750A"]
    assert read == []


def test_what_was_known_of_a_merged_account_follows_its_survivor(
    run: Callable[..., Outcome], crm: FakeCrm, store: Store, mapping: Mapping
) -> None:
    before = {row["id"]: row for row in run().preview.accounts.select("id", "zone").to_dicts()}
    accounts = crm.org.records["accounts"]
    loser, survivor = accounts[5], accounts[4]
    assert (loser["Type"], survivor["Type"]) == ("Customer", "Prospect")
    accounts.remove(loser)
    survivor |= {"Type": "Customer"}
    crm.org.merged[loser[ID]] = survivor[ID]
    for name in ("opportunities", "contact_roles"):
        for record in crm.org.records[name]:
            record[ACCOUNT] = survivor[ID] if record[ACCOUNT] == loser[ID] else record[ACCOUNT]
    sync(crm, store, mapping, TODAY + timedelta(days=1), LENIENT)
    crm.org.merged.clear()  # the CRM has emptied its recycle bin
    third = sync(crm, store, mapping, TODAY + timedelta(days=1), LENIENT).preview
    assert third.merged[loser[ID]] == survivor[ID]
    inherited = third.accounts.filter(pl.col("id") == survivor[ID]).to_dicts()[0]
    assert inherited["from_zone"] == before[loser[ID]]["zone"]


def test_two_syncs_of_a_connection_do_not_run_at_once(run: Callable[..., Outcome], store: Store) -> None:
    with store.lock(), pytest.raises(SyncLockedError):
        run()
    assert store.runs.all() == []


def test_the_scheduler_gets_one_run_a_night(run: Callable[..., Outcome]) -> None:
    run(night=TODAY)
    with pytest.raises(NightTakenError):
        run(night=TODAY)
    run()


def test_a_rejected_change_is_no_error_and_is_tried_again(
    run: Callable[..., Outcome], crm: FakeCrm, mapping: Mapping
) -> None:
    accounts = crm.org.records["accounts"]
    gone = accounts[1]

    def deleted_meanwhile() -> bool:
        if gone in accounts and crm.calls["read"]:
            accounts.remove(gone)
        return False

    outcome = run(stop=deleted_meanwhile)
    assert outcome.refusals.select([ID, "outcome"]).to_pylist() == [{ID: gone[ID], "outcome": "rejected"}]
    assert outcome.exit_code is ExitCode.PARTIAL
    assert outcome.run.status is Status.PARTIAL
    assert (outcome.run.counts["written"], outcome.run.counts["rejected"]) == (CUSTOMERS - 1, 1)
    assert held(crm.org, mapping) == written(outcome, mapping)
    accounts.append(gone)
    assert run().written.written == 1
    assert run().preview.to_write == 0


def test_what_the_quota_leaves_is_done_by_the_next_run(crm: FakeCrm, run: Callable[..., Outcome]) -> None:
    outcome = run(FakeCrm(crm.org, quota_left=2))
    assert (outcome.written.written, outcome.written.deferred) == (20, 10)
    assert outcome.run.status is Status.PARTIAL
    assert run().written.written == 10


def test_a_stop_finishes_the_batch_and_the_next_run_does_the_rest(
    run: Callable[..., Outcome], crm: FakeCrm, mapping: Mapping
) -> None:
    outcome = run(stop=lambda: crm.calls["write"] == 2)
    assert (outcome.written.written, outcome.written.unsent) == (20, 10)
    assert outcome.run.status is Status.STOPPED
    assert outcome.exit_code is ExitCode.PARTIAL
    assert held(crm.org, mapping) == written(outcome, mapping)
    assert run().written.written == 10


def test_a_stop_before_the_first_batch_writes_nothing(
    run: Callable[..., Outcome], crm: FakeCrm, store: Store, mapping: Mapping
) -> None:
    with pytest.raises(StoppedError):
        run(stop=lambda: crm.calls["read"] > 0)
    assert held(crm.org, mapping) == {}
    assert store.runs.all()[0].status is Status.STOPPED
    assert run().preview.first_run


def test_a_lost_connection_ends_the_run_and_the_next_one_completes_it(
    run: Callable[..., Outcome], crm: FakeCrm, store: Store, mapping: Mapping
) -> None:
    def out_after_two_batches() -> bool:
        if crm.calls["write"] == 2:
            crm.faults.append(Fault("unavailable", 1_000))
        return False

    with pytest.raises(StageError) as caught:
        run(stop=out_after_two_batches)
    error = caught.value
    assert (error.stage, error.written, error.exit_code) == ("write", 20, ExitCode.TEMPORARY)
    assert isinstance(error.__cause__, CrmTemporaryError)
    assert f"Run {error.run_id} stopped at write" in str(error)
    assert "20 changes had reached the CRM" in str(error)
    failed = store.runs.get(error.run_id)
    assert failed.status is Status.FAILED
    assert failed.counts["written"] == 20
    assert [batch.state for batch in store.journal.batches(failed.id)] == ["settled", "settled", "unknown"]
    crm.faults.clear()
    assert preview(crm, store, mapping, TODAY).unsettled == 10
    outcome = run()
    assert outcome.preview.unsettled == 10
    assert outcome.written.written == 10
    assert run().preview.to_write == 0


def test_a_second_interrupt_ends_at_once_and_is_recorded(
    run: Callable[..., Outcome], crm: FakeCrm, store: Store
) -> None:
    def impatient() -> bool:
        if crm.calls["write"] == 1:
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        run(stop=impatient)
    last = store.runs.all()[0]
    assert (last.status, last.counts["written"]) == (Status.STOPPED, 10)
    assert run().written.written == CUSTOMERS - 10


def test_a_store_that_breaks_off_ends_the_run(
    run: Callable[..., Outcome], crm: FakeCrm, store: Store
) -> None:
    def broken() -> bool:
        if crm.calls["write"] == 1:
            with store._engine.begin() as session:
                session.exec_driver_sql("DROP TABLE kpm_journal")
        return False

    with pytest.raises(StageError, match="is in the journal, which cannot be reached now") as caught:
        run(stop=broken)
    assert caught.value.exit_code is ExitCode.INTERNAL
    assert crm.calls["write"] == 1, "nothing leaves that is not journalled"


KILLED = """
import os, pickle, signal, sys
from pathlib import Path
from tests.unit.test_sync import Dying, TODAY
from tests.unit.rehearsal import LENIENT, mapping_of, store_in
from connector.sync import sync
folder = Path(sys.argv[1])
crm = Dying(pickle.loads((folder / "org").read_bytes()))
crm.folder, crm.moment = folder, sys.argv[2]
with store_in(folder) as store:
    sync(crm, store, mapping_of(), TODAY, LENIENT)
"""


class Dying(FakeCrm):
    """Keeps its data in a file, and kills the process in the middle of a write."""

    folder: Path
    moment: str

    def write(self, batches: Iterable[pa.RecordBatch], total: int, jobs: JobLog) -> Iterator[pa.RecordBatch]:
        for number, batch in enumerate(batches):
            if number == 1 and self.moment == "before the answer":
                self._die()
            for results in super().write([batch], total, jobs):
                (self.folder / "org").write_bytes(pickle.dumps(self.org))
                if number == 1 and self.moment == "after the work":
                    self._die()
                yield results
            if number == 1 and self.moment == "between batches":
                self._die()

    def _die(self) -> None:
        signal.raise_signal(signal.SIGKILL)


@pytest.mark.parametrize(
    ("moment", "reached", "unsettled"),
    [("before the answer", 10, 10), ("after the work", 20, 10), ("between batches", 20, 0)],
)
def test_a_killed_sync_is_completed_by_the_next(
    tmp_path: Path, mapping: Mapping, moment: str, reached: int, unsettled: int
) -> None:
    (tmp_path / "org").write_bytes(pickle.dumps(provisioned(mapping, ACCOUNTS).org))
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), moment], check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    crm = FakeCrm(pickle.loads((tmp_path / "org").read_bytes()))  # noqa: S301 - our own file
    assert len(held(crm.org, mapping)) == reached
    with store_in(tmp_path) as store:
        assert store.history_of_runs()[0].status is Status.INTERRUPTED
        batches = [batch.changes.select([ID, "was:KPM_Segment__c"]) for batch in store.journal.batches(1)]
        changed = {row[ID]: row["was:KPM_Segment__c"] for batch in batches for row in batch.to_pylist()}
        assert set(held(crm.org, mapping)) <= set(changed)
        assert set(changed.values()) == {None}
        outcome = sync(crm, store, mapping, TODAY, SyncLimits())
        assert outcome.preview.unsettled == unsettled
        assert outcome.written.written == CUSTOMERS - reached
        assert held(crm.org, mapping) == written(outcome, mapping)
        assert store.runs.get(1).status is Status.INTERRUPTED
        assert sync(crm, store, mapping, TODAY, SyncLimits()).preview.to_write == 0


def test_half_the_accounts_missing_stops_the_run(
    run: Callable[..., Outcome], crm: FakeCrm, store: Store, mapping: Mapping
) -> None:
    run()
    before = held(crm.org, mapping)
    everything = crm.org.records["accounts"]
    crm.org.records["accounts"] = everything[::2]
    with pytest.raises(BrakeError) as caught:
        run(limits=SyncLimits(), on=TODAY + timedelta(days=1))
    assert caught.value.brake == "max_shrink_share"
    crm.org.records["accounts"] = everything
    assert held(crm.org, mapping) == before
    stopped = store.runs.all()[0]
    assert (stopped.status, stopped.passed) == (Status.FAILED, False)
    assert "max_shrink_share" in (stopped.error or "")


def test_an_edited_mapping_that_moves_too_many_stops_unless_accepted(
    run: Callable[..., Outcome], store: Store
) -> None:
    run(limits=SyncLimits())
    matrix = "[matrix]\nthreshold = { potential = 95, attractiveness = 95 }\nprotect_top_revenue = 0"
    harder = mapping_of(MAPPING + matrix)
    with pytest.raises(BrakeError) as caught:
        run(by=harder, limits=SyncLimits())
    assert caught.value.brake == "max_moved_share"
    assert caught.value.exit_code is ExitCode.BRAKE
    assert run(by=harder, limits=SyncLimits(), accept_movement=True).run.status is Status.DONE
    assert [one.passed for one in store.runs.all()] == [True, False, True]


def test_customers_who_leave_are_cleared_within_limits(
    run: Callable[..., Outcome], crm: FakeCrm, mapping: Mapping
) -> None:
    run()
    customers = [one for one in crm.org.records["accounts"] if one["Type"] == "Customer"]
    customers[0]["Type"] = "Former"
    assert run(limits=SyncLimits()).preview.changes.get("cleared") == 1
    assert len(held(crm.org, mapping)) == CUSTOMERS - 1
    for one in customers[1:5]:
        one["Type"] = "Former"
    with pytest.raises(BrakeError) as caught:
        run(limits=SyncLimits())
    assert caught.value.brake == "max_cleared_share"


def test_reference_values_are_frozen_for_the_quarter(
    run: Callable[..., Outcome], store: Store, crm: FakeCrm
) -> None:
    first = run()
    quarter = first.preview.references.quarter
    stored = store.memory.references(quarter).stored
    assert set(stored) == set(first.preview.references.fresh)
    for deal in crm.org.records["opportunities"]:
        deal["Amount"] = 1.0
    second = run()
    assert second.preview.references.fresh == {}


def test_a_campaigns_tag_comes_and_goes_with_the_syncs(
    run: Callable[..., Outcome], crm: FakeCrm, store: Store
) -> None:
    run()
    chosen = pa.table({"id": ["00100001", "00199999"]})
    campaign = store.campaigns.start(
        "access", "2099Q1", "2099Q1 Access", started=TODAY, ends=TODAY + timedelta(days=30), at_start=chosen
    )

    def tagged() -> dict[str, str]:
        accounts = crm.org.records["accounts"]
        return {
            one[ID]: one["KPM_Campaigns__c"] for one in accounts if one.get("KPM_Campaigns__c") is not None
        }

    run()
    assert tagged() == {"00100001": "2099Q1 Access"}
    assert store.campaigns.get(campaign.id).members == 1, "the merged member's place went to the survivor"
    store.campaigns.close(campaign.id, TODAY)
    run()
    assert tagged() == {}


def test_a_run_without_room_for_its_files_is_closed(run: Callable[..., Outcome], store: Store) -> None:
    folder = store.memory.folder(1).parents[1]
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file where a folder should be")
    with pytest.raises(ConfigError, match=r"^store\.folder: .* cannot be written"):
        run()
    (last,) = store.runs.all()
    assert last.status is Status.FAILED
    assert "cannot be written" in (last.error or "")
