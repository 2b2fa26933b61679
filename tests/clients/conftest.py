from collections.abc import Iterator

import pytest

from adapters.sandbox import Sandbox
from tests.clients.node import INSTALLED


@pytest.fixture(scope="session", autouse=True)
def _installed() -> None:
    assert INSTALLED.is_dir(), "other people's clients are not installed: run `make .venv/clients`"


@pytest.fixture(scope="module")
def salesforce() -> Iterator[Sandbox]:
    with Sandbox(crms=("salesforce",), accounts=3_000, seed=5) as running:
        yield running


@pytest.fixture(scope="module")
def hubspot() -> Iterator[Sandbox]:
    with Sandbox(crms=("hubspot",), accounts=600, seed=5) as running:
        running.configure("hubspot", "behaviour", export_zip_bytes=10_000_000)
        yield running
