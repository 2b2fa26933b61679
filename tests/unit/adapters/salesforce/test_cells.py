"""Changes as CSV files: cells, and files that are filled but never too large."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.salesforce.cells import SEPARATOR, files
from connector.crm import ID, SEND


def frame(texts: list[str | None]) -> pl.DataFrame:
    keys = [f"001{number:015}" for number in range(len(texts))]
    columns = {ID: keys, "T": texts, SEND + "T": [True] * len(texts)}
    return pl.DataFrame(columns, schema={ID: pl.String, "T": pl.String, SEND + "T": pl.Boolean})


def test_cells(tmp_path: Path) -> None:
    changes = pl.DataFrame(
        {
            ID: ["1", "2", "3", "4"],
            "N": [5.0, 0.25, None, 9.0],
            "T": ["a`b", None, "c", ""],
            "F": [True, False, True, False],
            SEND + "N": [True, True, True, False],
            SEND + "T": [True, True, False, True],
            SEND + "F": [True, True, False, False],
            "U": ["x"] * 4,
            SEND + "U": [False] * 4,
        }
    )
    (part,) = files(changes, tmp_path, 10_000)
    assert (part.start, part.rows) == (0, 4)
    assert part.file.read_text().splitlines() == [
        "Id`N`T`F",
        '1`5`"a`b"`true',
        "2`0.25`#N/A`false",
        "3`#N/A``",
        "4``#N/A`",
    ]


@settings(max_examples=60)
@given(
    texts=st.lists(
        st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=40),
        min_size=1,
        max_size=300,
    ),
    most=st.integers(300, 2_000),
)
def test_files_are_filled_to_the_byte(texts: list[str | None], most: int) -> None:
    """No file is larger than allowed, and none could have taken the next one's first change."""
    changes = frame(texts)
    folder = Path(__import__("tempfile").mkdtemp())
    sizes, rows, following = [], [], []
    for part in files(changes, folder, most):
        lines = part.file.read_bytes().splitlines(keepends=True)
        sizes.append(sum(map(len, lines)))
        following.append(len(lines[1]))
        with part.file.open(newline="", encoding="utf-8") as text:
            rows += list(csv.reader(text, delimiter=SEPARATOR))[1:]
        part.file.unlink()
    folder.rmdir()
    assert max(sizes) <= most
    assert all(size + line > most for size, line in zip(sizes, following[1:], strict=False))
    assert rows == [[key, text or "#N/A"] for key, text in zip(changes[ID], texts, strict=True)]


def test_a_change_that_fits_nowhere(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="longer than a file"):
        list(files(frame(["x" * 500]), tmp_path, 200))
