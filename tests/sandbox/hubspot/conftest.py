"""A sandbox that speaks HubSpot only, and a plain HTTP client for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import requests

from adapters.sandbox import Sandbox

NIGHTLY = "sandbox-token"
TODAY = date(2026, 11, 24)


class Api:
    """Raw requests with a bearer token."""

    def __init__(self, sandbox: Sandbox, token: str = NIGHTLY) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def as_token(self, token: str) -> Api:
        return Api(self.sandbox, token)

    def get(self, path: str, **parameters: Any) -> requests.Response:
        return self.session.get(self.sandbox.url + path, params=parameters, timeout=30)

    def post(self, path: str, body: object) -> requests.Response:
        return self.session.post(self.sandbox.url + path, json=body, timeout=30)

    def patch(self, path: str, body: object) -> requests.Response:
        return self.session.patch(self.sandbox.url + path, json=body, timeout=30)

    def put(self, path: str) -> requests.Response:
        return self.session.put(self.sandbox.url + path, timeout=30)

    def delete(self, path: str) -> requests.Response:
        return self.session.delete(self.sandbox.url + path, timeout=30)

    def all(self, name: str, limit: int = 100, **parameters: Any) -> list[dict[str, Any]]:
        """Every record of an object, page by page."""
        records: list[dict[str, Any]] = []
        after = None
        while True:
            more = {} if after is None else {"after": after}
            page = self.get(f"/crm/v3/objects/{name}", limit=limit, **more, **parameters).json()
            records += page["results"]
            after = page.get("paging", {}).get("next", {}).get("after")
            if after is None:
                return records

    def update(
        self, ids: list[str], properties: dict[str, Any], name: str = "companies"
    ) -> requests.Response:
        inputs = [{"id": each, "properties": properties} for each in ids]
        return self.post(f"/crm/v3/objects/{name}/batch/update", {"inputs": inputs})


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    """One sandbox for tests that change nothing."""
    with Sandbox(crms=("hubspot",), accounts=300, seed=3, today=TODAY) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A small sandbox of one's own."""
    with Sandbox(crms=("hubspot",), accounts=60, seed=3, today=TODAY) as own:
        yield own


@pytest.fixture
def reader(shared: Sandbox) -> Api:
    return Api(shared)


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    return Api(sandbox)


@pytest.fixture
def admin(sandbox: Sandbox) -> Api:
    return Api(sandbox, "sandbox-admin-token")
