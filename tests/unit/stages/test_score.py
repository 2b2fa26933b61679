import math
from typing import Any

import narwhals as nw
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.mapping import Mapping
from connector.reference import References
from connector.stages.score import score

POINTS = {"kind": "linear", "zero": 0, "full": 100}


def criterion(name: str, dimension: str = "potential", **keys: Any) -> dict[str, Any]:
    return {
        "id": name,
        "dimension": dimension,
        "label": name,
        "source": {"field": name},
        "scale": POINTS,
        **keys,
    }


def mapping_of(*criteria: dict[str, Any]) -> Mapping:
    return Mapping.model_validate(
        {
            "version": 1, "crm": "salesforce", "currency": "EUR", "accounts": {"name": "Name"},
            "opportunities": {"account": "A", "amount": "B", "close_date": "C", "stage": "D"},
            "criteria": [*criteria, criterion("fit", "attractiveness")],
        }
    )  # fmt: skip


def scored(
    backend: str,
    mapping: Mapping,
    raw: dict[str, Any],
    expired: tuple[str, ...] = (),
    by_hand: dict[str, int | None] | None = None,
) -> dict[str, Any]:
    """One account's scores from its raw values (``<id>:<n>``), and from those that a person has set."""
    columns: dict[str, Any] = {"id": pa.array(["a"])}
    for name, value in (by_hand or {}).items():
        columns[f"override:{name}"] = pa.array([value], pa.int64())
    for each in mapping.criteria:
        for place in range(len(each.rungs)):
            key = f"{each.id}:{place}"
            columns[f"raw:{key}"] = pa.array([raw.get(key)], pa.float64())
            columns[f"expired:{key}"] = pa.array([key in expired])
    frame = nw.from_native(pa.table(columns), eager_only=True).lazy(backend=backend)
    found: dict[str, Any] = score(frame, mapping, References("2026Q4")).collect().to_arrow().to_pylist()[0]
    return found


def test_a_score_that_a_person_has_set_acts_before_the_dimensions(backend: str) -> None:
    mapping = mapping_of(
        criterion("x", weight=40), criterion("y", weight=40, missing="neutral"), criterion("z", weight=20)
    )
    raw, expired = {"x:0": 80.0, "z:0": 30.0}, ("x:0",)
    row = scored(backend, mapping, raw, expired, {"x": 20, "y": 0, "z": None})
    assert (row["score:x"], row["score:y"], row["score:z"]) == (20, 0, 30)
    assert (row["known:x"], row["known:y"], row["known:z"]) == (True, True, True)
    assert (row["rung:x"], row["rung:y"], row["rung:z"]) == (1, 1, 0)
    assert (row["points:potential"], row["coverage:potential"]) == (14, 1.0)
    assert (row["lo:potential"], row["hi:potential"]) == (14, 14)
    assert row["expired"] is False  # the rating that is too old does not count any more
    assert scored(backend, mapping, raw, expired)["expired"] is True


def test_the_weighted_mean_of_what_is_known(backend: str) -> None:
    mapping = mapping_of(criterion("x", weight=40), criterion("y", weight=40), criterion("z", weight=20))
    row = scored(backend, mapping, {"x:0": 80.4, "z:0": 29.5})
    assert (row["score:x"], row["score:y"], row["score:z"]) == (80, None, 30)
    assert (row["known:x"], row["known:y"], row["rung:y"]) == (True, False, None)
    assert row["points:potential"] == 63  # (40 x 80 + 20 x 30) / 60 = 63.33
    assert row["coverage:potential"] == 0.6
    assert (row["lo:potential"], row["hi:potential"]) == (38, 78)


def test_rounding_is_half_away_from_zero(backend: str) -> None:
    mapping = mapping_of(criterion("x"), criterion("y"))
    assert scored(backend, mapping, {"x:0": 50.0, "y:0": 51.0})["points:potential"] == 51
    row = scored(backend, mapping, {"x:0": 0.499999, "y:0": 0.4999999})
    assert (row["score:x"], row["score:y"]) == (0, 1)  # to 6 decimals first


