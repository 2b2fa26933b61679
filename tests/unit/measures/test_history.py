"""win_rate, days_since_won, tenure_years, trend."""

from typing import Any

import pytest

from connector.reference import References
from tests.unit.measures.pulled import ago, column, deal, mapped, mapping_of, raw


def rate(**keys: Any) -> dict[str, Any]:
    return {"from": "opportunities", "measure": "win_rate", "months": 12, **keys}


def test_few_deals_lean_on_the_portfolio(backend: str) -> None:
    lost = {"@won": False}
    accounts = [{"@id": name} for name in ("a", "b", "none")]
    deals = [deal("a"), deal("a"), deal("a", **lost), deal("b", **lost)]
    found = raw(backend, rate(), accounts=accounts, opportunities=deals)  # the portfolio won 2 of 4
    assert found["a"] == pytest.approx((2 + 5 * 0.5) / (3 + 5))
    assert found["b"] == pytest.approx((0 + 5 * 0.5) / (1 + 5))
    assert found["none"] is None
    assert raw(backend, rate(prior=0), accounts=accounts, opportunities=deals)["a"] == pytest.approx(2 / 3)


def test_the_portfolio_rate_counts_members_and_stays_for_the_quarter(backend: str) -> None:
    mapping = mapping_of({"source": rate()}, portfolio={"all": [{"field": "Type", "equals": "Customer"}]})
    accounts = [{"@id": "a", "Type": "Customer"}, {"@id": "stranger"}]
    references = References("2026Q2")
    deals = [*[deal("a")] * 20, deal("stranger", **{"@won": False})]
    assert (
        column(
            mapped(backend, mapping, references=references, accounts=accounts, opportunities=deals),
            "raw:c0:0",
        )["a"]
        == 1
    )
    later = References("2026Q2", stored=references.fresh)
    deals = [deal("a", **{"@won": False})]
    found = mapped(backend, mapping, references=later, accounts=accounts, opportunities=deals)
    assert column(found, "raw:c0:0")["a"] == pytest.approx(5 / 6)  # m is still 1
    assert later.fresh == {}


def test_few_opportunities_make_no_rate_for_a_quarter(backend: str) -> None:
    """The first opportunity that is closed in a quarter must not decide what is usual, nor none that nobody has one."""
    mapping = mapping_of({"source": rate()})
    references = References("2026Q2")
    for number in (0, 19):
        deals = [deal("a")] * number
        found = mapped(backend, mapping, references=references, accounts=[{"@id": "a"}], opportunities=deals)
        assert column(found, "raw:c0:0")["a"] == (1 if number else None)
        assert references.fresh == {}


def test_days_since_the_last_and_years_since_the_first(backend: str) -> None:
    deals = [deal(CloseDate=ago(1000)), deal(CloseDate=ago(10)), deal(CloseDate=ago(-5))]
    assert raw(backend, {"from": "opportunities", "measure": "days_since_won"}, opportunities=deals) == {
        "a": 10,
        "none": None,
    }
    found = raw(backend, {"from": "opportunities", "measure": "tenure_years"}, opportunities=deals)
    assert found == {"a": pytest.approx(1000 / 365.2425), "none": None}


def test_trend(backend: str) -> None:
    accounts = [{"@id": name} for name in ("up", "down", "new", "idle", "unknown", "flat")]
    old = ago(3000)
    deals = [
        deal("up", CloseDate=old), deal("up", Amount=300.0), deal("up", Amount=100.0, CloseDate=ago(500)),
        deal("down", CloseDate=old), deal("down", CloseDate=ago(500)),
        deal("new"), deal("new", CloseDate=ago(500)),
        deal("idle", CloseDate=old),
        deal("unknown", CloseDate=old), deal("unknown", Amount=None),
        deal("flat", CloseDate=old), deal("flat", Amount=-50.0), deal("flat", Amount=50.0, CloseDate=ago(500)),
    ]  # fmt: skip
    source = {"from": "opportunities", "measure": "trend", "months": 12}
    assert raw(backend, source, accounts=accounts, opportunities=deals) == {
        "up": 1, "down": -2, "new": None, "idle": None, "unknown": None, "flat": -2,
    }  # fmt: skip
