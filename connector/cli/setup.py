"""The commands of the first afternoon: init, check, fields, provision."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from connector.admin.provision import provision as provision_crm
from connector.cli.app import app
from connector.cli.console import as_json, err, out
from connector.cli.show import table
from connector.cli.workplace import AsJson, AsOf, ConnectionName, interactive, workplace
from connector.crm import Step

BEGINNING = "The first afternoon"


@app.command(rich_help_panel=BEGINNING)
def provision(
    context: typer.Context,
    connection: ConnectionName = None,
    as_of: AsOf = None,
    assign: Annotated[
        list[str] | None, typer.Option(metavar="USER", help="Let these people see the results.")
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: AsJson = False,
) -> None:
    """Create the custom fields and permissions that the mapping needs.

    With an administrator's credentials from KPM_ADMIN__..., used for this one call and not stored. What exists is
    never changed or removed, options are added only. Shows first what it would do, and asks.
    """
    del as_of  # accepted like everywhere else; fields do not depend on the date
    with workplace(context, connection) as place:
        with place.crm() as crm:
            nightly_user = crm.user()
        with place.crm_as_administrator() as administrator:

            def run(*, dry: bool) -> list[Step]:
                people = assign or []
                return provision_crm(
                    administrator, place.mapping, assign=people, nightly_user=nightly_user, dry_run=dry
                )

            planned = run(dry=True)
            if dry_run:
                as_json([asdict(step) for step in planned]) if json else _show(planned, planned=True)
                return
            missing = [step for step in planned if not step.done]
            if missing and interactive() and not yes:
                _show(planned, planned=True)
                if not typer.confirm("Do this?"):
                    out.print("Nothing was created.")
                    return
            if missing and not interactive() and not yes:
                err.print("[warning]Nothing was created[/]: without a terminal, --yes is needed.")
                raise typer.Exit(64)
            done = run(dry=False)
        if json:
            as_json([asdict(step) for step in done])
        else:
            _show(done, planned=False)


def _show(steps: list[Step], *, planned: bool) -> None:
    grid = table("", "step", "what", "")
    for step in steps:
        if step.what == "by hand":
            continue
        mark = (
            "[soft]=[/]" if step.done and not step.changed else "[warning]+[/]" if planned else "[good]✓[/]"
        )
        grid.add_row(mark, step.what, escape(step.target), f"[soft]{escape(step.detail)}[/]")
    out.print(grid)
    changed = sum(not step.done for step in steps) if planned else sum(step.changed for step in steps)
    there = sum(step.done and not step.changed for step in steps if step.what != "by hand")
    verb = "to do" if planned else "done"
    out.print(
        f"[bold]{changed}[/] {verb}, {there} already there. [soft]Nothing that exists is changed or removed.[/]"
    )
    for step in steps:
        if step.what == "by hand":
            out.print(f"[warning]By hand:[/] {escape(step.detail or step.target)}")
