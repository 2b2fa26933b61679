"""`kpm calibrate`: ends and edges of scales that fit the portfolio."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from connector.cli.app import app
from connector.cli.console import as_json, counted, out
from connector.cli.show import table
from connector.cli.simulate import TRYING, compared, rated, show_simulation, stored
from connector.cli.workplace import AsJson, AsOf, ConnectionName, Workplace, interactive, workplace
from connector.errors import ConfigError
from connector.mapping import read
from connector.mapping.edits import rewritten
from connector.mapping.words import listed, meant
from connector.reports.calibration import Proposal, calibration, settings
from connector.reports.words import Words, words


@app.command(rich_help_panel=TRYING)
def calibrate(
    context: typer.Context,
    criterion: Annotated[
        str | None, typer.Argument(metavar="CRITERION", help="Its id; by default every criterion.")
    ] = None,
    connection: ConnectionName = None,
    as_of: AsOf = None,
    *,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Write the numbers into the mapping unasked.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Propose zero, full and edges of scales from the portfolio's own values, and show who would move.

    The 10th and the 90th percentile as round numbers, so that a portfolio of small customers and one of large ones both
    get a matrix that tells accounts apart. It works on the data that was read last and makes no CRM call; on a yes the
    numbers are written into the mapping file, whose comments stay.
    """
    with workplace(context, connection) as place:
        ids = [each.id for each in place.mapping.criteria]
        if criterion is not None and criterion not in ids:
            raise ConfigError(
                f'There is no criterion "{criterion}"; there are {listed(ids)}{meant(criterion, ids)}'
            )
        crm, day = stored(place, as_of)
        today = rated("now", crm, place, place.mapping, day)
        proposals = calibration(
            today.accounts.filter(today.accounts.get_column("member")), place.mapping, criterion
        )
        changes = list(settings(proposals))
        file = place.connection.mapping
        other = read(file, place.connection.crm, changes)[0] if changes else place.mapping
        moved = compared(crm, today, rated("then", crm, place, other, day), day) if changes else None
        if json:
            found: dict[str, Any] = {"proposals": [one.as_json() for one in proposals], "settings": changes}
            as_json({**found, "simulation": None if moved is None else moved.as_json()})
        else:
            show_proposals(proposals, words(place.mapping.language))
        if moved is None:
            return
        if not json:
            show_simulation(moved, place.name, place.mapping, other)
        _write(place, file, changes, yes=yes, json=json)


def show_proposals(proposals: list[Proposal], t: Words) -> None:
    """Every scale with the portfolio's values and what is proposed, in one language."""
    values = (t.head("calibrated_values"), "10 %", t.head("calibrated_median"), "90 %")
    clipped = (t.head("calibrated_ends"), t.head("zone_then"))
    ends = (t.head("zone_now"), t.head("calibrated_proposed"))
    grid = table(t.head("calibrated_scale"), *values, *ends, *clipped, right=(*values, *clipped))
    for one in proposals:
        proposed = (
            f"[soft]{escape(one.note)}[/]" if one.then is None else f"[bold]{escape(_ends(one.then, t))}[/]"
        )
        grid.add_row(
            escape(one.label),
            t.number(one.values),
            *(_number(value, t) for value in (one.low, one.median, one.high)),
            escape(_ends(one.now, t)),
            proposed,
            "–" if one.clipped_now is None else f"{100 * one.clipped_now:.0f} %",
            "–" if one.clipped_then is None else f"{100 * one.clipped_then:.0f} %",
        )
    out.print(f"\n[bold]{t['calibration']}[/]")
    out.print(grid)
    out.print(f"[soft]{t['calibrated_note']}[/]")


def _ends(found: Any, t: Words) -> str:  # noqa: ANN401 - a mapping of numbers
    if "edges" in found:
        return "; ".join(_number(edge, t) for edge in found["edges"])
    return t.say("bounds", low=_number(found["zero"], t), high=_number(found["full"], t))


def _number(value: float | None, t: Words) -> str:
    if value is None:
        return "–"
    whole = abs(value) >= 100 or float(value).is_integer()
    return t.number(value) if whole else t.brief(float(f"{value:.3g}"))


def _write(place: Workplace, file: Path, changes: list[str], *, yes: bool, json: bool) -> None:
    """On a yes, put the numbers into the file; where nobody can be asked, only what `--yes` says counts."""
    if not yes:
        if json or not interactive():
            out.print("[soft]Nothing was changed; --yes writes the numbers.[/]") if not json else None
            return
        if not typer.confirm(f"Write {counted(len(changes), 'number')} into {file.name}?"):
            out.print("Nothing was changed.")
            return
    text = rewritten(file.read_text(encoding="utf-8-sig"), changes)
    draft = file.with_name(f"{file.name}.tmp")
    try:
        draft.write_text(text, encoding="utf-8")
        read(draft, place.connection.crm)  # what is written can be read: the old file stays until then
        draft.replace(file)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}. Is it write-protected?") from error
    finally:
        draft.unlink(missing_ok=True)
    if not json:
        out.print(
            f"[good]Wrote[/] {counted(len(changes), 'number')} into {escape(str(file))}; comments stay as they were. "
            "[soft]kpm plan shows what a sync would change.[/]"
        )
