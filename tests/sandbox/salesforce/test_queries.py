import re

import pytest

from adapters.sandbox import Sandbox
from adapters.sandbox.side import Visibility
from tests.sandbox.salesforce.client import Client


def test_deleted_and_merged_accounts_appear_in_query_all_only(sandbox: Sandbox, sync: Client) -> None:
    stored = list(sandbox.dump("salesforce", "Account"))
    live = sync.query("SELECT COUNT() FROM Account")["totalSize"]
    assert live == sum(not record["IsDeleted"] for record in stored)
    everything = sync.records("SELECT Id, IsDeleted, MasterRecordId FROM Account", "/queryAll")
    assert len(everything) == len(stored) > live
    merged = [record for record in everything if record["MasterRecordId"]]
    assert merged
    assert all(record["IsDeleted"] for record in merged)
    survivors = {record["Id"] for record in everything if not record["IsDeleted"]}
    assert {record["MasterRecordId"] for record in merged} <= survivors


def test_pages_hold_every_record_once(sync: Client) -> None:
    page = sync.query("SELECT Id FROM Opportunity", **{"Sforce-Query-Options": "batchSize=200"})
    seen = [record["Id"] for record in page["records"]]
    assert len(seen) == 200
    while not page["done"]:
        assert re.search(r"/query/\w+-\d+$", page["nextRecordsUrl"])
        page = sync.get(page["nextRecordsUrl"].removeprefix("/services/data/v60.0")).json()
        seen += [record["Id"] for record in page["records"]]
    assert len(seen) == len(set(seen)) == page["totalSize"]
    assert sync.get("/query/01gNOPE-2000").json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_parents_come_nested_and_missing_parents_null(sync: Client) -> None:
    records = sync.records("SELECT Id, Owner.Name, Parent.Name, RecordType.DeveloperName FROM Account")
    assert all(record["Owner"]["Name"] for record in records)
    assert all(record["RecordType"]["attributes"]["type"] == "RecordType" for record in records)
    assert {type(record["Parent"]) for record in records} == {dict, type(None)}


def test_compound_address_is_put_together(sync: Client) -> None:
    record = sync.records(
        "SELECT BillingAddress, BillingCity FROM Account WHERE BillingCity != null LIMIT 1"
    )[0]
    assert record["BillingAddress"]["city"] == record["BillingCity"]


@pytest.mark.parametrize(
    ("condition", "test"),
    [
        ("Type = 'CUSTOMER'", lambda a: (a["Type"] or "").lower() == "customer"),
        ("Industry != 'Retail'", lambda a: a["Industry"] != "Retail"),
        ("Industry = null", lambda a: a["Industry"] is None),
        ("NOT (Industry = 'Retail' OR Industry = null)", lambda a: a["Industry"] not in (None, "Retail")),
        ("Industry NOT IN ('Retail', 'Energy')", lambda a: a["Industry"] not in ("Retail", "Energy")),
        ("Industry IN ('Retail', null)", lambda a: a["Industry"] in ("Retail", None)),
        ("NumberOfEmployees >= 100", lambda a: (a["NumberOfEmployees"] or 0) >= 100),
        (
            "NOT NumberOfEmployees < 100",
            lambda a: a["NumberOfEmployees"] is None or a["NumberOfEmployees"] >= 100,
        ),
        ("Name LIKE 'a%'", lambda a: a["Name"].lower().startswith("a")),
        ("IsPersonAccount = true", lambda a: a["IsPersonAccount"]),
        ("KPM_Rated_At__c = LAST_N_DAYS:90", lambda a: _within(a["KPM_Rated_At__c"], 90)),
        ("KPM_Rated_At__c > 2020-01-01 AND KPM_Demand__c IN ('5')", lambda a: a["KPM_Demand__c"] == "5"),
        ("CreatedDate < 2024-01-01T00:00:00Z", lambda a: a["CreatedDate"] < "2024"),
    ],
)
def test_conditions_select_as_soql_does(sandbox: Sandbox, sync: Client, condition: str, test: object) -> None:
    stored = [record for record in sandbox.dump("salesforce", "Account") if not record["IsDeleted"]]
    expected = [record["Id"] for record in stored if test(record)]  # type: ignore[operator]
    found = [record["Id"] for record in sync.records(f"SELECT Id FROM Account WHERE {condition}")]
    assert found == expected
    assert 0 < len(expected) < len(stored)


