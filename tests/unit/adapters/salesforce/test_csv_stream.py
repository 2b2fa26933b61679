"""A CSV cut into pieces: every record whole, in one piece, in order."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.salesforce.csv_stream import names, pieces
from adapters.salesforce.errors import IncompleteError

CELLS = st.text(st.sampled_from("ab\",\n'`Ä€"), max_size=12)


def cut(body: bytes, size: int) -> list[bytes]:
    with NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        return list(pieces(Path(file.name), size))


@given(rows=st.lists(st.tuples(CELLS, CELLS), max_size=40), size=st.integers(1, 200))
def test_the_records_of_all_pieces_are_those_of_the_file(rows: list[tuple[str, str]], size: int) -> None:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("Id", "Name"), *rows])
    found: list[tuple[str, ...]] = []
    for piece in cut(text.getvalue().encode(), size):
        assert names(piece) == ["Id", "Name"]
        found += map(tuple, list(csv.reader(io.StringIO(piece.decode(), newline="")))[1:])
    assert found == rows


@pytest.mark.parametrize("size", [4, 1_000])
def test_a_file_that_ends_in_a_cell_is_cut_off(size: int) -> None:
    with pytest.raises(IncompleteError):
        cut(b'"Id","Name"\n"1","a"\n"2","b', size)


def test_files_without_records() -> None:
    assert cut(b"", 10) == []
    assert cut(b'"Id"\n', 10) == [b'"Id"\n']
    assert cut(b'"Id"', 10) == [b'"Id"']
