"""The pace of calls to a CRM: one for all threads of a connection, learnt from what the CRM says is left.

A CRM grants so many calls in so many seconds and tells, in the headers of its answers, how many are left of
them. While plenty are left, nobody waits. When they run low, calls are spread over the interval, all threads
together; a refusal with ``Retry-After`` holds everybody, not only the thread that met it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

_EASY_SHARE = 0.1
"""While more than this share of the allowance is left, calls need no care."""


@dataclass(slots=True)
class _Lane:
    """Calls with an allowance of their own.

    Attributes:
        gap: seconds between two calls.
        following: the moment from which the next call may start.
        most: calls that may start within `seconds`, None without a fixed limit.
        seconds: see `most`.
        started: moments of the latest calls, as many as `most`.
    """

    gap: float = 0.0
    following: float = 0.0
    most: int | None = None
    seconds: float = 0.0
    started: deque[float] = field(default_factory=deque)


class Pace:
    """Says when a call may start. Safe to share between threads.

    Args:
        sleep: waits so many seconds.
        clock: seconds that never run backwards.
    """

    def __init__(
        self, sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sleep = sleep
        self._clock = clock
        self._lock = threading.Lock()
        self._lanes: dict[str, _Lane] = {}
        self._held = 0.0

    def fix(self, lane: str, most: int, seconds: float) -> None:
        """A limit that the CRM documents and no header tells: so many calls in so many seconds."""
        with self._lock:
            own = self._lane(lane)
            own.most, own.seconds = most, seconds

    def learn(self, allowed: float, left: float, seconds: float, lane: str = "") -> None:
        """Note what an answer says.

        Args:
            allowed: calls that the CRM grants in an interval.
            left: of them.
            seconds: length of the interval, which rolls.
            lane: which calls share the allowance.
        """
        easy = allowed * _EASY_SHARE
        with self._lock:
            # At the allowed rate what is left stays the same; below it, what others have used comes back.
            scarce = allowed > 0 and left < easy
            self._lane(lane).gap = seconds / allowed * (2.0 - max(0.0, left) / easy) if scarce else 0.0

    def hold(self, seconds: float) -> None:
        """Let no call start for so long: the CRM asked for a pause."""
        with self._lock:
            self._held = max(self._held, self._clock() + seconds)

    def keep(self, lane: str = "") -> None:
        """Wait until the next call may start."""
        with self._lock:
            now = self._clock()
            start = self._start(self._lane(lane), now)
        if start > now:
            self._sleep(start - now)

    def _start(self, lane: _Lane, now: float) -> float:
        """Take the next free moment."""
        start = max(now, self._held, lane.following)
        if lane.most is not None and len(lane.started) >= lane.most:
            start = max(start, lane.started[0] + lane.seconds)
        lane.following = start + lane.gap
        if lane.most is not None:
            lane.started.append(start)
            while len(lane.started) > lane.most:
                lane.started.popleft()
        return start

    def _lane(self, name: str) -> _Lane:
        return self._lanes.setdefault(name, _Lane())
