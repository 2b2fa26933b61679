"""What to read of which HubSpot objects for a section of the mapping, and which columns become of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from adapters.hubspot.fields import Fields
from adapters.hubspot.paths import OBJECTS
from adapters.hubspot.rows import typed
from adapters.hubspot.settings import Settings
from connector.crm import (
    ACCOUNT,
    CLOSED,
    CONTACT,
    CURRENCY,
    DATE,
    HOME_AMOUNT,
    ID,
    LAST_ACTIVITY,
    OPPORTUNITY,
    ROLE,
    STAGE_PROBABILITY,
    WON,
    FieldType,
    PullRequest,
)
from connector.errors import CrmRequestError

PRIMARY_COMPANY = "hs_primary_associated_company"
"""The main company of a deal as a property of its own: it spares asking for the types of its associations."""
MERGED = "hs_merged_object_ids"
_BUYING_ROLE = "hs_buying_role"
_LAST_CONTACTED = "notes_last_contacted"
_TIMESTAMP = "hs_timestamp"
_TASK_STATUS = "hs_task_status"
_HOME_AMOUNT = "amount_in_home_currency"
_STAMPS: Mapping[str, str] = {"contacts": "lastmodifieddate"}
_STAMP = "hs_lastmodifieddate"

OF_THE_STAGE = frozenset(
    {
        "amount_in_home_currency",
        "hs_closed_amount",
        "hs_deal_stage_probability",
        "hs_is_closed",
        "hs_is_closed_lost",
        "hs_is_closed_won",
        "hs_primary_associated_company",
        "hs_projected_amount",
    }
)
"""Computed properties of a deal that follow from the deal itself, its stage's settings and exchange rates."""


@dataclass(frozen=True, slots=True)
class Added:
    """A column that the adapter adds.

    Attributes:
        type: of its values.
        value: from the columns of texts.
    """

    type: FieldType
    value: pl.Expr


@dataclass(frozen=True, slots=True)
class Reading:
    """One HubSpot object to read.

    Attributes:
        name: HubSpot's name of it.
        properties: to ask for, fields of the result or not.
        added: columns beside the fields.
        keep: which records count, by the columns of texts; None for all.
        company: children: each of their companies, or the main one only; None for companies themselves.
        primary: the property that tells the main company, where there is one.
        explode: a column of lists that makes a row of each value.
        filled: only records count in which this property is set.
        key: the column that names HubSpot's own record.
    """

    name: str
    properties: tuple[str, ...]
    added: Mapping[str, Added] = field(default_factory=dict)
    keep: pl.Expr | None = None
    company: Literal["each", "main"] | None = "each"
    primary: str | None = None
    explode: str | None = None
    filled: str | None = None
    key: str = ID

    @property
    def stamp(self) -> str:
        """The property that tells when a record changed last."""
        return _STAMPS.get(self.name, _STAMP)


