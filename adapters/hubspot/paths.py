"""HubSpot's objects, and the paths of its API in both of its version schemes.

The numbered paths (``/crm/v3/objects/deals``) lose support in September 2027; the dated ones put the version
after the resource (``/crm/objects/2026-03/deals``). Everything else in this folder asks here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connector.crm import Object

OBJECTS: Mapping[Object, tuple[str, ...]] = {
    "accounts": ("companies",),
    "opportunities": ("deals",),
    "contact_roles": ("contacts",),
    "cases": ("tickets",),
    "orders": ("orders",),
    "activities": ("calls", "emails", "meetings", "notes", "tasks"),
}
"""HubSpot's objects behind a section; the first is the main one."""

TYPE_IDS: Mapping[str, str] = {
    "calls": "0-48",
    "companies": "0-2",
    "contacts": "0-1",
    "deals": "0-3",
    "emails": "0-49",
    "meetings": "0-47",
    "notes": "0-46",
    "orders": "0-123",
    "tasks": "0-27",
    "tickets": "0-5",
}
"""HubSpot's numbers for its objects, as in the addresses of its pages; exports and imports go by them."""

KEY_INFO = "/oauth/v2/private-apps/get/access-token-info"
"""Tells the scopes of a service key or private app (POST); it has no dated form."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Paths of one API version.

    Attributes:
        version: ``v3``, or a date such as ``2026-03``.
    """

    version: str

    @property
    def dated(self) -> bool:
        """Whether the version is a date."""
        return not self.version.startswith("v")

    def objects(self, name: str) -> str:
        """List (GET) the records of an object."""
        return self._crm("objects", name)

    def search(self, name: str) -> str:
        """Search (POST)."""
        return f"{self.objects(name)}/search"

    def batch_read(self, name: str) -> str:
        """Read up to 100 records by id (POST)."""
        return f"{self.objects(name)}/batch/read"

    def batch_update(self, name: str) -> str:
        """Update up to 100 records by id (POST)."""
        return f"{self.objects(name)}/batch/update"

    def associations(self, from_name: str, to_name: str) -> str:
        """Read the associations of up to 1,000 records (POST); numbered versions have it in v4 only."""
        if self.dated:
            return f"/crm/associations/{self.version}/{from_name}/{to_name}/batch/read"
        return f"/crm/v4/associations/{from_name}/{to_name}/batch/read"

    @property
    def exports(self) -> str:
        """Start an export (POST)."""
        return self._job("exports", "export/async")

    def export_status(self, export_id: str) -> str:
        """How far an export is, and where its file lies (GET)."""
        return f"{self.exports}/tasks/{export_id}/status"

    def single_export(self, export_id: str) -> str:
        """What an export is, with the number of its records (GET)."""
        return self._job("exports", f"export/{export_id}")

    @property
    def imports(self) -> str:
        """Start an import (POST), list imports (GET)."""
        return self._job("imports")

    def single_import(self, import_id: str) -> str:
        """How far an import is (GET)."""
        return f"{self.imports}/{import_id}"

    def import_errors(self, import_id: str) -> str:
        """Rows that an import did not take (GET)."""
        return f"{self.imports}/{import_id}/errors"

    def cancel_import(self, import_id: str) -> str:
        """Give an import up (POST)."""
        return f"{self.imports}/{import_id}/cancel"

    def properties(self, name: str) -> str:
        """List (GET) and create (POST) properties."""
        return self._crm("properties", name)

    def single_property(self, name: str, property_name: str) -> str:
        """Change (PATCH) a property."""
        return f"{self.properties(name)}/{property_name}"

    def groups(self, name: str) -> str:
        """List (GET) and create (POST) property groups."""
        return f"{self.properties(name)}/groups"

    def pipelines(self, name: str) -> str:
        """List (GET) pipelines with their stages."""
        return self._crm("pipelines", name)

    @property
    def account(self) -> str:
        """Details of the portal (GET)."""
        return f"/account-info/{self.version}/details"

    @property
    def daily_usage(self) -> str:
        """Calls of today, for service keys and private apps (GET)."""
        return f"/account-info/{self.version}/api-usage/daily/private-apps"

    @property
    def exchange_rates(self) -> str:
        """Exchange rates, past ones included (GET)."""
        if self.dated:
            return f"/settings/currencies/{self.version}/exchange-rates"
        return f"/settings/{self.version}/currencies/exchange-rates"

    @property
    def token(self) -> str:
        """Where a refresh token is exchanged (POST)."""
        return f"/oauth/{self.version}/token" if self.dated else "/oauth/v1/token"

    def token_info(self, token: str) -> str:
        """What an app's access token may do: numbered versions name it in the path (GET), dated in a form (POST)."""
        return f"{self.token}/introspect" if self.dated else f"/oauth/v1/access-tokens/{token}"

    def single(self, name: str, record_id: str) -> str:
        """Read (GET) or change (PATCH) one record; unlike batches it finds a merged one under its former id."""
        return f"{self.objects(name)}/{record_id}"

    def _job(self, api: str, name: str = "") -> str:
        return self._crm(api, name).removesuffix("/")

    def _crm(self, api: str, name: str) -> str:
        return f"/crm/{api}/{self.version}/{name}" if self.dated else f"/crm/{self.version}/{api}/{name}"
