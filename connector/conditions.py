"""Conditions of a mapping as expressions: ``where``, the portfolio rule, the pilot.

Reading rules: an empty field passes ``not_in`` and ``is_set = false`` and fails everything else. Texts are compared
without regard to case and outer blanks, numbers and booleans by value, dates in ISO order. Every expression is
true or false, never null.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from datetime import date
from functools import reduce
from operator import and_, or_

import narwhals as nw

from connector.crm import Condition, FieldType
from connector.mapping.model import FieldCondition, MeasuredCondition, Scalar
from connector.reading import DATES, DECIMAL, NUMBERS, TEXTS, as_number, fold, says_something, trimmed
from connector.tables import Frame, column
from connector.windows import EPOCH

Schema = Mapping[str, FieldType]


def all_hold(where: Iterable[FieldCondition | Condition], schema: Schema) -> nw.Expr:
    """Whether a record meets every condition; without any it does."""
    return reduce(and_, (holds(condition, schema) for condition in where), nw.lit(True))


def kept(frame: Frame, where: Iterable[FieldCondition], schema: Schema) -> Frame:
    """The records that meet every condition."""
    if not (conditions := list(where)):
        return frame
    return (
        frame.with_columns(all_hold(conditions, schema).alias("@kept")).filter(nw.col("@kept")).drop("@kept")
    )


def any_holds(tests: Iterable[nw.Expr]) -> nw.Expr:
    """Whether at least one of several tests is true; without any it is."""
    expressions = list(tests)
    return reduce(or_, expressions) if expressions else nw.lit(True)


def holds(condition: FieldCondition | Condition, schema: Schema) -> nw.Expr:
    """Whether a record meets a condition.

    Args:
        condition: the test.
        schema: types of the record's fields by API name; a field that it lacks is empty on every record.
    """
    kind = schema.get(condition.field)
    if kind is None:
        empty = condition.operator == "not_in" or (condition.operator == "is_set" and not condition.operand)
        return nw.lit(empty)
    return _test(condition, nw.col(column(condition.field)), kind)


def measured_holds(condition: MeasuredCondition, value: nw.Expr) -> nw.Expr:
    """Whether a measured number meets a condition; a missing one meets ``is_set = false`` only."""
    met = _test(condition, value, FieldType.NUMBER)
    return met if condition.operator == "is_set" else met & ~value.is_null()


def _test(
    condition: FieldCondition | MeasuredCondition | Condition, value: nw.Expr, kind: FieldType
) -> nw.Expr:
    operator, operand = condition.operator, condition.operand
    if operator == "is_set":  # looks at texts, and makes none: they may be long
        given = (
            says_something(value).fill_null(False) if kind in TEXTS else ~_comparable(value, kind).is_null()
        )
        return given if operand else ~given
    value = _comparable(value, kind)
    wanted = operand if isinstance(operand, tuple) else (operand,)
    if operator == "not_in":
        return ~_is_one_of(value, kind, wanted)
    if operator in ("in", "equals"):
        return _is_one_of(value, kind, wanted)
    return _beyond(value, kind, wanted[0], above=operator == "above").fill_null(False)


def _comparable(value: nw.Expr, kind: FieldType) -> nw.Expr:
    """Null where the field is empty; of a text also "", which equals none that is wanted and comes before all."""
    if kind in TEXTS:
        return trimmed(value).str.to_lowercase()
    return as_number(value, kind) if kind in NUMBERS else value


def _is_one_of(value: nw.Expr, kind: FieldType, wanted: Iterable[Scalar]) -> nw.Expr:
    """Equal to one of `wanted`, each compared as its own type asks for."""
    flags = {fold(str(each)) for each in wanted if isinstance(each, bool)}
    texts = {fold(each) for each in wanted if isinstance(each, str)}
    numbers = {float(each) for each in wanted if isinstance(each, int | float) and not isinstance(each, bool)}
    tests = []
    if kind in TEXTS:
        tests.append(_in(value, (flags | texts) - {""}))
        tests.append(_in(as_number(value, kind), numbers) if numbers else nw.lit(False))
    elif kind is FieldType.BOOLEAN:
        tests.append(_in(value, {text == "true" for text in flags | texts if text in ("true", "false")}))
    elif kind in DATES:
        tests.append(_in(value, {day for day in map(_day_of, texts) if day is not None}))
    else:
        tests.append(_in(value, numbers | {float(text) for text in texts if re.match(DECIMAL, text)}))
    return any_holds(tests)


def _in(value: nw.Expr, wanted: Iterable[object]) -> nw.Expr:
    listed = sorted(wanted, key=str)
    return value.is_in(listed).fill_null(False) if listed else nw.lit(False)


def _beyond(value: nw.Expr, kind: FieldType, bound: Scalar, *, above: bool) -> nw.Expr:
    if isinstance(bound, str) and not re.match(DECIMAL, bound.strip()):
        text = fold(bound)
        if kind in DATES:
            return value > _last_until(text) if above else value < _first_from(text)
        if kind not in TEXTS:
            return nw.lit(False)
        return value > text if above else (value < text) & (value != "")
    number = as_number(value, kind)
    return number > float(bound) if above else number < float(bound)


class _IsoDays:
    """Every day of the years 1 to 9999 as an ISO text, in order, for bisection."""

    def __len__(self) -> int:
        return date.max.toordinal()

    def __getitem__(self, position: int) -> str:
        return date.fromordinal(position + 1).isoformat()


def _last_until(text: str) -> int:
    """The last day whose ISO text is not after `text`, as days since 1970."""
    return bisect_right(_IsoDays(), text) - EPOCH.toordinal()


def _first_from(text: str) -> int:
    """The first day whose ISO text is not before `text`, as days since 1970."""
    return bisect_left(_IsoDays(), text) + 1 - EPOCH.toordinal()


def _day_of(text: str) -> int | None:
    try:
        return date.fromisoformat(text).toordinal() - EPOCH.toordinal()
    except ValueError:
        return None
