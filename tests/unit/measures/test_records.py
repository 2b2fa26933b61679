"""Cases, orders and activities."""

from typing import Any

import pytest

from connector.windows import days
from tests.unit.measures.pulled import AS_OF, ago, column, deal, mapped, mapping_of, raw

ACCOUNTS = [{"@id": "a"}, {"@id": "b"}]
ERRORS: dict[str, Any] = {
    "from": "cases", "measure": "error_rate", "where": [{"field": "Type", "in": ["Order error"]}], "per": "orders",
    "months": 12,
}  # fmt: skip


def cases(account: str, number: int, **values: Any) -> list[dict[str, Any]]:
    return [{"@account": account, "Date": ago(10), "Type": "Order error", **values}] * number


def unnumbered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"@id": str(position), **row} for position, row in enumerate(rows)]


def test_errors_per_order_lean_on_the_portfolio(backend: str) -> None:
    orders = unnumbered([{"@account": "a", "Date": ago(20)}] * 20 + [{"@account": "b", "Date": ago(20)}] * 4)
    given = unnumbered(
        cases("a", 2) + cases("a", 3, Type="Question") + cases("a", 5, Date=ago(400)) + cases("b", 1)
    )
    found = raw(backend, ERRORS, accounts=ACCOUNTS, cases=given, orders=orders)
    assert found == {"a": pytest.approx((2 + 10 * 3 / 24) / (20 + 10)), "b": None}  # b: fewer than 5 orders
    lenient = raw(
        backend, {**ERRORS, "min_base": 1, "prior": 0}, accounts=ACCOUNTS, cases=given, orders=orders
    )
    assert lenient == {"a": pytest.approx(0.1), "b": pytest.approx(0.25)}


def test_a_value_that_nobody_records_is_missing_for_all(backend: str) -> None:
    orders = unnumbered([{"@account": "a", "Date": ago(20)}] * 20)
    mapping = mapping_of({"source": ERRORS})
    found = mapped(
        backend, mapping, accounts=ACCOUNTS, cases=unnumbered(cases("a", 9, Type="Question")), orders=orders
    )
    assert column(found, "raw:c0:0") == {"a": None, "b": None}
    assert [(note.criterion, note.count) for note in found.quality] == [("c0", 2)]


def test_per_won_opportunities(backend: str) -> None:
    source = {**ERRORS, "per": "won_opportunities", "prior": 0, "min_base": 1}
    found = raw(
        backend, source, accounts=ACCOUNTS, cases=unnumbered(cases("a", 1)), opportunities=[deal(), deal()]
    )
    assert found == {"a": 0.5, "b": None}


def test_without_one_of_both_objects_it_is_missing(backend: str) -> None:
    assert raw(backend, ERRORS, accounts=ACCOUNTS, cases=unnumbered(cases("a", 9))) == {"a": None, "b": None}


def test_count_in_the_window_and_fading(backend: str) -> None:
    given = unnumbered([{"@account": "a", "Date": day} for day in (AS_OF, ago(100), ago(500), ago(-1), None)])
    count = {"from": "orders", "measure": "count"}
    assert raw(backend, {**count, "months": 12}, accounts=ACCOUNTS, orders=given) == {"a": 2, "b": 0}
    faded = raw(backend, {**count, "half_life_days": 100}, accounts=ACCOUNTS, orders=given)
    assert faded == {"a": pytest.approx(1 + 0.5 + 0.5**5, abs=1e-11), "b": 0}
    both = raw(backend, {**count, "half_life_days": 100, "months": 12}, accounts=ACCOUNTS, orders=given)
    assert both["a"] == pytest.approx(1.5, abs=1e-11)


def test_activities(backend: str) -> None:
    given = [
        {"@account": "a", "@date": ago(7), "Type": "Call"},
        {"@account": "a", "@date": ago(90), "Type": "Mail"},
    ]
    count = {"from": "activities", "measure": "count", "months": 12}
    assert raw(backend, count, accounts=ACCOUNTS, activities=given) == {"a": 2, "b": 0}
    last = {
        "from": "activities",
        "measure": "days_since_last",
        "where": [{"field": "Type", "equals": "mail"}],
    }
    assert raw(backend, last, accounts=ACCOUNTS, activities=given) == {"a": 90, "b": None}
    assert raw(backend, count, accounts=ACCOUNTS) == {"a": None, "b": None}  # activities were not pulled


def test_days_far_away_are_no_days(backend: str) -> None:
    given = [{"@account": "a", "@date": days(AS_OF) - 200_000}]
    assert (
        raw(backend, {"from": "activities", "measure": "count", "half_life_days": 1}, activities=given)["a"]
        == 0
    )
