"""What people set by hand, night after night, on the in-memory CRM."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connector.crm import ID
from connector.errors import MappingError
from connector.mapping import Mapping, read
from connector.store import Store
from connector.sync import Outcome, sync
from tests.contract.fake import FakeCrm
from tests.unit.rehearsal import LENIENT, MAPPING, provisioned, store_in

TODAY = date(2026, 1, 31)
OVERRIDE = """
[override]
segment = "KPM_Override__c"
owner = "KPM_Override_Owner__c"
reason = "KPM_Override_Reason__c"
expires = "KPM_Override_Until__c"
file = "overrides.csv"
"""
HEAD = "account,what,value,owner,reason,expires\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "overrides.csv").write_text(HEAD)
    (tmp_path / "mapping.toml").write_text(MAPPING + OVERRIDE)
    return tmp_path


@pytest.fixture
def mapping(folder: Path) -> Mapping:
    return read(folder / "mapping.toml")[0]


@pytest.fixture
def crm(mapping: Mapping) -> FakeCrm:
    return provisioned(mapping)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with store_in(tmp_path) as opened:
        yield opened


def account(crm: FakeCrm, key: str) -> dict[str, Any]:
    return next(one for one in crm.org.records["accounts"] if one[ID] == key)


def row(outcome: Outcome, key: str) -> dict[str, Any]:
    return pl.read_parquet(outcome.snapshot).row(by_predicate=pl.col("id") == key, named=True)


def test_set_seen_and_gone_again(crm: FakeCrm, store: Store, mapping: Mapping, folder: Path) -> None:
    key, scored = "00100001", "00100002"
    computed = row(sync(crm, store, mapping, TODAY, LENIENT), key)
    other = "retreat" if computed["zone"] != "retreat" else "protect"
    last = TODAY + timedelta(days=3)
    crm_side = {
        "KPM_Override__c": other,
        "KPM_Override_Owner__c": "Ann",
        "KPM_Override_Reason__c": "We know better",
    }
    account(crm, key).update(crm_side, KPM_Override_Until__c=last)
    rows = [f"{scored},access,7,Ben,Met the board,{last}", "x,size,1,,,"]
    (folder / "overrides.csv").write_text(HEAD + "\n".join(rows))

    first = sync(crm, store, mapping, TODAY + timedelta(days=1), LENIENT)
    held = account(crm, key)
    assert (held["KPM_Segment__c"], held["KPM_Segment_Since__c"]) == (other, TODAY + timedelta(days=1))
    assert "(manual)" in held["KPM_Why__c"]
    assert held["KPM_Why__c"].endswith("Set manually by Ann: We know better.")
    assert ": Decision makers 7 (manual). " in account(crm, scored)["KPM_Why__c"]
    assert account(crm, scored)["KPM_Why__c"].endswith("Set manually by Ben: Met the board.")
    assert row(first, scored)["score:access"] == 7
    assert [(each.account, each.place) for each in first.preview.ignored] == [("x", "overrides.csv, line 3")]

    quiet = sync(crm, store, mapping, TODAY + timedelta(days=2), LENIENT)
    assert quiet.written.written == 0

    again = sync(crm, store, mapping, last, LENIENT)  # through the last day
    assert (again.written.written, account(crm, key)["KPM_Segment__c"]) == (0, other)

    ended = sync(crm, store, mapping, last + timedelta(days=1), LENIENT)
    gone = [(each.account, each.what, each.place) for each in ended.preview.ignored if each.ended]
    assert gone == [(key, "segment", "KPM_Override__c"), (scored, "access", "overrides.csv, line 2")]
    kept = store.memory.ignored(ended.run.id)
    assert [one["cause"] for one in kept if one["ended"]] == [f"it ended on {last}"] * 2
    held = account(crm, key)
    assert held["KPM_Segment__c"] == computed["zone"]
    assert "manual" not in held["KPM_Why__c"] + account(crm, scored)["KPM_Why__c"]
    assert row(ended, key)["zone_since"] == computed["zone_since"]
    assert row(ended, scored)["override:access"] is None


def test_without_a_last_day_it_ends_a_year_after_it_was_first_seen(
    crm: FakeCrm, store: Store, mapping: Mapping
) -> None:
    account(crm, "00100001")["KPM_Override__c"] = "retreat"
    sync(crm, store, mapping, TODAY, LENIENT)
    for later, holds in ((200, True), (365, True), (366, False)):
        outcome = sync(crm, store, mapping, TODAY + timedelta(days=later), LENIENT)
        assert (row(outcome, "00100001")["override"] == "retreat") == holds


def test_what_is_set_and_cannot_be_read_stops_before_anything_is_read(
    crm: FakeCrm, store: Store, mapping: Mapping, folder: Path
) -> None:
    (folder / "overrides.csv").write_text("account;value\n")
    before = sum(crm.usage().calls.values())
    with pytest.raises(MappingError, match='lacks the column "what"'):
        sync(crm, store, mapping, TODAY, LENIENT)
    assert sum(crm.usage().calls.values()) == before
