"""The portfolio rule: which accounts are existing customers, and which conditions of the rule an account meets."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping as Map
from dataclasses import replace
from datetime import date
from functools import reduce
from operator import and_
from typing import Final

import narwhals as nw

from connector.conditions import any_holds, holds, measured_holds
from connector.crm import ACCOUNT, ID, Currencies
from connector.currency import Converter
from connector.families import families, rates_families, regrouped
from connector.mapping.model import Mapping as MappingFile
from connector.mapping.model import MeasuredCondition, OpportunitiesSource
from connector.measures import opportunities
from connector.measures.accounts import RULE_KEYS, rule_column
from connector.measures.figures import Figures
from connector.measures.pooled import Pooled
from connector.reading import missing
from connector.tables import Sources, extended
from connector.windows import days

NOBODY: Final[Map[str, str]] = {}


def membership(mapping: MappingFile, figures: Figures) -> nw.Expr:
    """The portfolio rule: every condition of ``all``, and at least one of ``any`` if there are some."""
    tests: dict[str, list[nw.Expr]] = {key: [] for key in RULE_KEYS}
    for key in RULE_KEYS:
        for place, condition in enumerate(getattr(mapping.portfolio, key)):
            if isinstance(condition, MeasuredCondition):
                tests[key].append(_measured_test(condition, figures))
            else:
                tests[key].append(nw.col(rule_column(key, place)))
    return reduce(and_, tests["all"], nw.lit(True)) & any_holds(tests["any"])


def rules_met(
    sources: Sources,
    mapping: MappingFile,
    as_of: date,
    currencies: Currencies,
    ids: Collection[str],
    *,
    merged: Map[str, str] = NOBODY,
) -> dict[str, dict[tuple[str, int], bool]]:
    """Which conditions of the portfolio rule some accounts meet, each by ``all`` or ``any`` and its place there.

    Args:
        sources: pulled accounts and opportunities.
        mapping: its ``[portfolio]``.
        as_of: the day that is rated.
        currencies: home currency and rates of the CRM.
        ids: the accounts; where families are rated as one, their tops.
        merged: merged accounts, loser's id -> survivor's id.
    """
    read: Sources = {"accounts": sources["accounts"], "opportunities": sources["opportunities"]}
    if rates_families(mapping):
        family = families(read["accounts"], mapping, merged)
        read = regrouped(read, family, several=mapping.crm == "hubspot")
    wanted = sorted(ids)
    read = {
        name: replace(source, frame=source.frame.filter(nw.col(key).is_in(wanted)))
        for (name, source), key in zip(read.items(), (ID, ACCOUNT), strict=True)
    }
    asked = read["accounts"]
    figures = Figures(read, mapping, days(as_of))
    plain: dict[tuple[str, int], nw.Expr] = {}
    summed: dict[tuple[str, int], nw.Expr] = {}
    for key in RULE_KEYS:
        for place, condition in enumerate(getattr(mapping.portfolio, key)):
            if isinstance(condition, MeasuredCondition):
                summed[key, place] = _measured_test(condition, figures)
            else:
                plain[key, place] = holds(condition, asked.schema)
    frame = asked.frame.select(
        nw.col(ID).alias("id"), *(test.alias(rule_column(*rule)) for rule, test in plain.items())
    )
    frame = figures.joined_to(frame, Converter(mapping.currency, currencies, mapping.rates))
    frame = extended(frame, (test.alias(rule_column(*rule)) for rule, test in summed.items()))
    names = {rule: rule_column(*rule) for rule in (*plain, *summed)}
    rows = frame.select("id", *names.values()).collect().to_arrow().to_pylist()
    return {row["id"]: {rule: bool(row[name]) for rule, name in names.items()} for row in rows}


def _measured_test(condition: MeasuredCondition, figures: Figures) -> nw.Expr:
    given = {"from": "opportunities", "measure": condition.measure, "months": condition.months}
    source = OpportunitiesSource.model_validate(given)
    value = opportunities.MEASURES[source.measure](source, figures["opportunities"])
    if isinstance(value, Pooled):  # the portfolio's own rate cannot decide who is in the portfolio
        value = missing(nw.Float64)
    return measured_holds(condition, value.cast(nw.Float64))


def field_tests(mapping: MappingFile) -> list[str]:
    """Columns that only the portfolio rule needs."""
    return [
        rule_column(key, place)
        for key in RULE_KEYS
        for place, condition in enumerate(getattr(mapping.portfolio, key))
        if not isinstance(condition, MeasuredCondition)
    ]
