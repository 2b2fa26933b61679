"""Figures per account over its records: counts, sums, first and last days, all from one pass over the records.

A measure asks for the figures that it needs and gets columns to compute with; the same figure asked for twice is
computed once. Nothing is read until `Aggregates.per_account`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Literal

import narwhals as nw

from connector.conditions import Schema, all_hold
from connector.crm import ACCOUNT
from connector.mapping.model import Where
from connector.reading import as_text, folded, missing
from connector.tables import KEY, Frame, divided, extended, keyed, number_of
from connector.tables import column as column_of
from connector.windows import shifted

DAY = "@day"
CENTS = "@cents"
WEIGHTED = "@weighted"
FADED_PARTS = 1e12
"""A faded record counts in trillionths, as whole numbers, so that sums do not depend on their order."""

State = Literal["any", "won", "closed", "open"]
NoRecords = Literal["zero", "missing"]


@dataclass(frozen=True, slots=True)
class Pick:
    """Which records of an account count.

    Attributes:
        after: first day, exclusive; None: since ever.
        to: last day, inclusive; None: for ever.
        state: of opportunities.
        where: conditions, all of which must hold.
    """

    after: int | None = None
    to: int | None = None
    state: State = "any"
    where: Where = ()

    def covers(self, other: object) -> bool:
        """Every record of another pick is one of this, too."""
        if not isinstance(other, Pick) or other.where != self.where:
            return False
        state = self.state in (other.state, "any") or (self.state, other.state) == ("closed", "won")
        early = self.after is None or (other.after is not None and self.after <= other.after)
        late = self.to is None or (other.to is not None and other.to <= self.to)
        return state and early and late

    def expression(self, schema: Schema) -> nw.Expr:
        """Whether a record counts; never null."""
        day = nw.col(DAY)
        test = ~day.is_null() if self.state == "any" else nw.col(f"@is_{self.state}")
        if self.after is not None:
            test = test & (day > self.after)
        if self.to is not None:
            test = test & (day <= self.to)
        if self.where:
            test = test & all_hold(self.where, schema)
        return test.fill_null(False)


class Aggregates:
    """Figures over the records of one object.

    Args:
        name: of the object; the columns start with it.
        schema: types of the records' fields, for conditions.
        as_of: the day, as days since 1970.
    """

    def __init__(self, name: str, schema: Schema, as_of: int) -> None:
        self.as_of = as_of
        self.name, self._schema = name, schema
        self._picks: dict[Pick, str] = {}
        self._sums: dict[tuple[str, Pick], None] = {}
        self._figures: dict[tuple[object, ...], tuple[str, nw.Expr]] = {}
        self._counts: set[tuple[object, ...]] = set()
        self._noted: dict[object, nw.Expr] = {}

    def note(self) -> None:
        """Note from here on which records are looked at; see `looked_at`."""
        self._noted = {}

    def looked_at(self) -> nw.Expr | None:
        """How many records the figures look at that were asked for since `note`; None if none was."""
        picks = [each for each in self._noted if isinstance(each, Pick)]
        keys = [
            each
            for each in self._noted
            if not any(other is not each and other.covers(each) for other in picks)
        ]
        if not keys:
            return None
        if len(keys) == 1 and isinstance(keys[0], Pick):
            return self.count(keys[0])
        tests = nw.any_horizontal(*(self._noted[key] for key in keys), ignore_nulls=False)
        return self._counted(("looked at", *keys), tests)

    @property
    def columns(self) -> list[str]:
        """Names of the figures asked for so far."""
        return [column for column, _ in self._figures.values()]

    def window(self, months: int, state: State = "any", where: Where = ()) -> Pick:
        """Records of the last months, up to today."""
        return Pick(shifted(self.as_of, -months), self.as_of, state, where)

    def count(self, pick: Pick) -> nw.Expr:
        """How many."""
        return self._counted(("count", pick), self._picked(pick))

    def known(self, column: str, pick: Pick) -> nw.Expr:
        """How many have a value."""
        return self._counted(("known", column, pick), self._picked(pick) & ~nw.col(column).is_null())

    def total(self, column: str, pick: Pick) -> nw.Expr:
        """Sum of the known values, 0 without any."""
        values = nw.when(self._picked(pick)).then(nw.col(column))
        return self.figure(("total", column, pick), values.sum().cast(nw.Int64)).fill_null(0)

    def sum(self, column: str, pick: Pick, no_records: NoRecords = "zero") -> nw.Expr:
        """Sum; missing if all values are empty, and without records 0 or missing as `no_records` says."""
        return self.unless_empty(self.total(column, pick), column, pick, no_records)

    def unless_empty(
        self, total: nw.Expr, column: str, pick: Pick, no_records: NoRecords = "zero"
    ) -> nw.Expr:
        """The same for a total that comes from elsewhere."""
        self._sums[column, pick] = None
        nothing = nw.lit(0) if no_records == "zero" else missing(nw.Int64)
        known = nw.when(self.known(column, pick) > 0).then(total)
        return nw.when(self.count(pick) == 0).then(nothing).otherwise(known).cast(nw.Int64)

    def partial(self) -> nw.Expr:
        """Whether some sum asked for has left out records because their value is empty, and holds others."""
        tests = [nw.lit(False)]
        for column, pick in self._sums:
            known = self.known(column, pick)
            tests.append((known > 0) & (known < self.count(pick)))
        return nw.any_horizontal(*tests, ignore_nulls=True)

    def first_day(self, pick: Pick) -> nw.Expr:
        """Day of the earliest one, null without any."""
        return self.figure(("first", pick), nw.when(self._picked(pick)).then(nw.col(DAY)).min())

    def last_day(self, pick: Pick) -> nw.Expr:
        """Day of the latest one, null without any."""
        return self.figure(("last", pick), nw.when(self._picked(pick)).then(nw.col(DAY)).max())

    def distinct(self, field: str, pick: Pick) -> nw.Expr:
        """How many different values a field has, as compared texts; empty ones do not count.

        Args:
            field: API name; one that the records lack is empty on all of them.
            pick: which records.
        """
        kind = self._schema.get(field)
        if kind is None:
            return nw.lit(0)
        value = nw.when(self._picked(pick)).then(folded(as_text(nw.col(column_of(field)), kind)))
        values = self.figure(("distinct", field, pick), value.fill_null("").n_unique().cast(nw.Int32))
        blank = self._counted(("blank", field, pick), value.is_null())  # they count as one value more
        return values.fill_null(0) - (blank > 0).cast(nw.Int32)

    def faded_count(self, months: int | None, half_life: float | None, where: Where = ()) -> nw.Expr:
        """Number of records up to today; with a half-life each counts 0.5^(age in days / half_life).

        Args:
            months: of the window; None: since ever.
            half_life: in days; None: each record counts as one.
            where: conditions.
        """
        pick = Pick(to=self.as_of, where=where) if months is None else self.window(months, where=where)
        if half_life is None:
            return self.count(pick)
        fade = ((nw.col(DAY) - self.as_of) * (log(2) / half_life)).exp()
        fade = nw.when(self._picked(pick)).then(fade)  # of days ahead it could be beyond every number
        parts = (fade * FADED_PARTS + 0.5).floor().cast(nw.Int64)
        sums = self.figure(("faded", pick, half_life), parts.sum().cast(nw.Int64)).fill_null(0)
        return divided(sums, FADED_PARTS)

    def number(self, key: tuple[object, ...], test: nw.Expr) -> nw.Expr:
        """How many records meet a test of their own, which is never null; `key` tells it from the others."""
        self._noted[key] = test
        return self._counted(key, test)

    def figure(self, key: tuple[object, ...], aggregate: nw.Expr) -> nw.Expr:
        """Any other aggregate of the records; `key` tells it from the others."""
        if key not in self._figures:
            column = f"@{self.name}:{len(self._figures)}"
            self._figures[key] = (column, aggregate)
        return nw.col(self._figures[key][0])

    def per_account(self, records: Frame) -> Frame:
        """The figures asked for, one row per account that has records.

        Args:
            records: ``@account``, ``@day``, what `total` sums, the fields of conditions; and for opportunities the
                booleans ``@is_won``, ``@is_closed`` and ``@is_open``.

        Returns:
            KEY of the account (see `connector.tables.keyed`), and a column per figure.
        """
        picks = [pick.expression(self._schema).alias(name) for pick, name in self._picks.items()]
        figures = [
            (number_of(records, figure) if key in self._counts else figure).alias(column)
            for key, (column, figure) in self._figures.items()
        ]
        return keyed(extended(records, picks), ACCOUNT).group_by(KEY).agg(*figures)

    def _counted(self, key: tuple[object, ...], test: nw.Expr) -> nw.Expr:
        self._counts.add(key)
        return self.figure(key, test).fill_null(0)

    def _picked(self, pick: Pick) -> nw.Expr:
        picked = nw.col(self._picks.setdefault(pick, f"@pick:{len(self._picks)}"))
        self._noted[pick] = picked
        return picked
