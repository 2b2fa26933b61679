"""The application object, its global options, and the one place that turns errors into messages and exit codes."""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.panel import Panel
from typer.exceptions import TyperException

from connector import __version__
from connector.cli.console import err, out
from connector.errors import ConnectorError, CrmAuthError, CrmTemporaryError, ExitCode, MappingError, Severity

HELP = """Turn the customer base in your CRM into a managed customer portfolio.

It reads accounts and opportunities from Salesforce or HubSpot, rates every customer on potential and attractiveness, \
places it in the portfolio matrix, and writes zone, scores, reasons and campaign tags back as custom fields. \
It touches no other field.

A first afternoon: [bold]kpm init[/], then [bold]check[/], [bold]provision[/], [bold]plan[/], [bold]sync[/]; \
[bold]serve[/] for the nights. No CRM at hand? [bold]kpm demo[/] shows everything on a built-in sandbox.
"""


@dataclass(frozen=True, slots=True)
class Options:
    """Global options of one call."""

    config: Path
    debug: bool


app = typer.Typer(
    name="kpm",
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(*, wanted: bool) -> None:
    if wanted:
        out.print(f"kpm {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[Path, typer.Option("--config", metavar="FILE", help="The configuration file.")] = Path(
        "config.toml"
    ),
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=lambda value: _version(wanted=value),
            is_eager=True,
            help="Show the version.",
        ),
    ] = False,
) -> None:
    """Global options."""
    del version
    context.obj = Options(config, debug)


def unwrap(commands: typer.Typer) -> None:
    """Give commands their docstring as help, a line per paragraph: Typer keeps line breaks after the first one."""
    for command in commands.registered_commands:
        paragraphs = inspect.cleandoc(getattr(command.callback, "__doc__", None) or "").split("\n\n")
        command.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    for group in commands.registered_groups:
        if group.typer_instance is not None:
            unwrap(group.typer_instance)


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; every error becomes a message for people."""
    given = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in given
    try:
        code = app(given, standalone_mode=False, prog_name="kpm")
    except TyperException as error:
        return _usage(error)
    except ConnectorError as error:
        if debug:
            err.print_exception()
        _explain(error)
        return int(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):  # Typer's prompts turn Ctrl-C and Ctrl-D into Abort
        err.print("\n[warning]Stopped.[/]")
        return 130
    except BrokenPipeError:
        return 0
    except Exception as error:  # noqa: BLE001 - the last place where a defect can be told in words
        if debug:
            err.print_exception()
        else:
            kind = type(error).__name__
            err.print(
                f"[bad]Internal error[/] ({kind}): {escape(str(error))}\n"
                "This is a defect of kpm, not of your configuration. Run the command again as "
                "[bold]kpm --debug ...[/] and send the traceback to the maintainers.",
            )
        return int(ExitCode.INTERNAL)
    return int(code) if isinstance(code, int) else 0


def _usage(error: TyperException) -> int:
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    message = message.replace("Value error, ", "").replace(
        "does not match the formats '%Y-%m-%d'", "is no date such as 2026-12-31"
    )
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "kpm"
    if not message.strip():  # a command that needs a subcommand: its help has just been printed
        return int(ExitCode.USAGE)
    err.print(f"[bad]{escape(message)}[/]\nTry [bold]{escape(command)} --help[/].")
    return int(ExitCode.USAGE)


def _explain(error: ConnectorError) -> None:
    if isinstance(error, MappingError):
        faults = [problem for problem in error.problems if problem.severity is Severity.ERROR]
        count = f"{len(faults)} problem{'s' if len(faults) != 1 else ''}"
        err.print(f"[bad]The mapping has {count}[/]; nothing was written to the CRM.")
        for problem in error.problems:
            style = "bad" if problem.severity is Severity.ERROR else "warning"
            err.print(f"  [{style}]{problem.severity}[/] {escape(str(problem))}", soft_wrap=True)
        return
    title = (
        "Not now"
        if isinstance(error, CrmTemporaryError)
        else "Access"
        if isinstance(error, CrmAuthError)
        else "Error"
    )
    err.print(Panel(escape(str(error)), title=title, title_align="left", border_style="bad"))
