"""Warnings name the criterion whose values are clipped, dominated, alike, or counted twice."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.criteria_quality import criteria_quality
from connector.mapping.model import Mapping
from connector.quality import Quality, noted
from connector.reference import References
from connector.stages.score import score
from tests.unit.measures.pulled import mapped, mapping_of

HUNDRED = {"kind": "linear", "zero": 0, "full": 100}
FIELDS = ("Size", "Points", "Money")


def of(field: str, scale: dict[str, Any] | None = None, **keys: Any) -> dict[str, Any]:
    return {"source": {"field": field}, "scale": scale or HUNDRED, "label": f"Label of {field}", **keys}


def warned(backend: str, *criteria: dict[str, Any], **values: Any) -> tuple[Quality, ...]:
    """Warnings about criteria over accounts with these values of their fields."""
    mapping = mapping_of(*criteria)
    rows = max(len(each) for each in values.values())
    accounts = [
        {"@id": f"{place:03}", **{name: each[place] for name, each in values.items()}}
        for place in range(rows)
    ]
    references = References("2026Q2")
    found = mapped(backend, mapping, accounts=accounts, references=references)
    warnings = criteria_quality(score(found.accounts, mapping, references), mapping)
    return tuple(each for each in warnings if each.criterion != "other")


def spread(number: int, step: float = 1.0) -> list[float]:
    return [float(place * step) for place in range(number)]


def test_a_good_criterion_is_left_alone(backend: str) -> None:
    assert warned(backend, of("Size"), Size=spread(100)) == ()


def test_more_than_5_percent_beyond_the_ends(backend: str) -> None:
    values = [*spread(94), 101.0, 102.0, 103.0, -1.0, -2.0, -3.0]
    (found,) = warned(backend, of("Size"), Size=values)
    assert (found.criterion, found.count) == ("c0", 6)
    assert str(found).startswith("of 100 values of Label of Size lie beyond zero = 0 and full = 100: ")
    assert noted(found.note, "de").startswith(
        "von 100 Werten von Label of Size liegen jenseits von zero = 0 und full"
    )
    assert warned(backend, of("Size"), Size=[*spread(95), *values[95:]]) == ()  # 5 % are no more than 5 %
    assert (
        warned(backend, of("Size"), Size=[*spread(80), *[100.0] * 20]) == ()
    )  # the ends themselves are fine


def test_what_calibrate_leaves_at_the_ends_is_not_sent_there_again(backend: str) -> None:
    scale = {"kind": "linear", "zero": 10, "full": 90}  # the 10th and the 90th percentile
    (found,) = warned(backend, of("Size", scale), Size=spread(101))
    assert (found.count, found.harmless) == (20, True)
    assert ": nothing need be done, `kpm calibrate` leaves about a tenth" in str(found)
    (found,) = warned(backend, of("Size", {**scale, "full": 80}), Size=spread(101))
    assert (found.count, found.harmless) == (30, False)
    assert "score alike though they differ; `kpm calibrate` proposes other ends" in str(found)


def test_an_inverted_scale_and_a_logarithm_have_ends_too(backend: str) -> None:
    down = {"kind": "linear", "zero": 50, "full": 0}
    (found,) = warned(backend, of("Size", down), Size=spread(60))
    assert (found.count, "zero = 50 and full = 0" in str(found)) == (9, True)
    log = {"kind": "log", "zero": 1_000, "full": 1_000_000}
    (found,) = warned(backend, of("Size", log), Size=[*spread(90, 2000)[1:], *[0.0] * 10])
    assert (found.count, "zero = 1,000 and full = 1,000,000" in str(found)) == (10, True)
    (found,) = warned(
        backend, of("Size", {"kind": "half_life", "days": 50}), Size=[*spread(90), *[-4.0, -5.0] * 5]
    )
    assert (found.count, found.harmless) == (10, False)
    assert "calibrate" not in str(found)  # which has no end to propose there


def test_of_several_ways_to_answer_each_is_judged_by_its_own_values(backend: str) -> None:
    ladder = {
        "label": "Ladder",
        "first_of": [
            {"source": {"field": "Size"}, "scale": {"kind": "rating", "worst": 1, "best": 5}},
            {"source": {"field": "Points"}, "scale": HUNDRED},
        ],
    }
    size = [float(1 + place % 5) for place in range(50)] + [None] * 50
    points = [999.0] * 50 + spread(44) + [101.0, 102.0, 103.0, 104.0, 105.0, 106.0]
    (found,) = warned(backend, ladder, Size=size, Points=points)
    assert (found.count, "of 50 values of Ladder" in str(found)) == (6, True)


def test_one_value_dominates(backend: str) -> None:
    (found,) = warned(backend, of("Size"), Size=[7.0] * 91 + spread(9, 10))
    assert (found.criterion, found.count) == ("c0", 91)
    assert str(found).startswith("of 100 values of Label of Size are one and the same")
    assert warned(backend, of("Size"), Size=[7.0] * 90 + spread(10, 10)) == ()
    words = of("Type", {"kind": "lookup", "scores": {"a": 0, "b": 100}})
    (found,) = warned(backend, words, Type=["a"] * 95 + ["b"] * 5 + ["foggy"] * 50)
    assert found.count == 95  # a value that does not score is no answer
    (found,) = warned(backend, of("Flag", {"kind": "boolean"}), Flag=[True] * 95 + [False] * 5)
    assert found.count == 95


def test_scores_that_lie_together_separate_nothing(backend: str) -> None:
    (found,) = warned(backend, of("Size", {"kind": "linear", "zero": 0, "full": 10_000}), Size=spread(100))
    assert (found.criterion, found.count) == ("c0", 100)
    assert str(found).startswith("accounts score alike on Label of Size: nine in ten between 0 and 1, ")


def test_two_criteria_of_a_dimension_that_say_the_same(backend: str) -> None:
    both = (of("Size"), of("Points"), of("Money", dimension="attractiveness"))
    size = spread(100)
    (found,) = warned(backend, *both, Size=size, Points=[each * 0.9 + 3 for each in size], Money=size)
    assert (found.criterion, found.count) == ("c0", 100)
    assert "Label of Size and Label of Points say the same (correlation 1.00)" in str(found)
    mixed = [size[place * 37 % 100] for place in range(100)]
    assert warned(backend, *both, Size=size, Points=mixed, Money=size) == ()
    assert warned(backend, *both, Size=size, Points=[100 - each for each in size], Money=size) == ()


def test_what_has_no_weight_does_no_harm(backend: str) -> None:
    values = [7.0] * 100
    assert warned(backend, of("Size", weight=0), of("Points", weight=0), Size=values, Points=values) == ()


def test_few_accounts_say_nothing(backend: str) -> None:
    assert warned(backend, of("Size"), of("Points"), Size=[500.0] * 19, Points=[500.0] * 19) == ()


def test_outside_the_portfolio_and_without_a_value_nothing_counts(backend: str) -> None:
    mapping = mapping_of(of("Size"), portfolio={"all": [{"field": "Flag", "equals": True}]})
    accounts = [{"@id": f"{place:03}", "Size": float(place), "Flag": True} for place in range(50)]
    accounts += [{"@id": f"x{place:03}", "Size": 999.0, "Flag": False} for place in range(50)]
    accounts += [{"@id": f"y{place:03}", "Flag": True} for place in range(50)]
    references = References("2026Q2")
    found = mapped(backend, mapping, accounts=accounts, references=references)
    warnings = criteria_quality(score(found.accounts, mapping, references), mapping)
    assert [each for each in warnings if each.criterion == "c0"] == []


def frame(backend: str, pairs: list[tuple[int, int]]) -> Any:
    table = pa.table(
        {
            "member": [True] * len(pairs),
            **{f"raw:c{n}:0": [float(pair[n]) for pair in pairs] for n in (0, 1)},
            **{f"score:c{n}": pa.array([pair[n] for pair in pairs], pa.int64()) for n in (0, 1)},
            **{f"known:c{n}": [True] * len(pairs) for n in (0, 1)},
            **{f"rung:c{n}": pa.array([0] * len(pairs), pa.int64()) for n in (0, 1)},
            "known:other": [False] * len(pairs),
            "rung:other": pa.array([None] * len(pairs), pa.int64()),
            "raw:other:0": pa.array([None] * len(pairs), pa.float64()),
            "score:other": pa.array([None] * len(pairs), pa.int64()),
        }
    )
    return nw.from_native(table, eager_only=True).lazy(backend=backend).to_native()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=20, max_size=60), st.booleans())
def test_the_correlation_is_pearsons(backend: str, pairs: list[tuple[int, int]], alike: bool) -> None:
    if alike:
        pairs = [(first, min(100, first + second % 5)) for first, second in pairs]
    mapping: Mapping = mapping_of(of("Size"), of("Points"))
    found = [each for each in criteria_quality(frame(backend, pairs), mapping) if "say the same" in str(each)]
    mean = [sum(pair[n] for pair in pairs) / len(pairs) for n in (0, 1)]
    cross = sum((x - mean[0]) * (y - mean[1]) for x, y in pairs)
    size = [sum((pair[n] - mean[n]) ** 2 for pair in pairs) for n in (0, 1)]
    if not all(size):
        assert found == []
        return
    r = cross / (size[0] * size[1]) ** 0.5
    if abs(r - 0.9) > 1e-9:
        assert len(found) == (r > 0.9)
    if found:
        assert float(str(found[0]).split("correlation ")[1].split(")")[0]) == pytest.approx(r, abs=0.0051)
