"""The list of the CRM's fields."""

from __future__ import annotations

from pathlib import Path

from connector.admin import fields as fields_module
from connector.admin.fields import list_fields
from connector.mapping import Mapping, read
from tests.contract.fake import FakeCrm, small_portfolio

MAPPING = Path(__file__).parents[3] / "mappings" / "salesforce.toml"


def mapping() -> Mapping:
    return read(MAPPING)[0]


def test_fields_in_use_come_first_with_their_places() -> None:
    found = list_fields(FakeCrm(small_portfolio(4)), mapping())
    assert [one.name for one in found] == [
        "IsPersonAccount", "Name", "NumberOfEmployees", "OwnerId", "ParentId", "Type", "CreatedDate",
    ]  # fmt: skip
    by_name = {one.name: one for one in found}
    assert by_name["NumberOfEmployees"].used == ("accounts.size", "criteria[company_size].source.field")
    assert by_name["CreatedDate"].used == ()
    assert (by_name["IsPersonAccount"].type, by_name["IsPersonAccount"].writable) == ("boolean", True)
    assert by_name["Name"].filled is None


def test_a_search_looks_at_names_and_labels() -> None:
    assert [one.name for one in list_fields(FakeCrm(small_portfolio(1)), mapping(), search="ID")] == [
        "OwnerId",
        "ParentId",
    ]


def test_other_sections() -> None:
    found = list_fields(FakeCrm(small_portfolio(1)), mapping(), "cases")
    assert {one.name: one.used for one in found} == {
        "CreatedDate": ("cases.date",),
        "Type": ("criteria[processes].source.where[1]",),
    }


def test_how_well_fields_are_filled(tmp_path: Path) -> None:
    found = list_fields(FakeCrm(small_portfolio(10)), mapping(), folder=tmp_path)
    filled = {one.name: one.filled for one in found}
    assert (filled["Name"], filled["NumberOfEmployees"], filled["ParentId"]) == (1.0, 0.8, 0.0)


def test_many_fields_are_read_in_parts(tmp_path: Path) -> None:
    crm = FakeCrm(small_portfolio(3))
    known = crm.org.fields["accounts"]
    for number in range(2 * fields_module.AT_ONCE):
        known[f"F{number}"] = known["Name"].__class__(f"F{number}", f"F{number}", known["Name"].type)
    found = list_fields(crm, mapping(), folder=tmp_path)
    assert len(found) == 7 + 2 * fields_module.AT_ONCE
    assert {one.filled for one in found if one.name.startswith("F")} == {0.0}


def test_targets_are_named_too() -> None:
    crm = FakeCrm(small_portfolio(1))
    known = crm.org.fields["accounts"]
    known["KPM_Why__c"] = known["Name"].__class__("KPM_Why__c", "Why", known["Name"].type, 255)
    assert {one.name: one.used for one in list_fields(crm, mapping())}["KPM_Why__c"] == ("write.why",)
