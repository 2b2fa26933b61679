from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import requests

from adapters.hubspot import HubspotCrm
from adapters.sandbox.server import Sandbox
from connector.crm import ID, Pulled, PullRequest
from tests.unit.adapters.hubspot.conftest import Open
from tests.unit.adapters.hubspot.scripted import Answer, Asked, Scripted

ACCOUNTS = PullRequest("accounts", ("name", "numberofemployees", "lifecyclestage"))
DEALS = PullRequest("opportunities", ("amount", "dealstage", "closedate"), account="primary_company")
LATER = datetime(2030, 1, 1, tzinfo=UTC)


class Nights:
    """Reads of one object, night after night, each into a folder of its own."""

    def __init__(self, folder: Path, request: PullRequest) -> None:
        self.folder = folder
        self.request = request
        self.count = 0

    def read(self, crm: HubspotCrm, since: datetime | None = None) -> tuple[Pulled, pl.DataFrame]:
        self.count += 1
        place = self.folder / f"{self.request.object}-{self.count}"
        place.mkdir(parents=True)
        pulled = crm.pull(replace(self.request, since=since), place)
        return pulled, pl.read_parquet(pulled.paths)


def applied(before: pl.DataFrame, pulled: Pulled, changes: pl.DataFrame) -> pl.DataFrame:
    gone = [*pulled.deleted, *changes[pulled.key].to_list()]
    assert not set(pulled.deleted) & set(changes[pulled.key])
    return pl.concat([before.filter(~pl.col(pulled.key).is_in(gone)), changes]).sort(ID)


def live(portal: Sandbox, name: str) -> list[str]:
    return [row["id"] for row in portal.dump("hubspot", name) if row["state"] == "live"]


def call(portal: Sandbox, method: str, path: str, body: object = None) -> Any:
    headers = {"Authorization": "Bearer sandbox-admin-token"}
    answer = requests.request(method, portal.url + path, json=body, headers=headers, timeout=30)
    answer.raise_for_status()
    return answer.json() if answer.content else None


@pytest.mark.parametrize("version", ["v3", "2026-09"])
def test_changes_applied_to_an_earlier_read_give_what_a_whole_read_gives(
    own_portal: Sandbox, opened: Open, tmp_path: Path, version: str
) -> None:
    crm = opened(own_portal.url, api_version=version)
    nights, deals = Nights(tmp_path, ACCOUNTS), Nights(tmp_path, DEALS)
    assert crm.incremental(ACCOUNTS)
    assert crm.incremental(DEALS)
    first, accounts = nights.read(crm)
    first_deals, opportunities = deals.read(crm)
    assert first.complete
    assert first.until is not None

    ids, deal_ids = live(own_portal, "companies"), live(own_portal, "deals")
    own_portal.edit("hubspot", "companies", ids[0], {"numberofemployees": "7"})
    own_portal.edit("hubspot", "companies", ids[1], delete=True)
    new = own_portal.edit("hubspot", "companies", None, {"name": "Newcomer"})
    call(
        own_portal,
        "POST",
        "/crm/v3/objects/companies/merge",
        {"primaryObjectId": ids[2], "objectIdToMerge": ids[3]},
    )
    own_portal.edit("hubspot", "deals", deal_ids[0], {"dealstage": "closedwon"})
    own_portal.edit("hubspot", "deals", deal_ids[1], delete=True)
    own_portal.edit("hubspot", "deals", None, {"dealname": "New", "associations.companies": new})

    again = opened(own_portal.url, api_version=version)
    changed, rows = nights.read(again, first.until)
    _, whole = nights.read(again)
    assert not changed.complete
    assert 0 < changed.rows < 10
    assert applied(accounts, changed, rows).equals(whole.sort(ID))
    assert {ids[1], ids[3]} <= set(changed.deleted)
    survivor = changed.merged[ids[3]]
    assert survivor in set(rows[ID])

    changed, rows = deals.read(again, first_deals.until)
    _, whole = deals.read(again)
    assert not changed.complete
    assert applied(opportunities, changed, rows).equals(whole.sort(ID))
    assert set(changed.deleted) == {deal_ids[1]}


