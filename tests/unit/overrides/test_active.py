"""Decisions through the map stage: which hold, which end, which have no effect."""

from __future__ import annotations

from typing import Any

import pytest

from connector.mapping import Mapping
from connector.overrides import FACTS, Entry, OverrideFile, column_of
from connector.reference import References
from connector.stages.map import Mapped, map_accounts
from connector.tables import History
from connector.windows import days
from tests.unit.measures.pulled import AS_OF, EURO, column, mapping_of, sources

FIELDS = {"segment": "Zone", "reason": "Note", "expires": "Rated", "owner": "Name"}
TODAY = days(AS_OF)


def rules(**override: Any) -> Mapping:
    portfolio = {"all": [{"field": "Type", "not_in": ["Lead"]}]}
    return mapping_of({"source": {"field": "Size"}}, override=override or FIELDS, portfolio=portfolio)


def mapped(
    backend: str,
    mapping: Mapping,
    accounts: list[dict[str, Any]],
    file: OverrideFile | None = None,
    history: History | None = None,
) -> Mapped:
    found = sources(backend, accounts=accounts)
    start, references = history or History(), References("2026Q2")
    return map_accounts(found, mapping, AS_OF, EURO, start, references, file or OverrideFile())


def zone(found: Mapped) -> dict[str, Any]:
    return column(found, column_of("segment"))


def entries(*rows: tuple[str, str, str, int | None]) -> OverrideFile:
    listed = [
        Entry(line, account, what, value, "Ann", "why", until)
        for line, (account, what, value, until) in enumerate(rows, 2)
    ]
    return OverrideFile("o.csv", tuple(listed))


def test_a_zone_set_in_the_crm(backend: str) -> None:
    found = mapped(
        backend,
        rules(),
        [
            {"@id": "a", "Zone": " Protect ", "Note": "new\n\n board ", "Rated": AS_OF, "Name": "Ann"},
            {"@id": "b", "Zone": "", "Note": "no zone, no decision"},
            {"@id": "lead", "Zone": "protect", "Type": "Lead"},
        ],
    )
    facts = {fact: column(found, column_of("segment", fact)) for fact in FACTS}
    assert {fact: values["a"] for fact, values in facts.items()} == {
        "value": "protect", "owner": "Ann", "reason": "new board", "until": TODAY, "from": "crm",
    }  # fmt: skip
    assert {values[key] for values in facts.values() for key in ("b", "lead")} == {None}
    assert found.ignored == ()


@pytest.mark.parametrize(("last", "holds"), [(0, True), (-1, False), (1, True)])
def test_it_holds_through_its_last_day(backend: str, last: int, holds: bool) -> None:
    found = mapped(backend, rules(), [{"@id": "a", "Zone": "retreat", "Rated": TODAY + last}])
    assert zone(found) == {"a": "retreat" if holds else None}
    file = entries(("a", "segment", "retreat", TODAY + last))
    assert zone(mapped(backend, rules(file="o.csv"), [{"@id": "a"}], file)) == zone(found)


def test_without_a_last_day_it_ends_so_long_after_it_was_first_seen(backend: str) -> None:
    mapping = rules(segment="Zone", expires_days=30)
    account = {"@id": "a", "Zone": "retreat"}
    first = mapped(backend, mapping, [account])
    assert column(first, "override_until") == {"a": TODAY + 30}
    assert first.first_seen is not None
    (seen,) = first.first_seen.to_pylist()
    assert seen == {"id": "a", "rating": "override:segment", "value": "retreat", "day": TODAY}
    for age, holds in ((30, True), (31, False)):
        earlier = first.first_seen.set_column(3, "day", [[TODAY - age]])
        history = History(first_seen=earlier)
        assert zone(mapped(backend, mapping, [account], history=history)) == {
            "a": "retreat" if holds else None
        }
        changed = {**account, "Zone": "protect"}  # another decision, of today
        assert zone(mapped(backend, mapping, [changed], history=history)) == {"a": "protect"}


def test_values_that_are_no_zone_are_ignored_and_listed(backend: str) -> None:
    found = mapped(
        backend,
        rules(),
        [
            {"@id": "a", "Zone": "Key account"},
            {"@id": "b", "Zone": "protcet"},
            {"@id": "lead", "Zone": "x", "Type": "Lead"},
        ],
    )
    assert set(zone(found).values()) == {None}
    assert [(each.account, each.value, each.place) for each in found.ignored] == [
        ("a", "Key account", "Zone"),
        ("b", "protcet", "Zone"),
    ]
    assert 'did you mean "protect"?' in found.ignored[1].cause


def test_the_file_sets_zones_and_scores(backend: str) -> None:
    file = entries(("a", "segment", "develop", None), ("a", "c0", "75", None), ("b", "c0", "0", TODAY - 1))
    found = mapped(backend, rules(file="o.csv"), [{"@id": "a"}, {"@id": "b"}], file)
    assert zone(found) == {"a": "develop", "b": None}
    assert column(found, "override:c0") == {"a": 75, "b": None}
    assert column(found, "override_owner:c0") == {"a": "Ann", "b": None}
    assert column(found, "override_from") == {"a": "file", "b": None}
    (ended,) = found.ignored
    assert (ended.account, ended.what, ended.place, ended.ended) == ("b", "c0", "o.csv, line 4", True)


def test_what_is_set_on_the_record_comes_before_the_file(backend: str) -> None:
    file = entries(("a", "segment", "develop", None), ("b", "segment", "develop", None))
    accounts = [{"@id": "a", "Zone": "retreat"}, {"@id": "b", "Zone": "no zone"}]
    found = mapped(backend, rules(segment="Zone", file="o.csv"), accounts, file)
    assert zone(found) == {"a": "retreat", "b": "develop"}
    assert column(found, "override_from") == {"a": "crm", "b": "file"}
    assert [(each.account, each.place) for each in found.ignored] == [("b", "Zone"), ("a", "o.csv, line 2")]


def test_entries_about_nobody_are_listed(backend: str) -> None:
    file = entries(("x", "segment", "develop", None), ("lead", "c0", "7", None))
    found = mapped(backend, rules(file="o.csv"), [{"@id": "a"}, {"@id": "lead", "Type": "Lead"}], file)
    assert [(each.account, each.cause.split(" ")[0]) for each in found.ignored] == [
        ("x", "no"),
        ("lead", "the"),
    ]


def test_without_the_section_there_are_no_columns(backend: str) -> None:
    found = mapped(backend, mapping_of({"source": {"field": "Size"}}), [{"@id": "a", "Zone": "protect"}])
    assert not [name for name in found.accounts.collect_schema().names() if name.startswith("override")]


def test_a_field_that_is_not_there_yet_sets_nothing(backend: str) -> None:
    found = mapped(backend, rules(segment="Not_There__c", reason="Nor_This__c"), [{"@id": "a"}])
    assert zone(found) == {"a": None}
