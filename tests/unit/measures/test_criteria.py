"""weighted, min, max and geometric: one criterion made of others."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.measures.criteria import levels
from connector.reference import References
from connector.stages.score import score
from tests.unit.measures.pulled import ago, mapped, mapping_of

POINTS = {"kind": "linear", "zero": 0, "full": 100}
TWO: dict[str, Any] = {"from": "criteria", "ids": ["c0", "c1"]}
some = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def of(field: str, **keys: Any) -> dict[str, Any]:
    return {"source": {"field": field}, "scale": POINTS, **keys}


def made(source: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"source": {**TWO, **source}, "scale": POINTS, **keys}


def rows(backend: str, *criteria: dict[str, Any], accounts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    mapping = mapping_of(*criteria)
    references = References("2026Q2")
    found = score(
        mapped(backend, mapping, accounts=accounts, references=references).accounts, mapping, references
    )
    return list(found.sort("id").collect().to_arrow().to_pylist())


def combined(
    backend: str, source: dict[str, Any], first: float | None, second: float | None, *weights: float
) -> float | None:
    """The combination of two scores; `weights` are the criteria's own."""
    own = weights or (1.0, 1.0)
    parts = (of("Size", weight=own[0]), of("Points", weight=own[1]))
    row = rows(backend, *parts, made(source), accounts=[{"@id": "a", "Size": first, "Points": second}])[0]
    value: float | None = row["raw:c2:0"]
    return value


def test_weighted_by_the_criterias_own_weights(backend: str) -> None:
    assert combined(backend, {"measure": "weighted"}, 20.0, 80.0, 3, 1) == 35
    assert combined(backend, {"measure": "weighted"}, 20.0, None, 3, 1) == 20
    assert combined(backend, {"measure": "weighted"}, None, None, 3, 1) is None
    assert (
        combined(backend, {"measure": "weighted"}, None, 80.0, 3, 0) is None
    )  # what is known does not count


def test_weighted_by_weights_of_its_own(backend: str) -> None:
    assert combined(backend, {"measure": "weighted", "weights": [1, 3]}, 20.0, 80.0, 3, 1) == 65


def test_criteria_that_are_only_shown_count_alike(backend: str) -> None:
    assert combined(backend, {"measure": "weighted"}, 20.0, 80.0, 0, 0) == 50
    assert combined(backend, {"measure": "geometric"}, 20.0, 80.0, 0, 0) == pytest.approx(40)


def test_min_and_max_need_every_one(backend: str) -> None:
    assert combined(backend, {"measure": "min"}, 20.0, 80.0) == 20
    assert combined(backend, {"measure": "max"}, 20.0, 80.0) == 80
    for measure in ("min", "max", "geometric"):
        assert combined(backend, {"measure": measure}, 20.0, None) is None


def test_geometric(backend: str) -> None:
    assert combined(backend, {"measure": "geometric"}, 25.0, 100.0) == pytest.approx(50)
    assert combined(backend, {"measure": "geometric"}, 0.0, 100.0) == 0
    heavy = combined(backend, {"measure": "geometric", "weights": [3, 1]}, 25.0, 100.0)
    assert heavy == pytest.approx(math.exp((3 * math.log(25) + math.log(100)) / 4))
    assert combined(backend, {"measure": "geometric", "weights": [0, 1]}, 0.0, 64.0) == pytest.approx(64)


def test_a_stand_in_is_no_score(backend: str) -> None:
    parts = (of("Size", missing="neutral"), of("Points"))
    both = (made({"measure": "weighted"}), made({"measure": "min"}))
    row = rows(backend, *parts, *both, accounts=[{"@id": "a", "Points": 80.0}])[0]
    assert row["score:c0"] == 50
    assert (row["raw:c2:0"], row["score:c3"], row["known:c3"]) == (80, None, False)


