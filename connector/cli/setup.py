"""The commands of the first afternoon: init, check, fields, provision."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from connector import config
from connector.admin.check import Checked, Data, visible_to, with_data, with_files, with_schedule
from connector.admin.check import check as check_crm
from connector.admin.fields import list_fields
from connector.admin.init import initialise
from connector.admin.provision import emit as emit_definitions
from connector.admin.provision import provision as provision_crm
from connector.admin.workshop import mapping_text
from connector.cli.app import app
from connector.cli.console import as_json, counted, err, out, progress
from connector.cli.show import quality_notes, table
from connector.cli.workplace import AsJson, AsOf, ConnectionName, Workplace, connected, interactive, workplace
from connector.cli.workshop import workshop
from connector.crm import Crm, CrmName, Object, Step
from connector.errors import ConfigError, ExitCode, MappingError
from connector.mapping import parse, read
from connector.store import open_store
from connector.sync import preview

BEGINNING = "The first afternoon"
MARKS = {"ok": "[good]✓[/]", "note": "[soft]i[/]", "warning": "[warning]![/]", "error": "[bad]✗[/]"}
SHOWN_VALUES = 6
"""Values of a picklist that a list of many fields has room for."""
FEW_FIELDS = 3
"""Of so few fields every value is listed."""


@app.command(rich_help_panel=BEGINNING)
def init(
    crm: Annotated[CrmName | None, typer.Option(help="Your CRM; asked for on a terminal.")] = None,
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="Where to begin.")] = Path(),
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace files that exist; what they held is saved beside them.")
    ] = False,
    ask: Annotated[
        bool,
        typer.Option(
            "--workshop", help="Ask for three to five criteria per dimension, and put them into it."
        ),
    ] = False,
) -> None:
    """Write a configuration and a mapping to start from. Files that exist are kept."""
    if crm is None:
        if not interactive():
            err.print("Which CRM? Say [bold]kpm init --crm salesforce[/] or [bold]kpm init --crm hubspot[/].")
            raise typer.Exit(int(ExitCode.USAGE))
        answer = typer.prompt("Which CRM, salesforce or hubspot?", default="salesforce")
        crm = "hubspot" if answer.strip().lower().startswith("h") else "salesforce"
    today = date.today()  # noqa: DTZ011 - a date on a file of today
    text = None
    if ask:
        mapping = folder / "mappings" / f"{crm}.toml"
        if mapping.exists() and not replace:
            raise ConfigError(
                f"{mapping} exists, and would be kept. Say --replace (what it holds is saved beside it), or choose "
                "another folder with --folder."
            )
        text = mapping_text(crm, workshop(crm, today))
        parse(text, mapping.name, crm)
    made = initialise(folder, crm, today=today, replace=replace, mapping=text)
    for file in made.files:
        note = f", the former one is {file.saved.name}" if file.saved else ""
        style = "soft" if file.action == "kept" else "good"
        out.print(f"  [{style}]{file.action:<8}[/] {escape(str(file.path))}{note}", soft_wrap=True)
    if made.add:
        out.print(f"\n[warning]config.toml was kept.[/] Add this to it:\n\n{escape(made.add)}")
    out.print("\n[bold]Next[/]")
    for number, step in enumerate(made.next_steps, 1):
        out.print(f"  {number}. {escape(step)}", soft_wrap=True)


@app.command(rich_help_panel=BEGINNING)
def check(
    context: typer.Context,
    connection: ConnectionName = None,
    as_of: AsOf = None,
    *,
    person: Annotated[
        str | None,
        typer.Option("--as", metavar="USER", help="Also say what this person sees of the results."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only log in and test fields and files; read no records.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Log in, test every line of the mapping against the CRM, and say on how much data it would rest.

    Ends with go or no-go (exit code 8). Nothing is written.
    """
    with workplace(context, connection) as place, place.crm() as crm:
        checked = check_crm(crm, place.mapping, place.connection.mapping.name, place.problems)
        checked = with_schedule(checked, place.settings.schedule_of(place.name))
        data = _data(place, crm, as_of) if checked.go and not quick else None
        if data is not None:
            checked = with_data(checked, place.mapping, data)
        elif checked.go:
            checked = with_files(checked, place.mapping)
        if person is not None:
            checked = _visible(place, crm, checked, person, data)
        if json:
            as_json({"go": checked.go, "groups": [asdict(group) for group in checked.groups]})
        else:
            _show_check(checked)
        raise typer.Exit(int(ExitCode.OK if checked.go else ExitCode.NO_GO))


