import random as chance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.reference import References
from tests.unit.scales.scored import among, exact, points, some

FIVE = {"kind": "rating", "worst": 1, "best": 5}
CENTRED = {**FIVE, "centre_by": "owner"}


def test_straight_from_worst_to_best_and_missing_outside(backend: str) -> None:
    assert points(backend, FIVE, 1, 2, 5, 0.99, 5.01, None) == [0, 25, 100, None, None, None]
    school = {"kind": "rating", "worst": 6, "best": 1}
    assert points(backend, school, 6, 1, 3.5, 7) == [0, 100, 50, None]


def test_a_strict_owner_is_read_as_his_colleagues_are(backend: str) -> None:
    values = [2.0] * 9 + [3.0] + [4.0] * 10  # the strict one's mean is 2.1, the other's 4, all 3.05
    owner = ["strict"] * 10 + ["kind"] * 10
    found = among(backend, CENTRED, values, owner=owner)
    assert found[0] == pytest.approx(25 * (2 + 3.05 - 2.1 - 1))
    assert found[9] == pytest.approx(25 * (3 + 3.05 - 2.1 - 1))
    assert found[10] == pytest.approx(25 * (4 + 3.05 - 4 - 1))


def test_it_stays_within_the_range(backend: str) -> None:
    values = [5.0] * 10 + [1.0] * 10 + [5.0]
    found = among(backend, CENTRED, values, owner=["kind"] * 10 + ["strict"] * 11)
    assert found[20] == 100  # 5 + (portfolio's 3.1 - 1.4) lies beyond
    assert found[10] == pytest.approx(25 * (1 + 65 / 21 - 15 / 11 - 1))


def test_few_ratings_and_no_owner_count_as_given(backend: str) -> None:
    values = [5.0] * 10 + [1.0] * 9 + [2.0] * 12
    found = among(backend, CENTRED, values, owner=["kind"] * 10 + ["few"] * 9 + [None] * 12)
    assert found[10] == 0
    assert found[19] == 25


def test_what_is_outside_the_range_or_the_portfolio_moves_no_mean(backend: str) -> None:
    values = [4.0] * 10 + [2.0] * 10 + [9.0, 1.0, None]
    members = [True] * 21 + [False, True]
    owner = ["kind"] * 10 + ["strict"] * 10 + ["kind"] * 3
    found = among(backend, CENTRED, values, owner=owner, members=members)
    assert found[:20] == [50] * 20  # both means are drawn to 3
    assert found[20:] == [None, 0, None]  # outside the portfolio the same shift holds: 1 - 1, clipped


def test_means_are_frozen(backend: str) -> None:
    references = References("2026Q2")
    among(
        backend,
        CENTRED,
        [4.0] * 10 + [2.0] * 10,
        owner=["kind"] * 10 + ["strict"] * 10,
        references=references,
    )
    found = among(backend, CENTRED, [4.0, 2.0, 4.0], owner=["kind", "strict", "new"], references=references)
    assert found == [50, 50, 75]
    table = references.fresh["centre:x:0"].table.to_pydict()
    assert table == {
        "owner": ["kind", "strict"], "mean": [4, 2], "portfolio": [3, 3], "ratings": [10, 10]
    }  # fmt: skip


def test_without_any_rating_there_is_nothing_to_centre(backend: str) -> None:
    assert among(backend, CENTRED, [None, None], owner=["a", "b"]) == [None, None]


@some
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(1, 5)), min_size=1, max_size=60),
    st.randoms(use_true_random=False),
)
def test_centred_means_agree_and_order_does_not_count(
    backend: str, rated: list[tuple[str, float]], random: chance.Random
) -> None:
    owners, values = [owner for owner, _ in rated], [value for _, value in rated]
    found = among(backend, CENTRED, values, owner=owners)
    everybody = sum(values) / len(values)
    for owner in set(owners):
        own = [value for each, value in rated if each == owner]
        shift = everybody - sum(own) / len(own) if len(own) >= 10 else 0.0
        for (each, value), score in zip(rated, found, strict=True):
            if each == owner:
                assert score == pytest.approx(25 * (min(5, max(1, value + shift)) - 1), abs=1e-3)
    order = list(range(len(rated)))
    random.shuffle(order)
    again = among(backend, CENTRED, [values[n] for n in order], owner=[owners[n] for n in order])
    assert again == [found[n] for n in order]


def test_uncentred_and_centred_agree_where_all_owners_rate_alike(backend: str) -> None:
    values = [float(1 + place % 5) for place in range(40)]
    centred = among(backend, CENTRED, values, owner=["a"] * 20 + ["b"] * 20)
    assert centred == pytest.approx(exact(backend, FIVE, *values))
