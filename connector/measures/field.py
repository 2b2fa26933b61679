"""A field of the account as a measure: read as what the scale needs.

Numbers as they are, amounts in the mapping's currency, dates as days before ``as_of``, for `lookup` the stored
text, for `boolean` yes or no. A date in a text field is read as a date, a number as a number.
"""

from __future__ import annotations

import narwhals as nw

from connector.crm import FieldType
from connector.mapping.model import Scale
from connector.reading import DATES, TEXTS, as_day, as_flag, as_number, as_text, missing
from connector.tables import divided


def field(value: nw.Expr, kind: FieldType, scale: Scale, as_of: int) -> nw.Expr:
    """The raw value: number, text or boolean, null if missing or unreadable.

    Args:
        value: the field's column.
        kind: its type; amounts (CURRENCY) are given as cents, already converted.
        scale: what will score it.
        as_of: the day, as days since 1970.
    """
    if scale.kind == "lookup":
        return as_text(value, kind)
    if scale.kind == "boolean":
        return as_flag(value, kind)
    if kind is FieldType.CURRENCY:
        return divided(value, 100)
    if kind in DATES:
        return (as_of - as_day(value, kind)).cast(nw.Float64)
    number = as_number(value, kind)
    if kind not in TEXTS or scale.kind == "rating":
        return number
    return nw.coalesce(number, (as_of - as_day(value, kind)).cast(nw.Float64))


def nothing(scale: Scale) -> nw.Expr:
    """A missing raw value of the type that the scale reads."""
    types = {"lookup": nw.String, "boolean": nw.Boolean}
    return missing(types.get(scale.kind, nw.Float64))
