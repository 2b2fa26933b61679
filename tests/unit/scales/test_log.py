import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.unit.scales.scored import SCALE, exact, many, points, some


def test_linear_on_the_logarithm(backend: str) -> None:
    scale = {"kind": "log", "zero": 10, "full": 5000}
    half = math.exp((math.log(11) + math.log(5001)) / 2) - 1
    assert points(backend, scale, -5, 0, 10, half, 5000, 1e9, None) == [0, 0, 0, 50, 100, 100, None]


def test_zero_above_full_inverts(backend: str) -> None:
    assert points(backend, {"kind": "log", "zero": 100, "full": 0}, 0, 100, 1e6, -7) == [100, 0, 0, 100]


def test_zero_and_full_are_not_negative() -> None:
    for ends in ({"zero": -1, "full": 10}, {"zero": 1, "full": -10}):
        with pytest.raises(ValidationError):
            SCALE.validate_python({"kind": "log", **ends})


@some
@given(many, st.floats(0, 1e6), st.floats(0.01, 1e6))
def test_it_is_the_linear_scale_of_the_logarithms(
    backend: str, values: list[float], zero: float, above: float
) -> None:
    found = exact(backend, {"kind": "log", "zero": zero, "full": zero + above}, *sorted(values))
    assert found == sorted(found)
    logs = [math.log(1 + max(0.0, value)) for value in sorted(values)]
    ends = {"zero": math.log(1 + zero), "full": math.log(1 + zero + above)}
    assert found == pytest.approx(exact(backend, {"kind": "linear", **ends}, *logs), abs=0.01)
