"""Order of rows, size of pages, number of threads and the day of the computer change no result."""

from __future__ import annotations

import ast
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.oracle.alone import Job, computed
from tests.oracle.compared import Portfolio

ROOT = Path(__file__).parents[2]
COMPUTES = (
    "measures",
    "scales",
    "stages",
    "tables.py",
    "windows.py",
    "currency.py",
    "reference.py",
    "focus.py",
)
"""What turns records into results: it is told the day, and must not ask."""


@pytest.fixture(scope="module")
def job(portfolio: Portfolio, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """As pulled, one file per object."""
    return written(portfolio, tmp_path_factory.mktemp("whole"), lambda frame: iter([frame]))


@pytest.fixture(scope="module")
def expected(job: Job) -> dict[str, dict[str, Any]]:
    found = computed(job)
    zones = [row["zone"] for row in found.values() if row["member"]]
    assert len(set(zones)) == 5
    assert {row["wallet_source"] for row in found.values()} >= {"field", "activity", "model", "peer_p80"}
    return found


def written(portfolio: Portfolio, folder: Path, split: Any) -> Job:
    paths: dict[str, list[Path]] = {}
    for name, source in portfolio.read.sources.items():
        native: pl.DataFrame = source.frame.collect().to_native()
        paths[name] = []
        for number, page in enumerate(split(native)):
            path = folder / f"{name}-{number}.parquet"
            page.write_parquet(path)
            paths[name].append(path)
    schemas = {name: source.schema for name, source in portfolio.read.sources.items()}
    return Job(portfolio.mapping, portfolio.read.currencies, dict(paths), dict(schemas))


def torn(seed: int, largest: int) -> Any:
    """Rows in another order, on pages of other sizes, some of them empty."""
    chosen = random.Random(seed)

    def split(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
        left = frame.sample(fraction=1.0, shuffle=True, seed=chosen.randrange(2**31))
        yield left.head(0)
        while len(left):
            size = chosen.randrange(largest + 1)
            yield left.head(size)
            left = left.slice(size)

    return split


@pytest.mark.parametrize(("seed", "largest"), [(1, 400), (2, 97)])
def test_rows_and_pages(
    portfolio: Portfolio, expected: dict[str, dict[str, Any]], tmp_path: Path, seed: int, largest: int
) -> None:
    assert computed(written(portfolio, tmp_path, torn(seed, largest))) == expected


@pytest.mark.parametrize("threads", [1, 5])
def test_threads(job: Job, expected: dict[str, dict[str, Any]], tmp_path: Path, threads: int) -> None:
    given, result = tmp_path / "job", tmp_path / "result"
    given.write_bytes(pickle.dumps(job))
    command = [sys.executable, "-m", "tests.oracle.alone", str(given), str(result)]
    env = {**os.environ, "POLARS_MAX_THREADS": str(threads), "TZ": "Pacific/Kiritimati"}
    subprocess.run(command, cwd=ROOT, env=env, check=True, timeout=300)
    had, found = pickle.loads(result.read_bytes())  # noqa: S301 - our own
    assert had == threads
    assert found == expected


def test_nothing_that_computes_looks_at_the_clock() -> None:
    """A run for a day that is over gives what it gave on that day, since the day comes in from outside alone."""
    files = [
        path
        for name in COMPUTES
        for path in [ROOT / "connector" / name]
        for path in (sorted(path.rglob("*.py")) if path.is_dir() else [path])
    ]
    assert len(files) > 40
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("now", "today", "utcnow", "monotonic"), (path, node.lineno)
            if isinstance(node, ast.Import):
                assert "time" not in {each.name for each in node.names}, (path, node.lineno)
