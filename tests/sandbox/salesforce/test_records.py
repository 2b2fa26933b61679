from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from adapters.sandbox import Sandbox
from adapters.sandbox.salesforce.ids import make_id
from tests.sandbox.salesforce.client import Client


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(crms=("salesforce",), accounts=60, seed=9, rate_limits=False) as running:
        yield running


def test_an_update_moves_the_stamps_and_touches_nothing_else(sandbox: Sandbox, sync: Client) -> None:
    before = {record["Id"]: record for record in sandbox.dump("salesforce", "Account")}
    target = sync.ids(1)[0]
    result = sync.update({"id": target, "KPM_Demand__c": "4", "KPM_Wallet__c": 1234567.891}).json()
    assert result == [{"id": target, "success": True, "errors": []}]
    after = {record["Id"]: record for record in sandbox.dump("salesforce", "Account")}
    changed = {
        (record_id, name)
        for record_id, record in after.items()
        for name, value in record.items()
        if value != before[record_id][name]
    }
    stamps = {"LastModifiedDate", "LastModifiedById", "SystemModstamp"}
    assert {name for _, name in changed} - stamps <= {"KPM_Demand__c", "KPM_Wallet__c"}
    assert {record_id for record_id, _ in changed} == {target}
    assert after[target]["KPM_Wallet__c"] == 1234567.89
    assert after[target]["SystemModstamp"] > before[target]["SystemModstamp"]


def test_null_clears_and_blanks_are_trimmed(sync: Client) -> None:
    target = sync.ids(1)[0]
    sync.update({"id": target, "KPM_Demand__c": "4", "Website": "  x.example  "})
    sync.update({"id": target, "KPM_Demand__c": None})
    record = sync.get(f"/sobjects/Account/{target}", fields="KPM_Demand__c,Website").json()
    assert (record["KPM_Demand__c"], record["Website"]) == (None, "x.example")


def test_results_keep_the_order_and_name_each_rows_fault(sandbox: Sandbox, sync: Client) -> None:
    first, second, third = sync.ids(3)
    deleted = next(record["Id"] for record in sandbox.dump("salesforce", "Account") if record["IsDeleted"])
    results = sync.update(
        {"id": first, "KPM_Demand__c": "1"},
        {"id": "bogus", "KPM_Demand__c": "1"},
        {"id": make_id("001", 999_999), "KPM_Demand__c": "1"},
        {"id": deleted, "KPM_Demand__c": "1"},
        {"id": second, "Website": "x" * 256},
        {"id": first, "KPM_Demand__c": "2"},
        {"id": third, "KPM_Wallet__c": 1e17},
        {"id": second, "SystemModstamp": "2026-01-01T00:00:00Z"},
    ).json()
    codes = [result["errors"][0]["statusCode"] if result["errors"] else None for result in results]
    assert codes == [
        None,
        "MALFORMED_ID",
        "INVALID_CROSS_REFERENCE_KEY",
        "ENTITY_IS_DELETED",
        "STRING_TOO_LONG",
        "DUPLICATE_VALUE",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "DUPLICATE_VALUE",
    ]
    assert "id" not in results[2]
    assert "(max length=255)" in results[4]["errors"][0]["message"]


def test_read_only_fields_are_refused_by_name(sync: Client) -> None:
    target = sync.ids(1)[0]
    error = sync.update({"id": target, "CreatedDate": "2026-01-01T00:00:00Z"}).json()[0]["errors"][0]
    assert error["statusCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert error["fields"] == ["CreatedDate"]


def test_a_type_error_fails_the_whole_request(sandbox: Sandbox, sync: Client) -> None:
    first, second = sync.ids(2)
    before = list(sandbox.dump("salesforce", "Account"))
    answer = sync.update({"id": first, "KPM_Demand__c": "5"}, {"id": second, "KPM_Wallet__c": "much"})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")
    assert (
        "Cannot deserialize instance of currency from VALUE_STRING value much" in answer.json()[0]["message"]
    )
    assert list(sandbox.dump("salesforce", "Account")) == before


def test_all_or_none_rolls_back(sandbox: Sandbox, sync: Client) -> None:
    first, second = sync.ids(2)
    before = list(sandbox.dump("salesforce", "Account"))
    results = sync.update(
        {"id": first, "Website": "changed"}, {"id": second, "Website": "y" * 300}, all_or_none=True
    ).json()
    assert [result["errors"][0]["statusCode"] for result in results] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "STRING_TOO_LONG",
    ]
    assert list(sandbox.dump("salesforce", "Account")) == before


def test_collections_take_200_records(sync: Client) -> None:
    target = sync.ids(1)[0]
    answer = sync.update(*[{"id": target, "Website": "x"}] * 201)
    assert answer.status_code == 400
    assert "cannot submit more than 200 records" in answer.json()[0]["message"]


