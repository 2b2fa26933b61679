"""``python -m connector.cli.reference`` prints docs/cli.md, made from the commands' own help."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from connector.cli import register
from connector.cli.app import app

HEAD = """# Commands

Made from the commands' own `--help` by `make docs`.

Data goes to standard output (`--json` where it is data), progress and messages to standard error. Before the command:
`kpm --config FILE COMMAND` (default `config.toml` here), `kpm --debug COMMAND` shows tracebacks.

| exit code | meaning |
|---|---|
| 0 | all well |
| 1 | partial: some changes were rejected or left for the next run, everything else is done |
| 2 | configuration or mapping must be edited |
| 3 | credentials or permissions must be mended |
| 4 | the CRM cannot be reached or is overloaded: try again later |
| 5 | the CRM says that a request is wrong |
| 6 | another run holds the lock |
| 7 | a brake stopped the run before it wrote anything |
| 8 | a check says no-go |
| 64 | wrong usage of a command |
| 70 | internal error |
"""


def reference() -> str:
    """The text of docs/cli.md."""
    register()
    return HEAD + "".join(_command(get_command(app), "kpm"))


def _command(command: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - Typer keeps its command classes private
    for name, sub in sorted(getattr(command, "commands", {}).items()):
        if getattr(sub, "commands", None):
            yield f"\n## {path} {name}\n\n{_filled(sub.help)}\n"
            yield from _command(sub, f"{path} {name}")
            continue
        yield f"\n{'###' if ' ' in path else '##'} {path} {name}\n\n{_filled(sub.help)}\n\n"
        rows = [row for parameter in sub.params if (row := _parameter(parameter))]
        if rows:
            yield "| option | meaning |\n|---|---|\n" + "".join(rows)


def _parameter(parameter: Any) -> str | None:  # noqa: ANN401 - see above
    if parameter.name == "help":
        return None
    names = ", ".join(f"`{name}`" for name in parameter.opts) if parameter.opts[0].startswith("-") else ""
    names = names or f"`{(parameter.metavar or parameter.name).upper()}`"
    default = parameter.default
    shown = "" if default in (None, False, "", ()) or callable(default) else f" Default: `{default}`."
    return f"| {names} | {_plain(getattr(parameter, 'help', '') or '')}{shown} |\n"


def _filled(text: str | None) -> str:
    """Plain paragraphs, in lines of the width that the other pages have."""
    return "\n\n".join(textwrap.fill(paragraph, 118) for paragraph in _plain(text).split("\n\n"))


def _plain(text: str | None) -> str:
    """Without Rich's markup, paragraphs kept."""
    return re.sub(r"\[/?[a-z]*\]", "", text or "").replace("\b", "").strip()


if __name__ == "__main__":
    sys.stdout.write(reference())
