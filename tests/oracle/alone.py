"""Computes a portfolio in a process of its own: ``python -m tests.oracle.alone JOB RESULT``, both pickled.

How many threads Polars has is settled when it is loaded, hence the process.
"""

from __future__ import annotations

import pickle
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from connector.crm import Currencies, FieldType
from connector.mapping import Mapping
from connector.overrides import OverrideFile
from connector.reference import References
from connector.stages.map import map_accounts
from connector.stages.score import score
from connector.stages.segment import segment
from connector.tables import History, Source
from tests.oracle.compared import AS_OF


@dataclass(frozen=True)
class Job:
    """What is to be computed.

    Attributes:
        paths: object -> the Parquet files that its pages were written to.
        schemas: object -> types of its fields.
    """

    mapping: Mapping
    currencies: Currencies
    paths: dict[str, list[Path]]
    schemas: dict[str, dict[str, FieldType]]


def computed(job: Job) -> dict[str, dict[str, Any]]:
    """Every account after `segment`; what is learnt from the portfolio is learnt here."""
    sources: dict[Any, Source] = {
        name: Source(nw.from_native(pl.scan_parquet(paths)), job.schemas[name], 0)
        for name, paths in job.paths.items()
    }
    references = References("2026Q4")
    history = History()
    mapped = map_accounts(sources, job.mapping, AS_OF, job.currencies, history, references, OverrideFile())
    zoned = segment(score(mapped.accounts, job.mapping, references), job.mapping, AS_OF, history, references)
    return {row["id"]: row for row in zoned.collect().to_arrow().to_pylist()}


if __name__ == "__main__":
    given, result = map(Path, sys.argv[1:])
    result.write_bytes(pickle.dumps((pl.thread_pool_size(), computed(pickle.loads(given.read_bytes())))))  # noqa: S301