def test_it_is_made_of_rounded_scores_and_scaled_itself(backend: str) -> None:
    half = {**made({"measure": "max"}), "scale": {"kind": "linear", "zero": 0, "full": 50}}
    row = rows(backend, of("Size"), of("Points"), half, accounts=[{"@id": "a", "Size": 20.4, "Points": 3.0}])[
        0
    ]
    assert (row["raw:c2:0"], row["score:c2"]) == (20, 40)


def test_in_whatever_order_they_stand(backend: str) -> None:
    criteria = (
        {"source": {"from": "criteria", "measure": "max", "ids": ["c1", "c2"]}, "scale": POINTS},
        {"source": {"from": "criteria", "measure": "min", "ids": ["c2", "other"]}, "scale": POINTS},
        of("Points"),
    )
    assert [[each.id for each in level] for level in levels(mapping_of(*criteria))] == [
        ["c2", "other"], ["c1"], ["c0"]
    ]  # fmt: skip
    row = rows(backend, *criteria, accounts=[{"@id": "a", "Size": 0.3, "Points": 60.0}])[0]
    assert (row["score:c1"], row["score:c0"]) == (30, 60)


def test_what_it_reads_may_have_expired(backend: str) -> None:
    rating = {
        "source": {"field": "Rating", "rated_at": "Rated", "expires_days": 100},
        "scale": {"kind": "rating", "worst": 0, "best": 100},
        "weight": 0,
    }
    old = {"@id": "a", "Rating": "70", "Rated": ago(150), "Points": 10.0}
    row = rows(backend, rating, of("Points"), made({"measure": "min"}), accounts=[old])[0]
    assert (row["score:c2"], row["expired:c2:0"], row["expired"]) == (10, True, True)
    row = rows(backend, rating, of("Points"), made({"measure": "min"}, weight=0), accounts=[old])[0]
    assert row["expired"] is False  # nothing with weight reads it
    row = rows(backend, rating, of("Points"), made({"measure": "min"}), accounts=[{**old, "Points": None}])[0]
    assert (row["score:c2"], row["expired"]) == (None, False)


def test_one_way_to_answer_among_others(backend: str) -> None:
    ladder = {
        "first_of": [
            {"source": {**TWO, "measure": "min"}, "scale": POINTS},
            {"source": {"field": "Money"}, "scale": POINTS},
        ]
    }
    accounts = [
        {"@id": "a", "Size": 5.0, "Points": 6.0, "Money": 9.0},
        {"@id": "b", "Size": 5.0, "Money": 9.0},
    ]
    found = rows(backend, of("Size"), of("Points"), ladder, accounts=accounts)
    assert [(row["score:c2"], row["rung:c2"]) for row in found] == [(5, 0), (9, 1)]


@some
@given(
    st.lists(
        st.tuples(st.none() | st.integers(0, 100), st.none() | st.integers(0, 100)), min_size=1, max_size=20
    ),
    st.tuples(st.floats(0.1, 9), st.floats(0.1, 9)),
)
def test_means_lie_between_the_extremes(
    backend: str, scores: list[tuple[int | None, int | None]], weights: tuple[float, float]
) -> None:
    measures = ("min", "geometric", "weighted", "max")
    accounts = [
        {"@id": f"{place:02}", "Size": first, "Points": second}
        for place, (first, second) in enumerate(scores)
    ]
    parts = (of("Size", weight=weights[0]), of("Points", weight=weights[1]))
    for row, pair in zip(
        rows(backend, *parts, *(made({"measure": measure}) for measure in measures), accounts=accounts),
        scores,
        strict=True,
    ):
        low, geometric, mean, high = (row[f"raw:c{place}:0"] for place in range(2, 6))
        if None in pair:
            assert (low, geometric, high) == (None, None, None)
            known = [value for value in pair if value is not None]
            assert mean == (pytest.approx(known[0]) if known else None)
        else:
            assert low - 1e-9 <= geometric <= mean + 1e-9 <= high + 2e-9
            assert (low, high) == (min(pair), max(pair))  # type: ignore[type-var]
