"""What was asked of the sandbox: counts by method and path, and which calls write."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import Any

_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request as the log keeps it.

    Attributes:
        crm: whose API.
        method: HTTP method.
        path: as asked.
        template: the path with ids replaced by their parameter's name, such as ``/query/{locator}``.
        status: of the answer; 0 if the connection was dropped instead.
        writes: whether the call is one that changes records or settings.
        seconds: time to answer.
        phase: what it was for, see `phases`.
        headers: those of the request that change what it does: ``sforce-...``, ``accept-encoding``.
    """

    crm: str
    method: str
    path: str
    template: str
    status: int
    writes: bool
    seconds: float
    phase: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


class RequestLog:
    """Counts every request; keeps the latest 20,000 for reading."""

    def __init__(self) -> None:
        """Start empty."""
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, bool]] = Counter()
        self._latest: deque[LoggedRequest] = deque(maxlen=_KEPT)

    def add(self, request: LoggedRequest) -> None:
        """Count one request."""
        with self._lock:
            self._counts[request.method, request.template, request.writes] += 1
            self._latest.append(request)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._counts.clear()
            self._latest.clear()

    @property
    def total(self) -> int:
        """Number of requests."""
        with self._lock:
            return self._counts.total()

    @property
    def writes(self) -> int:
        """Number of requests that write."""
        with self._lock:
            return sum(count for (_, _, writes), count in self._counts.items() if writes)

    def list(self) -> list[LoggedRequest]:
        """The latest requests, oldest first."""
        with self._lock:
            return list(self._latest)

    def summary(self, *, listing: bool = False) -> dict[str, Any]:
        """Counts as the control endpoint gives them: ``total``, ``writes`` and ``counts``."""
        with self._lock:
            counts = [
                {"method": method, "path": path, "writes": writes, "count": count}
                for (method, path, writes), count in sorted(self._counts.items())
            ]
        answer: dict[str, Any] = {"total": self.total, "writes": self.writes, "counts": counts}
        if listing:
            answer["requests"] = [asdict(request) for request in self.list()]
        return answer