def test_a_deal_that_left_its_pipeline_is_gone(own_portal: Sandbox, opened: Open, tmp_path: Path) -> None:
    crm = opened(own_portal.url)
    nights = Nights(tmp_path, replace(DEALS, pipelines=("default",)))
    first, before = nights.read(crm)
    deal = before[ID][0]
    own_portal.edit("hubspot", "deals", deal, {"pipeline": "98720000", "dealstage": "98720001"})
    changed, rows = nights.read(crm, first.until)
    assert (set(changed.deleted), rows.is_empty()) == ({deal}, True)


def test_what_the_index_did_not_know_yet_is_seen_by_the_next_read(
    own_portal: Sandbox, opened: Open, tmp_path: Path
) -> None:
    crm = opened(own_portal.url)
    nights = Nights(tmp_path, ACCOUNTS)
    first, accounts = nights.read(crm)
    own_portal.configure("hubspot", "behaviour", search_lag_seconds=600.0)
    key = live(own_portal, "companies")[0]
    own_portal.edit("hubspot", "companies", key, {"numberofemployees": "7"})
    second, rows = nights.read(crm, first.until)
    assert key not in set(rows[ID])
    own_portal.configure("hubspot", "behaviour", search_lag_seconds=0.0)
    own_portal.edit("hubspot", "companies", key, {"numberofemployees": "8"})
    _, rows = nights.read(crm, second.until)
    assert dict(rows.select(ID, "numberofemployees").iter_rows()) == {key: 8.0}
    assert accounts.filter(pl.col(ID) == key)["numberofemployees"][0] != 8.0


def test_a_read_looks_back_further_than_the_last_one_reached(
    own_portal: Sandbox, opened: Open, tmp_path: Path
) -> None:
    crm = opened(own_portal.url)
    nights = Nights(tmp_path, ACCOUNTS)
    key = live(own_portal, "companies")[0]
    own_portal.edit("hubspot", "companies", key, {"numberofemployees": "7"})
    first, _ = nights.read(crm)
    _, rows = nights.read(crm, first.until)
    assert set(rows[ID]) == {key}
    _, rows = nights.read(crm, first.until + timedelta(minutes=11) if first.until else None)
    assert rows.is_empty()


