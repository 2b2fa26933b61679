"""Where a run is: shown to whoever waits, and the places at which it can be stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ParamSpec, Protocol, TypeVar

from connector.errors import ConnectorError, ExitCode

P = ParamSpec("P")
T = TypeVar("T")


class Progress(Protocol):
    """Shown to whoever waits."""

    def stage(self, name: str) -> None:
        """A stage begins."""
        ...

    def advance(self, done: int, total: int) -> None:
        """So much of the stage is done."""
        ...


class Silent:
    """Progress that nobody watches."""

    def stage(self, name: str) -> None:
        """A stage begins."""

    def advance(self, done: int, total: int) -> None:
        """So much of the stage is done."""


class StoppedError(ConnectorError):
    """A stop was asked for before anything was written."""

    exit_code = ExitCode.PARTIAL


@dataclass(slots=True)
class Line:
    """Runs the stages in order and remembers where the run is; until it writes, it can be stopped anywhere."""

    progress: Progress
    stop: Callable[[], bool]
    stage: str = "settle"
    counts: dict[str, int] = field(default_factory=dict)

    def __call__(self, stage: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do a stage's work, unless a stop was asked for before anything is written."""
        self._check(stage)
        self.stage = stage
        self.progress.stage(stage)
        return work(*args, **kwargs)

    def advance(self, done: int, total: int) -> None:
        """Pass progress on."""
        self._check(self.stage)
        self.progress.advance(done, total)

    def _check(self, stage: str) -> None:
        if stage not in ("write", "record") and self.stop():
            raise StoppedError("Stopped before anything was written, as asked.")
