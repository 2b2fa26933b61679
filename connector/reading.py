"""How the values of CRM fields are read, whatever type the field has.

Empty texts are missing, and so are NaN, infinity, text that is no number where a number is needed, and dates
before 1900 or after 2100. Each function takes the column and the field's type and gives null for "missing".
"""

from __future__ import annotations

import re
from typing import Any

import narwhals as nw

from connector.crm import FieldType
from connector.windows import EARLIEST, LATEST

NUMBERS = frozenset({FieldType.NUMBER, FieldType.CURRENCY, FieldType.PERCENT})
DATES = frozenset({FieldType.DATE, FieldType.DATETIME})
TEXTS = frozenset(FieldType) - NUMBERS - DATES - {FieldType.BOOLEAN}

DECIMAL = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
"""ASCII digits, an optional sign and exponent; no thousands separators, no currency signs."""
ISO_DATE = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(T.*)?$"


BLANKS = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""Every character that Unicode calls white space: engines do not agree on which to trim if they are not named."""


def missing(dtype: Any) -> nw.Expr:  # noqa: ANN401 - Narwhals knows several kinds of type
    """Null of a type."""
    return nw.lit(None, dtype=dtype)


def as_text(value: nw.Expr, kind: FieldType) -> nw.Expr:
    """The value as the CRM stores it; a blank text is missing, a whole number has no decimal point."""
    if kind in TEXTS:
        return nw.when(trimmed(value) != "").then(value)
    text = value.cast(nw.String)
    if kind in NUMBERS:
        return nw.when(value.is_finite()).then(text.str.replace_all(r"\.0$", ""))
    return text.str.to_lowercase() if kind is FieldType.BOOLEAN else text


def trimmed(text: nw.Expr) -> nw.Expr:
    """Without outer blanks."""
    return text.str.strip_chars(BLANKS)


def says_something(text: nw.Expr) -> nw.Expr:
    """Not blank; null if there is no text."""
    return text.str.contains(f"[^{re.escape(BLANKS)}]")


def folded(text: nw.Expr) -> nw.Expr:
    """A text for comparing: outer blanks and upper case do not count; a blank one is missing."""
    bare = trimmed(text).str.to_lowercase()
    return nw.when(bare != "").then(bare)


def fold(text: str) -> str:
    """The same for a text of the mapping."""
    return text.strip().lower()


def as_number(value: nw.Expr, kind: FieldType) -> nw.Expr:
    """A finite number; dates and yes/no are none."""
    if kind in TEXTS:
        bare = trimmed(value)
        value = nw.when(bare.str.contains(DECIMAL)).then(bare)
    elif kind not in NUMBERS:
        return missing(nw.Float64)
    number = value.cast(nw.Float64)
    return nw.when(number.is_finite()).then(number)


def as_flag(value: nw.Expr, kind: FieldType) -> nw.Expr:
    """Yes or no; the texts ``true`` and ``false`` too."""
    if kind is FieldType.BOOLEAN:
        return value
    if kind not in TEXTS:
        return missing(nw.Boolean)
    text = folded(value)
    return nw.when(text.is_in(["true", "false"])).then(text == "true")


def as_day(value: nw.Expr, kind: FieldType) -> nw.Expr:
    """A day between 1900 and 2100; an ISO date in a text is one too."""
    if kind in TEXTS:
        value = _iso_day(trimmed(value))
    elif kind not in DATES:
        return missing(nw.Int32)
    return nw.when((value >= EARLIEST) & (value <= LATEST)).then(value).cast(nw.Int32)


def is_given(value: nw.Expr, kind: FieldType) -> nw.Expr:
    """There is something in the field, readable or not."""
    return (trimmed(value) != "").fill_null(False) if kind in TEXTS else ~value.is_null()


def _iso_day(text: nw.Expr) -> nw.Expr:
    """Days since 1970 by arithmetic: parsing dates has no portable spelling that lets a wrong one pass as missing."""
    date = nw.when(text.str.contains(ISO_DATE)).then(text)
    year, month, day = (date.str.slice(*part).cast(nw.Int32) for part in ((0, 4), (5, 2), (8, 2)))
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    last = (
        nw.when((month == 2) & leap)
        .then(nw.lit(29))
        .when(month == 2)
        .then(nw.lit(28))
        .when(month.is_in([4, 6, 9, 11]))
        .then(nw.lit(30))
        .otherwise(nw.lit(31))
    )
    # Years that start in March put the leap day last, so that the days before a month are a straight line.
    march_year = nw.when(month <= 2).then(year - 1).otherwise(year)
    before_month = ((month + 9) % 12 * 153 + 2) // 5
    before_year = march_year * 365 + march_year // 4 - march_year // 100 + march_year // 400
    return nw.when(day <= last).then(before_year + before_month + day - 1 - 719_468)
