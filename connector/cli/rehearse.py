"""Commands to try everything without a CRM: sandbox and demo."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.rule import Rule

from connector.admin.init import initialise
from connector.cli import register
from connector.cli.app import app, run
from connector.cli.console import err, out
from connector.crm import CrmName
from connector.errors import ConfigError, ConnectorError

if TYPE_CHECKING:
    from adapters.sandbox import Sandbox


class Which(StrEnum):
    """A CRM to play."""

    SALESFORCE = "salesforce"
    HUBSPOT = "hubspot"


CRMS: tuple[CrmName, ...] = ("salesforce", "hubspot")
MARK = ".kpm-demo"
REHEARSE = "Without a CRM"


def _sandbox() -> type[Sandbox]:
    try:
        from adapters.sandbox import Sandbox  # noqa: PLC0415 - an optional extra, needed by these two commands alone
    except ImportError as error:
        raise ConfigError(
            f"The sandbox is not installed ({error.name} is missing). "
            "Install it with: pip install 'kpm-connector[sandbox]'",
        ) from error
    return Sandbox


@app.command(rich_help_panel=REHEARSE)
def sandbox(
    crm: Annotated[list[Which] | None, typer.Option(help="Which CRM to play; both by default.")] = None,
    port: Annotated[
        int,
        typer.Option(
            metavar="PORT", min=0, max=65535, help="Where to listen on this machine; 0 takes a free port."
        ),
    ] = 8765,
    accounts: Annotated[
        int, typer.Option(min=1, max=2_000_000, metavar="NUMBER", help="Size of the portfolio.")
    ] = 300,
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Another seed, another portfolio.")] = 1,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Keep the generated portfolio here: the next start copies it instead of generating.",
        ),
    ] = None,
    *,
    day_one: Annotated[bool, typer.Option("--day-one", help="No ratings and wallets entered yet.")] = False,
    rate_limits: Annotated[
        bool, typer.Option("--rate-limits", help="Refuse clients that are too fast.")
    ] = False,
) -> None:
    """Run a local server that speaks the CRMs' HTTP APIs, with a generated portfolio and faults on demand.

    It listens on this machine only, until Ctrl-C. Point a connection at it with login_url (Salesforce) or api_url
    (HubSpot); docs/operations.md shows how to switch faults on.
    """
    crms = [str(name) for name in crm] if crm else list(CRMS)
    server = _sandbox()(
        crms=crms,
        accounts=accounts,
        seed=seed,
        port=port,
        ratings=not day_one,
        rate_limits=rate_limits,
        data=data,
    )
    err.print(f"[soft]Generating {accounts:,} accounts ...[/]")
    try:
        server.start()
    except OSError as error:
        raise ConfigError(
            f"Port {port} cannot be used: another program has it, or it is reserved. Choose another with --port."
        ) from error
    out.print(f"[good]Listening[/] on {server.url} until Ctrl-C")
    for name in crms:
        for line in _credentials(name, server.url):
            out.print(f"  {line}")
    server.serve()
    out.print("Stopped.")


def _credentials(crm: str, url: str) -> Sequence[str]:
    if crm == "salesforce":
        return (
            f'Salesforce: auth = "client_credentials", login_url = "{url}", client_id = "sandbox-sync",',
            "            client secret sandbox-secret (administrator: sandbox-admin, sandbox-admin-secret)",
        )
    return (
        f'HubSpot:    api_url = "{url}", access token sandbox-token (administrator: sandbox-admin-token)',
    )


@app.command(rich_help_panel=REHEARSE)
def demo(
    folder: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where to leave configuration, history and report.")
    ] = Path("kpm-demo"),
    accounts: Annotated[
        int, typer.Option(min=20, max=100_000, metavar="NUMBER", help="Size of each portfolio.")
    ] = 300,
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Another seed, another portfolio.")] = 1,
) -> None:
    """Show the whole job on the sandbox CRMs: provision, plan, sync, campaign, explain, and a quiet second sync."""
    register()  # every command that it shows
    server = _sandbox()(crms=CRMS, accounts=accounts, seed=seed)
    _fresh(folder)
    out.print(
        f"[bold]A sandbox Salesforce and a sandbox HubSpot start[/], {accounts:,} generated accounts each ..."
    )
    with server:
        _write_configuration(folder, server.url)
        for crm in CRMS:
            _show(crm, folder)
        port = int(server.url.rsplit(":", 1)[1])
    _what_next(folder, accounts, seed, port)


def _fresh(folder: Path) -> None:
    """An empty folder; what an earlier demo left is removed, anything else is not touched."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise ConfigError(
                f"{folder} exists and is not from an earlier demo. Choose another one with --folder."
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text("Made by `kpm demo`; the next demo replaces this folder.\n")


