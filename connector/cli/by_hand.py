"""kpm overrides: what people have set by hand."""

from __future__ import annotations

from collections.abc import Mapping as Map
from datetime import date
from typing import Any

import typer
from rich.markup import escape

from connector.cli.app import app
from connector.cli.console import as_json, out
from connector.cli.show import SHOWN, table
from connector.cli.workplace import AsJson, AsOf, ConnectionName, workplace
from connector.errors import ConfigError
from connector.mapping.model import Mapping
from connector.overrides import ZONE, Ignored
from connector.reports.by_hand import SOON, ByHand, Decision, by_hand
from connector.reports.words import Words, words
from connector.texts import segment_labels


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
        else:
            show_overrides(listed, place.mapping, found.as_of)


def show_overrides(found: ByHand, mapping: Mapping, as_of: date) -> None:
    """Everything that is set by hand, in the language of the mapping."""
    t = words(mapping.language)
    if not (found.decisions or found.ended or found.ignored):
        out.print(t.say("nothing_by_hand", day=as_of))
        return
    _decisions(found.decisions, found, segment_labels(mapping), t)
    _without_effect("ended_in_place", found.ended, t)
    _without_effect("without_effect", found.ignored, t)


def show_by_hand(found: ByHand, mapping: Mapping) -> None:
    """The part of a plan: how many, which end soon, which have no effect."""
    if not (found.decisions or found.ignored):
        return
    t, scores = words(mapping.language), len(found.decisions) - found.accounts
    text = f"[bold]{t.say('zones_by_hand', zones=t.many('zones', found.accounts))}[/]"
    out.print("\n" + text + (f", {t.many('scores', scores)}" if scores else ""))
    if found.ending:
        out.print(
            t.say("ending_within", decisions=t.many("decisions", len(found.ending)), days=t.number(SOON))
        )
        _decisions(found.ending[:SHOWN], found, segment_labels(mapping), t)
    _without_effect("without_effect", found.ignored[:SHOWN], t, len(found.ignored))
    if len(found.ending) > SHOWN or len(found.ignored) > SHOWN:
        out.print(f"[soft]{t.say('lists_all', command='kpm overrides')}[/]")


def _decisions(listed: list[Decision], found: ByHand, labels: Map[Any, str], t: Words) -> None:
    if not listed:
        return
    heads = ("account", "set_what", "set_to", "computed", "owner", "reason", "until")
    grid = table(*(t.head(key) for key in heads))
    for one in listed:
        zone = one.what == ZONE
        shown = escape(one.shown)
        computed = labels.get(one.computed, one.computed) if zone else None
        grid.add_row(
            escape(one.name or one.account),
            escape(one.subject),
            f"[{one.value}]{shown}[/]" if zone else shown,
            escape(computed or ""),
            escape(one.owner or t[f"origin_{one.origin}"]),
            escape(one.reason or t["no_reason"]),
            f"[warning]{one.until}[/]" if one in found.ending else str(one.until),
        )
    out.print(grid)


def _without_effect(title: str, listed: list[Ignored], t: Words, count: int | None = None) -> None:
    if not listed:
        return
    out.print(f"\n[bold]{t[title]}[/]: {t.number(len(listed) if count is None else count)}")
    grid = table(*(t.head(key) for key in ("account", "set_what", "value", "where_set", "cause")))
    for one in listed:
        grid.add_row(*(escape(text) for text in (one.account, one.what, one.value, one.place, one.cause)))
    out.print(grid)
