from __future__ import annotations

from pathlib import Path

import pytest

from connector.crm import Condition, CrmField, FieldType, PullRequest
from connector.errors import CrmRequestError
from connector.mapping import Mapping
from connector.mirror import Mirror
from connector.stages.pull import pull, requests
from tests.contract.fake import FakeCrm, small_portfolio
from tests.unit.rehearsal import MAPPING, mapping_of, provisioned

PERSON = Condition("IsPersonAccount", "equals", value=False)
CUSTOMER = Condition("Type", "in", ("Customer",))


def asked(mapping: Mapping, *existing: CrmField) -> dict[str, PullRequest]:
    return {request.object: request for request in requests(mapping, {each.name: each for each in existing})}


def test_only_what_the_mapping_needs_is_read() -> None:
    found = asked(mapping_of())
    assert list(found) == ["accounts", "opportunities", "contact_roles"]
    assert found["opportunities"].fields == ("Amount", "CloseDate", "StageName", "Probability")
    assert found["opportunities"].account == "AccountId"
    assert found["contact_roles"].sources == ("OpportunityContactRole",)
    named = {"Name", "OwnerId", "NumberOfEmployees", "KPM_Chemistry__c", "KPM_Segment__c"}
    assert named <= set(found["accounts"].fields)
    assert len(set(found["accounts"].fields)) == len(found["accounts"].fields)


def test_the_portfolio_and_accounts_with_our_fields_set_are_asked_of_the_crm() -> None:
    targets = (
        CrmField("KPM_Segment__c", "Zone", FieldType.PICKLIST),
        CrmField("KPM_Top_Revenue__c", "Top", FieldType.BOOLEAN),
    )
    assert asked(mapping_of(), *targets)["accounts"].where == (
        (PERSON, CUSTOMER),
        (Condition("KPM_Segment__c", "is_set", value=True),),
        (Condition("KPM_Top_Revenue__c", "equals", value=True),),
    )


def test_a_measured_condition_is_decided_after_the_pull() -> None:
    text = MAPPING.replace(
        'in = ["Customer"] }', 'in = ["Customer"] }, { measure = "won_count", months = 36, above = 0 }'
    )
    assert asked(mapping_of(text))["accounts"].where == ((PERSON,),)
    text = text.replace('all = [ { field = "IsPersonAccount", equals = false } ]', "")
    assert (
        asked(mapping_of(text), CrmField("KPM_Segment__c", "Zone", FieldType.PICKLIST))["accounts"].where
        == ()
    )


def test_conditions_on_other_objects_narrow_the_read() -> None:
    text = MAPPING.replace(
        'probability = "Probability"',
        'probability = { Proposal = 60 }\nwhere = [ { field = "Kind", not_in = ["Test"] } ]',
    )
    found = asked(mapping_of(text))["opportunities"]
    assert found.where == ((Condition("Kind", "not_in", ("Test",)),),)
    assert found.fields == ("Amount", "CloseDate", "StageName", "Kind")


def test_sections_that_a_criterion_needs_are_read() -> None:
    text = (
        MAPPING
        + """
[cases]
account = "AccountId"
date = "CreatedDate"
[orders]
account = "AccountId"
date = "EffectiveDate"
[[criteria]]
id = "errors"
dimension = "attractiveness"
label = "Errors"
scale = { kind = "linear", zero = 0.2, full = 0 }
[criteria.source]
from = "cases"
measure = "error_rate"
months = 12
per = "orders"
where = [ { field = "Type", in = ["Error"] } ]
"""
    )
    found = asked(mapping_of(text))
    assert found["cases"].fields == ("CreatedDate", "Type")
    assert found["orders"].fields == ("EffectiveDate",)


def test_a_pull_opens_every_object(tmp_path: Path) -> None:
    mapping = mapping_of()
    (tmp_path / "left over").mkdir()
    read = pull(provisioned(mapping), mapping, tmp_path, Mirror(None))
    assert read.rows == {"accounts": 30, "opportunities": 80, "contact_roles": 40}
    assert read.currencies.home == "EUR"
    assert read.merged == {"00199999": "00100001"}
    assert "@won" in read.sources["opportunities"].frame.collect_schema().names()
    assert not (tmp_path / "left over").exists()


def test_before_provisioning_our_fields_count_as_empty(tmp_path: Path) -> None:
    mapping = mapping_of()
    crm = FakeCrm(small_portfolio(8))
    source = pull(crm, mapping, tmp_path, Mirror(None), provisioned=False).sources["accounts"]
    rows = source.frame.collect().to_arrow().to_pylist()
    assert len(rows) == 6
    for name in (*mapping.write.targets.values(), "KPM_Chemistry__c"):
        assert name in source.schema
        assert all(row[name] is None for row in rows)
    with pytest.raises(CrmRequestError, match="KPM_Chemistry__c"):
        pull(crm, mapping, tmp_path, Mirror(None))


def test_an_object_that_the_crm_lacks_is_named_and_left_out(tmp_path: Path) -> None:
    mapping = mapping_of()
    crm = provisioned(mapping)
    crm.org.absent.add("contact_roles")
    read = pull(crm, mapping, tmp_path, Mirror(None))
    assert "contact_roles" not in read.sources
    assert "the CRM has no contact_roles" in read.absent["contact_roles"]
    crm.org.absent.add("opportunities")
    with pytest.raises(CrmRequestError):
        pull(crm, mapping, tmp_path, Mirror(None))


def test_progress_counts_objects(tmp_path: Path) -> None:
    mapping = mapping_of()
    seen: list[tuple[int, int]] = []
    pull(
        provisioned(mapping),
        mapping,
        tmp_path,
        Mirror(None),
        advance=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]
