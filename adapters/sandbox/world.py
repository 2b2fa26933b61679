"""What both CRM sides share: database, faults, request log, quota, clock and options."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from adapters.sandbox.database import Database
from adapters.sandbox.faults import Faults
from adapters.sandbox.request_log import RequestLog


@dataclass(frozen=True, slots=True)
class Options:
    """How a sandbox was asked to be.

    Attributes:
        crms: the sides to open, "salesforce" and "hubspot".
        accounts: how many accounts the portfolio has.
        seed: of the portfolio.
        ratings: True: the rating and wallet fields exist and are partly filled; False: day one, they do not exist.
        rate_limits: answer 429 (or the vendor's like) when a client is faster than the vendor allows.
        multi_currency: the CRM keeps several currencies with rates.
    """

    crms: tuple[str, ...] = ("salesforce", "hubspot")
    accounts: int = 300
    seed: int = 1
    ratings: bool = True
    rate_limits: bool = False
    multi_currency: bool = True


class Quota:
    """A daily allowance of API calls."""

    def __init__(self, limit: int, used: int = 0) -> None:
        """Start with `used` calls of `limit`."""
        self.limit = limit
        self.used = used
        self._lock = threading.Lock()

    @property
    def remaining(self) -> int:
        """Calls that are left."""
        return max(0, self.limit - self.used)

    def take(self) -> bool:
        """Count one call; False, without counting, if none is left."""
        with self._lock:
            if self.used >= self.limit:
                return False
            self.used += 1
            return True


class World:
    """The state of one sandbox.

    Attributes:
        database: see `Database`.
        folder: for files that a side needs to keep (uploads, downloads).
        faults: see `Faults`.
        requests: see `RequestLog`.
        options: see `Options`.
        quota: daily allowance of API calls by CRM; a side counts its own calls.
    """

    def __init__(self, folder: Path, options: Options, today: date | None = None) -> None:
        """Create the database in `folder`, whose clock shows `today` (the real date by default)."""
        self.folder = folder
        self.options = options
        self.database = Database(folder / "sandbox.sqlite")
        self.faults = Faults()
        self.requests = RequestLog()
        self.quota = {"salesforce": Quota(100_000), "hubspot": Quota(650_000)}
        self._shift = timedelta(0)
        if today is not None:
            self.today = today

    def now(self) -> datetime:
        """The sandbox's time, UTC: the real time of day on the sandbox's date."""
        return datetime.now(UTC) + self._shift

    @property
    def today(self) -> date:
        """The sandbox's date, UTC."""
        return self.now().date()

    @today.setter
    def today(self, today: date) -> None:
        self._shift = today - datetime.now(UTC).date()
