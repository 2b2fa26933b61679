"""How sources of the wallet are judged, by hand-made accounts and by generated ones whose wallets are known."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.mapping.model import Wallet
from connector.reports.wallet import FEW, Judged, captured, judged, known_of
from tests.bench.wallets import judgement, main, mapping, world

WALLET = Wallet.model_validate({"sources": ["field:W", "activity", "peer_p80"], "achievable_share": 0.5})


def accounts(**columns: list[Any]) -> pl.DataFrame:
    number = len(columns["own"])
    given_columns: dict[str, Any] = {
        "id": [f"{place:03}" for place in range(number)],
        "wallet_source": [None] * number,
        "entered": [None] * number,
        **{f"answer:{name}": [None] * number for name in ("field", "activity", "peer_p80")},
    }
    types = dict.fromkeys(("own", "entered", "answer:field", "answer:activity", "answer:peer_p80"), pl.Int64)
    return pl.DataFrame({**given_columns, **columns}, schema_overrides={**types, "wallet_source": pl.String})


def by_source(found: Any) -> dict[str, Judged]:
    return {each.source: each for each in (*found.sources, *found.compared_with)}


def test_errors_are_factors_over_the_accounts_where_a_source_answers() -> None:
    given_accounts = accounts(
        own=[0, 0, 0, 500, None],
        entered=[100, 100, 400, 1000, 700],
        wallet_source=["field", "field", "activity", None, "activity"],
        **{"answer:activity": [200, 50, 400, None, 900]},
    )
    found = judged(given_accounts, WALLET)
    activity = by_source(found)["activity"]
    assert (found.accounts, found.without, found.entered) == (5, 1, 4)  # own unknown: nothing to compare
    assert found.headroom == 50 + 50 + 200 + 0
    assert (activity.answers, activity.could_answer, activity.compared) == (2, 4, 3)
    assert activity.error is not None
    assert activity.error.value == pytest.approx(2)  # off by 2, by 2, and by 1
    assert activity.within_2 == 1
    assert activity.leaning == pytest.approx(1)
    peers = by_source(found)["peer_p80"]
    assert (peers.compared, peers.error, peers.within_2) == (0, None, None)


def test_the_field_is_the_yardstick_and_not_judged_by_itself() -> None:
    found = by_source(
        judged(accounts(own=[0] * 5, entered=[1, 2, 3, 4, 90], **{"answer:field": [1, 2, 3, 4, 90]}), WALLET)
    )
    assert (found["field"].error, found["field"].within_2, found["field"].leaning) == (None, None, None)
    assert found["field"].captured is not None
    assert found["field"].captured.value == pytest.approx(0.9)  # the most that a fifth can hold


def test_a_wallet_below_own_counts_as_own() -> None:
    found = judged(accounts(own=[500], entered=[100], **{"answer:activity": [1000]}), WALLET)
    assert found.headroom == 0
    assert by_source(found)["activity"].leaning == pytest.approx(2)


def test_own_spend_and_random_order_stand_beside() -> None:
    given_accounts = accounts(own=[900, 10, 20, 30, 40], entered=[1000, 1010, 1020, 1030, 1040])
    found = by_source(judged(given_accounts, WALLET))
    assert found["own spend"].captured is not None
    assert found["own spend"].captured.value == 0  # the largest customer has nothing left to gain
    assert found["random"].captured is not None
    assert found["random"].captured.value == pytest.approx(0.2)
    assert (found["own spend"].answers, found["random"].error) == (None, None)


def test_of_equals_each_counts_in_part() -> None:
    space = np.array([10.0, 20.0, 30.0, 40.0, 0.0])
    assert captured(np.array([5.0, 4.0, 3.0, 2.0, 1.0]), space) == pytest.approx(0.1)
    assert captured(np.zeros(5), space) == pytest.approx(0.2)
    assert captured(np.array([-np.inf, -np.inf, 1.0, 1.0, 1.0]), space) == pytest.approx(70 / 3 / 100)
    assert captured(np.zeros(3), np.zeros(3)) is None
    assert captured(np.array([]), np.array([])) is None


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 100)), min_size=1, max_size=40))
def test_the_best_order_finds_most_and_its_reverse_least(pairs: list[tuple[int, int]]) -> None:
    rank, space = np.array([float(pair[0]) for pair in pairs]), np.array([float(pair[1]) for pair in pairs])
    found, best, worst = captured(rank, space), captured(space, space), captured(-space, space)
    if found is None:
        assert not space.any()
    else:
        assert best is not None
        assert worst is not None
        assert worst - 1e-9 <= found <= best + 1e-9
        assert worst - 1e-9 <= 0.2 <= best + 1e-9


def test_nothing_entered_leaves_the_figures_empty() -> None:
    found = judged(accounts(own=[5, 6]), WALLET)
    assert (found.entered, found.headroom) == (0, 0)
    assert {each.captured for each in (*found.sources, *found.compared_with)} == {None}
    json.dumps(found.as_json())


def test_intervals_hold_the_figure_and_repeat() -> None:
    draw = np.random.default_rng(3)
    truth = draw.integers(100, 10_000, 200).tolist()
    guess = [int(value * factor) for value, factor in zip(truth, draw.lognormal(0, 0.5, 200), strict=True)]
    given_accounts = accounts(own=[0] * 200, entered=truth, **{"answer:activity": guess})
    first, again = (by_source(judged(given_accounts, WALLET))["activity"] for _ in range(2))
    assert first == again
    assert first.error is not None
    assert first.error.low < first.error.value < first.error.high
    assert first.error.high - first.error.low < 0.4


def test_what_is_known_of_the_model() -> None:
    named = Wallet.model_validate({"sources": ["field:W", "model"]})
    assert known_of(None, WALLET) is None
    assert known_of(None, named) == {"wallets": 0, "needed": 80, "trained": False}


# --- generated wallets -------------------------------------------------------------------------------------


def test_on_known_wallets_the_model_tells_more_than_own_spend() -> None:
    found = by_source(judgement(world(1_500, 300, seed=1), mapping()))
    model, own, activity = found["model"], found["own spend"], found["activity"]
    assert model.error is not None
    assert own.error is not None
    assert activity.leaning is not None
    assert own.leaning is not None
    assert model.error.high < own.error.low
    assert own.leaning < activity.leaning < 1  # the best year is still less than the wallet
    assert 0.8 < (model.leaning or 0) < 1.25
    assert found["in order"].captured is not None
    assert found["own spend"].captured is not None
    assert found["in order"].captured.value > found["own spend"].captured.value > 0.2
    assert found["field"].compared == 300


def test_a_steady_customer_has_unknown_white_space_not_none() -> None:
    made = world(600, 80, seed=2)
    assert len(made.steady) > 200
    monkey = judgement(made, mapping("activity"))
    assert by_source(monkey)["activity"].answers is not None
    assert (
        monkey.without > len(made.steady) / 2
    )  # who buys steadily tells nothing about the rest of his wallet


def test_the_bench_prints_each_source_beside_random_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--accounts", "300", "--worlds", "1"]) == 0
    printed = capsys.readouterr().out
    for name in ("field", "activity", "model", "peer_p80", "in order", "own spend", "random"):
        assert f"\n  {name}" in printed
    assert "80 entered wallets" in printed
    assert "1,000 entered wallets" not in printed
    assert FEW == 20
