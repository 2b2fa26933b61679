from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sandbox.salesforce.ids import normalised
from connector.errors import MappingError
from connector.mapping import Mapping, read
from connector.overrides import OverrideFile, read_file
from connector.overrides.file import whole_id
from connector.windows import days
from tests.unit.mapping.test_language import GOOD

HEAD = "account,what,value,owner,reason,expires\n"


def mapping_with(folder: Path, text: str | bytes | None, crm: str = "salesforce") -> Mapping:
    if text is not None:
        (folder / "overrides.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    mapping = folder / "m.toml"
    mapping.write_text(GOOD.read_text() + '\n[override]\nfile = "overrides.csv"\n')
    return read(mapping)[0].model_copy(update={"crm": crm})


def found(folder: Path, rows: str, head: str = HEAD, crm: str = "salesforce") -> OverrideFile:
    return read_file(mapping_with(folder, head + rows, crm))


def test_a_row_is_a_decision(tmp_path: Path) -> None:
    file = found(
        tmp_path, "001000000000001AAA,segment,Protect,Anna Berger,New board,2026-12-31\nx,access,59.5,,,\n"
    )
    zone, score = file.entries
    assert (zone.line, zone.account, zone.what, zone.value) == (2, "001000000000001AAA", "segment", "protect")
    assert (zone.owner, zone.reason, zone.until) == ("Anna Berger", "New board", days(date(2026, 12, 31)))
    assert (score.what, score.value, score.owner, score.reason, score.until) == (
        "access", "60", None, None, None,
    )  # fmt: skip
    assert file.ignored == ()
    assert file.subjects == ("segment", "access")
    assert file.table("access").to_pylist() == [
        {"id": "x", "value": "60", "owner": None, "reason": None, "until": None}
    ]


def test_without_a_file_nothing_is_set() -> None:
    assert read_file(read(GOOD)[0]) == OverrideFile()


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("Account;What;Value;Owner;Reason;Expires\r\n", "x;segment;retreat;Bo;why, oh why;2027-01-01\r\n"),
        ("account\twhat\tvalue\towner\treason\texpires\n", "x\tsegment\tretreat\tBo\twhy, oh why\t2027-01-01"),
        ("\ufeffexpires,reason,owner,value,what,account,extra\n", '2027-01-01,"why,\noh why",Bo,retreat,segment,x,y'),
    ],
)  # fmt: skip
def test_as_spreadsheets_save_it(tmp_path: Path, head: str, row: str) -> None:
    (entry,) = found(tmp_path, row, head).entries
    assert (entry.account, entry.value, entry.owner, entry.reason) == ("x", "retreat", "Bo", "why, oh why")


def test_as_excel_saves_unicode_text(tmp_path: Path) -> None:
    text = "account\twhat\tvalue\nx\tsegment\tretreat\n".encode("utf-16")
    assert [entry.value for entry in read_file(mapping_with(tmp_path, text)).entries] == ["retreat"]


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        ("x,segment,Key account", 'is no zone.*Zones: "protect"'),
        ("x,segment,protct", 'is no zone; did you mean "protect"?'),
        ("x,acess,50", 'neither "segment" nor a criterion; did you mean "access"?'),
        ("x,access,high", "is no score: write a number from 0 to 100"),
        ("x,access,101", "must be from 0 to 100"),
        ("x,access,nan", "must be from 0 to 100"),
        (",access,50", "names no account"),
        ("x,segment,protect,,,31.12.2026", "is no date such as 2026-12-31"),
    ],
)
def test_what_cannot_be_understood_is_left_out_and_listed(tmp_path: Path, row: str, cause: str) -> None:
    file = found(tmp_path, f"a,segment,retreat\n{row}\n")
    assert [entry.account for entry in file.entries] == ["a"]
    (one,) = file.ignored
    assert one.place == "overrides.csv, line 3"
    with pytest.raises(AssertionError, match=cause):
        raise AssertionError(one.cause)


def test_two_rows_about_the_same_contradict_each_other(tmp_path: Path) -> None:
    file = found(tmp_path, "x,segment,protect\ny,segment,protect\nx,segment,retreat\nx,access,1\n")
    assert [(entry.account, entry.what) for entry in file.entries] == [("y", "segment"), ("x", "access")]
    assert [each.place for each in file.ignored] == ["overrides.csv, line 2", "overrides.csv, line 4"]


def test_a_file_that_has_gone_since_the_mapping_was_read_is_told(tmp_path: Path) -> None:
    mapping = mapping_with(tmp_path, HEAD)
    (tmp_path / "overrides.csv").rename(tmp_path / "moved.csv")
    with pytest.raises(MappingError, match="there is no overrides"):
        read_file(mapping)
    (tmp_path / "overrides.csv").mkdir()
    with pytest.raises(MappingError, match="cannot be read"):
        read_file(mapping)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no overrides.csv; the path"),
        (b"account,what\n", 'lacks the column "value"'),
        (b"", "overrides.csv is empty; its first line should be account,what,value,owner,reason,expires"),
        ("\ufeff\r\n".encode(), "overrides.csv is empty"),
        (
            b"PK\x03\x04\x14\x00\x06\x00\x08\x00",
            'is an Excel workbook, whatever its name; save it as "CSV UTF-8',
        ),
        ("account,what,value\nx,segment,für".encode("latin-1"), "is not UTF-8"),
        (b"account,what,value\nx,segment," + b"x" * 200_000, "no table of comma-separated"),
    ],
)
def test_a_file_that_is_none_stops(tmp_path: Path, content: bytes | None, message: str) -> None:
    with pytest.raises(MappingError, match=message) as caught:
        read_file(mapping_with(tmp_path, content))
    assert str(caught.value).startswith("m.toml: override.file: ")


def test_an_id_from_a_salesforce_report_is_made_whole(tmp_path: Path) -> None:
    (entry,) = found(tmp_path, "001A0000006Vm9r,segment,protect\n").entries
    assert entry.account == "001A0000006Vm9rIAC"
    (entry,) = found(tmp_path, "123456789012345,segment,protect\n", crm="hubspot").entries
    assert entry.account == "123456789012345"


@given(st.from_regex(r"[0-9A-Za-z]{15}", fullmatch=True))
def test_the_sandbox_makes_ids_whole_in_the_same_way(short: str) -> None:
    assert whole_id(short) == normalised(short)
