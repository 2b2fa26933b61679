"""`kpm init`: a folder to start from, with configuration, mapping and an example of the environment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Literal

from connector.admin.shipped import shipped
from connector.crm import CrmName
from connector.errors import ConfigError

Action = Literal["created", "kept", "replaced"]

CONNECTION: Final[dict[CrmName, str]] = {
    "salesforce": """[connections.salesforce]
crm              = "salesforce"
mapping          = "mappings/salesforce.toml"  # relative to this file
auth             = "jwt"                       # or client_credentials, refresh_token: docs/configuration.md
login_url        = "https://YOUR-DOMAIN.my.salesforce.com"
client_id        = "CONSUMER-KEY-OF-THE-CONNECTED-APP"
username         = "USER-OF-THE-NIGHTLY-SYNC"
private_key_file = "salesforce.key"            # openssl req -x509 -newkey rsa:2048 -nodes -days 730 -subj /CN=kpm
                                               #   -keyout salesforce.key -out salesforce.crt
# The app gets the certificate (salesforce.crt); the key stays here, readable by you alone.
""",
    "hubspot": """[connections.hubspot]
crm     = "hubspot"
mapping = "mappings/hubspot.toml"           # relative to this file
auth    = "access_token"                    # a service key or private app; or refresh_token: docs/configuration.md
# The key belongs into the environment or into .env: KPM_CONNECTIONS__HUBSPOT__ACCESS_TOKEN
""",
}
_COMMON: Final = """
[store]
url    = "sqlite:///kpm.db"                 # run history; or postgresql+psycopg://...
folder = "kpm-data"                         # Parquet per run, reports

[schedule]
cron      = "30 4 * * *"                    # not between 2 and 3: that hour comes twice or not at all once a year
time_zone = "Europe/Vienna"                 # the business time zone: windows, quarters, today's date

[sync]                                      # brakes: a run that would do more stops before it writes anything
max_moved_share   = 0.2
max_cleared_share = 0.05
max_shrink_share  = 0.1
max_quota_share   = 0.5
"""
_ENVIRONMENT: Final[dict[CrmName, str]] = {
    "salesforce": """# With auth = "jwt" the nightly user needs no secret here: private_key_file names his key.
# An administrator, for `kpm provision` only; not stored. A session's token will do, such as the access token that
# `sf org display --verbose` prints; instance_url is the org's own address.
KPM_ADMIN__SALESFORCE__ACCESS_TOKEN=
KPM_ADMIN__SALESFORCE__INSTANCE_URL=
""",
    "hubspot": """# The nightly key: reads companies, deals, contacts, tickets, orders; writes companies.
KPM_CONNECTIONS__HUBSPOT__ACCESS_TOKEN=
# A key that may also create properties, for `kpm provision` only; not stored.
KPM_ADMIN__HUBSPOT__ACCESS_TOKEN=
""",
}
_IGNORED: Final = """# Secrets, run history and data stay out of version control; mappings belong into it.
.env
*.key
*.db
*.db-*
kpm-data/
"""


@dataclass(frozen=True, slots=True)
class File:
    """What became of one file.

    Attributes:
        path: where it is.
        action: created, kept (it was there and is as it was) or replaced.
        saved: where the former content of a replaced file is.
    """

    path: Path
    action: Action
    saved: Path | None = None


@dataclass(frozen=True, slots=True)
class Initialised:
    """A folder to start from.

    Attributes:
        files: every file that belongs to it.
        add: lines for a person to add to a configuration that was kept and lacks this CRM's connection.
        next_steps: what to do now, in order.
    """

    files: tuple[File, ...]
    add: str | None
    next_steps: tuple[str, ...]


def initialise(
    folder: Path,
    crm: CrmName,
    *,
    today: date,
    mapping_only: bool = False,
    replace: bool = False,
    mapping: str | None = None,
) -> Initialised:
    """Write what a person needs to begin. Files that exist are kept, unless `replace`.

    Args:
        folder: made if it is not there.
        crm: which CRM to connect to.
        today: stands in the configuration.
        mapping_only: leave out configuration and environment.
        replace: replace files that exist; what they held is saved beside them.
        mapping: text of the mapping; the shipped one unless given. Then `replace` is about the mapping alone.

    Raises:
        ConfigError: the folder cannot be written.
    """
    replaced = None if mapping is None else f"mappings/{crm}.toml"
    try:
        files = tuple(
            _written(folder / name, text, replace=replace and replaced in (None, name))
            for name, text in _contents(crm, today, mapping, mapping_only=mapping_only)
        )
        config = folder / "config.toml"
        lacking = not mapping_only and f"[connections.{crm}]" not in config.read_text(encoding="utf-8")
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror}. Choose another folder with --folder."
        raise ConfigError(message) from error
    add = CONNECTION[crm] if lacking else None
    return Initialised(files, add, () if mapping_only else tuple(_next_steps(folder, crm, add)))


def _contents(
    crm: CrmName, today: date, mapping: str | None, *, mapping_only: bool
) -> Iterator[tuple[str, str]]:
    """Path and text of every file."""
    for name in (f"{crm}.toml", f"{crm}-minimal.toml", "mapping.schema.json"):
        text = shipped(f"mappings/{name}").read_text(encoding="utf-8")
        yield f"mappings/{name}", mapping if mapping is not None and name == f"{crm}.toml" else text
    if mapping_only:
        return
    head = f"# Settings of kpm, written by `kpm init` on {today}. Every setting: docs/configuration.md\n"
    yield "config.toml", f"{head}# Secrets never stand here; see .env.example.\n\n{CONNECTION[crm]}{_COMMON}"
    yield (
        ".env.example",
        f"# Copy this file to .env and fill it in; .env stays out of version control.\n{_ENVIRONMENT[crm]}",
    )
    yield ".gitignore", _IGNORED


def _written(path: Path, text: str, *, replace: bool) -> File:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_text(text, encoding="utf-8")
        return File(path, "created")
    if not replace or path.read_text(encoding="utf-8") == text:
        return File(path, "kept")
    saved = _free(path)
    path.rename(saved)
    path.write_text(text, encoding="utf-8")
    return File(path, "replaced", saved)


def _free(path: Path) -> Path:
    """A name beside the file that is not taken."""
    number = 1
    while (saved := path.with_name(f"{path.name}.old{number}")).exists():
        number += 1
    return saved


def _next_steps(folder: Path, crm: CrmName, add: str | None) -> Iterator[str]:
    config = folder / "config.toml"
    call = "kpm" if folder.resolve() == Path.cwd() else f"kpm --config {config}"
    if add is not None:
        yield f"Add the connection to {config}, as printed above."
    elif crm == "salesforce":
        yield f"Edit {config}: your org's address, a connected app's consumer key, the nightly user and his key file."
    yield f"Copy {folder / '.env.example'} to {folder / '.env'} and fill in the credentials."
    yield f"{call} check        logs in and tests every line of {folder / 'mappings' / crm}.toml against your CRM"
    yield f"{call} fields       lists the CRM's fields, to correct the mapping with"
    yield f"{call} provision    creates what is missing (asks first)"
    yield f"{call} plan         shows what a sync would change, and changes nothing"
