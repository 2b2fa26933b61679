from __future__ import annotations

import pytest

from tests.oracle.compared import Portfolio, pulled


@pytest.fixture(scope="session", params=["salesforce", "hubspot"])
def portfolio(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Portfolio:
    return pulled(request.param, tmp_path_factory.mktemp("pull"))
