from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.mapping.model import Mapping
from connector.reports.potential_check.separation import LEAST, area, separation
from tests.unit.reports.potential_check.conftest import TODAY, deal, deals

SCORES = st.lists(st.integers(0, 100), min_size=LEAST, max_size=60)


def histogram(scores: list[int]) -> list[int]:
    return [scores.count(score) for score in range(101)]


@given(SCORES, SCORES)
def test_the_area_is_the_chance_of_a_pair(won: list[int], lost: list[int]) -> None:
    pairs = [(a > b) + (a == b) / 2 for a in won for b in lost]
    found, error = area(histogram(won), histogram(lost))
    assert found == pytest.approx(sum(pairs) / len(pairs))
    assert 0 <= error <= 0.5
    turned, _ = area(histogram(lost), histogram(won))
    assert turned == pytest.approx(1 - (found or 0))


def test_too_few_accounts_say_nothing() -> None:
    assert area(histogram([50] * (LEAST - 1)), histogram([10] * 100)) == (None, 0.0)


def portfolio(scores: dict[str, int | None]) -> pl.DataFrame:
    names = ("demand", "size", "access", "chemistry")
    return pl.DataFrame(
        {
            "id": list(scores),
            **{f"score:{name}": list(scores.values()) for name in names},
            **{f"known:{name}": [score is not None for score in scores.values()] for name in names},
        }
    )


def test_verdicts_and_the_latest_opportunity_counts(mapping: Mapping) -> None:
    buyers = {f"b{n}": 60 + n % 30 for n in range(40)}
    others = {f"l{n}": 20 + n % 30 for n in range(40)}
    unknown = dict.fromkeys([f"u{n}" for n in range(5)])
    history = [deal(one, "won", 10) for one in buyers] + [deal(one, "lost", 400) for one in buyers]
    history += [deal(one, "lost", 10) for one in others] + [deal(one, "won", 400) for one in others]
    history += [deal(one, "won", -10) for one in others]  # ahead of today: does not count yet
    history += [deal(one, "won", 10) for one in unknown]
    source = deals(*history)
    found = separation(portfolio({**buyers, **others, **unknown}), source.frame.to_native(), mapping, TODAY)
    assert {one.verdict for one in found} == {"separates"}
    assert (found[0].won, found[0].lost) == (40, 40)
    reverse = portfolio({**{one: 100 - score for one, score in (buyers | others).items()}})
    assert {one.verdict for one in separation(reverse, source.frame.to_native(), mapping, TODAY)} == {
        "reversed"
    }
    same = portfolio({one: 50 + int(one[1:]) % 7 for one in buyers | others})
    assert {one.verdict for one in separation(same, source.frame.to_native(), mapping, TODAY)} == {
        "cannot tell"
    }


def test_a_criterion_on_won_opportunities_is_circular(mapping: Mapping) -> None:
    source = {"from": "opportunities", "measure": "won_amount", "months": 12}
    raw = mapping.model_dump(mode="json", by_alias=True, exclude_unset=True)
    raw["criteria"][0] |= {"source": source, "scale": {"kind": "log", "zero": 1, "full": 10}}
    changed = Mapping.model_validate(raw)
    found = separation(portfolio({"a": 1}), deals().frame.to_native(), changed, TODAY)
    assert [one.circular for one in found] == [True, False, False, False]
    assert {one.verdict for one in found} == {"too few"}
