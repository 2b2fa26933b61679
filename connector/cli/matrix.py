"""`kpm matrix`: the rating matrix on one page."""

from __future__ import annotations

import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from connector.cli.app import app
from connector.cli.console import as_json, out
from connector.cli.show import table
from connector.cli.workplace import AsJson, ConnectionName, Workplace, show_problems, workplace, written
from connector.mapping.model import DIMENSIONS, Dimension
from connector.reports.html import percent
from connector.reports.rating_matrix import Heading, Part, RatingMatrix, Row, Way, page, rating_matrix
from connector.reports.versions import history
from connector.reports.words import Words, words
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
            show_matrix(found, words(place.mapping.language))


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


def show_matrix(found: RatingMatrix, t: Words) -> None:
    """The rating matrix in one language, as on its page."""
    head = found.heading
    force = t["in_force" if head.in_force else "not_in_force"]
    whose = f"{escape(head.connection)} ({found.crm}), {escape(head.file)}"
    out.print(f"\n[bold]{t['rating_matrix']}[/] {whose}, {t['version']} {head.version}, {force}")
    out.print(f"[soft]{t['in_the_portfolio']}: {escape('; '.join(found.rules['portfolio']))}[/]")
    for part in found.dimensions:
        _part(part, t)
    zones = {zone["high"]: escape(zone["label"]) for zone in found.zones}
    grid = table("", *(f"{t['potential']} {t[side]}" for side in ("low", "high")))
    grid.add_row(f"{t['fit']} {t['high']}", zones[False, True], zones[True, True])
    grid.add_row(f"{t['fit']} {t['low']}", zones[False, False], zones[True, False])
    out.print()
    out.print(grid)
    out.print(f"[soft]{escape('; '.join(_rules(found, t)))}.[/]")
    _changes(found, t)


def _part(part: Part, t: Words) -> None:
    title = t["potential" if part.dimension == "potential" else "fit"]
    now = f" ({t['now']} {t.brief(part.border)})" if part.border is not None else ""
    out.print(f"\n[bold]{title}[/], {t['high_from']} {part.threshold}{now}")
    numbers = (t.head("weight"), t.head("target"))
    grid = table(t.head("criterion"), *numbers, t.head("measured_by"), t.head("steps"), right=numbers)
    for row in part.criteria:
        for number, way in enumerate(row.ways):
            steps = "\n".join(
                f"{_points(points):>3}  [soft]{escape(text)}[/]" for points, text in way.anchors
            )
            first = number == 0
            grid.add_row(
                escape(row.label) if first else f"[soft]{t['or_else']}[/]",
                f"{t.brief(row.share)} %" if first else "",
                t.brief(row.target) if first else "",
                _measured(way, _aging(row, t) if first else ""),
                steps,
            )
    out.print(grid)


def _measured(way: Way, aging: str) -> str:
    """What is measured, what narrows it, and the scale."""
    scale = f"({way.scale}{aging})"
    return "\n".join((escape(way.measured), *(f"[soft]{escape(text)}[/]" for text in (*way.details, scale))))


def _points(points: int | None) -> str:
    return "–" if points is None else str(points)


def _aging(row: Row, t: Words) -> str:
    text = f"; {t['too_old']} {row.expires_days} {t['days']}" if row.expires_days else ""
    if row.missing != "exclude":
        text += f"; {t['stand_in']} {'50' if row.missing == 'neutral' else row.missing}"
    return text


def _rules(found: RatingMatrix, t: Words) -> Iterator[str]:
    """The rules of the zones, as on the page."""
    rules = found.rules
    yield f"{t['rule_hysteresis']} {t.brief(rules['hysteresis'])}"
    if rules["min_stay_days"]:
        yield f"{t['rule_stay']} {rules['min_stay_days']}"
    yield f"{t['rule_coverage']} {percent(rules['min_coverage'])}"
    yield f"{t['rule_top']} {percent(rules['protect_top_revenue'])}"
    yield f"{t['rule_floor']} {t.brief(rules['develop_floor'])}"
    if rules["achievable_share"] is not None:
        yield f"{t['rule_achievable']} {percent(rules['achievable_share'])}"
    if rules["level"] != "account":
        yield t["rule_family"]
    if rules["overrides"]:
        yield t["rule_overrides"]


def _changes(found: RatingMatrix, t: Words) -> None:
    if not found.changes:
        return
    out.print(f"\n[bold]{t['changed']}[/]")
    for version in found.changes:
        out.print(f"  {version.since:%Y-%m-%d %H:%M} UTC, {t.head('by')} {escape(version.who)}")
        for change in version.changes[:SHOWN]:
            out.print(f"    {escape(str(change))}")
        if len(version.changes) > SHOWN:
            more = t.say("changes_more", count=len(version.changes) - SHOWN, commands="--json, --output")
            out.print(f"    [soft]{more}[/]")
