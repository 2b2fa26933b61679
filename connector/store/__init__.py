"""What a CRM does not keep: run history, journal, campaigns, reference values, snapshots, and the lock.

One database serves all connections, each of which sees only what is its own.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import Self

from sqlalchemy import Engine

from connector import config
from connector.errors import ConfigError
from connector.store.campaigns import Campaign, Campaigns
from connector.store.database import open_engine
from connector.store.jobs import Jobs
from connector.store.journal import Batch, Journal, RunJournal
from connector.store.lock import held, is_held
from connector.store.memory import Memory
from connector.store.mergers import Mergers
from connector.store.runs import COMPLETED, NightTakenError, Run, Runs, Status
from connector.store.versions import Version, Versions

__all__ = [
    "COMPLETED",
    "Batch",
    "Campaign",
    "Campaigns",
    "Jobs",
    "Journal",
    "Memory",
    "Mergers",
    "NightTakenError",
    "Run",
    "RunJournal",
    "Runs",
    "Status",
    "Store",
    "Version",
    "open_store",
]


SCRATCH = "tmp-"
SCRATCH_SECONDS = 24 * 3600


class Store:
    """The store of one connection; `open_store` makes it.

    Attributes:
        connection: whose it is.
        runs: run history.
        journal: before-values and results of every write.
        jobs: jobs of the CRM's own that have not ended.
        campaigns: campaigns and their members.
        mergers: accounts that were merged into others.
        memory: zones, reference values, snapshots.
        versions: mappings that were in force.
    """

    def __init__(self, engine: Engine, folder: Path, connection: str) -> None:
        self._engine = engine
        self._folder = folder / connection
        self.connection = connection
        self.runs = Runs(engine, connection)
        self.journal = Journal(engine, connection)
        self.jobs = Jobs(engine, connection)
        self.campaigns = Campaigns(engine, connection)
        self.mergers = Mergers(engine, connection)
        self.memory = Memory(engine, folder, connection)
        self.versions = Versions(engine, connection)

    @property
    def mirror(self) -> Path:
        """Where the copy of what was read lies; see `connector.mirror`."""
        return self._folder / "mirror"

    def lock(self) -> AbstractContextManager[Callable[[], None]]:
        """Hold this connection's lock; see `connector.store.lock.held`."""
        return held(self._engine, self.connection)

    def history_of_runs(self, limit: int | None = None) -> list[Run]:
        """All runs, the latest first; one that counts as running though nobody holds the lock has died."""
        found = self.runs.all(limit)
        if not any(run.status is Status.RUNNING for run in found) or is_held(self._engine, self.connection):
            return found
        return [
            replace(run, status=Status.INTERRUPTED) if run.status is Status.RUNNING else run for run in found
        ]

    def unsettled(self, run: int | None = None) -> int:
        """Accounts of the last run, or of the one before `run`, for which no answer of the CRM is on record."""
        last = next((one for one in self.history_of_runs(2) if run is None or one.id < run), None)
        return (
            self.journal.unsettled(last.id) if last is not None and last.status is not Status.RUNNING else 0
        )

    def scratch(self) -> Path:
        """A new empty folder for files of the moment; the caller removes it with `discard`.

        Folders older than a day are removed on the way: their process was killed, and they hold customers' data.

        Raises:
            ConfigError: the store's folder cannot be written.
        """
        try:
            return self._scratch()
        except OSError as error:
            raise ConfigError(
                f"store.folder: {self._folder} cannot be written: {error.strerror}. See that this user may write "
                "it and that its disk has room, or set another [store] folder.",
            ) from error

    def _scratch(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        for folder in self._folder.glob(f"{SCRATCH}*"):
            if folder.stat().st_mtime < time.time() - SCRATCH_SECONDS:
                self.discard(folder)
        return Path(mkdtemp(prefix=SCRATCH, dir=self._folder))

    def discard(self, folder: Path) -> None:
        """Remove a folder with all in it."""
        shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Release the database."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(settings: config.Store, connection: str) -> Store:
    """Open the store of a connection; what is missing is created.

    Raises:
        ConfigError: database or folder cannot be used.
    """
    try:
        settings.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"store.folder: {settings.folder} cannot be created: {error.strerror}. Correct [store] folder.",
        ) from error
    return Store(open_engine(settings.url), settings.folder, connection)
