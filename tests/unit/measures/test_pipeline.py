from typing import Any

import pytest

from tests.unit.measures.pulled import AS_OF, ago, open_deal, raw


def pipeline(**keys: Any) -> dict[str, Any]:
    return {"from": "opportunities", "measure": "weighted_pipeline", "months": 12, **keys}


def test_amount_times_probability(backend: str) -> None:
    deals = [open_deal(Amount=1000.0, Probability=60.0), open_deal(Amount=10.01, Probability=33.0)]
    assert raw(backend, pipeline(), opportunities=deals)["a"] == pytest.approx(603.3033, abs=1e-9)


def test_overdue_counts_within_the_grace(backend: str) -> None:
    deals = [
        open_deal(Amount=float(2**place), CloseDate=ago(days))
        for place, days in enumerate((0, 30, 31, -365, -366))
    ]
    assert raw(backend, pipeline(), opportunities=deals)["a"] == (1 + 2 + 8) / 2
    assert raw(backend, pipeline(overdue_grace_days=0), opportunities=deals)["a"] == (1 + 8) / 2


def test_a_single_deal_is_capped(backend: str) -> None:
    deals = [open_deal(Amount=5000.0), open_deal(Amount=10.0)]
    assert raw(backend, pipeline(max_per_deal=100), opportunities=deals)["a"] == 55


@pytest.mark.parametrize("probability", [None, -1.0, 101.0, float("nan")])
def test_a_deal_without_a_probability_counts_like_one_without_an_amount(
    backend: str, probability: float | None
) -> None:
    broken = open_deal(Probability=probability)
    assert raw(backend, pipeline(), opportunities=[broken])["a"] is None
    assert raw(backend, pipeline(), opportunities=[broken, open_deal()])["a"] == 50
    assert raw(backend, pipeline(no_records="missing"), opportunities=[open_deal()])["none"] is None


def test_probability_by_a_table_of_stages(backend: str) -> None:
    section = {
        "account": "A", "amount": "Amount", "close_date": "CloseDate", "stage": "StageName",
        "probability": {"Proposal": 25},
    }  # fmt: skip
    deals = [open_deal(StageName=" proposal"), open_deal(StageName="Unknown")]
    assert raw(backend, pipeline(), opportunities=deals, sections={"opportunities": section})["a"] == 25


def test_open_amount_looks_ahead_only(backend: str) -> None:
    source = {"from": "opportunities", "measure": "open_amount", "months": 12}
    deals = [
        open_deal(Amount=1.0, CloseDate=AS_OF),
        open_deal(Amount=2.0, CloseDate=ago(-1)),
        open_deal(Amount=4.0, CloseDate=ago(-400)),
    ]
    assert raw(backend, source, opportunities=deals) == {"a": 2, "none": 0}
