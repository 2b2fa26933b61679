from __future__ import annotations

import tomllib

import pytest

from connector.toml import offending_line


def told(text: str, *, secret: bool = False) -> str:
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    return offending_line(text, caught.value, secret=secret)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a = 1\n  b = "x\nc = 2', '; line 2 reads: b = "x'),
        ("[x\ny = 1", "; line 1 reads: [x"),
        ("a = 1\na = [1,\n\n", "; line 2 reads: a = [1,"),
        ("a = 1\na = 2\n", "; line 2 reads: a = 2"),
        (f'a = "{"x" * 90}', f'; line 1 reads: a = "{"x" * 54}…'),
    ],
)
def test_the_line_is_quoted(text: str, line: str) -> None:
    assert told(text) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('client_secret = "geheim', "; line 1 reads: client_secret = …"),
        ("[connections.acme", "; line 1 reads: [connections.acme"),
        ("geheim", ""),
    ],
)
def test_no_secret_is_quoted(text: str, line: str) -> None:
    assert told(text, secret=True) == line


def test_an_empty_text_has_no_line() -> None:
    assert offending_line("\n", tomllib.TOMLDecodeError("x (at end of document)")) == ""
