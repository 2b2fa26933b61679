"""The questions of `kpm init --workshop`."""

from __future__ import annotations

import re
from datetime import date
from typing import TypeVar, get_args

import typer
from rich.markup import escape

from connector.admin.workshop import FEWEST, MOST, Agreed, Known, Own, Ready, ready
from connector.cli.console import err
from connector.crm import CrmName
from connector.mapping.model import DIMENSIONS, Dimension, Language
from connector.texts import one_line

INTRODUCTIONS: dict[Dimension, str] = {
    "potential": "Potential: how much more could this customer buy from us?",
    "attractiveness": "Attractiveness: how well do we fit together?",
}
STEPS = range(1, 6)
KNOWN: tuple[Known, ...] = get_args(Known)
LANGUAGES: tuple[Language, ...] = get_args(Language)
T = TypeVar("T", bound=str)


def workshop(crm: CrmName, today: date) -> Agreed:
    """Ask for three to five criteria per dimension, each ready or thought of in the room, and for their weights."""
    err.print(
        "\n[bold]Workshop[/]: three to five criteria for each dimension. Take ready ones, add your own; nothing is "
        "written before the end, Ctrl-C leaves everything as it is."
    )
    language = _one_of("Language of the texts in the CRM", LANGUAGES, "en")
    currency = _currency()
    criteria: list[tuple[Ready | Own, float]] = []
    known = ready(crm)
    for dimension in DIMENSIONS:
        chosen = _criteria(dimension, [each for each in known if each.dimension == dimension], language)
        criteria += zip(chosen, _weights([_name(each, language) for each in chosen]), strict=True)
    return Agreed(criteria, language, currency, today)


def _criteria(dimension: Dimension, known: list[Ready], language: Language) -> list[Ready | Own]:
    err.print(f"\n[bold]{INTRODUCTIONS[dimension]}[/]")
    for number, each in enumerate(known, 1):
        err.print(f"  {number}. {escape(each.label[language])}")
    chosen: list[Ready | Own] = [known[number - 1] for number in _numbers(len(known))]
    while len(chosen) < MOST:
        lacking = FEWEST - len(chosen)
        need = f" ({lacking} more needed)" if lacking > 0 else ""
        label = _text(f"Another criterion of your own{need}, or nothing to go on")
        if label:
            chosen.append(_own(label, dimension))
        elif lacking <= 0:
            break
        else:
            err.print(f"[warning]Too few to place a customer[/]; the method takes {FEWEST} to {MOST}.")
    return chosen


def _own(label: str, dimension: Dimension) -> Own:
    question = "  How is it known: rated by people, or a field with a number or yes/no"
    known = _one_of(question, KNOWN, "rated")
    if known == "rated":
        err.print("  What does each step mean? One line each, or nothing.")
        texts = {step: _text(f"    {step}") for step in STEPS}
        return Own(label, dimension, known, anchors={step: text for step, text in texts.items() if text})
    name = ""
    while not re.fullmatch(r"[A-Za-z][\w.]*", name):
        name = _text("  API name of the field (`kpm fields` lists them)")
    if known == "yes_no":
        return Own(label, dimension, known, name)
    zero = full = 0.0
    while zero == full:
        zero = typer.prompt("  Value that counts 0 points", type=float, default=0.0, err=True)
        full = typer.prompt(
            "  Value that counts 100 points; `kpm calibrate` fits both", type=float, default=100.0
        )
    return Own(label, dimension, known, name, zero=zero, full=full)


def _weights(names: list[str]) -> list[float]:
    """A weight per criterion; all alike is the default that is hard to beat."""
    while True:
        err.print(f"Weights of: {escape(', '.join(names))}")
        parts = re.findall(r"[0-9]+(?:\.[0-9]+)?", _text("Numbers in this order, or nothing: all alike"))
        if not parts:
            return [round(100 / len(names))] * len(names)
        weights = [float(part) for part in parts]
        if len(weights) == len(names) and sum(weights) > 0:
            return weights
        err.print(f"[warning]{len(names)} numbers are needed[/], not all of them 0.")


def _numbers(most: int) -> list[int]:
    """Numbers of the ready criteria, each once, in the order given; all unless said otherwise."""
    while True:
        text = _text("Which of these (numbers; 0 for none)", " ".join(map(str, range(1, most + 1))))
        numbers = [int(part) for part in re.findall(r"[0-9]+", text)]
        if numbers and all(0 <= number <= most for number in numbers):
            return list(dict.fromkeys(number for number in numbers if number))[:MOST]
        err.print(f"[warning]Numbers from 0 to {most}, please.[/]")


def _text(question: str, default: str = "") -> str:
    answer: str = typer.prompt(question, default=default, show_default=bool(default), err=True)
    return one_line(answer)


def _one_of(question: str, words: tuple[T, ...], default: str) -> T:
    while True:
        answer = _text(f"{question} ({', '.join(words)})", default).lower()
        found = [word for word in words if answer and word.startswith(answer)]
        if found:
            return found[0]


def _currency() -> str:
    answer = ""
    while not re.fullmatch(r"[A-Z]{3}", answer):
        answer = _text("Currency that every amount is converted to", "EUR").upper()
    return answer


def _name(each: Ready | Own, language: Language) -> str:
    return each.label[language] if isinstance(each, Ready) else each.label
