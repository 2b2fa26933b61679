"""Reads the account's own fields: names, ratings, wallets, conditions, and what the CRM holds of our results."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import narwhals as nw

from connector.conditions import all_hold, holds
from connector.crm import CURRENCY, ID, FieldType
from connector.currency import Amount, Converter
from connector.mapping.csv_file import CsvTables
from connector.mapping.model import (
    SEGMENTS,
    CsvSource,
    FieldCondition,
    FieldSource,
    LookupScale,
    Mapping,
    PercentileScale,
    RatingScale,
    Rung,
    Scale,
)
from connector.mapping.uses import ACCOUNT_KEYS
from connector.measures.csv_columns import Link, joined
from connector.measures.field import field, nothing
from connector.measures.ratings import Rating
from connector.measures.wallet import size_class
from connector.overrides import SET_UNTIL, from_fields
from connector.quality import Said
from connector.reading import as_day, as_flag, as_number, as_text, fold, folded, is_given, missing
from connector.tables import Frame, Source, column, extended

RULE_KEYS = ("all", "any")
MARKED = "@marked"
"""Column: one of our fields is set on the account."""
NO_DAY = Said(
    "rating dates are none from 1900 to 2100: they count as empty",
    "Bewertungsdaten sind keine von 1900 bis 2100: Sie gelten als leer",
)
NO_LAST_DAY = Said(
    "last days of what is set by hand are none from 1900 to 2100: they count as empty",
    "letzte Tage von Festlegungen von Hand sind keine von 1900 bis 2100: Sie gelten als leer",
)
UNUSABLE = "values are not "
"""How the finding begins that tells of values which a scale cannot score."""
BELOW_0 = Said("values below 0 count as 0", "Werte unter 0 gelten als 0")
DAYS_AHEAD = Said(
    "the rating dates lie ahead: they count as fresh",
    "Bewertungsdaten liegen in der Zukunft: Sie gelten als frisch",
)


@dataclass(frozen=True, slots=True)
class Odd:
    """A boolean column that marks accounts on which something about a field is odd.

    Attributes:
        column: its name.
        field: API name.
        message: what it is and what became of it.
        criterion: whose raw value it concerns, None for the wallet.
        object: section of the mapping, or the CSV file.
    """

    column: str
    field: str
    message: Said
    criterion: str | None = None
    object: str = "accounts"


@dataclass(frozen=True, slots=True)
class Fields:
    """Accounts, and what to know about their columns.

    Attributes:
        frame: id, name, owner, industry, size, size_class, pilot, ``now:<key>``, and for fields as sources
            ``raw:<key>``; ``by:<key>`` for percentiles among peers; columns that start with "@" serve the map stage
            only.
        ratings: values that age.
        odd: what is to be counted.
        amounts: names of converted amounts; ``<name>:fault`` says how that went.
        converted: accounts as pulled, with these amounts.
        links: CSV files that were joined.
    """

    frame: Frame
    ratings: tuple[Rating, ...]
    odd: tuple[Odd, ...]
    amounts: tuple[str, ...]
    converted: Frame
    links: tuple[Link, ...] = ()


def rungs(mapping: Mapping) -> Iterator[tuple[str, Rung]]:
    """Every way to answer a criterion, by ``<id>:<n>``."""
    for criterion in mapping.criteria:
        for place, rung in enumerate(criterion.rungs):
            yield f"{criterion.id}:{place}", rung


def rule_column(key: str, place: int) -> str:
    """Column with a field's test of the portfolio rule."""
    return f"@rule:{key}:{place}"


