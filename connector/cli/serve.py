"""The command of every night."""

from __future__ import annotations

import logging
import sys

import typer

from connector import config
from connector.cli.app import app
from connector.cli.workplace import ConnectionName, connected
from connector.schedule import serve as serve_nights


@app.command(rich_help_panel="Every day")
def serve(context: typer.Context, connection: ConnectionName = None) -> None:
    """Sync every night, at the hour that the configuration's schedule says, until Ctrl-C or SIGTERM.

    All connections, or the one named. At most one run per connection and local date; a failed night is logged and
    the service goes on. On SIGTERM the batch in hand is finished and recorded.
    """
    settings = config.load(context.obj.config)
    if connection is not None:
        name = config.chosen(settings, connection)
        settings = settings.model_copy(update={"connections": {name: settings.connections[name]}})
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s", stream=sys.stderr
    )
    serve_nights(settings, lambda name: connected(settings, name))
