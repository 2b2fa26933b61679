"""Thirty nights in one fiscal quarter in which nothing but the date moves."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from adapters import open_crm
from adapters.sandbox import Sandbox
from connector import config
from connector.mapping import load
from connector.store import open_store
from connector.sync import sync
from tests.end_to_end.conftest import Crm, place

START = date(2026, 10, 2)
ACCOUNTS = {"sampled": 400, "all": 2_000}


def shares(crm: Crm, folder: Path, accounts: int, nights: list[int], seed: int) -> list[float]:
    """Share of the portfolio that is written in each of the nights."""
    with Sandbox((crm,), accounts=accounts, seed=seed, today=START) as sandbox:
        here = place(crm, folder, sandbox)
        here.kpm("provision", "--yes")
        settings = config.load(folder / "config.toml", here.environment())
        connection = settings.connections["acme"]
        mapping = load(connection.mapping)
        found = []
        opened = open_crm(connection, time_zone="Europe/Vienna")
        with open_store(settings.store, "acme") as store:
            for night in [0, *nights]:
                done = sync(opened, store, mapping, START + timedelta(days=night), settings.sync)
                found.append(done.written.written / max(1, done.run.counts["portfolio"]))
        opened.close()
    return found[1:]


@pytest.mark.timeout(280)
def test_the_first_nights_are_quiet(crm: Crm, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = shares(crm, tmp_path, ACCOUNTS["sampled"], [1, 2, 3, 4], seed=5)
    with capsys.disabled():
        print(f"\n{crm}: written per night {[f'{share:.2%}' for share in written]}")
    assert max(written) <= 0.02


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_thirty_nights_are_quiet(crm: Crm, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = shares(crm, tmp_path, ACCOUNTS["all"], list(range(1, 31)), seed=17)
    with capsys.disabled():
        print(f"\n{crm}: written per night, largest {max(written):.2%}, mean {sum(written) / 30:.2%}")
        print([f"{share:.2%}" for share in written])
    assert max(written) <= 0.02
