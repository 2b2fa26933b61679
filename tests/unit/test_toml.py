from __future__ import annotations

import tomllib

import pytest

from connector.toml import offending_line, thousands


def told(text: str, *, secret: bool = False) -> str:
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    return offending_line(text, caught.value, secret=secret)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a = 1\n  b = "x\nc = 2', '; line 2 reads: b = "x; the text lacks the quote at its end'),
        ("[x\ny = 1", "; line 1 reads: [x"),
        ("a = 1\na = [1,\n\n", "; line 2 reads: a = [1,"),
        ("a = 1\na = 2\n", "; line 2 reads: a = 2"),
        (f'a = "{"x" * 90}', f'; line 1 reads: a = "{"x" * 54}…; the text lacks the quote at its end'),
        (f'a = "{"x" * 90}", b', f'; line 1 reads: …{"x" * 29}", b'),
        (
            "weight = 0,5",
            "; line 1 reads: weight = 0,5; TOML takes a decimal point, and no dots between thousands",
        ),
        (
            'scale = { kind = "log", full = 500.000,00 }',
            (
                '; line 1 reads: scale = { kind = "log", full = 500.000,00 }; TOML takes a decimal point, and no dots '
                "between thousands"
            ),
        ),
        ("label = Size", "; line 1 reads: label = Size; texts stand in double quotes"),
        ("a = 1 2", "; line 1 reads: a = 1 2"),
        (
            "[criteria]\nid = 1\n[criteria]\nid = 2",
            "; line 3 reads: [criteria]; write [[criteria]]: each criterion is one of a list",
        ),
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


def test_thousands_with_a_dot() -> None:
    text = (
        'a = 5.000\nb = { c = 1.5, d = [500.000, 0.250, 33.333] }\n# 7.000\ne = "8.000"\nf = 5.000\n'
        "g = 1000.000\nh = 1.250\n"
    )
    assert list(thousands(text)) == [
        "line 1 has 5.000, which is 5",
        "line 2 has 500.000, which is 500",
        "line 7 has 1.250, which is 1.25",
    ]


def test_an_empty_text_has_no_line() -> None:
    assert offending_line("\n", tomllib.TOMLDecodeError("x (at end of document)")) == ""
