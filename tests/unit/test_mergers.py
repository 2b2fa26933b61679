from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.mergers import followed, references_followed, settled, survivor
from connector.reference import Reference, References
from connector.tables import History

NAMES = ("A", "B", "C", "D", "E")


def zones(*rows: tuple[str, str, int | None]) -> pa.Table:
    return pa.table(
        {
            "id": pa.array([row[0] for row in rows], pa.string()),
            "zone": pa.array([row[1] for row in rows], pa.string()),
            "zone_since": pa.array([row[2] for row in rows], pa.int32()),
        }
    )


def seen(*rows: tuple[str, str, str, int]) -> pa.Table:
    names = {"id": pa.string(), "rating": pa.string(), "value": pa.string(), "day": pa.int32()}
    columns = zip(*rows, strict=True)
    return pa.table(
        {name: pa.array(column, kind) for (name, kind), column in zip(names.items(), columns, strict=True)}
    )


def by_id(table: pa.Table | None) -> dict[str, dict[str, Any]]:
    assert table is not None
    rows = table.to_pylist()
    assert len({row["id"] for row in rows}) == len(rows)
    return {row.pop("id"): row for row in rows}


def test_a_chain_of_mergers_leads_to_its_end_and_a_ring_to_somewhere() -> None:
    assert survivor("A", {"A": "B", "B": "C"}) == "C"
    assert settled({"A": "B", "B": "C"}) == {"A": "C", "B": "C"}
    assert settled({"A": "B", "B": "A"}) == {"A": "B", "B": "A"}
    assert settled({"A": "B", "B": "C"}, present=["B"]) == {"A": "B"}


def test_a_survivor_without_a_history_takes_the_losers() -> None:
    found = followed(History(zones(("A", "protect", 5), ("Z", "retreat", 1))), {"A": "B"})
    assert by_id(found.zones) == {
        "B": {"zone": "protect", "zone_since": 5},
        "Z": {"zone": "retreat", "zone_since": 1},
    }


def test_a_survivor_keeps_its_own_zone() -> None:
    found = followed(History(zones(("A", "protect", 9), ("B", "retreat", 1))), {"A": "B"})
    assert by_id(found.zones) == {"B": {"zone": "retreat", "zone_since": 1}}


def test_of_several_losers_the_latest_zone_counts_and_a_day_goes_before_none() -> None:
    rows = (("A", "protect", 3), ("B", "develop", 7), ("C", "retreat", None), ("D", "maintain", 7))
    found = followed(History(zones(*rows)), dict.fromkeys("ABCD", "S"))
    assert by_id(found.zones) == {"S": {"zone": "develop", "zone_since": 7}}


def test_ratings_are_known_by_their_value_whichever_record_it_stood_on() -> None:
    rows = (("A", "c:0", "4", 10), ("A", "d:0", "2", 11), ("B", "c:0", "3", 20), ("B", "d:0", "2", 21))
    found = followed(History(first_seen=seen(*rows)), {"A": "B"}).first_seen
    assert found is not None
    assert sorted(tuple(row.values()) for row in found.to_pylist()) == [
        ("B", "c:0", "3", 20),
        ("B", "c:0", "4", 10),
        ("B", "d:0", "2", 21),
    ]


def test_whoever_takes_over_a_top_customer_is_one() -> None:
    top = pa.table({"id": ["A", "C"], "top_revenue": [True, True]})
    figure = pa.table({"value": [0.5]})
    given_ = References("2026Q1", {"top_revenue": Reference("0.5", top), "rate:x": Reference("", figure)})
    found = references_followed(given_, {"A": "B"})
    assert sorted(found.stored["top_revenue"].table["id"].to_pylist()) == ["B", "C"]
    assert found.stored["rate:x"].table is figure


@pytest.mark.parametrize("merged", [{}, {"X": "Y"}])
def test_nothing_is_touched_without_a_loser(merged: dict[str, str]) -> None:
    table = zones(("A", "protect", 5))
    assert followed(History(table), merged).zones is table


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 9)), unique_by=lambda row: row[0]),
)
def test_nobody_is_lost_or_there_twice(merged: dict[str, str], rows: list[tuple[str, int]]) -> None:
    known = settled({loser: kept for loser, kept in merged.items() if loser != kept})
    table = zones(*((name, "protect", day) for name, day in rows))
    assert set(by_id(followed(History(table), known).zones)) == {known.get(name, name) for name, _ in rows}
