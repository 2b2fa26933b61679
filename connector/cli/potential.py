"""`kpm potential-check`: is the data good enough to start, and what would make it so?"""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from connector.cli.app import app
from connector.cli.console import as_json, counted, out, progress
from connector.cli.show import amount, quality_notes, table
from connector.cli.workplace import AsJson, AsOf, ConnectionName, borders, show_problems, workplace, written
from connector.criteria_quality import criteria_quality
from connector.errors import ExitCode
from connector.reports.html import percent
from connector.reports.potential_check import PotentialCheck, page, potential_check
from connector.sync import surveyed

BEGINNING = "The first afternoon"
FIXES = 12
FIELDS = 20


@app.command("potential-check", rich_help_panel=BEGINNING)
def check_potential(
    context: typer.Context,
    connection: ConnectionName = None,
    as_of: AsOf = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The HTML page; by default in the store's folder.")
    ] = None,
    *,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    json: AsJson = False,
) -> None:
    """Look at the data before anyone starts: who is in the portfolio, how well fields are kept, what to mend first.

    It reads the CRM and changes nothing; it works before `kpm provision`. It ends with go, or with no-go (exit 8) and
    the fixes, worth most first, and leaves a page with charts.
    """
    with workplace(context, connection) as place:
        show_problems(place.problems)
        day = place.as_of(as_of)
        with place.crm() as crm, progress() as shown:
            place.demand_fit(crm, provisioned=False)
            with surveyed(crm, place.store, place.mapping, day, mirror=place.mirror(), progress=shown) as (
                preview,
                read,
            ):
                thresholds = borders(preview.thresholds)
                found = potential_check(
                    preview.accounts,
                    read.sources,
                    place.mapping,
                    as_of=day,
                    currencies=read.currencies,
                    thresholds=thresholds,
                    labels=place.labels,
                    quality=quality_notes(
                        [*criteria_quality(preview.accounts, place.mapping), *preview.quality]
                    ),
                )
                html = page(
                    found,
                    preview.accounts.filter(preview.accounts.get_column("member")),
                    connection=place.name,
                    crm={"salesforce": "Salesforce", "hubspot": "HubSpot"}[place.connection.crm],
                    thresholds=thresholds,
                    labels=place.labels,
                    language=place.mapping.language,
                )
        file = written(
            html, output or place.settings.store.folder / place.name / f"potential-check-{day}.html"
        )
        if json:
            as_json(found.as_json())
        else:
            _show(found, place.labels)
            out.print(f"\n[good]Wrote[/] {escape(str(file))}, the same with charts", soft_wrap=True)
        if show:
            webbrowser.open(file.absolute().as_uri())
        if not found.go:
            raise typer.Exit(int(ExitCode.NO_GO))


def _show(found: PotentialCheck, labels: dict[str, str]) -> None:
    _population(found)
    _zones(found, labels)
    _foci(found)
    _separation(found)
    _fields(found)
    _fixes(found)


def _population(found: PotentialCheck) -> None:
    who, links, spread = found.population, found.linkage, found.concentration
    out.print(f"\n[bold]{counted(who.portfolio, 'customer')}[/] of {who.read:,} accounts read")
    grid = table("", "number", right=("number",))
    rows = {
        f"revenue of the last 12 months, {found.currency}": amount(who.revenue),
        "accounts without any": f"{who.without_revenue:,}",
        "inactive: nothing won in 24 months, nothing open": f"{who.inactive:,}",
        "possible duplicates": f"{who.alike_accounts:,} in {counted(who.alike_groups, 'group')}",
        "accounts with a parent": f"{who.children:,} in {counted(who.families, 'family', 'families')}",
        "opportunities": f"{links.opportunities:,}",
        "  without an account, without a close date": f"{links.without_account:,}, {links.undated:,}",
        "  open, of these overdue": f"{links.open:,}, {links.overdue:,}",
        "  won or open, of these without an amount": f"{links.counted:,}, {links.without_amount:,}",
        "  currencies": ", ".join(f"{code or 'none'} {n:,}" for code, n in links.currencies.items()) or "–",
        **{f"accounts with {name.replace('_', ' ')}": f"{n:,}" for name, n in links.reached.items()},
    }
    for name, value in rows.items():
        grid.add_row(name, escape(value))
    out.print(grid)
    if spread.gini is not None:
        out.print(
            f"[soft]{counted(spread.half, 'account')} of {spread.accounts:,} make half of the revenue, "
            f"{spread.most:,} make 80 %; Gini {spread.gini:.2f}.[/]"
        )


