"""What the tests of the pure stages share."""

from __future__ import annotations

from typing import Literal
from zlib import crc32

import pytest

Backend = Literal["polars", "duckdb"]


@pytest.fixture(scope="session", params=["polars", "duckdb"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """The engine that lazy frames run on: every stage's test runs on both, see `pytest_collection_modifyitems`."""
    name: Backend = request.param
    return name


SLOW_ON_DUCKDB = (
    "test_the_ranking_adds_up_to_its_members",
    "test_what_calibrate_leaves_at_the_ends_is_not_sent_there_again",
    "test_scores_that_lie_together_separate_nothing",
)
"""A quarter of a minute each, for many small examples."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """DuckDB plans wide queries slowly: `make test` takes every sixth test on it, `make proof` all of them.

    That both engines agree on whole portfolios is what `tests/oracle` tests, always.
    """
    for item in items:
        chosen = getattr(item, "callspec", None)
        if not chosen or chosen.params.get("backend") != "duckdb":
            continue
        if crc32(item.nodeid.encode()) % 6 or item.name.startswith(SLOW_ON_DUCKDB):
            item.add_marker(pytest.mark.proof)
