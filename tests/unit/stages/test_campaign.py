from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.stages.campaign import campaign
from connector.tables import Membership
from tests.unit.stages.portfolio import mapping_of, rows_of, scored


def tagged(backend: str, ids: list[str], members: list[tuple[str, str]]) -> dict[str, str | None]:
    table = pa.table(
        {
            "id": pa.array([id_ for id_, _ in members], pa.string()),
            "tag": pa.array([tag for _, tag in members], pa.string()),
        },
    )
    frame = scored(backend, [{"id": id_} for id_ in ids], mapping_of())
    return {row["id"]: row["campaigns"] for row in rows_of(campaign(frame, Membership(table)))}


@pytest.mark.parametrize(
    ("members", "campaigns"),
    [
        ([], {"a": None, "b": None}),
        ([("a", "2026Q4 access")], {"a": "2026Q4 access", "b": None}),
        ([("a", "2027Q1 b"), ("a", "2026Q4 z"), ("b", "x")], {"a": "2026Q4 z; 2027Q1 b", "b": "x"}),
        ([("a", "x"), ("a", "x")], {"a": "x", "b": None}),
        ([("gone", "x")], {"a": None, "b": None}),
    ],
)
def test_active_tags_in_order(
    backend: str,
    members: list[tuple[str, str]],
    campaigns: dict[str, str | None],
) -> None:
    assert tagged(backend, ["a", "b"], members) == campaigns


def test_by_default_nobody_is_a_member(backend: str) -> None:
    frame = scored(backend, [{"id": "a"}], mapping_of())
    assert rows_of(campaign(frame, Membership()))[0]["campaigns"] is None


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["t1", "t2", "t3", "t4"])), max_size=12))
def test_every_account_keeps_its_own_tags(backend: str, members: list[tuple[str, str]]) -> None:
    expected = {
        id_: "; ".join(sorted({tag for member, tag in members if member == id_})) or None for id_ in "abcd"
    }
    assert tagged(backend, list("abcd"), members) == expected
