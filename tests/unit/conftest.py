"""What the tests of the pure stages share."""

from __future__ import annotations

from typing import Literal

import pytest

Backend = Literal["polars", "duckdb"]


@pytest.fixture(scope="session", params=["polars", "duckdb"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """The engine that lazy frames run on: every stage's test runs on both."""
    name: Backend = request.param
    return name
