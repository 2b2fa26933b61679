"""Work on files, run by `tests.bench` in a process of its own: generate them, scan them, rate them for a night."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from tests.bench.process import Meter, answer, arguments

MAPPING = Path(__file__).parents[2] / "mappings" / "salesforce.toml"


def generate(folder: Path, accounts: int, as_of: date) -> None:
    """Write the portfolio of the first night."""
    from tests.bench import files  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    pulled = files.portfolio(folder, accounts, as_of, _mapping().write.targets)
    paths = [path for each in pulled.values() for path in each.paths]
    answer(
        rows={name: each.rows for name, each in pulled.items()},
        bytes=sum(path.stat().st_size for path in paths),
    )


def scan(folder: Path) -> None:
    """Read every column of every file once and drop it."""
    import polars as pl  # noqa: PLC0415

    meter = Meter()
    meter.stage("scan")
    for path in sorted(folder.glob("*.parquet")):
        pl.read_parquet(path)
    answer(stages=meter.stages())


def night(folder: Path, store: Path, as_of: date, only: list[str] | None) -> None:
    """A whole sync but for the CRM, from files; the run and its zones stay in the store.

    Args:
        folder: with the files.
        store: folder of the store.
        as_of: the day.
        only: the objects that the CRM has; None: all.
    """
    meter = Meter()
    from connector.config import Store as StoreSettings  # noqa: PLC0415 - loading is measured, too
    from connector.config import SyncLimits  # noqa: PLC0415
    from connector.store import open_store  # noqa: PLC0415
    from connector.sync import sync  # noqa: PLC0415
    from tests.bench.disk import DiskCrm  # noqa: PLC0415
    from tests.bench.files import pulled  # noqa: PLC0415

    settings = StoreSettings(url=f"sqlite:///{store}/kpm.db", folder=store / "kpm-data")
    limits = SyncLimits(max_moved_share=1, max_cleared_share=1, max_shrink_share=1)
    mapping = _mapping()
    records = pulled(folder, mapping.write.targets)
    crm: Any = DiskCrm({name: each for name, each in records.items() if only is None or name in only})
    with open_store(settings, "acme") as opened:
        outcome = sync(crm, opened, mapping, as_of, limits, progress=meter)
    answer(
        stages=meter.stages(),
        rows=outcome.preview.rows,
        portfolio=outcome.run.counts["portfolio"],
        changes=outcome.preview.changes,
        snapshot=outcome.snapshot,
    )


def morrow(folder: Path, to: Path, snapshot: Path) -> None:
    """The accounts as the first night has left them: they hold what it wrote."""
    from tests.bench import files  # noqa: PLC0415

    files.take_over(folder, to, snapshot, _mapping().write.targets)
    answer()


def _mapping() -> Any:
    from connector.mapping import read  # noqa: PLC0415

    return read(MAPPING, "salesforce")[0]


def _run(task: str, given: dict[str, Any]) -> None:
    folder = Path(given["folder"])
    if task == "generate":
        generate(folder, given["accounts"], date.fromisoformat(given["as_of"]))
    elif task == "scan":
        scan(folder)
    elif task == "morrow":
        morrow(folder, Path(given["to"]), Path(given["snapshot"]))
    else:
        night(folder, Path(given["store"]), date.fromisoformat(given["as_of"]), given["only"])


if __name__ == "__main__":
    given = arguments()
    _run(given.pop("task"), given)
