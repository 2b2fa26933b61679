from typing import Any

from connector.windows import days
from tests.unit.measures.pulled import AS_OF, ago, column, deal, mapped, mapping_of, open_deal

CUSTOMER = {"field": "Type", "equals": "Customer"}
BUYS = {"measure": "won_count", "months": 12, "above": 1}
SIZE: dict[str, Any] = {"source": {"field": "Size"}}


def members(
    backend: str, portfolio: dict[str, Any], accounts: list[dict[str, Any]], *deals: dict[str, Any]
) -> set[str]:
    found = mapped(backend, mapping_of(SIZE, portfolio=portfolio), accounts=accounts, opportunities=deals)
    return {key for key, value in column(found, "member").items() if value}


def test_every_condition_of_all_and_one_of_any(backend: str) -> None:
    accounts = [
        {"@id": "customer", "Type": " CUSTOMER", "Flag": False},
        {"@id": "person", "Type": "Customer", "Flag": True},
        {"@id": "unknown", "Type": "Customer"},
        {"@id": "buyer", "Flag": False},
        {"@id": "once", "Flag": False},
    ]
    deals = [deal("buyer"), deal("buyer"), deal("once"), deal("once", CloseDate=ago(400))]
    rule = {"all": [{"field": "Flag", "equals": False}], "any": [CUSTOMER, BUYS]}
    assert members(backend, rule, accounts, *deals) == {"customer", "buyer"}
    assert members(backend, {"any": [BUYS]}, accounts, *deals) == {"buyer"}
    assert members(backend, {}, accounts) == {account["@id"] for account in accounts}


def test_a_measured_condition_on_a_missing_value_fails(backend: str) -> None:
    accounts = [{"@id": "a"}, {"@id": "b"}]
    rule = {"any": [{"measure": "days_since_won", "not_in": [1]}]}
    assert members(backend, rule, accounts, deal("a")) == {"a"}
    assert (
        members(backend, {"any": [{"measure": "win_rate", "months": 12, "above": 0}]}, accounts, deal("a"))
        == set()
    )


def test_own_is_the_won_amount_of_twelve_months(backend: str) -> None:
    deals = [deal("a", Amount=0.1)] * 3 + [
        deal("a", Amount=-1.0, CloseDate=ago(364)),
        deal("a", CloseDate=ago(365)),
        open_deal("a"),
    ]
    deals += [deal("unknown", Amount=None), deal("credit", Amount=-5.0)]
    accounts = [{"@id": name} for name in ("a", "unknown", "credit", "none")]
    found = mapped(backend, mapping_of(SIZE), accounts=accounts, opportunities=deals)
    assert column(found, "own") == {"a": -70, "unknown": None, "credit": -500, "none": 0}


def test_what_the_crm_holds_now(backend: str) -> None:
    write = {
        "segment": "Zone", "segment_since": "Since", "potential": "Points", "revenue_flag": "Top", "why": "New__c",
        "attractiveness": "Note",
    }  # fmt: skip
    accounts = [
        {"@id": "a", "Zone": "protect", "Since": AS_OF, "Points": 61.0, "Top": True, "Note": " 7 "},
        {"@id": "b", "Zone": "", "Since": -200_000, "Points": float("nan"), "Note": "n/a"},
    ]
    found = mapped(backend, mapping_of(SIZE, write=write), accounts=accounts)
    held = {key: column(found, f"now:{key}") for key in write}
    assert {key: value["a"] for key, value in held.items()} == {
        "segment": "protect", "segment_since": days(AS_OF), "potential": 61, "revenue_flag": True, "why": None,
        "attractiveness": 7,
    }  # fmt: skip
    assert {held[key]["b"] for key in write} == {None}


def test_who_has_left_and_who_is_in_the_pilot(backend: str) -> None:
    write = {"segment": "Zone", "revenue_flag": "Top", "where": [{"field": "Note", "equals": "pilot"}]}
    accounts = [
        {"@id": "member", "Type": "Customer", "Zone": "protect", "Note": "Pilot"},
        {"@id": "left", "Zone": "protect"},
        {"@id": "flagged", "Top": True},
        {"@id": "never", "Top": False},
    ]
    found = mapped(backend, mapping_of(SIZE, write=write, portfolio={"all": [CUSTOMER]}), accounts=accounts)
    assert {key for key, value in column(found, "left").items() if value} == {"left", "flagged"}
    assert {key for key, value in column(found, "pilot").items() if value} == {"member"}
    hubspot = mapping_of(SIZE, write=write, portfolio={"all": [CUSTOMER]}, crm="hubspot")
    assert (
        column(mapped(backend, hubspot, accounts=accounts), "left")["never"] is True
    )  # false is a value there


def test_size_classes(backend: str) -> None:
    sizes = {"none": None, "small": 9.0, "ten": 10.0, "fifty": 50.0, "more": 250.0}
    found = mapped(
        backend, mapping_of(SIZE), accounts=[{"@id": key, "Size": value} for key, value in sizes.items()]
    )
    classes = {"none": None, "small": "under 10", "ten": "10-49", "fifty": "50-249", "more": "250+"}
    assert column(found, "size_class") == classes


def test_records_that_are_left_out_are_counted_for_the_portfolio(backend: str) -> None:
    accounts = [{"@id": "a", "Type": "Customer"}, {"@id": "stranger"}]
    odd = [{"CloseDate": None}, {"CloseDate": ago(-9)}, {"@won": None}, {"Amount": 1e15}, {"Amount": None}]
    deals = [deal(account, **values) for account in ("a", "stranger") for values in (*odd, {})]
    found = mapped(
        backend, mapping_of(SIZE, portfolio={"all": [CUSTOMER]}), accounts=accounts, opportunities=deals
    )
    texts = [str(note) for note in found.quality]
    assert [note.count for note in found.quality] == [1] * 5
    for part in (
        "without a close date",
        "does not define",
        "a close date ahead",
        "beyond 10^13",
        "without an amount",
    ):
        assert any(part in text for text in texts), part


def test_without_accounts_everything_is_empty(backend: str) -> None:
    found = mapped(backend, mapping_of(SIZE), accounts=[])
    assert found.accounts.collect().shape[0] == 0
    assert found.quality == ()
