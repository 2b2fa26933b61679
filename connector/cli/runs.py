"""Commands about past runs: runs, rejects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

import polars as pl
import typer
from rich.markup import escape

from connector.cli.app import app
from connector.cli.console import as_json, counted, out
from connector.cli.show import table
from connector.cli.workplace import AsJson, ConnectionName, Workplace, workplace
from connector.crm import Crm
from connector.errors import ConfigError, CrmError, ExitCode
from connector.mergers import survivor
from connector.reports.rejects import Reject
from connector.reports.rejects import rejects as refusals
from connector.store import Run, Status

EVERY_DAY = "Every day"
SHOWN = 50
RunNumber = Annotated[int | None, typer.Argument(metavar="RUN", help="Its number, as `kpm runs` lists it.")]


@app.command(rich_help_panel=EVERY_DAY)
def runs(
    context: typer.Context,
    run: RunNumber = None,
    connection: ConnectionName = None,
    limit: Annotated[int, typer.Option(min=1, metavar="NUMBER", help="How many, the latest first.")] = 20,
    *,
    json: AsJson = False,
) -> None:
    """List the runs: when, how they ended, what they wrote and what they cost.

    With a number: one run, its counts, and its API calls by endpoint beside the fewest that the work takes.
    """
    with workplace(context, connection) as place:
        if run is not None:
            one = _run(place, run)
            as_json(asdict(one)) if json else _show(one)
            return
        found = place.store.history_of_runs(limit)
        if json:
            as_json([asdict(each) for each in found])
        elif found:
            _list(found)
        else:
            out.print("No run yet. [bold]kpm sync[/] makes the first.")


@app.command(rich_help_panel=EVERY_DAY)
def rejects(
    context: typer.Context,
    run: RunNumber = None,
    connection: ConnectionName = None,
    *,
    json: AsJson = False,
) -> None:
    """List the changes that the CRM refused in the last run, or in the run named, and what to do about each.

    Account with its link, field, value, the CRM's own code and words. Every sync tries them again, as long as the CRM
    differs. Exit code 0 if there are none, else 1.
    """
    with workplace(context, connection) as place:
        one = _latest(place) if run is None else _run(place, run)
        found = _refused(place, one)
        if json:
            as_json({"run": one.id, "as_of": one.as_of, "rejects": [asdict(each) for each in found]})
        else:
            _show_rejects(one, found)
        raise typer.Exit(int(ExitCode.PARTIAL if found else ExitCode.OK))


def _run(place: Workplace, number: int) -> Run:
    found = next((each for each in place.store.history_of_runs() if each.id == number), None)
    if found is None:
        raise ConfigError(f"There is no run {number} of {place.name}. `kpm runs` lists them.")
    return found


def _latest(place: Workplace) -> Run:
    ended = (each for each in place.store.history_of_runs() if each.status is not Status.RUNNING)
    found = next(ended, None)
    if found is None:
        raise ConfigError(f"There was no sync of {place.name} yet. Run `kpm sync` first.")
    return found


def _refused(place: Workplace, run: Run) -> list[Reject]:
    merged = place.store.mergers.all()
    with place.crm() as crm:
        return refusals(
            place.store.journal.refused(run.id),
            place.connection.crm,
            _names(place, run),
            now=lambda account: survivor(account, merged),
            url=_links(crm),
        )


def _names(place: Workplace, run: Run) -> dict[str, str | None]:
    memory = place.store.memory
    file = next((each for each in (memory.snapshot(run.id), memory.planned(run.id)) if each.exists()), None)
    if file is None:
        return {}
    refused = place.store.journal.refusals(run.id).column("@id").to_pylist()
    rows = pl.scan_parquet(file).filter(pl.col("id").is_in(refused)).select("id", "name").collect()
    return dict(rows.iter_rows())


def _links(crm: Crm) -> Callable[[str], str | None]:
    reachable = True

    def link(account: str) -> str | None:
        nonlocal reachable
        try:
            return crm.account_url(account) if reachable else None
        except CrmError:  # the link is a convenience; what was refused lies in the store
            reachable = False
            return None

    return link


def _list(found: list[Run]) -> None:
    numbers = ("run", "portfolio", "written", "rejected", "calls")
    grid = table("run", "started (UTC)", "as of", "status", *numbers[1:], "note", right=numbers)
    for run in found:
        grid.add_row(
            str(run.id),
            f"{run.started:%Y-%m-%d %H:%M}",
            str(run.as_of),
            _status(run),
            # A run that was cut off left no counts; what it wrote is in the journal, and zero would be a guess.
            *(f"{run.counts.get(name, 0):,}" if run.counts else "–" for name in numbers[1:4]),
            (f"{sum(run.calls.values()):,}" if run.calls else "–")
            + (f" / {run.minimum:,}" if run.minimum else ""),
            escape((run.error or "").split("\n")[0][:80]),
        )
    out.print(grid)
    out.print("[soft]calls: made / the fewest that the CRM's API allows for the same work.[/]")


def _status(run: Run) -> str:
    style = {"done": "good", "partial": "warning", "running": "bold"}.get(run.status, "bad")
    return f"[{style}]{run.status}[/]"


def _show(run: Run) -> None:
    ended = f" to {run.ended:%H:%M:%S}" if run.ended else ""
    out.print(
        f"[bold]Run {run.id}[/], as of {run.as_of}: {_status(run)}  "
        f"[soft]{run.started:%Y-%m-%d %H:%M:%S}{ended} UTC[/]"
    )
    if run.error:
        out.print(escape(run.error))
    if run.counts:
        grid = table("what", "records", right=("records",))
        for name, count in run.counts.items():
            grid.add_row(name.replace("_", " "), f"{count:,}")
        out.print()
        out.print(grid)
    if run.calls:
        grid = table("API call", "times", right=("times",))
        for name, count in sorted(run.calls.items(), key=lambda each: (-each[1], each[0])):
            grid.add_row(escape(name), f"{count:,}")
        grid.add_row("[bold]in all[/]", f"[bold]{sum(run.calls.values()):,}[/]")
        out.print()
        out.print(grid)
    if run.minimum:
        out.print(f"[soft]The fewest that the CRM's API allows for the same work: {run.minimum:,}.[/]")
    if run.counts.get("rejected"):
        out.print(f"\n[bold]kpm rejects {run.id}[/] lists what was refused.")


def _show_rejects(run: Run, found: list[Reject]) -> None:
    if not found:
        out.print(f"Run {run.id}, as of {run.as_of}: every change reached the CRM.")
        return
    out.print(
        f"[bold]{counted(len(found), 'account')}[/] of run {run.id}, as of {run.as_of}, by the CRM's answer"
    )
    kinds = Counter((each.code or each.outcome, each.remedy) for each in found)
    for (code, remedy), count in kinds.most_common():
        out.print(f"\n  {count:,} × [warning]{escape(code)}[/]\n  {escape(remedy)}")
    grid = table("account", "field", "value", "the CRM says")
    for each in found[:SHOWN]:
        account = escape(each.name or each.account) + f"\n[soft]{escape(each.url or each.account)}[/]"
        fields = "\n".join(value.field for value in each.values)
        values = "\n".join(_text(value.value) for value in each.values)
        message = each.message or ""
        told = not each.code or message.startswith(each.code)
        words = message if told else f"{each.code}: {message}"
        grid.add_row(account, escape(fields), escape(values), escape(words))
    out.print()
    out.print(grid)
    if len(found) > SHOWN:
        out.print(f"[soft]and {len(found) - SHOWN:,} more: kpm rejects {run.id} --json lists them all[/]")
    out.print("[soft]Every sync tries them again, as long as the CRM differs.[/]")


def _text(value: Any) -> str:  # noqa: ANN401 - whatever a field holds
    if value is None:
        return "(empty)"
    return f"{value:,.10g}" if isinstance(value, float) else str(value)
