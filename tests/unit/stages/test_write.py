from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from connector.crm import ID, FieldType, JobLog
from connector.errors import CrmTemporaryError
from connector.stages.write import Written, write
from tests.contract.fake import FakeCrm, Fault, Jobs
from tests.unit.rehearsal import mapping_of, provisioned

TYPES = {
    "KPM_Segment_Since__c": FieldType.DATE,
    "KPM_Potential__c": FieldType.NUMBER,
    "KPM_Why__c": FieldType.TEXT,
}
DAY = (date(2026, 11, 24) - date(1970, 1, 1)).days


class Notes:
    """A journal in memory that also hears what happens around it."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.intended: list[pa.RecordBatch] = []
        self.settled: dict[int, pa.RecordBatch] = {}

    def intend(self, batch: pa.RecordBatch) -> int:
        self.events.append(f"intend {len(self.intended)}")
        self.intended.append(batch)
        return len(self.intended) - 1

    def settle(self, number: int, results: pa.RecordBatch) -> None:
        self.events.append(f"settle {number}")
        self.settled[number] = results


class Listening(FakeCrm):
    """Notes when a batch leaves."""

    notes: Notes

    def write(self, batches: Iterable[pa.RecordBatch], total: int, jobs: JobLog) -> Iterator[pa.RecordBatch]:
        def passing() -> Iterator[pa.RecordBatch]:
            for batch in batches:
                self.notes.events.append(f"send {batch.num_rows}")
                yield batch

        return super().write(passing(), total, jobs)


def crm_with(notes: Notes) -> Listening:
    plain = provisioned(mapping_of())
    crm = Listening(plain.org)
    crm.notes = notes
    return crm


def changes(folder: Path, accounts: int, start: int = 0) -> Path:
    ids = [f"001{number:05}" for number in range(start, start + accounts)]
    columns: dict[str, list[object]] = {ID: [*ids]}
    for name, value in (("KPM_Segment_Since__c", DAY), ("KPM_Potential__c", 70), ("KPM_Why__c", "because")):
        columns |= {
            name: [value] * accounts,
            f"send:{name}": [True] * accounts,
            f"was:{name}": [None] * accounts,
        }
    days = dict.fromkeys(("KPM_Segment_Since__c", "was:KPM_Segment_Since__c"), pl.Int32)
    schema = {ID: pl.String, **days, "was:KPM_Potential__c": pl.Int64}
    file = folder / "changes.parquet"
    pl.DataFrame(columns, schema_overrides={**schema, "was:KPM_Why__c": pl.String}).write_parquet(
        file, row_group_size=7
    )
    return file


def test_each_batch_is_journalled_before_it_leaves_and_settled_after(tmp_path: Path) -> None:
    notes = Notes()
    crm = crm_with(notes)
    done = write(crm, changes(tmp_path, 25), TYPES, notes, Jobs())
    assert notes.events == [
        "intend 0",
        "send 10",
        "settle 0",
        "intend 1",
        "send 10",
        "settle 1",
        "intend 2",
        "send 5",
        "settle 2",
    ]
    assert done == Written(written=25)
    assert done.complete
    account = crm.org.records["accounts"][24]
    assert (account["KPM_Segment_Since__c"], account["KPM_Potential__c"]) == (date(2026, 11, 24), 70.0)


def test_batches_have_the_types_that_adapters_expect(tmp_path: Path) -> None:
    notes = Notes()
    write(crm_with(notes), changes(tmp_path, 3), TYPES, notes, Jobs())
    schema = notes.intended[0].schema
    assert schema.field(ID).type == pa.string()
    assert (
        schema.field("KPM_Segment_Since__c").type
        == schema.field("was:KPM_Segment_Since__c").type
        == pa.date32()
    )
    assert schema.field("KPM_Potential__c").type == schema.field("was:KPM_Potential__c").type == pa.float64()
    assert schema.field("send:KPM_Why__c").type == pa.bool_()


def test_nothing_to_write_makes_no_call(tmp_path: Path) -> None:
    notes = Notes()
    crm = crm_with(notes)
    assert write(crm, changes(tmp_path, 0), TYPES, notes, Jobs()) == Written()
    assert notes.events == []
    assert crm.calls["write"] == 0


def test_rejected_accounts_are_counted_and_named(tmp_path: Path) -> None:
    notes = Notes()
    done = write(crm_with(notes), changes(tmp_path, 4, start=38), TYPES, notes, Jobs())
    assert (done.written, done.rejected, done.deferred, done.unsent) == (2, 2, 0, 0)
    assert done.unwritten == {"00100040", "00100041"}
    assert not done.complete
    assert notes.settled[0].column("outcome").to_pylist() == ["written", "written", "rejected", "rejected"]


def test_the_quota_defers_the_rest(tmp_path: Path) -> None:
    crm = provisioned(mapping_of(), quota_left=1)
    done = write(crm, changes(tmp_path, 25), TYPES, Notes(), Jobs())
    assert (done.written, done.deferred) == (10, 15)
    assert len(done.unwritten) == 15


def test_a_stop_finishes_the_batch_in_hand(tmp_path: Path) -> None:
    notes = Notes()
    done = write(
        crm_with(notes), changes(tmp_path, 25), TYPES, notes, Jobs(), stop=lambda: len(notes.settled) == 1
    )
    assert notes.events == ["intend 0", "send 10", "settle 0"]
    assert (done.written, done.unsent) == (10, 15)
    assert done.unwritten == {f"001{number:05}" for number in range(10, 25)}


def test_an_error_leaves_the_batch_in_hand_unsettled(tmp_path: Path) -> None:
    notes = Notes()
    crm = crm_with(notes)
    file = changes(tmp_path, 25)

    def after_one_batch() -> bool:
        if len(notes.settled) == 1:
            crm.faults.append(Fault("unavailable", 100))
        return False

    with pytest.raises(CrmTemporaryError):
        write(crm, file, TYPES, notes, Jobs(), stop=after_one_batch)
    assert len(notes.intended) == 2
    assert list(notes.settled) == [0]


def test_progress_counts_accounts(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write(
        provisioned(mapping_of()),
        changes(tmp_path, 25),
        TYPES,
        Notes(),
        Jobs(),
        advance=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(0, 25), (10, 25), (20, 25), (25, 25)]
