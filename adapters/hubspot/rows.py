"""HubSpot's values are texts, whatever their type: into typed columns, and back for writing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa

from connector.crm import FieldType

_EXACT = 2.0**53
_MILLISECONDS = r"^-?\d{9,14}$"
"""Older properties give dates as milliseconds since 1970."""


def typed(text: pl.Expr, kind: FieldType, time_zone: str) -> pl.Expr:
    """A column of HubSpot's texts as the type that `FieldType.arrow` promises.

    An empty text is null. A number that is none becomes NaN, so that the caller can count it as unusable; any
    other unreadable value is null. Datetimes become the day in `time_zone`.
    """
    text = pl.when(text != "").then(text)
    if kind.arrow == pa.float64():
        number = text.str.strip_chars().cast(pl.Float64, strict=False)
        return pl.when(text.is_not_null()).then(number.fill_null(float("nan")))
    if kind is FieldType.BOOLEAN:
        lower = text.str.strip_chars().str.to_lowercase()
        return lower.replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
    if kind is FieldType.DATE:
        return _day(text, _epoch(text).dt.date())
    if kind is FieldType.DATETIME:
        instant = pl.coalesce(
            text.str.to_datetime("%+", time_unit="ms", time_zone="UTC", strict=False),
            text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="ms", strict=False).dt.replace_time_zone(
                "UTC"
            ),
            _epoch(text).dt.replace_time_zone("UTC"),
        )
        return _day(
            pl.when(text.str.len_chars() == 10).then(text), instant.dt.convert_time_zone(time_zone).dt.date()
        )
    return text


def _day(text: pl.Expr, other: pl.Expr) -> pl.Expr:
    """The day that a text begins with, else `other`. A date without a time never shifts."""
    numeric = text.str.contains(_MILLISECONDS).fill_null(value=False)
    return pl.coalesce(
        pl.when(~numeric).then(text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)), other
    )


def _epoch(text: pl.Expr) -> pl.Expr:
    digits = pl.when(text.str.contains(_MILLISECONDS)).then(text)
    return digits.cast(pl.Int64, strict=False).cast(pl.Datetime("ms"))


def texts(column: pa.Array, kind: FieldType, time_zone: str) -> list[str | None]:
    """A column of changes as HubSpot takes it: null is the empty text, which clears a property.

    None stands for a number that HubSpot cannot hold (NaN, infinity).
    """
    values = column.to_pylist()
    if kind is FieldType.DATETIME:
        zone = ZoneInfo(time_zone)
        return ["" if value is None else _noon(value, zone) for value in values]
    return ["" if value is None else text_of(value) for value in values]


def text_of(value: object) -> str | None:
    """One value as HubSpot takes it; None for a number that it cannot hold.

    Numbers are written out: HubSpot refuses scientific notation.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        if not math.isfinite(value):
            return None
        plain = format(Decimal(repr(value)), "f")
        plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
        return "0" if plain in ("-0", "") else plain
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def cells(column: pa.Array, kind: FieldType) -> pl.Series:
    """A column of changes as texts of a file; null where there is nothing, or a number that HubSpot cannot hold.

    What `text_of` does for one value, for all of them together. Moments are not for files.
    """
    values = pl.Series(pl.from_arrow(column))
    if kind is FieldType.BOOLEAN:
        return values.cast(pl.Boolean).replace_strict({True: "true", False: "false"}, return_dtype=pl.String)
    if kind.arrow == pa.date32():
        return values.cast(pl.Date).dt.strftime("%Y-%m-%d")
    if kind.arrow != pa.float64():
        return values.cast(pl.String)
    numbers = values.cast(pl.Float64)
    numbers = numbers.set(~numbers.is_finite().fill_null(value=True), None)
    whole = (numbers == numbers.round(0)) & (numbers.abs() < _EXACT)
    integers = numbers.set(~whole.fill_null(value=True), None).cast(pl.Int64).cast(pl.String)
    others = numbers.set(whole.fill_null(value=True), None)
    # Few values need it: HubSpot refuses the exponents that very large and very small numbers are written with.
    fractions = pl.Series([None if each is None else text_of(each) for each in others], dtype=pl.String)
    return integers.zip_with(whole.fill_null(value=True), fractions)


def _noon(day: date, zone: ZoneInfo) -> str:
    """Noon of the day: the same day wherever in the neighbouring time zones it is looked at."""
    moment = datetime.combine(day, time(12), zone).astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def same(stored: str | None, sent: str, kind: FieldType) -> bool:
    """Whether a property holds what was sent, however HubSpot spells it."""
    stored = stored or ""
    if stored == sent or not stored or not sent:
        return stored == sent
    if kind.arrow == pa.float64():
        try:
            return math.isclose(float(stored), float(sent), rel_tol=1e-12)
        except ValueError:
            return False
    if kind in (FieldType.DATE, FieldType.DATETIME):
        frame = pl.DataFrame({"stored": [stored], "sent": [sent]})
        days = frame.select(typed(pl.col("stored"), kind, "UTC"), typed(pl.col("sent"), kind, "UTC")).row(0)
        return bool(days[0] == days[1])
    return stored.strip() == sent.strip()


def arrow_schema(schema: Mapping[str, FieldType]) -> pa.Schema:
    """Arrow types of the columns of a pull."""
    return pa.schema([(name, kind.arrow) for name, kind in schema.items()])
