"""Reading: what to ask a CRM for, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from connector.crm.fields import FieldType

# Columns that an adapter adds beside the fields asked for. No CRM allows "@" in a field's name.
ID = "@id"
ACCOUNT = "@account"  # child objects: id of the account, null if there is none
OPPORTUNITY = "@opportunity"  # contact_roles: id of the opportunity, null for a role on the account itself
CONTACT = "@contact"  # contact_roles
ROLE = "@role"  # contact_roles: the role's stored value; a contact with several roles has several rows
LAST_ACTIVITY = "@last_activity"  # contact_roles: date of the contact's last activity
DATE = "@date"  # activities: the date it took place
WON = "@won"  # opportunities: boolean by the CRM's own stage definition; null if the stage is unknown
CLOSED = "@closed"
CURRENCY = "@currency"  # accounts, opportunities: ISO code; null where the CRM keeps none
HOME_AMOUNT = "@home_amount"  # opportunities: the amount in the CRM's home currency, where the CRM keeps it
STAGE_PROBABILITY = "@stage_probability"  # opportunities: 0..1 by stage, where the CRM keeps it there

Object = Literal["accounts", "opportunities", "contact_roles", "cases", "orders", "activities"]


@dataclass(frozen=True, slots=True)
class Condition:
    """A test on one field. Exactly one operator; `value` is a tuple for ``in`` and ``not_in``.

    Attributes:
        field: API name, in Salesforce possibly dotted (``RecordType.DeveloperName``).
        operator: in, not_in, equals, above, below or is_set.
        value: what to compare with.
    """

    field: str
    operator: Literal["in", "not_in", "equals", "above", "below", "is_set"]
    value: str | float | bool | tuple[str | float | bool, ...]

    @property
    def operand(self) -> str | float | bool | tuple[str | float | bool, ...]:
        """The value, under the name that conditions of a mapping have for it."""
        return self.value


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What to read of one object.

    Attributes:
        object: section of the mapping.
        fields: API names, one column each under that name.
        where: groups of conditions; a record is wanted if all conditions of at least one group hold. Empty:
            every record. It narrows the read only: an adapter may return records outside it (the caller
            tests again, see `Pulled.narrowed`), and leaves out none inside it.
        account: children: the lookup field, or ``primary_company`` / ``any_company`` in HubSpot.
        sources: vendor objects to read together (Task and Event).
        pipelines: opportunities: HubSpot pipelines to read, empty for all.
        role_field: contact_roles: the property that holds the buying role in HubSpot.
        last_activity: contact_roles: the contact's field with its last activity.
        date: activities: the date field.
        since: `Pulled.until` of an earlier read: only what changed since then is wanted, which an adapter may
            answer with a complete read. It looks back as far before that moment as its CRM's clocks and indexes
            demand. `where` may be ignored then: a record that has left the rule must be seen.
    """

    object: Object
    fields: tuple[str, ...]
    where: tuple[tuple[Condition, ...], ...] = ()
    account: str | None = None
    sources: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()
    role_field: str | None = None
    last_activity: str | None = None
    date: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pulled:
    """Records of one object, on disk.

    Attributes:
        object: section of the mapping.
        paths: Parquet files under the folder given; together every record once. At least one, possibly empty.
        schema: type of every column, the added ``@`` columns included.
        rows: number of records.
        deleted: values of `key` that have no rows any more: deleted, archived, merged into another record, or no
            longer of the kind that is read (left its pipeline, lost its role). Incremental reads only; may name
            records that were never read, and none that is in `paths`.
        merged: loser's id -> survivor's id, as far as the CRM tells. Losers count as deleted.
        complete: False if only what changed since `PullRequest.since` is here.
        until: the CRM's own clock when the read began, to be the next read's `since`; None if this read cannot
            be continued.
        narrowed: every row meets `PullRequest.where`; otherwise the caller tests.
        total: incremental reads: how many records within `PullRequest.where` the CRM itself counts now, or more; None
            where it does not tell. Fewer than are known show that the user has lost sight of some.
        key: the column whose value names the CRM's own record: all rows of a record that changed come together,
            and replace all rows that an earlier read gave for it.
    """

    object: Object
    paths: tuple[Path, ...]
    schema: Mapping[str, FieldType]
    rows: int
    deleted: tuple[str, ...] = ()
    merged: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True
    until: datetime | None = None
    narrowed: bool = False
    total: int | None = None
    key: str = ID


@dataclass(frozen=True, slots=True)
class Rate:
    """A currency's rate: units of `currency` for one unit of the CRM's home currency, from `start` until `end`.

    `start` None: since ever; `end` None: until the next rate or for ever. `end` is exclusive.
    """

    currency: str
    rate: float
    start: date | None = None
    end: date | None = None
    dated: bool = False


@dataclass(frozen=True, slots=True)
class Currencies:
    """Currencies of a CRM. A CRM with a single currency has a home and no rates."""

    home: str
    rates: tuple[Rate, ...] = ()
