from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from adapters.hubspot import HubspotCrm
from adapters.sandbox.server import Sandbox
from connector.crm import (
    ACCOUNT,
    CLOSED,
    CONTACT,
    CURRENCY,
    DATE,
    HOME_AMOUNT,
    ID,
    LAST_ACTIVITY,
    OPPORTUNITY,
    ROLE,
    STAGE_PROBABILITY,
    WON,
    FieldType,
    Pulled,
    PullRequest,
)
from connector.errors import CrmAuthError, CrmRequestError
from tests.unit.adapters.hubspot.conftest import Open
from tests.unit.adapters.hubspot.scripted import Answer, Scripted

Record = dict[str, Any]


def pull(crm: HubspotCrm, request: PullRequest, folder: Path) -> tuple[Pulled, pl.DataFrame]:
    pulled = crm.pull(request, folder)
    return pulled, pl.read_parquet(pulled.paths)


def live(portal: Sandbox, name: str) -> dict[str, Record]:
    return {row["id"]: row["properties"] for row in portal.dump("hubspot", name) if row["state"] == "live"}


def links(portal: Sandbox, source: str) -> dict[str, dict[str, bool]]:
    """Companies of each record with whether they are the primary one, from what the sandbox stores."""
    companies = live(portal, "companies")
    found: dict[str, dict[str, bool]] = {}
    for row in portal.dump("hubspot", "associations"):
        if (row["from"], row["to"]) == (source, "companies") and row["toId"] in companies:
            found.setdefault(row["fromId"], {})[row["toId"]] = 5 in row["typeIds"]
    return found


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_companies_of_every_version_of_the_api(
    portal: Sandbox, opened: Open, tmp_path: Path, version: str
) -> None:
    crm = opened(portal.url, api_version=version)
    request = PullRequest("accounts", ("name", "numberofemployees", "hs_parent_company_id", "createdate"))
    pulled, frame = pull(crm, request, tmp_path)
    stored = live(portal, "companies")
    assert dict(frame.select(ID, "name").iter_rows()) == {key: row["name"] for key, row in stored.items()}
    assert pulled.schema["hs_parent_company_id"] is FieldType.REFERENCE
    assert set(frame["hs_parent_company_id"].drop_nulls()) <= {*stored}
    assert frame.schema["createdate"] == pl.Date
    assert frame[CURRENCY].null_count() == len(frame)


def test_merged_companies_lead_to_their_survivors(portal: Sandbox, opened: Open, tmp_path: Path) -> None:
    pulled, _ = pull(opened(portal.url), PullRequest("accounts", ()), tmp_path)
    merged = {
        row["id"]: row["mergedInto"]
        for row in portal.dump("hubspot", "companies")
        if row["state"] == "merged"
    }
    assert merged
    assert pulled.merged == merged


def test_a_deal_belongs_to_its_primary_company_else_to_its_only_one(
    portal: Sandbox, opened: Open, tmp_path: Path
) -> None:
    request = PullRequest("opportunities", ("amount",), account="primary_company")
    _, frame = pull(opened(portal.url), request, tmp_path)
    expected: dict[str, str | None] = {}
    companies = links(portal, "deals")
    for deal in live(portal, "deals"):
        held = companies.get(deal, {})
        primary = [company for company, main in held.items() if main]
        expected[deal] = primary[0] if primary else next(iter(held)) if len(held) == 1 else None
    assert dict(frame.select(ID, ACCOUNT).iter_rows()) == expected
    assert None in expected.values()


def test_any_company_gives_a_row_for_each(portal: Sandbox, opened: Open, tmp_path: Path) -> None:
    request = PullRequest("opportunities", ("amount",), account="any_company")
    _, frame = pull(opened(portal.url), request, tmp_path)
    companies = links(portal, "deals")
    expected = Counter(
        (deal, company) for deal in live(portal, "deals") for company in companies.get(deal, {None: 0})
    )
    assert Counter(frame.select(ID, ACCOUNT).iter_rows()) == expected


