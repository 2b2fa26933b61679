"""Where a TOML file cannot be read: the offending line, for messages."""

from __future__ import annotations

import re
from tomllib import TOMLDecodeError
from typing import Final

_AT: Final = re.compile(r"\(at line (\d+)")
_LONGEST: Final = 60


def offending_line(text: str, error: TOMLDecodeError, *, secret: bool = False) -> str:
    """The end of a message: ``; line 3 reads: label = "Size``, or nothing.

    Args:
        text: of the file.
        error: what the parser says about it.
        secret: values may be credentials: what stands behind a key is left out, and a line without one altogether.
    """
    lines = text.splitlines()
    found = _AT.search(str(error))
    # Without a place it is the end of the file that the parser stumbles over.
    number = (
        int(found[1]) if found else max((n for n, line in enumerate(lines, 1) if line.strip()), default=0)
    )
    if not 1 <= number <= len(lines) or not lines[number - 1].strip():
        return ""
    line = lines[number - 1].strip()
    if secret and not line.startswith("["):
        key, equals, _ = line.partition("=")
        if not equals:
            return ""
        line = f"{key.rstrip()} = …"
    return f"; line {number} reads: {line if len(line) <= _LONGEST else line[: _LONGEST - 1] + '…'}"
