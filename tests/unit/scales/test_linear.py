import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.scales.scored import exact, many, points, some


def test_straight_between_zero_and_full(backend: str) -> None:
    values = (5, 10, 12.5, 20, 99, None, 1e308)
    assert points(backend, {"kind": "linear", "zero": 10, "full": 20}, *values) == [
        0,
        0,
        25,
        100,
        100,
        None,
        100,
    ]


def test_zero_above_full_inverts(backend: str) -> None:
    scale = {"kind": "linear", "zero": 0.15, "full": 0}
    assert points(backend, scale, 0, 0.03, 0.15, 0.5, -1) == [100, 80, 0, 0, 100]


def test_halves_are_rounded_away_from_zero(backend: str) -> None:
    wanted = [math.floor(place / 2 + 0.5) for place in range(201)]
    assert points(backend, {"kind": "linear", "zero": 0, "full": 200}, *range(201)) == wanted
    for place in range(1, 201, 40):  # on its own: engines divide lone rows differently
        assert points("polars", {"kind": "linear", "zero": 0, "full": 200}, place) == [wanted[place]]


@some
@given(many, st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_it_stays_within_its_bounds_and_never_turns(
    backend: str, values: list[float], zero: float, full: float
) -> None:
    if abs(zero - full) < 1e-3:
        return
    found = exact(backend, {"kind": "linear", "zero": zero, "full": full}, *sorted(values))
    assert all(0 <= each <= 100 for each in found)
    assert found == sorted(found, reverse=zero > full)
    ends = exact(backend, {"kind": "linear", "zero": zero, "full": full}, zero, full)
    assert ends == pytest.approx([0, 100], abs=1e-3)  # raw values are rounded to 9 decimals first