def _zones(found: PotentialCheck, labels: dict[str, str]) -> None:
    numbers = ("accounts", "provisional", f"revenue, {found.currency}")
    grid = table("zone", *numbers, right=numbers)
    for zone in found.zones:
        grid.add_row(
            f"[{zone.segment}]{escape(zone.label)}[/]",
            f"{zone.accounts:,}",
            f"{zone.provisional:,}" if zone.provisional else "",
            amount(zone.revenue),
        )
    for one in found.standings:
        where = "unknown" if one.zone is None else labels.get(one.zone, one.zone)
        grid.add_row(
            f"[soft]  not rated, would be: {escape(where)}[/]",
            f"[soft]{one.accounts:,}[/]",
            f"[soft]{one.accounts - one.certain:,}[/]",
            f"[soft]{amount(one.revenue)}[/]",
        )
    out.print("\n[bold]Where they would stand[/]")
    out.print(grid)
    if found.rated_revenue is not None:
        out.print(
            f"[soft]{percent(found.rated_revenue)} of the revenue is rated, {percent(found.firm_revenue)} firm: no "
            "missing value can move it.[/]"
        )


def _foci(found: PotentialCheck) -> None:
    if not found.foci:
        return
    numbers = ("members", f"change potential, {found.currency}", "unknown beside it")
    grid = table("campaign focus", *numbers, right=numbers)
    for one in found.foci:
        grid.add_row(escape(one.label), f"{one.members:,}", amount(one.money), f"{one.unknown:,}")
    out.print("\n[bold]Largest campaign focuses[/]")
    out.print(grid)


def _separation(found: PotentialCheck) -> None:
    numbers = ("won", "lost", "chance", "95 % interval")
    grid = table("criterion", *numbers, "verdict", right=numbers)
    for one in found.separation:
        known = one.auc is not None and one.low is not None and one.high is not None
        grid.add_row(
            escape(one.label),
            f"{one.won:,}",
            f"{one.lost:,}",
            f"{one.auc:.2f}" if known else "–",
            f"{one.low:.2f} to {one.high:.2f}" if known else "–",
            one.verdict + (" (reads won opportunities itself)" if one.circular and known else ""),
        )
    out.print("\n[bold]Does a criterion separate buyers from decliners?[/]")
    out.print(grid)
    out.print(
        "[soft]chance: that an account that last bought scores higher than one that last declined; 0.5 is a coin.[/]"
    )


def _fields(found: PotentialCheck) -> None:
    numbers = ("filled", "by revenue", "distinct", "commonest", "median age")
    grid = table("field", "serves", *numbers, right=numbers)
    for one in found.fields[:FIELDS]:
        grid.add_row(
            escape(one.field),
            escape(one.use),
            percent(one.filled),
            percent(one.by_revenue),
            f"{one.distinct:,}",
            percent(one.most_common),
            "–" if one.age_days is None else f"{one.age_days:,} days",
        )
    out.print("\n[bold]Mapped fields[/]")
    out.print(grid)
    if len(found.fields) > FIELDS:
        out.print(f"[soft]and {len(found.fields) - FIELDS} more, on the page and with --json[/]")


def _fixes(found: PotentialCheck) -> None:
    verdict = (
        "[good]Go[/]: the data carries a matrix"
        if found.go
        else "[bad]No-go yet[/]: mend the red lines first"
    )
    out.print(f"\n{verdict}")
    if not found.fixes:
        return
    revenue = f"revenue, {found.currency}"
    grid = table("what to mend, worth most first", "what to do", revenue, right=(revenue,))
    for fix in found.fixes[:FIXES]:
        what = escape(fix.what)
        grid.add_row(f"[bad]{what}[/]" if fix.blocking else what, escape(fix.remedy), amount(fix.worth))
    out.print(grid)