class _Reader:
    """Collects the columns to read: those that are computed from the accounts as pulled, and tests of these."""

    def __init__(
        self, source: Source, mapping: Mapping, money: Converter, as_of: int, files: CsvTables
    ) -> None:
        self.frame, self.schema = source.frame, source.schema
        self.mapping, self.money, self.as_of, self.files = mapping, money, as_of, files
        self.links: dict[tuple[str, str, str], Link] = {}
        self.columns: list[nw.Expr] = []
        self.tests: list[nw.Expr] = []
        self.ratings: list[Rating] = []
        self.odd: list[Odd] = []
        self.amounts: list[str] = []
        self._has_currency = CURRENCY in source.frame.collect_schema().names()

    def add(self, value: nw.Expr, name: str) -> None:
        self.columns.append(value.alias(name))

    def text(self, name: str | None) -> nw.Expr:
        kind = self.schema.get(name or "")
        return missing(nw.String) if name is None or kind is None else as_text(nw.col(column(name)), kind)

    def number(self, name: str | None) -> nw.Expr:
        kind = self.schema.get(name or "")
        return missing(nw.Float64) if name is None or kind is None else as_number(nw.col(column(name)), kind)

    def day(self, name: str | None) -> nw.Expr:
        kind = self.schema.get(name or "")
        return missing(nw.Int32) if name is None or kind is None else as_day(nw.col(column(name)), kind)

    def cents(self, name: str, rated_at: str | None, to: str) -> nw.Expr:
        """An amount in cents, at the rate of the day on which it was entered."""
        day = nw.coalesce(self.day(rated_at), nw.lit(self.as_of, dtype=nw.Int32))
        currency = CURRENCY if self._has_currency else None
        amount = Amount(column(name), self.schema[name], day, to, currency=currency)
        self.frame = self.money.with_cents(self.frame, amount)
        self.amounts.append(to)
        self.add(nw.col(f"{to}:fault"), f"{to}:fault")
        return nw.col(to)

    def age(
        self, key: str, name: str, rated_at: str | None, value: str, expired: str, days: int | None
    ) -> None:
        """Let a value age."""
        rating = Rating(key, value, expired, days)
        self.ratings.append(rating)
        self.add(self.text(name), rating.text)
        self.add(self.day(rated_at), rating.rated)
        if rated_at is not None and rated_at in self.schema:
            ahead = (nw.col(rating.rated) > self.as_of).fill_null(False)
            self.mark(f"@ahead:{key}", ahead, rated_at, DAYS_AHEAD)
            self.mark_given(f"@no_day:{key}", nw.col(rating.rated).is_null(), rated_at, NO_DAY)

    def mark(
        self,
        name: str,
        test: nw.Expr,
        field_name: str,
        message: Said,
        criterion: str | None = None,
        where: str = "accounts",
    ) -> None:
        """Have the accounts counted that meet `test`, which reads columns that are added."""
        self.tests.append(test.alias(name))
        self.odd.append(Odd(name, field_name, message, criterion, where))

    def link(self, source: CsvSource) -> Link | None:
        """The file of a source, joined once for all that read it; None if it was not read."""
        field_name = source.key_field or source.key
        place = (source.csv, source.key, field_name)
        if place not in self.links:
            table = self.files.get(place[:2])
            if table is None:
                return None
            link = self.links[place] = Link(source, table, len(self.links))
            self.frame = joined(self.frame, link, folded(self.text(field_name)))
            self.add(nw.col(link.key), link.key)
            self.add(nw.col(link.found), link.found)
        return self.links[place]

    def mark_given(
        self, name: str, unfit: nw.Expr, field_name: str, message: Said, criterion: str | None = None
    ) -> None:
        """The same where the field is not empty."""
        self.add(is_given(nw.col(column(field_name)), self.schema[field_name]), name)
        self.mark(name, nw.col(name) & unfit, field_name, message, criterion)


