"""HubSpot on the bench: the adapter against the sandbox's socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, get_args

from adapters.hubspot import HubspotCrm
from adapters.retry import Limits
from adapters.sandbox import Sandbox
from adapters.sandbox.side import Visibility
from connector.config import HubspotConnection
from connector.crm import Crm, Object
from tests.contract.bench import QUICK, TARGETS, Bench, Names, Row

_PATHS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("rest", "read"): ("GET", r"objects/(\d{4}-\d\d/)?companies$"),
    ("rest", "write"): ("POST", r"companies/batch/update$"),
    ("bulk", "read"): ("POST", r"/export/async$"),
    ("bulk", "write"): ("POST", r"/imports(/\d{4}-\d\d)?$"),
}
_NAMES = {"rest": "batch", "bulk": "export"}


class HubspotBench(Bench):
    names = Names("name", "numberofemployees", "lifecyclestage", "createdate", "amount", "closedate")

    def __init__(
        self, sandbox: Sandbox, method: Literal["rest", "bulk"] = "rest", version: str = "v3"
    ) -> None:
        self.name = f"hubspot-{_NAMES[method]}-{version}"
        self.sandbox = sandbox
        self._method = method
        self._version = version
        sandbox.configure(
            "hubspot", "behaviour", exports_per_day=100_000
        )  # a suite has more reads than a night
        self.crm = self.open()
        administrator = self.open(admin=True)
        reads: dict[Object, tuple[str, ...]] = dict.fromkeys(get_args(Object), ())
        administrator.provision(self.specs, reads, nightly_user=self.crm.user())
        administrator.close()

    def target(self, role: str) -> str:
        return f"kpm_{TARGETS[role].name}"

    def open(self, limits: Limits = QUICK, *, admin: bool = False, read_seconds: float | None = None) -> Crm:
        connection = HubspotConnection.model_validate(
            {
                "crm": "hubspot",
                "mapping": Path("mapping.toml"),
                "api_url": self.sandbox.url,
                "api_version": self._version,
                "load_method": self._method,
                "auth": "refresh_token",
                "client_id": "sandbox-client",
                "client_secret": "sandbox-secret",
                "refresh_token": "sandbox-admin-refresh-token" if admin else "sandbox-refresh-token",
            }
        )
        return HubspotCrm.open(
            connection,
            time_zone="Europe/Vienna",
            limits=limits,
            read_seconds=read_seconds or 30.0,
            poll_seconds=0.01,
        )

    def fault(self, name: str, times: int, on: Literal["read", "write"]) -> Callable[[], int]:
        method, path = _PATHS[self._method, on]
        seconds = 1.0 if name == "slow" else 0.01
        fault = self.sandbox.fault(
            name, crm="hubspot", method=method, path=path, times=times, seconds=seconds
        )
        return lambda: fault.hits

    def hide(self, field: str) -> None:
        self.sandbox.visibility("hubspot", Visibility("hide_field", "companies", field))

    def lock(self, field: str) -> None:
        self.sandbox.visibility("hubspot", Visibility("lock_field", "companies", field))

    def revoke(self) -> None:
        self.sandbox.visibility("hubspot", Visibility("revoke_tokens"))

    def mend(self) -> None:
        self.sandbox.clear_faults()
        self.sandbox.visibility("hubspot", Visibility("restore_tokens"))
        for role in TARGETS:
            self.sandbox.visibility("hubspot", Visibility("show_field", "companies", self.target(role)))
            self.sandbox.visibility("hubspot", Visibility("unlock_field", "companies", self.target(role)))

    def accounts(self) -> dict[str, Row]:
        rows = self.sandbox.dump("hubspot", "companies")
        return {row["id"]: row["properties"] for row in rows if row["state"] == "live"}

    def close(self) -> None:
        self.crm.close()
