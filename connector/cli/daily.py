"""The commands of every day: plan, sync."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, Any

import typer
from rich.markup import escape

from connector.cli.app import app
from connector.cli.by_hand import show_by_hand
from connector.cli.console import as_json, counted, err, out, progress
from connector.cli.show import quality_notes, show_plan, table
from connector.cli.workplace import (
    AsJson,
    AsOf,
    ConnectionName,
    Workplace,
    borders,
    interactive,
    show_problems,
    workplace,
)
from connector.criteria_quality import criteria_quality
from connector.crm import VENDORS
from connector.errors import BrakeError
from connector.reports.by_hand import by_hand
from connector.reports.plan import Plan
from connector.reports.plan import plan as plan_report
from connector.reports.words import words
from connector.sync import Outcome, Preview, check_brakes
from connector.sync import sync as run_sync

EVERY_DAY = "Every day"
REFUSED = 10


@app.command(rich_help_panel=EVERY_DAY)
def plan(
    context: typer.Context,
    connection: ConnectionName = None,
    as_of: AsOf = None,
    *,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Count every difference, however small.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Read everything, not what changed since the last read alone.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Show what a sync would change, without changing anything.

    Zones, movements with names and reasons, where unrated accounts would stand, which ratings are worth asking for,
    fields and API calls. It works before `kpm provision`: our fields count as empty then.
    """
    with workplace(context, connection) as place:
        found = place.preview(place.as_of(as_of), refresh=refresh, full=full)
        report = _report(place, found)
        if json:
            stop = _would_stop(place, found)
            brake = None if stop is None else {"name": stop.brake, "message": str(stop)}
            as_json({"as_of": found.as_of, "first_run": found.first_run, "brake": brake, **report.as_json()})
            return
        _show(place, found, report)


@app.command(rich_help_panel=EVERY_DAY)
def sync(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    connection: ConnectionName = None,
    as_of: AsOf = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Write every difference, however small.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Read everything, not what changed since the last read alone.")
    ] = False,
    accept_movement: Annotated[
        bool,
        typer.Option("--accept-movement", help="Pass the brakes this once; look at `kpm plan` first."),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the result, not the plan.")] = False,
    json: AsJson = False,
) -> None:
    """Rate every account and write what differs.

    On a terminal it shows the plan and asks first; elsewhere it asks nothing. A second sync writes nothing; one that
    was killed is completed by the next. Ctrl-C finishes the batch in hand and stops.
    """
    with workplace(context, connection) as place:
        show_problems(place.problems)
        asked = interactive() and not (yes or quiet or json)
        if asked:
            found = place.preview(place.as_of(as_of), refresh=refresh, full=full)
            _show(place, found, _report(place, found))
            # With nothing to write the run still counts: it keeps today's zones, which later commands start from.
            if found.to_write and not typer.confirm(f"Write {counted(found.to_write, 'account')}?"):
                out.print("Nothing was written.")
                return
            quiet = True
        with place.crm() as crm, progress() as shown, _stopping() as stop:
            place.demand_fit(crm, provisioned=True)
            outcome = run_sync(
                crm,
                place.store,
                place.mapping,
                place.as_of(as_of),
                place.settings.limits_of(place.name),
                refresh=refresh,
                accept_movement=accept_movement,
                mirror=place.mirror(full=full and not asked),
                progress=shown,
                stop=stop,
            )
        report = _report(place, outcome.preview)
        if json:
            as_json(_summary(outcome, report))
        else:
            if not quiet:
                _show(place, outcome.preview, report, done=True)
            elif not asked:
                show_by_hand(report.by_hand, place.mapping)
            _result(outcome)
        raise typer.Exit(int(outcome.exit_code))


def _report(place: Workplace, found: Preview) -> Plan:
    return plan_report(
        found.accounts,
        place.mapping,
        borders(found.thresholds),
        place.labels,
        by_hand(found.accounts, place.mapping, found.as_of, place.labels, found.ignored),
        calls=found.estimate,
        quota=found.usage,
        quality=quality_notes([*criteria_quality(found.accounts, place.mapping), *found.quality]),
    )


