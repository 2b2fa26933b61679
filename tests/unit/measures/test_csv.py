"""Columns of CSV files, joined by a field of the account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.mapping.csv_file import read_files
from connector.mapping.model import Mapping
from connector.stages.map import Mapped
from tests.unit.measures.pulled import AS_OF, ago, column, mapped, mapping_of

RATE: dict[str, Any] = {"csv": "erp.csv", "key": "Number", "column": "rate", "key_field": "Note"}
some = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def joined(
    backend: str,
    folder: Path,
    content: str,
    accounts: list[dict[str, Any]],
    *criteria: dict[str, Any],
    **sections: Any,
) -> Mapped:
    (folder / "erp.csv").write_text(content)
    data = mapping_of(*(criteria or ({"source": RATE},)), **sections).model_dump(
        by_alias=True, exclude_none=True
    )
    mapping = Mapping.model_validate(data, context={"folder": folder})
    return mapped(backend, mapping, accounts=accounts, csv=read_files(mapping))


def accounts(**keys: Any) -> list[dict[str, Any]]:
    return [{"@id": name, "Name": f"Account {name}", "Note": key} for name, key in keys.items()]


def test_joined_by_key_without_regard_to_case_and_blanks(backend: str, tmp_path: Path) -> None:
    content = "Number;rate\nK-1; 0.05\nK-2;\nk-3 ;7\n"
    found = joined(backend, tmp_path, content, accounts(a=" k-1", b="K-2", c="K-3", d="K-9", e=None, f=" "))
    assert column(found, "raw:c0:0") == {"a": 0.05, "b": None, "c": 7, "d": None, "e": None, "f": None}


def test_read_as_what_the_scale_needs(backend: str, tmp_path: Path) -> None:
    content = f"Number,rate,since,grade,fit\nK-1,1e3,{ago(10)},B,TRUE\nK-2,many,2026-13-01,,maybe\n"
    lookup = {"kind": "lookup", "scores": {"b": 70}}
    found = joined(
        backend,
        tmp_path,
        content,
        accounts(a="K-1", b="K-2"),
        {"source": RATE},
        {"source": {**RATE, "column": "since"}, "scale": {"kind": "half_life", "days": 30}},
        {"source": {**RATE, "column": "grade"}, "scale": lookup},
        {"source": {**RATE, "column": "fit"}, "scale": {"kind": "boolean"}},
    )
    assert [column(found, f"raw:c{place}:0")["a"] for place in range(4)] == [1000, 10, "B", True]
    assert [column(found, f"raw:c{place}:0")["b"] for place in range(4)] == [None] * 4
    assert {(each.field, each.count) for each in found.quality if each.object == "erp.csv"} == {
        ("rate", 1), ("since", 1), ("fit", 1)
    }  # fmt: skip


def test_a_number_as_the_key(backend: str, tmp_path: Path) -> None:
    source = {**RATE, "key_field": "Size"}
    found = joined(backend, tmp_path, "Number,rate\n12,3\n", [{"@id": "a", "Size": 12.0}], {"source": source})
    assert column(found, "raw:c0:0") == {"a": 3}


def test_the_account_field_is_the_keys_unless_said_otherwise(backend: str, tmp_path: Path) -> None:
    source = {"csv": "erp.csv", "key": "Note", "column": "rate"}
    found = joined(backend, tmp_path, "Note,rate\nx,3\n", accounts(a="x"), {"source": source})
    assert column(found, "raw:c0:0") == {"a": 3}


def test_keys_that_match_nothing_match_twice_or_are_missing_are_listed(backend: str, tmp_path: Path) -> None:
    content = "Number,rate\nK-1,1\nK-2,2\nk-2,3\nGhost,4\n,5\nK-5,6\n"
    given_accounts = accounts(a="K-1", b="K-2", c="none", d=None, e="K-5", f="k-5")
    found = joined(backend, tmp_path, content, given_accounts)
    assert column(found, "raw:c0:0") == {"a": 1, "b": None, "c": None, "d": None, "e": 6, "f": 6}
    assert {(str(each), each.count, each.examples) for each in found.quality} == {
        ("customers have no key into erp.csv (accounts.Note)", 1, ("Account d (d)",)),
        ("customers have a key that erp.csv lacks (accounts.Note)", 1, ("Account c (c)",)),
        (
            "accounts share their key into erp.csv with another: each of them gets the value (accounts.Note)",
            2,
            ("Account e (e)", "Account f (f)"),
        ),
        (
            "keys match no account that was read, so their rows count for nobody (erp.csv.Number)",
            1,
            ("Ghost",),
        ),
        (
            "keys stand in several rows: their values count as missing (erp.csv.Number)",
            1,
            ("K-2 (lines 3 and 4)",),
        ),
        ("rows have no key: they are left out (erp.csv.Number)", 1, ()),
    }


def test_one_join_serves_every_column_and_its_findings_come_once(backend: str, tmp_path: Path) -> None:
    other = {**RATE, "column": "volume"}
    found = joined(
        backend,
        tmp_path,
        "Number,rate,volume\nGhost,1,2\n",
        accounts(a=None),
        {"source": RATE},
        {"source": other},
    )
    assert [each.count for each in found.quality] == [1, 1]


def test_outside_the_portfolio_nobody_misses_a_key(backend: str, tmp_path: Path) -> None:
    rule = {"all": [{"field": "Name", "equals": "Account a"}]}
    found = joined(backend, tmp_path, "Number,rate\nK-1,1\n", accounts(a="K-1", b=None), portfolio=rule)
    assert found.quality == ()


def test_a_file_that_was_not_read_is_missing_for_all(backend: str) -> None:
    mapping = mapping_of({"source": RATE}, {"source": RATE, "scale": {"kind": "lookup", "scores": {"x": 1}}})
    found = mapped(backend, mapping, accounts=accounts(a="K-1"))
    assert [column(found, f"raw:c{place}:0")["a"] for place in range(2)] == [None, None]


def test_as_of_counts_for_dates(backend: str, tmp_path: Path) -> None:
    source = {**RATE, "column": "since"}
    scale = {"kind": "linear", "zero": 0, "full": 1}
    content = f"Number,since\nK-1,{AS_OF}\n"
    found = joined(backend, tmp_path, content, accounts(a="K-1"), {"source": source, "scale": scale})
    assert column(found, "raw:c0:0") == {"a": 0}


@some
@given(
    st.lists(st.tuples(st.sampled_from(["k1", "K1 ", "k2", "k3", ""]), st.integers(-9, 9)), max_size=8),
    st.lists(st.sampled_from(["k1", "K2", " k3", "k4", None]), min_size=1, max_size=8),
)
def test_it_is_a_dictionary_of_the_keys_that_stand_once(
    backend: str, tmp_path: Path, rows: list[tuple[str, int]], keys: list[str | None]
) -> None:
    content = "Number,rate\n" + "".join(f"{key},{value}\n" for key, value in rows)
    given_accounts = [{"@id": f"{place:02}", "Note": key} for place, key in enumerate(keys)]
    found = column(joined(backend, tmp_path, content, given_accounts), "raw:c0:0")
    folded = [key.strip().lower() for key, _ in rows]
    for place, key in enumerate(keys):
        wanted = (key or "").strip().lower()
        once = wanted and folded.count(wanted) == 1
        assert found[f"{place:02}"] == (pytest.approx(rows[folded.index(wanted)][1]) if once else None)
