"""The in-memory CRM on the bench."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from adapters.retry import Limits
from connector.crm import ID, Crm
from tests.contract.bench import QUICK, TARGETS, Bench, Names, Row
from tests.contract.fake import FakeCrm, Fault, small_portfolio

_LIKE = {
    "throttle": "unavailable",
    "drop_during": "drop_after",
    "malformed_body": "drop_after",
    "slow": "drop_after",
}


class FakeBench(Bench):
    name = "memory"
    names = Names("Name", "NumberOfEmployees", "Type", "CreatedDate", "Amount", "CloseDate")

    def __init__(self) -> None:
        self._org = small_portfolio(40)
        self._fake = FakeCrm(self._org, limits=QUICK)
        self.crm: Crm = self._fake
        self._fake.provision(self.specs, {})
        self._opened: list[FakeCrm] = []

    def target(self, role: str) -> str:
        return f"KPM_{TARGETS[role].name}__c"

    def open(self, limits: Limits = QUICK, *, admin: bool = False, read_seconds: float | None = None) -> Crm:  # noqa: ARG002
        crm = FakeCrm(self._org, limits=limits)
        crm.faults = self._fake.faults
        return crm

    def fault(self, name: str, times: int, on: Literal["read", "write"]) -> Callable[[], int]:  # noqa: ARG002
        fault = Fault(_LIKE.get(name, name), times)
        self._fake.faults.append(fault)
        return lambda: times - fault.times

    def hide(self, field: str) -> None:
        self._org.hidden.add(field)

    def lock(self, field: str) -> None:
        self._org.locked.add(field)

    def revoke(self) -> None:
        self.fault("expired_token", 1_000, "read")

    def mend(self) -> None:
        self._fake.faults.clear()
        self._org.hidden.clear()
        self._org.locked.clear()

    def accounts(self) -> dict[str, Row]:
        return {record[ID]: record for record in self._org.records["accounts"]}

    def close(self) -> None:
        self.crm.close()