def test_won_closed_and_probability_come_from_the_pipelines(
    portal: Sandbox, opened: Open, tmp_path: Path
) -> None:
    _, frame = pull(opened(portal.url), PullRequest("opportunities", ("dealstage",)), tmp_path)
    meanings = {
        row[0]: row[1:] for row in frame.select("dealstage", WON, CLOSED, STAGE_PROBABILITY).iter_rows()
    }
    assert meanings["closedwon"] == (True, True, 1.0)
    assert meanings["98720004"] == (False, True, 0.0)
    assert meanings["presentationscheduled"] == (False, False, 0.6)


def test_a_stage_that_no_pipeline_has_is_unknown(server: Scripted, opened: Open, tmp_path: Path) -> None:
    names = ("pipeline", "dealstage", "amount")
    server.on("/properties/deals", Answer({"results": [{"name": name, "type": "string"} for name in names]}))
    stage = {"id": "s", "metadata": {"isClosed": "true", "probability": "1.0"}}
    server.on("/pipelines/deals", Answer({"results": [{"id": "p", "stages": [stage]}]}))
    deals = [
        {"id": str(number), "properties": {"pipeline": pipeline, "dealstage": "s"}}
        for number, pipeline in enumerate(("p", "other", None))
    ]
    server.on("/objects/deals", Answer({"results": deals}))
    server.on("/deals/companies/batch/read", Answer({"results": []}))
    _, frame = pull(opened(server.url), PullRequest("opportunities", ()), tmp_path)
    assert frame[WON].to_list() == [True, None, None]
    # A portal with one currency has no such properties.
    assert frame[CURRENCY].to_list() == frame[HOME_AMOUNT].to_list() == [None] * 3
    assert server.to("/objects/deals")[0].query["properties"] == ["pipeline", "dealstage"]


def test_currencies_of_deals(portal: Sandbox, opened: Open, tmp_path: Path) -> None:
    _, frame = pull(opened(portal.url), PullRequest("opportunities", ("amount",)), tmp_path)
    stored = live(portal, "deals")
    for deal, currency, home in frame.select(ID, CURRENCY, HOME_AMOUNT).iter_rows():
        assert currency == stored[deal]["deal_currency_code"]
        assert home == (float(stored[deal]["amount_in_home_currency"]) if home is not None else None)
    assert frame[CURRENCY].n_unique() > 1


def test_only_the_pipelines_named_are_read(portal: Sandbox, opened: Open, tmp_path: Path) -> None:
    request = PullRequest("opportunities", ("pipeline",), pipelines=("98720000",))
    _, frame = pull(opened(portal.url), request, tmp_path)
    assert set(frame["pipeline"]) == {"98720000"}
    assert len(frame) == sum(row["pipeline"] == "98720000" for row in live(portal, "deals").values())


def test_a_pipeline_that_does_not_exist_is_named_with_those_that_do(
    portal: Sandbox, opened: Open, tmp_path: Path
) -> None:
    with pytest.raises(CrmRequestError, match="no deal pipeline nope, only default, 98720000"):
        opened(portal.url).pull(PullRequest("opportunities", (), pipelines=("nope",)), tmp_path)


def test_buying_roles_are_split_into_rows(portal: Sandbox, opened: Open, tmp_path: Path) -> None:
    _, frame = pull(opened(portal.url), PullRequest("contact_roles", ()), tmp_path)
    companies = links(portal, "contacts")
    expected = Counter(
        (contact, role, company)
        for contact, row in live(portal, "contacts").items()
        for role in (row["hs_buying_role"] or "").split(";")
        for company in companies.get(contact, {None: 0})
        if role
    )
    assert Counter(frame.select(CONTACT, ROLE, ACCOUNT).iter_rows()) == expected
    assert any(";" in (row["hs_buying_role"] or "") for row in live(portal, "contacts").values())
    assert frame[OPPORTUNITY].null_count() == len(frame)
    assert frame.schema[LAST_ACTIVITY] == pl.Date


