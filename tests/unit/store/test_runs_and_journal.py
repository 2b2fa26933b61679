from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest

from connector.crm import ID, RESULT_SCHEMA
from connector.store import NightTakenError, Status, Store
from tests.unit.store.conftest import Opened

DAY = date(2026, 11, 24)


def changes(*ids: str) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {ID: list(ids), "F": ["new"] * len(ids), "send:F": [True] * len(ids), "was:F": ["old"] * len(ids)}
    )


def results(**outcomes: str) -> pa.RecordBatch:
    rows = [
        {
            ID: key,
            "outcome": outcome,
            "code": None,
            "message": None if outcome == "written" else "no",
            "fields": None,
        }
        for key, outcome in outcomes.items()
    ]
    return pa.RecordBatch.from_pylist(rows, schema=RESULT_SCHEMA)


def test_a_run_is_opened_and_closed(store: Store) -> None:
    run = store.runs.begin(DAY, "abc")
    assert (run.status, run.as_of, run.passed, run.ended) == (Status.RUNNING, DAY, False, None)
    assert datetime.now(UTC) - run.started < timedelta(minutes=1)
    store.runs.passed(run.id)
    ended = store.runs.end(run.id, Status.DONE, counts={"accounts": 7}, calls={"GET x": 2}, minimum=2)
    assert (ended.status, ended.passed, ended.counts, ended.calls) == (
        Status.DONE,
        True,
        {"accounts": 7},
        {"GET x": 2},
    )
    assert ended.ended is not None
    assert ended.ended >= run.started


def test_runs_come_latest_first_and_only_ones_own(opened: Opened) -> None:
    acme, portal = opened("acme"), opened("portal")
    first, second = acme.runs.begin(DAY, ""), acme.runs.begin(DAY, "")
    other = portal.runs.begin(DAY, "")
    assert [run.id for run in acme.runs.all()] == [second.id, first.id]
    assert [run.id for run in acme.runs.all(limit=1)] == [second.id]
    with pytest.raises(KeyError):
        acme.runs.get(other.id)


def test_the_last_completed_run_is_one_that_wrote_all_it_could(store: Store) -> None:
    assert store.runs.last_completed() is None
    partial = store.runs.begin(DAY, "")
    store.runs.end(partial.id, Status.PARTIAL, counts={}, calls={})
    failed = store.runs.begin(DAY, "")
    store.runs.end(failed.id, Status.FAILED, counts={}, calls={}, error="out")
    last = store.runs.last_completed()
    assert last is not None
    assert last.id == partial.id


def test_a_night_is_run_once_per_connection(opened: Opened) -> None:
    acme = opened("acme")
    assert not acme.runs.had(DAY)
    acme.runs.begin(DAY, "", night=DAY)
    assert acme.runs.had(DAY)
    opened("portal").runs.begin(DAY, "", night=DAY)
    acme.runs.begin(DAY, "")
    acme.runs.begin(DAY, "", night=DAY + timedelta(days=1))
    with pytest.raises(NightTakenError):
        acme.runs.begin(DAY, "", night=DAY)


def test_a_run_whose_process_died_shows_as_interrupted(store: Store) -> None:
    run = store.runs.begin(DAY, "")
    with store.lock():
        assert store.history_of_runs()[0].status is Status.RUNNING
    assert store.history_of_runs()[0].status is Status.INTERRUPTED
    store.runs.begin(DAY, "")
    buried = store.runs.get(run.id)
    assert buried.status is Status.INTERRUPTED
    assert buried.ended is not None
    assert buried.error is not None


def test_batches_keep_their_before_values_and_results(store: Store) -> None:
    run = store.runs.begin(DAY, "").id
    journal = store.journal.of(run)
    journal.settle(journal.intend(changes("1", "2")), results(**{"1": "written", "2": "rejected"}))
    journal.intend(changes("3"))
    first, second = store.journal.batches(run)
    assert (first.state, second.state) == ("settled", "intended")
    assert first.changes.column("was:F").to_pylist() == ["old", "old"]
    assert first.results is not None
    assert first.results.column("outcome").to_pylist() == ["written", "rejected"]
    assert second.results is None
    assert store.journal.unsettled(run) == 1
    assert journal.written() == 1
    assert store.journal.refusals(run).column(ID).to_pylist() == ["2"]


def test_batches_in_hand_are_unknown_after_an_end(store: Store) -> None:
    died = store.runs.begin(DAY, "").id
    store.journal.of(died).intend(changes("1", "2"))
    assert store.unsettled() == 2
    failed = store.runs.begin(DAY, "").id
    assert store.journal.batches(died)[0].state == "unknown"
    journal = store.journal.of(failed)
    journal.intend(changes("3"))
    journal.abandon()
    assert store.journal.batches(failed)[0].state == "unknown"


def test_an_empty_journal_has_no_refusals(store: Store) -> None:
    run = store.runs.begin(DAY, "").id
    assert store.journal.refusals(run).num_rows == 0
    assert store.journal.of(run).written() == 0
    assert store.unsettled() == 0
