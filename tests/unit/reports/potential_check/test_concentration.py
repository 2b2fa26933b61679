from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.reports.potential_check.concentration import concentration
from tests.unit.reports.potential_check.conftest import members


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=40))
def test_gini_is_half_the_mean_difference(revenues: list[int]) -> None:
    number, mean = len(revenues), sum(revenues) / len(revenues)
    differences = sum(abs(a - b) for a in revenues for b in revenues)
    found = concentration(members(*((str(n), one) for n, one in enumerate(revenues))))
    assert found.gini == pytest.approx(differences / (2 * number * number * mean), abs=1e-6)
    assert found.curve[-1] == (1.0, pytest.approx(1.0))
    assert [value for _, value in found.curve] == sorted(value for _, value in found.curve)
    largest = sorted(revenues, reverse=True)
    assert sum(largest[: found.half]) >= sum(revenues) / 2 > sum(largest[: found.half - 1]) - 1e-6


def test_one_account_has_all_or_all_have_the_same() -> None:
    assert concentration(members(*((str(n), 100) for n in range(10)))).gini == pytest.approx(0)
    lopsided = concentration(members(("a", 10**9), *((str(n), 1) for n in range(99))))
    assert lopsided.half == lopsided.most == 1
    assert lopsided.gini == pytest.approx(0.99, abs=0.001)


def test_without_revenue_nothing_is_claimed() -> None:
    found = concentration(members(("a", 0), ("b", 0)))
    assert (found.accounts, found.curve, found.gini) == (0, (), None)
