"""`kpm simulate`: the data that was read last, under another mapping."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from connector.cli.app import app
from connector.cli.console import as_json, out, progress
from connector.cli.show import show_mover, table
from connector.cli.workplace import AsJson, AsOf, ConnectionName, Workplace, borders, show_problems, workplace
from connector.errors import ConfigError
from connector.mapping import Mapping, live, read
from connector.mapping.model import DIMENSIONS
from connector.reports.simulation import OUTSIDE, PLACES, Shift, Simulation, simulation
from connector.reports.words import Words, words
from connector.stored import StoredCrm
from connector.sync import Preview, preview
from connector.texts import segment_labels

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
        file = (mapping or place.connection.mapping).name
        show_problems(live.demand_of_accounts(other, crm.describe("accounts"), file))
        today = rated("now", crm, place, place.mapping, day)
        found = compared(crm, today, rated("then", crm, place, other, day), day)
        as_json(found.as_json()) if json else show_simulation(found, place.name, place.mapping, other)


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


def show_simulation(found: Simulation, connection: str, mapping: Mapping, other: Mapping) -> None:
    """Zones before and after, movement, movers, in the language of the mapping in use.

    Args:
        found: what the other mapping would do.
        connection: its name.
        mapping: the one in use.
        other: the one that is tried.
    """
    t, currency = words(mapping.language), other.currency
    labels = {str(segment): label for segment, label in segment_labels(mapping).items()}
    labels[OUTSIDE] = t["outside_place"]
    head = t.say(
        "simulation_head",
        connection=f"[bold]{escape(connection)}[/]",
        day=found.as_of,
        accounts=t.many("accounts", found.accounts),
    )
    out.print(f"\n{head}")
    _zones(found, labels, currency, t)
    for name, key in (("potential", "potential"), ("attractiveness", "fit")):
        now, then = (getattr(each, name) for each in found.thresholds)
        if now != then:
            border = t.say("border_moves", dimension=t.head(key), now=t.brief(now), then=t.brief(then))
            out.print(f"[soft]{border}[/]")
    _matrix(found, labels, t)
    _movers(found, labels, currency, t)
    for note in found.notes:
        out.print(f"[warning]{t['mind']}[/] {escape(note)}")


def _zones(found: Simulation, labels: dict[str, str], currency: str, t: Words) -> None:
    heads = (
        "zone_now",
        "zone_then",
        "revenue_now",
        "revenue_then",
        "provisional_now",
        "provisional_then",
    )
    numbers = tuple(t.head(key, currency=currency) for key in heads)
    grid = table(t.head("zone"), *numbers, right=numbers)
    for zone in found.zones:
        if zone.before or zone.after or zone.segment != OUTSIDE:
            label = escape(labels[zone.segment])
            grid.add_row(
                label if zone.segment == OUTSIDE else f"[{zone.segment}]{label}[/]",
                t.number(zone.before),
                t.number(zone.after),
                t.money(zone.revenue_before),
                t.money(zone.revenue_after),
                t.number(zone.provisional_before),
                t.number(zone.provisional_after),
            )
    out.print(grid)


def _matrix(found: Simulation, labels: dict[str, str], t: Words) -> None:
    cells = {(cell.source, cell.target): cell for cell in found.cells}
    used = [place for place in PLACES if any(place in pair for pair in cells)]
    names = [labels[place] for place in used]
    grid = table(t["from_to"], *names, right=tuple(names))
    for source in used:
        row = [cells.get((source, target)) for target in used]
        grid.add_row(
            escape(labels[source]),
            *(
                "–"
                if cell is None
                else f"[{'soft' if cell.source == cell.target else 'bold'}]{t.number(cell.accounts)}[/]"
                for cell in row
            ),
        )
    out.print(f"\n[bold]{t['movement_title']}[/]")
    out.print(grid)


def _movers(found: Simulation, labels: dict[str, str], currency: str, t: Words) -> None:
    rescored = t.say("points_change", accounts=t.many("accounts", found.rescored))
    if not found.moved:
        out.print(f"\n[good]{t['nobody_moves']}[/]{rescored}")
        return
    accounts = f"[bold]{t.many('accounts', found.moved)}[/]"
    revenue = t.money(found.revenue_moved)
    out.print("\n" + t.say("would_move", accounts=accounts, revenue=revenue, currency=currency) + rescored)
    for shift in found.movers[:SHOWN]:
        zones, points = (shift.source, shift.target), _points(shift, t)
        show_mover(shift.name or shift.id, zones, labels, shift.revenue, currency, shift.why, t, points)
    if found.moved > SHOWN:
        more = t.number(found.moved - SHOWN)
        named = t.number(len(found.movers))
        out.print(f"[soft]{t.say('names_more', count=more, command='--json', named=named)}[/]")


def _points(shift: Shift, t: Words) -> str:
    """Which points change: ``, potential 52 → 40``."""
    return "".join(
        f", {t[f'dimension_{name}']} {_point(was, t)} → {_point(then, t)}"
        for name, was, then in zip(DIMENSIONS, shift.was, shift.then, strict=True)
        if was != then
    )


def _point(value: int | None, t: Words) -> str:
    return t["unknown"] if value is None else str(value)
