from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.scales.scored import exact, many, points, some


def test_half_of_it_at_half_at(backend: str) -> None:
    values = (0, 4, 8, -9, 1e9, None)
    assert points(backend, {"kind": "saturating", "half_at": 4}, *values) == [0, 50, 75, 0, 100, None]


@some
@given(many, st.floats(0.01, 1e6))
def test_it_is_what_fading_leaves(backend: str, values: list[float], half: float) -> None:
    fading: dict[str, Any] = {"kind": "half_life", "days": half}
    filling: dict[str, Any] = {"kind": "saturating", "half_at": half}
    for left, right in zip(exact(backend, fading, *values), exact(backend, filling, *values), strict=True):
        assert left + right == pytest.approx(100)
        assert 0 <= left <= 100
