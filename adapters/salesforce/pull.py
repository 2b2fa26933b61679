"""Reads the records of a section: which objects, which columns, by which way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

import polars as pl

from adapters.allowance import Allowance
from adapters.salesforce import bulk_query, changed, query, soql
from adapters.salesforce.fields import OBJECTS, Fields
from adapters.salesforce.http import Org
from adapters.salesforce.rows import KEY, Column, Finish, Reading, unchanged
from adapters.salesforce.sizes import Sizes
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
    FieldType,
    Pulled,
    PullRequest,
)
from connector.errors import CrmRequestError

_STAGE = "@stage"
_DONE = {"Task": "IsClosed"}  # what is still to be done is no activity yet
REST_ROWS = 2 * query.PAGE
"""Up to so many records, pages by REST take no more calls than a bulk job."""
_NOT_IN_BULK_CODES = frozenset({"INVALIDENTITY", "InvalidEntity"})


@dataclass(frozen=True, slots=True)
class Puller:
    """Reads records of one org.

    Attributes:
        org: where to read.
        fields: its describes.
        time_zone: in which moments become days.
        method: by REST, by Bulk API 2.0, or by REST for few records and by Bulk for many.
        page_rows: records per page of a bulk result.
        stages: gives the stored values of the stages that the org defines.
        sizes: about how many records objects have.
        allowance: of the daily API calls.
        found: number of records read, by Salesforce's name of the object.
        counted: objects that Salesforce was asked to count, beside what changed in them.
    """

    org: Org
    fields: Fields
    time_zone: str
    method: Literal["auto", "rest", "bulk"]
    page_rows: int
    stages: Callable[[], Iterable[str]]
    sizes: Sizes
    allowance: Allowance
    found: dict[str, int] = field(default_factory=dict)
    counted: set[str] = field(default_factory=set)

    def pull(self, request: PullRequest, folder: Path) -> Pulled:
        """See `connector.crm.Crm.pull`."""
        readings = self._readings(request)
        schema = {column.name: column.type for column in readings[0].columns if column.name != _STAGE}
        until = self.org.clock()
        if request.since and changed.recent(request.since, until) and self.incremental(request):
            return self._changed(request, readings, folder, schema, until)
        paths: list[Path] = []
        rows = 0
        for reading in readings:
            files, count = self._read(reading, folder)
            self.found[reading.object] = count
            paths += files
            rows += count
        merged = self._merged() if request.object == "accounts" else {}
        return Pulled(request.object, tuple(paths), schema, rows, merged=merged, until=until)

    def incremental(self, request: PullRequest) -> bool:
        """See `connector.crm.Crm.incremental`."""
        return changed.obstacle(request, self.fields) is None

    def _changed(
        self,
        request: PullRequest,
        readings: Sequence[Reading],
        folder: Path,
        schema: Mapping[str, FieldType],
        until: datetime | None,
    ) -> Pulled:
        """What changed since the request's moment, deleted and merged records apart."""
        assert request.since is not None
        paths: list[Path] = []
        merges = request.object == "accounts" and "MasterRecordId" in self.fields.of("Account")
        for reading in readings:
            done = _DONE.get(reading.object) if request.object == "activities" else None
            files, self.found[reading.object] = self._read(
                changed.since(reading, request.since, merges=merges, done=done), folder
            )
            paths += files
        found = changed.told_apart(paths)
        counts = [query.count(self.org, reading) for reading in readings]
        self.counted.update(reading.object for reading in readings)
        return Pulled(
            request.object,
            tuple(found.paths),
            schema,
            found.rows,
            deleted=tuple(found.deleted),
            merged=found.merged,
            complete=False,
            until=until,
            total=None if None in counts else sum(each or 0 for each in counts),
        )

    def _readings(self, request: PullRequest) -> list[Reading]:
        """One query per Salesforce object, all with the same columns."""
        operation = f"read {request.object}"
        names = request.sources or OBJECTS[request.object]
        types: dict[str, FieldType] = {}
        for wanted in request.fields:
            found = [known for name in names if (known := self.fields.resolve(name, wanted))]
            if not soql.NAME.match(wanted) or not found:
                raise self.fields.lacking(names[0], wanted, operation)
            types[wanted] = found[0].type
        return [self._reading(request, name, types) for name in names]

    def _reading(self, request: PullRequest, name: str, types: Mapping[str, FieldType]) -> Reading:
        own = [
            # A field that only another of the objects has is empty here.
            Column(wanted, wanted if self.fields.resolve(name, wanted) else None, kind)
            for wanted, kind in types.items()
        ]
        conditions = [soql.where(request.where, self.fields, name)]
        finish: Finish = unchanged
        if request.object == "activities":
            conditions += [f"{_DONE[name]} = true" if name in _DONE else "", "IsDeleted = false"]
        if request.object == "opportunities":
            finish = partial(_with_known_stages, stages=sorted({_folded(stage) for stage in self.stages()}))
        return Reading(
            name,
            (Column(ID, "Id", FieldType.REFERENCE), *self._added(request, name), *own),
            " AND ".join(f"({text})" for text in conditions if text),
            self.time_zone,
            # Salesforce archives closed tasks and past events after a year and then leaves them out.
            archived=request.object == "activities",
            finish=finish,
        )

    def _added(self, request: PullRequest, name: str) -> list[Column]:
        """The columns that the section needs beside the fields asked for."""
        currency = Column(
            CURRENCY, "CurrencyIsoCode" if "CurrencyIsoCode" in self.fields.of(name) else None, FieldType.TEXT
        )
        if request.object == "accounts":
            return [currency]
        if request.object == "contact_roles":
            return self._role_columns(request, name)
        account = self._demanded(name, request.account or "AccountId", request)
        columns = [Column(ACCOUNT, account, FieldType.REFERENCE)]
        if request.object == "opportunities":
            columns += [
                Column(WON, "IsWon", FieldType.BOOLEAN),
                Column(CLOSED, "IsClosed", FieldType.BOOLEAN),
                currency,
                Column(_STAGE, "StageName", FieldType.PICKLIST),
            ]
        if request.object == "activities":
            date = self._demanded(name, request.date or "ActivityDate", request)
            columns.append(
                Column(DATE, date, FieldType.DATETIME if self._is_moment(name, date) else FieldType.DATE)
            )
        return columns

    def _role_columns(self, request: PullRequest, name: str) -> list[Column]:
        on_account = "AccountId" in self.fields.of(name)
        activity = self._demanded(name, f"Contact.{request.last_activity or 'LastActivityDate'}", request)
        kind = FieldType.DATETIME if self._is_moment(name, activity) else FieldType.DATE
        return [
            Column(ACCOUNT, "AccountId" if on_account else "Opportunity.AccountId", FieldType.REFERENCE),
            Column(OPPORTUNITY, None if on_account else "OpportunityId", FieldType.REFERENCE),
            Column(CONTACT, "ContactId", FieldType.REFERENCE),
            Column(ROLE, "Role", FieldType.PICKLIST),
            Column(LAST_ACTIVITY, activity, kind),
        ]

    def _demanded(self, name: str, field: str, request: PullRequest) -> str:
        if not soql.NAME.match(field) or self.fields.resolve(name, field) is None:
            raise self.fields.lacking(name, field, f"read {request.object}")
        return field

    def _is_moment(self, name: str, field: str) -> bool:
        found = self.fields.resolve(name, field)
        return found is not None and found.type is FieldType.DATETIME

    def _read(self, reading: Reading, folder: Path) -> tuple[list[Path], int]:
        """By the way that is set. With auto, the object's size or else the first REST page tells how many there are."""

        def proceed() -> None:
            self.allowance.require(f"read {reading.object}")

        proceed()
        in_bulk = all(self._in_bulk(reading.object, path) for path in reading.paths)
        if self.method == "rest" or not in_bulk:
            return query.read(self.org, reading, folder, proceed=proceed)
        rows = None if reading.key != KEY or self.method == "bulk" else self.sizes.of(reading.object)
        many = rows is not None and rows > REST_ROWS and not reading.condition
        if self.method == "auto" and not many and query.fits(reading):
            try:
                return query.read(self.org, reading, folder, most=REST_ROWS, proceed=proceed)
            except query.TooManyRows as found:
                rows = found.total
        try:
            return bulk_query.read(self.org, reading, folder, self.page_rows, rows)
        except CrmRequestError as error:
            # A few objects cannot be read in bulk; Salesforce tells when the job is created.
            if error.code not in _NOT_IN_BULK_CODES:
                raise
            return query.read(self.org, reading, folder, proceed=proceed)

    def _in_bulk(self, name: str, path: str) -> bool:
        field = self.fields.resolve(name, path)
        return field is None or field.readable_in_bulk

    def _merged(self) -> dict[str, str]:
        """Loser's id -> survivor's id. A survivor may have been merged away itself later."""
        if "MasterRecordId" not in self.fields.of("Account"):
            return {}
        text = "SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true AND MasterRecordId != null"
        found = query.records(self.org, "read merged accounts", text, archived=True)
        return changed.survivors({str(record["Id"]): str(record["MasterRecordId"]) for record in found})


def _folded(stage: str) -> str:
    return stage.strip().lower()


def _with_known_stages(frame: pl.LazyFrame, stages: Sequence[str]) -> pl.LazyFrame:
    """Won and closed are unknown in a stage that the org does not define (any more)."""
    known = pl.col(_STAGE).str.strip_chars().str.to_lowercase().is_in(stages)
    return frame.with_columns(pl.when(known).then(pl.col(name)).alias(name) for name in (WON, CLOSED)).drop(
        _STAGE
    )
