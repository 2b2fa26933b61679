from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from adapters.hubspot import HubspotCrm
from adapters.retry import Limits
from adapters.sandbox.server import Sandbox
from connector.config import HubspotConnection
from tests.unit.adapters.hubspot.scripted import Scripted

QUICK = Limits(attempts=4, first_wait=0.01, longest_wait=0.05)

Open = Callable[..., HubspotCrm]

OAUTH: dict[str, object] = {
    "auth": "refresh_token",
    "access_token": None,
    "client_id": "sandbox-client",
    "client_secret": SecretStr("sandbox-secret"),
    "refresh_token": SecretStr("sandbox-refresh-token"),
}
"""Settings of an app whose access tokens live half an hour."""


def connection(url: str, **settings: object) -> HubspotConnection:
    given = {"access_token": SecretStr("sandbox-token"), **settings}
    return HubspotConnection.model_validate(
        {"crm": "hubspot", "mapping": Path("m.toml"), "api_url": url, **given}
    )


@pytest.fixture(scope="session")
def portal() -> Iterator[Sandbox]:
    """A portal that is only read."""
    with Sandbox(crms=("hubspot",), accounts=300) as sandbox:
        yield sandbox


@pytest.fixture
def own_portal() -> Iterator[Sandbox]:
    """A small portal of a test's own, to write to."""
    with Sandbox(crms=("hubspot",), accounts=60, ratings=False) as sandbox:
        yield sandbox


@pytest.fixture
def server() -> Iterator[Scripted]:
    """A server that answers as a test says."""
    with Scripted() as server:
        yield server


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens connections, and closes them afterwards."""
    crms: list[HubspotCrm] = []

    def open_(
        url: str, *, quota_share: float = 1.0, read_seconds: float = 5.0, **settings: object
    ) -> HubspotCrm:
        crm = HubspotCrm.open(
            connection(url, **settings),
            time_zone="Europe/Vienna",
            quota_share=quota_share,
            limits=QUICK,
            read_seconds=read_seconds,
            poll_seconds=0.01,
        )
        crms.append(crm)
        return crm

    yield open_
    for crm in crms:
        crm.close()