def _show(place: Workplace, found: Preview, report: Plan, *, done: bool = False) -> None:
    _heading(place, found)
    show_plan(report, place.mapping, first_run=found.first_run)
    show_by_hand(report.by_hand, place.mapping)
    if not done and (stop := _would_stop(place, found)) is not None:
        out.print(f"\n[warning]A sync would stop before it writes.[/] {escape(str(stop))}", soft_wrap=True)


def _would_stop(place: Workplace, found: Preview) -> BrakeError | None:
    try:
        check_brakes(found, place.store, place.settings.limits_of(place.name))
    except BrakeError as error:
        return error
    return None


def _heading(place: Workplace, found: Preview) -> None:
    crm = VENDORS[place.connection.crm]
    t = words(place.mapping.language)
    head = t.say("plan_head", connection=f"[bold]{escape(place.name)}[/]", crm=crm, day=found.as_of)
    out.print(f"\n{head}{t['plan_first_run'] if found.first_run else ''}")
    if found.unsettled:
        out.print(
            f"[warning]The last sync was interrupted[/] with {counted(found.unsettled, 'account')} under way, perhaps "
            "written, perhaps not; this run compares with what the CRM holds now.",
        )


def _summary(outcome: Outcome, report: Plan) -> dict[str, Any]:
    run, set_ = outcome.run, report.by_hand.as_json()
    return {
        "run": run.id,
        "status": run.status,
        "as_of": run.as_of,
        "portfolio": run.counts.get("portfolio", 0),
        "changes": outcome.preview.changes,
        "written": outcome.written.written,
        "rejected": outcome.written.rejected,
        "deferred": outcome.written.deferred,
        "unsent": outcome.written.unsent,
        "calls": run.calls,
        "calls_made": sum(run.calls.values()),
        "calls_minimum": run.minimum,
        "refusals": outcome.refusals.to_pylist(),
        "by_hand": {
            "decisions": len(set_["decisions"]),
            "ending": set_["ending"],
            "ignored": set_["ignored"],
        },
    }


def _result(outcome: Outcome) -> None:
    done, run = outcome.written, outcome.run
    calls = counted(sum(run.calls.values()), "API call") + (
        f", at the least {run.minimum:,}" if run.minimum else ""
    )
    if done.complete and not done.written:
        out.print(
            f"\n[good]Nothing to write[/]: the CRM already holds these results. [soft]Run {run.id}, {calls}.[/]"
        )
        return
    style = "good" if done.complete else "warning"
    out.print(f"\n[{style}]Wrote {counted(done.written, 'account')}.[/] [soft]Run {run.id}, {calls}.[/]")
    if done.deferred:
        out.print(
            f"Left for the next run: {done.deferred:,}, as the share of the daily API quota is used that [sync] "
            "max_quota_share allows.",
            markup=False,
        )
    if done.unsent:
        out.print(f"Left for the next run: {done.unsent:,}, as a stop was asked for.")
    if done.rejected:
        out.print(f"[warning]The CRM refused {done.rejected:,}[/]; the next sync tries again:")
        grid = table("account", "code", "what the CRM says")
        refused = [row for row in outcome.refusals.to_pylist() if row["outcome"] == "rejected"]
        for row in refused[:REFUSED]:
            grid.add_row(row["@id"], escape(row["code"] or ""), escape(row["message"] or ""))
        out.print(grid)
        if len(refused) > REFUSED:
            out.print(f"[soft]and {len(refused) - REFUSED:,} more; kpm rejects lists them with what to do[/]")


@contextmanager
def _stopping() -> Iterator[Callable[[], bool]]:
    """Ctrl-C and SIGTERM ask to stop after the batch in hand; a second Ctrl-C stops at once."""
    asked = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        if asked.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.set()
        err.print("[warning]Stopping[/] after the batch in hand ...")

    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
