"""What a request is for: the phases of a connector's work, by which faults can be aimed.

Each CRM side tells the phase of its own paths; a path that belongs to none has none.

- ``login``        getting, renewing or inspecting a token
- ``describe``     which objects, fields, record types and settings there are
- ``read_page``    a page of records, a batch read, or the data file of an asynchronous export
- ``job_open``     an asynchronous job is asked for
- ``job_poll``     how far it is
- ``upload``       its data are sent
- ``job_close``    its data are declared complete, or it is aborted or deleted
- ``write_batch``  records are written in the same call; for row faults also the rows of a job
- ``results``      what became of the rows of a job
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, get_args

Phase = Literal[
    "login",
    "describe",
    "read_page",
    "job_open",
    "job_poll",
    "upload",
    "job_close",
    "write_batch",
    "results",
]
PHASES: tuple[Phase, ...] = get_args(Phase)


class PhaseTable:
    """Phases by method and path: the first line that fits counts."""

    def __init__(self, lines: Iterable[tuple[Phase, str, str]]) -> None:
        """Each line: the phase, the methods ("GET POST", or "*"), and a pattern that the whole path matches."""
        self._lines = [
            (phase, None if methods == "*" else frozenset(methods.split()), re.compile(pattern))
            for phase, methods, pattern in lines
        ]

    def phase(self, method: str, path: str) -> Phase | None:
        """The phase of a request; None if it belongs to none."""
        return next(
            (
                phase
                for phase, methods, pattern in self._lines
                if (methods is None or method in methods) and pattern.fullmatch(path)
            ),
            None,
        )
