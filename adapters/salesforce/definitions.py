"""Currencies and rates, and the stages of opportunities: the org's own definitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from adapters.salesforce import query
from adapters.salesforce.errors import OBJECT_NOT_FOUND
from adapters.salesforce.fields import Fields
from adapters.salesforce.http import Org
from connector.crm import Currencies, Rate
from connector.errors import CrmAuthError, CrmRequestError

_NO_FIELD = "INVALID_FIELD"
_OPEN_END = 9999  # a rate without a successor ends in this year


def currencies(org: Org, fields: Fields) -> Currencies:
    """Home currency and rates; no rates in an org with a single currency."""
    if "CurrencyIsoCode" not in fields.of("Account"):
        return Currencies(_single(org))
    operation = "read currencies"
    types = query.records(org, operation, "SELECT IsoCode, ConversionRate, IsCorporate FROM CurrencyType")
    home = next((str(row["IsoCode"]) for row in types if row["IsCorporate"]), "")
    current = [Rate(str(row["IsoCode"]), float(row["ConversionRate"])) for row in types]
    text = "SELECT IsoCode, ConversionRate, StartDate, NextStartDate FROM DatedConversionRate"
    try:
        dated = [_dated(row) for row in query.records(org, operation, text)]
    except CrmRequestError as error:
        if error.code != OBJECT_NOT_FOUND:
            raise
        dated = []  # several currencies, but no dated rates
    return Currencies(home, (*current, *dated))


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of opportunities, by its stored value."""

    name: str
    won: bool
    closed: bool


def stages(org: Org) -> tuple[Stage, ...]:
    """The stages in order, inactive ones too: old opportunities are still in them."""
    text = "SELECT ApiName, MasterLabel, IsWon, IsClosed FROM OpportunityStage ORDER BY SortOrder"
    return tuple(
        Stage(str(row["ApiName"] or row["MasterLabel"]), bool(row["IsWon"]), bool(row["IsClosed"]))
        for row in query.records(org, "read stages", text)
    )


def _dated(row: Mapping[str, Any]) -> Rate:
    start, end = date.fromisoformat(row["StartDate"]), row["NextStartDate"]
    until = date.fromisoformat(end) if end else None
    if until is not None and until.year == _OPEN_END:
        until = None
    return Rate(str(row["IsoCode"]), float(row["ConversionRate"]), start, until, dated=True)


def _single(org: Org) -> str:
    """The currency of an org that has only one: nowhere in its records, but among its settings.

    Raises:
        CrmRequestError: it cannot be found.
    """
    operation = "read the currency"
    try:
        try:
            rows = query.records(org, operation, "SELECT DefaultCurrencyIsoCode FROM Organization")
            return str(rows[0]["DefaultCurrencyIsoCode"])
        except CrmRequestError as error:
            if error.code != _NO_FIELD:
                raise
        answer = org.request(operation, "GET", "connect/organization")
        return str(answer["features"]["defaultCurrencyIsoCode"])
    except (CrmRequestError, CrmAuthError, KeyError, IndexError) as error:
        raise CrmRequestError(
            f"Salesforce could not {operation}: the org has a single currency, and {org.translator.user} may not "
            f"read which. Let the user view Setup > Company Information.",
            crm="salesforce",
            operation=operation,
        ) from error
