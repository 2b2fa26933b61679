"""Fields and objects of the org: what describe tells of them and how the database keeps them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

_SQL_TYPES = {
    "boolean": "INTEGER NOT NULL DEFAULT 0",
    "int": "INTEGER",
    "double": "REAL",
    "currency": "REAL",
    "percent": "REAL",
    "date": "TEXT",
    "datetime": "TEXT",
    "id": "TEXT",
    "reference": "TEXT",
}
_TEXT = "TEXT COLLATE NOCASE"  # comparisons in SOQL ignore case
_SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "address": "urn:address",
}


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a picklist."""

    value: str
    label: str
    active: bool = True
    default: bool = False


@dataclass(frozen=True, slots=True)
class SField:
    """One field, in describe's words.

    Attributes:
        name: API name.
        label: what people see.
        type: describe's type: string, picklist, currency ...
        length: longest text in characters.
        precision: digits in all, for double, currency and percent.
        scale: decimals.
        required: may not be empty (describe: nillable false, and no default on create).
        createable: may be set on create.
        updateable: may be set later.
        calculated: a formula or roll-up.
        restricted: a picklist that refuses other values.
        values: of a picklist.
        reference_to: objects that a lookup may point to.
        relationship: name of the lookup in dotted fields.
        compound: name of the compound field that this one is part of.
        nillable: may be empty; by default the opposite of `required`.
        filterable: may stand in WHERE.
        help: text for people who hover over it.
        description: text for administrators.
        unique: no two records have the same value.
        external_id: records can be found by it in an upsert.
        children: name of a lookup seen from the other side, such as "Contacts".
    """

    name: str
    label: str
    type: str = "string"
    length: int = 0
    precision: int = 0
    scale: int = 0
    required: bool = False
    createable: bool = True
    updateable: bool = True
    calculated: bool = False
    restricted: bool = False
    values: tuple[Value, ...] = ()
    reference_to: tuple[str, ...] = ()
    relationship: str | None = None
    compound: str | None = None
    nillable: bool = True
    filterable: bool = True
    help: str | None = None
    description: str | None = None
    unique: bool = False
    external_id: bool = False
    children: str | None = None

    @property
    def custom(self) -> bool:
        """Whether an administrator made it."""
        return self.name.endswith("__c")

    @property
    def stored(self) -> bool:
        """Whether it has a column of its own; a compound field is put together from its parts."""
        return self.type not in ("address", "location")

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers."""
        return self.type in ("int", "double", "currency", "percent")

    @property
    def sql_type(self) -> str:
        """Definition of its column."""
        return _SQL_TYPES.get(self.type, _TEXT)

    @property
    def soap_type(self) -> str:
        """Type name in describe's ``soapType``."""
        return _SOAP_TYPES.get(self.type, "xsd:string")


@dataclass(slots=True)
class SObject:
    """One object of the org.

    Attributes:
        name: API name.
        label: what people see.
        plural: label of many.
        prefix: first three characters of its ids.
        fields: by name, in describe's order.
        setup: configuration rather than data: deleted for good, no sharing, administrators only change it.
        account: field that points to the account to which a record belongs.
        unique_together: no two records agree in all of these fields.
        rights_of: object whose permissions hold for this one, "" for none: everybody may read and edit it.
            None: it has permissions of its own.
    """

    name: str
    label: str
    plural: str
    prefix: str
    fields: dict[str, SField] = field(default_factory=dict)
    setup: bool = False
    account: str | None = None
    unique_together: tuple[str, ...] = ()
    rights_of: str | None = None
    _lower: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def table(self) -> str:
        """Name of its table."""
        return f"sf_{self.name}"

    @property
    def custom(self) -> bool:
        """Whether an administrator made it."""
        return self.name.endswith("__c")

    def add(self, fields: Iterable[SField]) -> None:
        """Add or replace fields."""
        for each in fields:
            self.fields[each.name] = each
            self._lower[each.name.lower()] = each.name

    def remove(self, name: str) -> None:
        """Remove a field."""
        del self.fields[name]
        del self._lower[name.lower()]

    @property
    def custom_fields(self) -> int:
        """How many of its fields an administrator made."""
        return sum(each.custom for each in self.fields.values())

    def find(self, name: str) -> SField | None:
        """A field by its name, whatever its case."""
        found = self._lower.get(name.lower())
        return None if found is None else self.fields[found]

    def parent(self, relationship: str) -> SField | None:
        """The lookup with this relationship name, whatever its case."""
        wanted = relationship.lower()
        return next(
            (each for each in self.fields.values() if (each.relationship or "").lower() == wanted), None
        )

    @property
    def stored(self) -> list[SField]:
        """Fields that have a column."""
        return [each for each in self.fields.values() if each.stored]


def read_only(each: SField) -> SField:
    """The field as nobody may write it."""
    return replace(each, createable=False, updateable=False)


def text(name: str, label: str, length: int, *, required: bool = False, type: str = "string") -> SField:  # noqa: A002
    """A text field; `type` may be textarea, phone, url or email."""
    return SField(name, label, type, length=length, required=required, nillable=not required)


def picklist(
    name: str, label: str, values: Iterable[str], *, required: bool = False, restricted: bool = False
) -> SField:
    """A picklist whose labels are its values."""
    options = tuple(Value(value, value) for value in values)
    return SField(
        name,
        label,
        "picklist",
        length=255,
        required=required,
        nillable=not required,
        restricted=restricted,
        values=options,
    )


def lookup(
    name: str,
    label: str,
    to: str,
    relationship: str | None = None,
    *,
    required: bool = False,
    children: str | None = None,
) -> SField:
    """A lookup; several targets are joined with a blank."""
    return SField(
        name,
        label,
        "reference",
        length=18,
        required=required,
        nillable=not required,
        reference_to=tuple(to.split()),
        relationship=relationship or name.removesuffix("Id"),
        children=children,
    )


def currency(name: str, label: str) -> SField:
    """An amount of money, (18,2)."""
    return SField(name, label, "currency", precision=18, scale=2)


def number(name: str, label: str, precision: int = 18, scale: int = 0, type: str = "double") -> SField:  # noqa: A002
    """A number; `type` may be int or percent."""
    return SField(name, label, type, precision=0 if type == "int" else precision, scale=scale)


def day(name: str, label: str, *, required: bool = False) -> SField:
    """A date."""
    return SField(name, label, "date", required=required, nillable=not required)


def moment(name: str, label: str) -> SField:
    """A date and time."""
    return SField(name, label, "datetime")


def flag(name: str, label: str) -> SField:
    """A checkbox, never empty."""
    return SField(name, label, "boolean", nillable=False)
