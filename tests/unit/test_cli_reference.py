from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from connector.cli import COMMANDS, register
from connector.cli.app import app
from connector.cli.reference import reference

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_is_current() -> None:
    assert (DOCS / "cli.md").read_text() == reference(), "run `make docs`"


def test_every_command_has_a_text_that_teaches() -> None:
    text = reference()
    for command in (name for names in COMMANDS.values() for name in names):
        section = text.split(f"## kpm {command}\n", 1)[1].split("\n## ", 1)[0]
        assert len(section.strip()) > 80, command


def test_every_command_is_found_by_its_name() -> None:
    register()
    shown = [
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    ]
    shown += [group.name for group in app.registered_groups if isinstance(group.name, str)]
    assert sorted(shown) == sorted(name for names in COMMANDS.values() for name in names)


def test_what_a_command_does_not_need_is_not_loaded() -> None:
    code = (
        "import sys; from connector.cli import register; register(['runs']); "
        "assert not {'apscheduler', 'jinja2', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