def test_other_properties_may_hold_role_and_activity(portal: Sandbox, opened: Open, tmp_path: Path) -> None:
    request = PullRequest("contact_roles", (), role_field="jobtitle", last_activity="createdate")
    _, frame = pull(opened(portal.url), request, tmp_path)
    assert set(frame[ROLE]) <= {row["jobtitle"] for row in live(portal, "contacts").values()}
    assert frame[LAST_ACTIVITY].null_count() == 0


def test_tickets_and_orders_by_association(portal: Sandbox, opened: Open, tmp_path: Path) -> None:
    for section, name in (("cases", "tickets"), ("orders", "orders")):
        (tmp_path / name).mkdir()
        _, frame = pull(opened(portal.url), PullRequest(section, ()), tmp_path / name)  # type: ignore[arg-type]
        companies = links(portal, name)
        expected = Counter(
            (each, held) for each in live(portal, name) for held in companies.get(each, {None: 0})
        )
        assert Counter(frame.select(ID, ACCOUNT).iter_rows()) == expected


def test_activities_are_past_or_planned_engagements_and_completed_tasks(
    portal: Sandbox, opened: Open, tmp_path: Path
) -> None:
    request = PullRequest("activities", ("hs_call_status",))
    _, frame = pull(opened(portal.url), request, tmp_path)
    wanted = {each for name in ("calls", "emails", "meetings", "notes") for each in live(portal, name)}
    tasks = live(portal, "tasks")
    done = {each for each, row in tasks.items() if row["hs_task_status"] == "COMPLETED"}
    assert done < set(tasks)
    assert set(frame[ID]) == wanted | done
    assert frame.schema[DATE] == pl.Date
    assert frame.filter(pl.col(ID).is_in(list(done)))["hs_call_status"].null_count() == len(done)


def test_activities_of_one_kind(portal: Sandbox, opened: Open, tmp_path: Path) -> None:
    _, frame = pull(opened(portal.url), PullRequest("activities", (), sources=("notes",)), tmp_path)
    assert set(frame[ID]) == set(live(portal, "notes"))


def test_moments_become_days_in_the_business_time_zone(portal: Sandbox, tmp_path: Path, opened: Open) -> None:
    _, frame = pull(opened(portal.url), PullRequest("opportunities", ("closedate",)), tmp_path)
    first = frame.row(0, named=True)
    stored = live(portal, "deals")[first[ID]]["closedate"]
    shifted = pl.Series([stored]).str.to_datetime("%+", time_zone="UTC").dt.convert_time_zone("Europe/Vienna")
    assert first["closedate"] == shifted.dt.date()[0]
    assert isinstance(first["closedate"], date)


def test_a_property_that_nobody_has_is_named_before_anything_is_read(
    portal: Sandbox, opened: Open, tmp_path: Path
) -> None:
    portal.clear_requests()
    with pytest.raises(CrmRequestError, match="companies has no property nmae, or the key of user"):
        opened(portal.url).pull(PullRequest("accounts", ("nmae",)), tmp_path)
    assert not any("/objects/" in row["path"] for row in portal.requests()["counts"])


def test_an_object_without_its_scope_is_a_problem_of_that_section_alone(
    portal: Sandbox, opened: Open, tmp_path: Path
) -> None:
    crm = opened(portal.url, access_token="sandbox-limited-token")
    for section in ("contact_roles", "cases", "orders", "activities"):
        with pytest.raises(CrmRequestError, match="lacks the scope") as caught:
            crm.pull(PullRequest(section, ()), tmp_path)  # type: ignore[arg-type]
        assert caught.value.code == "OBJECT_NOT_FOUND"
    with pytest.raises(CrmAuthError, match=r"crm\.objects\.deals\.read"):
        crm.pull(PullRequest("opportunities", ()), tmp_path)


def test_an_object_without_records_gives_an_empty_file(
    server: Scripted, opened: Open, tmp_path: Path
) -> None:
    server.on("/objects/companies", Answer({"results": []}))
    pulled, frame = pull(opened(server.url), PullRequest("accounts", ("kpm_why",)), tmp_path)
    assert (pulled.rows, frame.columns) == (0, [ID, CURRENCY, "kpm_why"])


