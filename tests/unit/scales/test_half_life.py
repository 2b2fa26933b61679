import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.scales.scored import exact, many, points, some


def test_half_of_it_after_days(backend: str) -> None:
    values = (0, 30, 60, -9, 1e9, None)
    assert points(backend, {"kind": "half_life", "days": 30}, *values) == [100, 50, 25, 100, 0, None]


@some
@given(many, st.floats(0.01, 1e6))
def test_each_half_life_halves_it(backend: str, values: list[float], days: float) -> None:
    scale = {"kind": "half_life", "days": days}
    ages = [min(max(0.0, value), 20 * days) for value in values]
    found = exact(backend, scale, *ages)
    assert exact(backend, scale, *(age + days for age in ages)) == pytest.approx(
        [each / 2 for each in found], abs=1e-3 / days
    )
    assert exact(backend, scale, *(0 - age for age in ages)) == [100] * len(ages)
