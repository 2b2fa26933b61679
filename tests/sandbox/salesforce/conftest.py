from collections.abc import Iterator

import pytest

from adapters.sandbox import Sandbox
from tests.sandbox.salesforce.client import Client


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(crms=("salesforce",), accounts=300, seed=3) as running:
        yield running


@pytest.fixture(autouse=True)
def _calm(sandbox: Sandbox) -> Iterator[None]:
    """Every test starts without faults and with an empty request log."""
    sandbox.clear_faults()
    sandbox.clear_requests()
    yield
    sandbox.clear_faults()


@pytest.fixture
def sync(sandbox: Sandbox) -> Client:
    return Client.login(sandbox.url, "sandbox-sync", "sandbox-secret")


@pytest.fixture
def admin(sandbox: Sandbox) -> Client:
    return Client.login(sandbox.url, "sandbox-admin", "sandbox-admin-secret")


@pytest.fixture
def rep(sandbox: Sandbox) -> Client:
    return Client.login(sandbox.url, "sandbox-rep", "sandbox-rep-secret")
