"""Reads the records of a section into typed Parquet: which objects, which properties, which company."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pyarrow.parquet as pq

from adapters.hubspot import query
from adapters.hubspot.fields import Fields
from adapters.hubspot.http import Portal
from adapters.hubspot.paths import OBJECTS
from adapters.hubspot.rows import arrow_schema, typed
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
    Pulled,
    PullRequest,
)
from connector.errors import CrmRequestError

BATCH_ROWS = 10_000
_MERGED = "hs_merged_object_ids"
_BUYING_ROLE = "hs_buying_role"
_LAST_CONTACTED = "notes_last_contacted"
_TIMESTAMP = "hs_timestamp"
_TASK_STATUS = "hs_task_status"
_COMPANIES = "@companies"
_WHOLE = "@whole"


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
        explode: a column of lists that makes a row of each value.
    """

    name: str
    properties: tuple[str, ...]
    added: Mapping[str, Added] = field(default_factory=dict)
    keep: pl.Expr | None = None
    company: Literal["each", "main"] | None = "each"
    explode: str | None = None


@dataclass(frozen=True, slots=True)
class Puller:
    """Reads records of one portal.

    Attributes:
        portal: where to read.
        fields: its properties.
        settings: its pipelines.
        time_zone: in which moments become days.
        batch_rows: how many records are held in memory at once.
    """

    portal: Portal
    fields: Fields
    settings: Settings
    time_zone: str
    batch_rows: int = BATCH_ROWS

    def pull(self, request: PullRequest, folder: Path) -> Pulled:
        """See `connector.crm.Crm.pull`.

        Every record comes, whatever the request's conditions: HubSpot filters in searches only, which lag behind
        and stop at 10,000 records. The caller tests again anyway.
        """
        readings = self._readings(request)
        for reading in readings:
            self.fields.of(reading.name)  # says what is wrong if the object or its scope is missing
        kinds = self._kinds(request, [reading.name for reading in readings])
        schema = self._schema(readings[0], kinds)
        arrow = arrow_schema(schema)
        path = folder / f"{request.object}.parquet"
        merged: dict[str, str] = {}
        rows = 0
        with pq.ParquetWriter(path, arrow) as writer:
            for reading in readings:
                for texts in self._batches(reading):
                    merged |= _merged(texts)
                    frame = self._finished(reading, texts, kinds, list(schema))
                    writer.write_table(frame.to_arrow().cast(arrow))
                    rows += len(frame)
        return Pulled(request.object, (path,), schema, rows, merged=merged)

    def _readings(self, request: PullRequest) -> list[Reading]:
        make: Mapping[str, Callable[[PullRequest], Reading]] = {
            "accounts": self._companies,
            "opportunities": self._deals,
            "contact_roles": self._contacts,
        }
        if request.object in make:
            return [make[request.object](request)]
        if request.object == "activities":
            return [self._engagements(request, name) for name in request.sources or OBJECTS["activities"]]
        return [Reading(OBJECTS[request.object][0], request.fields)]

    def _companies(self, request: PullRequest) -> Reading:
        added = {CURRENCY: Added(FieldType.TEXT, pl.lit(None, pl.String))}
        extra = self._existing("companies", _MERGED)
        return Reading("companies", _unique(request.fields, extra), added, company=None)

    def _deals(self, request: PullRequest) -> Reading:
        extra = self._existing("deals", "deal_currency_code", "amount_in_home_currency")
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
            HOME_AMOUNT: self._optional("amount_in_home_currency", FieldType.CURRENCY, extra),
        }
        return Reading(
            "deals",
            _unique(request.fields, ("pipeline", "dealstage", *extra)),
            added,
            keep=self._in_pipelines(request.pipelines),
            company="each" if request.account == "any_company" else "main",
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

    def _kinds(self, request: PullRequest, names: Sequence[str]) -> dict[str, FieldType]:
        """Types of the fields asked for; each must exist in one of the objects."""
        kinds: dict[str, FieldType] = {}
        for each in request.fields:
            holder = next((name for name in names if each in self.fields.of(name)), names[0])
            kinds[each] = self.fields.of(holder)[self._demanded(holder, each)].type
        return kinds

    def _schema(self, reading: Reading, kinds: Mapping[str, FieldType]) -> dict[str, FieldType]:
        schema = {ID: FieldType.REFERENCE}
        if reading.company is not None:
            schema[ACCOUNT] = FieldType.REFERENCE
        return schema | {name: added.type for name, added in reading.added.items()} | dict(kinds)

    def _batches(self, reading: Reading) -> Iterator[pl.DataFrame]:
        """Records as columns of texts, some thousand at a time; at least one batch.

        Beside the properties: ``@id``; of children also the list of their companies, and whether it is whole.
        """
        linked = reading.company is not None
        columns: dict[str, list[Any]] = {name: [] for name in (ID, _COMPANIES, _WHOLE, *reading.properties)}
        yielded = False
        for page in query.records(self.portal, reading.name, reading.properties, companies=linked):
            columns[ID] += [str(record["id"]) for record in page]
            for name in reading.properties:
                columns[name] += [record["properties"].get(name) for record in page]
            for record in page:
                companies, whole = query.companies_of(record)
                columns[_COMPANIES].append(companies)
                columns[_WHOLE].append(whole)
            if len(columns[ID]) >= self.batch_rows:
                yield _texts(columns)
                yielded = True
                columns = {name: [] for name in columns}
        if columns[ID] or not yielded:
            yield _texts(columns)

    def _finished(
        self, reading: Reading, texts: pl.DataFrame, kinds: Mapping[str, FieldType], names: Sequence[str]
    ) -> pl.DataFrame:
        """Typed rows of the result, from records as texts."""
        frame = texts if reading.keep is None else texts.filter(reading.keep)
        frame = frame.with_columns(added.value.alias(name) for name, added in reading.added.items())
        frame = frame.with_columns(
            typed(pl.col(name), kind, self.time_zone) if name in frame.columns else pl.lit(None).alias(name)
            for name, kind in kinds.items()
        )
        if reading.explode:
            frame = frame.explode(reading.explode)
        if reading.company is not None:
            frame = frame.join(self._companies_of(reading, frame), on=ID, how="left", maintain_order="left")
        if reading.explode:
            # A contact is several records of ours: one for each role at each company.
            parts = [pl.col(name) for name in (ID, reading.explode, ACCOUNT)]
            frame = frame.with_columns(pl.concat_str(parts, separator=":", ignore_nulls=True).alias(ID))
        return frame.select(names)

    def _companies_of(self, reading: Reading, frame: pl.DataFrame) -> pl.DataFrame:
        """Which companies the records of a batch count for: ``@id``, ``@account``.

        The list has told most of it. Asked for are lists that were not whole, which of several companies is the
        main one, and, lest a portal that tells nothing looks like one without companies, a batch without any.
        """
        links = frame.select(ID, _COMPANIES, _WHOLE).unique(ID, maintain_order=True)
        number = pl.col(_COMPANIES).list.len()
        unsure = pl.col(_WHOLE).not_() | (number.sum() == 0)
        if reading.company == "main":
            unsure |= number > 1
        told = (
            links.filter(~unsure).select(ID, pl.col(_COMPANIES).alias(ACCOUNT)).explode(ACCOUNT).drop_nulls()
        )
        asked = links.filter(unsure)[ID].to_list()
        if not asked:
            return told
        pairs = query.associations(self.portal, reading.name, "companies", asked)
        pairs = query.main_company(pairs) if reading.company == "main" else pairs.select(ID, ACCOUNT)
        return pl.concat([told, pairs])

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


def _unique(fields: Sequence[str], extra: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*fields, *extra)))


def _texts(columns: Mapping[str, Sequence[Any]]) -> pl.DataFrame:
    special: Mapping[str, pl.DataType | type[pl.DataType]] = {
        _COMPANIES: pl.List(pl.String),
        _WHOLE: pl.Boolean,
    }
    return pl.DataFrame(columns, schema={name: special.get(name, pl.String) for name in columns})


def _merged(texts: pl.DataFrame) -> dict[str, str]:
    """Loser -> survivor, from the lists that survivors keep."""
    if _MERGED not in texts.columns:
        return {}
    listed = texts.filter(pl.col(_MERGED).str.strip_chars() != "").select(ID, _MERGED)
    return {
        loser.strip(): survivor
        for survivor, losers in listed.iter_rows()
        for loser in losers.split(";")
        if loser.strip()
    }
