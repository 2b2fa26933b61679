from __future__ import annotations

from math import ceil
from pathlib import Path

import pytest

from adapters.hubspot import HubspotCrm
from adapters.hubspot.estimate import Costs, Done
from adapters.sandbox.server import Sandbox
from connector.crm import Object, PullRequest
from tests.unit.adapters.hubspot.conftest import Open

ROWS: dict[Object, int] = {"accounts": 10_000, "opportunities": 50_000}


def costs(bulk_from: int | None, *, counted: bool = False) -> Costs:
    return Costs(singles=2, rates=0, bulk_from=bulk_from, counted=counted)


def test_page_by_page() -> None:
    estimate = costs(None).estimate(ROWS, 3_000, {})
    # 2 of every sync, pipelines, 2 descriptions, 100 + 500 pages, 30 batches.
    assert estimate.minimum == 2 + 1 + 2 + 600 + 30
    assert 0 < estimate.calls - estimate.minimum < 10  # deals whose primary company must be asked for


def test_by_jobs() -> None:
    estimate = costs(0).estimate(ROWS, 3_000, {})
    assert estimate.minimum == 2 + 1 + 2 + 2 * 2 + 1
    assert costs(0).estimate(ROWS, 2_000_000, {}).minimum == estimate.minimum + 1


def test_by_whatever_suits_the_number() -> None:
    auto = costs(5_000, counted=True)
    assert auto.estimate({"accounts": 5_000}, 0, {}).minimum == 2 + 1 + 50
    assert auto.estimate({"accounts": 5_001}, 0, {}).minimum == 2 + 1 + 2
    assert auto.estimate({}, 5_000, {}).minimum == 2 + 50
    assert auto.estimate({}, 5_001, {}).minimum == 2 + 1


def test_what_was_read_is_known() -> None:
    done = {
        "companies": Done("changes", 201),
        "deals": Done("list", 0),
        "contacts": Done("search", 2_500),
    }
    rows: dict[Object, int] = {**ROWS, "contact_roles": 9_999}
    estimate = costs(None).estimate(rows, 0, done)
    assert estimate.minimum == 2 + 1 + 3 + (2 + 2) + 1 + (ceil(2_500 / 200) + 3)


REQUESTS = (
    PullRequest("accounts", ("name",)),
    PullRequest("opportunities", ("amount",), account="primary_company"),
    PullRequest("contact_roles", ()),
    PullRequest("cases", ()),
)


def read(crm: HubspotCrm, folder: Path) -> dict[Object, int]:
    rows: dict[Object, int] = {}
    for request in REQUESTS:
        place = folder / request.object
        place.mkdir(parents=True)
        rows[request.object] = crm.pull(request, place).rows
    return rows


@pytest.mark.parametrize("method", ["rest", "bulk", "auto"])
def test_the_minimum_is_never_more_than_what_is_made(
    portal: Sandbox, opened: Open, tmp_path: Path, method: str
) -> None:
    crm = opened(portal.url, load_method=method)
    crm.user()
    rows = read(crm, tmp_path)
    estimate = crm.estimate(rows, 0)
    made = crm.usage().calls
    polls = sum(count for path, count in made.items() if path.startswith("GET") and "/export/" in path)
    rates = sum(count for path, count in made.items() if "exchange-rates" in path)
    least = sum(made.values()) - polls + (1 - rates)  # `currencies` is a sync's own call
    assert estimate.minimum <= least
    assert least <= estimate.minimum * 1.1 + (
        len(REQUESTS) if method == "auto" else 0
    )  # a small portal counts all
