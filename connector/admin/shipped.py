"""Files that come with the package: mappings to start from, their schema, the example configuration."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def shipped(name: str) -> Path:
    """A file by its name in the project, such as ``mappings/salesforce.toml``.

    An installed package carries these files in its own folder ``shipped``; a checkout has them at its top.
    """
    installed = _PACKAGE / "shipped" / name
    return installed if installed.exists() else _PACKAGE.parent / name
