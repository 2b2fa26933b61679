"""The command line: every command, its output and its exit code; the one place that wires the CRM adapters in."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Final

COMMANDS: Final[Mapping[str, Sequence[str]]] = {
    "setup": ("init", "check", "fields", "provision"),
    "potential": ("potential-check",),
    "daily": ("plan", "sync"),
    "serve": ("serve",),
    "look": ("explain", "report"),
    "runs": ("runs", "rejects"),
    "simulate": ("simulate",),
    "calibrate": ("calibrate",),
    "wallet": ("wallet",),
    "matrix": ("matrix",),
    "by_hand": ("overrides",),
    "campaigns": ("campaigns",),
    "rehearse": ("sandbox", "demo"),
}
"""Module of this folder -> the commands in it, in the order in which the help shows them."""


def main() -> None:
    """Entry point of ``kpm``: registers the commands, runs one, exits with its code."""
    register(sys.argv[1:])
    from connector.cli.app import run  # noqa: PLC0415

    sys.exit(run())


def register(arguments: Sequence[str] = ()) -> None:
    """Import the commands, which registers them.

    Args:
        arguments: of the call. Only the commands that they name are imported, all if they name none: importing what a
            command does not need takes longer than many a command.
    """
    from connector.cli.app import app, unwrap  # noqa: PLC0415

    named = [module for module, commands in COMMANDS.items() if not set(commands).isdisjoint(arguments)]
    for module in named or COMMANDS:
        import_module(f"connector.cli.{module}")
    unwrap(app)
