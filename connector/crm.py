"""The contract between the connector and a CRM.

An adapter speaks the vendor's language (sObject, company, deal, property) and answers in ours: objects are
named as the sections of a mapping file, fields by the CRM's API names, values as columns of Parquet or Arrow.

Promises that every adapter keeps, each one test in ``tests/contract``:

- every record comes exactly once, whatever the page sizes;
- column types follow `Crm.describe`; null stays null; dates are ``date32`` in the business time zone;
- a written value reads back equal, a null clears;
- an unknown or hidden field raises an error that names the field, the user and the fix;
- one result per change, in any order, continuing past rejected ones; replaying a write is safe;
- 429, 5xx, dropped connections and time-outs are retried within a budget, then raised as temporary;
- an expired token is renewed once;
- child records carry the account they belong to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol

import pyarrow as pa

CrmName = Literal["salesforce", "hubspot"]

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


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What to read of one object.

    Attributes:
        object: section of the mapping.
        fields: API names, one column each under that name.
        where: groups of conditions; a record is wanted if all conditions of at least one group hold. Empty:
            every record. It narrows the read only: an adapter may return records outside it (the caller
            tests again), and leaves out none inside it.
        account: children: the lookup field, or ``primary_company`` / ``any_company`` in HubSpot.
        sources: vendor objects to read together (Task and Event).
        pipelines: opportunities: HubSpot pipelines to read, empty for all.
        role_field: contact_roles: the property that holds the buying role in HubSpot.
        last_activity: contact_roles: the contact's field with its last activity.
        date: activities: the date field.
        since: only records changed since then, where the adapter can; deleted and merged ones are listed.
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
        deleted: ids that no longer exist (incremental reads).
        merged: loser's id -> survivor's id, as far as the CRM tells.
    """

    object: Object
    paths: tuple[Path, ...]
    schema: Mapping[str, FieldType]
    rows: int
    deleted: tuple[str, ...] = ()
    merged: Mapping[str, str] = field(default_factory=dict)


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


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that provisioning does, did or leaves to a person.

    Attributes:
        what: "create field", "add options", "grant", "assign", "by hand" ...
        target: the field, permission set or user.
        detail: one line for people.
        done: True if it stands (already there or just done).
        changed: True if this call did it.
    """

    what: str
    target: str
    detail: str = ""
    done: bool = True
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check.

    Attributes:
        level: ok, warning or error.
        what: subject of the line ("login", "API quota").
        message: what was found and what to do.
    """

    level: Literal["ok", "warning", "error"]
    what: str
    message: str


@dataclass(frozen=True, slots=True)
class Usage:
    """API calls.

    Attributes:
        used: calls of the last 24 hours by everybody, None where the CRM does not tell.
        limit: the daily allowance, None where the CRM does not tell.
        calls: calls of this session by endpoint, such as ``PATCH composite/sobjects`` -> 12.
    """

    used: int | None
    limit: int | None
    calls: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Estimate:
    """API calls that a sync will need.

    Attributes:
        calls: what the adapter will do.
        minimum: the fewest that the CRM's API allows for the same work.
    """

    calls: int
    minimum: int


# A batch of changes: ID, and per field F three columns: F (the new value, typed by FieldType.arrow, null
# clears), SEND + F (boolean: send it) and optionally WAS + F (the value before, for the journal).
SEND = "send:"
WAS = "was:"

# A batch of results, one row per change.
RESULT_SCHEMA = pa.schema(
    [
        (ID, pa.string()),
        ("outcome", pa.string()),  # "written" | "rejected" | "deferred" (quota: the next run tries again)
        ("code", pa.string()),  # the vendor's code, null if written
        ("message", pa.string()),  # the vendor's own words, null if written
        ("fields", pa.string()),  # fields named by the vendor, separated by ", "
    ],
)


class Crm(Protocol):
    """A CRM that holds accounts, and takes results back."""

    name: CrmName

    def check(self) -> list[Finding]:
        """Log in and report on API version, user, permissions and quota. Raises only if login fails."""
        ...

    def user(self) -> str:
        """Name of the user, or of the app, as whom we are connected. Logs in."""
        ...

    def describe(self, object: Object, source: str | None = None) -> Mapping[str, CrmField]:
        """Fields of an object by API name, as the connected user sees them.

        Dotted parent fields are not listed; `resolve` answers for them.

        Args:
            object: section of the mapping.
            source: the vendor object where a section reads several (``Task``); default the main one.

        Raises:
            CrmRequestError: the org has no such object, code ``OBJECT_NOT_FOUND``.
        """
        ...

    def resolve(self, object: Object, field: str) -> CrmField | None:
        """The field behind a name that may be dotted; None if unknown or hidden."""
        ...

    def stages(self) -> Mapping[str, tuple[str, ...]]:
        """Stages of opportunities by pipeline ("" where the CRM has no pipelines): stored values in order."""
        ...

    def currencies(self) -> Currencies:
        """Home currency and rates."""
        ...

    def pull(self, request: PullRequest, folder: Path) -> Pulled:
        """Read records to Parquet files in `folder`, which exists and is empty."""
        ...

    def batch_size(self, total: int) -> int:
        """How many changes a batch should hold, given how many there are in all."""
        ...

    def write(self, batches: Iterable[pa.RecordBatch], total: int) -> Iterator[pa.RecordBatch]:
        """Send changes to accounts.

        For every batch taken from `batches` exactly one batch of results is yielded before the next batch is
        taken, so that the caller can journal each one before it leaves and settle it after.

        Args:
            batches: see SEND and WAS above; at most `batch_size` rows each.
            total: number of changes in all, from which the adapter chooses its way of writing.

        Yields:
            Results as in RESULT_SCHEMA, one row per change.

        Raises:
            CrmTemporaryError: retries are exhausted; nothing of the batch in hand is certain.
            CrmAuthError: the right to write is missing.
        """
        ...

    def provision(
        self,
        fields: Sequence[FieldSpec],
        reads: Mapping[Object, Sequence[str]],
        assign: Sequence[str] = (),
        *,
        dry_run: bool = False,
        nightly_user: str | None = None,
    ) -> list[Step]:
        """Create what is missing: fields, options, permissions. Never changes or removes what exists.

        Args:
            fields: fields on the account, results and inputs.
            reads: fields that the nightly user must be able to read, by object.
            assign: users who get the right to see the results.
            dry_run: say what would be done.
            nightly_user: whom the nightly sync connects as (`user` of that connection), who gets the right to read
                and write; None where the CRM gives rights to a token, or leaves it to a person.
        """
        ...

    def estimate(self, rows: Mapping[Object, int], changes: int) -> Estimate:
        """Calls that reading so many records and writing so many changes takes."""
        ...

    def usage(self) -> Usage:
        """API quota and the calls of this session."""
        ...

    def account_url(self, account_id: str) -> str:
        """Link to an account's page for people."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
