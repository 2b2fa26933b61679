"""A sandbox in a process of its own, so that its work is not counted as ours."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import requests

from tests.bench.process import ROOT, MeasurementError, arguments


@contextmanager
def sandbox(crm: str, accounts: int, today: date) -> Iterator[str]:
    """Start one, yield its address, stop it."""
    given = json.dumps({"crm": crm, "accounts": accounts, "today": today.isoformat()})
    command = [sys.executable, "-m", "tests.bench.server", given]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().strip() if process.stdout else ""
            if not url:
                raise MeasurementError("the sandbox did not start")
            yield url
        finally:
            process.terminate()


def counted(url: str) -> list[dict[str, object]]:
    """The calls that a sandbox has answered, by endpoint, from its own log; counting starts anew."""
    address = f"{url}/sandbox/requests"
    found: list[dict[str, object]] = requests.get(address, timeout=30).json()["counts"]
    requests.delete(address, timeout=30).raise_for_status()
    return found


def _serve() -> None:
    from adapters.sandbox import Sandbox  # noqa: PLC0415 - the process that measures must not load it

    given = arguments()
    server = Sandbox((given["crm"],), accounts=given["accounts"], today=date.fromisoformat(given["today"]))
    server.start()
    print(server.url, flush=True)
    server.serve()


if __name__ == "__main__":
    _serve()
