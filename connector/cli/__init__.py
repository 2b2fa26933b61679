"""The command line: every command, its output and its exit code; the one place that wires the CRM adapters in."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of ``kpm``: registers the commands, runs one, exits with its code."""
    from connector.cli import campaigns, daily, look, rehearse, setup  # noqa: F401, PLC0415 - importing registers
    from connector.cli.app import run  # noqa: PLC0415

    sys.exit(run())
