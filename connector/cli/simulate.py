"""`kpm simulate`: the data that was read last, under another mapping."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from connector.cli.app import app
from connector.cli.console import as_json, counted, out, progress
from connector.cli.show import amount, show_mover, table
from connector.cli.workplace import AsJson, AsOf, ConnectionName, Workplace, borders, show_problems, workplace
from connector.errors import ConfigError
from connector.mapping import Mapping, read
from connector.mapping.model import DIMENSIONS
from connector.reports.simulation import OUTSIDE, PLACES, Shift, Simulation, simulation
from connector.stored import StoredCrm
from connector.sync import Preview, preview

TRYING = "Trying out"
SHOWN = 12


@app.command(rich_help_panel=TRYING)
def simulate(
    context: typer.Context,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="One setting of the mapping, such as criteria.headroom.weight=30; may be given several times.",
        ),
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", metavar="FILE", help="Another mapping file.")
    ] = None,
    connection: ConnectionName = None,
    as_of: AsOf = None,
    *,
    json: AsJson = False,
) -> None:
    """Try another mapping on the data that was read last: who would stand elsewhere, and how much revenue moves.

    No CRM call is made and nothing is written. A mapping that needs a field which was not read says so.
    """
    if not settings and mapping is None:
        raise ConfigError(
            "What shall be tried? Give --set criteria.headroom.weight=30 (several times, if need be) or --mapping FILE."
        )
    with workplace(context, connection) as place:
        other, problems = read(mapping or place.connection.mapping, place.connection.crm, settings or ())
        show_problems(problems)
        crm, day = stored(place, as_of)
        today = rated("now", crm, place, place.mapping, day)
        found = compared(crm, today, rated("then", crm, place, other, day), day)
        as_json(found.as_json()) if json else show_simulation(found, place, other)


def stored(place: Workplace, as_of: datetime | None) -> tuple[StoredCrm, date]:
    """What was read last, and the day to rate it: that of the last sync unless another is asked for."""
    last = place.store.runs.last_completed()
    day = last.as_of if as_of is None and last is not None else place.as_of(as_of)
    return StoredCrm(place.connection.crm, place.store.mirror), day


def rated(title: str, crm: StoredCrm, place: Workplace, mapping: Mapping, day: date) -> Preview:
    """The stored data under a mapping."""
    with progress({"pull": f"{title}: reading what is kept"}) as shown:
        return preview(crm, place.store, mapping, day, progress=shown)


def compared(crm: StoredCrm, today: Preview, then: Preview, day: date) -> Simulation:
    """Who would stand elsewhere."""
    return simulation(
        today.accounts,
        then.accounts,
        as_of=day,
        thresholds=(borders(today.thresholds), borders(then.thresholds)),
        notes=tuple(crm.notes),
    )


def show_simulation(found: Simulation, place: Workplace, other: Mapping) -> None:
    """Zones before and after, movement, movers."""
    labels = {**place.labels, OUTSIDE: "Outside the portfolio"}
    currency = other.currency
    out.print(
        f"\n[bold]{escape(place.name)}[/], the data read last, as of {found.as_of}: "
        f"{counted(found.accounts, 'account')}; nothing is written"
    )
    numbers = (
        "now",
        "then",
        "revenue now",
        f"revenue then, {currency}",
        "provisional now",
        "then provisional",
    )
    grid = table("zone", *numbers, right=numbers)
    for zone in found.zones:
        if zone.before or zone.after or zone.segment != OUTSIDE:
            grid.add_row(
                f"[{zone.segment}]{escape(labels[zone.segment])}[/]"
                if zone.segment != OUTSIDE
                else labels[OUTSIDE],
                f"{zone.before:,}",
                f"{zone.after:,}",
                amount(zone.revenue_before),
                amount(zone.revenue_after),
                f"{zone.provisional_before:,}",
                f"{zone.provisional_after:,}",
            )
    out.print(grid)
    for name in ("potential", "attractiveness"):
        now, then = (getattr(each, name) for each in found.thresholds)
        if now != then:
            out.print(f"[soft]high on {name} from {now:g} now, from {then:g} then[/]")
    _matrix(found, labels)
    _movers(found, labels, currency)
    for note in found.notes:
        out.print(f"[warning]Mind[/] {escape(note)}")


def _matrix(found: Simulation, labels: dict[str, str]) -> None:
    cells = {(cell.source, cell.target): cell for cell in found.cells}
    used = [place for place in PLACES if any(place in pair for pair in cells)]
    names = [labels[place] for place in used]
    grid = table("from \\ to", *names, right=tuple(names))
    for source in used:
        row = [cells.get((source, target)) for target in used]
        grid.add_row(
            escape(labels[source]),
            *(
                "–"
                if cell is None
                else f"[soft]{cell.accounts:,}[/]"
                if cell.source == cell.target
                else f"[bold]{cell.accounts:,}[/]"
                for cell in row
            ),
        )
    out.print("\n[bold]Movement[/]")
    out.print(grid)


def _movers(found: Simulation, labels: dict[str, str], currency: str) -> None:
    if not found.moved:
        out.print(
            f"\n[good]Nobody would move[/]; the points of {counted(found.rescored, 'account')} would change."
        )
        return
    out.print(
        f"\n[bold]{counted(found.moved, 'account')}[/] with {amount(found.revenue_moved)} {currency} revenue of 12 "
        f"months would move; the points of {found.rescored:,} would change."
    )
    for shift in found.movers[:SHOWN]:
        zones = (shift.source, shift.target)
        show_mover(shift.name or shift.id, zones, labels, shift.revenue, currency, shift.why, _points(shift))
    if found.moved > SHOWN:
        out.print(f"[soft]and {found.moved - SHOWN:,} more; --json names the largest {len(found.movers)}[/]")


def _points(shift: Shift) -> str:
    """Which points change: ``, potential 52 → 40``."""
    changed = [
        f", {name} {_point(was)} → {_point(then)}"
        for name, was, then in zip(DIMENSIONS, shift.was, shift.then, strict=True)
        if was != then
    ]
    return "".join(changed)


def _point(value: int | None) -> str:
    return "unknown" if value is None else str(value)
