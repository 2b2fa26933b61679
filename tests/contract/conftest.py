"""Every test of this folder runs on every CRM.

A further CRM takes part with a bench of its own (see `bench.Bench`) and an entry in `BENCHES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest

from adapters.sandbox import Sandbox
from tests.contract.bench import Bench
from tests.contract.fake_bench import FakeBench
from tests.contract.hubspot_bench import HubspotBench
from tests.contract.salesforce_bench import SalesforceBench

BENCHES: Mapping[str, Callable[[Sandbox], Bench]] = {
    "memory": lambda _sandbox: FakeBench(),
    "salesforce-rest": lambda sandbox: SalesforceBench(sandbox, "rest"),
    "salesforce-bulk": lambda sandbox: SalesforceBench(sandbox, "bulk"),
    "hubspot-batch-v3": lambda sandbox: HubspotBench(sandbox, "rest", "v3"),
    "hubspot-batch-2026-03": lambda sandbox: HubspotBench(sandbox, "rest", "2026-03"),
    "hubspot-export-v3": lambda sandbox: HubspotBench(sandbox, "bulk", "v3"),
    "hubspot-export-2026-09": lambda sandbox: HubspotBench(sandbox, "bulk", "2026-09"),
}


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    # So many accounts that opportunities need a second page by REST.
    with Sandbox(accounts=500, seed=3) as running:
        yield running


@pytest.fixture(scope="session", params=list(BENCHES))
def running_bench(request: pytest.FixtureRequest, sandbox: Sandbox) -> Iterator[Bench]:
    bench = BENCHES[request.param](sandbox)
    yield bench
    bench.close()


@pytest.fixture
def bench(running_bench: Bench) -> Iterator[Bench]:
    """A CRM in order before and after the test."""
    running_bench.mend()
    yield running_bench
    running_bench.mend()
