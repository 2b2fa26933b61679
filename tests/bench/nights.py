"""Nights from files on disk: all records beside opportunities alone, and how the cost grows with the portfolio."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.bench import printed
from tests.bench.process import measured

ALONE = ("accounts", "opportunities")
"""What is read where a CRM has nothing else: the other criteria have no data then."""
SMALLER = (100, 10)
"""Parts of the portfolio for which the growth is measured, beside the whole."""


def measure(folder: Path, accounts: int, as_of: date) -> None:
    """Two nights of the whole portfolio, two of its opportunities alone, and two of smaller ones; all printed."""
    growth = []
    for part in SMALLER:
        files, _ = _generated(folder, accounts // part, as_of)
        growth.append((accounts // part, _two(folder, files, as_of)))
        shutil.rmtree(files)
    files, made = _generated(folder, accounts, as_of)
    measured(
        "one_night", task="scan", folder=files
    )  # a first one, so that the files are in the system's cache
    scan = measured("one_night", task="scan", folder=files)
    alone = _two(folder, files, as_of, only=ALONE)
    whole = _two(folder, files, as_of)
    printed.nights(made, scan, whole, alone)
    printed.growth([*growth, (accounts, whole)])


def _generated(folder: Path, accounts: int, as_of: date) -> tuple[Path, dict[str, Any]]:
    files = folder / f"records-{accounts}"
    printed.note(f"files: {accounts:,} accounts and {5 * accounts:,} opportunities are written ...")
    return files, measured("one_night", task="generate", folder=files, accounts=accounts, as_of=as_of)


def _two(folder: Path, files: Path, as_of: date, only: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Rate the files, then again a day later, when the CRM holds what the first night has written."""
    store, held = folder / "store", folder / "records-held"
    for place in (store, held):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
    first = measured("one_night", task="night", folder=files, store=store, as_of=as_of, only=only)
    measured("one_night", task="morrow", folder=files, to=held, snapshot=first["snapshot"])
    later = as_of + timedelta(days=1)
    return [first, measured("one_night", task="night", folder=held, store=store, as_of=later, only=only)]
