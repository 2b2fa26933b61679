"""Threads that work off exports and imports, whether or not somebody polls."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable

from adapters.sandbox.hubspot.behaviour import Behaviour

_TICK_SECONDS = 0.02


class StoppedError(Exception):
    """The job ends here: it was cancelled, or the sandbox stops."""


class Workers:
    """A pool of threads; jobs beyond its size wait their turn."""

    def __init__(self, name: str, at_once: int, behaviour: Behaviour) -> None:
        """Work off `at_once` jobs side by side, as slowly as `behaviour` asks."""
        self._behaviour = behaviour
        self._stopping = threading.Event()
        self._waiting: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        # Daemons: a process that ends without closing the sandbox does not wait for its jobs.
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True)
            for number in range(at_once)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, work: Callable[[], None]) -> None:
        """Run `work` when a thread is free. `StoppedError` ends it quietly."""
        self._waiting.put(work)

    def _run(self) -> None:
        while (work := self._waiting.get()) is not None and not self._stopping.is_set():
            try:
                work()
            except StoppedError:
                continue
            except Exception:  # noqa: BLE001 (told like any thread's end, but the next job still has its thread)
                told = threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread()))
                threading.excepthook(told)

    def begin(self, ended: Callable[[], bool]) -> float:
        """Wait until jobs may begin; the moment by which this one may end.

        Raises:
            StoppedError: `ended` says so, or the sandbox stops.
        """
        while self._behaviour.jobs_held:
            self.pause(ended)
        return time.monotonic() + self._behaviour.job_seconds

    def until(self, moment: float, ended: Callable[[], bool]) -> None:
        """Wait for a moment of the monotonic clock.

        Raises:
            StoppedError: `ended` says so, or the sandbox stops.
        """
        while time.monotonic() < moment:
            self.pause(ended)
        self.check(ended)

    def pause(self, ended: Callable[[], bool]) -> None:
        """Wait a little.

        Raises:
            StoppedError: `ended` says so, or the sandbox stops.
        """
        self._stopping.wait(_TICK_SECONDS)
        self.check(ended)

    def check(self, ended: Callable[[], bool]) -> None:
        """Go on, unless `ended` says so or the sandbox stops.

        Raises:
            StoppedError: it does not go on.
        """
        if self._stopping.is_set() or ended():
            raise StoppedError

    def close(self) -> None:
        """Stop; waits for the jobs to notice."""
        self._stopping.set()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join(timeout=10)
