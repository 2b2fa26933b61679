from hypothesis import given
from hypothesis import strategies as st

from tests.unit.scales.scored import exact, points, some

STRATEGY = {"kind": "lookup", "scores": {"Clear": 100, " partly ": 60, "NONE": 0}}


def test_case_and_outer_blanks_do_not_count(backend: str) -> None:
    values = (" clear", "PARTLY", "none ", "foggy", "", None)
    assert points(backend, STRATEGY, *values) == [100, 60, 0, None, None, None]


def test_other_values_score_as_told(backend: str) -> None:
    values = ("foggy", "clear", "", " ", None)
    assert points(backend, {**STRATEGY, "other": 10}, *values) == [10, 100, None, None, None]


def test_several_values(backend: str) -> None:
    values = ("Clear;None", "none ; Partly", "foggy;clear", "foggy", ";", None, "unclear")
    assert points(backend, {**STRATEGY, "multi": "max"}, *values) == [100, 60, 100, None, None, None, None]
    assert points(backend, {**STRATEGY, "multi": "min"}, *values) == [0, 0, 100, None, None, None, None]
    assert points(backend, {**STRATEGY, "multi": "mean"}, *values) == [50, 30, 100, None, None, None, None]
    other = [100, 60, 100, 5, None, None, 5]
    assert points(backend, {**STRATEGY, "multi": "max", "other": 5}, *values) == other


def test_a_multi_select_field_is_split_without_being_told(backend: str) -> None:
    assert points(backend, STRATEGY, "Partly;None") == [None]
    assert points(backend, STRATEGY, "Partly;None", multi=True) == [60]
    assert points(backend, {**STRATEGY, "multi": "min"}, "Partly;None", multi=True) == [0]


@some
@given(st.lists(st.lists(st.sampled_from(["a", "b", "c", "x", ""]), max_size=4), min_size=1, max_size=30))
def test_of_several_the_mean_lies_between_the_extremes(backend: str, picked: list[list[str]]) -> None:
    scores = {"A": 10, "b ": 50, "C": 90}
    values = [";".join(parts) for parts in picked]
    found = {
        pick: exact(backend, {"kind": "lookup", "scores": scores, "multi": pick}, *values)
        for pick in ("min", "mean", "max")
    }
    given_scores = {"a": 10, "b": 50, "c": 90}
    for place, parts in enumerate(picked):
        known = {
            given_scores[part] for part in parts if part in given_scores
        }  # the same one twice counts once
        low, mean, high = (found[pick][place] for pick in ("min", "mean", "max"))
        assert (low, high) == ((min(known), max(known)) if known else (None, None))
        assert mean == (sum(known) / len(known) if known else None)
