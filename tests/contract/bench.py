"""What the suite needs of a CRM under test, whatever it is, and what its tests share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from adapters.retry import Limits
from connector.crm import ID, SEND, Crm, FieldSpec, FieldType, Option, Pulled, PullRequest
from tests.contract.fake import Jobs

Row = dict[str, Any]
QUICK = Limits(attempts=4, seconds=20.0, first_wait=0.001, longest_wait=0.01)
"""A budget with which tests need not wait."""

TARGETS: Mapping[str, FieldSpec] = {
    "choice": FieldSpec(
        "segment",
        "Portfolio zone",
        FieldType.PICKLIST,
        options=(Option("protect", "Key account"), Option("retreat", "Efficient care")),
    ),
    "day": FieldSpec("segment_since", "In this zone since", FieldType.DATE),
    "text": FieldSpec("why", "Why", FieldType.TEXT, length=255),
    "number": FieldSpec("potential", "Potential", FieldType.NUMBER, precision=5, scale=0),
    "money": FieldSpec("headroom", "White space", FieldType.CURRENCY, precision=18, scale=0),
    "flag": FieldSpec("top_revenue", "Top revenue", FieldType.BOOLEAN),
}
"""Fields that the suite provisions and writes, by role. A bench gives them the CRM's kind of name."""

VALUES: Mapping[str, Any] = {
    "choice": "protect",
    "day": date(2026, 2, 28),
    "text": 'Key account: "access" 40, Größe; naïve 🎉, =1+1',
    "number": 73.0,
    "money": 16_147_805_824_397.0,
    "flag": True,
}


@dataclass(frozen=True, slots=True)
class Names:
    """API names of some of the accounts' and opportunities' own fields."""

    name: str
    employees: str
    choice: str
    created: str
    amount: str
    close_date: str


class Bench(ABC):
    """A CRM with data, behind whose back a test can look and meddle.

    Attributes:
        name: shown in the test's id.
        crm: connected as the nightly user; the targets are provisioned.
        names: fields that exist.
    """

    name: str
    crm: Crm
    names: Names

    @abstractmethod
    def target(self, role: str) -> str:
        """API name of a provisioned field."""

    @abstractmethod
    def open(self, limits: Limits = QUICK, *, admin: bool = False, read_seconds: float | None = None) -> Crm:
        """Another connection, as the nightly user or as an administrator."""

    @abstractmethod
    def fault(self, name: str, times: int, on: Literal["read", "write"]) -> Callable[[], int]:
        """Let the next reads or writes fail; the names are the sandbox's. Returns how to ask for the hits so far."""

    @abstractmethod
    def hide(self, field: str) -> None:
        """Hide a field of accounts from the nightly user."""

    @abstractmethod
    def lock(self, field: str) -> None:
        """Make a field of accounts read-only for the nightly user."""

    @abstractmethod
    def revoke(self) -> None:
        """No credentials are accepted any more."""

    @abstractmethod
    def mend(self) -> None:
        """Undo faults, hiding, locking and revoking."""

    @abstractmethod
    def accounts(self) -> dict[str, Row]:
        """Accounts that are neither deleted nor merged, by id, as stored."""

    @abstractmethod
    def close(self) -> None:
        """Stop."""

    @property
    def specs(self) -> list[FieldSpec]:
        """The targets as `Crm.provision` wants them."""
        return [
            FieldSpec(
                self.target(role),
                spec.label,
                spec.type,
                "Set by a test.",
                spec.length,
                spec.precision,
                spec.scale,
                spec.options,
            )
            for role, spec in TARGETS.items()
        ]

    def read(self, request: PullRequest, crm: Crm | None = None) -> tuple[Pulled, list[Row]]:
        """A pull with its rows."""
        with TemporaryDirectory() as folder:
            pulled = (crm or self.crm).pull(request, Path(folder))
            tables = [pq.read_table(path) for path in pulled.paths]
            return pulled, [row for table in tables for row in table.to_pylist()]

    def written(self, ids: Iterable[str]) -> dict[str, Row]:
        """The targets of some accounts, by id and role, as the CRM gives them."""
        roles = {self.target(role): role for role in TARGETS}
        _, rows = self.read(PullRequest("accounts", tuple(roles)))
        wanted = set(ids)
        return {
            row[ID]: {role: row[name] for name, role in roles.items()} for row in rows if row[ID] in wanted
        }

    def changes(self, values: Mapping[str, Mapping[str, Any]]) -> pa.RecordBatch:
        """A batch of changes: for each account the roles to send."""
        fields = [(ID, pa.string())]
        columns: list[Sequence[Any]] = [list(values)]
        for role, spec in TARGETS.items():
            fields += [(self.target(role), spec.type.arrow), (SEND + self.target(role), pa.bool_())]
            columns += [[row.get(role) for row in values.values()], [role in row for row in values.values()]]
        arrays = [pa.array(column, kind) for column, (_, kind) in zip(columns, fields, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))

    def write(self, values: Mapping[str, Mapping[str, Any]], crm: Crm | None = None) -> dict[str, Row]:
        """Write, in batches as the adapter wants them; the result of every change by id."""
        writer = crm or self.crm
        size = writer.batch_size(len(values))
        ids = list(values)
        batches = [
            self.changes({key: values[key] for key in ids[start : start + size]})
            for start in range(0, len(ids), size)
        ]
        rows = [row for result in writer.write(batches, len(ids), Jobs()) for row in result.to_pylist()]
        assert len(rows) == len(ids)
        return {row[ID]: row for row in rows}

    def some_ids(self, number: int) -> list[str]:
        """Ids of so many accounts."""
        return list(self.accounts())[:number]