def _within(day: str | None, days: int) -> bool:
    from datetime import UTC, date, datetime, timedelta  # noqa: PLC0415

    return day is not None and date.fromisoformat(day) >= datetime.now(UTC).date() - timedelta(days=days)


def test_semi_join_and_alias(sync: Client) -> None:
    with_join = sync.query(
        "SELECT COUNT() FROM Opportunity o WHERE o.AccountId IN (SELECT Id FROM Account WHERE Type = 'Prospect')"
    )
    by_parent = sync.query("SELECT COUNT() FROM Opportunity WHERE Account.Type = 'Prospect'")
    assert with_join["totalSize"] == by_parent["totalSize"] > 0


def test_groups_and_aggregates(sandbox: Sandbox, sync: Client) -> None:
    groups = sync.records(
        "SELECT StageName, COUNT(Id) n, SUM(Amount) FROM Opportunity GROUP BY StageName ORDER BY StageName"
    )
    stored = list(sandbox.dump("salesforce", "Opportunity"))
    assert {group["StageName"]: group["n"] for group in groups} == {
        name: sum(record["StageName"] == name for record in stored)
        for name in {record["StageName"] for record in stored}
    }
    won = next(group for group in groups if group["StageName"] == "Closed Won")
    total = sum(record["Amount"] or 0 for record in stored if record["StageName"] == "Closed Won")
    assert won["expr0"] == pytest.approx(total)
    assert won["attributes"] == {"type": "AggregateResult"}


