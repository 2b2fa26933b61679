from __future__ import annotations

from connector.crm import FieldType
from connector.mapping.model import Mapping
from connector.reports.potential_check.fields import fields
from connector.reports.potential_check.findings import Filled
from tests.unit.reports.potential_check.conftest import TODAY, deal, deals, members, records


def found_in(mapping: Mapping) -> dict[str, Filled]:
    kinds = {"Name": FieldType.TEXT, "Demand__c": FieldType.PICKLIST, "Rated__c": FieldType.DATE}
    raw = records(
        kinds,
        id=["a", "b", "c", "stranger"],
        Name=["A", "B", "C", "S"],
        Demand__c=["4", "  ", "4", "1"],
        Rated__c=[TODAY - 10, TODAY - 1, TODAY - 30, TODAY],
    )
    sources = {"accounts": raw, "opportunities": deals(deal("a", "won", 3), deal("b", "won", 3, amount=None))}
    return {
        one.field: one for one in fields(sources, members(("a", 60), ("b", 30), ("c", 10)), mapping, TODAY)
    }


def test_filled_by_count_and_by_revenue(mapping: Mapping) -> None:
    raw = mapping.model_dump(mode="json", by_alias=True, exclude_unset=True)
    raw["criteria"][0]["source"] = {"field": "Demand__c", "rated_at": "Rated__c"}
    found = found_in(Mapping.model_validate(raw))
    demand = found["Demand__c"]
    assert (demand.use, demand.records, demand.distinct) == ("Future demand", 3, 1)
    assert demand.filled == 2 / 3
    assert demand.by_revenue == 0.7
    assert demand.most_common == 1
    assert demand.age_days == 20
    assert found["Rated__c"].age_days is None
    assert (found["Amount"].object, found["Amount"].filled, found["Amount"].by_revenue) == (
        "opportunities",
        0.5,
        None,
    )


def test_a_field_that_was_not_read_is_not_judged(mapping: Mapping) -> None:
    assert "Chemistry__c" not in found_in(mapping)
