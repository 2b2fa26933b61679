"""The command line: every command, its output and its exit code; the one place that wires the CRM adapters in."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of ``kpm``: registers the commands, runs one, exits with its code."""
    register()
    from connector.cli.app import run  # noqa: PLC0415

    sys.exit(run())


def register() -> None:
    """Import the commands, which registers them, in the order in which the help shows them."""
    from connector.cli import setup, potential  # noqa: F401, I001, PLC0415
    from connector.cli import daily, look, runs, simulate, calibrate, wallet, matrix  # noqa: F401, PLC0415
    from connector.cli import by_hand, campaigns, rehearse  # noqa: F401, PLC0415
    from connector.cli.app import app, unwrap  # noqa: PLC0415

    unwrap(app)
