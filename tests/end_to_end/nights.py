"""Whole syncs in this process against a sandbox, over and over from the same start, with every write counted there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from adapters.hubspot import HubspotCrm
from adapters.retry import Limits
from adapters.salesforce import SalesforceCrm
from adapters.sandbox import Sandbox
from adapters.sandbox.database import quoted
from connector import config
from connector.admin.provision import provision
from connector.config import HubspotConnection, SalesforceConnection
from connector.crm import Crm
from connector.mapping import Mapping as MappingFile
from connector.mapping import load
from connector.mirror import Mirror
from connector.store import open_store
from connector.sync import Outcome, sync
from tests.end_to_end.conftest import AS_OF
from tests.unit.rehearsal import LENIENT

ROOT = Path(__file__).parents[2]
Method = Literal["rest", "bulk"]
QUICK = Limits(attempts=4, seconds=20.0, first_wait=0.001, longest_wait=0.01)
TABLES = {"salesforce": ("sf_Account", "Id"), "hubspot": ("hs_companies", "id")}


@dataclass
class Nights:
    """One CRM, read and written one way.

    Attributes:
        sandbox: provisioned; several may share it.
        crm: which CRM.
        method: by single calls or by jobs.
        token: HubSpot: log in by this service key instead of an app's refresh token.
        mapping: how accounts are rated.
        first: values of the targets before any sync, by id.
    """

    sandbox: Sandbox
    crm: Literal["salesforce", "hubspot"]
    method: Method
    token: str | None = None
    mapping: MappingFile = field(init=False)
    first: Mapping[str, tuple[Any, ...]] = field(init=False)

    def __post_init__(self) -> None:
        self.mapping = load(ROOT / "mappings" / f"{self.crm}-minimal.toml", self.crm)
        with self.connected(admin=True) as administrator, self.connected() as nightly:
            provision(administrator, self.mapping, nightly_user=nightly.user())
        self.first = self.held()
        self._watch()

    @property
    def fields(self) -> list[str]:
        """Our fields on the account."""
        return sorted(self.mapping.write.targets.values())

    @contextmanager
    def connected(self, *, admin: bool = False) -> Iterator[Crm]:
        """The CRM, with a patience that suits tests."""
        common = {"crm": self.crm, "mapping": Path("mapping.toml"), "load_method": self.method}
        found: Crm
        if self.crm == "salesforce":
            client = (
                ("sandbox-admin", "sandbox-admin-secret") if admin else ("sandbox-sync", "sandbox-secret")
            )
            login = dict(zip(("client_id", "client_secret"), client, strict=True))
            connection = SalesforceConnection.model_validate(
                {**common, **login, "auth": "client_credentials", "login_url": self.sandbox.url}
            )
            found = SalesforceCrm.open(connection, time_zone="Europe/Vienna", limits=QUICK, read_seconds=10)
        else:
            refresh = "sandbox-admin-refresh-token" if admin else "sandbox-refresh-token"
            login = {
                "client_id": "sandbox-client",
                "client_secret": "sandbox-secret",
                "refresh_token": refresh,
            }
            login |= {"auth": "refresh_token"}
            if self.token is not None:
                login = {
                    "auth": "access_token",
                    "access_token": "sandbox-admin-token" if admin else self.token,
                }
            hubspot = HubspotConnection.model_validate({**common, **login, "api_url": self.sandbox.url})
            found = HubspotCrm.open(
                hubspot, time_zone="Europe/Vienna", limits=QUICK, read_seconds=10, poll_seconds=0.01
            )
        try:
            yield found
        finally:
            found.close()

    def sync(self, folder: Path) -> Outcome:
        """One sync with a connection of its own; the store lies in the folder."""
        settings = config.Store(url=f"sqlite:///{folder}/kpm.db", folder=folder / "kpm-data")
        with self.connected() as crm, open_store(settings, "acme") as store:
            outcome = sync(crm, store, self.mapping, AS_OF, LENIENT, mirror=Mirror(store.mirror))
            # A run that the quota ended may leave a job that it could no longer give up; the next one begins with it.
            assert not outcome.written.complete or store.jobs.left_open() == []
        return outcome

    def held(self) -> dict[str, tuple[Any, ...]]:
        """Values of our fields, by account, behind the API's back."""
        table, key = TABLES[self.crm]
        columns = ", ".join(map(quoted, self.fields))
        rows = self.sandbox.world.database.rows(f"SELECT {quoted(key)}, {columns} FROM {quoted(table)}")
        return {str(row[0]): tuple(row)[1:] for row in rows}

    def needless(self) -> list[str]:
        """Ids of accounts that were written with the values that they had."""
        return [str(row[0]) for row in self.sandbox.world.database.rows("SELECT id FROM kpm_needless")]

    def reset(self) -> None:
        """As before the first sync."""
        self.sandbox.clear_faults()
        database, (table, key) = self.sandbox.world.database, TABLES[self.crm]
        sets = ", ".join(f"{quoted(name)} = ?" for name in self.fields)
        with database.writing() as connection:
            connection.execute("DROP TRIGGER IF EXISTS kpm_watch")
            connection.executemany(
                f"UPDATE {quoted(table)} SET {sets} WHERE {quoted(key)} = ?",
                [(*values, account) for account, values in self.first.items()],
            )
        self._watch()

    def _watch(self) -> None:
        """Let the database itself note every write that changes nothing."""
        table, key = TABLES[self.crm]
        same = " AND ".join(f"OLD.{quoted(name)} IS NEW.{quoted(name)}" for name in self.fields)
        columns = ", ".join(map(quoted, self.fields))
        with self.sandbox.world.database.writing() as connection:
            connection.execute("DROP TRIGGER IF EXISTS kpm_watch")
            connection.execute("DROP TABLE IF EXISTS kpm_needless")
            connection.execute("CREATE TABLE kpm_needless (id)")
            connection.execute(
                f"CREATE TRIGGER kpm_watch AFTER UPDATE OF {columns} ON {quoted(table)} WHEN {same} "
                f"BEGIN INSERT INTO kpm_needless VALUES (NEW.{quoted(key)}); END"
            )
