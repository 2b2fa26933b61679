"""Conditions in SOQL: never narrower than what they mean."""

from __future__ import annotations

import pytest
import responses

from adapters.salesforce import SalesforceCrm
from adapters.salesforce.soql import literal, where
from connector.crm import Condition
from tests.unit.adapters.salesforce.conftest import DATA

VALUES = [
    {"value": "Customer", "label": "Customer"},
    {"value": "CUSTOMER", "label": "old"},
    {"value": "Other"},
]
FIELDS = [
    {"name": "Id", "type": "id", "filterable": True},
    {"name": "Name", "type": "string", "filterable": True},
    {"name": "Type", "type": "picklist", "filterable": True, "picklistValues": VALUES},
    {"name": "Tags__c", "type": "multipicklist", "filterable": True},
    {"name": "Description", "type": "textarea", "length": 32_000, "filterable": False},
    {"name": "NumberOfEmployees", "type": "int", "filterable": True},
    {"name": "AnnualRevenue", "type": "currency", "filterable": True},
    {"name": "Since__c", "type": "date", "filterable": True},
    {"name": "CreatedDate", "type": "datetime", "filterable": True},
    {"name": "Active__c", "type": "boolean", "filterable": True},
    {
        "name": "OwnerId",
        "type": "reference",
        "filterable": True,
        "relationshipName": "Owner",
        "referenceTo": ["Group", "User"],
    },
]


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (Condition("Type", "in", (" customer ",)), "Type IN ('customer', 'Customer', 'CUSTOMER')"),
        (Condition("Type", "equals", "Other"), "Type IN ('Other')"),
        (Condition("Type", "not_in", ("Other",)), "(Type = null OR Type NOT IN ('Other'))"),
        (Condition("Type", "is_set", True), "Type != null"),
        (Condition("Name", "is_set", False), "Name = null"),
        (Condition("Active__c", "equals", False), "Active__c = false"),
        (Condition("NumberOfEmployees", "above", 50), "NumberOfEmployees > 50"),
        (Condition("NumberOfEmployees", "below", 1e-7), "NumberOfEmployees < 0.0000001"),
        (Condition("Since__c", "above", "2026-01-31"), "Since__c > 2026-01-31"),
        (Condition("OwnerId", "in", ("005A",)), "OwnerId IN ('005A')"),
        (Condition("Owner.Alias", "is_set", True), "Owner.Alias != null"),
        # Left to the caller: compared otherwise there than here, or not at all.
        (Condition("Name", "equals", "Acme"), ""),
        (Condition("Tags__c", "in", ("a",)), ""),
        (Condition("Description", "is_set", True), ""),
        (Condition("AnnualRevenue", "above", 1_000), ""),
        (Condition("CreatedDate", "above", "2026-01-31"), ""),
        (Condition("Since__c", "above", "31.1.2026' OR Name != '"), ""),
        (Condition("NumberOfEmployees", "above", float("inf")), ""),
        (Condition("Type", "in", ("",)), ""),
        (Condition("Type", "in", ()), ""),
        (Condition("Nothing__c", "is_set", True), ""),
        (Condition("Owner.Nothing", "is_set", True), ""),
    ],
)
def test_a_condition(
    answers: responses.RequestsMock, crm: SalesforceCrm, condition: Condition, text: str
) -> None:
    answers.assert_all_requests_are_fired = False
    answers.get(f"{DATA}/sobjects/Account/describe", json={"fields": FIELDS})
    answers.get(f"{DATA}/sobjects/Group/describe", json={}, status=404)
    user = {"fields": [{"name": "Alias", "type": "string", "filterable": True}]}
    answers.get(f"{DATA}/sobjects/User/describe", json=user)
    assert where([(condition,)], crm._fields, "Account") == text


def test_groups(answers: responses.RequestsMock, crm: SalesforceCrm) -> None:
    answers.get(f"{DATA}/sobjects/Account/describe", json={"fields": FIELDS})
    few = Condition("NumberOfEmployees", "below", 5)
    customer = Condition("Type", "equals", "Other")
    unclear = Condition("Name", "equals", "Acme")
    fields = crm._fields
    assert where([], fields, "Account") == ""
    assert where([(few, unclear)], fields, "Account") == "NumberOfEmployees < 5"
    assert where([(few, customer), (few,)], fields, "Account") == (
        "(NumberOfEmployees < 5 AND Type IN ('Other')) OR NumberOfEmployees < 5"
    )
    # A group of which nothing can be asked wants any record.
    assert where([(few,), (unclear,)], fields, "Account") == ""


@pytest.mark.parametrize(
    ("value", "text"), [("O'Neill", r"'O\'Neill'"), ("a\\", r"'a\\'"), ("two\nlines", r"'two\nlines'")]
)
def test_a_literal_cannot_end_early(value: str, text: str) -> None:
    assert literal(value) == text