def _visible(place: Workplace, crm: Crm, checked: Checked, person: str, data: Data | None) -> Checked:
    """What a person sees; asked by the administrator if his credentials are given, since not everybody may."""
    accounts = None if data is None else data.accounts
    if not place.has_administrator:
        return visible_to(checked, crm, place.mapping, person, accounts)
    with place.crm_as_administrator() as administrator:
        return visible_to(checked, administrator, place.mapping, person, accounts)


def _data(place: Workplace, crm: Crm, as_of: datetime | None) -> Data:
    with progress() as shown:
        found = preview(
            crm, place.store, place.mapping, place.as_of(as_of), mirror=place.mirror(), progress=shown
        )
    limits = place.settings.limits_of(place.name)
    notes = quality_notes(found.quality)
    return Data(
        found.accounts, notes, found.estimate, found.usage, limits.max_quota_share, ignored=found.ignored
    )


def _show_check(checked: Checked) -> None:
    for group in checked.groups:
        out.print(f"\n[bold]{escape(group.title)}[/]")
        grid = table("", "", "")
        grid.show_header = False
        for line in group.lines:
            grid.add_row(MARKS[line.level], escape(line.what), escape(line.message))
        out.print(grid)
    if not checked.go:
        out.print("\n[bad]No go[/]: mend what is marked ✗, then run [bold]kpm check[/] again.")
    elif checked.to_create:
        out.print(
            "\n[good]Go[/], after [bold]kpm provision[/]; [bold]kpm plan[/] shows the result already now."
        )
    else:
        out.print("\n[good]Go[/]: [bold]kpm plan[/] shows what a sync would change.")


@app.command(rich_help_panel=BEGINNING)
def fields(
    context: typer.Context,
    section: Annotated[Object, typer.Argument(metavar="OBJECT", help="Section of the mapping.")] = "accounts",
    connection: ConnectionName = None,
    search: Annotated[
        str, typer.Option(metavar="TEXT", help="Only fields whose name, label or values hold this.")
    ] = "",
    *,
    filled: Annotated[
        bool, typer.Option("--filled", help="Read all accounts to see how well each field is filled.")
    ] = False,
    json: AsJson = False,
) -> None:
    """List the CRM's fields with API names, labels and types, and where the mapping uses them.

    OBJECT is accounts, opportunities, contact_roles, cases, orders or activities.
    """
    settings = config.load(context.obj.config)
    name = config.chosen(settings, connection)
    own = settings.connections[name]
    mapping = None
    try:
        mapping, _ = read(own.mapping, own.crm)
    except MappingError as error:  # names of fields are wanted most when a mapping names wrong ones
        cause = escape(str(error.problems[0]))
        err.print(
            f"[warning]Where the mapping uses them cannot be said[/], as it has mistakes: {cause}",
            soft_wrap=True,
        )
    with open_store(settings.store, name) as store, connected(settings, name) as crm:
        folder = store.scratch() if filled else None
        try:
            found = list_fields(crm, mapping, section, search, folder)
        finally:
            if folder is not None:
                store.discard(folder)
    if json:
        as_json([asdict(one) for one in found])
        return
    if not found:
        out.print(f"No field of {section} holds {escape(search)} in its name, label or values.")
        return
    filling = ("filled",) if filled else ()
    grid = table("API name", "label", "type", *filling, "used by the mapping", "values", whole=("API name",))
    for one in found:
        share = "" if one.filled is None else f"{one.filled:.0%}"
        used = f"[bold]{escape(', '.join(one.used))}[/]" if one.used else ""
        values = escape(_values(one.options, whole=len(found) <= FEW_FIELDS))
        locked = "" if one.writable else " [soft](read-only)[/]"
        row = [escape(one.name), escape(one.label), one.type + locked, *([share] if filled else []), used]
        grid.add_row(*row, f"[soft]{values}[/]")
    out.print(grid)
    cut = max(len(one.options) for one in found) > SHOWN_VALUES and len(found) > FEW_FIELDS
    more = " --search NAME shows all values of a field." if cut else ""
    out.print(
        f"[soft]{counted(len(found), 'field')}. Mapping files use the API names, and the values as they stand here"
        f" before their (labels).{more}[/]"
    )


