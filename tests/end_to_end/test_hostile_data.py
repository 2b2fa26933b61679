"""A hundred hostile values in the data pass through with the right result or a named rejection."""

from __future__ import annotations

from itertools import cycle
from typing import Any

from adapters.sandbox.side import ControlError
from tests.end_to_end.conftest import ACCOUNTS, Place
from tests.end_to_end.test_sync import STAMPS, same_cells

TEXTS = (
    "",
    "   ",
    "NaN",
    "inf",
    "1e308",
    "-1",
    "=HYPERLINK(1)",
    "@SUM(A1)",
    "Ökostrom & Söhne <b>",
    "שלום עולם",
    "🦄🦄🦄",
    "a\tb",
    "'; DROP TABLE accounts; --",
    "x" * 300,
    "NULL",
    "#N/A",
    "null",
    "5,0",
    "٣",
    "0x10",
)
NUMBERS = (1e308, -1e308, -5.0, 0.0, 1e13, 1e14, 0.1, 123_456_789_012.0, -0.0, 4.0000000001)
DATES = ("1700-01-01", "4000-12-31", "1899-12-31", "2101-01-01", "1900-01-01", "2026-11-25", "2024-02-29")

FIELDS = {
    "salesforce": {
        "text": ("Name", "Industry", "KPM_Strategy__c", "KPM_Demand__c", "KPM_Chemistry__c", "BillingCity"),
        "number": ("NumberOfEmployees", "KPM_Wallet__c"),
        "date": ("KPM_Rated_At__c", "KPM_Wallet_Rated_At__c"),
        "deal": ("Opportunity", "Amount"),
    },
    "hubspot": {
        "text": (
            "name",
            "industry",
            "kpm_strategy",
            "kpm_demand",
            "kpm_chemistry",
            "city",
            "country",
            "website",
        ),
        "number": ("numberofemployees", "kpm_wallet"),
        "date": ("kpm_rated_at", "kpm_wallet_rated_at"),
        "deal": ("deals", "amount"),
    },
}


def hostile(here: Place) -> list[tuple[str, str, Any]]:
    """(account, field, value), one hundred and more."""
    fields = FIELDS[here.crm]
    values = [
        *((name, value) for value in TEXTS for name in fields["text"]),
        *((name, value) for value in NUMBERS for name in fields["number"]),
        *((name, value) for value in DATES for name in fields["date"]),
    ]
    keys = cycle(sorted(explained(here)))
    return [(key, name, value) for key, (name, value) in zip(keys, values, strict=False)]


def plant(here: Place, kind: str, key: str, name: str, value: Any) -> bool:
    """Put a value behind the API's back; what no CRM can hold at all is not a case."""
    try:
        here.sandbox.edit(here.crm, kind, id=key, values={name: value})
    except (ControlError, OverflowError):
        return False
    return True


def explained(here: Place) -> dict[str, Any]:
    found = here.kpm("explain", "--all", "--json").lines()
    return {one["account"]["id"]: one for one in found if one["member"]}


def test_hostile_values_pass_through(here: Place) -> None:
    here.sync()
    planted = hostile(here)
    assert len(planted) >= 100
    stored = sum(plant(here, ACCOUNTS[here.crm], key, name, value) for key, name, value in planted)
    assert stored >= 100
    kind, field = FIELDS[here.crm]["deal"]
    for key, value in zip(here.cells(kind), NUMBERS, strict=False):
        plant(here, kind, key, field, value)

    before = here.cells()
    summary = here.sync("--accept-movement")
    assert summary["rejected"] == 0 or all(row["code"] and row["message"] for row in summary["refusals"])
    ours = {*here.targets().values(), "KPM_Decision_Access__c", "kpm_decision_access"}
    assert same_cells(before, here.cells(), ours | STAMPS[here.crm]) == []

    results = explained(here)
    criteria = {
        key: {each["id"]: each for part in one["dimensions"].values() for each in part["criteria"]}
        for key, one in results.items()
    }
    cells = here.cells()
    demand, strategy = FIELDS[here.crm]["text"][3], FIELDS[here.crm]["text"][2]
    for key, one in results.items():
        stored = str(cells[key].get(strategy) or "").strip().lower()
        if stored not in ("clear", "partly", "none"):
            assert criteria[key]["clear_strategy"]["known"] is False, (key, stored)
        if cells[key].get(demand) in TEXTS:
            assert (
                "KPM_Demand" not in criteria[key]["future_demand"]["source"]
                or not criteria[key]["future_demand"]["known"]
            )
        for each in criteria[key].values():
            assert each["score"] is None or 0 <= each["score"] <= 100
        assert one["written"].get("headroom") is None or one["written"]["headroom"] >= 0
    assert here.sync("--accept-movement")["written"] == 0
