"""linear, log, bands, half_life, saturating, rating."""

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.scales.scored import exact, points

some = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
finite = st.floats(-1e15, 1e15, allow_nan=False)


def test_linear(backend: str) -> None:
    assert points(backend, {"kind": "linear", "zero": 10, "full": 20}, 5, 10, 12.5, 20, 99, None, 1e308) == [
        0,
        0,
        25,
        100,
        100,
        None,
        100,
    ]


def test_linear_with_zero_above_full_inverts(backend: str) -> None:
    assert points(backend, {"kind": "linear", "zero": 0.15, "full": 0}, 0, 0.03, 0.15, 0.5, -1) == [
        100,
        80,
        0,
        0,
        100,
    ]


def test_log(backend: str) -> None:
    scale = {"kind": "log", "zero": 10, "full": 5000}
    half = math.exp((math.log(11) + math.log(5001)) / 2) - 1
    assert points(backend, scale, -5, 0, 10, half, 5000, 1e9, None) == [0, 0, 0, 50, 100, 100, None]
    assert points(backend, {"kind": "log", "zero": 100, "full": 0}, 0, 100, 1e6, -7) == [100, 0, 0, 100]


@pytest.mark.parametrize(("edges", "scores"), [([1, 2, 4], [0, 30, 60, 100]), ([0.1], [0, 100])])
def test_a_value_on_an_edge_belongs_to_the_upper_band(
    backend: str, edges: list[float], scores: list[float]
) -> None:
    scale = {"kind": "bands", "edges": edges, "scores": scores}
    assert points(backend, scale, edges[0] - 0.01, *edges, 1e9, None) == [*scores, scores[-1], None]
    assert points(
        backend, {"kind": "bands", "edges": [0.3], "scores": [0, 100]}, 0.1 + 0.2 - 1e-12, 0.3 - 1e-8
    ) == [100, 0]


def test_half_life(backend: str) -> None:
    assert points(backend, {"kind": "half_life", "days": 30}, 0, 30, 60, -9, 1e9, None) == [
        100,
        50,
        25,
        100,
        0,
        None,
    ]


def test_saturating(backend: str) -> None:
    assert points(backend, {"kind": "saturating", "half_at": 4}, 0, 4, 8, -9, 1e9, None) == [
        0,
        50,
        75,
        0,
        100,
        None,
    ]


def test_a_rating_outside_its_range_is_missing(backend: str) -> None:
    assert points(backend, {"kind": "rating", "worst": 1, "best": 5}, 1, 2, 5, 0.99, 5.01, None) == [
        0,
        25,
        100,
        None,
        None,
        None,
    ]
    assert points(backend, {"kind": "rating", "worst": 6, "best": 1}, 6, 1, 3.5, 7) == [0, 100, 50, None]


def test_halves_are_rounded_away_from_zero(backend: str) -> None:
    wanted = [math.floor(place / 2 + 0.5) for place in range(201)]
    assert points(backend, {"kind": "linear", "zero": 0, "full": 200}, *range(201)) == wanted
    for place in range(201):  # on its own: engines divide lone rows differently
        assert points("polars", {"kind": "linear", "zero": 0, "full": 200}, place) == [wanted[place]]


@some
@given(st.lists(finite, min_size=2, max_size=9), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_linear_stays_within_its_bounds_and_never_turns(
    backend: str, values: list[float], zero: float, full: float
) -> None:
    if abs(zero - full) < 1e-3:
        return
    found = exact(backend, {"kind": "linear", "zero": zero, "full": full}, *sorted(values))
    assert all(0 <= each <= 100 for each in found)
    assert found == sorted(found, reverse=zero > full)


@some
@given(st.lists(finite, min_size=1, max_size=9), st.floats(0.01, 1e6))
def test_fading_and_saturating_add_up_to_100(backend: str, values: list[float], half: float) -> None:
    fading: dict[str, Any] = {"kind": "half_life", "days": half}
    filling: dict[str, Any] = {"kind": "saturating", "half_at": half}
    for left, right in zip(exact(backend, fading, *values), exact(backend, filling, *values), strict=True):
        assert left + right == pytest.approx(100)
        assert 0 <= left <= 100