def _values(options: dict[str, str], *, whole: bool) -> str:
    """Stored values, each with its label where that differs; all of them, or the first few."""
    told = [value if label in ("", value) else f"{value} ({label})" for value, label in options.items()]
    shown = told if whole else told[:SHOWN_VALUES]
    return ", ".join(shown) + (" …" if len(told) > len(shown) else "")


@app.command(rich_help_panel=BEGINNING)
def provision(
    context: typer.Context,
    connection: ConnectionName = None,
    as_of: AsOf = None,
    assign: Annotated[
        list[str] | None, typer.Option(metavar="USER", help="Let these people see the results.")
    ] = None,
    emit: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Write the definitions for a deployment pipeline instead; send nothing."
        ),
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: AsJson = False,
) -> None:
    """Create the custom fields and permissions that the mapping needs.

    With an administrator's credentials from KPM_ADMIN__..., used for this one call and not stored. What exists is
    never changed or removed, options are added only. Shows first what it would do, and asks.

    With --emit the same is written as files (Salesforce: a project for the Salesforce CLI; HubSpot: definitions as
    JSON), for teams whose changes go through a pipeline. Without an administrator's credentials the nightly user's do.
    """
    del as_of  # accepted like everywhere else; fields do not depend on the date
    with workplace(context, connection) as place:
        if emit is not None:
            _emit(place, emit, json=json)
            return
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


def _emit(place: Workplace, folder: Path, *, json: bool) -> None:
    opened = place.crm_as_administrator() if place.has_administrator else place.crm()
    with opened as crm:
        files = emit_definitions(crm, place.mapping, folder)
    if json:
        as_json([str(file) for file in files])
        return
    for file in files:
        out.print(f"  [good]written[/] {escape(str(file))}", soft_wrap=True)
    if place.connection.crm == "salesforce":
        call = f"sf project deploy start --source-dir force-app (in {folder})"
        out.print(f"\nDeploy with [bold]{escape(call)}[/], then assign the permission sets.", soft_wrap=True)
    else:
        call = "/crm/v3/properties/companies"
        out.print(f"\nEach file is the body of a POST to [bold]{call}[/], or below /groups.", soft_wrap=True)


def _show(steps: list[Step], *, planned: bool) -> None:
    grid = table("", "step", "what", "")
    for step in _folded(steps):
        mark = (
            "[soft]=[/]" if step.done and not step.changed else "[warning]+[/]" if planned else "[good]✓[/]"
        )
        grid.add_row(mark, step.what, escape(step.target), f"[soft]{escape(step.detail)}[/]")
    out.print(grid)
    ours = [step for step in steps if step.what != "by hand"]
    changed = sum(not step.done for step in ours) if planned else sum(step.changed for step in ours)
    there = sum(step.done and not step.changed for step in ours)
    verb = "to do" if planned else "done"
    out.print(
        f"[bold]{changed}[/] {verb}, {there} already there. [soft]Nothing that exists is changed or removed.[/]"
    )
    for step in steps:
        if step.what == "by hand":
            out.print(f"[warning]By hand:[/] {escape(step.target)}: {escape(step.detail)}")


def _folded(steps: list[Step]) -> list[Step]:
    """Steps to show: the many grants of one kind on one object as one line, what is left to people apart."""
    folded: dict[tuple[str, str, str, bool, bool], list[str]] = {}
    for step in steps:
        if step.what == "by hand":
            continue
        record, _, field = step.target.partition(".")
        if step.what != "grant" or not field:
            record, field = step.target, ""
        folded.setdefault((step.what, record, step.detail, step.done, step.changed), []).append(field)
    return [
        Step(
            what,
            record if fields == [""] else f"{record}: {counted(len(fields), 'field')}",
            detail,
            done,
            changed,
        )
        for (what, record, detail, done, changed), fields in folded.items()
    ]
