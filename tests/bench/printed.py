"""The figures for people."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

MB = 1_000_000
POLL = re.compile(r"/jobs/(query|ingest)/\{\w+\}$|/exports?/.*(/status|/\{\w+\})$|/imports/[^/]*\{\w+\}$")
"""A question whether a bulk job is done: how many it takes is the CRM's affair."""
RATED = ("map", "score", "segment", "campaign", "word", "diff")

out = Console(width=110, highlight=False)
Found = dict[str, Any]


def note(text: str) -> None:
    """What goes on, beside the figures."""
    print(text, file=sys.stderr, flush=True)


def syncs(crm: str, found: Sequence[Found]) -> None:
    """A first and a second sync of one CRM side by side."""
    rows = found[0]["rows"]
    records = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in rows.items())
    out.print(f"\n[bold]{crm} through the sandbox[/]: {records}; {found[0]['portfolio']:,} in the portfolio")
    grid = _grid("", "first sync", "second sync")
    _line(grid, "seconds", (f"{_sum(run, 'seconds'):.1f}" for run in found))
    _line(grid, "CPU seconds of this side", (f"{_sum(run, 'cpu'):.1f}" for run in found))
    _line(grid, "peak memory, MB", (f"{run['stages'][-1]['peak'] / MB:,.0f}" for run in found))
    _line(grid, "accounts per second", (f"{rows['accounts'] / _sum(run, 'seconds'):,.0f}" for run in found))
    _line(grid, "accounts written", (f"{run['written']:,}" for run in found))
    _line(grid, "accounts that the CRM did not take", (f"{run['unwritten']:,}" for run in found))
    grid.add_section()
    made = [sum(each["count"] for each in run["calls"]) for run in found]
    writes = [sum(each["count"] for each in run["calls"] if each["writes"]) for run in found]
    polls = [sum(each["count"] for each in run["calls"] if _is_poll(each)) for run in found]
    _line(grid, "CRM calls, as the server counted them", (f"{count:,}" for count in made))
    _line(grid, "  of these writes", (f"{count:,}" for count in writes))
    _line(grid, "  of these polls of bulk jobs", (f"{count:,}" for count in polls))
    _line(grid, "fewest possible", (f"{run['minimum']:,}" for run in found))
    pairs = zip(found, made, polls, strict=True)
    _line(
        grid,
        "calls without polls : fewest possible",
        (f"{(n - m) / run['minimum']:.2f}" for run, n, m in pairs),
    )
    out.print(grid)
    stages = _grid("stage", "first: seconds", "CPU", "second: seconds", "CPU")
    for first, second in zip(found[0]["stages"], found[1]["stages"], strict=True):
        figures = (each[unit] for each in (first, second) for unit in ("seconds", "cpu"))
        _line(stages, first["stage"], (f"{figure:.2f}" for figure in figures))
    out.print(stages)
    calls = _grid("calls by endpoint", "first sync", "second sync")
    counts = [{f"{each['method']} {each['path']}": each["count"] for each in run["calls"]} for run in found]
    for name in sorted({*counts[0], *counts[1]}):
        _line(calls, name, (f"{count.get(name, 0):,}" for count in counts))
    out.print(calls)


def beside_plain(crm: str, ours: Found, plain: Found) -> None:
    """Reading by the adapter and by the plain client library side by side."""
    rows = ", ".join(f"{count:,} {name}" for name, count in ours["rows"].items())
    out.print(f"\n[bold]{crm}: the same records read with the client library's own loop[/]: {rows}")
    grid = _grid("", "kpm", "plain client", "plain : kpm")
    both = (ours, plain)
    figures = {
        "seconds": [_sum(run, "seconds") for run in both],
        "CPU seconds of this side": [_sum(run, "cpu") for run in both],
        "peak memory, MB": [run["stages"][-1]["peak"] / MB for run in both],
        "CRM calls": [float(sum(each["count"] for each in run["calls"])) for run in both],
    }
    for title, (mine, theirs) in figures.items():
        _line(grid, title, (f"{mine:,.1f}", f"{theirs:,.1f}", f"{theirs / mine:.1f}"))
    out.print(grid)
    if ours["rows"] != plain["rows"]:
        out.print(f"[bold]The plain loop brought other numbers of records[/]: {plain['rows']}")


