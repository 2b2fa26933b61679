"""Reports as tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from connector.cli.console import out
from connector.mapping.model import SEGMENTS
from connector.mapping.model import Mapping as MappingFile
from connector.quality import Quality, named, noted
from connector.reports.plan import Plan
from connector.reports.words import Words, words

KINDS = ("first", "moved", "updated", "cleared")
SHOWN = 6
LEAST_SHARE = 0.001
"""Of the daily quota; below that it is said to be less."""


def table(*columns: str, right: tuple[str, ...] = (), whole: tuple[str, ...] = ()) -> Table:
    """A plain table; columns named in `right` are numbers, those in `whole` are copied and never broken."""
    found = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="soft")
    for name in columns:
        justify: Literal["left", "right"] = "right" if name in right else "left"
        found.add_column(name, justify=justify, overflow="fold", no_wrap=name in whole)
    return found


def show_plan(plan: Plan, mapping: MappingFile, *, first_run: bool) -> None:
    """Zones, movements, movers, fields, calls, in the language of the mapping."""
    t, currency = words(mapping.language), mapping.currency
    accounts = f"[bold]{t.many('accounts', plan.portfolio)}[/]"
    out.print(t.say("in_portfolio", accounts=accounts, read=t.number(plan.pulled)))
    _zones(plan, currency, t, first_run=first_run)
    _movements(plan, currency, t)
    _standings(plan, currency, t)
    _changes(plan, t)
    _quality(plan.quality, t)
    _calls(plan, t)


def _zones(plan: Plan, currency: str, t: Words, *, first_run: bool) -> None:
    heads = ("accounts", "before", "revenue_12", "white_space", "provisional")
    numbers = tuple(t.head(key, currency=currency) for key in heads)
    grid = table(t.head("zone"), *numbers, right=numbers)
    # On a first run, and on a second one of that date, no zone is known from an earlier date.
    nothing_before = first_run or not any(zone.before for zone in plan.zones)
    for zone in plan.zones:
        grid.add_row(
            f"[{zone.segment}]{escape(zone.label)}[/]",
            t.number(zone.accounts),
            "–" if nothing_before else t.number(zone.before),
            t.money(zone.revenue),
            t.money(zone.headroom) if zone.headroom else "–",
            t.number(zone.provisional) if zone.provisional else "",
        )
    out.print()
    out.print(grid)
    if plan.top_revenue:
        high = t.say("top_count_high", accounts=t.many("accounts", plan.top_revenue))
        out.print(f"[soft]{high}[/]")


def _movements(plan: Plan, currency: str, t: Words) -> None:
    """From which zone to which: a matrix, and the largest that move by name."""
    moves = {(move.source, move.target): move for move in plan.movements if move.source is not None}
    if not moves:
        return
    labels = {zone.segment: zone.label for zone in plan.zones}
    numbers = (*labels.values(), t["in_all"])
    grid = table(t["from_to"], *numbers, right=numbers)
    for zone in plan.zones:
        gone = {
            target: moves[zone.segment, target].accounts
            for target in labels
            if (zone.segment, target) in moves
        }
        cells = [
            f"[soft]{t.number(zone.before - sum(gone.values()))}[/]"
            if target == zone.segment
            else f"[bold]{t.number(gone[target])}[/]"
            if target in gone
            else "–"
            for target in labels
        ]
        grid.add_row(f"[{zone.segment}]{escape(zone.label)}[/]", *cells, t.number(zone.before))
    out.print(f"\n[bold]{t['movement_title']}[/]")
    out.print(grid)
    moved = sum(move.accounts for move in moves.values())
    accounts, revenue = t.many("accounts", moved), t.money(plan.revenue_moved)
    told = t.say("movement_sum", accounts=accounts, revenue=revenue, currency=currency)
    out.print(f"[soft]{told}[/]\n")
    for mover in plan.movers:
        zones = (mover.source, mover.target)
        show_mover(mover.name or mover.id, zones, labels, mover.revenue, currency, mover.why, t)
    if moved > len(plan.movers):
        more = t.number(moved - len(plan.movers))
        out.print(f"[soft]{t.say('movers_more', count=more, command='kpm plan --json')}[/]")


def show_mover(
    name: str,
    zones: tuple[str | None, str],
    labels: Mapping[str, str],
    revenue: int,
    currency: str,
    why: str | None,
    t: Words,
    points: str = "",
) -> None:
    """One account that moves: in two lines, as a reason does not fit into a column."""
    source, target = (labels.get(zone or "", str(zone)) for zone in zones)
    style = zones[1] if zones[1] in SEGMENTS else "bold"
    money = t.say("mover_revenue", revenue=t.money(revenue), currency=currency)
    out.print(f"[bold]{escape(name)}[/]: {escape(source)} → [{style}]{escape(target)}[/]{points}{money}")
    if why:
        out.print(Padding(f"[soft]{escape(why)}[/]", (0, 0, 0, 4)))


def _standings(plan: Plan, currency: str, t: Words) -> None:
    unrated = next(zone.accounts for zone in plan.zones if zone.segment == "unrated")
    if unrated:
        labels = {zone.segment: zone.label for zone in plan.zones}
        numbers = tuple(t.head(key, currency=currency) for key in ("accounts", "certain", "revenue_in"))
        grid = table(t.head("would_stand"), *numbers, right=numbers)
        for standing in plan.standings:
            zone = standing.zone
            label = t["nothing_known"] if zone is None else labels.get(zone, zone)
            counts = (t.number(standing.accounts), t.number(standing.certain))
            grid.add_row(escape(label), *counts, t.money(standing.revenue))
        title = t.say("unrated_title", accounts=t.many("accounts", unrated))
        out.print(f"\n[bold]{title}[/]{t['unrated_by']}")
        out.print(grid)
        out.print(f"[soft]{t['certain_note']}[/]")
        _unrated(plan, labels, currency, t)
    wanted = [rating for rating in plan.wanted if rating.rated or rating.firm]
    if wanted:
        gains = ("missing_in", "makes_rated", "makes_firm", "revenue_in")
        numbers = tuple(t.head(key, currency=currency) for key in gains)
        grid = table(t.head("criterion"), t.head("answered_by"), *numbers, right=numbers)
        for rating in wanted[:SHOWN]:
            gained = (t.number(count) for count in (rating.unknown, rating.rated, rating.firm))
            grid.add_row(escape(rating.label), escape(rating.fill), *gained, t.money(rating.revenue))
        out.print(f"\n[bold]{t['ratings_wanted']}[/]{t['ratings_wanted_by']}")
        out.print(grid)


def _unrated(plan: Plan, labels: dict[str, str], currency: str, t: Words) -> None:
    """The largest unrated accounts, each with its bounds."""
    heads = ("largest_unrated", "potential", "fit", "would_stand", "missing", "revenue_in")
    grid = table(*(t.head(key, currency=currency) for key in heads))
    for one in plan.unrated[:SHOWN]:
        zone = t["unknown"] if one.zone is None else labels.get(one.zone, one.zone)
        bounds = [t.say("bounds", low=low, high=high) for low, high in (one.potential, one.attractiveness)]
        missing = ", ".join(one.missing)
        grid.add_row(escape(one.name or one.id), *bounds, escape(zone), escape(missing), t.money(one.revenue))
    out.print()
    out.print(grid)


def _changes(plan: Plan, t: Words) -> None:
    if plan.pilot is not None:
        style = "soft" if plan.pilot else "warning"
        customers = t.many("customers", plan.portfolio)
        pilot = escape(t.say("pilot", pilot=t.number(plan.pilot), customers=customers))
        out.print(f"\n[{style}]{pilot}[/]")
    if not plan.to_write:
        out.print(f"\n[good]{t['nothing_to_write']}[/]{t['holds_already']}")
        return
    out.print(f"\n[bold]{t.say('to_write', accounts=t.many('accounts', plan.to_write))}[/]")
    for kind in KINDS:
        if count := plan.changes.get(kind, 0):
            out.print(f"  {t.number(count):>9} {t[f'change_{kind}']}")
    named = ", ".join(f"{escape(name)} ({t.number(count)})" for name, count in plan.fields.items())
    out.print(f"[soft]{t.say('fields_written', named=named)}[/]")


def _quality(notes: list[dict[str, Any]], t: Words) -> None:
    if not notes:
        return
    out.print(f"\n[bold]{t['lacks']}[/]")
    for note in notes[:SHOWN]:
        out.print(f"  {t.number(note['count']):>9} {escape(noted(note, t.language))}{escape(named(note))}")
    if len(notes) > SHOWN:
        more = t.say("more_kinds", count=t.number(len(notes) - SHOWN), command="kpm plan --json")
        out.print(f"[soft]  {more}[/]")


def _calls(plan: Plan, t: Words) -> None:
    if plan.calls is None:
        return
    text = t.many("api_calls", plan.calls.calls)
    if plan.quota is not None and plan.quota.limit:
        share = plan.calls.calls / plan.quota.limit
        shown = t.number(100 * share, 1) + " %"
        if share < LEAST_SHARE:
            shown = t.say("calls_under", share=t.number(100 * LEAST_SHARE, 1) + " %")
        text += t.say("calls_share", share=shown)
        if plan.quota.used is not None:
            text += t.say("calls_used", used=t.number(plan.quota.used), limit=t.number(plan.quota.limit))
    out.print(f"\n[soft]{t.say('calls_about', calls=text)}[/]")


def quality_notes(quality: Iterable[Quality]) -> list[dict[str, Any]]:
    """What the data lacks, as lines with a count."""
    return [note.note for note in quality]
