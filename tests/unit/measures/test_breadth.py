from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.measures.pulled import ago, deal, open_deal, raw

FOUR: dict[str, Any] = {"from": "opportunities", "measure": "breadth", "months": 12, "field": "Type", "of": 4}
ACCOUNTS = [{"@id": name} for name in "abcd"]


def test_distinct_values_out_of_how_many(backend: str) -> None:
    deals = [deal("a", Type=name) for name in ("Pumps", "Valves", "Pumps")]
    deals += [deal("b", Type=name) for name in "12345"]
    assert raw(backend, FOUR, accounts=ACCOUNTS, opportunities=deals) == {
        "a": 0.5,
        "b": 1,
        "c": None,
        "d": None,
    }


def test_case_outer_blanks_and_empty_values_do_not_count(backend: str) -> None:
    deals = [deal("a", Type=name) for name in (" pumps", "PUMPS ", "", "  ", None)] + [deal("b", Type=" ")]
    found = raw(backend, FOUR, accounts=ACCOUNTS, opportunities=deals)
    assert (found["a"], found["b"]) == (0.25, 0)  # b bought, but nothing is known of what


def test_only_what_was_won_in_the_window_and_meets_where(backend: str) -> None:
    deals = [deal("a", Type="in", StageName="x"), deal("a", Type="old", CloseDate=ago(366))]
    deals += [open_deal("a", Type="open"), deal("a", Type="lost", **{"@won": False}), deal("b", Type="in")]
    where = [{"field": "StageName", "equals": "X"}]
    assert raw(backend, FOUR, accounts=ACCOUNTS, opportunities=deals)["a"] == 0.25
    found = raw(backend, {**FOUR, "where": where}, accounts=ACCOUNTS, opportunities=deals)
    assert (found["a"], found["b"]) == (0.25, None)


def test_a_field_that_nobody_has(backend: str) -> None:
    source = {**FOUR, "field": "Product__c"}
    assert raw(backend, source, accounts=ACCOUNTS, opportunities=[deal("a", Type="x")])["a"] == 0


def test_numbers_are_values_too(backend: str) -> None:
    deals = [deal("a", Probability=value) for value in (10.0, 10.0, 20.0, None)]
    assert raw(backend, {**FOUR, "field": "Probability"}, accounts=ACCOUNTS, opportunities=deals)["a"] == 0.5


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["x", "X ", "y", "", None])), max_size=30),
    st.integers(1, 5),
)
def test_it_is_the_size_of_a_set(backend: str, bought: list[tuple[str, str | None]], of: int) -> None:
    deals = [deal(account, Type=value) for account, value in bought]
    found = raw(backend, {**FOUR, "of": of}, accounts=ACCOUNTS, opportunities=deals)
    for account in "abcd":
        values = [value for each, value in bought if each == account]
        distinct = {value.strip().lower() for value in values if value and value.strip()}
        assert found[account] == (pytest.approx(min(1, len(distinct) / of)) if values else None)
