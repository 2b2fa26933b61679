from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.measures.pulled import AS_OF, ago, deal, raw


def test_the_window_excludes_its_first_day_and_includes_today(backend: str) -> None:
    source = {"from": "opportunities", "measure": "won_count", "months": 3}
    # three months before 31 May is the last day of February
    deals = [
        deal(CloseDate=date(2026, 2, 28)),
        deal(CloseDate=date(2026, 3, 1)),
        deal(CloseDate=AS_OF),
        deal(CloseDate=ago(-1)),
    ]
    assert raw(backend, source, opportunities=deals) == {"a": 2, "none": 0}


def test_lost_open_undated_and_stageless_ones_do_not_count(backend: str) -> None:
    source = {"from": "opportunities", "measure": "won_count", "months": 12}
    deals = [
        deal(),
        deal(**{"@won": False}),
        deal(**{"@won": False, "@closed": False}),
        deal(CloseDate=None),
        deal(CloseDate=date(1700, 1, 1)),
        deal(**{"@won": None, "@closed": None}),
        deal("stranger"),
    ]
    assert raw(backend, source, opportunities=deals) == {"a": 1, "none": 0}


def test_credit_notes_are_summed_as_they_are(backend: str) -> None:
    source = {"from": "opportunities", "measure": "won_amount", "months": 12}
    assert raw(backend, source, opportunities=[deal(Amount=100.25), deal(Amount=-300.0)])["a"] == -199.75


def test_some_empty_amounts_leave_the_rest_all_empty_ones_leave_nothing(backend: str) -> None:
    source = {"from": "opportunities", "measure": "won_amount", "months": 12}
    deals = [
        deal("some", Amount=None),
        deal("some", Amount=7.0),
        deal("all", Amount=None),
        deal("all", Amount=float("nan")),
    ]
    accounts = [{"@id": name} for name in ("some", "all", "none")]
    assert raw(backend, source, accounts=accounts, opportunities=deals) == {"some": 7, "all": None, "none": 0}


def test_no_records_can_be_missing(backend: str) -> None:
    for measure in ("won_amount", "won_count"):
        source = {"from": "opportunities", "measure": measure, "months": 12, "no_records": "missing"}
        assert raw(backend, source, opportunities=[deal()])["none"] is None


def test_where_of_section_and_source_must_both_hold(backend: str) -> None:
    source = {
        "from": "opportunities", "measure": "won_amount", "months": 12,
        "where": [{"field": "Type", "not_in": ["Renewal"]}],
    }  # fmt: skip
    section = {
        "account": "A", "amount": "Amount", "close_date": "CloseDate", "stage": "StageName",
        "where": [{"field": "StageName", "equals": "real"}],
    }  # fmt: skip
    deals = [
        deal(Amount=1.0, StageName=" REAL ", Type=None),
        deal(Amount=2.0, StageName="real", Type="renewal"),
        deal(Amount=4.0, StageName="test", Type="New"),
        deal(Amount=8.0, StageName=None, Type="New"),
    ]
    assert raw(backend, source, opportunities=deals, sections={"opportunities": section})["a"] == 1


@pytest.mark.parametrize(
    ("amount", "kept"), [(1e13, 1e13), (1.1e13, None), (-1.1e13, None), (float("inf"), None)]
)
def test_amounts_beyond_ten_to_the_thirteenth_are_empty(
    backend: str, amount: float, kept: float | None
) -> None:
    source = {"from": "opportunities", "measure": "won_amount", "months": 12}
    assert raw(backend, source, opportunities=[deal(Amount=amount)])["a"] == kept


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cents=st.lists(st.integers(-(10**9), 10**9), max_size=12), order=st.randoms(use_true_random=False))
def test_sums_are_exact_and_independent_of_order(backend: str, cents: list[int], order: object) -> None:
    shuffled = sorted(cents, key=lambda _: order.random())  # type: ignore[attr-defined]
    source = {"from": "opportunities", "measure": "won_amount", "months": 12}
    deals = [deal(Amount=value / 100) for value in shuffled]
    assert raw(backend, source, opportunities=deals)["a"] == sum(cents) / 100
