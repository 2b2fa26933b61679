from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.mapping.model import Mapping
from connector.reports.calibration import LEAST, Proposal, calibration, in_toml, nice, settings
from tests.unit.reports.conftest import MAPPING

FIELD = {"field": "NumberOfEmployees"}


def mapping_with(*scales: dict[str, Any]) -> Mapping:
    criteria = [
        {"id": f"c{n}", "dimension": "potential", "label": f"C {n}", "source": FIELD, "scale": scale}
        for n, scale in enumerate(scales)
    ]
    return Mapping.model_validate({**MAPPING, "criteria": criteria, "write": {}})


def proposal(scale: dict[str, Any], values: list[float | None]) -> Proposal:
    (found,) = calibration(
        pl.DataFrame({"raw:c0:0": pl.Series(values, dtype=pl.Float64)}), mapping_with(scale)
    )
    return found


@given(st.floats(1e-6, 1e12))
def test_round_numbers_are_near(value: float) -> None:
    found = nice(value)
    assert 0.7 < found / value < 1.5
    digits = f"{found:.6e}".split("e")[0].rstrip("0")
    assert len(digits) <= 3
    assert nice(-value) == -found


@pytest.mark.parametrize(
    ("value", "expected"), [(0, 0), (0.29, 0.3), (7, 7), (97, 100), (2_923, 3_000), (1_234_567, 1_000_000)]
)
def test_round_numbers(value: float, expected: float) -> None:
    assert nice(value) == expected


def test_ends_are_percentiles_and_keep_their_direction() -> None:
    values = [float(n) for n in range(101)]
    up = proposal({"kind": "linear", "zero": 0, "full": 1_000}, values)
    assert (up.low, up.median, up.high) == (10, 50, 90)
    assert up.then == {"zero": 10, "full": 90}
    assert (up.clipped_now, up.clipped_then) == (pytest.approx(1 / 101), pytest.approx(22 / 101))
    down = proposal({"kind": "linear", "zero": 1_000, "full": 0}, values)
    assert down.then == {"zero": 90, "full": 10}
    assert down.settings == ["criteria[c0].scale.zero=90", "criteria[c0].scale.full=10"]


def test_a_logarithmic_scale_looks_at_what_is_above_zero() -> None:
    values = [0.0] * 500 + [10.0 * n for n in range(1, 101)]
    found = proposal({"kind": "log", "zero": 1, "full": 10}, values)
    assert found.then == {"zero": 100, "full": 900}
    assert found.values == 600


@given(st.floats(0.01, 1e6))
def test_small_and_large_portfolios_both_get_a_scale_that_tells_accounts_apart(factor: float) -> None:
    values = [factor * math.exp(n / 20) for n in range(100)]
    found = proposal({"kind": "log", "zero": 1_000_000, "full": 2_000_000}, values)
    assert found.then is not None
    low, high = math.log1p(found.then["zero"]), math.log1p(found.then["full"])
    scores = [min(1.0, max(0.0, (math.log1p(value) - low) / (high - low))) for value in values]
    assert 0.05 <= sum(score in (0.0, 1.0) for score in scores) / len(scores) <= 0.45
    assert len({round(100 * score) for score in scores}) >= 20


def test_bands_are_filled_evenly() -> None:
    found = proposal(
        {"kind": "bands", "edges": [1, 2, 3], "scores": [0, 30, 60, 100]}, [float(n) for n in range(401)]
    )
    assert found.then == {"edges": [100, 200, 300]}
    assert found.settings == ["criteria[c0].scale.edges=[100, 200, 300]"]
    assert found.clipped_now is None


def test_bands_of_values_that_lie_close_together_get_finer_edges() -> None:
    values = [0.4 + n / 1_000 for n in range(250)]
    bands = {"kind": "bands", "edges": [0.2, 0.4, 0.6], "scores": [0, 30, 60, 100]}
    assert proposal(bands, values).then == {"edges": [0.46, 0.52, 0.59]}
    ends = proposal({"kind": "linear", "zero": 0, "full": 1}, [100 + value for value in values])
    assert ends.then == {"zero": 100, "full": 101}
    same = proposal({"kind": "linear", "zero": 0, "full": 1}, [1_000 + value for value in values])
    assert same.then is None  # three digits do not tell them apart
    assert "most values are the same" in same.note


@pytest.mark.parametrize(
    ("scale", "values", "note"),
    [
        (
            {"kind": "linear", "zero": 0, "full": 5},
            [1.0] * (LEAST - 1),
            "19 values are too few, 20 are needed",
        ),
        ({"kind": "linear", "zero": 0, "full": 5}, [None] * 100, "0 values are too few, 20 are needed"),
        ({"kind": "linear", "zero": 0, "full": 5}, [3.0] * 100, "most values are the same"),
        ({"kind": "bands", "edges": [1, 2], "scores": [0, 50, 100]}, [3.0] * 100, "most values are the same"),
        ({"kind": "linear", "zero": 0, "full": 1}, [0.0] * 50 + [1.0] * 50, "fits as it is"),
        # A share of five product lines: its 10th and 90th percentiles are values that many have.
        (
            {"kind": "linear", "zero": 0, "full": 0.8},
            [0.0] * 5 + [0.2] * 30 + [0.4] * 35 + [0.6] * 29 + [0.8],
            "better as it is: from 0.2 to 0.6, 65% of the values would be at the ends",
        ),
    ],
)
def test_nothing_is_proposed_without_reason(
    scale: dict[str, Any], values: list[float | None], note: str
) -> None:
    found = proposal(scale, values)
    assert found.then is None
    assert found.settings == []
    assert note in found.note


def test_one_criterion_alone_and_other_scales_left_out() -> None:
    mapping = mapping_with(
        {"kind": "linear", "zero": 0, "full": 9},
        {"kind": "linear", "zero": 0, "full": 9},
        {"kind": "half_life", "days": 9},
    )
    values = [float(n) for n in range(100)]
    accounts = pl.DataFrame({f"raw:c{n}:0": values for n in range(3)})
    assert [one.criterion for one in calibration(accounts, mapping)] == ["c0", "c1"]
    assert [one.criterion for one in calibration(accounts, mapping, "c1")] == ["c1"]
    assert len(list(settings(calibration(accounts, mapping)))) == 4


def test_numbers_are_written_as_people_do() -> None:
    assert in_toml(500_000) == "500_000"
    assert in_toml([1, 2.5, 10_000]) == "[1, 2.5, 10_000]"
    assert in_toml(0.04) == "0.04"
