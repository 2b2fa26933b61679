"""Runs clients that other people wrote in JavaScript, with the Node that the tests' requirements bring.

Each client is a script beside this file that takes JSON as its only argument and prints JSON.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
NODE = Path(sys.executable).with_name("node")
INSTALLED = FOLDER / "node_modules"
OUTSIDE = "outside.log"  # hosts beyond this machine that a client tried to reach
_SECONDS = 120


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a client finds around it: nothing of the person's who runs the tests, and no way out of this machine."""
    kept = {name: value for name, value in os.environ.items() if name in ("LANG", "TMPDIR", "SYSTEMROOT")}
    path = f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {
        **kept,
        "PATH": path,
        "HOME": str(home),
        "NO_COLOR": "1",
        "NODE_OPTIONS": f"--import={(FOLDER / 'loopback.mjs').as_uri()}",
        "OUTSIDE_LOG": str(home / OUTSIDE),
        **more,
    }


def run(command: list[str], home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a Node program to its end; `more` are environment variables."""
    return subprocess.run(
        [str(NODE), *command],
        env=environment(home, **more),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


def script(name: str, given: Mapping[str, object], home: Path) -> Any:
    """What a script of this folder prints, given `given`."""
    ended = run([str(FOLDER / name), json.dumps(given)], home)
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    return json.loads(ended.stdout)
