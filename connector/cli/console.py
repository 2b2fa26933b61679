"""Where output goes: data to stdout, progress and logs to stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.theme import Theme

THEME = Theme(
    {
        "protect": "bold green4",
        "develop": "bold dark_orange3",
        "maintain": "bold dodger_blue2",
        "retreat": "bold grey50",
        "unrated": "grey62",
        "soft": "grey58",
        "good": "green4",
        "warning": "dark_orange3",
        "bad": "bold red3",
    },
)

STAGES = {
    "settle": "looking for jobs left open",
    "pull": "reading the CRM",
    "map": "measuring",
    "score": "scoring",
    "segment": "placing in zones",
    "campaign": "tagging campaigns",
    "word": "wording reasons",
    "diff": "comparing with the CRM",
    "remember": "keeping the result",
    "write": "writing to the CRM",
    "record": "recording the run",
}

out = Console(theme=THEME, highlight=False)
err = Console(theme=THEME, stderr=True, highlight=False)


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: ``1 account``, ``2,000 accounts``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def as_json(data: Any) -> None:  # noqa: ANN401 - whatever a report returns
    """Write data as JSON: sorted by the report, dates in ISO form."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
    sys.stdout.write(orjson.dumps(data, option=options).decode() + "\n")


def as_json_line(data: Any) -> None:  # noqa: ANN401 - whatever a report returns
    """Write one line of NDJSON."""
    sys.stdout.write(orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS).decode() + "\n")


class StageProgress:
    """Shows which stage runs and how far it is: bars on a terminal, the stages in one line elsewhere."""

    def __init__(self, progress: Progress | None, texts: Mapping[str, str] | None = None) -> None:
        self._progress = progress
        self._texts = {**STAGES, **(texts or {})}
        self._task: TaskID | None = None

    def stage(self, name: str) -> None:
        """A stage begins."""
        self._finish()
        text = self._texts.get(name, name)
        if self._progress is None:
            err.print(f"[soft]{text} ...[/]", end=" ", soft_wrap=True)
        else:
            self._task = self._progress.add_task(text, total=None)

    def advance(self, done: int, total: int) -> None:
        """So much of the stage is done."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=done, total=total)

    def _finish(self) -> None:
        if self._progress is not None and self._task is not None:
            task = self._progress.tasks[self._task]
            total = task.total if task.total is not None else 1
            self._progress.update(self._task, completed=total, total=total)


@contextmanager
def progress(texts: Mapping[str, str] | None = None) -> Iterator[StageProgress]:
    """A progress display on stderr for the time of a command; `texts` say what is special about some stages."""
    if not err.is_terminal:
        try:
            yield StageProgress(None, texts)
        finally:
            err.print()
        return
    bars = Progress(
        SpinnerColumn(finished_text="[good]✓[/]"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    )
    with bars:
        yield StageProgress(bars, texts)
