"""A CRM as a mapping sees it: dictionaries of fields, nothing behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connector.crm import CrmField, CrmName, Currencies, FieldType, Object, Option, Rate
from connector.errors import CrmRequestError, Severity
from connector.mapping import parse
from connector.mapping.live import live

GOOD = Path(__file__).parents[2] / "fixtures" / "mappings" / "good.toml"
Fields = dict[str, CrmField]


def fields(*given: CrmField) -> Fields:
    return {one.name: one for one in given}


def options(*values: str) -> tuple[Option, ...]:
    return tuple(Option(value, f"{value} (label)") for value in values)


@dataclass
class Described:
    """Describe, resolve, stages and currencies from what is given."""

    objects: dict[str, Fields]
    name: CrmName = "salesforce"
    parents: Fields = field(default_factory=dict)
    pipelines: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"": ("Proposal", "Closed Won")})
    money: Currencies = field(default_factory=lambda: Currencies("EUR", (Rate("CHF", 0.95),)))

    def user(self) -> str:
        return "sync@example.com"

    def describe(self, object: Object, source: str | None = None) -> Mapping[str, CrmField]:
        key = source or object
        if key not in self.objects:
            raise CrmRequestError(
                f"There is no {key}.", crm=self.name, operation="describe", code="OBJECT_NOT_FOUND"
            )
        return self.objects[key]

    def resolve(self, object: Object, field: str) -> CrmField | None:
        return self.parents.get(field) or self.objects.get(object, {}).get(field)

    def stages(self) -> Mapping[str, tuple[str, ...]]:
        return self.pipelines

    def currencies(self) -> Currencies:
        return self.money


def described() -> Described:
    """A Salesforce org that fits the good mapping of the fixtures."""
    text, pick, ref = FieldType.TEXT, FieldType.PICKLIST, FieldType.REFERENCE
    role = CrmField("Role", "Role", pick, options=options("Buyer", "Evaluator"))
    return Described(
        {
            "accounts": fields(
                CrmField("Name", "Account Name", text, 255),
                CrmField("Type", "Account Type", pick, options=options("Customer", "Prospect")),
                CrmField("OwnerId", "Owner ID", ref),
                CrmField("NumberOfEmployees", "Employees", FieldType.NUMBER, precision=8, scale=0),
                CrmField("Demand__c", "Demand", pick, options=options("1", "2", "3", "4", "5")),
                CrmField("Rated_At__c", "Rated", FieldType.DATE),
                CrmField("Strategy__c", "Strategy", pick, options=options("Clear", "None")),
                CrmField("Wallet__c", "Wallet", FieldType.CURRENCY, precision=18, scale=2),
                CrmField("Zone__c", "Zone", pick, options=options("protect", "develop")),
                CrmField("Why__c", "Why", text, 255),
                CrmField("BillingAddress", "Billing Address", text, writable=False, readable_in_bulk=False),
                CrmField("BillingCity", "Billing City", text, 40),
            ),
            "opportunities": fields(
                CrmField("AccountId", "Account ID", ref),
                CrmField("Amount", "Amount", FieldType.CURRENCY),
                CrmField("CloseDate", "Close Date", FieldType.DATE),
                CrmField("StageName", "Stage", pick),
                CrmField("Probability", "Probability (%)", FieldType.PERCENT),
                CrmField("Type", "Type", pick, options=options("New", "Renewal")),
            ),
            "OpportunityContactRole": fields(role),
            "cases": fields(
                CrmField("AccountId", "Account ID", ref),
                CrmField("CreatedDate", "Created", FieldType.DATETIME),
            ),
        }
    )


def told(
    crm: Described | None = None,
    *changes: tuple[str, str],
    absent: Severity = Severity.NOTE,
    base: str | None = None,
) -> list[str]:
    """What the CRM says to the good mapping after these replacements: ``severity: path: message``."""
    text = base or GOOD.read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    mapping, _ = parse(text, "m.toml")
    problems = live(crm or described(), mapping, "m.toml", absent=absent)
    return [f"{one.severity}: {one.path}: {one.message}" for one in problems]
