"""A CRM in memory: complete, small, and as strict as the real ones. Other tests use it where no socket is needed.

    crm = FakeCrm(small_portfolio(40))
    crm.pull(PullRequest("accounts", ("Name",)), folder)

Records are dictionaries. Beside their fields they hold the added columns of `connector.crm` that their object
has (``@id``, ``@account`` ...); a column that a record lacks is null. `faults` make the next calls fail.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from adapters.retry import Limits, Retrier, Trouble
from connector.crm import (
    ACCOUNT,
    CLOSED,
    CONTACT,
    CURRENCY,
    DATE,
    ID,
    LAST_ACTIVITY,
    OPPORTUNITY,
    RESULT_SCHEMA,
    ROLE,
    SEND,
    WON,
    CrmField,
    CrmName,
    Currencies,
    Estimate,
    FieldSpec,
    FieldType,
    Finding,
    Job,
    JobLog,
    Needs,
    Object,
    Pulled,
    PullRequest,
    Step,
    Usage,
)
from connector.errors import CrmAuthError, CrmRequestError
from tests.contract.fake_org import FakeOrg, Record, changed_records, small_portfolio, wanted

__all__ = ["FakeCrm", "FakeOrg", "Fault", "Jobs", "Record", "small_portfolio"]

T = TypeVar("T")

ADDED: Mapping[Object, Mapping[str, FieldType]] = {
    "accounts": {ID: FieldType.REFERENCE, CURRENCY: FieldType.TEXT},
    "opportunities": {
        ID: FieldType.REFERENCE,
        ACCOUNT: FieldType.REFERENCE,
        WON: FieldType.BOOLEAN,
        CLOSED: FieldType.BOOLEAN,
        CURRENCY: FieldType.TEXT,
    },
    "contact_roles": {
        ID: FieldType.REFERENCE,
        ACCOUNT: FieldType.REFERENCE,
        OPPORTUNITY: FieldType.REFERENCE,
        CONTACT: FieldType.REFERENCE,
        ROLE: FieldType.PICKLIST,
        LAST_ACTIVITY: FieldType.DATE,
    },
    "cases": {ID: FieldType.REFERENCE, ACCOUNT: FieldType.REFERENCE},
    "orders": {ID: FieldType.REFERENCE, ACCOUNT: FieldType.REFERENCE},
    "activities": {ID: FieldType.REFERENCE, ACCOUNT: FieldType.REFERENCE, DATE: FieldType.DATE},
}
_PAGE = 7  # small and odd, so that every read has several pages


@dataclass(slots=True)
class Fault:
    """Something that goes wrong with the next calls.

    Attributes:
        name: ``unavailable`` and ``drop_before`` (nothing is done), ``drop_after`` (it is done, the answer is
            lost), ``expired_token``, or ``row_lock`` (a row is refused and may pass later).
        times: how many calls, or rows, it hits.
    """

    name: str
    times: int


class _FaultError(Exception):
    """What a fault raises; the name says which."""


class Jobs:
    """Open jobs in memory, by id."""

    def __init__(self) -> None:
        self.kept: dict[str, Job] = {}
        self.notes: list[str] = []

    def opened(self, job: Job) -> None:
        self.notes.append(f"opened {job.id}")
        self.kept[job.id] = job

    def ended(self, job_id: str) -> None:
        self.notes.append(f"ended {job_id}")
        self.kept.pop(job_id, None)

    def left_open(self) -> Sequence[Job]:
        return list(self.kept.values())


class FakeCrm:
    """The contract over a `FakeOrg`.

    Attributes:
        org: the data; tests read and change it freely.
        faults: what goes wrong next.
        calls: number of calls by endpoint.
        renewals: how often the token was renewed.
        follows: it can be read incrementally.
        settled: ids of the jobs that were ended because a killed run had left them open.
    """

    def __init__(
        self,
        org: FakeOrg,
        *,
        name: CrmName = "salesforce",
        limits: Limits | None = None,
        quota_left: int | None = None,
        batch_rows: int = 10,
        follows: bool = False,
    ) -> None:
        self.name: CrmName = name
        self.org = org
        self.faults: list[Fault] = []
        self.calls: Counter[str] = Counter()
        self.renewals = 0
        self.settled: list[str] = []
        self._retrier = Retrier(name, limits or Limits(attempts=4, first_wait=0.001))
        self._quota_left = quota_left
        self._batch_rows = batch_rows
        self.follows = follows

    def check(self, needs: Needs | None = None) -> list[Finding]:
        self.needs = needs
        return self._call("check", "log in", lambda: [Finding("ok", "login", self.user())])

    def visibility(self, user: str, fields: Sequence[str], accounts: Sequence[str]) -> list[Finding]:
        seen = f"sees {len(fields)} fields and {len(accounts)} accounts"
        return [Finding("ok", "visibility", f"{user} {seen}")]

    def user(self) -> str:
        return "sync@example.com"

    def describe(self, object: Object, source: str | None = None) -> Mapping[str, CrmField]:  # noqa: ARG002
        return self._call("describe", f"describe {object}", lambda: self._visible(object))

    def resolve(self, object: Object, field: str) -> CrmField | None:
        return self._visible(object).get(field)

    def stages(self) -> Mapping[str, tuple[str, ...]]:
        return {"": self.org.stages}

    def currencies(self) -> Currencies:
        return self.org.currencies

    def pull(self, request: PullRequest, folder: Path) -> Pulled:
        known = self._visible(request.object)
        for name in request.fields:
            if name not in known:
                raise self._unknown(name, f"read {request.object}")
        schema: dict[str, FieldType] = dict(ADDED[request.object]) | {
            name: known[name].type for name in request.fields
        }
        key = CONTACT if request.object == "contact_roles" else ID
        until = self.org.photograph() if self.follows else None
        records = self.org.records.get(request.object, [])
        if request.since is None or not self.follows:
            given = [record for record in records if wanted(record, request.where)]
            deleted: list[str] = []
            merged = self.org.merged
        else:
            before, known = self.org.past[request.since]
            given, deleted = changed_records(before.get(request.object, []), records, key)
            merged = {loser: survivor for loser, survivor in self.org.merged.items() if loser not in known}
            deleted = [each for each in deleted if each not in merged]
        arrow = pa.schema([(name, kind.arrow) for name, kind in schema.items()])
        paths = []
        for number, start in enumerate(range(0, max(1, len(given)), _PAGE)):
            page = given[start : start + _PAGE]
            read = partial(_rows, page, schema)
            rows = self._call("read", f"read {request.object}", read)
            path = folder / f"{request.object}-{number:03}.parquet"
            pq.write_table(pa.Table.from_pylist(rows, schema=arrow), path)
            paths.append(path)
        return Pulled(
            request.object,
            tuple(paths),
            schema,
            len(given),
            deleted=tuple(deleted),
            merged=dict(merged) if request.object == "accounts" else {},
            complete=request.since is None or not self.follows,
            until=until,
            narrowed=request.since is None or not self.follows,
            total=sum(wanted(record, request.where) for record in records),
            key=key,
        )

    def incremental(self, request: PullRequest) -> bool:  # noqa: ARG002
        return self.follows

    def batch_size(self, total: int) -> int:  # noqa: ARG002
        return self._batch_rows

    def basis(self, request: PullRequest) -> str:  # noqa: ARG002
        return repr((self.user(), self.org.stages))

    def settle(self, jobs: JobLog) -> None:
        for job in jobs.left_open():
            self.settled.append(job.id)
            jobs.ended(job.id)

    def write(
        self,
        batches: Iterable[pa.RecordBatch],
        total: int,  # noqa: ARG002
        jobs: JobLog,  # noqa: ARG002
    ) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = batch.to_pylist()
            if self._quota_left == 0:
                results = [_result(row, "deferred", "QUOTA", "the next run continues") for row in rows]
            else:
                self._quota_left = None if self._quota_left is None else self._quota_left - 1
                results = self._send(rows)
            yield pa.RecordBatch.from_pylist(results, schema=RESULT_SCHEMA)

    def provision(
        self,
        fields: Sequence[FieldSpec],
        reads: Mapping[Object, Sequence[str]],  # noqa: ARG002
        assign: Sequence[str] = (),
        *,
        dry_run: bool = False,
        nightly_user: str | None = None,
    ) -> list[Step]:
        known = self.org.fields["accounts"]
        steps = []
        for spec in fields:
            missing = spec.name not in known
            if missing and not dry_run:
                known[spec.name] = CrmField(
                    spec.name, spec.label, spec.type, spec.length, spec.precision, spec.scale, spec.options
                )
            steps.append(
                Step(
                    "create field", spec.name, spec.label, not (missing and dry_run), missing and not dry_run
                )
            )
        users = [*assign, *([nightly_user] if nightly_user else [])]
        return [*steps, *(Step("assign", user, "", not dry_run) for user in users)]

    def emit(
        self,
        fields: Sequence[FieldSpec],
        reads: Mapping[Object, Sequence[str]],  # noqa: ARG002
        folder: Path,
    ) -> list[Path]:
        files = [folder / f"{spec.name}.txt" for spec in sorted(fields, key=lambda one: one.name)]
        for file in files:
            file.write_text(f"{file.stem}\n", encoding="utf-8")
        return files

    def estimate(self, rows: Mapping[Object, int], changes: int) -> Estimate:
        calls = sum(max(1, ceil(count / _PAGE)) for count in rows.values()) + ceil(changes / self._batch_rows)
        return Estimate(calls, calls)

    def usage(self) -> Usage:
        return Usage(None, None, dict(self.calls))

    def account_url(self, account_id: str) -> str:
        return f"https://crm.example/accounts/{account_id}"

    def close(self) -> None:
        """Nothing to release."""

    # Inside

    def _visible(self, object: Object) -> dict[str, CrmField]:
        if object in self.org.absent:
            raise CrmRequestError(
                f"the CRM has no {object}; take the section out of the mapping",
                crm=self.name,
                operation=f"describe {object}",
                code="OBJECT_NOT_FOUND",
            )
        known = self.org.fields.get(object, {})
        if object != "accounts":
            return dict(known)
        return {
            name: replace(one, writable=one.writable and name not in self.org.locked)
            for name, one in known.items()
            if name not in self.org.hidden
        }

    def _unknown(self, name: str, operation: str) -> CrmRequestError:
        return CrmRequestError(
            f"could not {operation}: there is no field {name}, or {self.user()} may not see it; check the API name, "
            f"or grant it (`kpm provision`)",
            crm=self.name,
            operation=operation,
            code="INVALID_FIELD",
        )

    def _call(self, endpoint: str, operation: str, work: Callable[[], T]) -> T:
        def send() -> T:
            self.calls[endpoint] += 1
            fault = next((one for one in self.faults if one.times > 0 and one.name != "row_lock"), None)
            if fault is None:
                return work()
            fault.times -= 1
            if fault.name == "drop_after":
                work()
            raise _FaultError(fault.name)

        def judge(outcome: object) -> Trouble | None:
            if not isinstance(outcome, _FaultError):
                return None
            return Trouble(str(outcome), 503, expired=str(outcome) == "expired_token")

        try:
            return self._retrier.call(operation, send, judge, self._renew)
        except _FaultError as error:
            raise CrmAuthError("the token is not accepted", crm=self.name, operation=operation) from error

    def _renew(self) -> None:
        self.renewals += 1

    def _send(self, rows: list[Record]) -> list[Record]:
        known = self._visible("accounts")
        for name in {name.removeprefix(SEND) for row in rows for name in row if name.startswith(SEND)}:
            if name not in known:
                raise self._unknown(name, "write accounts")
            if not known[name].writable:
                raise CrmAuthError(
                    f"{self.user()} may not edit {name}: grant it (`kpm provision`)",
                    crm=self.name,
                    operation="write accounts",
                )
        results: dict[str, Record] = {}

        def once() -> list[str]:
            waiting = [row for row in rows if results.get(row[ID], {}).get("code") in (None, "ROW_LOCKED")]
            for row in waiting:
                results[row[ID]] = self._write_row(row, known)
            return [key for key, result in results.items() if result["code"] == "ROW_LOCKED"]

        def judge(outcome: object) -> Trouble | None:
            return Trouble("rows are locked") if isinstance(outcome, list) and outcome else None

        self._retrier.call("write accounts", lambda: self._call("write", "write accounts", once), judge)
        return [results[row[ID]] for row in rows]

    def _write_row(self, row: Record, known: Mapping[str, CrmField]) -> Record:
        record = next((one for one in self.org.records["accounts"] if one[ID] == row[ID]), None)
        if record is None:
            return _result(row, "rejected", "NOT_FOUND", "no such account")
        lock = next((one for one in self.faults if one.times > 0 and one.name == "row_lock"), None)
        if lock is not None:
            lock.times -= 1
            return _result(row, "rejected", "ROW_LOCKED", "somebody else edits it")
        sent = {
            name.removeprefix(SEND): row[name.removeprefix(SEND)]
            for name in row
            if name.startswith(SEND) and row[name]
        }
        for name, value in sent.items():
            if (refusal := _refusal(known[name], value)) is not None:
                return _result(row, "rejected", refusal, f"{name} refuses {value!r}", name)
        record.update(sent)
        self.org.writes[row[ID]] += 1
        return _result(row, "written")


def _result(
    row: Record, outcome: str, code: str | None = None, message: str | None = None, fields: str | None = None
) -> Record:
    return {ID: row[ID], "outcome": outcome, "code": code, "message": message, "fields": fields}


def _refusal(known: CrmField, value: Any) -> str | None:
    if isinstance(value, str) and known.length and len(value) > known.length:
        return "STRING_TOO_LONG"
    if (
        isinstance(value, float)
        and known.precision
        and abs(value) >= 10.0 ** (known.precision - (known.scale or 0))
    ):
        return "NUMBER_OUTSIDE_VALID_RANGE"
    return None


def _rows(records: Sequence[Record], schema: Mapping[str, FieldType]) -> list[Record]:
    return [{name: _value(record.get(name), kind) for name, kind in schema.items()} for record in records]


def _value(value: Any, kind: FieldType) -> Any:
    return float(value) if value is not None and kind.arrow == pa.float64() else value