def test_many_changes_are_read_as_a_whole_where_an_export_is_cheaper(
    own_portal: Sandbox, opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.hubspot.pull.FEW", 10)
    old = datetime(2000, 1, 1, tzinfo=UTC)
    for method, complete in (("auto", True), ("bulk", True), ("rest", False)):
        crm = opened(own_portal.url, load_method=method)
        pulled, rows = Nights(tmp_path / method, ACCOUNTS).read(crm, old)
        assert pulled.complete is complete
        assert len(rows) == len(live(own_portal, "companies"))


@pytest.mark.parametrize(
    "request_",
    [
        PullRequest("contact_roles", ()),
        PullRequest("cases", ()),
        PullRequest("orders", ()),
        PullRequest("activities", ()),
        replace(DEALS, account="any_company"),
        replace(ACCOUNTS, fields=("hs_num_open_deals",)),
    ],
    ids=lambda each: f"{each.object}-{each.account}",
)
def test_what_changes_without_a_stamp_is_read_as_a_whole(
    own_portal: Sandbox, opened: Open, tmp_path: Path, request_: PullRequest
) -> None:
    crm = opened(own_portal.url)
    assert not crm.incremental(request_)
    pulled, _ = Nights(tmp_path, request_).read(crm, LATER)
    assert pulled.complete
    assert pulled.rows


def test_a_portal_without_the_primary_company_as_a_property_is_read_as_a_whole(
    server: Scripted, opened: Open
) -> None:
    names = ("pipeline", "dealstage", "hs_lastmodifieddate")
    server.on("/properties/deals", Answer({"results": [{"name": name, "type": "string"} for name in names]}))
    server.on("/pipelines/deals", Answer({"results": []}))
    assert not opened(server.url).incremental(PullRequest("opportunities", ()))


STAMP = {"name": "hs_lastmodifieddate", "label": "Modified", "type": "datetime"}
WHY = {"name": "kpm_why", "label": "Why", "type": "string"}


def companies(server: Scripted) -> None:
    server.on("/properties/companies", Answer({"results": [STAMP, WHY]}))
    server.on("/objects/companies", listed)


def listed(asked: Asked) -> Answer:
    if asked.query["archived"] == ["true"]:
        old = {"id": "70", "archivedAt": "2026-01-01T00:00:00Z"}
        new = {"id": "80", "archivedAt": "2026-11-24T05:00:00.123Z"}
        return Answer({"results": [old, new, {"id": "90"}]})
    return Answer({"results": [{"id": "1", "properties": {"kpm_why": "listed"}}]})


@pytest.mark.parametrize(
    "answers",
    [
        [Answer({"total": 5, "results": []})],
        [Answer({"message": "no", "category": "VALIDATION_ERROR"}, 400)],
        [
            Answer({"total": 201, "results": [{"id": str(n), "properties": {}} for n in range(1, 201)]}),
            Answer({"total": 1, "results": [{"id": "7", "properties": {}}]}),
        ],
    ],
)
def test_a_search_that_cannot_be_relied_on_is_replaced_by_a_whole_read(
    server: Scripted, opened: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture, answers: list[Answer]
) -> None:
    companies(server)
    server.on("/companies/search", *answers)
    crm = opened(server.url, load_method="rest")
    request = PullRequest("accounts", ("kpm_why",))
    pulled, rows = Nights(tmp_path, request).read(crm, datetime(2026, 11, 24, 4, tzinfo=UTC))
    assert pulled.complete
    assert rows.select(ID, "kpm_why").rows() == [("1", "listed")]
    assert "cannot be relied on" in caplog.text


def test_only_what_was_archived_since_then_is_named(server: Scripted, opened: Open, tmp_path: Path) -> None:
    companies(server)
    server.on(
        "/companies/search", Answer({"total": 1, "results": [{"id": "5", "properties": {"kpm_why": "x"}}]})
    )
    crm = opened(server.url, load_method="rest")
    request = PullRequest("accounts", ("kpm_why",))
    pulled, rows = Nights(tmp_path, request).read(crm, datetime(2026, 11, 24, 4, tzinfo=UTC))
    assert (pulled.complete, pulled.deleted, rows[ID].to_list()) == (False, ("80", "90"), ["5"])


def test_until_is_hubspots_own_clock(server: Scripted, opened: Open, tmp_path: Path) -> None:
    companies(server)
    date = {"Date": "Tue, 24 Nov 2026 04:30:00 GMT"}
    server.on("/properties/companies", Answer({"results": [STAMP, WHY]}, headers=date))
    pulled, _ = Nights(tmp_path, PullRequest("accounts", ("kpm_why",))).read(
        opened(server.url, load_method="rest")
    )
    assert pulled.until is not None
    assert timedelta(0) <= pulled.until - datetime(2026, 11, 24, 4, 30, tzinfo=UTC) < timedelta(seconds=30)


def test_the_basis_follows_pipelines_and_rates(own_portal: Sandbox, opened: Open) -> None:
    one, other = opened(own_portal.url), opened(own_portal.url, access_token="sandbox-admin-token")
    assert one.basis(DEALS) == opened(own_portal.url).basis(DEALS)
    assert one.basis(DEALS) != one.basis(ACCOUNTS)
    assert one.basis(ACCOUNTS) != other.basis(ACCOUNTS)  # another user may see other records
    assert "closedwon" in one.basis(DEALS)
    assert "CHF" in one.basis(DEALS)


@pytest.mark.parametrize(("method", "complete"), [("bulk", True), ("auto", True), ("rest", False)])
def test_a_full_recycle_bin_is_not_paged_through_where_an_export_is_cheaper(
    own_portal: Sandbox,
    opened: Open,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    *,
    complete: bool,
) -> None:
    crm = opened(own_portal.url, load_method=method)
    nights = Nights(tmp_path, ACCOUNTS)
    first, _ = nights.read(crm)
    monkeypatch.setattr("adapters.hubspot.pull.FEW", 99)
    for key in live(own_portal, "companies")[:3]:
        own_portal.edit("hubspot", "companies", key, delete=True)
    changed, rows = nights.read(crm, first.until)
    assert changed.complete is complete
    assert (len(rows) == len(live(own_portal, "companies"))) is complete
