from __future__ import annotations

from pathlib import Path

from connector.cli.reference import reference

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_is_current() -> None:
    assert (DOCS / "cli.md").read_text() == reference(), "run `make docs`"


def test_every_command_has_a_text_that_teaches() -> None:
    text = reference()
    for command in (
        "init",
        "check",
        "fields",
        "provision",
        "plan",
        "sync",
        "explain",
        "runs",
        "report",
        "serve",
        "sandbox",
        "demo",
    ):
        section = text.split(f"## kpm {command}\n", 1)[1].split("\n## ", 1)[0]
        assert len(section.strip()) > 80, command