def _write_configuration(folder: Path, url: str) -> None:
    for crm in CRMS:
        initialise(folder, crm, today=date.today(), mapping_only=True)  # noqa: DTZ011
    (folder / "config.toml").write_text(
        f"""# Written by `kpm demo`: two connections to the sandbox on this machine.
[connections.salesforce]
crm       = "salesforce"
mapping   = "mappings/salesforce.toml"
auth      = "client_credentials"
login_url = "{url}"
client_id = "sandbox-sync"

[connections.hubspot]
crm     = "hubspot"
mapping = "mappings/hubspot.toml"
api_url = "{url}"

[store]
url    = "sqlite:///kpm.db"
folder = "kpm-data"
""",
    )
    (folder / ".env").write_text(
        """KPM_CONNECTIONS__SALESFORCE__CLIENT_SECRET=sandbox-secret
KPM_CONNECTIONS__HUBSPOT__ACCESS_TOKEN=sandbox-token
KPM_ADMIN__SALESFORCE__CLIENT_ID=sandbox-admin
KPM_ADMIN__SALESFORCE__CLIENT_SECRET=sandbox-admin-secret
KPM_ADMIN__HUBSPOT__ACCESS_TOKEN=sandbox-admin-token
""",
    )


def _show(crm: CrmName, folder: Path) -> None:
    out.print()
    out.print(Rule(f"[bold]{crm.capitalize() if crm == 'salesforce' else 'HubSpot'}[/]", align="left"))
    _step(folder, "The mapping and the connection, tested", "check", "--connection", crm, accepted=(0, 1))
    _step(folder, "Custom fields and permissions, created", "provision", "--connection", crm, "--yes")
    _step(folder, "What a sync would change", "plan", "--connection", crm)
    _step(folder, "The first sync", "sync", "--connection", crm, "--quiet")
    _step(folder, "Where the change potential is largest", "campaigns", "propose", "--connection", crm)
    _step(folder, "A campaign for this quarter", "campaigns", "start", "--best", "--connection", crm)
    _step(folder, "Its tag reaches the members with the next sync", "sync", "--connection", crm, "--quiet")
    _step(folder, "One account, explained", "explain", "--largest", "--connection", crm)
    _step(folder, "Another sync: nothing differs, nothing is written", "sync", "--connection", crm, "--quiet")
    _step(folder, "The report", "report", "--connection", crm, "--output", str(folder / f"report-{crm}.html"))


def _step(folder: Path, title: str, *arguments: str, accepted: tuple[int, ...] = (0,)) -> None:
    out.print(f"\n[bold]{title}[/]  [soft]$ kpm {' '.join(arguments)}[/]")
    code = run(["--config", str(folder / "config.toml"), *arguments])
    if code not in accepted:
        raise ConnectorError(f"The demo stopped: kpm {' '.join(arguments)} ended with exit code {code}.")


def _what_next(folder: Path, accounts: int, seed: int, port: int) -> None:
    # The demo of a checkout runs .venv/bin/kpm, which is not on the path of the person who reads this.
    kpm = "kpm" if shutil.which("kpm") else escape(str(Path(sys.argv[0]).absolute()))
    here = f"{kpm} --config {folder}/config.toml"
    out.print()
    out.print(Rule("[bold]What to try next[/]", align="left"))
    out.print(
        f"""  Open [bold]{folder}/report-salesforce.html[/] in a browser: the matrix, the movers, the criteria.
  The history needs no CRM:
    {here} runs --connection salesforce
    {here} explain --largest --connection hubspot
  Start the sandbox again in another terminal:
    {kpm} sandbox --port {port} --accounts {accounts} --seed {seed}
  Then change a weight in [bold]{folder}/mappings/salesforce.toml[/], and see what that would do:
    {here} check --connection salesforce
    {here} provision --connection salesforce
    {here} plan --connection salesforce
  With your own CRM: [bold]kpm init[/] in a new folder, then [bold]kpm check[/].""",
        highlight=False,
        soft_wrap=True,
    )
