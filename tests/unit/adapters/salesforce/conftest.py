"""An org that exists only as prepared answers, and one in the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import responses

from adapters.retry import Limits
from adapters.salesforce import SalesforceCrm
from adapters.sandbox import Sandbox
from connector.config import SalesforceConnection

HOST = "https://acme.my.salesforce.com"
DATA = f"{HOST}/services/data/v64.0"
QUICK = Limits(attempts=3, seconds=10.0, first_wait=0.001, longest_wait=0.01)
TOKEN = "sandbox-token"


def connection(**settings: Any) -> SalesforceConnection:
    given = {"crm": "salesforce", "mapping": Path("mapping.toml"), "login_url": HOST, **settings}
    return SalesforceConnection.model_validate(given)


@pytest.fixture
def answers() -> Iterator[responses.RequestsMock]:
    """Prepared answers instead of a network; each must be used."""
    with responses.RequestsMock() as prepared:
        yield prepared


@pytest.fixture
def crm() -> Iterator[SalesforceCrm]:
    """Connected with a token that cannot be renewed, by REST alone."""
    opened = SalesforceCrm.open(
        connection(auth="access_token", instance_url=HOST, access_token=TOKEN, load_method="rest"),
        time_zone="Europe/Vienna",
        limits=QUICK,
    )
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(crms=("salesforce",), accounts=120, seed=5) as running:
        yield running


Opener = Callable[..., SalesforceCrm]


@pytest.fixture
def opened(sandbox: Sandbox) -> Iterator[Opener]:
    """Opens connections to the sandbox; faults, visibility and quota are as new afterwards."""
    made: list[SalesforceCrm] = []

    def opener(
        who: str = "sync",
        *,
        limits: Limits = QUICK,
        page_rows: int = 50,
        quota_share: float = 1.0,
        **settings: Any,
    ) -> SalesforceCrm:
        given = {
            "auth": "client_credentials",
            "login_url": sandbox.url,
            "client_id": f"sandbox-{who}",
            "client_secret": "sandbox-secret" if who == "sync" else f"sandbox-{who}-secret",
            **settings,
        }
        crm = SalesforceCrm.open(
            connection(**given),
            time_zone="Europe/Vienna",
            limits=limits,
            page_rows=page_rows,
            quota_share=quota_share,
        )
        made.append(crm)
        return crm

    yield opener
    for one in made:
        one.close()
    sandbox.clear_faults()
    sandbox.quota("salesforce", limit=100_000, used=0)
