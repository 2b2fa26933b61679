"""Commands that look at what is there and change nothing: explain, report."""

from __future__ import annotations

import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import polars as pl
import typer
from rich.markup import escape

from connector.cli.app import app
from connector.cli.campaigns import state
from connector.cli.console import as_json, as_json_line, out
from connector.cli.explanation import show_explanation
from connector.cli.show import quality_notes
from connector.cli.workplace import AsJson, AsOf, ConnectionName, Snapshot, Workplace, workplace, written
from connector.criteria_quality import criteria_quality
from connector.errors import ConfigError, ConnectorError, CrmError
from connector.mirror import Mirror
from connector.overrides import Ignored
from connector.portfolio import rules_met
from connector.reports.by_hand import ByHand, by_hand
from connector.reports.explain import explain as explanation
from connector.reports.explain import family_of
from connector.reports.membership import Rule, rules
from connector.reports.page import Campaign, Heading, page
from connector.reports.words import words
from connector.stages.pull import pull
from connector.stored import StoredCrm

EVERY_DAY = "Every day"
ALIKE = 8


@app.command(rich_help_panel=EVERY_DAY)
def explain(
    context: typer.Context,
    account: Annotated[
        str | None,
        typer.Argument(metavar="ACCOUNT", help="Its id, its link in the CRM, or (part of) its name."),
    ] = None,
    connection: ConnectionName = None,
    as_of: AsOf = None,
    *,
    everyone: Annotated[bool, typer.Option("--all", help="Every account that the last sync read.")] = False,
    largest: Annotated[
        bool, typer.Option("--largest", help="The rated customer with the highest revenue.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Say why an account stands where it stands: every criterion with value, source, score and weight.

    Of an account outside the portfolio it says which conditions of the portfolio rule hold, by what was read last.

    It reads what the last sync left, without a CRM call; for another date, an edited mapping or before the first sync
    it computes what a sync would write. --json adds the values that the CRM holds then; --all --json prints one account
    per line.
    """
    with workplace(context, connection) as place:
        if account is not None and (everyone or largest):
            raise ConfigError("Give an account, or --largest, or --all: only one of them.")
        snapshot = place.at(as_of)
        if everyone:
            for one in _explained(place, snapshot, snapshot.accounts.sort("id")):
                as_json_line(one) if json else show_explanation(one, place.labels)
            return
        row = _largest(snapshot) if largest else _found(snapshot, account)
        one = next(_explained(place, snapshot, row))
        as_json(one) if json else show_explanation(one, place.labels)


def _explained(place: Workplace, snapshot: Snapshot, rows: pl.DataFrame) -> Iterator[dict[str, Any]]:
    known = _rules(place, snapshot, rows)
    with place.crm() as crm:
        reachable = True
        for row in rows.iter_rows(named=True):
            url = None
            try:
                url = crm.account_url(row["id"]) if reachable else None
            except CrmError:  # the link is a convenience; what is explained lies in the store
                reachable = False
            family = family_of(row, snapshot.accounts)
            found = explanation(
                row,
                place.mapping,
                snapshot.thresholds,
                place.labels,
                url=url,
                family=family,
                frozen=snapshot.references,
                rules=known.get(row.get("top") or row["id"]),
            )
            yield {"as_of": snapshot.as_of, "run": snapshot.run, **found}


def _rules(place: Workplace, snapshot: Snapshot, rows: pl.DataFrame) -> dict[str, list[Rule]]:
    """Of accounts outside the portfolio which of its rules they meet, by id; nothing if that cannot be told.

    Results of rules are not kept with the accounts: at a million of them they would cost memory on every night. They
    are computed anew from the records that were read last.
    """
    outside = rows.filter(~pl.col("member"))
    if "heir" in outside.columns:
        outside = outside.filter(~pl.col("heir"))
    ids = set(outside.get_column("top" if "top" in outside.columns else "id").to_list())
    if not ids:
        return {}
    folder = place.store.scratch()
    try:
        crm = StoredCrm(place.connection.crm, place.store.mirror)
        read = pull(crm, place.mapping, folder / "pull", Mirror(None), provisioned=False)
        met = rules_met(read.sources, place.mapping, snapshot.as_of, read.currencies, ids, merged=read.merged)
    except ConnectorError:  # nothing was kept, or it was read for another mapping
        return {}
    finally:
        place.store.discard(folder)
    return {id_: rules(place.mapping, each) for id_, each in met.items()}


def _largest(snapshot: Snapshot) -> pl.DataFrame:
    rated = snapshot.members.filter(pl.col("segment") != "unrated")
    if rated.is_empty():
        raise ConfigError(
            "No account is rated yet; `kpm plan` says which ratings are worth asking for first."
        )
    return rated.sort([pl.col("own").fill_null(0), pl.col("id")], descending=[True, False]).head(1)


def _found(snapshot: Snapshot, wanted: str | None) -> pl.DataFrame:
    if not wanted:
        raise ConfigError("Which account? Give its id, its link or its name, or use --largest or --all.")
    parts = [part for part in urlsplit(wanted).path.split("/") if part] if "://" in wanted else [wanted]
    ids = snapshot.accounts.filter(pl.col("id").is_in(parts) | pl.col("id").str.head(15).is_in(parts))
    if len(ids) == 1:
        return ids
    lowered = wanted.strip().lower()
    names = pl.col("name").fill_null("").str.to_lowercase()
    for found in (names == lowered, names.str.contains(lowered, literal=True)):
        matches = snapshot.accounts.filter(found).sort("name", "id")
        if len(matches) == 1:
            return matches
        if len(matches) > 1:
            listed = "\n".join(
                f"  {row['id']}  {row['name']}" for row in matches.head(ALIKE).iter_rows(named=True)
            )
            more = f"\n  and {len(matches) - ALIKE} more" if len(matches) > ALIKE else ""
            raise ConfigError(
                f'{len(matches)} accounts have "{wanted}" in their name; give the id:\n{listed}{more}'
            )
    raise ConfigError(
        f'There is no account "{wanted}" among those read as of {snapshot.as_of}: customers, and accounts that hold '
        "our values. Check the spelling, or give the id or the link from the CRM.",
    )


@app.command(rich_help_panel=EVERY_DAY)
def report(
    context: typer.Context,
    connection: ConnectionName = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file; by default in the store's folder.")
    ] = None,
    *,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write one HTML page of the last sync: the matrix, the zones, movers, criteria, campaigns. It needs no network."""
    with workplace(context, connection) as place:
        snapshot = place.snapshot()
        html = page(
            snapshot.members,
            place.mapping,
            heading=Heading(
                place.name,
                place.connection.crm,
                snapshot.as_of,
                place.mapping.currency,
                words(place.mapping.language).say("run", number=snapshot.run),
            ),
            thresholds=snapshot.thresholds,
            labels=place.labels,
            quality=_lacking(place, snapshot),
            by_hand=_by_hand(place, snapshot),
            campaigns=[
                Campaign(one.tag, one.focus, one.members, state(one, snapshot.as_of))
                for one in place.store.campaigns.all()
            ],
        )
        file = written(
            html, output or place.settings.store.folder / place.name / f"report-{snapshot.as_of}.html"
        )
        out.print(f"[good]Wrote[/] {escape(str(file))} ({file.stat().st_size / 1e6:.1f} MB)", soft_wrap=True)
        if show:
            webbrowser.open(file.absolute().as_uri())


def _lacking(place: Workplace, snapshot: Snapshot) -> list[dict[str, Any]]:
    """What criteria and data lack: the former by the snapshot, the latter as the run noted it."""
    data = [] if snapshot.run is None else place.store.memory.quality(snapshot.run)
    return [*quality_notes(criteria_quality(snapshot.accounts, place.mapping)), *data]


def _by_hand(place: Workplace, snapshot: Snapshot) -> ByHand:
    kept = [] if snapshot.run is None else place.store.memory.ignored(snapshot.run)
    ignored = [Ignored(**one) for one in kept]
    return by_hand(snapshot.accounts, place.mapping, snapshot.as_of, place.labels, ignored)
