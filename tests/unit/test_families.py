from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.crm import FieldType
from connector.families import DEPTH, Families, families, regrouped
from connector.mapping import Mapping
from connector.tables import Source
from tests.unit.measures.pulled import mapping_of, sources

FAMILY = {"portfolio": {"level": "ultimate_parent"}, "accounts": {"name": "Name", "parent": "Note"}}


def rules() -> Mapping:
    return mapping_of({"source": {"field": "Size"}}, **FAMILY)


def found(backend: str, parents: dict[str, str | None], merged: dict[str, str] | None = None) -> Families:
    accounts = [{"@id": key, "Note": parent} for key, parent in parents.items()]
    return families(sources(backend, accounts=accounts)["accounts"], rules(), merged or {})


def tops(families_: Families) -> dict[str, str]:
    return {row["id"]: row["top"] for row in families_.tops.to_pylist()}


def test_a_chain_leads_to_its_end(backend: str) -> None:
    family = found(backend, {"a": None, "b": "a", "c": "b", "d": "c", "e": "a", "x": None, "y": "x"})
    assert tops(family) == {"b": "a", "c": "a", "d": "a", "e": "a", "y": "x"}
    assert (family.circles, family.orphans, family.quality) == (0, 0, ())


def test_a_deep_chain() -> None:
    depth = DEPTH
    parents: dict[str, str | None] = {
        "0": None,
        **{f"{level}": f"{level - 1}" for level in range(1, depth + 1)},
    }
    family = found("polars", parents)
    assert set(tops(family).values()) == {"0"}
    assert len(tops(family)) == depth
    assert family.circles == 0


def test_a_circle_makes_each_its_own_top_with_a_warning(backend: str) -> None:
    parents = {
        "a": "b",
        "b": "c",
        "c": "a",
        "tail": "b",
        "end": "tail",
        "self": "self",
        "under": "self",
        "x": "y",
        "y": None,
    }
    family = found(backend, parents)
    assert tops(family) == {"tail": "b", "end": "b", "under": "self", "x": "y"}
    assert family.circles == 4
    (warning,) = family.quality
    assert (warning.count, "lead back to themselves" in warning.message.en) == (4, True)


def test_a_parent_that_was_not_read_leaves_its_children_alone(backend: str) -> None:
    family = found(backend, {"a": "gone", "b": "a", "c": " "})
    assert tops(family) == {"b": "a"}
    assert family.orphans == 1


def test_a_merged_parent_is_its_survivor(backend: str) -> None:
    family = found(
        backend, {"a": None, "b": "old", "c": "older"}, {"older": "old", "old": "a", "m": "n", "n": "m"}
    )
    assert tops(family) == {"b": "a", "c": "a"}


def test_without_a_parent_field_everybody_is_alone(backend: str) -> None:
    source = sources(backend, accounts=[{"@id": "a"}])["accounts"]
    absent = mapping_of({"source": {"field": "Size"}}, accounts={"name": "Name", "parent": "Not_There__c"})
    for mapping in (absent, mapping_of({"source": {"field": "Size"}})):
        assert families(source, mapping, {}).tops.num_rows == 0


def expected(parents: dict[str, str | None]) -> tuple[dict[str, str], int]:
    """One account after the other."""

    def chain(key: str) -> list[str]:
        seen = [key]
        while (up := parents.get(seen[-1])) is not None and up in parents:
            if up in seen:
                return [*seen, up]
            seen.append(up)
        return seen

    circle = {key for key in parents if len(chain(key)) > 1 and chain(key)[-1] == key}
    ends = {}
    for key in parents:
        if key not in circle:
            path = chain(key)
            end = next((each for each in path if each in circle), path[-1])
            if end != key:
                ends[key] = end
    return ends, len(circle)


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.integers(0, 14), st.one_of(st.none(), st.integers(0, 16)), min_size=1, max_size=15))
def test_definition(backend: str, given_parents: dict[int, int | None]) -> None:
    parents = {f"{key}": None if up is None else f"{up}" for key, up in given_parents.items()}
    family = found(backend, parents)
    assert (tops(family), family.circles) == expected(parents)


@pytest.mark.parametrize("several", [True, False])
def test_records_belong_to_the_top_once(backend: str, several: bool) -> None:
    accounts = [{"@id": "a"}, {"@id": "b", "Note": "a"}, {"@id": "c", "Note": "b"}, {"@id": "x"}]
    deals = [
        {"@id": f"d{number}", "@account": account}
        for number, account in enumerate(("a", "b", "c", "x", None))
    ]
    both = {"@id": "roles", "@contact": "p"}
    roles = [
        {**both, "@account": "b", "@role": "Buyer"},
        {**both, "@account": "c", "@role": "Buyer"},
        {**both, "@account": "c", "@role": "User"},
    ]
    read = sources(backend, accounts=accounts, opportunities=deals, contact_roles=roles)
    moved = regrouped(read, families(read["accounts"], rules(), {}), several=several)
    rows: list[dict[str, Any]] = moved["opportunities"].frame.collect().to_arrow().to_pylist()
    assert sorted((row["@id"], row["@account"]) for row in rows if row["@account"]) == [
        ("d0", "a"), ("d1", "a"), ("d2", "a"), ("d3", "x"),
    ]  # fmt: skip
    assert len(rows) == 5
    held = [
        (row["@account"], row["@role"])
        for row in moved["contact_roles"].frame.collect().to_arrow().to_pylist()
    ]
    assert sorted(held) == [("a", "Buyer")] * (1 if several else 2) + [("a", "User")]
    assert moved["accounts"] is read["accounts"] or moved["accounts"].rows == 4


def test_ids_may_be_numbers() -> None:
    """HubSpot's parent is a number for HubSpot; an adapter that passes it on as one is understood."""
    source = sources("polars", accounts=[{"@id": "12345678901"}, {"@id": "2", "Size": 12345678901.0}])[
        "accounts"
    ]
    mapping = mapping_of({"source": {"field": "Size"}}, accounts={"name": "Name", "parent": "Size"})
    assert source.schema["Size"] is FieldType.NUMBER
    assert tops(families(Source(source.frame, source.schema, 2), mapping, {})) == {"2": "12345678901"}
