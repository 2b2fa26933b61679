"""CSV files as people's tools write them, and what is said of those that cannot be read without guessing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.errors import MappingError
from connector.mapping.csv_file import CsvTable, by_file, opened, read_files
from connector.mapping.model import Mapping
from tests.unit.measures.pulled import LINEAR, mapping_of

RATE: dict[str, Any] = {"csv": "erp.csv", "key": "Number", "column": "rate"}
WORD = {"kind": "lookup", "scores": {"good": 100}}


def mapping_at(folder: Path, *sources: dict[str, Any], scale: dict[str, Any] | None = None) -> Mapping:
    whole = mapping_of(*({"source": source, "scale": scale or LINEAR} for source in sources))
    data = whole.model_dump(by_alias=True, exclude_none=True)
    return Mapping.model_validate(data, context={"folder": folder})


def read(folder: Path, content: str | bytes, *sources: dict[str, Any], **keys: Any) -> CsvTable:
    raw = content if isinstance(content, bytes) else content.encode()
    (folder / "erp.csv").write_bytes(raw)
    return read_files(mapping_at(folder, *(sources or (RATE,)), **keys))["erp.csv", "Number"]


def told(folder: Path, content: str | bytes, *sources: dict[str, Any], **keys: Any) -> list[str]:
    with pytest.raises(MappingError) as caught:
        read(folder, content, *sources, **keys)
    return [str(problem) for problem in caught.value.problems]


def values(table: CsvTable) -> dict[str, Any]:
    rows = table.rows.to_pydict()
    return dict(zip(rows["key"], rows["column:rate"], strict=True))


PLAIN = "Number,Name,rate\nA-1,Ore,0.05\n a-2 ,Tin, 7 \n"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", "|"),
        "sep=;\r\n" + PLAIN.replace(",", ";"),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.replace(",", "\t").encode("utf-16"),
        '"Number","Name, of all","rate"\n"A-1","Ore; ""Tin""\nand more","0.05"\nA-2,,"7"\n',
        PLAIN + "\n,,\n",
        "Number,Name,rate\nA-1,Ore,0.05\nA-2,Tin,7,,\n".replace(",,", ""),
    ],
    ids=[
        "comma",
        "crlf",
        "semicolon",
        "tab",
        "bar",
        "sep line",
        "mark",
        "utf-16",
        "quoted",
        "blank rows",
        "short",
    ],
)
def test_whatever_a_spreadsheet_writes(tmp_path: Path, content: str | bytes) -> None:
    assert values(read(tmp_path, content)) == {"a-1": "0.05", "a-2": "7"}


def test_a_row_that_ends_early_has_empty_cells(tmp_path: Path) -> None:
    assert values(read(tmp_path, "Number;rate;Name\nA;1;x\nB\n")) == {"a": "1", "b": None}


def test_keys_that_stand_twice_are_missing_and_named_with_their_lines(tmp_path: Path) -> None:
    table = read(tmp_path, 'Number,note,rate\nA,"two\nlines",1\nB,,2\n a ,,3\nC,,4\nA,,5\n')
    assert values(table) == {"a": None, "b": "2", "c": "4"}
    assert table.twice == ("A (lines 2 and 5 and 7)",)


def test_rows_without_a_key_are_left_out(tmp_path: Path) -> None:
    table = read(tmp_path, "Number,rate\n,1\n  ,2\nA,3\n,\n")
    assert (values(table), table.keyless) == ({"a": "3"}, 2)


def test_columns_are_found_by_their_trimmed_names(tmp_path: Path) -> None:
    assert values(read(tmp_path, " Number ; rate\nA;1\n")) == {"a": "1"}


def test_one_file_by_two_keys(tmp_path: Path) -> None:
    (tmp_path / "erp.csv").write_text("Number,Id,rate,volume\nA,1,2,3\nB,1,5,6\n")
    by_id = {"csv": "erp.csv", "key": "Id", "column": "volume"}
    found = read_files(mapping_at(tmp_path, RATE, by_id))
    assert set(found) == {("erp.csv", "Number"), ("erp.csv", "Id")}
    assert found["erp.csv", "Id"].rows.to_pydict()["column:volume"] == [None]
    assert found["erp.csv", "Number"].rows.to_pydict()["column:rate"] == ["2", "5"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "erp.csv: line 1: is empty; the first line must name the columns"),
        ("sep=;\n", "erp.csv: line 2: is empty; the first line must name the columns"),
        (
            "Number,rate\nA,1\nB,é\n".encode("latin-1"),
            'erp.csv: line 3: is not UTF-8 text; in Excel, save it as "CSV UTF-8 (comma delimited)"',
        ),
        (
            b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00",
            'erp.csv: is an Excel workbook, whatever its name; save it as "CSV UTF-8 (comma delimited)"',
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            'erp.csv: is an Excel workbook, whatever its name; save it as "CSV UTF-8 (comma delimited)"',
        ),
        (
            "Number,Rate\nA,1\n",
            'erp.csv: line 1: has no column "rate"; did you mean "Rate"? Its columns: "Number", "Rate"',
        ),
        ("Number,rate,rate\nA,1,2\n", 'erp.csv: line 1: has the column "rate" 2 times; keep one of them'),
        (
            "Number,rate\nA,1\nB,0,05\n",
            (
                'erp.csv: line 3: has 3 cells, the header has 2; put texts that hold "," in double quotes, and write '
                "numbers with a decimal point"
            ),
        ),
        (
            "Number;rate\nA;1\nB;0,05\nC;1,5\n",
            (
                'erp.csv: line 3: column rate: "0,05" has a comma, which may be a decimal mark or stand between '
                "thousands; write numbers as 1234.5"
            ),
        ),
        (
            'Number,rate\nA,1\n\nB,"1,234.50"\n',
            (
                'erp.csv: line 4: column rate: "1,234.50" has a comma, which may be a decimal mark or stand between '
                "thousands; write numbers as 1234.5"
            ),
        ),
    ],
)
def test_what_cannot_be_read_without_guessing(tmp_path: Path, content: str | bytes, message: str) -> None:
    assert told(tmp_path, content) == [message]


def test_a_comma_in_a_word_is_none_of_our_business(tmp_path: Path) -> None:
    assert values(read(tmp_path, "Number;rate\nA;1,5\n", scale=WORD)) == {"a": "1,5"}
    assert values(read(tmp_path, "Number;rate\nA;none, yet\n")) == {"a": "none, yet"}


def test_every_problem_of_every_file_at_once(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("Number;volume\nA;1,5\n")
    other = {"csv": "other.csv", "key": "Number", "column": "volume"}
    absent = {"csv": "absent.csv", "key": "Number", "column": "volume"}
    assert [each.split(":")[0] for each in told(tmp_path, "Nummer\n", RATE, other, absent)] == [
        "erp.csv", "erp.csv", "other.csv", "absent.csv"
    ]  # fmt: skip


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "erp.csv").mkdir()
    with pytest.raises(MappingError, match=r"erp\.csv: cannot be read"):
        read_files(mapping_at(tmp_path, RATE))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_the_header_of_a_large_file_is_read_alone(tmp_path: Path, encoding: str) -> None:
    rows = "".join(f"A-{number},ä,{number}\n" for number in range(20_000))
    (tmp_path / "erp.csv").write_bytes(f"Number,Name,rate\n{rows}".encode(encoding))
    mapping = mapping_at(tmp_path, RATE)
    head = opened(mapping, "erp.csv", head_only=True)
    assert head.columns == ("Number", "Name", "rate")
    assert len(head.text) < 70_000
    assert len(read_files(mapping)["erp.csv", "Number"].rows) == 20_000


def test_sources_by_file() -> None:
    mapping = mapping_of({"source": RATE}, {"source": {**RATE, "column": "grade"}, "scale": WORD})
    assert [(source.column, words) for source, words in by_file(mapping)["erp.csv"]] == [
        ("rate", False), ("grade", True)
    ]  # fmt: skip


cells = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(cells.filter(lambda text: text.strip() != ""), cells, min_size=1, max_size=9),
    st.sampled_from(",;\t"),
)
def test_quoted_cells_come_back_as_they_were(tmp_path: Path, rows: dict[str, str], separator: str) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    lines = [separator.join(map(quoted, pair)) for pair in [("Number", "rate"), *rows.items()]]
    table = read(tmp_path, "\n".join(lines) + "\n", scale=WORD)
    once = [key.strip().lower() for key in rows]
    for key, value in rows.items():
        folded = key.strip().lower()
        expected = value.strip() or None if once.count(folded) == 1 else None
        assert values(table)[folded] == expected
