"""lookup and boolean."""

from typing import get_args

from connector.mapping import built
from connector.mapping.model import Scale
from connector.scales import BUILT
from tests.unit.scales.scored import points

STRATEGY = {"kind": "lookup", "scores": {"Clear": 100, " partly ": 60, "NONE": 0}}


def test_lookup_ignores_case_and_outer_blanks(backend: str) -> None:
    assert points(backend, STRATEGY, " clear", "PARTLY", "none ", "foggy", "", None) == [
        100,
        60,
        0,
        None,
        None,
        None,
    ]


def test_other_values_score_as_told(backend: str) -> None:
    assert points(backend, {**STRATEGY, "other": 10}, "foggy", "clear", "", " ", None) == [
        10,
        100,
        None,
        None,
        None,
    ]


def test_several_values(backend: str) -> None:
    values = ("Clear;None", "none ; Partly", "foggy;clear", "foggy", ";", None, "unclear")
    assert points(backend, {**STRATEGY, "multi": "max"}, *values) == [100, 60, 100, None, None, None, None]
    assert points(backend, {**STRATEGY, "multi": "min"}, *values) == [0, 0, 100, None, None, None, None]
    assert points(backend, {**STRATEGY, "multi": "mean"}, *values) == [50, 30, 100, None, None, None, None]
    assert points(backend, {**STRATEGY, "multi": "max", "other": 5}, *values) == [
        100,
        60,
        100,
        5,
        None,
        None,
        5,
    ]


def test_a_multi_select_field_is_split_without_being_told(backend: str) -> None:
    assert points(backend, STRATEGY, "Partly;None") == [None]
    assert points(backend, STRATEGY, "Partly;None", multi=True) == [60]
    assert points(backend, {**STRATEGY, "multi": "min"}, "Partly;None", multi=True) == [0]


def test_yes_and_no(backend: str) -> None:
    assert points(backend, {"kind": "boolean"}, True, False, None) == [100, 0, None]
    assert points(backend, {"kind": "boolean", "yes": 20, "no": 70}, True, False, None) == [20, 70, None]


def test_the_mapping_knows_which_scales_are_built() -> None:
    kinds = {get_args(model.model_fields["kind"].annotation)[0] for model in get_args(get_args(Scale)[0])}
    assert kinds >= BUILT
    assert built.SCALES == BUILT
