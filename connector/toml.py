"""What is odd in a TOML file, for messages: the line where it cannot be read, and thousands with a dot."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from tomllib import TOMLDecodeError
from typing import Final

_AT: Final = re.compile(r"\(at line (\d+)(?:, column (\d+))?")
_LONGEST: Final = 60
_SLIPS: Final = (
    (re.compile(r"\[criteria\]"), "write [[criteria]]: each criterion is one of a list"),
    (
        re.compile(r".*=\s*[+-]?[0-9][0-9.]*,[0-9].*"),
        "TOML takes a decimal point, and no dots between thousands",
    ),
    (re.compile(r"[^\"]*=\s*\"[^\"]*"), "the text lacks the quote at its end"),
    (re.compile(r"[^\"'=]*=\s*(?!true|false)[^\W\d].*"), "texts stand in double quotes"),
)
"""What a line looks like as a whole, and what is to be done about it."""
_THOUSANDS: Final = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{2}0")


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
    column = int(found[2]) - 1 if found and found[2] else 0
    hint = next((f"; {remedy}" for slip, remedy in _SLIPS if slip.fullmatch(line)), "")
    return f"; line {number} reads: {_around(line, column)}{hint}"


def thousands(text: str) -> Iterator[str]:
    """Numbers such as 500.000, which are 500 to TOML, each with its line: ``line 3 has 500.000, which is 500``.

    Args:
        text: of a file that can be read.
    """
    met: list[str] = []

    def number(digits: str) -> float:
        met.append(digits)
        return float(digits)

    tomllib.loads(text, parse_float=number)
    for digits in dict.fromkeys(filter(_THOUSANDS.fullmatch, met)):
        alone = re.compile(rf"(?<![\w.]){re.escape(digits)}(?![\w.])")
        lines = enumerate(text.splitlines(), 1)
        line = next((place for place, line in lines if alone.search(line.partition("#")[0])), 0)
        yield f"line {line} has {digits}, which is {float(digits):g}"


def _around(line: str, column: int) -> str:
    """The line, or as much of it as has room, with the column in it."""
    if len(line) <= _LONGEST:
        return line
    start = 0 if column < _LONGEST - 10 else column - _LONGEST // 2
    end = start + _LONGEST - 1
    return ("…" if start else "") + line[start:end] + ("…" if end < len(line) else "")
