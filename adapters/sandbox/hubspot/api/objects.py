"""``/crm/v3/objects/{object}``: list, get, create, update, archive, and batches."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from adapters.sandbox.faults import Faults
from adapters.sandbox.http import json_response
from adapters.sandbox.hubspot.api.endpoint import Call
from adapters.sandbox.hubspot.errors import (
    BatchError,
    DeletedError,
    InvalidValue,
    batch_response,
    invalid_values,
    locked,
    not_found,
    validation,
)
from adapters.sandbox.hubspot.store.checks import Checks
from adapters.sandbox.hubspot.store.links import Links
from adapters.sandbox.hubspot.store.records import ARCHIVED, GONE, LIVE, MERGED, Json, Records
from adapters.sandbox.hubspot.store.schema import ObjectType, object_type

PAGE: Final = 100
BATCH: Final = 100
HISTORY_BATCH: Final = 50
_TRACE: Final = "objectWriteTraceId"


class ObjectEndpoint:
    """Records of every object type."""

    def __init__(self, records: Records, checks: Checks, links: Links, faults: Faults) -> None:
        """Serve what is in the stores; `checks` come before writes."""
        self._records = records
        self._checks = checks
        self._links = links
        self._faults = faults

    def listing(self, call: Call) -> Response:
        """A page of up to 100 records by id; ``after`` is the last id plus one."""
        kind = call.kind("read")
        limit = _whole(call.query.get("limit", "10"), "limit")
        former = call.listed("propertiesWithHistory")
        largest = HISTORY_BATCH if former else PAGE
        if not 1 <= limit <= largest:
            raise validation(f"limit must be between 1 and {largest}, but was {limit}.")
        after = _whole(call.query.get("after", "0"), "after")
        names = self._asked(kind, call.listed("properties"), former)
        archived = call.query.get("archived", "false").lower() == "true"
        half = call.half and kind.name == "companies"
        found = self._records.page(kind, names, after=after, limit=limit + 1, archived=archived, half=half)
        page, more = found[:limit], len(found) > limit
        if len(page) > 1 and self._faults.draw("short_page", "hubspot", call.method, call.url_path):
            page, more = page[: len(page) // 2], True
        self._associate(call, kind, page)
        self._remember(kind, page, former)
        body: dict[str, Any] = {"results": page}
        if more:
            body["paging"] = call.next_page(str(int(page[-1]["id"]) + 1))
        return json_response(body)

    def _associate(self, call: Call, kind: ObjectType, page: Sequence[Json]) -> None:
        """Add ``associations`` to the records, for each type that is asked for."""
        targets = [object_type(name) for name in call.listed("associations")]
        if not targets or not page:
            return
        ids = [int(record["id"]) for record in page]
        for target in targets:
            linked: dict[int, list[dict[str, str]]] = defaultdict(list)
            for source_id, target_id, main in self._links.of(kind, target, ids, half=call.half):
                for name in self._links.names(kind, target, main=main):
                    linked[source_id].append({"id": str(target_id), "type": name})
            for record in page:
                if results := linked.get(int(record["id"])):
                    record.setdefault("associations", {})[target.name] = {"results": results}

    def get(self, call: Call) -> Response:
        """One record; the id of a merged one finds its survivor."""
        kind = call.kind("read")
        archived = call.query.get("archived", "false").lower() == "true"
        record = self._resolved(call, kind, archived=archived)
        former = call.listed("propertiesWithHistory")
        names = self._asked(kind, call.listed("properties"), former)
        found = self._records.many(kind, [record], names, archived=archived)
        self._associate(call, kind, found)
        self._remember(kind, found, former)
        return json_response(found[0])

    def _asked(self, kind: ObjectType, names: Sequence[str], former: Sequence[str]) -> list[str]:
        """Properties of a reply; those asked for with their history come with their value, too."""
        return self._records.asked(kind, [*(names or kind.default), *former] if former else names)

    def _remember(self, kind: ObjectType, records: Sequence[Json], former: Sequence[str]) -> None:
        """Add ``propertiesWithHistory`` to the records, if it is asked for."""
        if not former or not records:
            return
        names = [name for name in self._records.asked(kind, former) if name in former]
        values = self._records.history.of(kind, records, names)
        for record in records:
            record["propertiesWithHistory"] = values[record["id"]]

    def _resolved(self, call: Call, kind: ObjectType, *, archived: bool = False) -> int:
        """Id of the record that the path means.

        Raises:
            ApiError: 404, no such record.
            DeletedError: it is in the recycle bin.
        """
        text = call.path["id"]
        if not text.isdigit():
            raise not_found("Object not found.  objectId are usually numeric.")
        record = int(text)
        half = call.half and kind.name == "companies"
        state, survivor = self._records.states(kind, [record], half=half).get(record, (None, None))
        if state == MERGED and survivor is not None:
            return survivor
        if state == (ARCHIVED if archived else LIVE):
            return record
        if state in (ARCHIVED, GONE):
            raise DeletedError
        raise not_found()

    def create(self, call: Call) -> Response:
        """A new record: 201."""
        kind = call.kind("write")
        body = call.json()
        checked = self._checks.record(kind, body.get("properties") or {}, call.version)
        if checked.refused:
            raise checked.error()
        created = self._created(call, kind, checked.values, body.get("associations") or [])
        return json_response(_warned(created, checked.warnings), 201)

    def _created(
        self,
        call: Call,
        kind: ObjectType,
        values: Mapping[str, str | None],
        associations: Sequence[Mapping[str, Any]],
    ) -> Json:
        record = self._records.create(kind, values, call.now)
        for each in associations:
            target_id = str(each.get("to", {}).get("id", ""))
            for link in each.get("types", []):
                self._link(kind, record, target_id, int(link.get("associationTypeId", 0)), call.now)
        return self._records.many(kind, [record], self._records.asked(kind, list(values)))[0]

    def _link(self, kind: ObjectType, record: int, target_id: str, type_id: int, now: datetime) -> None:
        target = self._links.target_of(kind, type_id)
        if target is None or not target_id.isdigit():
            raise validation(f"One or more associations are not valid: type {type_id} to {target_id}.")
        self._links.add(kind, target, record, int(target_id))
        if (kind.name, target.name) == ("deals", "companies"):
            self._records.follow_companies("child", [record], now)

    def update(self, call: Call) -> Response:
        """Change one record; the id of a merged one reaches its survivor."""
        kind = call.kind("write")
        record = self._resolved(call, kind)
        checked = self._checks.record(
            kind, call.json().get("properties") or {}, call.version, self._records.values(kind, record)
        )
        if checked.refused:
            raise checked.error()
        self._refuse_locked(call)
        self._records.update(kind, {record: checked.values}, call.now)
        [written] = self._records.many(kind, [record], self._written(kind, list(checked.values)))
        return json_response(_warned(written, checked.warnings))

    def archive(self, call: Call) -> Response:
        """To the recycle bin: 204, also for an unknown id."""
        kind = call.kind("write")
        if call.path["id"].isdigit():
            record = int(call.path["id"])
            if self._records.states(kind, [record]).get(record, (None,))[0] == LIVE:
                self._records.archive(kind, record, call.now)
        return Response(status_code=204)

    def batch_read(self, call: Call) -> Response:
        """Up to 100 records by id; unknown ones are reported together, merged ones are left out.

        With ``archived=true`` those in the recycle bin are read, and the live ones are unknown.
        """
        kind = call.kind("read")
        former = [str(name) for name in call.json().get("propertiesWithHistory") or []]
        ids = _ids(call.inputs(HISTORY_BATCH if former else BATCH))
        names = self._asked(kind, [str(name) for name in call.json().get("properties") or []], former)
        half = call.half and kind.name == "companies"
        states = self._records.states(kind, ids.numbers, half=half)
        archived = call.query.get("archived", "false").lower() == "true"
        wanted = ARCHIVED if archived else LIVE
        missing = [
            text
            for text in ids.texts
            if states.get(_number(text), (GONE, None))[0] in {LIVE, ARCHIVED, GONE} - {wanted}
        ]
        live = [record for record, (state, _) in states.items() if state == wanted]
        live = [record for record in live if not self._lost(call, "left_out")]
        if live and self._lost(call, "silent_loss"):
            live, missing = [], []
        results = self._records.many(kind, live, names, archived=archived) if live else []
        self._remember(kind, results, former)
        return batch_response(results, _missing(kind, missing), call.started)

    def batch_update(self, call: Call) -> Response:
        """Change up to 100 records.

        One bad value fails the whole request, unless every input carries a trace id. Unknown ids are reported
        together in a 207, merged ones are left out without a word.
        """
        kind = call.kind("write")
        inputs = call.inputs(BATCH)
        ids = _ids(inputs)
        self._refuse_locked(call)
        traced = all(_TRACE in each for each in inputs)
        errors: list[BatchError] = []
        changes: dict[int, dict[str, str | None]] = {}
        sent: set[str] = set()
        states = self._records.states(kind, ids.numbers, half=call.half and kind.name == "companies")
        refused: list[InvalidValue] = []
        warnings: list[dict[str, Any]] = []
        for text, each in zip(ids.texts, inputs, strict=True):
            given = each.get("properties") or {}
            stored = (
                self._records.values(kind, _number(text)) if self._checks.rules(kind, call.version) else None
            )
            checked = self._checks.record(kind, given, call.version, stored)
            if checked.refused and traced:
                errors.append(checked.batch_error({"id": [text], _TRACE: [str(each[_TRACE])]}))
                continue
            if checked.broken:
                raise checked.error()
            refused += checked.invalid
            warnings += checked.warnings
            values = checked.values
            sent |= set(values)
            if states.get(_number(text), (GONE, None))[0] == LIVE:
                changes[_number(text)] = values
        if refused:
            raise invalid_values(refused)
        missing = [
            text for text in ids.texts if states.get(_number(text), (GONE, None))[0] in (ARCHIVED, GONE)
        ]
        errors += _missing(kind, missing)
        errors += self._spoiled(call, changes)
        changes = {record: values for record, values in changes.items() if not self._lost(call, "left_out")}
        if changes and self._lost(call, "silent_loss"):
            changes, errors = {}, []
        self._records.update(kind, changes, call.now)
        results = self._records.many(kind, list(changes), self._written(kind, list(sent))) if changes else []
        return batch_response(results, errors, call.started, warnings=warnings)

    def _written(self, kind: ObjectType, names: Sequence[str]) -> list[str]:
        """What a reply to a write holds: what was sent, and the system's own properties."""
        return sorted({*names, *kind.system})

    def _lost(self, call: Call, fault: str) -> bool:
        """Whether a fault makes a record, or a whole batch, disappear without a word."""
        return self._faults.draw(fault, "hubspot", call.method, call.url_path) is not None

    def _spoiled(self, call: Call, changes: dict[int, dict[str, str | None]]) -> list[BatchError]:
        """Take out the rows that the fault ``partial_batch`` hits."""
        hit = [
            record
            for record in changes
            if self._faults.draw("partial_batch", "hubspot", call.method, call.url_path) is not None
        ]
        for record in hit:
            del changes[record]
        if not hit:
            return []
        context = {"ids": [str(record) for record in hit]}
        return [BatchError("INTERNAL_ERROR", "There was a problem with the request.", context)]

    def _refuse_locked(self, call: Call) -> None:
        """The fault ``row_lock``: HubSpot locks requests, not rows.

        Raises:
            ApiError: 423.
        """
        fault = self._faults.draw("row_lock", "hubspot", call.method, call.url_path)
        if fault is not None:
            raise locked({"Retry-After": f"{max(1, round(fault.seconds))}"})

    def batch_create(self, call: Call) -> Response:
        """Up to 100 new records: 201."""
        kind = call.kind("write")
        inputs = call.inputs(BATCH)
        checked = [self._checks.record(kind, each.get("properties") or {}, call.version) for each in inputs]
        for each in checked:
            if each.refused:
                raise each.error()
        results = [
            self._created(call, kind, one.values, each.get("associations") or [])
            for one, each in zip(checked, inputs, strict=True)
        ]
        return batch_response(results, [], call.started, 201)

    def batch_archive(self, call: Call) -> Response:
        """Up to 100 records to the recycle bin: 204."""
        kind = call.kind("write")
        ids = _ids(call.inputs(BATCH))
        for record, (state, _) in self._records.states(kind, ids.numbers).items():
            if state == LIVE:
                self._records.archive(kind, record, call.now)
        return Response(status_code=204)


