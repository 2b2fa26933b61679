"""What the connector costs: ``make bench``, or ``python -m tests.bench --help``. It measures and judges nothing."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import nights, printed, server
from tests.bench.process import ROOT, MeasurementError, measured

AS_OF = date(2026, 11, 24)
CRMS = ("salesforce", "hubspot")
PARTS = ("sync", "plain", "ways", "disk")
SYNC_ACCOUNTS = 10_000
FILE_ACCOUNTS = 1_000_000
WAY_ACCOUNTS = (100_000, 1_000_000)
"""Reading and writing in bulk are measured at both sizes: memory should not grow with the portfolio."""
SECRETS = {
    "salesforce": {
        "KPM_CONNECTIONS__ACME__CLIENT_SECRET": "sandbox-secret",
        "KPM_ADMIN__ACME__CLIENT_ID": "sandbox-admin",
        "KPM_ADMIN__ACME__CLIENT_SECRET": "sandbox-admin-secret",
    },
    "hubspot": {
        "KPM_CONNECTIONS__ACME__ACCESS_TOKEN": "sandbox-token",
        "KPM_ADMIN__ACME__ACCESS_TOKEN": "sandbox-admin-token",
    },
}


def main() -> int:
    """Measure what is asked for, print it, clean up."""
    asked = _arguments()
    try:
        for crm in [asked.crm] if asked.crm else CRMS:
            if "sync" in asked.parts:
                _two_syncs(crm, asked.accounts or SYNC_ACCOUNTS)
            if "plain" in asked.parts:
                _beside_plain_clients(crm, asked.accounts or SYNC_ACCOUNTS)
            if "ways" in asked.parts:
                _bulk_ways(crm, (asked.accounts,) if asked.accounts else WAY_ACCOUNTS)
        if "disk" in asked.parts:
            with _folder(asked.folder) as folder:
                nights.measure(folder, asked.accounts or FILE_ACCOUNTS, AS_OF)
    except MeasurementError as error:
        print(f"The measurement failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="Measure what the connector costs."
    )
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help="sync: whole syncs through the sandbox; plain: reading beside the plain client libraries; ways: memory of "
        "reading and writing in bulk; crm: these three; disk: rating from files on disk, and how that grows; without a "
        "part all of them",
    )
    parser.add_argument("--crm", choices=CRMS, help="through the sandbox of this CRM alone")
    parser.add_argument(
        "--accounts",
        type=int,
        help=f"instead of {SYNC_ACCOUNTS:,} through the sandbox and {FILE_ACCOUNTS:,} on disk",
    )
    parser.add_argument("--folder", type=Path, help="leave the generated files and the store here")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - {*PARTS, "crm"}:
        parser.error(
            f"no part is called {', '.join(sorted(unknown))}; parts are {', '.join((*PARTS, 'crm'))}"
        )
    asked.parts = set(asked.parts) or set(PARTS)
    if "crm" in asked.parts:
        asked.parts |= set(PARTS) - {"disk"}
    return asked


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given.resolve()
        return
    with TemporaryDirectory(prefix="kpm-bench-") as folder:
        yield Path(folder)


def _two_syncs(crm: str, accounts: int) -> None:
    """A first sync of a provisioned CRM, then another one that finds nothing to do."""
    printed.note(f"{crm}: a sandbox with {accounts:,} accounts starts ...")
    with TemporaryDirectory(prefix="kpm-bench-") as folder, server.sandbox(crm, accounts, AS_OF) as url:
        config = _configured(Path(folder), crm, url)
        _provision(crm, config)
        server.counted(url)
        found = []
        for _ in range(2):
            run = measured("one_sync", SECRETS[crm], config=config, as_of=AS_OF)
            found.append(run | {"calls": server.counted(url)})
    printed.syncs(crm, found)


def _beside_plain_clients(crm: str, accounts: int) -> None:
    """Accounts and opportunities read by the adapter, and by the client library's own loop, from one sandbox."""
    printed.note(f"{crm}: reading beside the plain client library, {accounts:,} accounts ...")
    with TemporaryDirectory(prefix="kpm-bench-") as folder, server.sandbox(crm, accounts, AS_OF) as url:
        config = _configured(Path(folder), crm, url)
        _provision(crm, config)
        server.counted(url)
        found = []
        for task in ("read", "plain"):
            run = measured("one_way", SECRETS[crm], task=task, config=config)
            found.append(run | {"calls": server.counted(url)})
    printed.beside_plain(crm, *found)


def _bulk_ways(crm: str, sizes: Sequence[int]) -> None:
    """Reading and writing in bulk, at several sizes."""
    found = []
    for accounts in sizes:
        printed.note(f"{crm}: reading and writing {accounts:,} accounts in bulk ...")
        with TemporaryDirectory(prefix="kpm-bench-") as folder, server.sandbox(crm, accounts, AS_OF) as url:
            config = _configured(Path(folder), crm, url)
            _provision(crm, config)
            given = {"config": config, "changes": Path(folder) / "changes.parquet", "as_of": AS_OF}
            measured("one_way", SECRETS[crm], task="prepare", **given)
            for task in ("read", "write"):
                server.counted(url)
                run = measured("one_way", SECRETS[crm], task=task, **given)
                found.append(run | {"task": task, "accounts": accounts, "calls": server.counted(url)})
    printed.ways(crm, found)


def _configured(folder: Path, crm: str, url: str) -> Path:
    shutil.copytree(ROOT / "mappings", folder / "mappings")
    place = f'auth = "client_credentials"\nlogin_url = "{url}"\nclient_id = "sandbox-sync"'
    if crm == "hubspot":
        place = f'api_url = "{url}"'
    file = folder / "config.toml"
    file.write_text(f'[connections.acme]\ncrm = "{crm}"\nmapping = "mappings/{crm}.toml"\n{place}\n')
    return file


def _provision(crm: str, config: Path) -> None:
    command = [sys.executable, "-m", "connector", "--config", str(config), "provision", "--yes"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **SECRETS[crm]}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise MeasurementError(f"kpm provision ended with exit code {done.returncode}\n{done.stderr}")


if __name__ == "__main__":
    sys.exit(main())
