"""Tables put side by side, looked up and recalled: the right row for every id, whatever the order and the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.tables import (
    KEY,
    Frame,
    beside,
    filtered,
    keyed,
    looked_up,
    materialised,
    on_disk,
    placed,
    recalled,
)

IDS = st.lists(st.text("ab01", max_size=4), unique=True, max_size=12)
EVERY = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def frame(backend: str, **columns: Any) -> Frame:
    lazy: Frame = nw.from_native(pa.table(columns), eager_only=True).lazy(backend=backend)
    return lazy


def rows(found: Frame, *names: str) -> list[tuple[Any, ...]]:
    table = found.select(*names).collect()
    return list(zip(*(table[name].to_list() for name in names), strict=True))


def texts(values: list[str | None]) -> pa.Array:
    return pa.array(values, pa.string())


def test_equal_ids_have_equal_keys_and_no_others(backend: str) -> None:
    ids = ["001", "002", "001", None, "0010", ""]
    keys = [key for (key,) in rows(keyed(frame(backend, id=texts(ids)), "id"), KEY)]
    assert keys[3] is None
    for one, key in zip(ids, keys, strict=True):
        for other, its in zip(ids, keys, strict=True):
            assert (one == other) == (key == its)


@EVERY
@given(ids=IDS, known=IDS, further=IDS)
def test_other_tables_stand_beside_their_own_row(
    backend: str, ids: list[str], known: list[str], further: list[str]
) -> None:
    accounts = frame(backend, id=texts([*ids]))
    parts = [(name, list(reversed(part))) for name, part in (("a", known), ("b", further))]
    tables = (
        keyed(frame(backend, **{"of": texts(part), name: texts(part)}), "of").select(KEY, name)
        for name, part in parts
    )
    found = rows(beside(accounts, "id", tables), "id", "a", "b")
    wanted = [(one, one if one in known else None, one if one in further else None) for one in ids]
    assert sorted(found) == sorted(wanted)
    if backend == "polars":
        assert [one for one, *_ in found] == ids


@EVERY
@given(ids=IDS, known=IDS)
def test_what_is_looked_up_is_of_the_same_key(backend: str, ids: list[str], known: list[str]) -> None:
    table = pa.table({"id": texts(known), "found": pa.array(range(len(known)), pa.int64())})
    found = rows(looked_up(frame(backend, id=texts([*ids])), table), "id", "found")
    wanted = [(one, known.index(one) if one in known else None) for one in ids]
    assert sorted(found, key=str) == sorted(wanted, key=str)


def test_several_keys_are_one_key_together(backend: str) -> None:
    pairs = frame(backend, a=texts(["x", "y", "x", None]), b=texts(["1", "1", "2", "1"]))
    table = pa.table({"a": ["x", "x"], "b": ["1", "2"], "found": [10, 20]})
    found = rows(looked_up(pairs, table, on=["a", "b"]), "a", "b", "found")
    assert sorted(found, key=str) == sorted(
        [("x", "1", 10), ("y", "1", None), ("x", "2", 20), (None, "1", None)], key=str
    )


def test_numbers_are_keys_too(backend: str) -> None:
    table = pa.table({"n": pa.array([2, 1], pa.int64()), "found": ["two", "one"]})
    found = rows(
        looked_up(frame(backend, n=pa.array([1, 3, None], pa.int64())), table, on=["n"]), "n", "found"
    )
    assert sorted(found, key=str) == [(1, "one"), (3, None), (None, None)]


def test_a_row_is_taken_from_its_place(backend: str) -> None:
    table = pa.table({"name": ["zero", "one", "one"], "size": [0, 1, 2]})
    found = rows(
        placed(frame(backend, at=pa.array([2, None, 0], pa.int64())), "at", table), "at", "name", "size"
    )
    assert sorted(found, key=str) == [(0, "zero", 0), (2, "one", 2), (None, None, None)]


@pytest.mark.parametrize("order", [["a", "b", "c"], ["c", "a", "b"]])
def test_columns_are_recalled_for_their_own_row(backend: str, order: list[str]) -> None:
    source = frame(backend, id=texts(order), text=texts([f"of {one}" for one in order]), other=[0, 0, 0])
    done = materialised(source.drop("text"))
    assert rows(done, "id") == [("a",), ("b",), ("c",)]
    found = recalled(done, source, ["text"])
    assert sorted(rows(found, "id", "text")) == [(one, f"of {one}") for one in "abc"]
    assert set(found.collect_schema().names()) == {"id", "other", "text"}
    assert recalled(done, source, []) is done


@pytest.mark.parametrize("least", [0, 2, 9])
def test_rows_that_meet_a_test_are_kept_and_counted(backend: str, least: int) -> None:
    numbers = frame(backend, n=[3, 1, 2])
    found, count = filtered(numbers, nw.col("n") >= least)
    assert sorted(rows(found, "n")) == [(n,) for n in (1, 2, 3) if n >= least]
    assert count == len(rows(found, "n"))
    assert found.collect_schema().names() == ["n"]


def test_rows_on_disk_are_in_order_and_outlive_their_file(tmp_path: Path) -> None:
    file = tmp_path / "rows.arrow"
    found = on_disk(frame("polars", id=texts(["b", "a"]), n=[2, 1]), file)
    file.unlink()
    assert found.equals(pl.DataFrame({"id": ["a", "b"], "n": [1, 2]}))
