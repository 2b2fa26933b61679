import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.scales.scored import many, points, some


@pytest.mark.parametrize(("edges", "scores"), [([1, 2, 4], [0, 30, 60, 100]), ([0.1], [0, 100])])
def test_a_value_on_an_edge_belongs_to_the_upper_band(
    backend: str, edges: list[float], scores: list[float]
) -> None:
    scale = {"kind": "bands", "edges": edges, "scores": scores}
    assert points(backend, scale, edges[0] - 0.01, *edges, 1e9, None) == [*scores, scores[-1], None]


def test_the_noise_of_binary_fractions_moves_no_value_over_an_edge(backend: str) -> None:
    scale = {"kind": "bands", "edges": [0.3], "scores": [0, 100]}
    assert points(backend, scale, 0.1 + 0.2 - 1e-12, 0.3 - 1e-8) == [100, 0]


@some
@given(
    many, st.lists(st.integers(-100, 100), unique=True, min_size=1, max_size=6), st.lists(st.integers(0, 100))
)
def test_as_many_edges_as_a_value_reaches(
    backend: str, values: list[float], edges: list[int], given_scores: list[int]
) -> None:
    scores = (given_scores + [7] * 7)[: len(edges) + 1]
    rounded = [round(value, 9) for value in values]
    wanted = [scores[sum(value >= edge for edge in edges)] for value in rounded]
    assert points(backend, {"kind": "bands", "edges": sorted(edges), "scores": scores}, *values) == wanted
