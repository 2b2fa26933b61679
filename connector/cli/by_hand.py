"""kpm overrides: what people have set by hand."""

from __future__ import annotations

import typer
from rich.markup import escape

from connector.cli.app import app
from connector.cli.console import as_json, counted, out
from connector.cli.show import SHOWN, table
from connector.cli.workplace import AsJson, AsOf, ConnectionName, workplace
from connector.errors import ConfigError
from connector.overrides import Ignored
from connector.reports.by_hand import SOON, ByHand, Decision, by_hand

ORIGINS = {"crm": "set in the CRM", "file": "set in a file"}


@app.command(rich_help_panel="Every day")
def overrides(
    context: typer.Context, connection: ConnectionName = None, as_of: AsOf = None, *, json: AsJson = False
) -> None:
    """List what people have set by hand: zones and criterion scores, by whom, why and until when.

    It reads the CRM and the override file as they are now, as `kpm plan` does. Decisions without effect are listed with
    the cause, and those that have ended as long as they stand in their place.
    """
    with workplace(context, connection) as place:
        if place.mapping.override is None:
            raise ConfigError(
                f"{place.connection.mapping.name} has no section [override], so nothing can be set by hand. "
                "docs/mapping.md shows one."
            )
        found = place.preview(place.as_of(as_of))
        listed = by_hand(found.accounts, place.mapping, found.as_of, place.labels, found.ignored)
        if json:
            as_json({"as_of": found.as_of, **listed.as_json()})
            return
        if not (listed.decisions or listed.ended or listed.ignored):
            out.print(f"Nothing is set by hand as of {found.as_of}.")
            return
        _decisions(listed.decisions, listed)
        _without_effect("Ended, and to be taken out", listed.ended)
        _without_effect("Without effect", listed.ignored)


def show_by_hand(found: ByHand) -> None:
    """The part of a plan: how many, which end soon, which have no effect."""
    if not (found.decisions or found.ignored):
        return
    scores = len(found.decisions) - found.accounts
    text = f"[bold]{counted(found.accounts, 'zone')} set by hand[/]"
    out.print("\n" + text + (f", {counted(scores, 'score')}" if scores else ""))
    if found.ending:
        out.print(f"{counted(len(found.ending), 'decision')} end within {SOON} days:")
        _decisions(found.ending[:SHOWN], found)
    _without_effect("Without effect", found.ignored[:SHOWN], len(found.ignored))
    if len(found.ending) > SHOWN or len(found.ignored) > SHOWN:
        out.print("[soft]kpm overrides lists them all[/]")


def _decisions(listed: list[Decision], found: ByHand) -> None:
    if not listed:
        return
    grid = table("account", "what", "set to", "computed zone", "by", "reason", "until")
    for one in listed:
        zone = one.what == "segment"
        shown = escape(one.shown)
        grid.add_row(
            escape(one.name or one.account),
            escape(one.subject),
            f"[{one.value}]{shown}[/]" if zone else shown,
            escape(one.computed or "") if zone else "",
            escape(one.owner or ORIGINS[one.origin]),
            escape(one.reason or "no reason given"),
            f"[warning]{one.until}[/]" if one in found.ending else str(one.until),
        )
    out.print(grid)


def _without_effect(title: str, listed: list[Ignored], count: int | None = None) -> None:
    if not listed:
        return
    out.print(f"\n[bold]{title}[/]: {len(listed) if count is None else count:,}")
    grid = table("account", "what", "value", "where", "cause")
    for one in listed:
        grid.add_row(*(escape(text) for text in (one.account, one.what, one.value, one.place, one.cause)))
    out.print(grid)
