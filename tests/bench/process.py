"""Every measurement runs in a process of its own, so that one's memory and caches are not another's."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss


class MeasurementError(Exception):
    """A measurement did not come to its end; the message is what its process said."""


def measured(module: str, environment: Mapping[str, str] | None = None, **arguments: Any) -> dict[str, Any]:
    """Run ``tests.bench.<module>`` with arguments and return the object that it prints.

    The caller's own process must stay small: Linux counts the memory of the process that starts another one into
    that one's peak.

    Raises:
        MeasurementError: it failed.
    """
    command = [sys.executable, "-m", f"tests.bench.{module}", json.dumps(arguments, default=str)]
    surroundings = {**os.environ, **(environment or {})}
    done = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MeasurementError(f"{module} ended with exit code {done.returncode}\n{done.stderr.strip()}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def arguments() -> dict[str, Any]:
    """What `measured` was called with, on the other side."""
    found: dict[str, Any] = json.loads(sys.argv[1])
    return found


def answer(**found: Any) -> None:
    """What `measured` returns."""
    print(json.dumps(found, default=str))


def peak() -> int:
    """The most memory that this process has held so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT


class Meter:
    """Notes time and memory whenever a stage begins; can be given to a sync as its progress."""

    def __init__(self) -> None:
        self._marks: list[tuple[str, float, float, int]] = []
        self.stage("start")

    def stage(self, name: str) -> None:
        """A stage begins."""
        self._marks.append((name, time.perf_counter(), time.process_time(), peak()))

    def advance(self, done: int, total: int) -> None:
        """So much of the stage is done: nothing that is measured."""

    def stages(self) -> list[dict[str, Any]]:
        """Of each stage so far: its name, seconds, CPU seconds of all threads, and the peak of memory by its end."""
        self.stage("end")
        pairs = zip(self._marks, self._marks[1:], strict=False)
        found = [
            {"stage": name, "seconds": ended - began, "cpu": cpu_after - cpu, "peak": most}
            for (name, began, cpu, _), (_, ended, cpu_after, most) in pairs
        ]
        self._marks.pop()
        return found