def test_nothing_known_leaves_the_points_empty(backend: str) -> None:
    row = scored(backend, mapping_of(criterion("x")), {})
    assert (row["points:potential"], row["coverage:potential"]) == (None, 0)
    assert (row["lo:potential"], row["hi:potential"]) == (0, 100)


def test_a_stand_in_counts_in_the_points_but_not_in_coverage_and_bounds(backend: str) -> None:
    mapping = mapping_of(criterion("x", missing="neutral"), criterion("y", missing=20.5), criterion("z"))
    row = scored(backend, mapping, {"z:0": 100.0})
    assert (row["score:x"], row["known:x"], row["score:y"]) == (50, False, 21)
    assert row["points:potential"] == 57
    assert row["coverage:potential"] == pytest.approx(0.333333, abs=1e-12)
    assert (row["lo:potential"], row["hi:potential"]) == (33, 100)


def test_weight_zero_is_shown_and_not_scored(backend: str) -> None:
    row = scored(
        backend, mapping_of(criterion("x"), criterion("y", weight=0)), {"x:0": 10.0, "y:0": 90.0}, ("y:0",)
    )
    assert (row["score:y"], row["points:potential"], row["coverage:potential"]) == (90, 10, 1)
    assert row["expired"] is False


def test_a_dimension_without_weight_is_unknown(backend: str) -> None:
    row = scored(backend, mapping_of(criterion("x", weight=0)), {"x:0": 10.0})
    assert (row["points:potential"], row["coverage:potential"], row["lo:potential"], row["hi:potential"]) == (
        None,
        0,
        0,
        100,
    )


def test_the_first_answer_that_scores_counts(backend: str) -> None:
    rating = {"source": {"field": "r", "expires_days": 9}, "scale": {"kind": "rating", "worst": 1, "best": 5}}
    ladder = {
        "id": "x",
        "dimension": "potential",
        "label": "x",
        "first_of": [rating, {"source": {"field": "y"}, "scale": POINTS}],
    }
    mapping = mapping_of(ladder)
    row = scored(backend, mapping, {"x:0": 2.0, "x:1": 99.0}, expired=("x:0",))
    assert (row["score:x"], row["rung:x"], row["expired"]) == (
        25,
        0,
        True,
    )  # an expired rating still comes first
    row = scored(backend, mapping, {"x:0": 7.0, "x:1": 99.0}, expired=("x:0",))
    assert (row["score:x"], row["rung:x"], row["expired"]) == (99, 1, False)  # outside its scale: no answer
    row = scored(backend, mapping, {})
    assert (row["score:x"], row["rung:x"], row["known:x"]) == (None, None, False)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    raws=st.lists(st.none() | st.floats(0, 100), min_size=1, max_size=5),
    weights=st.lists(st.floats(0.01, 1000), min_size=5, max_size=5),
)
def test_points_lie_within_their_bounds(backend: str, raws: list[float | None], weights: list[float]) -> None:
    mapping = mapping_of(*(criterion(f"c{place}", weight=weights[place]) for place in range(len(raws))))
    row = scored(backend, mapping, {f"c{place}:0": value for place, value in enumerate(raws)})
    known = [
        (weights[place], math.floor(value + 0.5)) for place, value in enumerate(raws) if value is not None
    ]
    if not known:
        assert row["points:potential"] is None
        return
    assert row["lo:potential"] <= row["points:potential"] <= row["hi:potential"]
    mean = sum(weight * value for weight, value in known) / sum(weight for weight, _ in known)
    assert row["points:potential"] == pytest.approx(mean, abs=0.500002)
    assert row["coverage:potential"] == pytest.approx(
        sum(weight for weight, _ in known) / sum(weights[: len(raws)]), abs=1e-6
    )


def test_halves_of_whole_numbers_on_rows_alone() -> None:
    mapping = mapping_of(criterion("x"), criterion("y"))
    alone = [
        scored("polars", mapping, {"x:0": float(value), "y:0": float(value + 1)})["points:potential"]
        for value in range(0, 100, 9)
    ]
    assert alone == list(range(1, 101, 9))
