"""kpm campaigns: propose, start, list, close."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated

import narwhals as nw
import typer
from rich.markup import escape

from connector import focus as foci
from connector.cli.app import app
from connector.cli.console import as_json, counted, out
from connector.cli.show import amount, table
from connector.cli.workplace import AsJson, AsOf, ConnectionName, Snapshot, Workplace, workplace
from connector.errors import ConfigError
from connector.fiscal import Quarter
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
        numbers = (
            f"change potential, {place.mapping.currency}",
            "of it firm",
            "members",
            "firm",
            "identify",
            "unknown",
        )
        grid = table("focus", "", *numbers, right=numbers)
        for one in ranking:
            grid.add_row(
                f"[bold]{escape(one.focus.id)}[/]",
                escape(one.focus.label),
                amount(one.money),
                amount(one.money_firm),
                f"{one.members:,}",
                f"{one.firm:,}",
                f"{one.identify:,}" if one.identify else "",
                f"{one.unknown:,}" if one.unknown else "",
            )
        out.print(f"By the sync as of {snapshot.as_of}")
        out.print(grid)
        out.print(
            "[soft]firm: whatever is still missing, the potential is high. identify: who decides there is unknown, and "
            "finding out is the work.\nunknown: no score on this focus; these accounts add no money.[/]",
        )
        if ranking and ranking[0].members:
            out.print(f"Start one with [bold]kpm campaigns start {ranking[0].focus.id}[/]")


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
        first = "The next sync" if campaign.started <= today else f"The first sync from {campaign.started} on"
        out.print(
            f"[good]Started[/] [bold]{escape(campaign.tag)}[/] with {counted(campaign.members, 'account')}, until "
            f"{campaign.ends}. {first} writes the tag on their records.",
        )
        numbers = ("score", f"contribution, {place.mapping.currency}")
        grid = table("the first members", "zone", *numbers, right=numbers)
        for row in members.slice(0, 5).to_pylist():
            score = "unknown" if row["score"] is None else f"{row['score']:.0f}"
            zone = f"[{row['segment']}]{escape(place.labels[row['segment']])}[/]"
            grid.add_row(escape(row["name"] or row["id"]), zone, score, amount(row["contribution"]))
        out.print(grid)


@commands.command("list")
def list_(
    context: typer.Context, connection: ConnectionName = None, as_of: AsOf = None, *, json: AsJson = False
) -> None:
    """List all campaigns, the latest first."""
    with workplace(context, connection) as place:
        today = place.as_of(as_of)
        campaigns = place.store.campaigns.all()
        if json:
            as_json([{**asdict(one), "state": state(one, today)} for one in campaigns])
            return
        if not campaigns:
            out.print("No campaign yet. [bold]kpm campaigns propose[/] shows where one would move most.")
            return
        grid = table("number", "tag", "focus", "from", "to", "members", "state", right=("number", "members"))
        for one in campaigns:
            dates = (str(one.started), str(one.closed or one.ends))
            grid.add_row(
                str(one.id), escape(one.tag), one.focus, *dates, f"{one.members:,}", state(one, today)
            )
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
        out.print(f"[good]Closed[/] {escape(campaign.tag)}. The next sync removes the tag from its members.")


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