@dataclass(frozen=True, slots=True)
class Readings:
    """Finds out what to read.

    Attributes:
        fields: the portal's properties.
        settings: its pipelines.
        time_zone: in which moments become days.
    """

    fields: Fields
    settings: Settings
    time_zone: str

    def of(self, request: PullRequest) -> list[Reading]:
        """What a request needs, one reading per HubSpot object.

        Raises:
            CrmError: an object, property or pipeline does not exist, or may not be read.
        """
        if request.object == "activities":
            readings = [self._engagements(request, name) for name in request.sources or OBJECTS["activities"]]
        elif request.object == "accounts":
            readings = [self._companies(request)]
        elif request.object == "opportunities":
            readings = [self._deals(request)]
        elif request.object == "contact_roles":
            readings = [self._contacts(request)]
        else:
            readings = [Reading(OBJECTS[request.object][0], request.fields)]
        for reading in readings:
            self.fields.of(reading.name)  # says what is wrong if the object or its scope is missing
        return readings

    def kinds(self, request: PullRequest, names: Sequence[str]) -> dict[str, FieldType]:
        """Types of the fields asked for; each must exist in one of the objects."""
        kinds: dict[str, FieldType] = {}
        for each in request.fields:
            holder = next((name for name in names if each in self.fields.of(name)), names[0])
            kinds[each] = self.fields.of(holder)[self._demanded(holder, each)].type
        return kinds

    def _companies(self, request: PullRequest) -> Reading:
        added = {CURRENCY: Added(FieldType.TEXT, pl.lit(None, pl.String))}
        extra = self._existing("companies", MERGED)
        return Reading("companies", _unique(request.fields, extra), added, company=None)

    def _deals(self, request: PullRequest) -> Reading:
        extra = self._existing("deals", "deal_currency_code", _HOME_AMOUNT)
        known = self.settings.stage_meanings()
        place = pl.concat_str(pl.col("pipeline"), pl.lit("\n"), pl.col("dealstage"))
        places = ["\n".join(each) for each in known]

        def by_stage(values: Sequence[object], kind: FieldType, dtype: type[pl.DataType]) -> Added:
            return Added(kind, place.replace_strict(places, pl.Series(values, dtype=dtype), default=None))

        added = {
            WON: by_stage([each.won for each in known.values()], FieldType.BOOLEAN, pl.Boolean),
            CLOSED: by_stage([each.closed for each in known.values()], FieldType.BOOLEAN, pl.Boolean),
            STAGE_PROBABILITY: by_stage(
                [each.probability for each in known.values()], FieldType.NUMBER, pl.Float64
            ),
            CURRENCY: self._optional("deal_currency_code", FieldType.TEXT, extra),
            HOME_AMOUNT: self._optional(_HOME_AMOUNT, FieldType.CURRENCY, extra),
        }
        main = request.account != "any_company"
        primary = self._existing("deals", PRIMARY_COMPANY) if main else ()
        return Reading(
            "deals",
            _unique(request.fields, ("pipeline", "dealstage", *extra, *primary)),
            added,
            keep=self._in_pipelines(request.pipelines),
            company="main" if main else "each",
            primary=next(iter(primary), None),
        )

    def _contacts(self, request: PullRequest) -> Reading:
        role = self._demanded("contacts", request.role_field or _BUYING_ROLE)
        last = request.last_activity or next(iter(self._existing("contacts", _LAST_CONTACTED)), None)
        activity = pl.col(self._demanded("contacts", last)) if last else pl.lit(None, pl.String)
        roles = pl.col(role).str.split(";").list.eval(pl.element().str.strip_chars())
        return Reading(
            "contacts",
            _unique(request.fields, (role, last) if last else (role,)),
            {
                CONTACT: Added(FieldType.REFERENCE, pl.col(ID)),
                OPPORTUNITY: Added(FieldType.REFERENCE, pl.lit(None, pl.String)),
                ROLE: Added(
                    FieldType.PICKLIST, roles.list.filter(pl.element() != "").list.unique(maintain_order=True)
                ),
                LAST_ACTIVITY: Added(FieldType.DATE, typed(activity, FieldType.DATETIME, self.time_zone)),
            },
            keep=pl.col(role).str.strip_chars("; ") != "",
            explode=ROLE,
            filled=role,
            key=CONTACT,
        )

    def _engagements(self, request: PullRequest, name: str) -> Reading:
        date = self._demanded(name, request.date or _TIMESTAMP)
        kind = self.fields.of(name)[date].type
        is_task = name == "tasks"
        own = self.fields.of(name)
        return Reading(
            name,
            _unique(
                [each for each in request.fields if each in own], (date, *([_TASK_STATUS] if is_task else ()))
            ),
            {DATE: Added(FieldType.DATE, typed(pl.col(date), kind, self.time_zone))},
            keep=pl.col(_TASK_STATUS) == "COMPLETED" if is_task else None,
        )

    def _demanded(self, name: str, property_name: str) -> str:
        """The property's name, once it is sure that it can be read: HubSpot leaves unknown ones out silently."""
        if property_name not in self.fields.of(name):
            self.settings.identify()
            raise self.fields.lacking(name, property_name, f"read {name}")
        return property_name

    def _existing(self, name: str, *properties: str) -> tuple[str, ...]:
        return tuple(each for each in properties if each in self.fields.of(name))

    def _optional(self, property_name: str, kind: FieldType, existing: Sequence[str]) -> Added:
        present = property_name in existing
        return Added(
            kind, typed(pl.col(property_name) if present else pl.lit(None, pl.String), kind, self.time_zone)
        )

    def _in_pipelines(self, wanted: Sequence[str]) -> pl.Expr | None:
        if not wanted:
            return None
        known = self.settings.stages()
        if unknown := [each for each in wanted if each not in known]:
            raise CrmRequestError(
                f"HubSpot could not read deals: the portal has no deal pipeline {', '.join(unknown)}, only "
                f"{', '.join(known)}. Correct [opportunities] pipelines; ids are in the address of the pipeline's "
                f"page at Settings > Objects > Deals > Pipelines.",
                crm="hubspot",
                operation="read deals",
                code="PIPELINE_NOT_FOUND",
            )
        return pl.col("pipeline").is_in(list(wanted))


def schema(reading: Reading, kinds: Mapping[str, FieldType]) -> dict[str, FieldType]:
    """Types of the result's columns."""
    own = {ID: FieldType.REFERENCE}
    if reading.company is not None:
        own[ACCOUNT] = FieldType.REFERENCE
    return own | {name: added.type for name, added in reading.added.items()} | dict(kinds)


def _unique(fields: Sequence[str], extra: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*fields, *extra)))