def test_records_are_written_batch_by_batch(portal: Sandbox, opened: Open, tmp_path: Path) -> None:
    request = PullRequest("opportunities", ("amount",))
    for name in ("whole", "batches"):
        (tmp_path / name).mkdir()
    crm = opened(portal.url)
    _, whole = pull(crm, request, tmp_path / "whole")
    small = replace(crm._puller, batch_rows=200).pull(request, tmp_path / "batches")
    assert pq.ParquetFile(small.paths[0]).num_row_groups == 8
    assert pl.read_parquet(small.paths).equals(whole)
    assert small.rows == len(whole)


def listed(record: int, *companies: int, paging: bool = False) -> Record:
    # A company is listed once for each type of the association.
    found: Record = {
        "results": [{"id": str(each), "type": kind} for each in companies for kind in ("a", "b")]
    }
    if paging:
        found["paging"] = {"next": {"after": "9"}}
    return {"id": str(record), "properties": {}, "associations": {"companies": found} if companies else {}}


def linked(record: int, *companies: tuple[int, int]) -> Record:
    to = [
        {"toObjectId": each, "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": kind}]}
        for each, kind in companies
    ]
    return {"from": {"id": str(record)}, "to": to}


def read_links(
    server: Scripted, opened: Open, folder: Path, request: PullRequest
) -> list[tuple[str, str | None]]:
    _, frame = pull(opened(server.url), request, folder)
    return frame.select(ID, ACCOUNT).rows()


def test_companies_come_with_the_list(server: Scripted, opened: Open, tmp_path: Path) -> None:
    server.on("/properties/tickets", Answer({"results": []}))
    server.on("/objects/tickets", Answer({"results": [listed(1, 10), listed(2), listed(3, 10, 20)]}))
    rows = read_links(server, opened, tmp_path, PullRequest("cases", ()))
    assert rows == [("1", "10"), ("2", None), ("3", "10"), ("3", "20")]
    assert server.to("/objects/tickets")[0].query["associations"] == ["companies"]
    assert not server.to("/batch/read")


def test_a_list_of_companies_that_goes_on_is_asked_for(
    server: Scripted, opened: Open, tmp_path: Path
) -> None:
    server.on("/properties/tickets", Answer({"results": []}))
    server.on("/objects/tickets", Answer({"results": [listed(1, 10), listed(2, 20, paging=True)]}))
    server.on("/tickets/companies/batch/read", Answer({"results": [linked(2, (20, 339), (30, 339))]}))
    rows = read_links(server, opened, tmp_path, PullRequest("cases", ()))
    assert rows == [("1", "10"), ("2", "20"), ("2", "30")]
    assert server.to("/batch/read")[0].body == {"inputs": [{"id": "2"}]}


def test_lists_without_any_company_are_not_believed(server: Scripted, opened: Open, tmp_path: Path) -> None:
    server.on("/properties/tickets", Answer({"results": []}))
    server.on("/objects/tickets", Answer({"results": [listed(1), listed(2)]}))
    server.on("/tickets/companies/batch/read", Answer({"results": [linked(2, (20, 339))]}))
    assert read_links(server, opened, tmp_path, PullRequest("cases", ())) == [("1", None), ("2", "20")]


def test_only_deals_with_several_companies_are_asked_for_the_primary_one(
    server: Scripted, opened: Open, tmp_path: Path
) -> None:
    server.on("/properties/deals", Answer({"results": []}))
    server.on("/pipelines/deals", Answer({"results": []}))
    server.on("/objects/deals", Answer({"results": [listed(1, 10), listed(2, 20, 30), listed(3, 20, 30)]}))
    answer = [linked(2, (20, 341), (30, 5)), linked(3, (20, 341), (30, 341))]
    server.on("/deals/companies/batch/read", Answer({"results": answer}))
    rows = read_links(server, opened, tmp_path, PullRequest("opportunities", ()))
    assert rows == [("1", "10"), ("2", "30"), ("3", None)]
    assert server.to("/batch/read")[0].body == {"inputs": [{"id": "2"}, {"id": "3"}]}
