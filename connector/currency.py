"""Amounts of any currency as whole cents of one.

converted = amount / rate(its currency) x rate(target currency), rates as units for one unit of the CRM's home
currency on the day in question. The CRM's dated rates come first (a gap in them is no rate), then its current ones,
then the mapping's own table. Cents are rounded half away from zero, so that sums never depend on their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import narwhals as nw
import pyarrow as pa

from connector.crm import Currencies, FieldType, Rate
from connector.errors import MappingError, Problem
from connector.reading import as_number, is_given
from connector.tables import Frame, placed, rounded, translated
from connector.windows import days

LIMIT = 1e13
"""An amount beyond, before or after conversion, is a slip of the pen."""
FAR = 10**7
"""Days beyond every date."""
EMPTY, CONVERTED, UNREADABLE, NO_RATE = 0, 1, 2, 3
"""Values of the column ``<name>:fault``."""


@dataclass(frozen=True, slots=True)
class Amount:
    """Where an amount is found.

    Attributes:
        value: column with the amount.
        kind: its type.
        day: day whose rate counts, an expression.
        name: of the column to add.
        currency: column with its ISO code; None if the CRM keeps none.
        home: column with the same amount in the CRM's home currency, if it keeps one.
    """

    value: str
    kind: FieldType
    day: nw.Expr
    name: str
    currency: str | None = None
    home: str | None = None


class Converter:
    """Converts to one currency.

    Args:
        target: ISO code.
        currencies: the CRM's home currency and rates.
        table: units of a currency for one unit of `target`, where the CRM keeps no rates.

    Raises:
        MappingError: neither the CRM nor `table` knows `target`.
    """

    def __init__(self, target: str, currencies: Currencies, table: Mapping[str, float]) -> None:
        self.target, self.home, self.table = target, currencies.home, table
        self._rates: dict[str, list[Rate]] = {}
        for rate in currencies.rates:
            self._rates.setdefault(rate.currency, []).append(rate)
        if target != self.home and target not in self._rates and not table:
            known = ", ".join(sorted({self.home, *self._rates}))
            message = (
                f"the CRM keeps no rate for {target}, only for {known}; choose one of these or add [rates]"
            )
            raise MappingError([Problem("the mapping", "currency", message)])
        self._fixed: dict[str, tuple[float, float]] = {}
        self._dated: dict[str, list[tuple[int, int, float, float]]] = {}
        self._edges: set[int] = set()  # days on which some rate changes
        for code in sorted({self.home, *self._rates, *table} - {target}):
            self._learn(code)

    def with_cents(self, frame: Frame, amount: Amount) -> Frame:
        """Add ``<name>``, whole cents or null, and ``<name>:fault``: EMPTY, CONVERTED, UNREADABLE or NO_RATE."""
        given = is_given(nw.col(amount.value), amount.kind)
        frame = frame.with_columns(
            as_number(nw.col(amount.value), amount.kind).alias("rate:value"), given.alias("rate:given")
        )
        value = nw.col("rate:value")
        if amount.currency is None and self.home in ("", self.target):
            frame = frame.with_columns(value.alias("rate:converted"), nw.lit(False).alias("rate:none"))
        else:
            frame = self._converted(frame, amount, value)
        converted, within = nw.col("rate:converted"), (nw.col("rate:converted").abs() <= LIMIT)
        frame = frame.with_columns(
            nw.when(within).then(converted * 100).alias(amount.name),
            _fault(within.fill_null(False)).alias(f"{amount.name}:fault"),
        )
        frame = frame.with_columns(rounded(nw.col(amount.name)).cast(nw.Int64).alias(amount.name))
        return frame.drop([name for name in frame.collect_schema().names() if name.startswith("rate:")])

    def _converted(self, frame: Frame, amount: Amount, value: nw.Expr) -> Frame:
        """Add ``rate:converted``, null beyond LIMIT, and ``rate:none``: for want of a rate."""
        frame = frame.with_columns(self._code(amount).alias("rate:code"))
        code = nw.col("rate:code")
        frame = frame.with_columns((code != self.target).fill_null(False).alias("rate:foreign"))
        foreign, small = nw.col("rate:foreign"), value.abs() <= LIMIT
        frame, own, target = self._with_rates(frame, amount, code)
        converted = nw.when(foreign).then(value / own * target).otherwise(value)
        if amount.home is not None and self.home == self.target:
            home = as_number(nw.col(amount.home), FieldType.CURRENCY)
            converted = nw.when(foreign & ~home.is_null()).then(home).otherwise(converted)
        frame = frame.with_columns(nw.when(small).then(converted).alias("rate:converted"))
        lacking = foreign & small & nw.col("rate:converted").is_null()
        return frame.with_columns(lacking.fill_null(False).alias("rate:none"))

    def _code(self, amount: Amount) -> nw.Expr:
        """An amount without a currency of its own is in the CRM's home currency; null if that is unknown."""
        home = nw.lit(self.home or None, dtype=nw.String)
        if amount.currency is None:
            return home
        own = nw.col(amount.currency)
        return nw.when(own != "").then(own).otherwise(home)

    def _learn(self, code: str) -> None:
        """Find out how `code` is converted: by one rate, or by one for each of several spans of time."""
        dated = [rate for each in (code, self.target) for rate in self._rates.get(each, ()) if rate.dated]
        if not dated:
            self._learn_fixed(code)
            return
        edges = sorted({days(day) for rate in dated for day in (rate.start, rate.end) if day is not None})
        self._edges.update(edges)
        spans: list[tuple[int, int, float, float]] = []
        for start, end in pairwise([-FAR, *edges, FAR]):
            own, target = self._rate(code, start), self._rate(self.target, start)
            if own is not None and target is not None:
                spans.append((start, end, own, target))
        self._dated[code] = spans

    def _learn_fixed(self, code: str) -> None:
        own, target = self._rate(code, 0), self._rate(self.target, 0)
        if own is not None and target is not None:
            self._fixed[code] = (own, target)
        elif code in self.table:
            self._fixed[code] = (self.table[code], 1.0)

    def _rate(self, code: str, day: int) -> float | None:
        if code == self.home:
            return 1.0
        rates = self._rates.get(code, [])
        dated = [rate for rate in rates if rate.dated]
        for rate in dated:
            started = rate.start is None or days(rate.start) <= day
            if started and (rate.end is None or day < days(rate.end)):
                return rate.rate
        return None if dated or not rates else rates[0].rate

    def _with_rates(self, frame: Frame, amount: Amount, code: nw.Expr) -> tuple[Frame, nw.Expr, nw.Expr]:
        """Expressions of both rates; dated ones come from a table with a row per currency and day."""
        own, target = _by_code(code, self._fixed, 0), _by_code(code, self._fixed, 1)
        dated = {each: spans for each, spans in self._dated.items() if spans}
        if not dated:
            return frame, own, target
        # Nothing changes before the first edge or after the last: one day stands for all of each.
        first, last = min(self._edges) - 1, max(self._edges)
        count = last - first + 1
        start = translated(code, {each: number * count for number, each in enumerate(dated)}, nw.Int64)
        day = amount.day.clip(first, last).cast(nw.Int64) - first
        frame = frame.with_columns((start + day).alias("rate:place"))
        rates = [rate for spans in dated.values() for rate in _daily(spans, first, last)]
        table = pa.table(
            {
                "rate:own": pa.array([own for own, _ in rates], pa.float64()),
                "rate:target": pa.array([target for _, target in rates], pa.float64()),
            }
        )
        frame = placed(frame, "rate:place", table)
        return frame, nw.coalesce(nw.col("rate:own"), own), nw.coalesce(nw.col("rate:target"), target)


def _daily(
    spans: Iterable[tuple[int, int, float, float]], first: int, last: int
) -> list[tuple[float | None, float | None]]:
    """Both rates of every day from `first` to `last`, None where there is none."""
    found: list[tuple[float | None, float | None]] = [(None, None)] * (last - first + 1)
    for start, end, own, target in spans:
        for day in range(max(first, start), min(last + 1, end)):
            found[day - first] = (own, target)
    return found


def _by_code(code: nw.Expr, rates: Mapping[str, tuple[float, float]], position: int) -> nw.Expr:
    return translated(code, {each: float(pair[position]) for each, pair in rates.items()}, nw.Float64)


def _fault(within: nw.Expr) -> nw.Expr:
    return (
        nw.when(nw.col("rate:none"))
        .then(nw.lit(NO_RATE))
        .when(within)
        .then(nw.lit(CONVERTED))
        .when(nw.col("rate:given"))
        .then(nw.lit(UNREADABLE))
        .otherwise(nw.lit(EMPTY))
        .cast(nw.Int8)
    )
