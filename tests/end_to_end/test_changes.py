"""What a change in the CRM does, and what it does not do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from adapters.sandbox.side import Visibility
from tests.end_to_end.conftest import ACCOUNTS, AS_OF, Place
from tests.end_to_end.test_sync import STAMPS


def changed_cells(
    before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]], stamps: set[str]
) -> dict[str, set[str]]:
    found = {
        key: {name for name, value in row.items() if name not in stamps and after[key].get(name) != value}
        for key, row in before.items()
    }
    return {key: names for key, names in found.items() if names}


def customer(here: Place) -> tuple[str, dict[str, Any]]:
    """A rated member of the portfolio with white space, after a first sync."""
    for account in here.kpm("explain", "--all", "--json").lines():
        potential = account["dimensions"]["potential"]["criteria"] if account["member"] else []
        demand = [each for each in potential if each["id"] == "future_demand" and each["known"]]
        if demand and account["segment"] != "unrated" and account["confidence"] == "firm":
            return account["account"]["id"], account
    raise AssertionError("no firm account in the portfolio")


def other_value(value: Any) -> str:
    return "1" if str(value) != "1" else "5"


def test_one_changed_field_changes_one_account_and_only_the_fields_that_differ(here: Place) -> None:
    here.sync()
    key, _ = customer(here)
    demand = {"salesforce": "KPM_Demand__c", "hubspot": "kpm_demand"}[here.crm]
    before = here.cells()
    here.sandbox.edit(here.crm, ACCOUNTS[here.crm], id=key, values={demand: other_value(before[key][demand])})
    edited = here.cells()

    summary = here.sync()
    assert summary["written"] == 1
    differences = changed_cells(edited, here.cells(), STAMPS[here.crm])
    assert set(differences) == {key}
    assert differences[key] <= set(here.targets().values()) | {
        "KPM_Decision_Access__c",
        "kpm_decision_access",
    }


def test_an_edit_on_the_first_day_shows_who_moves_before_the_brake_asks(here: Place) -> None:
    """The day of the first sync, on which one iterates: a second run of it starts without zones."""
    here.sync()
    here.edit_mapping(r"^threshold( *)= .*", r"threshold\1= { potential = 90, attractiveness = 90 }")
    plan = here.kpm("plan", "--as-of", AS_OF.isoformat(), "--json").json()
    moved = sum(each["accounts"] for each in plan["movements"] if each["source"] is not None)
    assert plan["changes"]["moved"] == plan["moved"] == moved == plan["fields"][here.targets()["segment"]]
    assert sum(zone["before"] for zone in plan["zones"]) == plan["portfolio"]
    assert plan["movers"]
    assert plan["brake"]["name"] == "max_moved_share"
    shown = " ".join(here.kpm("plan", "--as-of", AS_OF.isoformat()).out.split())
    assert f"A sync would stop before it writes. {moved:,} of" in shown
    told = here.kpm("sync", "--yes", "--as-of", AS_OF.isoformat(), code=7).err
    assert f"{moved:,} of {plan['portfolio']:,} accounts would change their segment" in " ".join(told.split())


def test_a_hand_edited_result_heals(here: Place) -> None:
    here.sync()
    key, account = customer(here)
    segment = here.targets()["segment"]
    other = "retreat" if account["segment"] != "retreat" else "protect"
    here.sandbox.edit(here.crm, ACCOUNTS[here.crm], id=key, values={segment: other})
    assert here.sync()["written"] == 1
    assert here.cells()[key][segment] == account["segment"]


def test_a_prospect_that_becomes_a_customer_is_scored_and_a_leaving_one_is_cleared(here: Place) -> None:
    here.sync()
    field, customer_value, prospect_value = {
        "salesforce": ("Type", "Customer - Direct", "Prospect"),
        "hubspot": ("lifecyclestage", "customer", "lead"),
    }[here.crm]
    targets = here.targets()
    cells = here.cells()
    newcomer = next(
        key
        for key, row in cells.items()
        if row.get(field) == prospect_value
        and row.get(targets["segment"]) in (None, "")
        and not row.get("IsDeleted")
        and row.get("state") in (None, "live")
    )
    here.sandbox.edit(here.crm, ACCOUNTS[here.crm], id=newcomer, values={field: customer_value})
    assert here.sync()["changes"] == {"first": 1}
    assert here.cells()[newcomer][targets["segment"]]

    here.sandbox.edit(here.crm, ACCOUNTS[here.crm], id=newcomer, values={field: prospect_value})
    assert here.sync()["changes"] == {"cleared": 1}
    row = here.cells()[newcomer]
    assert all(row[name] in (None, "", False, 0, "false") for name in targets.values())


def test_a_user_who_suddenly_sees_half_the_accounts_stops_the_run(here: Place) -> None:
    here.sync()
    before = here.cells()
    here.sandbox.visibility(here.crm, Visibility("hide_half"))
    finished = here.kpm("sync", "--as-of", (AS_OF + timedelta(days=1)).isoformat(), code=7)
    assert "max_shrink_share" in finished.err
    assert here.cells() == before


def test_one_changed_opportunity_changes_its_account_alone(here: Place) -> None:
    here.sync()
    kind, amount, owner = {
        "salesforce": ("Opportunity", "Amount", "AccountId"),
        "hubspot": ("deals", "amount", None),
    }[here.crm]
    before = here.cells()
    deals = here.cells(kind)
    if owner is not None:
        rated = {row["Id"] for row in before.values() if row.get(here.targets()["headroom"])}
        deal = next(
            key
            for key, row in deals.items()
            if row[owner] in rated and row["StageName"] == "Closed Won" and row["CloseDate"] > "2026-02-01"
        )
    else:
        deal = next(
            key
            for key, row in deals.items()
            if row.get("dealstage") == "closedwon"
            and str(row.get("closedate", "")) > "2026-02-01"
            and row.get("amount")
        )
    here.sandbox.edit(here.crm, kind, id=deal, values={amount: 3_000_000})
    assert here.sync()["written"] <= 1
    differences = changed_cells(before, here.cells(), STAMPS[here.crm])
    assert len(differences) <= 1
    if owner is not None:
        assert set(differences) == {deals[deal][owner]}
