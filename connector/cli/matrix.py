"""`kpm matrix`: the rating matrix on one page."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from connector.cli.app import app
from connector.cli.console import as_json, out
from connector.cli.show import table
from connector.cli.workplace import AsJson, ConnectionName, Workplace, show_problems, workplace, written
from connector.mapping.model import DIMENSIONS, Dimension
from connector.reports.rating_matrix import Heading, Part, RatingMatrix, Row, page, rating_matrix
from connector.reports.versions import history
from connector.sync import fingerprint

SHOWN = 5


@app.command(rich_help_panel="Trying out")
def matrix(
    context: typer.Context,
    connection: ConnectionName = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it as an HTML page to print and sign.")
    ] = None,
    *,
    show: Annotated[bool, typer.Option("--open", help="Write the page and open it in the browser.")] = False,
    json: AsJson = False,
) -> None:
    """Print the rating matrix as one page, ready to be signed off.

    Criteria and weights, how each is measured, what it takes to get how many points, targets, thresholds and zones, and
    who changed what since when. It reads the mapping and the run history alone.
    """
    with workplace(context, connection) as place:
        show_problems(place.problems)
        found = _matrix(place)
        if output is not None or show:
            name = f"rating-matrix-{found.heading.printed}.html"
            file = written(
                page(found, place.mapping), output or place.settings.store.folder / place.name / name
            )
            if not json:
                out.print(f"[good]Wrote[/] {escape(str(file))}", soft_wrap=True)
            if show:
                webbrowser.open(file.absolute().as_uri())
        if json:
            as_json(found.as_json())
        elif output is None and not show:
            _show(found)


def _matrix(place: Workplace) -> RatingMatrix:
    mark, last = fingerprint(place.mapping), place.store.runs.last_completed()
    heading = Heading(
        connection=place.name,
        file=place.connection.mapping.name,
        version=mark[:8],
        in_force=last is not None and last.fingerprint == mark,
        printed=place.as_of(None),
    )
    changes = history(place.store.versions.all())
    return rating_matrix(place.mapping, heading, place.labels, borders=_borders(place), changes=changes)


def _borders(place: Workplace) -> dict[Dimension, float]:
    """Percentile thresholds in points, as far as the quarter has them."""
    known = place.store.memory.references(str(place.quarter(place.as_of(None)))).stored
    found: dict[Dimension, float] = {}
    for dimension in DIMENSIONS:
        given = getattr(place.mapping.matrix.threshold, dimension)
        kept = known.get(f"threshold:{dimension}")
        if kept is not None and kept.fingerprint == given:
            found[dimension] = float(kept.table.column("value")[0].as_py())
    return found


def _show(found: RatingMatrix) -> None:
    head = found.heading
    force = "in force" if head.in_force else "not in force yet: no sync has used it"
    whose = f"{escape(head.connection)} ({found.crm}), {escape(head.file)}"
    out.print(f"\n[bold]Rating matrix[/] of {whose}, version {head.version}, {force}")
    for part in found.dimensions:
        _part(part)
    zones = {zone["high"]: escape(zone["label"]) for zone in found.zones}
    grid = table("", "low on potential", "high on potential")
    grid.add_row("high on attractiveness", zones[False, True], zones[True, True])
    grid.add_row("low on attractiveness", zones[False, False], zones[True, False])
    out.print()
    out.print(grid)
    _rules(found)
    _changes(found)


def _part(part: Part) -> None:
    now = f" (now {part.border:g})" if part.border is not None else ""
    out.print(f"\n[bold]{part.dimension.capitalize()}[/], high from {part.threshold}{now}")
    grid = table(
        "criterion",
        "weight",
        "target",
        "measured by",
        "points and what they take",
        right=("weight", "target"),
    )
    for row in part.criteria:
        for number, way in enumerate(row.ways):
            steps = "\n".join(
                f"{_points(points):>3}  [soft]{escape(text)}[/]" for points, text in way.anchors
            )
            first = number == 0
            grid.add_row(
                escape(row.label) if first else "[soft]or, if unknown[/]",
                f"{row.share:g} %" if first else "",
                f"{row.target:g}" if first else "",
                f"{escape(way.measured)} [soft]({escape(way.scale)}{_aging(row) if first else ''})[/]",
                steps,
            )
    out.print(grid)


def _points(points: int | None) -> str:
    return "–" if points is None else str(points)


def _aging(row: Row) -> str:
    text = f"; too old after {row.expires_days} days" if row.expires_days else ""
    if row.missing != "exclude":
        text += f"; unknown counts as {'50' if row.missing == 'neutral' else row.missing}"
    return text


def _rules(found: RatingMatrix) -> None:
    rules = found.rules
    texts = [
        f"a zone changes {rules['hysteresis']:g} points beyond the border",
        f"and stays {rules['min_stay_days']} days at least" if rules["min_stay_days"] else "",
        f"rated from {rules['min_coverage']:.0%} of the weight on",
        f"the largest customers with {rules['protect_top_revenue']:.0%} of the revenue count as high on potential",
        f"in the development zone a person decides below attractiveness {rules['develop_floor']:g}",
        "families are rated as one" if rules["level"] != "account" else "",
        "people may set zones by hand" if rules["overrides"] else "",
    ]
    out.print(f"[soft]{escape('; '.join(text for text in texts if text))}.[/]")


def _changes(found: RatingMatrix) -> None:
    if not found.changes:
        return
    out.print("\n[bold]Who changed what since when[/]")
    for version in found.changes:
        out.print(f"  {version.since:%Y-%m-%d %H:%M} UTC, first sync by {escape(version.who)}")
        for change in version.changes[:SHOWN]:
            out.print(f"    {escape(str(change))}")
        if len(version.changes) > SHOWN:
            out.print(
                f"    [soft]and {len(version.changes) - SHOWN} more; --json and --output have them all[/]"
            )