def read(
    source: Source, mapping: Mapping, money: Converter, as_of: int, files: CsvTables | None = None
) -> Fields:
    """Read the accounts.

    Args:
        source: as pulled; a field that it lacks is missing on every account.
        mapping: which fields.
        money: converts amounts.
        as_of: days since 1970.
        files: CSV files that criteria read; a source whose file is not among them is missing on every account.
    """
    reader = _Reader(source, mapping, money, as_of, files or {})
    size = reader.number(mapping.accounts.size)
    reader.add(nw.col(ID), "id")
    for name in ("name", "owner", "industry"):
        reader.add(reader.text(getattr(mapping.accounts, name)), name)
    reader.add(size, "size")
    reader.add(size_class(size), "size_class")
    reader.add(all_hold(mapping.write.where, source.schema), "pilot")
    for key, rung in rungs(mapping):
        _read_rung(reader, key, rung)
    _read_wallet(reader)
    if mapping.override is not None:
        for name, value in from_fields(mapping.override, source.schema).items():
            reader.add(value, name)
        expires = mapping.override.expires
        if expires is not None and expires in source.schema:
            unread = nw.col(SET_UNTIL).is_null()
            reader.mark_given("@no_day:override", unread, expires, NO_LAST_DAY)
    for key, name in mapping.write.targets.items():
        reader.add(_held(reader, key, name), f"now:{key}")
    reader.tests.append(_is_marked(mapping).alias(MARKED))
    for key in RULE_KEYS:
        for place, test in enumerate(getattr(mapping.portfolio, key)):
            if isinstance(test, FieldCondition):
                reader.add(holds(test, source.schema), rule_column(key, place))
    frame = extended(reader.frame.select(*reader.columns), reader.tests)
    return Fields(
        frame,
        tuple(reader.ratings),
        tuple(reader.odd),
        tuple(reader.amounts),
        reader.frame,
        tuple(reader.links.values()),
    )


def _read_rung(reader: _Reader, key: str, rung: Rung) -> None:
    """What one way to answer a criterion needs of the account itself."""
    if isinstance(rung.source, FieldSource):
        _read_source(reader, key, rung.source, rung.scale)
    if isinstance(rung.source, CsvSource):
        _read_column(reader, key, rung.source, rung.scale)
    if isinstance(rung.scale, PercentileScale) and rung.scale.by is not None:
        reader.add(folded(_group(reader, rung.scale.by)), f"by:{key}")


def _read_column(reader: _Reader, key: str, source: CsvSource, scale: Scale) -> None:
    """A column of a CSV file, read as a text field with that content would be."""
    link = reader.link(source)
    if link is None:
        reader.add(nothing(scale), f"raw:{key}")
        return
    value, kind = nw.col(link.column(source.column)), FieldType.TEXT
    raw = field(value, kind, scale, reader.as_of)
    reader.add(raw, f"raw:{key}")
    reader.add(is_given(value, kind), f"@odd:{key}")
    unfit = nw.col(f"@odd:{key}") & _unfit(nw.col(f"raw:{key}"), scale, kind)
    criterion = key.split(":", maxsplit=1)[0]
    reader.mark(f"@odd:{key}", unfit, source.column, _unusable(scale, kind), criterion, source.csv)
    _mark_below_0(reader, key, scale, source.column, criterion, source.csv)


def _mark_below_0(
    reader: _Reader, key: str, scale: Scale, name: str, criterion: str, where: str = "accounts"
) -> None:
    """Dates ahead fade no less than today's."""
    if scale.kind == "half_life":
        ahead = (nw.col(f"raw:{key}") < 0).fill_null(False)
        reader.mark(f"@below:{key}", ahead, name, BELOW_0, criterion, where)


def _group(reader: _Reader, by: str) -> nw.Expr:
    """The peer group: a key of ``[accounts]``, of which `size` means its classes, or a field."""
    if by == "size":
        return size_class(reader.number(reader.mapping.accounts.size))
    return reader.text(getattr(reader.mapping.accounts, by) if by in ACCOUNT_KEYS else by)


def _read_source(reader: _Reader, key: str, source: FieldSource, scale: Scale) -> None:
    kind, criterion = reader.schema.get(source.field), key.split(":", maxsplit=1)[0]
    if kind is None:
        raw = nothing(scale)
    else:
        value = nw.col(column(source.field))
        money = kind is FieldType.CURRENCY and scale.kind not in ("lookup", "boolean")
        given = reader.cents(source.field, source.rated_at, f"@money:{key}") if money else value
        raw = field(given, kind, scale, reader.as_of)
        unfit = _unfit(nw.col(f"raw:{key}"), scale, kind)
        reader.mark_given(f"@odd:{key}", unfit, source.field, _unusable(scale, kind), criterion)
        _mark_below_0(reader, key, scale, source.field, criterion)
    if kind is FieldType.MULTI_PICKLIST and scale.kind == "lookup":
        reader.add(nw.lit(True), f"multi:{key}")
    reader.add(raw, f"raw:{key}")
    if source.expires_days is not None:
        reader.age(key, source.field, source.rated_at, f"raw:{key}", f"expired:{key}", source.expires_days)


