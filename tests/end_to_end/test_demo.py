"""The README's first command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

STEPS = ("check", "provision", "plan", "sync", "campaigns propose", "campaigns start", "explain", "report")


def test_the_demo_shows_the_whole_job_on_both_crms(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "connector", "demo", "--folder", "demo", "--accounts", "60"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    for step in STEPS:
        assert done.stdout.count(f"$ kpm {step} ") >= 2, step
    assert done.stdout.count("Nothing to write") == 2
    left = {path.name for path in (tmp_path / "demo").iterdir()}
    assert left >= {
        "config.toml",
        "mappings",
        "kpm.db",
        "kpm-data",
        "report-salesforce.html",
        "report-hubspot.html",
    }
    assert "What to try next" in done.stdout
