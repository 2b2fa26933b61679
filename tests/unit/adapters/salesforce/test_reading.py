"""What pulls, checks, currencies and estimates say of the sandbox's org."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
import responses

from adapters.salesforce import SalesforceCrm
from adapters.sandbox import Sandbox
from connector.crm import (
    ACCOUNT,
    CLOSED,
    CURRENCY,
    DATE,
    ID,
    LAST_ACTIVITY,
    OPPORTUNITY,
    WON,
    Condition,
    PullRequest,
)
from connector.errors import CrmError, CrmRequestError, CrmTemporaryError
from tests.unit.adapters.salesforce.conftest import DATA, HOST, QUICK, TOKEN, Opener, connection


def pulled(crm: SalesforceCrm, request: PullRequest, folder: Path) -> pl.DataFrame:
    return pl.read_parquet(list(crm.pull(request, folder).paths))


def test_rest_and_bulk_give_the_same_rows(opened: Opener, tmp_path: Path) -> None:
    fields = (
        "Name",
        "Type",
        "NumberOfEmployees",
        "AnnualRevenue",
        "IsPersonAccount",
        "CreatedDate",
        "RecordType.DeveloperName",
        "Owner.Name",
        "KPM_Wallet__c",
    )
    frames = []
    for method in ("rest", "bulk"):
        (tmp_path / method).mkdir()
        frames.append(
            pulled(opened(load_method=method), PullRequest("accounts", fields), tmp_path / method).sort(ID)
        )
    assert frames[0].equals(frames[1])
    assert frames[0].null_count().row(0, named=True)["RecordType.DeveloperName"] < len(frames[0])
    assert {"EUR", "CHF"} <= set(frames[0][CURRENCY])


def test_opportunities_in_a_stage_that_the_org_lacks_are_neither_won_nor_open(
    sandbox: Sandbox, opened: Opener, tmp_path: Path
) -> None:
    known = next(
        row["Id"] for row in sandbox.dump("salesforce", "Opportunity") if row["StageName"] == "Closed Won"
    )
    sandbox.edit("salesforce", "Opportunity", known, {"StageName": "Long forgotten"})
    rows = pulled(opened(), PullRequest("opportunities", ("StageName",)), tmp_path)
    lost = rows.filter(pl.col(ID) == known).row(0, named=True)
    assert (lost[WON], lost[CLOSED]) == (None, None)
    assert rows.filter(pl.col("StageName") == "Closed Won").select(WON, CLOSED).unique().rows() == [
        (True, True)
    ]
    sandbox.edit("salesforce", "Opportunity", known, {"StageName": "Closed Won"})


def test_roles_on_accounts_and_on_opportunities(opened: Opener, tmp_path: Path) -> None:
    rows = pulled(opened(), PullRequest("contact_roles", ("IsPrimary",)), tmp_path)
    on_accounts = rows.filter(pl.col(OPPORTUNITY).is_null())
    assert 0 < len(on_accounts) < len(rows)
    assert rows[ACCOUNT].null_count() == 0
    assert rows[LAST_ACTIVITY].dtype == pl.Date
    assert rows["IsPrimary"].dtype == pl.Boolean


def test_one_source_of_roles_alone(opened: Opener, tmp_path: Path) -> None:
    rows = pulled(opened(), PullRequest("contact_roles", (), sources=("AccountContactRole",)), tmp_path)
    assert rows[OPPORTUNITY].null_count() == len(rows) > 0


def test_a_moment_as_last_activity_becomes_a_day(opened: Opener, tmp_path: Path) -> None:
    rows = pulled(opened(), PullRequest("contact_roles", (), last_activity="LastModifiedDate"), tmp_path)
    assert rows[LAST_ACTIVITY].dtype == pl.Date


def test_activities_are_done_tasks_and_events_old_ones_too(
    sandbox: Sandbox, opened: Opener, tmp_path: Path
) -> None:
    rows = pulled(opened(), PullRequest("activities", ("Subject", "IsArchived")), tmp_path)
    tasks = {
        row["Id"] for row in sandbox.dump("salesforce", "Task") if row["IsClosed"] and not row["IsDeleted"]
    }
    events = {row["Id"] for row in sandbox.dump("salesforce", "Event") if not row["IsDeleted"]}
    assert set(rows[ID]) == tasks | events
    assert rows[DATE].dtype == pl.Date
    assert rows["IsArchived"].any()


def test_conditions_go_to_salesforce(opened: Opener, tmp_path: Path) -> None:
    where = ((Condition("Type", "in", ("customer",)), Condition("IsPersonAccount", "equals", False)),)
    rows = pulled(opened(), PullRequest("accounts", ("Type", "IsPersonAccount"), where=where), tmp_path)
    assert rows["Type"].unique().to_list() == ["Customer"]
    assert rows["IsPersonAccount"].unique().to_list() == [False]


def test_merged_accounts_lead_to_the_last_survivor(opened: Opener, tmp_path: Path, sandbox: Sandbox) -> None:
    merged = opened().pull(PullRequest("accounts", ()), tmp_path).merged
    masters = {
        row["Id"]: row["MasterRecordId"]
        for row in sandbox.dump("salesforce", "Account")
        if row["MasterRecordId"]
    }
    assert set(merged) == set(masters)
    assert not set(merged.values()) & set(masters)


def test_a_short_page_by_rest_is_read_again(
    answers: responses.RequestsMock, crm: SalesforceCrm, tmp_path: Path
) -> None:
    answers.get(
        f"{DATA}/sobjects/Case/describe",
        json={"fields": [{"name": "Id", "type": "id"}, {"name": "AccountId", "type": "reference"}]},
    )
    record = {"Id": "500A", "AccountId": None}
    page = {
        "totalSize": 2,
        "done": False,
        "nextRecordsUrl": "/services/data/v64.0/query/01gA-1",
        "records": [record],
    }
    for rest in ([], [{**record, "Id": "500B"}]):
        answers.get(f"{DATA}/query/", json=page)
        answers.get(
            f"{HOST}/services/data/v64.0/query/01gA-1", json={"totalSize": 2, "done": True, "records": rest}
        )
    assert pulled(crm, PullRequest("cases", ()), tmp_path)[ID].to_list() == ["500A", "500B"]


def test_pages_by_rest_that_stay_short_are_no_result(
    answers: responses.RequestsMock, crm: SalesforceCrm, tmp_path: Path
) -> None:
    answers.get(
        f"{DATA}/sobjects/Case/describe",
        json={"fields": [{"name": "Id", "type": "id"}, {"name": "AccountId", "type": "reference"}]},
    )
    answers.get(
        f"{DATA}/query/", json={"totalSize": 2, "done": True, "records": [{"Id": "500A", "AccountId": None}]}
    )
    with pytest.raises(CrmTemporaryError, match="announced 2 records and gave 1"):
        crm.pull(PullRequest("cases", ()), tmp_path)


def test_a_lost_cursor_starts_the_read_again(
    answers: responses.RequestsMock, crm: SalesforceCrm, tmp_path: Path
) -> None:
    fields = [{"name": "Id", "type": "id"}, {"name": "AccountId", "type": "reference"}]
    answers.get(f"{DATA}/sobjects/Case/describe", json={"fields": fields})
    more = "/services/data/v64.0/query/01gA-1"
    record = {"Id": "500A", "AccountId": None}
    answers.get(
        f"{DATA}/query/", json={"totalSize": 2, "done": False, "nextRecordsUrl": more, "records": [record]}
    )
    lost = [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}]
    answers.get(HOST + more, json=lost, status=400)
    answers.get(f"{DATA}/query/", json={"totalSize": 1, "done": True, "records": [record]})
    assert pulled(crm, PullRequest("cases", ()), tmp_path)[ID].to_list() == ["500A"]


def test_a_field_of_any_source_is_known(opened: Opener) -> None:
    crm = opened()
    assert crm.resolve("activities", "TaskSubtype")
    assert crm.resolve("activities", "EndDateTime")
    assert crm.resolve("activities", "Nope") is None


def test_a_lookup_that_does_not_exist(opened: Opener, tmp_path: Path) -> None:
    with pytest.raises(CrmRequestError, match="Customer__c"):
        opened().pull(PullRequest("orders", (), account="Customer__c"), tmp_path)


def test_currencies_of_an_org_with_several(opened: Opener) -> None:
    found = opened().currencies()
    assert found.home == "EUR"
    dated = [rate for rate in found.rates if rate.dated]
    assert all(rate.start for rate in dated)
    assert any(rate.end is None for rate in dated)
    assert {rate.currency for rate in found.rates if not rate.dated} >= {"EUR", "CHF"}


def test_rates_that_are_not_dated(answers: responses.RequestsMock, crm: SalesforceCrm) -> None:
    answers.get(
        f"{DATA}/sobjects/Account/describe",
        json={"fields": [{"name": "CurrencyIsoCode", "type": "picklist"}]},
    )
    types = [
        {"IsoCode": "EUR", "ConversionRate": 1.0, "IsCorporate": True},
        {"IsoCode": "CHF", "ConversionRate": 0.95, "IsCorporate": False},
    ]
    answers.get(f"{DATA}/query/", json={"totalSize": 2, "done": True, "records": types})
    error = [{"errorCode": "INVALID_TYPE", "message": "sObject type 'DatedConversionRate' is not supported."}]
    answers.get(f"{DATA}/query/", json=error, status=400)
    assert [rate.rate for rate in crm.currencies().rates] == [1.0, 0.95]


def test_the_currency_of_an_org_with_one(answers: responses.RequestsMock, crm: SalesforceCrm) -> None:
    answers.get(f"{DATA}/sobjects/Account/describe", json={"fields": []})
    row = {"DefaultCurrencyIsoCode": "USD"}
    answers.get(f"{DATA}/query/", json={"totalSize": 1, "done": True, "records": [row]})
    assert crm.currencies().home == "USD"
    assert crm.currencies().home == "USD"
    assert len(answers.calls) == 2


def test_the_currency_where_the_organization_does_not_tell(
    answers: responses.RequestsMock, crm: SalesforceCrm
) -> None:
    answers.get(f"{DATA}/sobjects/Account/describe", json={"fields": []})
    words = "No such column 'DefaultCurrencyIsoCode' on entity 'Organization'."
    answers.get(f"{DATA}/query/", json=[{"errorCode": "INVALID_FIELD", "message": words}], status=400)
    features = {"defaultCurrencyIsoCode": "USD", "multiCurrency": False}
    answers.get(f"{DATA}/connect/organization", json={"features": features})
    assert crm.currencies().home == "USD"


@pytest.mark.parametrize(
    ("query", "organization"),
    [
        ({"totalSize": 0, "done": True, "records": []}, None),
        ([{"errorCode": "INVALID_FIELD", "message": "no"}], {"features": {}}),
    ],
)
def test_a_currency_that_cannot_be_found(
    answers: responses.RequestsMock, crm: SalesforceCrm, query: object, organization: object
) -> None:
    answers.get(f"{DATA}/sobjects/Account/describe", json={"fields": []})
    answers.get(f"{DATA}/query/", json=query, status=200 if organization is None else 400)
    if organization is not None:
        answers.get(f"{DATA}/connect/organization", json=organization)
    with pytest.raises(CrmRequestError, match="Company Information"):
        crm.currencies()


def test_a_moment_becomes_a_day(opened: Opener, tmp_path: Path) -> None:
    rows = pulled(opened(), PullRequest("cases", ("CreatedDate",)), tmp_path)
    assert rows["CreatedDate"].dtype == pl.Date
    assert rows["CreatedDate"].max() <= date.today()  # type: ignore[operator]  # noqa: DTZ011


def test_calls_are_counted_and_estimated(sandbox: Sandbox, opened: Opener, tmp_path: Path) -> None:
    crm = opened()
    crm.pull(PullRequest("accounts", ()), tmp_path)
    usage = crm.usage()
    assert usage.calls["GET query"] == 1
    assert usage.calls["GET sobjects/Account/describe"] == 1
    assert usage.limit == 100_000
    assert usage.used is not None
    estimate = crm.estimate({"accounts": 1_500}, 0)
    assert estimate.calls == estimate.minimum
    many = crm.estimate({"accounts": 1_000_000, "opportunities": 5_000_000}, 100_000)
    assert many.minimum <= many.calls
    assert crm.account_url("001A") == f"{sandbox.url}/lightning/r/Account/001A/view"


@pytest.mark.parametrize("fault", ["unavailable", "expired_token"])
def test_no_secret_is_ever_in_a_message(sandbox: Sandbox, opened: Opener, fault: str) -> None:
    sandbox.fault(fault)
    with pytest.raises(CrmError) as caught:
        opened().stages()
    assert "sandbox-secret" not in str(caught.value)


def test_a_survivor_that_was_merged_away_later(
    answers: responses.RequestsMock, crm: SalesforceCrm, tmp_path: Path
) -> None:
    fields = [{"name": "Id", "type": "id"}, {"name": "MasterRecordId", "type": "reference"}]
    answers.get(f"{DATA}/sobjects/Account/describe", json={"fields": fields})
    answers.get(f"{DATA}/query/", json={"totalSize": 1, "done": True, "records": [{"Id": "001C"}]})
    merges = [("001A", "001B"), ("001B", "001C"), ("001X", "001Y"), ("001Y", "001X")]
    found = [{"Id": loser, "MasterRecordId": survivor} for loser, survivor in merges]
    more = "/services/data/v64.0/queryAll/01g-1"
    answers.get(
        f"{DATA}/queryAll/",
        json={"totalSize": 4, "done": False, "nextRecordsUrl": more, "records": found[:1]},
    )
    answers.get(HOST + more, json={"totalSize": 4, "done": True, "records": found[1:]})
    merged = crm.pull(PullRequest("accounts", ()), tmp_path).merged
    assert (merged["001A"], merged["001B"]) == ("001C", "001C")
    assert len(merged) == 4


@pytest.mark.parametrize("page", [{"totalSize": 1}, [], {"totalSize": 1, "done": False, "records": []}])
def test_an_answer_that_is_no_page_is_asked_for_again(
    answers: responses.RequestsMock, crm: SalesforceCrm, page: object
) -> None:
    answers.get(f"{DATA}/query/", json=page)
    answers.get(f"{DATA}/query/", json={"totalSize": 0, "done": True, "records": []})
    assert crm.stages() == {"": ()}


def test_a_field_that_only_one_source_has_is_empty_for_the_other(opened: Opener, tmp_path: Path) -> None:
    rows = pulled(opened(), PullRequest("activities", ("EndDateTime",)), tmp_path)
    assert 0 < rows["EndDateTime"].null_count() < len(rows)


NAMES = "Account,Opportunity,OpportunityContactRole,AccountContactRole,Case,Order,Task,Event"
CASE = {"fields": [{"name": "Id", "type": "id"}, {"name": "AccountId", "type": "reference"}]}


def automatic() -> SalesforceCrm:
    given = connection(auth="access_token", instance_url=HOST, access_token=TOKEN)
    return SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK)


def test_a_large_object_is_read_in_bulk_without_a_first_page(
    answers: responses.RequestsMock, tmp_path: Path
) -> None:
    answers.get(f"{DATA}/sobjects/Case/describe", json=CASE)
    answers.get(
        f"{DATA}/limits/recordCount",
        json={"sObjects": [{"count": 4_001, "name": "Case"}]},
        match=[responses.matchers.query_param_matcher({"sObjects": NAMES})],
    )
    answers.post(f"{DATA}/jobs/query", json={"id": "750A", "state": "UploadComplete"})
    answers.get(
        f"{DATA}/jobs/query/750A", json={"id": "750A", "state": "JobComplete", "numberRecordsProcessed": 1}
    )
    answers.get(f"{DATA}/jobs/query/750A/results", body='"Id","AccountId"\n"500A",""\n')
    crm = automatic()
    assert crm.pull(PullRequest("cases", ()), tmp_path).rows == 1
    estimate = crm.estimate({"cases": 4_001}, 0)
    assert estimate.minimum <= estimate.calls


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        ({"sObjects": [{"count": 3, "name": "Case"}]}, 200),
        ({"sObjects": []}, 200),
        ([{"errorCode": "INSUFFICIENT_ACCESS", "message": "View Setup and Configuration is needed"}], 403),
        ([{"errorCode": "UNKNOWN_EXCEPTION", "message": "try again"}], 500),
    ],
)
def test_a_small_object_or_one_of_unknown_size_is_read_by_rest(
    answers: responses.RequestsMock, tmp_path: Path, reply: object, status: int
) -> None:
    answers.get(f"{DATA}/sobjects/Case/describe", json=CASE)
    answers.get(f"{DATA}/limits/recordCount", json=reply, status=status)
    if status == 403:
        answers.get(f"{HOST}/services/oauth2/userinfo", json={})
    page = {"totalSize": 1, "done": True, "records": [{"Id": "500A", "AccountId": None}]}
    answers.get(f"{DATA}/query/", json=page)
    assert automatic().pull(PullRequest("cases", ()), tmp_path).rows == 1


def test_a_count_that_was_too_low_is_found_by_the_first_page(
    answers: responses.RequestsMock, tmp_path: Path
) -> None:
    answers.get(f"{DATA}/sobjects/Case/describe", json=CASE)
    answers.get(f"{DATA}/limits/recordCount", json={"sObjects": [{"count": 5, "name": "Case"}]})
    page = {
        "totalSize": 9_000,
        "done": False,
        "nextRecordsUrl": "/x",
        "records": [{"Id": "5", "AccountId": None}],
    }
    answers.get(f"{DATA}/query/", json=page)
    answers.post(f"{DATA}/jobs/query", json={"id": "750A", "state": "UploadComplete"})
    answers.get(
        f"{DATA}/jobs/query/750A", json={"id": "750A", "state": "JobComplete", "numberRecordsProcessed": 1}
    )
    answers.get(f"{DATA}/jobs/query/750A/results", body='"Id","AccountId"\n"500A",""\n')
    assert automatic().pull(PullRequest("cases", ()), tmp_path).rows == 1
