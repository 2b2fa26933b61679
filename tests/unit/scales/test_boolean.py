from hypothesis import given
from hypothesis import strategies as st

from tests.unit.scales.scored import points, some


def test_yes_and_no(backend: str) -> None:
    assert points(backend, {"kind": "boolean"}, True, False, None) == [100, 0, None]
    assert points(backend, {"kind": "boolean", "yes": 20, "no": 70}, True, False, None) == [20, 70, None]


@some
@given(st.lists(st.booleans(), min_size=1), st.integers(0, 100), st.integers(0, 100))
def test_every_value_has_its_score(backend: str, values: list[bool], yes: int, no: int) -> None:
    scale = {"kind": "boolean", "yes": yes, "no": no}
    assert points(backend, scale, *values) == [yes if value else no for value in values]
