"""`kpm wallet`: how good the guesses at customers' wallets are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from connector.cli.app import app
from connector.cli.console import as_json, counted, out, progress
from connector.cli.show import amount, table
from connector.cli.workplace import AsJson, AsOf, ConnectionName, Workplace, workplace
from connector.errors import ConfigError
from connector.measures.wallet import MODEL
from connector.stored import StoredCrm
from connector.sync import measured

if TYPE_CHECKING:
    from connector.reports.wallet import Figure, Judged, Judgement

TRYING = "Trying out"
WORDS = {
    "field": "what people entered",
    "activity": "the best year with us",
    "model": "a model of what people entered",
    "peer_p80": "what comparable customers buy",
    "own spend": "taking own spend for the wallet",
    "random": "random order",
}
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
        as_json(found.as_json()) if json else _show(found, place)


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


def _show(found: Judgement, place: Workplace) -> None:
    out.print(
        f"[bold]{escape(place.name)}[/]: {counted(found.accounts, 'account')} in the portfolio; people have entered "
        f"the wallets of {found.entered:,}, which makes {amount(found.headroom)} {place.mapping.currency} of white "
        f"space; no source answers for {found.without:,}"
    )
    numbers = ("answers", "could", "error", "within 2", "leaning", "top 20 %")
    grid = table("source", *numbers, right=numbers)
    for each in (*found.sources, *found.compared_with):
        name = escape(WORDS.get(each.source, each.source))
        grid.add_row(name if each.answers is not None else f"[soft]{name}[/]", *_row(each))
    out.print()
    out.print(grid)
    out.print(
        "[soft]answers: wallets that come from it, as the first that answers; could: if it came first. error: half of "
        "its answers are off from what people entered by more than this factor; leaning: above 1 it says too much. "
        "top 20 %: share of the white space in the fifth of these customers that it ranks first. In brackets: where "
        "nine of ten repetitions would lie.[/]"
    )
    if found.entered < FEW:
        out.print(f"[warning]With {counted(found.entered, 'entered wallet')} these figures are anecdotes.[/]")
    _show_model(found)


def _show_model(found: Judgement) -> None:
    model = found.model
    if model is None:
        return
    if model["trained"]:
        out.print(
            f"\nThe model of this quarter was trained on {counted(model['wallets'], 'entered wallet')}; half of its "
            f"estimates were off by more than a factor of {model['error']:.2f} out of fold."
        )
        return
    if found.entered >= model["needed"] > model["wallets"]:
        when = "it will be trained with the next quarter's reference values"
    else:
        when = f"it needs {model['needed']}"
    out.print(
        f"\nThe model does not answer this quarter: {counted(model['wallets'], 'wallet')} had been entered when its "
        f"reference values were taken, {when}."
    )


def _row(each: Judged) -> tuple[str, ...]:
    return (
        "" if each.answers is None else f"{each.answers:,}",
        "" if each.could_answer is None else f"{each.could_answer:,}",
        _figure(each.error, ".2f"),
        "" if each.within_2 is None else f"{each.within_2:.0%}",
        "" if each.leaning is None else f"{each.leaning:.2f}",
        _figure(each.captured, ".0%"),
    )


def _figure(figure: Figure | None, form: str) -> str:
    return "" if figure is None else f"{figure.value:{form}} ({figure.low:{form}}-{figure.high:{form}})"
