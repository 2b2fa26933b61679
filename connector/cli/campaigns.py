"""kpm campaigns: propose, start, list, close."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

import narwhals as nw
import typer
from rich.markup import escape

from connector import focus as foci
from connector.cli.app import app
from connector.cli.console import as_json, counted, out
from connector.cli.show import table
from connector.cli.workplace import AsJson, AsOf, ConnectionName, Snapshot, Workplace, workplace
from connector.errors import ConfigError
from connector.fiscal import Quarter
from connector.reports.words import words
from connector.store import Campaign

commands = typer.Typer(
    no_args_is_help=True,
    help="Work the portfolio in campaigns: one focus per quarter, chosen where the change potential is largest.",
)
app.add_typer(commands, name="campaigns", rich_help_panel="Every day")


@commands.command()
def propose(context: typer.Context, connection: ConnectionName = None, *, json: AsJson = False) -> None:
    """Rank what the next campaign could work on, by the accounts as the last sync left them.

    Change potential: white space x weight x shortfall to the target x how much of it a quarter can move, summed over
    the accounts with high potential.
    """
    with workplace(context, connection) as place:
        snapshot = place.snapshot()
        ranking = _ranking(place, snapshot)
        if json:
            as_json([_proposal(one) for one in ranking])
            return
        _show_ranking(ranking, place, snapshot)


@commands.command()
def start(
    context: typer.Context,
    focus: Annotated[
        str | None, typer.Argument(metavar="FOCUS", help="What to work on; `propose` lists them.")
    ] = None,
    connection: ConnectionName = None,
    quarter: Annotated[
        str | None, typer.Option(metavar="QUARTER", help="Such as 2027Q1; by default the current one.")
    ] = None,
    as_of: AsOf = None,
    *,
    best: Annotated[
        bool, typer.Option("--best", help="The focus with the largest change potential.")
    ] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Even with fewer members or more campaigns than set.")
    ] = False,
) -> None:
    """Start a campaign: its members are frozen now, the next sync writes its tag on them."""
    with workplace(context, connection) as place:
        snapshot = place.snapshot()
        ranking = _ranking(place, snapshot)
        if best and ranking:
            focus = ranking[0].focus.id
        known = {one.focus.id: one for one in ranking}
        if focus is None or focus not in known:
            said = "Name a focus" if focus is None else f'There is no focus "{focus}"'
            raise ConfigError(f"{said}: {', '.join(known)}. `kpm campaigns propose` ranks them.")
        today = place.as_of(as_of)
        chosen = _quarter(place, quarter, today)
        members = foci.members(nw.from_native(snapshot.accounts.lazy()), place.mapping, focus)
        if not anyway:
            _check(place, chosen, members.num_rows)
        tag = place.mapping.campaigns.tag.format(quarter=chosen, focus=known[focus].focus.label).replace(
            ";", ","
        )
        campaign = place.store.campaigns.start(
            focus,
            str(chosen),
            tag,
            started=max(chosen.start, today),
            ends=chosen.end,
            at_start=members,
        )
        _show_started(campaign, members.slice(0, 5).to_pylist(), place, today)


@commands.command("list")
def list_(
    context: typer.Context, connection: ConnectionName = None, as_of: AsOf = None, *, json: AsJson = False
) -> None:
    """List all campaigns, the latest first."""
    with workplace(context, connection) as place:
        t, today = words(place.mapping.language), place.as_of(as_of)
        campaigns = place.store.campaigns.all()
        if json:
            as_json([{**asdict(one), "state": state(one, today)} for one in campaigns])
            return
        if not campaigns:
            out.print(t.say("no_campaign", command="[bold]kpm campaigns propose[/]"))
            return
        heads = ("campaign_number", "tag", "focus", "from", "until", "members", "state")
        numbers = (t.head("campaign_number"), t.head("members"))
        grid = table(*(t.head(key) for key in heads), right=numbers)
        for one in campaigns:
            dates = (str(one.started), str(one.closed or one.ends))
            held = (t.number(one.members), t[f"state_{state(one, today)}"])
            grid.add_row(str(one.id), escape(one.tag), one.focus, *dates, *held)
        out.print(grid)


@commands.command()
def close(
    context: typer.Context,
    number: Annotated[
        int | None, typer.Argument(metavar="NUMBER", help="Which one, by `list`; by default the active one.")
    ] = None,
    connection: ConnectionName = None,
    as_of: AsOf = None,
) -> None:
    """Close a campaign before its quarter ends: the next sync removes its tag."""
    with workplace(context, connection) as place:
        today = place.as_of(as_of)
        open_ones = [one for one in place.store.campaigns.all() if one.closed is None and one.ends >= today]
        if number is None:
            if len(open_ones) != 1:
                numbers = ", ".join(str(one.id) for one in open_ones)
                raise ConfigError(f"Which one? {numbers} are open." if open_ones else "No campaign is open.")
            number = open_ones[0].id
        try:
            campaign = place.store.campaigns.close(number, today)
        except KeyError:
            raise ConfigError(
                f"There is no campaign number {number}; `kpm campaigns list` shows them."
            ) from None
        t = words(place.mapping.language)
        out.print(f"[good]{t['campaign_closed']}[/]{t.say('tag_removed', tag=escape(campaign.tag))}")


def _show_ranking(ranking: tuple[foci.Proposal, ...], place: Workplace, snapshot: Snapshot) -> None:
    t = words(place.mapping.language)
    heads = ("change_potential_in", "of_it_firm", "members", "firm_members", "identify", "unknown_members")
    numbers = tuple(t.head(key, currency=place.mapping.currency) for key in heads)
    grid = table(t.head("focus"), "", *numbers, right=numbers)
    for one in ranking:
        grid.add_row(
            f"[bold]{escape(one.focus.id)}[/]",
            escape(one.focus.label),
            t.money(one.money),
            t.money(one.money_firm),
            t.number(one.members),
            t.number(one.firm),
            t.number(one.identify) if one.identify else "",
            t.number(one.unknown) if one.unknown else "",
        )
    out.print(t.say("by_sync", day=snapshot.as_of))
    out.print(grid)
    out.print(f"[soft]{t['proposal_note']}[/]")
    if ranking and ranking[0].members:
        command = f"[bold]kpm campaigns start {ranking[0].focus.id}[/]"
        out.print(t.say("start_with", command=command))


def _show_started(campaign: Campaign, first: list[dict[str, Any]], place: Workplace, today: date) -> None:
    t = words(place.mapping.language)
    tag, accounts = f"[bold]{escape(campaign.tag)}[/]", t.many("accounts", campaign.members)
    told = t.say("campaign_with", tag=tag, accounts=accounts, day=campaign.ends)
    told += t["tag_next_sync"] if campaign.started <= today else t.say("tag_from", day=campaign.started)
    out.print(f"[good]{t['campaign_started']}[/]{told}")
    numbers = (t.head("score"), t.head("contribution_in", currency=place.mapping.currency))
    grid = table(t.head("first_members"), t.head("zone"), *numbers, right=numbers)
    for row in first:
        score = t["unknown"] if row["score"] is None else f"{row['score']:.0f}"
        zone = f"[{row['segment']}]{escape(place.labels[row['segment']])}[/]"
        grid.add_row(escape(row["name"] or row["id"]), zone, score, t.money(row["contribution"]))
    out.print(grid)


def state(campaign: Campaign, today: date) -> str:
    """planned, active, closed or ended."""
    if campaign.closed is not None and campaign.closed <= today:
        return "closed"
    if campaign.ends < today:
        return "ended"
    return "active" if campaign.started <= today else "planned"


def _ranking(place: Workplace, snapshot: Snapshot) -> tuple[foci.Proposal, ...]:
    return foci.propose(nw.from_native(snapshot.accounts.lazy()), place.mapping)


def _proposal(one: foci.Proposal) -> dict[str, object]:
    figures = {name: value for name, value in asdict(one).items() if name != "focus"}
    return {
        "focus": one.focus.id,
        "label": one.focus.label,
        **figures,
        "members": one.members,
        "money": one.money,
    }


def _quarter(place: Workplace, given: str | None, today: date) -> Quarter:
    if given is None:
        return place.quarter(today)
    try:
        chosen = Quarter.parse(given, place.mapping.campaigns.fiscal_year_start)
    except ValueError as error:
        raise ConfigError(f"--quarter: {error}.") from None
    if chosen.end < today:
        raise ConfigError(
            f"--quarter: {chosen} ended on {chosen.end}. Choose the current quarter or a later one."
        )
    return chosen


def _check(place: Workplace, chosen: Quarter, members: int) -> None:
    rules = place.mapping.campaigns
    if members < rules.min_members:
        raise ConfigError(
            f"It would have {counted(members, 'member')}, fewer than campaigns.min_members = {rules.min_members}: "
            "their success could not be told from chance. Choose another focus, or start it with --anyway.",
        )
    year = [one for one in place.store.campaigns.all() if one.quarter.startswith(f"{chosen.year:04d}Q")]
    if len(year) >= rules.max_per_year:
        raise ConfigError(
            f"{chosen.year} has {len(year)} campaigns already, campaigns.max_per_year = {rules.max_per_year}. "
            "Raise it in the mapping, or start this one with --anyway.",
        )
