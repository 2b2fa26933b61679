"""Reports as tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from connector.cli.console import counted, out
from connector.mapping.model import SEGMENTS
from connector.quality import Quality, named
from connector.reports.plan import Plan

KINDS = {
    "first": "first values",
    "moved": "another zone",
    "updated": "changed values, same zone",
    "cleared": "no customer any more: our fields are cleared",
}
SHOWN = 6


def amount(cents: float | None) -> str:
    """Whole units with thousands separators."""
    return "–" if cents is None else f"{cents / 100:,.0f}"


def table(*columns: str, right: tuple[str, ...] = (), whole: tuple[str, ...] = ()) -> Table:
    """A plain table; columns named in `right` are numbers, those in `whole` are copied and never broken."""
    found = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="soft")
    for name in columns:
        justify: Literal["left", "right"] = "right" if name in right else "left"
        found.add_column(name, justify=justify, overflow="fold", no_wrap=name in whole)
    return found


def show_plan(plan: Plan, currency: str, *, first_run: bool) -> None:
    """Zones, movements, movers, fields, calls."""
    out.print(f"[bold]{counted(plan.portfolio, 'account')}[/] in the portfolio, of {plan.pulled:,} read")
    _zones(plan, currency, first_run=first_run)
    _movements(plan, currency)
    _standings(plan, currency)
    _changes(plan)
    _quality(plan.quality)
    _calls(plan)


def _zones(plan: Plan, currency: str, *, first_run: bool) -> None:
    numbers = ("accounts", "before", f"revenue 12 months, {currency}", "white space", "provisional")
    grid = table("zone", *numbers, right=numbers)
    # On a first run, and on a second one of that date, no zone is known from an earlier date.
    nothing_before = first_run or not any(zone.before for zone in plan.zones)
    for zone in plan.zones:
        grid.add_row(
            f"[{zone.segment}]{escape(zone.label)}[/]",
            f"{zone.accounts:,}",
            "–" if nothing_before else f"{zone.before:,}",
            amount(zone.revenue),
            amount(zone.headroom) if zone.headroom else "–",
            f"{zone.provisional:,}" if zone.provisional else "",
        )
    out.print()
    out.print(grid)
    if plan.top_revenue:
        out.print(
            f"[soft]The largest by revenue, {counted(plan.top_revenue, 'account')}, count as high on potential.[/]",
        )


def _movements(plan: Plan, currency: str) -> None:
    """From which zone to which: a matrix, and the largest that move by name."""
    moves = {(move.source, move.target): move for move in plan.movements if move.source is not None}
    if not moves:
        return
    labels = {zone.segment: zone.label for zone in plan.zones}
    grid = table("from \\ to", *labels.values(), "in all", right=(*labels.values(), "in all"))
    for zone in plan.zones:
        gone = {
            target: moves[zone.segment, target].accounts
            for target in labels
            if (zone.segment, target) in moves
        }
        cells = [
            f"[soft]{zone.before - sum(gone.values()):,}[/]"
            if target == zone.segment
            else f"[bold]{gone[target]:,}[/]"
            if target in gone
            else "–"
            for target in labels
        ]
        grid.add_row(f"[{zone.segment}]{escape(zone.label)}[/]", *cells, f"{zone.before:,}")
    out.print("\n[bold]Movement[/]")
    out.print(grid)
    moved = sum(move.accounts for move in moves.values())
    out.print(
        f"[soft]{counted(moved, 'account')} with {amount(plan.revenue_moved)} {currency} revenue of 12 months move; "
        "on the diagonal those that stay.[/]"
    )
    out.print()
    for mover in plan.movers:
        show_mover(
            mover.name or mover.id, (mover.source, mover.target), labels, mover.revenue, currency, mover.why
        )
    if moved > len(plan.movers):
        out.print(
            f"[soft]and {moved - len(plan.movers):,} more; kpm plan --json lists every pair of zones[/]"
        )


def show_mover(
    name: str,
    zones: tuple[str | None, str],
    labels: Mapping[str, str],
    revenue: int,
    currency: str,
    why: str | None,
    points: str = "",
) -> None:
    """One account that moves: in two lines, as a reason does not fit into a column."""
    source, target = (labels.get(zone or "", str(zone)) for zone in zones)
    style = zones[1] if zones[1] in SEGMENTS else "bold"
    out.print(
        f"[bold]{escape(name)}[/]: {escape(source)} → [{style}]{escape(target)}[/]{points}, "
        f"revenue {amount(revenue)} {currency}"
    )
    if why:
        out.print(Padding(f"[soft]{escape(why)}[/]", (0, 0, 0, 4)))


def _standings(plan: Plan, currency: str) -> None:
    unrated = next(zone.accounts for zone in plan.zones if zone.segment == "unrated")
    if unrated:
        labels = {zone.segment: zone.label for zone in plan.zones}
        numbers = ("accounts", "certain", f"revenue, {currency}")
        grid = table("would stand in", *numbers, right=numbers)
        for standing in plan.standings:
            zone = standing.zone
            label = "unknown: nothing is known on a dimension" if zone is None else labels.get(zone, zone)
            numbers_shown = (f"{standing.accounts:,}", f"{standing.certain:,}", amount(standing.revenue))
            grid.add_row(escape(label), *numbers_shown)
        out.print(
            f"\n[bold]{counted(unrated, 'account')} not rated yet[/]; by what the CRM knows of them, they"
        )
        out.print(grid)
        out.print("[soft]certain: whatever is still missing, the zone would be this one.[/]")
        _unrated(plan, labels, currency)
    wanted = [rating for rating in plan.wanted if rating.rated or rating.firm]
    if wanted:
        gains = ("missing in", "makes rated", "makes firm", f"revenue, {currency}")
        grid = table("criterion", "answered by", *gains, right=gains)
        for rating in wanted[:SHOWN]:
            grid.add_row(
                escape(rating.label),
                escape(rating.fill),
                f"{rating.unknown:,}",
                f"{rating.rated:,}",
                f"{rating.firm:,}",
                amount(rating.revenue),
            )
        out.print(
            "\n[bold]Ratings worth asking for[/], by the revenue of the accounts that each would settle"
        )
        out.print(grid)


def _unrated(plan: Plan, labels: dict[str, str], currency: str) -> None:
    """The largest unrated accounts, each with its bounds."""
    grid = table(
        "the largest", "potential", "attractiveness", "would stand in", "missing", f"revenue, {currency}"
    )
    for one in plan.unrated[:SHOWN]:
        zone = "unknown" if one.zone is None else labels.get(one.zone, one.zone)
        bounds = [f"{low} to {high}" for low, high in (one.potential, one.attractiveness)]
        missing = ", ".join(one.missing)
        grid.add_row(escape(one.name or one.id), *bounds, escape(zone), escape(missing), amount(one.revenue))
    out.print()
    out.print(grid)


def _changes(plan: Plan) -> None:
    if plan.pilot is not None:
        style = "soft" if plan.pilot else "warning"
        of = f"{plan.pilot:,} of {counted(plan.portfolio, 'customer')}"
        out.print(f"\n[{style}]The pilot of \\[write] where holds for {of}; no other account is written.[/]")
    if not plan.to_write:
        out.print("\n[good]Nothing to write[/]: the CRM already holds these results.")
        return
    out.print(f"\n[bold]{counted(plan.to_write, 'account')} to write[/]")
    for kind, text in KINDS.items():
        if count := plan.changes.get(kind, 0):
            out.print(f"  {count:>9,} {text}")
    named = ", ".join(f"{escape(name)} ({count:,})" for name, count in plan.fields.items())
    out.print(f"[soft]Fields: {named}. No other field is touched.[/]")


def _quality(notes: list[dict[str, Any]]) -> None:
    if not notes:
        return
    out.print("\n[bold]What the data lacks[/]")
    for note in notes[:SHOWN]:
        out.print(f"  {note['count']:>9,} {escape(note['message'])}{escape(named(note))}")
    if len(notes) > SHOWN:
        out.print(f"[soft]  and {len(notes) - SHOWN} more kinds: kpm plan --json lists them all[/]")


def _calls(plan: Plan) -> None:
    if plan.calls is None:
        return
    text = counted(plan.calls.calls, "API call")
    if plan.quota is not None and plan.quota.limit:
        share = plan.calls.calls / plan.quota.limit
        text += f", {'under 0.1%' if share < 0.001 else f'{share:.1%}'} of the daily quota"
        if plan.quota.used is not None:
            text += f" ({plan.quota.used:,} of {plan.quota.limit:,} used)"
    out.print(f"\n[soft]A sync takes about {text}.[/]")


def quality_notes(quality: Iterable[Quality]) -> list[dict[str, Any]]:
    """What the data lacks, as lines with a count."""
    return [note.note for note in quality]
