"""Salesforce on the bench: the adapter against the sandbox's socket, by REST or in bulk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

from adapters.retry import Limits
from adapters.salesforce import SalesforceCrm
from adapters.sandbox import Sandbox
from adapters.sandbox.side import Visibility
from connector.config import SalesforceConnection
from connector.crm import Crm, Object
from tests.contract.bench import QUICK, TARGETS, Bench, Names, Row

_SECRETS = {"sandbox-sync": "sandbox-secret", "sandbox-admin": "sandbox-admin-secret"}
_PATHS = {
    ("rest", "read"): ("GET", r"/query"),
    ("rest", "write"): ("PATCH", r"composite/sobjects"),
    ("bulk", "read"): (None, r"jobs/query"),
    ("bulk", "write"): (None, r"jobs/ingest"),
}


class SalesforceBench(Bench):
    names = Names("Name", "NumberOfEmployees", "Type", "CreatedDate", "Amount", "CloseDate")

    def __init__(self, sandbox: Sandbox, method: Literal["rest", "bulk"]) -> None:
        self.name = f"salesforce-{method}"
        self.sandbox = sandbox
        self._method = method
        self.crm = self.open()
        administrator = self.open(admin=True)
        reads: dict[Object, tuple[str, ...]] = dict.fromkeys(get_args(Object), ())
        administrator.provision(self.specs, reads, nightly_user=self.crm.user())
        administrator.close()

    def target(self, role: str) -> str:
        return f"KPM_{TARGETS[role].name.title()}__c"

    def open(self, limits: Limits = QUICK, *, admin: bool = False, read_seconds: float | None = None) -> Crm:
        client = "sandbox-admin" if admin else "sandbox-sync"
        connection = SalesforceConnection.model_validate(
            {
                "crm": "salesforce",
                "mapping": Path("mapping.toml"),
                "auth": "client_credentials",
                "login_url": self.sandbox.url,
                "client_id": client,
                "client_secret": _SECRETS[client],
                "load_method": self._method,
            }
        )
        # Pages of 150 and an odd time-out are there to be tested; every page must be read all the same.
        return SalesforceCrm.open(
            connection,
            time_zone="Europe/Vienna",
            limits=limits,
            page_rows=150,
            read_seconds=read_seconds or 30.0,
        )

    def fault(self, name: str, times: int, on: Literal["read", "write"]) -> Callable[[], int]:
        method, path = _PATHS[self._method, on]
        seconds = 1.0 if name == "slow" else 0.01
        fault = self.sandbox.fault(
            name, crm="salesforce", method=method, path=path, times=times, seconds=seconds
        )
        return lambda: fault.hits

    def hide(self, field: str) -> None:
        self.sandbox.visibility("salesforce", Visibility("hide_field", "Account", field))

    def lock(self, field: str) -> None:
        self.sandbox.visibility("salesforce", Visibility("lock_field", "Account", field))

    def revoke(self) -> None:
        self.sandbox.visibility("salesforce", Visibility("revoke_tokens"))

    def mend(self) -> None:
        self.sandbox.clear_faults()
        for field in map(self.target, TARGETS):
            self.sandbox.visibility("salesforce", Visibility("show_field", "Account", field))
            self.sandbox.visibility("salesforce", Visibility("unlock_field", "Account", field))
        self.sandbox.visibility("salesforce", Visibility("restore_tokens"))

    def accounts(self) -> dict[str, Row]:
        return {row["Id"]: row for row in self.sandbox.dump("salesforce", "Account") if not row["IsDeleted"]}

    def close(self) -> None:
        self.crm.close()