def _read_wallet(reader: _Reader) -> None:
    wallet = reader.mapping.wallet
    for place, name in enumerate(wallet.sources if wallet is not None else ()):
        if wallet is None or not name.startswith("field:"):
            continue
        source, entered = name.removeprefix("field:"), f"@entered:{place}"
        cents = missing(nw.Int64)
        if source in reader.schema:
            cents = reader.cents(source, wallet.rated_at, f"@wallet:{place}")
            message = Said(
                "wallets are negative, no amount, or in a currency without a rate: they do not answer",
                "Bedarfsangaben sind negativ, kein Betrag oder in einer Währung ohne Kurs: Sie gelten als unbekannt",
            )
            reader.mark_given(f"@odd:wallet:{place}", nw.col(entered).is_null(), source, message)
        reader.add(nw.when(cents >= 0).then(cents), entered)
        expired = f"@entered_expired:{place}"
        reader.age(f"wallet:{place}", source, wallet.rated_at, entered, expired, wallet.expires_days)


def zone_in_crm() -> nw.Expr:
    """The zone that the CRM holds now; null if it holds none, or somebody's own words."""
    told = folded(nw.col("now:segment"))
    return nw.when(told.is_in(SEGMENTS)).then(told)


def _held(reader: _Reader, key: str, name: str) -> nw.Expr:
    """What the CRM holds of a result now, typed as the result."""
    if key in ("segment", "confidence", "why", "next_step", "campaigns"):
        return reader.text(name)
    if key == "segment_since":
        return reader.day(name)
    if key == "revenue_flag":
        kind = reader.schema.get(name)
        return missing(nw.Boolean) if kind is None else as_flag(nw.col(column(name)), kind)
    return reader.number(name)


def _is_marked(mapping: Mapping) -> nw.Expr:
    """One of our fields is set. A Salesforce checkbox is never empty: false is not set."""
    tests = [nw.lit(False)]
    for key in mapping.write.targets:
        held = nw.col(f"now:{key}")
        checkbox = key == "revenue_flag" and mapping.crm == "salesforce"
        tests.append(held.fill_null(False) if checkbox else ~held.is_null())
    return nw.any_horizontal(*tests, ignore_nulls=False)


def _unfit(raw: nw.Expr, scale: Scale, kind: FieldType) -> nw.Expr:
    """A value that the scale cannot score; of several, none that it can."""
    if isinstance(scale, RatingScale):
        low, high = sorted((scale.worst, scale.best))
        return ~((raw >= low) & (raw <= high)).fill_null(False)
    if isinstance(scale, LookupScale) and scale.other == "missing":
        keys = [fold(key) for key in scale.scores]
        if scale.multi is None and kind is not FieldType.MULTI_PICKLIST:
            return ~folded(raw).is_in(keys).fill_null(False)
        listed = "|".join(re.escape(key) for key in keys)
        return ~folded(raw).str.contains(rf"(^|;)\s*({listed})\s*(;|$)").fill_null(False)
    return raw.is_null()


def _unusable(scale: Scale, kind: FieldType) -> Said:
    wanted, german = _wanted(scale, kind)
    return Said(
        f"{UNUSABLE}{wanted}: they count as missing",
        f"Werte sind nicht {german}: Sie gelten als unbekannt",
    )


def _wanted(scale: Scale, kind: FieldType) -> Said:
    if isinstance(scale, RatingScale):
        ends = f"{scale.worst:g}", f"{scale.best:g}"
        return Said(f"a rating from {ends[0]} to {ends[1]}", f"eine Bewertung von {ends[0]} bis {ends[1]}")
    if isinstance(scale, LookupScale):
        return Said("among the lookup's keys", "unter den Schlüsseln von lookup")
    if scale.kind == "boolean":
        return Said("yes or no", "ja oder nein")
    if kind in (FieldType.DATE, FieldType.DATETIME):
        return Said("dates from 1900 to 2100", "ein Datum von 1900 bis 2100")
    if kind is FieldType.CURRENCY:
        return Said("an amount that can be converted", "ein Betrag, der sich umrechnen lässt")
    return Said("a number", "eine Zahl")
