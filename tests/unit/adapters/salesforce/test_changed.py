"""Incremental reads: what changed, what is gone, and what cannot be read that way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import responses

from adapters.salesforce import SalesforceCrm
from adapters.sandbox import Sandbox
from connector.crm import ID, Condition, Pulled, PullRequest
from tests.unit.adapters.salesforce.conftest import DATA, Opener

FIELDS = ("Name", "Industry")
LONG_AGO = timedelta(hours=1)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """An org of its own: these tests delete."""
    with Sandbox(crms=("salesforce",), accounts=120, seed=8) as running:
        yield running


def ids(sandbox: Sandbox, name: str = "Account") -> list[str]:
    return [row["Id"] for row in sandbox.dump("salesforce", name) if not row["IsDeleted"]]


def settle(sandbox: Sandbox) -> None:
    """Nothing has changed lately: every stamp is older than an incremental read looks back."""
    moment = (datetime.now(UTC) - LONG_AGO).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    for name in ("Account", "Opportunity", "Task", "Event"):
        table = sandbox.world.database
        table.execute(f'UPDATE "sf_{name}" SET SystemModstamp = ?', (moment,))


def pull(crm: SalesforceCrm, request: PullRequest, folder: Path) -> tuple[Pulled, pl.DataFrame]:
    folder.mkdir()
    pulled = crm.pull(request, folder)
    return pulled, pl.read_parquet(list(pulled.paths))


@pytest.mark.parametrize("method", ["rest", "bulk", "auto"])
def test_changed_created_deleted_and_merged_accounts(
    sandbox: Sandbox, opened: Opener, tmp_path: Path, method: str
) -> None:
    settle(sandbox)
    crm = opened(load_method=method)
    where = ((Condition("Industry", "equals", "No such industry"),),)
    request = PullRequest("accounts", FIELDS, where=where)
    assert crm.incremental(request)
    whole, rows = pull(crm, request, tmp_path / "whole")
    assert (whole.complete, len(rows)) == (True, 0)
    assert whole.until is not None
    changed, deleted, loser, survivor = ids(sandbox)[:4]
    sandbox.edit("salesforce", "Account", changed, {"Name": "Renamed"})
    made = sandbox.edit("salesforce", "Account", None, {"Name": "New"})
    sandbox.edit("salesforce", "Account", deleted, delete=True)
    sandbox.edit("salesforce", "Account", loser, {"IsDeleted": True, "MasterRecordId": survivor})
    part, rows = pull(crm, PullRequest("accounts", FIELDS, where=where, since=whole.until), tmp_path / "part")
    assert not part.complete
    assert {row[ID]: row["Name"] for row in rows.to_dicts()} == {changed: "Renamed", made: "New"}
    assert set(part.deleted) == {deleted, loser}
    assert part.merged == {loser: survivor}
    assert part.rows == 2
    assert part.schema == whole.schema
    assert list(rows.columns) == list(part.schema)
    assert part.until is not None
    assert part.until >= whole.until


def test_a_chain_of_merges_leads_to_who_is_left(sandbox: Sandbox, opened: Opener, tmp_path: Path) -> None:
    settle(sandbox)
    first, second, third = ids(sandbox)[:3]
    sandbox.edit("salesforce", "Account", first, {"IsDeleted": True, "MasterRecordId": second})
    sandbox.edit("salesforce", "Account", second, {"IsDeleted": True, "MasterRecordId": third})
    part, _ = pull(opened(), PullRequest("accounts", FIELDS, since=datetime.now(UTC)), tmp_path / "part")
    assert part.merged == {first: third, second: third}


def test_a_task_that_is_opened_again_is_gone(sandbox: Sandbox, opened: Opener, tmp_path: Path) -> None:
    settle(sandbox)
    crm = opened()
    request = PullRequest("activities", ("Subject",))
    assert crm.incremental(request)
    whole, rows = pull(crm, request, tmp_path / "whole")
    done = [
        row["Id"] for row in sandbox.dump("salesforce", "Task") if row["IsClosed"] and not row["IsDeleted"]
    ]
    event = ids(sandbox, "Event")[0]
    assert {done[0], done[1], event} <= set(rows[ID])
    sandbox.edit("salesforce", "Task", done[0], {"IsClosed": False})
    sandbox.edit("salesforce", "Task", done[1], {"Subject": "Changed"})
    sandbox.edit("salesforce", "Event", event, delete=True)
    part, rows = pull(crm, PullRequest("activities", ("Subject",), since=whole.until), tmp_path / "part")
    assert set(part.deleted) == {done[0], event}
    assert rows[ID].to_list() == [done[1]]


def test_a_moment_longer_ago_than_the_recycle_bin_reads_everything(
    sandbox: Sandbox, opened: Opener, tmp_path: Path
) -> None:
    since = datetime.now(UTC) - timedelta(days=20)
    part, rows = pull(opened(), PullRequest("opportunities", (), since=since), tmp_path / "part")
    assert part.complete
    assert sorted(rows[ID]) == sorted(ids(sandbox, "Opportunity"))


def test_our_own_clock_does_not_matter(sandbox: Sandbox, opened: Opener, tmp_path: Path) -> None:
    crm = opened()
    moved = sandbox.world.today + timedelta(days=3)
    before = sandbox.world.today
    sandbox.move_to(moved)
    try:
        whole, _ = pull(crm, PullRequest("opportunities", ()), tmp_path / "whole")
        assert whole.until is not None
        assert whole.until.date() == moved
    finally:
        sandbox.move_to(before)


CALCULATED = {"name": "Health__c", "type": "double", "calculated": True, "filterable": True}
PLAIN = [{"name": name, "type": kind} for name, kind in (("Id", "id"), ("SystemModstamp", "datetime"))]
DELETABLE = [*PLAIN, {"name": "IsDeleted", "type": "boolean"}, {"name": "Name", "type": "string"}]
OWNER = {"name": "OwnerId", "type": "reference", "relationshipName": "Owner", "referenceTo": ["User"]}


@pytest.mark.parametrize(
    ("fields", "where", "possible"),
    [
        (("Name",), (), True),
        (("Name", "RecordType.DeveloperName"), (), True),
        (("Health__c",), (), False),
        (("Name",), ((Condition("Health__c", "above", 3),),), False),
        (("Owner.Name",), (), False),
        (("LastActivityDate",), (), False),
    ],
)
def test_what_changes_without_a_stamp_is_read_whole(
    answers: responses.RequestsMock,
    crm: SalesforceCrm,
    fields: tuple[str, ...],
    where: Any,
    *,
    possible: bool,
) -> None:
    answers.get(f"{DATA}/sobjects/Account/describe", json={"fields": [*DELETABLE, CALCULATED, OWNER]})
    assert crm.incremental(PullRequest("accounts", fields, where=where)) is possible


def test_roles_are_read_whole(crm: SalesforceCrm) -> None:
    assert not crm.incremental(PullRequest("contact_roles", ()))


def test_an_object_without_stamps_is_read_whole(answers: responses.RequestsMock, crm: SalesforceCrm) -> None:
    answers.get(f"{DATA}/sobjects/Case/describe", json={"fields": PLAIN})
    assert not crm.incremental(PullRequest("cases", ()))


def test_a_cursor_that_is_lost_goes_on_behind_the_last_record(
    answers: responses.RequestsMock, crm: SalesforceCrm, tmp_path: Path
) -> None:
    """What changed in between comes again; the newer one counts."""
    answers.get(
        f"{DATA}/sobjects/Account/describe",
        json={"fields": DELETABLE},
        headers={"Date": "Tue, 24 Nov 2026 10:00:00 GMT"},
    )
    more = "/services/data/v64.0/query/01gA-2"

    def record(key: str, name: str, second: int) -> dict[str, Any]:
        stamp = f"2026-11-24T09:00:0{second}.000+0000"
        return {"Id": key, "Name": name, "SystemModstamp": stamp, "IsDeleted": False}

    first = {"totalSize": 3, "done": False, "nextRecordsUrl": more}
    answers.get(f"{DATA}/queryAll/", json={**first, "records": [record("1", "a", 1), record("2", "b", 2)]})
    lost = [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}]
    answers.get(f"https://acme.my.salesforce.com{more}", json=lost, status=400)
    rest = [record("3", "c", 2), record("1", "z", 4)]
    answers.get(f"{DATA}/queryAll/", json={"totalSize": 2, "done": True, "records": rest})
    since = datetime(2026, 11, 24, 9, tzinfo=UTC)
    part, rows = pull(crm, PullRequest("accounts", ("Name",), since=since), tmp_path / "part")
    assert dict(rows.select(ID, "Name").iter_rows()) == {"2": "b", "3": "c", "1": "z"}
    assert part.until == datetime(2026, 11, 24, 10, tzinfo=UTC)
    asked = [call.request.params["q"] for call in answers.calls if "queryAll" in call.request.url]  # type: ignore[attr-defined]
    assert asked[0].endswith("WHERE SystemModstamp >= 2026-11-24T08:45:00Z ORDER BY SystemModstamp, Id")
    assert asked[1].endswith(
        "WHERE (SystemModstamp >= 2026-11-24T08:45:00Z) AND (SystemModstamp > 2026-11-24T09:00:02.000Z OR "
        "(SystemModstamp = 2026-11-24T09:00:02.000Z AND Id > '2')) ORDER BY SystemModstamp, Id"
    )
