"""Provisioning in the sandbox: as an administrator, for the nightly user and for reps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl
import pytest
import responses

from adapters.retry import Limits
from adapters.salesforce import SalesforceCrm
from adapters.salesforce.permissions import SYNC, Permissions, PermissionSet
from adapters.sandbox import Sandbox
from connector.crm import Currencies, FieldSpec, FieldType, Object, Option, PullRequest, Step
from connector.errors import CrmAuthError, CrmTemporaryError
from tests.unit.adapters.salesforce.conftest import DATA, HOST, QUICK, TOKEN, connection

BADGE = FieldSpec(
    "KPM_Segment_Badge__c",
    "Badge",
    FieldType.TEXT,
    options=(Option("protect", 'Key "account"'), Option("retreat", "Efficient care"), Option("unrated", "?")),
    badge_of="KPM_Segment__c",
    marks={"protect": "green flag", "retreat": "empty circle"},
)
SPECS = (
    FieldSpec(
        "KPM_Segment__c",
        "Portfolio zone",
        FieldType.PICKLIST,
        "Which zone.",
        options=(Option("protect", "Key account"),),
    ),
    BADGE,
    FieldSpec("KPM_Why__c", "Why", FieldType.TEXT, length=255),
    FieldSpec("KPM_Story__c", "Story", FieldType.TEXT, length=2_000),
    FieldSpec("KPM_Potential__c", "Potential", FieldType.NUMBER, precision=5, scale=0),
    FieldSpec("KPM_Headroom__c", "White space", FieldType.CURRENCY, precision=18, scale=0),
    FieldSpec("KPM_Since__c", "Since", FieldType.DATE),
    FieldSpec("KPM_Top__c", "Top revenue", FieldType.BOOLEAN),
    FieldSpec(
        "KPM_Chemistry__c",
        "Chemistry",
        FieldType.PICKLIST,
        options=tuple(Option(str(n), f"{n}: ...") for n in range(1, 6)),
        result=False,
    ),
)
READS: Mapping[Object, tuple[str, ...]] = {
    "accounts": ("Name", "Industry", "RecordType.DeveloperName"),
    "opportunities": ("Amount", "StageName", "ProductLine__c"),
    "contact_roles": (),
    "cases": ("Type",),
    "orders": ("EffectiveDate",),
    "activities": (),
}


def opened(sandbox: Sandbox, who: str, limits: Limits = QUICK) -> SalesforceCrm:
    secret = "sandbox-secret" if who == "sync" else f"sandbox-{who}-secret"
    given = connection(
        auth="client_credentials", login_url=sandbox.url, client_id=f"sandbox-{who}", client_secret=secret
    )
    return SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=limits)


@pytest.fixture
def day_one() -> Iterator[Sandbox]:
    """An org without any of our fields."""
    with Sandbox(crms=("salesforce",), accounts=20, ratings=False, multi_currency=False) as running:
        yield running


def by_target(steps: list[Step], what: str) -> dict[str, Step]:
    return {step.target: step for step in steps if step.what == what}


def test_from_nothing_to_a_working_sync(day_one: Sandbox, tmp_path: Path) -> None:
    sync, administrator, rep = (opened(day_one, who) for who in ("sync", "admin", "rep"))
    assert "KPM_Why__c" not in sync.describe("accounts")
    steps = administrator.provision(SPECS, READS, (rep.user(),), nightly_user=sync.user())
    assert all(step.done for step in steps if step.what != "by hand")
    assert set(by_target(steps, "create field")) == {f"Account.{spec.name}" for spec in SPECS}

    nightly = opened(day_one, "sync").describe("accounts")
    assert nightly["KPM_Segment__c"].options == (Option("protect", "Key account"),)
    assert not nightly["KPM_Segment__c"].restricted
    assert (nightly["KPM_Potential__c"].precision, nightly["KPM_Potential__c"].scale) == (5, 0)
    assert nightly["KPM_Story__c"].type is FieldType.LONG_TEXT
    assert nightly["KPM_Segment_Badge__c"].calculated
    assert all(nightly[spec.name].writable is (spec.result and spec is not BADGE) for spec in SPECS)

    seen = opened(day_one, "rep").describe("accounts")
    assert all(seen[spec.name].writable is not spec.result for spec in SPECS if spec is not BADGE)
    assert not seen["KPM_Segment_Badge__c"].writable

    pulled = opened(day_one, "sync").pull(
        PullRequest("accounts", tuple(spec.name for spec in SPECS)), tmp_path
    )
    assert not opened(day_one, "sync").incremental(PullRequest("accounts", (BADGE.name,)))
    assert pl.read_parquet(list(pulled.paths))["KPM_Top__c"].to_list() == [False] * pulled.rows


def test_an_interrupted_provisioning_is_finished(day_one: Sandbox) -> None:
    administrator = opened(day_one, "admin")
    day_one.fault("unavailable", method="POST", path="CustomField", after=3)
    with pytest.raises(CrmTemporaryError, match="could not create field"):
        administrator.provision(SPECS, READS, nightly_user="sync@sandbox.example")
    day_one.clear_faults()
    steps = administrator.provision(SPECS, READS, nightly_user="sync@sandbox.example")
    created = by_target(steps, "create field")
    assert [step.changed for step in created.values()] == [False] * 3 + [True] * 6
    again = administrator.provision(SPECS, READS, nightly_user="sync@sandbox.example")
    assert not [step for step in again if step.changed]


@pytest.mark.parametrize("path", ["CustomField", "composite/sobjects"])
def test_a_lost_reply_is_no_failure(day_one: Sandbox, path: str) -> None:
    administrator = opened(day_one, "admin", Limits(attempts=10, first_wait=0.001))
    made = day_one.fault("drop_after", method="POST", path=path, rate=0.4)
    steps = administrator.provision(SPECS, READS, nightly_user="sync@sandbox.example")
    assert made.hits > 0
    assert all(step.done for step in steps if step.what != "by hand")


def test_options_are_merged(day_one: Sandbox) -> None:
    administrator = opened(day_one, "admin")
    administrator.provision(SPECS[:1], {})
    more = FieldSpec(
        "KPM_Segment__c",
        "Another",
        FieldType.PICKLIST,
        options=(Option("PROTECT", "x"), Option("develop", "Develop")),
    )
    steps = administrator.provision([more], {}, dry_run=True)
    assert by_target(steps, "add options")["Account.KPM_Segment__c"].detail == "develop"
    steps = administrator.provision([more], {})
    assert by_target(steps, "add options")["Account.KPM_Segment__c"].changed
    known = administrator.provision([more], {})
    assert not by_target(known, "add options")["Account.KPM_Segment__c"].changed
    steps = administrator.provision([more], {}, nightly_user="sync@sandbox.example")
    options = opened(day_one, "sync").describe("accounts")["KPM_Segment__c"].options
    assert options == (Option("protect", "Key account"), Option("develop", "Develop"))


def test_what_people_must_do_is_said(day_one: Sandbox) -> None:
    administrator = opened(day_one, "admin")
    administrator.provision([FieldSpec("KPM_Why__c", "Why", FieldType.TEXT, length=255)], {})
    specs = [
        FieldSpec("KPM_Why__c", "Why", FieldType.PICKLIST, options=(Option("a", "a"),)),
        FieldSpec("Portfolio", "No custom field", FieldType.TEXT),
        FieldSpec("Industry", "Standard", FieldType.TEXT),
    ]
    steps = administrator.provision(specs, {}, ("nobody@sandbox.example",))
    hands = by_target(steps, "by hand")
    assert "no picklist but Text" in hands["Account.KPM_Why__c"].detail
    assert "end in __c" in hands["Account.Portfolio"].detail
    assert "KPM Sync" in hands
    assert "page" in hands["Account page layout"].detail
    assert not by_target(steps, "assign")["nobody@sandbox.example"].done


def test_record_types_are_a_persons_matter_where_inputs_are_new(day_one: Sandbox) -> None:
    administrator = opened(day_one, "admin")
    for changed in (True, False):
        hands = by_target(administrator.provision(SPECS, {}), "by hand")
        assert ("Record types" in hands) is changed
        if changed:
            assert "KPM_Chemistry__c" in hands["Record types"].detail
            assert "KPM_Segment__c" not in hands["Record types"].detail  # nobody picks it by hand
            assert "Setup > Object Manager > Account > Record Types" in hands["Record types"].detail


def test_the_nightly_user_may_not_provision(day_one: Sandbox) -> None:
    with pytest.raises(CrmAuthError, match="administrator"):
        opened(day_one, "sync").provision(SPECS, READS)


def test_a_right_that_is_there_but_too_small_is_completed(day_one: Sandbox) -> None:
    administrator = opened(day_one, "admin")
    swapped = [FieldSpec("KPM_Why__c", "Why", FieldType.TEXT, length=255, result=False)]
    administrator.provision(swapped, {}, nightly_user="sync@sandbox.example")
    assert not opened(day_one, "sync").describe("accounts")["KPM_Why__c"].writable
    steps = administrator.provision([FieldSpec("KPM_Why__c", "Why", FieldType.TEXT, length=255)], {})
    assert [step.target for step in steps if step.changed] == ["Account.KPM_Why__c"]
    assert opened(day_one, "sync").describe("accounts")["KPM_Why__c"].writable


def of_answers(answers: responses.RequestsMock, metadata: object, values: list[str]) -> SalesforceCrm:
    """An org with one custom field, whose other steps are all done."""
    field = {"Id": "00NA", "DeveloperName": "KPM_Segment", "NamespacePrefix": None}
    rest = {**field, "DeveloperName": "X", "NamespacePrefix": "pkg"}
    first = {"done": False, "records": [rest], "nextRecordsUrl": "/services/data/v64.0/tooling/query/01g-1"}
    answers.get(f"{DATA}/tooling/query", json=first)
    answers.get(f"{DATA}/tooling/query/01g-1", json={"done": True, "records": [field]})
    answers.get(f"{DATA}/tooling/sobjects/CustomField/00NA", json={"Metadata": metadata})
    options = [{"value": value, "label": value} for value in values]
    known = {"name": "KPM_Segment__c", "type": "picklist", "picklistValues": options, "permissionable": False}
    answers.get(f"{DATA}/sobjects/Account/describe", json={"fields": [known]})
    set_id = {"totalSize": 1, "done": True, "records": [{"Id": "0PSA"}]}
    rights = {"Id": "110A", "SobjectType": "Account", "PermissionsRead": True, "PermissionsEdit": True}
    granted = {"totalSize": 1, "done": True, "records": [{**rights, "PermissionsViewAllRecords": True}]}
    for reply in (set_id, granted, set_id):
        answers.get(f"{DATA}/query/", json=reply)
    given = connection(auth="access_token", instance_url=HOST, access_token=TOKEN)
    return SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=QUICK)


@pytest.mark.parametrize(("values", "what"), [(["protect"], "add options"), (["other"], "by hand")])
def test_a_global_value_set_is_left_alone(
    answers: responses.RequestsMock, values: list[str], what: str
) -> None:
    crm = of_answers(answers, {"type": "Picklist", "valueSet": {"valueSetName": "Zones"}}, values)
    steps = crm.provision(SPECS[:1], {})
    assert "Zones" in by_target(steps, what)["Account.KPM_Segment__c"].detail
    assert not [step for step in steps if step.changed]


def test_a_right_that_cannot_be_granted_is_left_to_a_person(day_one: Sandbox) -> None:
    administrator = opened(day_one, "admin")
    permissions = Permissions(administrator._org, dry_run=False)
    wanted = PermissionSet(SYNC, fields={"Account.Nope__c": False, "Account.Industry": False})
    steps = {step.target: step for step in permissions.complete(wanted)}
    assert steps["Account.Industry"].changed
    assert not steps["Account.Nope__c"].done
    assert "bad value" in steps["Account.Nope__c"].detail


def test_an_assignment_that_is_refused_is_left_to_a_person(answers: responses.RequestsMock) -> None:
    crm = of_answers(answers, {"type": "Picklist", "valueSet": {"valueSetName": "Zones"}}, ["protect"])
    users = {"totalSize": 1, "done": True, "records": [{"Id": "005A", "Username": "Rep@acme.example"}]}
    answers.get(f"{DATA}/query/", json=users)
    answers.get(f"{DATA}/query/", json={"totalSize": 0, "done": True, "records": []})
    error = {"statusCode": "FIELD_INTEGRITY_EXCEPTION", "message": "the user license does not allow it"}
    answers.post(f"{DATA}/composite/sobjects", json=[{"success": False, "errors": [error]}])
    steps = by_target(crm.provision(SPECS[:1], {}, ("rep@acme.example",)), "by hand")
    assert "the user license does not allow it" in steps["rep@acme.example"].detail


def test_a_missing_right_ends_provisioning(answers: responses.RequestsMock) -> None:
    crm = of_answers(answers, {"type": "Picklist", "valueSet": {"valueSetName": "Zones"}}, ["protect"])
    users = {"totalSize": 1, "done": True, "records": [{"Id": "005A", "Username": "rep@acme.example"}]}
    answers.get(f"{DATA}/query/", json=users)
    answers.get(f"{DATA}/query/", json={"totalSize": 0, "done": True, "records": []})
    error = {"statusCode": "INSUFFICIENT_ACCESS", "message": "no"}
    answers.post(f"{DATA}/composite/sobjects", json=[{"success": False, "errors": [error]}])
    with pytest.raises(CrmAuthError, match="administrator"):
        crm.provision(SPECS[:1], {}, ("rep@acme.example",))


def test_the_currency_of_an_org_with_one(day_one: Sandbox) -> None:
    assert opened(day_one, "sync").currencies() == Currencies("EUR")