def ways(crm: str, found: Sequence[Found]) -> None:
    """Memory, time and calls of reading and writing in bulk, by size."""
    out.print(f"\n[bold]{crm}: reading and writing in bulk[/]")
    grid = _grid("", "records", "seconds", "CPU seconds", "peak memory, MB", "calls", "of these polls")
    for run in sorted(found, key=lambda each: (each["task"], each["accounts"])):
        records = sum(run["rows"].values()) if run["task"] == "read" else run["written"]
        calls = sum(each["count"] for each in run["calls"])
        polls = sum(each["count"] for each in run["calls"] if _is_poll(each))
        memory = run["stages"][-1]["peak"] / MB
        figures = (f"{_sum(run, 'seconds'):.1f}", f"{_sum(run, 'cpu'):.1f}", f"{memory:,.0f}")
        _line(grid, run["task"], (f"{records:,}", *figures, f"{calls:,}", f"{polls:,}"))
    out.print(grid)
    for run in found:
        made = ", ".join(f"{each['method']} {each['path']} {each['count']:,}" for each in run["calls"])
        out.print(f"{run['task']} {run['accounts']:,}: {made}", style="dim")
    for task in ("read", "write"):
        peaks = [run["stages"][-1]["peak"] for run in found if run["task"] == task]
        if len(peaks) > 1:
            out.print(
                f"{task}: memory at the largest size is {peaks[-1] / peaks[0]:.2f} times that at the smallest"
            )


def nights(made: Found, scan: Found, whole: Sequence[Found], alone: Sequence[Found]) -> None:
    """Two nights of the same files, and two of their opportunities alone, beside a bare scan of them."""
    records = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in made["rows"].items())
    out.print(f"\n[bold]From files on disk[/] ({made['bytes'] / MB:,.0f} MB of Parquet): {records}")
    grid = _grid("map to diff, whole shipped mapping", "seconds", "CPU seconds", "peak memory, MB")
    _line(grid, "a bare scan of the same files", _figures([scan["stages"][-1]]))
    for title, runs in (("all records", whole), ("accounts and opportunities alone", alone)):
        grid.add_section()
        for night, run in zip(("first night", "second night"), runs, strict=True):
            _line(grid, f"{title}: {night}", _figures(_of(run, RATED)))
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in run["changes"].items())
            outcome = f"{run['portfolio']:,} in the portfolio: {kinds or 'nothing to write'}"
            _line(grid, f"  [dim]{outcome}[/]", ("", "", ""))
    out.print(grid)
    out.print(
        "The first night trains the wallet model and takes the quarter's other reference values.", style="dim"
    )
    stages = _grid(
        "stage, all records", "first: seconds", "CPU", "peak MB", "second: seconds", "CPU", "peak MB"
    )
    for first, second in zip(whole[0]["stages"], whole[1]["stages"], strict=True):
        _line(stages, first["stage"], (*_figures([first]), *_figures([second])))
    out.print(stages)
    out.print("Stages are lazy: what segment, campaign and word describe is computed in diff.", style="dim")


def growth(found: Sequence[tuple[int, Sequence[Found]]]) -> None:
    """Map to diff of ever larger portfolios; 1.0 means that CPU time grows as the portfolio does, less is better."""
    out.print("\n[bold]How map to diff grows with the portfolio[/], all records")
    headings = (
        "seconds",
        "CPU seconds",
        "peak memory, MB",
        "CPU per 1,000 accounts, ms",
        "times that of the row above",
    )
    for place, night in enumerate(("first night", "second night")):
        grid = _grid(f"accounts, {night}", *headings)
        before = None
        for accounts, runs in found:
            rated = _of(runs[place], RATED)
            each = 1e6 * sum(stage["cpu"] for stage in rated) / accounts
            grown = "" if before is None else f"{each / before:.2f}"
            _line(grid, f"{accounts:,}", (*_figures(rated), f"{each:,.1f}", grown))
            before = each
        out.print(grid)


def _is_poll(call: Found) -> bool:
    return call["method"] == "GET" and POLL.search(call["path"]) is not None


def _of(run: Found, names: Sequence[str]) -> list[Found]:
    return [each for each in run["stages"] if each["stage"] in names]


def _sum(run: Found, unit: str) -> float:
    return sum(each[unit] for each in run["stages"])


def _figures(stages: Sequence[Found]) -> tuple[str, str, str]:
    """Seconds, CPU seconds and peak memory of some stages together."""
    seconds, cpu = (sum(each[unit] for each in stages) for unit in ("seconds", "cpu"))
    return f"{seconds:.2f}", f"{cpu:.2f}", f"{max(each['peak'] for each in stages) / MB:,.0f}"


def _grid(first: str, *others: str) -> Table:
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    grid.add_column(first, no_wrap=True)
    for name in others:
        grid.add_column(name, justify="right")
    return grid


def _line(grid: Table, title: str, figures: Iterable[str]) -> None:
    grid.add_row(title, *figures)
