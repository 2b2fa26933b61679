from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from math import ceil

import pytest

from adapters.hubspot import search
from adapters.hubspot.http import Portal
from connector.errors import CrmAuthError
from tests.unit.adapters.hubspot.conftest import QUICK, connection
from tests.unit.adapters.hubspot.scripted import Answer, Asked, Scripted

SINCE = datetime(2026, 11, 24, 4, 30, tzinfo=UTC)


def changed(server: Scripted, *properties: str) -> tuple[int, list[str]]:
    portal = Portal(connection(server.url), QUICK, 5)
    try:
        total, pages = search.changed(
            portal, "companies", "hs_lastmodifieddate", SINCE, properties or ("name",)
        )
        return total, [str(record["id"]) for page in pages for record in page]
    finally:
        portal.close()


def index(count: int) -> Callable[[Asked], Answer]:
    """A search index with so many records, of which it never gives more than HubSpot does."""

    def answer(asked: Asked) -> Answer:
        (group,) = asked.body["filterGroups"]
        after = next((int(each["value"]) for each in group["filters"] if each["operator"] == "GT"), -1)
        assert "after" not in asked.body  # never by position
        ids = [each for each in range(count) if each > after]
        found = [{"id": str(each), "properties": {"name": f"n{each}"}} for each in ids[:200]]
        return Answer({"total": len(ids), "results": found})

    return answer


@pytest.mark.parametrize("count", [0, 1, 199, 200, 201, 2_345])
def test_every_record_comes_once_however_many(server: Scripted, count: int) -> None:
    server.on("/companies/search", index(count))
    assert changed(server) == (count, [str(each) for each in range(count)])
    assert len(server.to("/search")) == max(1, ceil(count / 200))
    first = server.asked[0].body
    assert first["filterGroups"][0]["filters"] == [
        {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "1795494600000"}
    ]
    assert first["sorts"] == [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
    assert (first["limit"], first["properties"]) == (200, ["name"])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"total": 3, "results": [{"id": "5"}, {"id": "4"}, {"id": "6"}]}, "out of order"),
        ({"total": 3, "results": [{"id": "5"}, {"id": "5"}, {"id": "6"}]}, "out of order"),
        ({"total": 3, "results": [{"id": "5"}]}, "gives 1 records and says that there are 3"),
        ({"total": 9, "results": []}, "gives 0 records and says that there are 9"),
    ],
)
def test_an_answer_that_contradicts_itself_is_not_believed(
    server: Scripted, answer: dict[str, object], words: str
) -> None:
    server.on("/companies/search", Answer(answer))
    with pytest.raises(search.UnreliableError, match=words):
        changed(server)


def test_a_later_page_is_looked_at_just_as_closely(server: Scripted) -> None:
    full = {"total": 400, "results": [{"id": str(each), "properties": {}} for each in range(200)]}
    server.on("/companies/search", Answer(full), Answer({"total": 200, "results": [{"id": "7"}]}))
    with pytest.raises(search.UnreliableError):
        changed(server)


def test_ten_thousand_results_are_never_paged_beyond(server: Scripted) -> None:
    # What HubSpot says to whoever pages by position.
    limit = {
        "status": "error",
        "message": "There was a problem with the request.",
        "correlationId": "c-1",
        "category": "VALIDATION_ERROR",
        "errors": [{"message": "The search results are limited to 10000."}],
    }
    server.on("/companies/search", Answer(limit, 400))
    with pytest.raises(search.UnreliableError, match=r"There was a problem with the request.*c-1"):
        changed(server)


def test_a_missing_scope_is_no_unreliable_search(server: Scripted) -> None:
    server.on("/companies/search", Answer({"category": "MISSING_SCOPES", "message": "no"}, 403))
    with pytest.raises(CrmAuthError):
        changed(server)


def test_more_properties_than_a_search_takes_are_read_by_id(server: Scripted) -> None:
    names = tuple(f"property_with_a_long_name_{number:03}" for number in range(120))
    server.on("/companies/search", index(250))

    def read(asked: Asked) -> Answer:
        assert asked.body["properties"] == list(names)
        found = [{"id": each["id"], "properties": dict.fromkeys(names, "x")} for each in asked.body["inputs"]]
        return Answer({"results": found[::-1]})

    server.on("/batch/read", read)
    assert changed(server, *names) == (250, [str(each) for each in range(250)])
    assert all(each.body["properties"] == ["hs_object_id"] for each in server.to("/search"))
    assert all(len(each.raw) <= 3_000 for each in server.to("/search"))
    assert [len(each.body["inputs"]) for each in server.to("/batch/read")] == [100, 100, 50]


def test_records_in_which_a_property_is_set(server: Scripted) -> None:
    server.on("/contacts/search", index(3))
    portal = Portal(connection(server.url), QUICK, 5)
    total, pages = search.filled(portal, "contacts", "hs_buying_role", ("email",))
    assert (total, sum(len(page) for page in pages)) == (3, 3)
    assert server.asked[0].body["filterGroups"][0]["filters"] == [
        {"propertyName": "hs_buying_role", "operator": "HAS_PROPERTY"}
    ]
    portal.close()
