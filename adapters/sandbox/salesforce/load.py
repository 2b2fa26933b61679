"""From the generated portfolio to the org's tables."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from adapters.sandbox.salesforce.ids import make_id
from adapters.sandbox.salesforce.objects import STAGES
from adapters.sandbox.salesforce.org import Org
from adapters.sandbox.salesforce.seed import ADMIN, RECORD_TYPES, seed_user

if TYPE_CHECKING:
    from adapters.sandbox.portfolio import Portfolio

_STAGE_NAMES = {stage[1]: stage[0] for stage in STAGES}
_ARCHIVED_AFTER = timedelta(days=365)  # activities older than this are archived by Salesforce


def load_chunk(org: Org, portfolio: Portfolio) -> None:
    """Insert one chunk of the portfolio."""
    for user in portfolio.users.iter_rows(named=True):
        names = (user["first_name"], user["last_name"], user["email"])
        seed_user(
            org, user["key"], names, "Standard User", Division=user["territory"], IsActive=int(user["active"])
        )
    _load_rates(org, portfolio.rates)
    for name, rows in (
        ("Account", _accounts(org, portfolio.accounts)),
        ("Contact", _contacts(portfolio.contacts)),
        ("Opportunity", _opportunities(org, portfolio.opportunities)),
        ("OpportunityContactRole", _opportunity_roles(portfolio.opportunity_roles)),
        ("AccountContactRole", _account_roles(portfolio.account_roles)),
        ("Case", _cases(portfolio.cases)),
        ("Order", _orders(org, portfolio.orders)),
        *_activities(org, portfolio.activities),
    ):
        _insert(org, name, rows)


def create_indexes(org: Org) -> None:
    """Indexes that queries by account, parent and time need; made once, after all chunks."""
    for target in org.objects.values():
        if target.account is not None:
            org.index(target.table, target.account)
        if not target.setup:
            org.index(target.table, "SystemModstamp")


def _load_rates(org: Org, rates: pl.DataFrame) -> None:
    if rates.is_empty() or not org.multi_currency:
        return
    types = org.objects["CurrencyType"]
    latest = rates.sort("currency", "start").group_by("currency", maintain_order=True).last()
    rows = [{"currency": "EUR", "rate": 1.0}] + [
        row for row in latest.iter_rows(named=True) if row["currency"] != "EUR"
    ]
    for row in rows:
        corporate = int(row["currency"] == "EUR")
        org.insert(
            types,
            {
                "IsoCode": row["currency"],
                "ConversionRate": row["rate"],
                "DecimalPlaces": 2,
                "IsActive": 1,
                "IsCorporate": corporate,
            },
            ADMIN,
        )
    following = rates.sort("currency", "start").with_columns(
        pl.col("start").shift(-1).over("currency").alias("next")
    )
    for row in following.iter_rows(named=True):
        org.insert(
            org.objects["DatedConversionRate"],
            {
                "IsoCode": row["currency"],
                "StartDate": row["start"].isoformat(),
                "NextStartDate": (row["next"] or date(9999, 12, 31)).isoformat(),
                "ConversionRate": row["rate"],
            },
            ADMIN,
        )


Row = Mapping[str, Any]


def _insert(org: Org, name: str, rows: Iterator[tuple[int, dict[str, Any]]]) -> None:
    """Insert rows that all have the same columns, as a stream."""
    target = org.objects[name]
    first = next(rows, None)
    if first is None:
        return
    columns = list(first[1])

    def tuples() -> Iterator[Sequence[Any]]:
        for key, values in itertools.chain((first,), rows):
            yield (key, make_id(target.prefix, key), *values.values())

    org.database.insert(target.table, ["rowid", "Id", *columns], tuples())


def _reference(prefix: str, key: int | None) -> str | None:
    return None if key is None else make_id(prefix, key)


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _moment(day: date) -> str:
    return f"{day.isoformat()}T09:00:00.000Z"


def _stamps(created: str, modified: str | None = None, by: str = ADMIN) -> dict[str, str]:
    latest = modified or created
    return {
        "CreatedDate": created,
        "CreatedById": by,
        "LastModifiedDate": latest,
        "LastModifiedById": by,
        "SystemModstamp": latest,
    }


def _money(org: Org, row: Row) -> dict[str, Any]:
    return {"CurrencyIsoCode": row["currency"]} if org.multi_currency else {}


def _accounts(org: Org, accounts: pl.DataFrame) -> Iterator[tuple[int, dict[str, Any]]]:
    """Salesforce has no archived accounts: those of the portfolio left the org and are not loaded."""
    for row in accounts.filter(pl.col("state") != "archived").iter_rows(named=True):
        first, _, last = row["name"].rpartition(" ")
        kind = "PersonAccount" if row["person"] else row["record_type"]
        values = {
            "IsDeleted": int(row["state"] != "live"),
            "MasterRecordId": _reference("001", row["merged_into_key"]),
            "Name": row["name"],
            "FirstName": first if row["person"] else None,
            "LastName": last if row["person"] else None,
            "Type": row["kind"],
            "RecordTypeId": make_id("012", RECORD_TYPES[kind]),
            "ParentId": _reference("001", row["parent_key"]),
            "BillingCity": row["city"],
            "BillingCountry": row["country"],
            "AccountNumber": row["account_number"],
            "Website": row["website"],
            "Industry": row["industry"],
            "AnnualRevenue": row["annual_revenue"],
            "NumberOfEmployees": row["employees"],
            "OwnerId": make_id("005", row["owner_key"]),
            "IsPersonAccount": int(row["person"]),
            **_money(org, row),
            **_stamps(_moment(row["created"]), _moment(row["modified"])),
        }
        if org.world.options.ratings:
            values |= {
                "KPM_Demand__c": None if row["demand"] is None else str(row["demand"]),
                "KPM_Chemistry__c": None if row["chemistry"] is None else str(row["chemistry"]),
                "KPM_Strategy__c": row["strategy"],
                "KPM_Rated_At__c": _iso(row["rated_at"]),
                "KPM_Wallet__c": row["wallet"],
                "KPM_Wallet_Rated_At__c": _iso(row["wallet_rated_at"]),
            }
        yield row["key"], values


def _contacts(contacts: pl.DataFrame) -> Iterator[tuple[int, dict[str, Any]]]:
    for row in contacts.iter_rows(named=True):
        yield (
            row["key"],
            {
                "AccountId": make_id("001", row["account_key"]),
                "FirstName": row["first_name"],
                "LastName": row["last_name"],
                "Name": f"{row['first_name']} {row['last_name']}",
                "Email": row["email"],
                "Title": row["title"],
                "OwnerId": ADMIN,
                "LastActivityDate": _iso(row["last_activity"]),
                **_stamps(_moment(row["created"])),
            },
        )


def _opportunities(org: Org, opportunities: pl.DataFrame) -> Iterator[tuple[int, dict[str, Any]]]:
    for row in opportunities.iter_rows(named=True):
        yield (
            row["key"],
            {
                "AccountId": _reference("001", row["account_key"]),
                "Name": row["name"],
                "StageName": _STAGE_NAMES[row["stage"]],
                "Amount": row["amount"],
                "Probability": float(row["probability"]),
                "CloseDate": _iso(row["close_date"]),
                "Type": row["type"],
                "ProductLine__c": row["product_line"],
                "IsClosed": int(row["closed"]),
                "IsWon": int(row["won"]),
                "OwnerId": make_id("005", row["owner_key"]),
                **_money(org, row),
                **_stamps(_moment(row["created"])),
            },
        )


def _opportunity_roles(roles: pl.DataFrame) -> Iterator[tuple[int, dict[str, Any]]]:
    for row in roles.iter_rows(named=True):
        yield (
            row["key"],
            {
                "OpportunityId": make_id("006", row["opportunity_key"]),
                "ContactId": make_id("003", row["contact_key"]),
                "Role": row["role"],
                **_stamps(_moment(date(2020, 1, 1))),
            },
        )


def _account_roles(roles: pl.DataFrame) -> Iterator[tuple[int, dict[str, Any]]]:
    for row in roles.iter_rows(named=True):
        yield (
            row["key"],
            {
                "AccountId": make_id("001", row["account_key"]),
                "ContactId": make_id("003", row["contact_key"]),
                "Role": row["role"],
                **_stamps(_moment(date(2020, 1, 1))),
            },
        )


def _cases(cases: pl.DataFrame) -> Iterator[tuple[int, dict[str, Any]]]:
    for row in cases.iter_rows(named=True):
        created = row["created"].strftime("%Y-%m-%dT%H:%M:%S.000Z")
        yield (
            row["key"],
            {
                "CaseNumber": f"{row['key']:08d}",
                "AccountId": make_id("001", row["account_key"]),
                "Type": row["type"],
                "Status": row["status"],
                "IsClosed": int(row["status"] == "Closed"),
                "OwnerId": ADMIN,
                **_stamps(created),
            },
        )


def _orders(org: Org, orders: pl.DataFrame) -> Iterator[tuple[int, dict[str, Any]]]:
    for row in orders.iter_rows(named=True):
        yield (
            row["key"],
            {
                "AccountId": make_id("001", row["account_key"]),
                "EffectiveDate": _iso(row["effective_date"]),
                "Status": row["status"],
                "OrderNumber": f"{row['key']:08d}",
                "TotalAmount": row["amount"],
                "OwnerId": ADMIN,
                **_money(org, row),
                **_stamps(_moment(row["effective_date"])),
            },
        )


def _activities(org: Org, activities: pl.DataFrame) -> list[tuple[str, Iterator[tuple[int, dict[str, Any]]]]]:
    """Meetings are events, everything else is a task; what is done and older than a year is archived."""
    meeting = pl.col("kind") == "meeting"
    return [
        ("Task", _activity(org, activities.filter(~meeting))),
        ("Event", _activity(org, activities.filter(meeting))),
    ]


def _activity(org: Org, activities: pl.DataFrame) -> Iterator[tuple[int, dict[str, Any]]]:
    oldest = org.world.today - _ARCHIVED_AFTER
    for row in activities.iter_rows(named=True):
        account = _reference("001", row["account_key"])
        day = row["date"]
        values = {
            "WhoId": _reference("003", row["contact_key"]),
            "WhatId": account,
            "AccountId": account,
            "Subject": str(row["kind"]).capitalize(),
            "ActivityDate": _iso(day),
            "OwnerId": ADMIN,
            "IsArchived": int(bool(row["completed"]) and day is not None and day < oldest),
            **_stamps(_moment(day)),
        }
        if row["kind"] == "meeting":
            values |= {"StartDateTime": _moment(day), "EndDateTime": f"{_iso(day)}T10:00:00.000Z"}
        else:
            subtype = {"call": "Call", "email": "Email"}.get(row["kind"], "Task")
            done = bool(row["completed"])
            values |= {
                "Status": "Completed" if done else "Not Started",
                "IsClosed": int(done),
                "TaskSubtype": subtype,
            }
        yield row["key"], values