def test_one_record_lives_its_life(sync: Client) -> None:
    missing = sync.send("POST", "/sobjects/Opportunity", json={"Name": "Deal"})
    assert missing.json()[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    account = sync.ids(1)[0]
    body = {
        "Name": "Deal",
        "AccountId": account,
        "StageName": "Proposal",
        "CloseDate": "2026-12-01",
        "Amount": 5,
    }
    created = sync.send("POST", "/sobjects/Opportunity", json=body)
    assert created.status_code == 201
    path = f"/sobjects/Opportunity/{created.json()['id']}"
    assert sync.get(path).json()["Probability"] == 60
    assert sync.send("PATCH", path, json={"StageName": "Closed Won"}).status_code == 204
    record = sync.get(path).json()
    assert (record["IsWon"], record["IsClosed"], record["Probability"]) == (True, True, 100)
    assert sync.send("DELETE", path).status_code == 204
    assert (sync.get(path).status_code, sync.get(path).json()[0]["errorCode"]) == (404, "NOT_FOUND")
    gone = sync.send("PATCH", path, json={"Amount": 6})
    assert (gone.status_code, gone.json()[0]["errorCode"]) == (404, "ENTITY_IS_DELETED")


def test_restricted_picklists_refuse_and_open_ones_take_other_values(admin: Client) -> None:
    metadata = {
        "label": "Strict",
        "type": "Picklist",
        "valueSet": {"restricted": True, "valueSetDefinition": {"value": [{"fullName": "A", "label": "A"}]}},
    }
    body = {"FullName": "Account.Strict__c", "Metadata": metadata}
    assert admin.send("POST", "/tooling/sobjects/CustomField", json=body).status_code == 201
    # PermissionSet 1 belongs to the administrators' profile.
    grant = {"ParentId": make_id("0PS", 1), "SobjectType": "Account", "Field": "Account.Strict__c"}
    admin.create({**grant, "PermissionsRead": True, "PermissionsEdit": True}, object="FieldPermissions")
    target = admin.ids(1)[0]
    error = admin.update({"id": target, "Strict__c": "B"}).json()[0]["errors"][0]
    assert error["statusCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert error["message"] == "Strict: bad value for restricted picklist field: B"
    assert admin.update({"id": target, "Strict__c": "a", "KPM_Strategy__c": "Something else"}).json()[0][
        "success"
    ]
    assert admin.get(f"/sobjects/Account/{target}").json()["Strict__c"] == "A"


def test_retrieve_keeps_order_and_leaves_null_for_missing(sync: Client) -> None:
    first, second = sync.ids(2)
    body = {"ids": [second, make_id("001", 999_999), first], "fields": ["Name"]}
    records = sync.send("POST", "/composite/sobjects/Account", json=body).json()
    assert [record and record["Id"] for record in records] == [second, None, first]
    by_get = sync.get("/composite/sobjects/Account", ids=f"{first},{second}", fields="Name").json()
    assert [record["Id"] for record in by_get] == [first, second]


def test_fifteen_characters_and_folded_case_name_the_same_record(sync: Client) -> None:
    target = sync.ids(1)[0]
    for spelling in (target[:15], target.upper()):
        assert sync.get(f"/sobjects/Account/{spelling}", fields="Id").json()["Id"] == target
        assert sync.query(f"SELECT COUNT() FROM Account WHERE Id = '{spelling}'")["totalSize"] == 1


def test_edits_from_outside_look_like_a_persons(sandbox: Sandbox, sync: Client) -> None:
    target = sync.ids(1)[0]
    sandbox.edit("salesforce", "Account", target, {"KPM_Demand__c": "2"})
    record = sync.get(f"/sobjects/Account/{target}").json()
    assert record["KPM_Demand__c"] == "2"
    stamp = record["SystemModstamp"]
    sandbox.edit("salesforce", "Account", target, {"LastActivityDate": "2026-01-02"}, touch=False)
    record = sync.get(f"/sobjects/Account/{target}").json()
    assert (record["LastActivityDate"], record["SystemModstamp"]) == ("2026-01-02", stamp)
    new = sandbox.edit("salesforce", "Account", values={"Name": "New GmbH"})
    assert sync.get(f"/sobjects/Account/{new}").json()["Name"] == "New GmbH"
    sandbox.edit("salesforce", "Account", new, delete=True)
    assert sync.get(f"/sobjects/Account/{new}").status_code == 404


def test_describe_has_what_the_crm_tells(sync: Client) -> None:
    describe = sync.get("/sobjects/Account/describe").json()
    fields = {field["name"]: field for field in describe["fields"]}
    assert (fields["AnnualRevenue"]["type"], fields["AnnualRevenue"]["precision"]) == ("currency", 18)
    assert fields["BillingCity"]["compoundFieldName"] == "BillingAddress"
    assert fields["OwnerId"]["referenceTo"] == ["User"]
    assert fields["OwnerId"]["relationshipName"] == "Owner"
    assert not fields["Name"]["nillable"]
    assert [value["value"] for value in fields["KPM_Demand__c"]["picklistValues"]] == list("12345")
    types = {info["developerName"] for info in describe["recordTypeInfos"]}
    assert types == {"Business", "Partner", "PersonAccount", "Master"}
    assert sync.get("/sobjects/Nope/describe").status_code == 404


def test_eight_writers_at_once_lose_nothing(sandbox: Sandbox, sync: Client) -> None:
    targets = sync.ids(40)

    def write(number: int) -> bool:
        own = Client(sandbox.url, sync.token)
        results = own.update(*[{"id": target, "Phone": str(number)} for target in targets[number::8]]).json()
        return all(result["success"] for result in results)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(write, range(8)))
    phones = {record["Id"]: record["Phone"] for record in sandbox.dump("salesforce", "Account")}
    assert [phones[target] for target in targets] == [str(number % 8) for number in range(40)]
