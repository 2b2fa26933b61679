"""A generated portfolio in a file, so that the next sandbox starts by copying instead of generating.

The file is the sandbox's own database as it was before the first request. It serves a sandbox that was asked to be the
same, on the same date, with the same code; for any other it is made anew.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from adapters.sandbox.database import Database
    from adapters.sandbox.world import Options

_TABLE = "sandbox_data"


class DataFile:
    """One file that may hold what a sandbox with these options starts from."""

    def __init__(self, path: Path, options: Options) -> None:
        """Nothing is read yet."""
        self._path = path
        self._fingerprint = _fingerprint(options)

    def today(self) -> date | None:
        """The date of the data; None if the file is missing, or was made for another sandbox."""
        if not self._path.is_file():
            return None
        try:
            # Immutable: nothing is left beside the file, and any name is understood.
            address = f"{self._path.resolve().as_uri()}?immutable=1"
            with closing(sqlite3.connect(address, uri=True)) as connection:
                row = connection.execute(f"SELECT fingerprint, today FROM {_TABLE}").fetchone()
        except sqlite3.Error:
            return None
        return date.fromisoformat(row[1]) if row and row[0] == self._fingerprint else None

    def read_into(self, database: Database) -> None:
        """Make the database what the file holds."""
        database.replace(self._path)

    def write_from(self, database: Database, today: date) -> None:
        """Keep the database as it is now. Whoever writes the same file at the same time does no harm."""
        database.execute(f"CREATE TABLE {_TABLE} (fingerprint TEXT, today TEXT)")
        database.insert(_TABLE, ["fingerprint", "today"], [[self._fingerprint, today.isoformat()]])
        database.flush()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            shutil.copyfile(database.path, temporary)
            temporary.replace(self._path)
        finally:
            temporary.unlink(missing_ok=True)


def _fingerprint(options: Options) -> str:
    """Of everything on which the data depend but the date: the options, and the code that makes the data."""
    shape = {name: value for name, value in asdict(options).items() if name != "rate_limits"}
    digest = hashlib.sha256(orjson.dumps(shape, option=orjson.OPT_SORT_KEYS))
    folder = Path(__file__).parent
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
