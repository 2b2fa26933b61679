from __future__ import annotations

import pytest

from adapters.hubspot.http import Portal
from adapters.hubspot.query import Once, companies_of, records
from connector.errors import CrmRequestError
from tests.unit.adapters.hubspot.conftest import QUICK, connection
from tests.unit.adapters.hubspot.scripted import Answer, Asked, Scripted


def portal_of(server: Scripted) -> Portal:
    return Portal(connection(server.url), QUICK, 5)


def page(*ids: int, after: str | None = None) -> Answer:
    body: dict[str, object] = {"results": [{"id": str(each), "properties": {}} for each in ids]}
    if after:
        body["paging"] = {"next": {"after": after}}
    return Answer(body)


def read_ids(server: Scripted) -> list[str]:
    return [str(record["id"]) for each in records(portal_of(server), "deals", ["amount"]) for record in each]


def test_pages_are_followed_to_the_end_with_every_property_asked_for(server: Scripted) -> None:
    server.on("/objects/deals", page(1, 2, after="3"), page(3))
    assert read_ids(server) == ["1", "2", "3"]
    first, second = server.asked
    assert first.query == {"limit": ["100"], "archived": ["false"], "properties": ["amount"]}
    assert second.query["after"] == ["3"]


def test_a_record_that_comes_again_on_a_shifted_page_counts_once(server: Scripted) -> None:
    server.on("/objects/deals", page(1, 5, after="6"), page(5, 3, 7, after="8"), page(3, 9))
    assert read_ids(server) == ["1", "5", "3", "7", "9"]


def test_once_holds_for_ids_that_come_in_any_order() -> None:
    once = Once()
    assert [once({"id": each}) for each in ("9", "2", "9", "2", "10", "3", "10")] == [
        True,
        True,
        False,
        False,
        True,
        True,
        False,
    ]


def test_a_page_that_leads_to_itself_is_an_error_not_an_end(server: Scripted) -> None:
    server.on("/objects/deals", page(1, after="2"))
    with pytest.raises(CrmRequestError, match="leads to itself"):
        read_ids(server)


def test_an_answer_without_results_is_asked_for_again(server: Scripted) -> None:
    server.on("/objects/deals", Answer({"status": "fine"}), page(1))
    assert read_ids(server) == ["1"]


NAMES = [f"property_with_a_long_name_{number:03}" for number in range(300)]


def with_everything(asked: Asked) -> Answer:
    found = [
        {"id": each["id"], "properties": dict.fromkeys(asked.body["properties"], f"v{each['id']}")}
        for each in asked.body["inputs"]
        if each["id"] != "2"  # archived between the two calls
    ]
    return Answer({"results": found[::-1]})


def test_properties_that_are_too_many_for_an_address_are_read_by_id(server: Scripted) -> None:
    linked = {"id": "1", "properties": {}, "associations": {"companies": {"results": [{"id": "9"}]}}}
    server.on("/objects/deals", Answer({"results": [linked, {"id": "2", "properties": {}}]}))
    server.on("/deals/batch/read", with_everything)
    ((record,),) = records(portal_of(server), "deals", NAMES, companies=True)
    assert record["id"] == "1"
    assert record["properties"] == dict.fromkeys(NAMES, "v1")
    assert companies_of(record) == (["9"], True)
    (listing,) = server.to("/objects/deals")
    assert "properties" not in listing.query
    assert listing.query["associations"] == ["companies"]


@pytest.mark.parametrize("status", [414, 431])
def test_an_address_that_a_server_refuses_as_too_long_is_shortened(server: Scripted, status: int) -> None:
    too_long = Answer(b"<html><body><h1>Request-URI Too Large</h1></body></html>", status)
    server.on(
        "/objects/deals",
        lambda asked: (
            too_long
            if "properties" in asked.query
            else page(1, after="2")
            if "after" not in asked.query
            else page(3)
        ),
    )
    server.on("/deals/batch/read", with_everything)
    found = [each for found in records(portal_of(server), "deals", ["amount"]) for each in found]
    assert [record["properties"] for record in found] == [{"amount": "v1"}, {"amount": "v3"}]
    assert len(server.to("/objects/deals")) == 3  # refused once, not for every page


def test_an_address_that_is_too_long_without_any_property_is_an_error(server: Scripted) -> None:
    server.on("/objects/deals", Answer(b"<h1>Request-URI Too Large</h1>", 414))
    with pytest.raises(CrmRequestError, match="Request-URI Too Large"):
        list(records(portal_of(server), "deals", ["amount"]))
    assert len(server.asked) == 2
