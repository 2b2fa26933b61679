"""What a check says: each line with what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import responses

from adapters.salesforce import SalesforceCrm
from adapters.sandbox import Sandbox
from adapters.sandbox.side import Visibility
from connector.crm import Finding, Needs
from tests.unit.adapters.salesforce.conftest import DATA, HOST, Opener
from tests.unit.adapters.salesforce.test_provision import READS, SPECS
from tests.unit.adapters.salesforce.test_provision import opened as connected

NEEDS = Needs({"accounts": ("Name", "Industry"), "opportunities": ("Amount",)})


def by_what(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.what: finding for finding in findings}


def test_check_sees_what_is_missing(sandbox: Sandbox, opened: Opener) -> None:
    found = {finding.what: finding for finding in opened().check()}
    assert found["login"].level == "ok"
    assert found["View All"].level == "warning"
    assert "KPM Sync" in found["View All"].message
    found = {finding.what: finding for finding in opened("admin").check()}
    assert found["View All"].level == "ok"
    found = {finding.what: finding for finding in opened("admin", api_version="30.0").check()}
    assert found["API version"].level == "error"
    assert "API quota" not in found
    sandbox.quota("salesforce", limit=1_000, used=900)
    assert {finding.what: finding for finding in opened().check()}["API quota"].level == "warning"


def test_check_of_a_user_with_few_rights(answers: responses.RequestsMock, crm: SalesforceCrm) -> None:
    answers.get(
        f"{HOST}/services/oauth2/userinfo", json={"user_id": "005A", "preferred_username": "rep@acme.example"}
    )
    answers.get(f"{HOST}/services/data", json=[{"version": "64.0"}])
    answers.get(
        f"{DATA}/sobjects", json={"sobjects": [{"name": "Account", "queryable": True, "updateable": False}]}
    )
    denied = [
        {"errorCode": "INVALID_TYPE", "message": "sObject type 'PermissionSetAssignment' is not supported."}
    ]
    answers.get(f"{DATA}/query/", json=denied, status=400)
    answers.get(f"{DATA}/limits/", json={"DailyApiRequests": {"Max": 10, "Remaining": 9}})
    findings = crm.check()
    errors = {finding.what: finding.message for finding in findings if finding.level == "error"}
    assert set(errors) == {"object Opportunity", "object Account"}
    assert all("rep@acme.example" in message for message in errors.values())
    assert any(finding.what == "View All" and "not known" in finding.message for finding in findings)


@pytest.fixture(scope="module")
def org() -> Iterator[Sandbox]:
    """An org of its own, provisioned."""
    with Sandbox(crms=("salesforce",), accounts=60, seed=4) as running:
        administrator = connected(running, "admin")
        administrator.provision(SPECS, READS, nightly_user="sync@sandbox.example")
        administrator.close()
        yield running


def test_view_all_is_asked_of_what_is_read(org: Sandbox) -> None:
    crm = connected(org, "sync")
    found = by_what(crm.check(NEEDS))
    assert found["View All"].level == "ok"
    assert "Account, Opportunity" in found["View All"].message
    assert "Case" not in found["objects"].message
    org.visibility("salesforce", Visibility("hide_half"))
    try:
        assert by_what(crm.check(NEEDS))["View All"].level == "warning"
    finally:
        org.visibility("salesforce", Visibility("show_all"))


def test_what_is_read_in_full_and_why(org: Sandbox) -> None:
    crm = connected(org, "sync")
    assert "what changed" in by_what(crm.check(NEEDS))["reading"].message
    needs = Needs({"accounts": ("KPM_Segment_Badge__c",), "contact_roles": (), "cases": ("Type",)})
    words = by_what(crm.check(needs))["reading"].message
    assert "accounts, because KPM_Segment_Badge__c is a formula" in words
    assert "contact_roles, because" in words
    assert "cases" not in words


def test_an_object_that_is_missing_is_told_with_what_to_do(org: Sandbox) -> None:
    org.visibility("salesforce", Visibility("hide_object", "Order"))
    try:
        crm = connected(org, "sync")
        found = crm.check(Needs({**NEEDS.reads, "orders": ("EffectiveDate",)}))
    finally:
        org.visibility("salesforce", Visibility("show_object", "Order"))
    (warning,) = [each for each in found if each.what == "objects" and each.level == "warning"]
    assert "Order" in warning.message
    assert "kpm provision" in warning.message


def test_room_for_more_fields(org: Sandbox) -> None:
    creates = [f"KPM_New{number}__c" for number in range(3)]
    found = by_what(connected(org, "admin").check(Needs(NEEDS.reads, creates=(*creates, "Name"))))
    assert found["custom fields"].level == "ok"
    assert "3 are to be created" in found["custom fields"].message
    many = [f"KPM_New{number}__c" for number in range(600)]
    found = by_what(connected(org, "admin").check(Needs(NEEDS.reads, creates=many)))
    assert found["custom fields"].level == "error"
    assert "of 500" in found["custom fields"].message
    found = by_what(connected(org, "sync").check(Needs(NEEDS.reads, creates=creates)))
    assert "Object Limits" in found["custom fields"].message


RESTRICTED = {
    "name": "Zone__c",
    "type": "picklist",
    "restrictedPicklist": True,
    "picklistValues": [{"value": "protect"}, {"value": "retreat"}],
}


def asked(answers: responses.RequestsMock, *, rules: bool = False) -> None:
    """An org that answers everything before the targets, and has nothing after them."""
    user = {"user_id": "005A", "preferred_username": "kpm@acme.example"}
    answers.get(f"{HOST}/services/oauth2/userinfo", json=user)
    answers.get(f"{HOST}/services/data", json=[{"version": "64.0"}])
    listed = [{"name": name, "queryable": True, "updateable": True} for name in ("Account", "Opportunity")]
    answers.get(f"{DATA}/sobjects", json={"sobjects": listed})
    nothing = {"totalSize": 0, "done": True, "records": []}
    answers.get(f"{DATA}/query/", json=nothing)  # permission sets
    stamped = [{"name": "SystemModstamp", "type": "datetime"}, {"name": "IsDeleted", "type": "boolean"}]
    fields = [*stamped, RESTRICTED, {"name": "RecordTypeId", "type": "reference"}]
    answers.get(f"{DATA}/sobjects/Account/describe", json={"fields": fields})
    types = [
        {"RecordTypeId": "012A", "Name": "Direct", "expr0": 1_200},
        {"RecordTypeId": "012B", "Name": "Partner", "expr0": 34},
    ]
    answers.get(f"{DATA}/query/", json={"totalSize": 2, "done": True, "records": types})
    error = [{"errorCode": "INVALID_TYPE", "message": "sObject type 'EntityLimit' is not supported."}]
    answers.get(f"{DATA}/tooling/query", json=error, status=400)
    found = [{"Id": "0MjA"}] if rules else []
    answers.get(f"{DATA}/query/", json={**nothing, "records": found})
    denied = [{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}]
    answers.get(
        f"{DATA}/limits/", json=denied, status=403, headers={"Sforce-Limit-Info": "api-usage=18/5000"}
    )


def offered(*values: str) -> dict[str, Any]:
    return {"picklistFieldValues": {"Zone__c": {"values": [{"value": value} for value in values]}}}


TARGETS = Needs({"accounts": ()}, {"Zone__c": ("protect", "retreat"), "Why__c": ()})
UI = f"{DATA}/ui-api/object-info/Account/picklist-values"


def test_values_that_a_record_type_lacks(answers: responses.RequestsMock, crm: SalesforceCrm) -> None:
    asked(answers)
    answers.get(f"{UI}/012A", json=offered("Protect", "retreat"))
    answers.get(f"{UI}/012B", json=offered("protect"))
    found = by_what(crm.check(TARGETS))
    assert "record type Direct" not in found
    lacking = found["record type Partner"]
    assert lacking.level == "error"
    assert "retreat" in lacking.message
    assert "34 accounts" in lacking.message
    assert "Setup > Object Manager > Account > Record Types > Partner" in lacking.message


def test_values_that_cannot_be_looked_at(answers: responses.RequestsMock, crm: SalesforceCrm) -> None:
    asked(answers)
    answers.get(f"{UI}/012A", json=offered("protect", "retreat"))
    gone = [{"errorCode": "NOT_FOUND", "message": "no such type"}]
    answers.get(f"{UI}/012B", json=gone, status=404)
    found = by_what(crm.check(TARGETS))
    assert found["record type Partner"].level == "warning"
    assert "no such type" in found["record type Partner"].message


def test_territory_rules_and_a_quota_that_only_the_answers_tell(
    answers: responses.RequestsMock, crm: SalesforceCrm
) -> None:
    asked(answers, rules=True)
    for key in ("012A", "012B"):
        answers.get(f"{UI}/{key}", json=offered("protect", "retreat"))
    found = by_what(crm.check(TARGETS))
    assert found["record types"].level == "ok"
    assert "one call for 200 changes" in found["territories"].message
    assert found["API quota"].message == "4,982 of 5,000 calls of the rolling 24 hours are left"


def test_what_a_person_sees(org: Sandbox) -> None:
    administrator = connected(org, "admin")
    rep = connected(org, "rep").user()
    accounts = [row["Id"] for row in org.dump("salesforce", "Account") if not row["IsDeleted"]][:50]
    hidden = by_what(administrator.visibility(rep, ["KPM_Why__c"], accounts))
    assert hidden[f"fields for {rep}"].level == "warning"
    assert f"--assign {rep}" in hidden[f"fields for {rep}"].message
    administrator.provision(SPECS, READS, (rep,))
    org.visibility("salesforce", Visibility("hide_half"))
    try:
        seen = by_what(administrator.visibility(rep, ["KPM_Why__c"], accounts))
    finally:
        org.visibility("salesforce", Visibility("show_all"))
    assert seen[f"fields for {rep}"].level == "ok"
    assert re.search(r"sees 2\d of 50 accounts", seen[f"accounts for {rep}"].message)


def test_a_person_whom_nobody_knows(org: Sandbox) -> None:
    (finding,) = connected(org, "admin").visibility("nobody@acme.example", ["KPM_Why__c"], [])
    assert finding.level == "warning"
    assert "Setup > Users" in finding.message


def test_permissions_that_may_not_be_looked_at(answers: responses.RequestsMock, crm: SalesforceCrm) -> None:
    person = {"Id": "005B", "Name": "Rep", "IsActive": False}
    answers.get(f"{DATA}/query/", json={"totalSize": 1, "done": True, "records": [person]})
    error = [{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}]
    answers.get(f"{DATA}/query/", json=error, status=403)
    answers.get(f"{HOST}/services/oauth2/userinfo", json={})
    found = crm.visibility("rep@acme.example", ["KPM_Why__c"], ["001A"])
    assert [each.level for each in found] == ["warning"] * 3
    assert "not active" in found[0].message
    assert all("KPM_ADMIN__" in each.message for each in found[1:])
