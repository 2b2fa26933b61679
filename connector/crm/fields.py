"""Fields of a CRM: what exists, and what the connector would create."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

import pyarrow as pa


class FieldType(StrEnum):
    """Types of fields as both CRMs have them, and the Arrow type of their columns."""

    TEXT = "text"  # string
    LONG_TEXT = "long text"  # string
    PICKLIST = "picklist"  # string: the stored value
    MULTI_PICKLIST = "multi-select picklist"  # string, values separated by ";"
    REFERENCE = "reference"  # string: an id
    NUMBER = "number"  # float64
    CURRENCY = "currency"  # float64
    PERCENT = "percent"  # float64, in percent
    BOOLEAN = "boolean"  # bool
    DATE = "date"  # date32
    DATETIME = "datetime"  # date32 too: the day in the business time zone

    @property
    def arrow(self) -> pa.DataType:
        """Type of a column that holds values of this type."""
        if self in (FieldType.NUMBER, FieldType.CURRENCY, FieldType.PERCENT):
            return pa.float64()
        if self is FieldType.BOOLEAN:
            return pa.bool_()
        if self in (FieldType.DATE, FieldType.DATETIME):
            return pa.date32()
        return pa.string()


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a picklist."""

    value: str
    label: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class CrmField:
    """What the CRM says of one field, as the connected user sees it.

    Attributes:
        name: API name.
        label: what people see.
        type: see `FieldType`.
        length: longest text in characters, None where it does not apply.
        precision: digits in all, for numbers.
        scale: digits after the decimal point, for numbers.
        options: values of a picklist.
        restricted: a picklist that refuses other values.
        writable: the connected user may edit it.
        calculated: a formula, roll-up or other read-only computation.
        readable_in_bulk: False for compound fields, which bulk reads refuse.
        standard: a field that the CRM comes with, or a package of its vendor; nobody here has created it.
    """

    name: str
    label: str
    type: FieldType
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    options: tuple[Option, ...] = ()
    restricted: bool = False
    writable: bool = True
    calculated: bool = False
    readable_in_bulk: bool = True
    standard: bool = False


Mark = Literal["green flag", "yellow flag", "half circle", "empty circle"]
"""An image that shows a value: told apart by its shape, not by its colour alone."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field that the connector needs on the account and can create.

    Attributes:
        name: API name.
        label: what people see.
        type: TEXT, PICKLIST, NUMBER, CURRENCY, BOOLEAN or DATE.
        help: one sentence for people who hover over it.
        length: for texts.
        precision: digits in all, for numbers.
        scale: decimals, for numbers.
        options: values of a picklist (never restricted).
        result: True for what the connector writes, False for what people fill in.
        badge_of: a field whose values this one shows as images, with their labels as alternative text; nobody
            writes it. For CRMs that have such fields.
        marks: the image of each value, for badges.
    """

    name: str
    label: str
    type: FieldType
    help: str = ""
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    options: tuple[Option, ...] = ()
    result: bool = True
    badge_of: str | None = None
    marks: Mapping[str, Mark] = field(default_factory=dict)
