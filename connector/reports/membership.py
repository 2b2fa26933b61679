"""Why an account is, or is not, in the portfolio: each rule of ``[portfolio]`` in words, and whether it meets it."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Literal

from connector.mapping.model import FieldCondition, Mapping, MeasuredCondition, OpportunitiesSource
from connector.reports.measured import source_in_words
from connector.reports.words import Words, words


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition.

    Attributes:
        of: ``all``: every one of these must hold; ``any``: at least one of these.
        rule: it in words.
        met: the account meets it.
    """

    of: Literal["all", "any"]
    rule: str
    met: bool


def rules(mapping: Mapping, met: Map[tuple[str, int], bool]) -> list[Rule]:
    """Every condition in the order of the mapping.

    Args:
        mapping: its ``[portfolio]``.
        met: ``all`` or ``any`` and the place of a condition among them, from 0 -> whether the account meets it.
    """
    return [Rule(of, text, met[of, place]) for of, place, text in _told(mapping)]


def _told(mapping: Mapping) -> Iterator[tuple[Literal["all", "any"], int, str]]:
    t = words(mapping.language)
    groups: tuple[Literal["all", "any"], ...] = ("all", "any")
    for of in groups:
        for place, condition in enumerate(getattr(mapping.portfolio, of)):
            yield of, place, condition_in_words(condition, t)


def portfolio_in_words(mapping: Mapping) -> list[str]:
    """Who is in the portfolio: what all of its accounts meet, and of what they meet one thing at least."""
    t = words(mapping.language)
    told = [(of, text) for of, _, text in _told(mapping)]
    groups = {of: "; ".join(text for each, text in told if each == of) for of in ("all", "any")}
    return [t.say(f"portfolio_{of}", rules=listed) for of, listed in groups.items() if listed]


def condition_in_words(condition: FieldCondition | MeasuredCondition, t: Words) -> str:
    """``field Type is one of Customer, Partner``."""
    if isinstance(condition, FieldCondition):
        what = t.say("source_field", field=condition.field)
    else:
        given = {"from": "opportunities", "measure": condition.measure, "months": condition.months}
        what = source_in_words(OpportunitiesSource.model_validate(given), t.language)
    operand = condition.operand
    key = "is_empty" if condition.operator == "is_set" and not operand else condition.operator
    listed = operand if isinstance(operand, tuple) else (operand,)
    return t.say(f"rule_{key}", what=what, values=", ".join(_value(each, t) for each in listed))


def _value(value: object, t: Words) -> str:
    if isinstance(value, bool):
        return t["yes" if value else "no"]
    return t.brief(value) if isinstance(value, int | float) else str(value)
