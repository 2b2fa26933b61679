"""The share of the daily API calls: what it covers, and that reading stops where it ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters import open_crm
from adapters.allowance import Allowance
from adapters.sandbox import Sandbox
from connector.config import HubspotConnection, SalesforceConnection
from connector.crm import Crm, CrmName, PullRequest
from connector.errors import CrmTemporaryError

NAMES: tuple[CrmName, ...] = ("salesforce", "hubspot")


@dataclass
class Told:
    used: int | None
    limit: int | None


@pytest.mark.parametrize(
    ("used", "limit", "share", "most"),
    [(0, 1000, 0.5, 500), (499, 1000, 0.5, 1), (500, 1000, 0.5, 0), (7, 7, 1.0, 0), (900, 1000, 0.5, -400)],
)
def test_it_covers_calls_up_to_the_share(used: int, limit: int, share: float, most: int) -> None:
    allowance = Allowance("hubspot", Told(used, limit), share)
    assert allowance.covers(most)
    assert not allowance.covers(most + 1)


def test_without_a_word_from_the_crm_there_is_no_bound() -> None:
    allowance = Allowance("hubspot", Told(None, None), 0.0)
    assert allowance.covers(10**9)
    allowance.require("read companies")


def test_the_message_says_what_is_used_up_when_it_comes_back_and_what_to_change() -> None:
    with pytest.raises(CrmTemporaryError) as caught:
        Allowance("salesforce", Told(50_012, 100_000), 0.5).require("read accounts")
    message = str(caught.value)
    for part in (
        "read accounts",
        "50,012 of today's 100,000",
        "stops at 50,000",
        "max_quota_share = 0.5",
        "24 hours",
    ):
        assert part in message


@pytest.fixture(params=NAMES)
def served(request: pytest.FixtureRequest) -> Iterator[tuple[CrmName, Sandbox]]:
    with Sandbox(crms=(request.param,), accounts=400, seed=5) as running:
        yield request.param, running


def opened(name: CrmName, sandbox: Sandbox, method: str) -> Crm:
    mapped: dict[str, Any] = {"crm": name, "mapping": Path("m.toml"), "load_method": method}
    connection: HubspotConnection | SalesforceConnection
    if name == "hubspot":
        token = {"api_url": sandbox.url, "access_token": "sandbox-token"}
        connection = HubspotConnection.model_validate(mapped | token)
    else:
        app = {"auth": "client_credentials", "client_id": "sandbox-sync", "client_secret": "sandbox-secret"}
        connection = SalesforceConnection.model_validate(mapped | app | {"login_url": sandbox.url})
    return open_crm(connection, time_zone="UTC", quota_share=0.5)


@pytest.mark.parametrize("method", ["rest", "bulk"])
def test_reading_stops_where_the_share_ends(
    served: tuple[CrmName, Sandbox], method: str, tmp_path: Path
) -> None:
    name, sandbox = served
    request = PullRequest("accounts", ("Name" if name == "salesforce" else "name",))
    crm = opened(name, sandbox, method)
    whole = crm.pull(request, tmp_path)
    assert whole.rows > 300
    sandbox.quota(name, limit=1_000, used=499)
    crm.currencies()  # any answer tells how many calls are used
    made = sum(crm.usage().calls.values())
    with pytest.raises(CrmTemporaryError, match="max_quota_share"):
        crm.pull(request, tmp_path)
    assert sum(crm.usage().calls.values()) - made <= 2
    sandbox.quota(name, limit=100_000, used=499)
    crm.close()
    again = opened(name, sandbox, method)
    assert again.pull(request, tmp_path).rows == whole.rows
    again.close()
