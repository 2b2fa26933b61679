import random as chance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.reference import References
from tests.unit.scales.scored import among, some

RANK = {"kind": "percentile"}


def test_a_tie_counts_half(backend: str) -> None:
    assert among(backend, RANK, [10, 20, 20, 40, None]) == [12.5, 50, 50, 87.5, None]


def test_reverse_turns_it_round(backend: str) -> None:
    assert among(backend, {**RANK, "reverse": True}, [10, 20, 20, 40]) == [87.5, 50, 50, 12.5]


def test_a_lone_value_stands_in_the_middle(backend: str) -> None:
    assert among(backend, RANK, [7, None]) == [50, None]
    assert among(backend, RANK, [3] * 5) == [50] * 5


def test_peers_of_a_large_enough_group(backend: str) -> None:
    values = [1, 2, 3, 100, 200, 300, 50, 60]
    by = ["wood"] * 3 + ["metal"] * 3 + ["glass", None]
    found = among(backend, {**RANK, "by": "industry", "min_group": 3}, values, by=by)
    assert found[:6] == pytest.approx([100 / 6, 50, 500 / 6] * 2)
    assert found[6:] == pytest.approx(
        [100 * 3.5 / 8, 100 * 4.5 / 8]
    )  # too small a group, and none: among all


def test_twenty_make_a_group_unless_said_otherwise(backend: str) -> None:
    values, scale = [float(place) for place in range(40)], {**RANK, "by": "industry"}
    assert among(backend, scale, values, by=["a"] * 20 + ["b"] * 20)[20] == 2.5
    assert among(backend, scale, values, by=["a"] * 21 + ["b"] * 19)[21] == pytest.approx(100 * 21.5 / 40)


def test_values_that_are_missing_do_not_make_a_group(backend: str) -> None:
    scale = {**RANK, "by": "industry", "min_group": 2}
    assert among(backend, scale, [1, None, 5, 6], by=["a", "a", "b", "b"])[0] == pytest.approx(100 * 0.5 / 3)


def test_outside_the_portfolio_one_is_ranked_but_not_counted(backend: str) -> None:
    found = among(backend, RANK, [10, 20, 15, 20, 99, 1], members=[True, True, False, False, False, False])
    assert found == [25, 75, 50, 75, 100, 0]


def test_the_distribution_is_frozen(backend: str) -> None:
    references = References("2026Q2")
    scale = {**RANK, "by": "industry", "min_group": 2}
    among(backend, scale, [1, 3, 10, 30] * 6, by=["a", "a", "b", "b"] * 6, references=references)
    later = among(backend, scale, [2, 3, 3, 99, 2], by=["a", "a", "new", "b", None], references=references)
    assert later == [50, 75, pytest.approx(100 * 1.5 / 4), 100, 25]
    assert references.fresh["percentile:x:0"].table.to_pydict() == {
        "group": ["", "", "", "", "a", "a", "b", "b"],
        "value": [1, 3, 10, 30, 1, 3, 10, 30],
        "count": [6] * 8,
    }


def test_few_values_are_no_measure_for_a_quarter(backend: str) -> None:
    references = References("2026Q2")
    assert among(backend, RANK, list(range(19)), references=references)[0] == pytest.approx(100 * 0.5 / 19)
    assert references.fresh == {}
    among(backend, RANK, list(range(20)), references=references)
    assert list(references.fresh) == ["percentile:x:0"]


def test_an_empty_distribution_is_not_frozen(backend: str) -> None:
    references = References("2026Q2")
    assert among(backend, RANK, [None, 5], members=[True, False], references=references) == [None, None]
    assert references.fresh == {}
    assert among(backend, RANK, [5, 6], references=references) == [25, 75]


def test_noise_beyond_the_ninth_decimal_makes_no_difference(backend: str) -> None:
    assert among(backend, RANK, [0.3, 0.1 + 0.2, 0.2999999989]) == pytest.approx([200 / 3, 200 / 3, 50 / 3])


@some
@given(st.lists(st.integers(-5, 5) | st.none(), min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_the_mean_rank_is_one_half_and_order_does_not_count(
    backend: str, values: list[int | None], random: chance.Random
) -> None:
    found = among(backend, RANK, values)
    known = [score for score in found if score is not None]
    assert len(known) == sum(value is not None for value in values)
    if known:
        assert sum(known) / len(known) == pytest.approx(50)
    for value, score in zip(values, found, strict=True):
        if value is not None:
            others = [other for other in values if other is not None]
            less, equal = sum(other < value for other in others), sum(other == value for other in others)
            assert score == pytest.approx(100 * (less + equal / 2) / len(others))
    order = list(range(len(values)))
    random.shuffle(order)
    assert among(backend, RANK, [values[place] for place in order]) == [found[place] for place in order]
    turned = among(backend, {**RANK, "reverse": True}, values)
    assert turned == [None if score is None else pytest.approx(100 - score) for score in found]
