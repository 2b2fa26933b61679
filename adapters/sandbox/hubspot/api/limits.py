"""Rate limits: a rolling window of ten seconds, five searches a second, and a day's allowance."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from adapters.sandbox.hubspot.errors import rate_limited
from adapters.sandbox.hubspot.store.portal import TIME_ZONE
from adapters.sandbox.world import Quota

WINDOW_SECONDS: Final = 10.0
PER_WINDOW: Final = 190
SEARCHES_PER_SECOND: Final = 5


class Limits:
    """Counts calls; refuses them if told to."""

    def __init__(self, quota: Quota, now: Callable[[], datetime], *, enforced: bool) -> None:
        """`enforced` False: the short-term limits never run low; the day's allowance always holds."""
        self._quota = quota
        self._now = now
        self._day = self._today()
        self._enforced = enforced
        self._lock = threading.Lock()
        self._calls: deque[float] = deque()
        self._searches: deque[float] = deque()

    def take(self, *, search: bool) -> dict[str, str]:
        """Count one call; the headers that tell what is left. Searches tell nothing.

        Raises:
            ApiError: 429.
        """
        now = time.monotonic()
        with self._lock:
            calls, searches = self._trimmed(now)
            if self._enforced and search and len(searches) >= SEARCHES_PER_SECOND:
                raise rate_limited("SECONDLY")
            if self._enforced and len(calls) >= PER_WINDOW:
                raise rate_limited("TEN_SECONDLY_ROLLING", self._headers(len(calls)))
            if self._day != self._today():
                self._day, self._quota.used = self._today(), 0
            if not self._quota.take():
                raise rate_limited("DAILY", self._headers(len(calls)))
            calls.append(now)
            if search:
                searches.append(now)
                return {}
            return self._headers(len(calls))

    def _today(self) -> date:
        """The day's allowance is that of the portal's own day."""
        return self._now().astimezone(ZoneInfo(TIME_ZONE)).date()

    def _trimmed(self, now: float) -> tuple[deque[float], deque[float]]:
        while self._calls and self._calls[0] <= now - WINDOW_SECONDS:
            self._calls.popleft()
        while self._searches and self._searches[0] <= now - 1:
            self._searches.popleft()
        return self._calls, self._searches

    def _headers(self, used: int) -> dict[str, str]:
        used = used if self._enforced else min(used, PER_WINDOW // 2)
        return {
            "X-HubSpot-RateLimit-Daily": str(self._quota.limit),
            "X-HubSpot-RateLimit-Daily-Remaining": str(self._quota.remaining),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(WINDOW_SECONDS * 1_000)),
            "X-HubSpot-RateLimit-Max": str(PER_WINDOW),
            "X-HubSpot-RateLimit-Remaining": str(max(0, PER_WINDOW - used)),
        }
