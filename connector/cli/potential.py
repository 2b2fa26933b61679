"""`kpm potential-check`: is the data good enough to start, and what would make it so?"""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from connector.cli.app import app
from connector.cli.console import as_json, out, progress
from connector.cli.show import quality_notes, table
from connector.cli.workplace import AsJson, AsOf, ConnectionName, borders, show_problems, workplace, written
from connector.criteria_quality import criteria_quality
from connector.crm import VENDORS
from connector.errors import ExitCode
from connector.reports.html import percent
from connector.reports.potential_check import PotentialCheck, page, potential_check
from connector.reports.words import Words, words
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
                    crm=VENDORS[place.connection.crm],
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
            show_check(found, place.labels, words(place.mapping.language))
            out.print(f"\n[good]Wrote[/] {escape(str(file))}, the same with charts", soft_wrap=True)
        if show:
            webbrowser.open(file.absolute().as_uri())
        if not found.go:
            raise typer.Exit(int(ExitCode.NO_GO))


def show_check(found: PotentialCheck, labels: dict[str, str], t: Words) -> None:
    """Everything that was found, in one language: the portfolio, the zones, the fields, what to mend."""
    _population(found, t)
    _zones(found, labels, t)
    _foci(found, t)
    _separation(found, t)
    _fields(found, t)
    _fixes(found, t)


def _population(found: PotentialCheck, t: Words) -> None:
    who, links, spread = found.population, found.linkage, found.concentration
    customers = f"[bold]{t.many('customers', who.portfolio)}[/]"
    out.print("\n" + t.say("check_head", customers=customers, read=t.number(who.read)))
    grid = table("", t.head("number_of"), right=(t.head("number_of"),))
    alike = t.say("split", count=t.number(who.alike_accounts), groups=t.many("groups", who.alike_groups))
    children = t.say("split", count=t.number(who.children), groups=t.many("families", who.families))
    currencies = ", ".join(
        f"{code or t['no_currency']} {t.number(n)}" for code, n in links.currencies.items()
    )
    rows = {
        t.head("revenue_last_12", currency=found.currency): t.money(who.revenue),
        t.head("without_revenue"): t.number(who.without_revenue),
        t.head("inactive"): t.number(who.inactive),
        t.head("alike"): alike,
        t.head("families"): children,
        t.head("deals"): t.number(links.opportunities),
        f"  {t.head('loose')}": f"{t.number(links.without_account)}, {t.number(links.undated)}",
        f"  {t.head('open')}": f"{t.number(links.open)}, {t.number(links.overdue)}",
        f"  {t.head('counted')}": f"{t.number(links.counted)}, {t.number(links.without_amount)}",
        f"  {t.head('currencies')}": currencies or "–",
        **{f"{t.head('reached')} {t[f'object_{name}']}": t.number(n) for name, n in links.reached.items()},
    }
    for name, value in rows.items():
        grid.add_row(name, escape(value))
    out.print(grid)
    if spread.gini is not None:
        told = t.say(
            "halves",
            half=t.many("accounts", spread.half),
            accounts=t.number(spread.accounts),
            most=t.number(spread.most),
            gini=t.number(spread.gini, 2),
        )
        out.print(f"[soft]{told}[/]")


def _zones(found: PotentialCheck, labels: dict[str, str], t: Words) -> None:
    heads = ("accounts", "provisional", "revenue_in")
    numbers = tuple(t.head(key, currency=found.currency) for key in heads)
    grid = table(t.head("zone"), *numbers, right=numbers)
    for zone in found.zones:
        grid.add_row(
            f"[{zone.segment}]{escape(zone.label)}[/]",
            t.number(zone.accounts),
            t.number(zone.provisional) if zone.provisional else "",
            t.money(zone.revenue),
        )
    for one in found.standings:
        where = t["unknown"] if one.zone is None else labels.get(one.zone, one.zone)
        grid.add_row(
            f"[soft]  {t.say('standing', zone=escape(where))}[/]",
            f"[soft]{t.number(one.accounts)}[/]",
            f"[soft]{t.number(one.accounts - one.certain)}[/]",
            f"[soft]{t.money(one.revenue)}[/]",
        )
    out.print(f"\n[bold]{t['where']}[/]")
    out.print(grid)
    if found.rated_revenue is not None:
        rated, firm = percent(found.rated_revenue), percent(found.firm_revenue)
        out.print(f"[soft]{t.say('rated_firm', rated=rated, firm=firm)}[/]")


def _foci(found: PotentialCheck, t: Words) -> None:
    if not found.foci:
        return
    heads = ("members", "change_potential_in", "unknown_beside")
    numbers = tuple(t.head(key, currency=found.currency) for key in heads)
    grid = table(t.head("focus"), *numbers, right=numbers)
    for one in found.foci:
        grid.add_row(escape(one.label), t.number(one.members), t.money(one.money), t.number(one.unknown))
    out.print(f"\n[bold]{t['foci']}[/]")
    out.print(grid)


def _separation(found: PotentialCheck, t: Words) -> None:
    numbers = tuple(t.head(f"separation_{key}") for key in ("won", "lost", "chance", "interval"))
    grid = table(t.head("criterion"), *numbers, t.head("separation_verdict"), right=numbers)
    for one in found.separation:
        chance, interval = "–", "–"
        verdict = t[f"verdict_{one.verdict.replace(' ', '_')}"]
        if one.auc is not None and one.low is not None and one.high is not None:
            chance = t.number(one.auc, 2)
            interval = t.say("bounds", low=t.number(one.low, 2), high=t.number(one.high, 2))
            verdict += t["reads_won"] if one.circular else ""
        grid.add_row(escape(one.label), t.number(one.won), t.number(one.lost), chance, interval, verdict)
    out.print(f"\n[bold]{t['separates']}[/]")
    out.print(grid)
    out.print(f"[soft]{t['chance_note']}[/]")


def _fields(found: PotentialCheck, t: Words) -> None:
    numbers = tuple(t.head(key) for key in ("filled", "by_revenue", "distinct", "commonest", "age"))
    grid = table(t.head("field"), t.head("serves"), *numbers, right=numbers)
    for one in found.fields[:FIELDS]:
        grid.add_row(
            escape(one.field),
            escape(one.use),
            percent(one.filled),
            percent(one.by_revenue),
            t.number(one.distinct),
            percent(one.most_common),
            "–" if one.age_days is None else t.number(one.age_days),
        )
    out.print(f"\n[bold]{t['fields']}[/]")
    out.print(grid)
    if len(found.fields) > FIELDS:
        out.print(f"[soft]{t.say('fields_more', count=t.number(len(found.fields) - FIELDS))}[/]")


def _fixes(found: PotentialCheck, t: Words) -> None:
    style = "good" if found.go else "bad"
    out.print(f"\n[{style}]{t['go' if found.go else 'no_go']}[/]")
    if not found.fixes:
        return
    revenue = t.head("revenue_in", currency=found.currency)
    grid = table(t.head("mend"), t.head("to_do"), revenue, right=(revenue,))
    for fix in found.fixes[:FIXES]:
        what = escape(fix.what)
        grid.add_row(f"[bad]{what}[/]" if fix.blocking else what, escape(fix.remedy), t.money(fix.worth))
    out.print(grid)