@pytest.mark.parametrize(
    ("soql", "code", "words"),
    [
        ("SELECT Id FRM Account", "MALFORMED_QUERY", "unexpected token: 'Account'"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY", "<EOF>"),
        ("SELECT Nope FROM Account", "INVALID_FIELD", "No such column 'Nope' on entity 'Account'"),
        ("SELECT Nope.Name FROM Account", "INVALID_FIELD", "Didn't understand relationship 'Nope'"),
        ("SELECT Id FROM Nope", "INVALID_TYPE", "sObject type 'Nope' is not supported"),
        ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD", "of type string and should be enclosed"),
        ("SELECT Id FROM Account WHERE CreatedDate > '2020'", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Name, COUNT(Id) FROM Account GROUP BY Type", "MALFORMED_QUERY", "must be grouped"),
        ("SELECT Id FROM Account OFFSET 5000", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset"),
    ],
)
def test_bad_queries_are_refused_in_salesforce_words(sync: Client, soql: str, code: str, words: str) -> None:
    status, found, message = sync.refused(soql)
    assert (status, found) == (400, code)
    assert words in message


def test_lost_sharing_halves_accounts_and_children_without_error(
    sandbox: Sandbox, sync: Client, admin: Client
) -> None:
    before = {
        name: sync.query(f"SELECT COUNT() FROM {name}")["totalSize"]
        for name in ("Account", "Opportunity", "OpportunityContactRole")
    }
    sandbox.visibility("salesforce", Visibility("hide_half"))
    try:
        for name, count in before.items():
            half = sync.query(f"SELECT COUNT() FROM {name}")["totalSize"]
            assert 0.3 * count < half < 0.7 * count
            assert admin.query(f"SELECT COUNT() FROM {name}")["totalSize"] == count
    finally:
        sandbox.visibility("salesforce", Visibility("show_all"))
    assert sync.query("SELECT COUNT() FROM Account")["totalSize"] == before["Account"]


def test_an_object_without_rights_does_not_exist(sandbox: Sandbox, sync: Client) -> None:
    sandbox.visibility("salesforce", Visibility("hide_object", "Order"))
    try:
        assert sync.refused("SELECT Id FROM Order")[1] == "INVALID_TYPE"
        assert sync.get("/sobjects/Order/describe").status_code == 404
        listed = {entry["name"] for entry in sync.get("/sobjects").json()["sobjects"]}
        assert "Order" not in listed
        assert {"Account", "Opportunity", "OpportunityContactRole", "Task"} <= listed
    finally:
        sandbox.visibility("salesforce", Visibility("show_object", "Order"))
    assert sync.query("SELECT COUNT() FROM Order")["totalSize"] > 0


def test_money_has_currencies_and_rates(sync: Client) -> None:
    corporate = sync.records("SELECT IsoCode FROM CurrencyType WHERE IsCorporate = true")
    assert [record["IsoCode"] for record in corporate] == ["EUR"]
    currencies = {record["CurrencyIsoCode"] for record in sync.records("SELECT CurrencyIsoCode FROM Account")}
    rates = sync.records("SELECT IsoCode, StartDate, NextStartDate, ConversionRate FROM DatedConversionRate")
    assert currencies - {"EUR"} <= {record["IsoCode"] for record in rates}


def test_a_single_currency_org_has_neither_rates_nor_currency_fields() -> None:
    with Sandbox(crms=("salesforce",), accounts=20, multi_currency=False, ratings=False) as single:
        sync = Client.login(single.url, "sandbox-sync", "sandbox-secret")
        assert sync.refused("SELECT Id FROM CurrencyType")[1] == "INVALID_TYPE"
        assert sync.field("CurrencyIsoCode") is None
        assert sync.field("KPM_Demand__c") is None
        organization = sync.records("SELECT DefaultCurrencyIsoCode FROM Organization")[0]
        assert organization["DefaultCurrencyIsoCode"] == "EUR"


def test_and_and_or_side_by_side_need_brackets(sync: Client) -> None:
    mixed = "SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name != 'c'"
    status, code, message = sync.refused(mixed)
    assert (status, code) == (400, "MALFORMED_QUERY")
    assert "unexpected token: 'OR'" in message
    assert sync.records("SELECT Id FROM Account WHERE (Name = 'a' AND Name = 'b') OR Name != 'c' LIMIT 1")
    assert not sync.records("SELECT Id FROM Account WHERE Name = 'a' AND (Name = 'b' OR Name != 'c')")


def test_long_queries_and_addresses_are_refused(sync: Client) -> None:
    long = "SELECT Id FROM Account WHERE Name IN (" + ", ".join("'x'" for _ in range(4_000)) + ")"
    answer = sync.get("/query", q=long)
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (414, "text/html")
    body = {"operation": "query", "query": long * 6}
    refused = sync.send("POST", "/jobs/query", json=body)
    assert refused.json()[0]["errorCode"] == "QUERY_TOO_COMPLICATED"


def test_large_answers_are_zipped_if_the_client_takes_it(sync: Client) -> None:
    soql = "SELECT Id, Name FROM Account"
    plain = sync.send("GET", "/query", params={"q": soql}, headers={"Accept-Encoding": "identity"})
    zipped = sync.send("GET", "/query", params={"q": soql}, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert zipped.json() == plain.json()
    job = sync.bulk_query(soql)
    results = sync.send("GET", f"/jobs/query/{job}/results", headers={"Accept-Encoding": "gzip"})
    assert results.headers["Content-Encoding"] == "gzip"
    assert results.headers["Sforce-Locator"] == "null"


def test_a_formula_changes_without_a_trace(sandbox: Sandbox, sync: Client, admin: Client) -> None:
    metadata = {"label": "Rank", "type": "Number", "precision": 5, "scale": 0, "formula": "1 + 1"}
    field = {"FullName": "Account.Rank__c", "Metadata": metadata}
    assert admin.send("POST", "/tooling/sobjects/CustomField", json=field).status_code == 201
    for each in admin.records("SELECT Id FROM PermissionSet WHERE IsOwnedByProfile = true"):
        grant = {
            "ParentId": each["Id"],
            "SobjectType": "Account",
            "Field": "Account.Rank__c",
            "PermissionsRead": True,
        }
        assert admin.send("POST", "/sobjects/FieldPermissions", json=grant).status_code == 201
    described = sync.field("Rank__c")
    assert described is not None
    assert (described["calculated"], described["updateable"]) == (True, False)
    target = sync.ids(1)[0]
    soql = f"SELECT Rank__c, SystemModstamp FROM Account WHERE Id = '{target}'"
    before = sync.records(soql)[0]
    sandbox.edit("salesforce", "Account", target, {"Rank__c": 7}, touch=False)
    after = sync.records(soql)[0]
    assert (before["Rank__c"], after["Rank__c"]) == (None, 7)
    assert before["SystemModstamp"] == after["SystemModstamp"]
    refused = sync.update({"id": target, "Rank__c": 8}).json()[0]
    assert refused["errors"][0]["statusCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
