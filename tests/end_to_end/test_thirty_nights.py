"""Thirty nights in one fiscal quarter in which nothing but the date moves."""

from __future__ import annotations

from collections.abc import Callable
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


def shares(crm: Crm, folder: Path, accounts: int, nights: list[int], seed: int) -> list[tuple[float, float]]:
    """Share of the accounts read, and of the portfolio, that is written in each of the nights."""
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
                counts = done.run.counts
                found.append(
                    (done.written.written / counts["accounts"], done.written.written / counts["portfolio"])
                )
        opened.close()
    return found[1:]


def report(crm: Crm, written: list[tuple[float, float]]) -> str:
    accounts, portfolio = ([pair[which] for pair in written] for which in (0, 1))
    return (
        f"{crm}, {len(written)} nights: written per night, of the accounts read: largest {max(accounts):.2%}, mean "
        f"{sum(accounts) / len(accounts):.2%}; of the portfolio: largest {max(portfolio):.2%}, mean "
        f"{sum(portfolio) / len(portfolio):.2%}"
    )


@pytest.mark.timeout(280)
def test_the_first_nights_are_quiet(
    crm: Crm, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    written = shares(crm, tmp_path, ACCOUNTS["sampled"], [1, 2, 3, 4], seed=5)
    record_property("figures", report(crm, written))
    assert max(share for share, _ in written) <= 0.02


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_thirty_nights_are_quiet(
    crm: Crm, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    written = shares(crm, tmp_path, ACCOUNTS["all"], list(range(1, 31)), seed=17)
    record_property("figures", report(crm, written))
    assert max(share for share, _ in written) <= 0.02
