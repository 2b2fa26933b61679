"""What a CRM in memory holds: records, fields, definitions; and which of them a read gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from connector.crm import (
    ACCOUNT,
    CLOSED,
    CONTACT,
    CURRENCY,
    DATE,
    ID,
    LAST_ACTIVITY,
    OPPORTUNITY,
    ROLE,
    WON,
    Condition,
    CrmField,
    Currencies,
    FieldType,
    Object,
    Rate,
)

Record = dict[str, Any]
Past = tuple[dict[Object, list[Record]], dict[str, str]]
_BEGINNING = datetime(2026, 1, 31, tzinfo=UTC)
_AGAIN = (
    5  # every so manieth record comes again though it has not changed, as clocks and indexes make it happen
)


@dataclass(slots=True)
class FakeOrg:
    """What the CRM holds.

    Attributes:
        records: by object.
        fields: by object and API name.
        stages: stored values in order.
        currencies: home currency and rates.
        hidden: fields of accounts that the user may not see.
        locked: fields of accounts that the user may not edit.
        writes: number of times that each account was written.
        merged: loser's id -> survivor's id.
        absent: objects that this CRM does not have.
        past: what it held at some moments, for incremental reads.
    """

    records: dict[Object, list[Record]]
    fields: dict[Object, dict[str, CrmField]]
    stages: tuple[str, ...] = ("Proposal", "Closed Won", "Closed Lost")
    currencies: Currencies = field(default_factory=lambda: Currencies("EUR"))
    hidden: set[str] = field(default_factory=set)
    locked: set[str] = field(default_factory=set)
    writes: Counter[str] = field(default_factory=Counter)
    merged: dict[str, str] = field(default_factory=dict)
    absent: set[Object] = field(default_factory=set)
    past: dict[datetime, Past] = field(default_factory=dict)

    def photograph(self) -> datetime:
        """Remember what it holds now; the moment goes by its own clock."""
        moment = _BEGINNING + timedelta(minutes=len(self.past))
        self.past[moment] = deepcopy((self.records, self.merged))
        return moment


def changed_records(before: list[Record], now: list[Record], key: str) -> tuple[list[Record], list[str]]:
    """Records that differ with all that share their key, some that do not, and keys that are gone."""
    old, new = _grouped(before, key), _grouped(now, key)
    changed = [
        record
        for number, (value, records) in enumerate(new.items())
        if old.get(value) != records or number % _AGAIN == 0
        for record in records
    ]
    return changed, [value for value in old if value not in new]


def _grouped(records: list[Record], key: str) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record[key], []).append(record)
    return found


def wanted(record: Record, groups: Sequence[Sequence[Condition]]) -> bool:
    return not groups or any(all(_holds(record, condition) for condition in group) for group in groups)


def _holds(record: Record, condition: Condition) -> bool:
    value = record.get(condition.field)
    empty = value is None or value == ""
    if condition.operator == "is_set":
        return empty is not condition.value
    if empty:
        return condition.operator == "not_in"
    if condition.operator in ("in", "not_in"):
        assert isinstance(condition.value, tuple)
        return (_plain(value) in map(_plain, condition.value)) == (condition.operator == "in")
    if condition.operator == "equals":
        return bool(_plain(value) == _plain(condition.value))
    this: Any
    other: Any
    this, other = (
        (value, condition.value) if not isinstance(value, date) else (str(value), str(condition.value))
    )
    return bool(this > other if condition.operator == "above" else this < other)


def _plain(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def small_portfolio(accounts: int = 20) -> FakeOrg:
    """An org with so many accounts, and about two opportunities, a role, a case and an order for each."""
    today = date(2026, 1, 31)
    text, money, day = FieldType.TEXT, FieldType.CURRENCY, FieldType.DATE
    fields: dict[Object, dict[str, CrmField]] = {
        "accounts": _fields(
            Name=text,
            Type=FieldType.PICKLIST,
            NumberOfEmployees=FieldType.NUMBER,
            CreatedDate=FieldType.DATETIME,
            IsPersonAccount=FieldType.BOOLEAN,
            OwnerId=FieldType.REFERENCE,
            ParentId=FieldType.REFERENCE,
        ),
        "opportunities": _fields(
            Amount=money, CloseDate=day, StageName=FieldType.PICKLIST, Probability=FieldType.PERCENT
        ),
        "contact_roles": {},
        "cases": _fields(Type=FieldType.PICKLIST, CreatedDate=FieldType.DATETIME),
        "orders": _fields(EffectiveDate=day),
        "activities": {},
    }
    records: dict[Object, list[Record]] = {name: [] for name in fields}
    for number in range(accounts):
        key = f"001{number:05}"
        records["accounts"].append(
            {
                ID: key,
                CURRENCY: "EUR",
                "Name": f"Company {number}",
                "Type": "Customer" if number % 4 else "Prospect",
                "NumberOfEmployees": None if number % 5 == 4 else 10.0 * number,
                "IsPersonAccount": False,
                "CreatedDate": today - timedelta(days=400 + number),
                "OwnerId": f"005{number % 3}",
            }
        )
        won = number % 3 != 0
        for step in range(2):
            stage = "Proposal" if step else ("Closed Won" if won else "Closed Lost")
            records["opportunities"].append(
                {
                    ID: f"006{number:05}{step}",
                    ACCOUNT: key,
                    WON: won and not step,
                    CLOSED: not step,
                    CURRENCY: "EUR",
                    "Amount": None if number % 7 == 6 else 1_000.0 * (number + 1),
                    "StageName": stage,
                    "CloseDate": today + timedelta(days=40 if step else -20 * number),
                    "Probability": 60.0 if step else 100.0,
                }
            )
        records["contact_roles"].append(
            {
                ID: f"00K{number:05}",
                ACCOUNT: key,
                OPPORTUNITY: f"006{number:05}0",
                CONTACT: f"003{number:05}",
                ROLE: "Economic Buyer" if number % 2 else "Evaluator",
                LAST_ACTIVITY: today - timedelta(days=number),
            }
        )
        records["cases"].append(
            {ID: f"500{number:05}", ACCOUNT: key, "Type": "Question", "CreatedDate": today}
        )
        records["orders"].append({ID: f"801{number:05}", ACCOUNT: key, "EffectiveDate": today})
        records["activities"].append(
            {ID: f"00T{number:05}", ACCOUNT: key, DATE: today - timedelta(days=number)}
        )
    rates = (Rate("CHF", 0.95), Rate("CHF", 0.93, date(2025, 1, 1), dated=True))
    return FakeOrg(records, fields, currencies=Currencies("EUR", rates), merged={"00199999": "00100001"})


def _fields(**types: FieldType) -> dict[str, CrmField]:
    return {
        name: CrmField(name, name, kind, 255 if kind.arrow == pa.string() else None)
        for name, kind in types.items()
    }
