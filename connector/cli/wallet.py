"""`kpm wallet`: how good the guesses at customers' wallets are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from connector.cli.app import app
from connector.cli.console import as_json, out, progress
from connector.cli.show import table
from connector.cli.workplace import AsJson, AsOf, ConnectionName, Workplace, workplace
from connector.errors import ConfigError
from connector.measures.wallet import MODEL
from connector.reports.words import Words, words
from connector.stored import StoredCrm
from connector.sync import measured

if TYPE_CHECKING:
    from connector.reports.wallet import Figure, Judged, Judgement

TRYING = "Trying out"
FIGURES = ("answers", "could", "error", "within", "leaning", "top")
FEW = 20


@app.command(rich_help_panel=TRYING)
def wallet(
    context: typer.Context, connection: ConnectionName = None, as_of: AsOf = None, *, json: AsJson = False
) -> None:
    """Judge each source of the wallet: whom it answers for, how far it is off, how much white space its order finds.

    The yardstick are the wallets that people have entered; the model is judged by wallets that it has not seen. The
    command works on the data that was read last: no CRM call is made and nothing is written.
    """
    with workplace(context, connection) as place:
        found = _judged(place, as_of)
        if json:
            as_json(found.as_json())
        else:
            show_judgement(found, place.name, place.mapping.currency, words(place.mapping.language))


def _judged(place: Workplace, as_of: AsOf) -> Judgement:
    from connector.reports import wallet as report  # noqa: PLC0415 - numpy and scikit-learn take a second

    mapping = place.mapping
    if mapping.wallet is None:
        raise ConfigError(
            f"{place.connection.mapping.name} has no section [wallet]; docs/mapping.md says what it may hold."
        )
    crm = StoredCrm(place.connection.crm, place.store.mirror)
    last = place.store.runs.last_completed()
    day = last.as_of if as_of is None and last is not None else place.as_of(as_of)
    with (
        progress({"pull": "reading what is kept"}) as shown,
        measured(crm, place.store, mapping, day, progress=shown) as (mapped, references),
    ):
        frozen = references.all().get(MODEL)
        model = report.known_of(None if frozen is None else frozen.table, mapping.wallet)
        if mapped.wallets is None:
            raise AssertionError
        return report.judged(report.prepared(mapped.wallets, mapping.wallet), mapping.wallet, model=model)


def show_judgement(found: Judgement, connection: str, currency: str, t: Words) -> None:
    """Every source with its figures, and the model, in one language."""
    head = t.say(
        "wallets_head",
        connection=f"[bold]{escape(connection)}[/]",
        accounts=t.many("accounts", found.accounts),
        entered=t.number(found.entered),
        headroom=t.money(found.headroom),
        currency=currency,
        without=t.number(found.without),
    )
    out.print(head)
    numbers = tuple(t.head(f"wallets_{key}") for key in FIGURES)
    grid = table(t.head("wallets_source"), *numbers, right=numbers)
    for each in (*found.sources, *found.compared_with):
        key = f"judged_{each.source.replace(' ', '_')}"
        name = escape(t.get(key, each.source))
        grid.add_row(name if each.answers is not None else f"[soft]{name}[/]", *_row(each, t))
    out.print()
    out.print(grid)
    out.print(f"[soft]{t['wallets_note']}[/]")
    if found.entered < FEW:
        out.print(f"[warning]{t.say('wallets_few', entered=t.many('entered_wallets', found.entered))}[/]")
    _show_model(found, t)


def _show_model(found: Judgement, t: Words) -> None:
    model = found.model
    if model is None:
        return
    entered = t.many("entered_wallets", model["wallets"])
    if model["trained"]:
        out.print("\n" + t.say("model_trained", entered=entered, error=t.number(model["error"], 2)))
        return
    later = found.entered >= model["needed"] > model["wallets"]
    when = t["model_later"] if later else t.say("model_needs", needed=model["needed"])
    out.print("\n" + t.say("model_silent", entered=entered, when=when))


def _row(each: Judged, t: Words) -> tuple[str, ...]:
    return (
        "" if each.answers is None else t.number(each.answers),
        "" if each.could_answer is None else t.number(each.could_answer),
        _figure(each.error, lambda value: t.number(value, 2)),
        "" if each.within_2 is None else _percent(each.within_2),
        "" if each.leaning is None else t.number(each.leaning, 2),
        _figure(each.captured, _percent),
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _figure(figure: Figure | None, shown: Callable[[float], str]) -> str:
    if figure is None:
        return ""
    return f"{shown(figure.value)} ({shown(figure.low)}-{shown(figure.high)})"
