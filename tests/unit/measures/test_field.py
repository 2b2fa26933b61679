from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from connector.tables import History
from tests.unit.measures.pulled import AS_OF, LINEAR, ago, column, mapped, mapping_of, raw

RATING = {"kind": "rating", "worst": 1, "best": 5}


def one(backend: str, account: dict[str, Any], source: dict[str, Any], scale: dict[str, Any] = LINEAR) -> Any:
    return raw(backend, source, scale=scale, accounts=[{"@id": "a", **account}])["a"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (" 4 ", 4), ("-1.5e2", -150), ("+.5", 0.5), ("7.", 7), ("", None), ("nan", None), ("1e999", None),
        ("inf", None), ("1,000", None), ("٤", None), ("4 Sterne", None), ("🙂", None), (None, None),
        ("2026-05-01", 30), ("2026-05-01T10:00:00Z", 30), ("2026-02-30", None), ("2024-02-29", 822),
        ("1900-02-29", None), ("1700-01-01", None), ("4000-01-01", None), ("2027-05-31", -365),
    ],
)  # fmt: skip
def test_a_text_where_a_number_is_needed(backend: str, text: str | None, number: float | None) -> None:
    assert one(backend, {"Note": text}, {"field": "Note"}) == number


@pytest.mark.parametrize(
    ("value", "number"), [(1e300, 1e300), (float("nan"), None), (float("-inf"), None), (-0.0, 0)]
)
def test_numbers(backend: str, value: float, number: float | None) -> None:
    assert one(backend, {"Size": value}, {"field": "Size"}) == number


@pytest.mark.parametrize(
    ("day", "age"),
    [(ago(3), 3), (date(1899, 12, 31), None), (date(1900, 1, 1), 46171), (date(2101, 1, 1), None)],
)
def test_dates_are_days_before_the_rating(backend: str, day: date, age: int | None) -> None:
    assert one(backend, {"Rated": day}, {"field": "Rated"}) == age


@pytest.mark.parametrize(
    ("account", "field", "flag"),
    [
        ({"Flag": True}, "Flag", True),
        ({}, "Flag", None),
        ({"Note": " TRUE"}, "Note", True),
        ({"Note": "no"}, "Note", None),
    ],
)
def test_yes_or_no(backend: str, account: dict[str, Any], field: str, flag: bool | None) -> None:
    assert one(backend, account, {"field": field}, {"kind": "boolean"}) is flag


def test_text_for_a_lookup_is_the_stored_value(backend: str) -> None:
    scale = {"kind": "lookup", "scores": {"x": 1}}
    assert one(backend, {"Note": " Clear "}, {"field": "Note"}, scale) == " Clear "
    assert one(backend, {"Note": "  "}, {"field": "Note"}, scale) is None
    assert one(backend, {"Size": 3.0}, {"field": "Size"}, scale) == "3"


def test_a_field_that_is_still_to_be_created_is_missing(backend: str) -> None:
    assert one(backend, {}, {"field": "New__c", "rated_at": "When__c", "expires_days": 10}, RATING) is None


@pytest.mark.parametrize(
    ("age", "value", "expired"),
    [(365, 4, False), (366, 4, True), (730, 4, True), (731, None, False), (-9, 4, False)],
)
def test_a_rating_fades_out(backend: str, age: int, value: float | None, expired: bool) -> None:
    source = {"field": "Rating", "rated_at": "Rated", "expires_days": 365}
    found = mapped(
        backend,
        mapping_of({"source": source, "scale": RATING}),
        accounts=[{"@id": "a", "Rating": "4", "Rated": ago(age)}],
    )
    assert column(found, "raw:c0:0")["a"] == value
    assert column(found, "expired:c0:0")["a"] is expired


def test_an_undated_rating_ages_from_the_day_it_was_first_seen(backend: str) -> None:
    mapping = mapping_of({"source": {"field": "Rating", "expires_days": 10}, "scale": RATING})
    accounts = [{"@id": "same", "Rating": "4"}, {"@id": "new", "Rating": "5"}, {"@id": "empty"}]
    first = mapped(backend, mapping, as_of=ago(15), accounts=accounts)
    assert first.first_seen is not None
    assert sorted(first.first_seen.column("id").to_pylist()) == ["new", "same"]
    assert set(column(first, "expired:c0:0").values()) == {False}

    accounts[1]["Rating"] = "3"
    second = mapped(backend, mapping, history=History(first_seen=first.first_seen), accounts=accounts)
    assert column(second, "expired:c0:0") == {"same": True, "new": False, "empty": False}
    assert second.first_seen is not None
    assert second.first_seen.schema.types == [pa.string(), pa.string(), pa.string(), pa.int32()]
    third = mapped(
        backend,
        mapping,
        history=History(first_seen=second.first_seen),
        as_of=date(2026, 6, 9),
        accounts=accounts,
    )
    assert column(third, "raw:c0:0") == {"same": None, "new": 3, "empty": None}
    assert third.first_seen is not None
    assert third.first_seen.num_rows == 2  # a value that has expired is not first seen again


def test_what_cannot_be_read_is_counted(backend: str) -> None:
    mapping = mapping_of(
        {"source": {"field": "Rating", "rated_at": "Rated", "expires_days": 9}, "scale": RATING},
        {"source": {"field": "Note"}, "scale": {"kind": "lookup", "scores": {"Clear": 100}}},
        {"source": {"field": "Rated"}, "scale": {"kind": "half_life", "days": 9}},
    )
    accounts = [
        {"@id": "fine", "Rating": "5", "Note": "clear", "Rated": AS_OF},
        {"@id": "off", "Rating": "6", "Note": "Foggy", "Rated": ago(-3)},
        {"@id": "text", "Rating": "good", "Rated": date(1700, 1, 1)},
    ]
    notes = {
        (note.criterion, note.field): note.count
        for note in mapped(backend, mapping, accounts=accounts).quality
        if note.field
    }
    assert notes == {("c0", "Rating"): 2, ("c1", "Note"): 1, (None, "Rated"): 1, ("c2", "Rated"): 1} | notes
    messages = " ".join(str(note) for note in mapped(backend, mapping, accounts=accounts).quality)
    assert "a rating from 1 to 5" in messages
    assert "dates from 1900 to 2100" in messages
    assert "below 0 count as 0" in messages
