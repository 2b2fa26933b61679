"""The models of the configuration: what may be set, and the defaults.

The file holds what may be read by everyone; secrets come from the environment, a ``.env`` beside the file, or
a secrets directory, never from the file itself: `connector.config.load` brings them together.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    model_validator,
)
from pydantic_core import PydanticCustomError

from connector import cron

CONNECTION_NAME = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"
NAMELESS = "KPM_CONNECTIONS__<NAME>"
"""How variables of a connection begin as long as its name is not known."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _https_or_loopback(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return url.rstrip("/")
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        return url.rstrip("/")
    message = (
        "must start with https:// (http:// is accepted for this machine alone, such as http://127.0.0.1:8000)"
    )
    raise ValueError(message)


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        message = f"{name!r} is no time zone; write it as Region/City, such as Europe/Vienna"
        raise ValueError(message) from None
    return name


def _cron(text: str) -> str:
    cron.parse(text)
    return text


def _database(url: str) -> str:
    """A URL that SQLAlchemy understands with the drivers that are installed."""
    scheme, mark, rest = url.partition("://")
    if mark and scheme in ("postgres", "postgresql"):
        return f"postgresql+psycopg://{rest}"
    if mark and scheme in ("sqlite", "postgresql+psycopg"):
        return url
    raise ValueError("must be sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE")


def _in_common_words(method: object) -> object:
    """HubSpot's own names of what both CRMs' settings call rest and bulk."""
    return {"list": "rest", "export": "bulk"}.get(method, method) if isinstance(method, str) else method


Url = Annotated[str, AfterValidator(_https_or_loopback)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Schedule(_Section):
    """When the nightly sync runs."""

    cron: Annotated[str, AfterValidator(_cron)] = "30 4 * * *"
    """Five cron fields: minute, hour, day of month, month, day of week."""
    time_zone: TimeZone = "Europe/Vienna"
    """The business time zone: windows, quarters and today's date follow it."""

    def today(self) -> date:
        """Today's date in the business time zone."""
        return datetime.now(ZoneInfo(self.time_zone)).date()


class SyncLimits(_Section):
    """How a run reads, and its brakes: a run that would do more stops before it writes anything."""

    max_moved_share: Share = 0.2
    """Share of the accounts that may change their segment in one run (not on a first run)."""
    max_cleared_share: Share = 0.05
    """Share of the accounts that may lose their values."""
    max_shrink_share: Share = 0.1
    """By how much fewer accounts or opportunities may be read than last time."""
    max_quota_share: Share = 0.5
    """Share of the daily API quota after which a run stops cleanly; the next one continues."""
    reconcile_days: Annotated[int, Field(ge=0, le=365)] = 7
    """After so many days everything is read again; in between, what changed alone. 0: every run reads everything."""


class Store(_Section):
    """Where the run history lives."""

    url: Annotated[str, AfterValidator(_database)] = Field(default="sqlite:///kpm.db", repr=False)
    """SQLAlchemy URL; a relative SQLite path is relative to the configuration file."""
    folder: Path = Path("kpm-data")
    """Parquet files per run, and reports; relative to the configuration file."""


class _Connection(_Section):
    mapping: Path
    """The mapping file, relative to the configuration file."""
    ca_bundle: Path | None = None
    """Certificates to trust, for a company proxy that inspects TLS."""
    proxy: str | None = Field(default=None, repr=False)
    """HTTP proxy for every call."""
    schedule: Schedule | None = None
    sync: SyncLimits | None = None
    _variables: str = PrivateAttr(default=NAMELESS)

    @property
    def variables(self) -> str:
        """How the names of the variables begin that its secrets come from, for messages."""
        return self._variables


class SalesforceConnection(_Connection):
    """A Salesforce org."""

    crm: Literal["salesforce"]
    auth: Literal["jwt", "client_credentials", "refresh_token", "access_token", "password"] = "jwt"
    login_url: Url = "https://login.salesforce.com"
    """Where to log in: My Domain (https://acme.my.salesforce.com) or the sandbox host."""
    instance_url: Url | None = None
    """With auth = access_token: the org's own address."""
    api_version: Annotated[str, Field(pattern=r"^\d\d\.0$")] = "64.0"
    load_method: Literal["auto", "rest", "bulk"] = "auto"
    """How to read and write: auto takes REST for few records and Bulk API 2.0 for many."""
    client_id: str | None = None
    username: str | None = None
    private_key_file: Path | None = None
    client_secret: SecretStr | None = None
    access_token: SecretStr | None = None
    refresh_token: SecretStr | None = None
    password: SecretStr | None = None
    security_token: SecretStr | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = {
            "jwt": ("client_id", "username", "private_key_file"),
            "client_credentials": ("client_id", "client_secret"),
            "refresh_token": ("client_id", "refresh_token"),
            "access_token": ("instance_url", "access_token"),
            "password": ("username", "password"),
        }[self.auth]
        _demand(self, needed)
        return self


class HubspotConnection(_Connection):
    """A HubSpot portal."""

    crm: Literal["hubspot"]
    auth: Literal["access_token", "refresh_token"] = "access_token"
    """access_token: a service key or private app; refresh_token: a public app."""
    api_url: Url = "https://api.hubapi.com"
    api_version: Literal["v3", "2026-03", "2026-09"] = "v3"
    load_method: Annotated[Literal["auto", "rest", "bulk"], BeforeValidator(_in_common_words)] = "auto"
    """How to read and write: auto takes lists and batches for few records, exports and imports for many."""
    client_id: str | None = None
    access_token: SecretStr | None = None
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = {
            "access_token": ("access_token",),
            "refresh_token": ("client_id", "client_secret", "refresh_token"),
        }[self.auth]
        _demand(self, needed)
        return self


def _demand(connection: SalesforceConnection | HubspotConnection, keys: tuple[str, ...]) -> None:
    missing = [key for key in keys if not getattr(connection, key)]
    if missing:
        raise PydanticCustomError(
            "missing_credentials",
            "auth = '{auth}' also needs {names}",
            {"auth": connection.auth, "names": " and ".join(missing), "missing": missing},
        )


Connection = Annotated[SalesforceConnection | HubspotConnection, Field(discriminator="crm")]

SECRETS = frozenset({"client_secret", "access_token", "refresh_token", "password", "security_token"})
"""Keys that are never accepted from the file."""


class Config(_Section):
    """Everything that is set.

    Attributes:
        connections: by name; one is the common case.
        store: run history.
        schedule: the nightly run.
        sync: brakes.
        file: where it was read from; relative paths in it are relative to this file.
    """

    connections: dict[Annotated[str, Field(pattern=CONNECTION_NAME)], Connection] = Field(min_length=1)
    store: Store = Store()
    schedule: Schedule = Schedule()
    sync: SyncLimits = SyncLimits()
    _file: Path = PrivateAttr(default=Path("config.toml"))

    @property
    def file(self) -> Path:
        """The configuration file."""
        return self._file

    def schedule_of(self, name: str) -> Schedule:
        """The schedule of one connection: its own, else the common one."""
        return self.connections[name].schedule or self.schedule

    def limits_of(self, name: str) -> SyncLimits:
        """The brakes of one connection: its own, else the common ones."""
        return self.connections[name].sync or self.sync
