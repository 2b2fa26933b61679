"""A family is rated as one: from the pull to the writes, on the in-memory CRM."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connector.crm import ACCOUNT, ID
from connector.mapping import Mapping, parse
from connector.reports.explain import explain, family_of
from connector.reports.matrix_chart import Thresholds
from connector.store import Store
from connector.sync import Outcome, sync
from tests.contract.fake import FakeCrm
from tests.unit.rehearsal import LENIENT, MAPPING, provisioned, store_in

TODAY = date(2026, 1, 31)
TOP, CHILD, GRANDCHILD, PROSPECT = "00100001", "00100002", "00100003", "00100004"
CARRIED = {"KPM_Segment__c", "KPM_Campaigns__c", "KPM_Why__c"}


@pytest.fixture
def mapping() -> Mapping:
    text = MAPPING.replace("[portfolio]", '[portfolio]\nlevel = "ultimate_parent"')
    text = text.replace('size = "NumberOfEmployees"', 'size = "NumberOfEmployees"\nparent = "ParentId"')
    override = '[override]\nsegment = "KPM_Override__c"\n'
    return parse(text.replace("[write]", f"{override}[write]"), "m.toml")[0]


@pytest.fixture
def crm(mapping: Mapping) -> FakeCrm:
    found = provisioned(mapping)
    for child, parent in ((CHILD, TOP), (GRANDCHILD, CHILD), (PROSPECT, TOP)):
        account(found, child)["ParentId"] = parent
    account(found, PROSPECT)["Type"] = "Prospect"
    return found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with store_in(tmp_path) as opened:
        yield opened


def account(crm: FakeCrm, key: str) -> dict[str, Any]:
    return next(one for one in crm.org.records["accounts"] if one[ID] == key)


def held(crm: FakeCrm, mapping: Mapping, key: str) -> dict[str, Any]:
    return {
        name: value
        for name in mapping.write.targets.values()
        if (value := account(crm, key).get(name)) is not None
    }


def rows(outcome: Outcome) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in pl.read_parquet(outcome.snapshot).iter_rows(named=True)}


def test_the_records_count_for_the_top_and_the_others_carry_its_zone(
    crm: FakeCrm, store: Store, mapping: Mapping
) -> None:
    sums = dict.fromkeys((TOP, CHILD, GRANDCHILD, PROSPECT), 0.0)
    for deal in crm.org.records["opportunities"]:
        if deal[ACCOUNT] in sums and deal["@won"] and deal["CloseDate"] > TODAY - timedelta(days=365):
            sums[deal[ACCOUNT]] += deal["Amount"] or 0
    outcome = sync(crm, store, mapping, TODAY, LENIENT)
    found = rows(outcome)
    assert sums[CHILD] > 0
    assert found[TOP]["own"] == round(100 * sum(sums.values()))
    assert [found[key]["member"] for key in (TOP, CHILD, GRANDCHILD, PROSPECT)] == [True, False, False, False]
    top = held(crm, mapping, TOP)
    assert len(top) > len(CARRIED)
    for key in (CHILD, GRANDCHILD, PROSPECT):
        assert held(crm, mapping, key) == {name: top[name] for name in CARRIED & set(top)}
        assert found[key]["change"] == "first"
    assert outcome.run.counts["portfolio"] == sum(row["member"] for row in found.values())
    assert sync(crm, store, mapping, TODAY + timedelta(days=1), LENIENT).written.written == 0


def test_heirs_follow_their_top(crm: FakeCrm, store: Store, mapping: Mapping) -> None:
    sync(crm, store, mapping, TODAY, LENIENT)
    before = held(crm, mapping, TOP)["KPM_Segment__c"]
    other = "retreat" if before != "retreat" else "protect"
    account(crm, TOP)["KPM_Override__c"] = other
    account(crm, CHILD)["KPM_Override__c"] = "develop"
    moved = sync(crm, store, mapping, TODAY + timedelta(days=1), LENIENT)
    assert {held(crm, mapping, key)["KPM_Segment__c"] for key in (TOP, CHILD, GRANDCHILD, PROSPECT)} == {
        other
    }
    assert held(crm, mapping, CHILD)["KPM_Why__c"].endswith("Set manually in the CRM: no reason given.")
    assert {key: row["change"] for key, row in rows(moved).items() if row["change"]} == {
        TOP: "moved", CHILD: "updated", GRANDCHILD: "updated", PROSPECT: "updated",
    }  # fmt: skip
    (ignored,) = moved.preview.ignored
    assert (ignored.account, TOP in ignored.cause) == (CHILD, True)

    account(crm, TOP)["Type"] = "Prospect"  # the rule is asked of the top
    sync(crm, store, mapping, TODAY + timedelta(days=2), LENIENT)
    assert [held(crm, mapping, key) for key in (TOP, CHILD, GRANDCHILD, PROSPECT)] == [{}] * 4


def test_who_leaves_the_family_stands_for_itself(crm: FakeCrm, store: Store, mapping: Mapping) -> None:
    sync(crm, store, mapping, TODAY, LENIENT)
    account(crm, CHILD)["ParentId"] = None
    found = rows(sync(crm, store, mapping, TODAY + timedelta(days=1), LENIENT))
    assert (found[CHILD]["member"], found[CHILD]["top"], found[CHILD]["head"]) == (True, CHILD, True)
    assert (found[GRANDCHILD]["top"], found[PROSPECT]["top"]) == (CHILD, TOP)
    assert held(crm, mapping, GRANDCHILD)["KPM_Why__c"] == held(crm, mapping, CHILD)["KPM_Why__c"]


def test_a_circle_is_told(crm: FakeCrm, store: Store, mapping: Mapping) -> None:
    account(crm, TOP)["ParentId"] = GRANDCHILD
    outcome = sync(crm, store, mapping, TODAY, LENIENT)
    found = rows(outcome)
    assert [found[key]["top"] for key in (TOP, CHILD, GRANDCHILD)] == [TOP, CHILD, GRANDCHILD]
    assert any(
        "lead back to themselves" in note.message.en and note.count == 3 for note in outcome.preview.quality
    )


def test_kept_where_results_are_kept(crm: FakeCrm, store: Store, mapping: Mapping) -> None:
    keep = mapping.model_copy(update={"portfolio": mapping.portfolio.model_copy(update={"on_leave": "keep"})})
    sync(crm, store, keep, TODAY, LENIENT)
    assert set(held(crm, keep, CHILD)) == CARRIED & set(held(crm, keep, TOP))


def test_explain_shows_the_family(crm: FakeCrm, store: Store, mapping: Mapping) -> None:
    accounts = pl.read_parquet(sync(crm, store, mapping, TODAY, LENIENT).snapshot)
    by_id = {row["id"]: row for row in accounts.iter_rows(named=True)}
    borders = Thresholds(50, 50)
    child = explain(by_id[CHILD], mapping, borders, {}, url=None, family=family_of(by_id[CHILD], accounts))
    top = explain(by_id[TOP], mapping, borders, {}, url=None, family=family_of(by_id[TOP], accounts))
    assert child["family"] == top["family"]
    assert (child["family"]["top"], child["family"]["accounts"]) == (TOP, 4)
    assert [id_ for id_, _ in child["family"]["named"]] == [CHILD, GRANDCHILD, PROSPECT]
    assert (child["member"], child["segment"], child["why"]) == (False, top["segment"], top["why"])
    assert child["written"]["potential"] is None
    alone = by_id["00100005"]
    assert family_of(alone, accounts) is None
    assert family_of(alone, accounts.drop("top")) is None