def _warned(record: Json, warnings: Sequence[Json]) -> Json:
    return {**record, "warnings": list(warnings)} if warnings else record


@dataclass(frozen=True, slots=True)
class _Ids:
    """Ids of a batch, as text and as numbers (0 for text that is no id)."""

    texts: list[str]
    numbers: list[int]


def _ids(inputs: Sequence[Mapping[str, Any]]) -> _Ids:
    """Ids of a batch's inputs.

    Raises:
        ApiError: 400, an id is missing or comes twice.
    """
    if any("id" not in each for each in inputs):
        raise validation("Some required fields were not set: [id]")
    texts = [str(each["id"]) for each in inputs]
    if twice := [text for text, times in Counter(texts).items() if times > 1]:
        raise validation(
            f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique",
            context={"ids": twice},
        )
    return _Ids(texts, [_number(text) for text in texts])


def _number(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 19 else 0


def _missing(kind: ObjectType, ids: Sequence[str]) -> list[BatchError]:
    if not ids:
        return []
    message = (
        f"Could not get some {kind.singular.upper()} objects, they may be deleted or not exist. "
        "Check that ids are valid."
    )
    return [BatchError("OBJECT_NOT_FOUND", message, {"ids": list(ids)})]


def _whole(text: str, name: str) -> int:
    if not text.isdigit():
        raise validation(f"{name} must be a whole number, but was '{text}'.")
    return int(text)
