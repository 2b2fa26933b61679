from __future__ import annotations

import polars as pl
import pytest

from adapters.hubspot.associations import PRIMARY, associations, main_company
from adapters.hubspot.http import Portal
from connector.crm import ACCOUNT, ID
from connector.errors import CrmRequestError
from tests.unit.adapters.hubspot.conftest import QUICK, connection
from tests.unit.adapters.hubspot.scripted import Answer, Asked, Scripted


def portal_of(server: Scripted) -> Portal:
    return Portal(connection(server.url), QUICK, 5)


def test_associations_are_read_by_the_thousand_and_followed(server: Scripted) -> None:
    def answer(asked: Asked) -> Answer:
        results = []
        for each in asked.body["inputs"]:
            more = {"paging": {"next": {"after": "x"}}} if each == {"id": "1"} else {}
            target = "200" if "after" in each else "100"
            types = [{"category": "HUBSPOT_DEFINED", "typeId": 341, "label": None}]
            if target == "100":
                types.insert(0, {"category": "HUBSPOT_DEFINED", "typeId": 5, "label": "Primary"})
            results.append(
                {
                    "from": {"id": each["id"]},
                    "to": [{"toObjectId": int(target), "associationTypes": types}],
                    **more,
                }
            )
        return Answer({"results": results})

    server.on("/deals/companies/batch/read", answer)
    ids = [str(each) for each in range(1, 1_502)]
    pairs = associations(portal_of(server), "deals", "companies", ids)
    assert [len(each.body["inputs"]) for each in server.asked] == [1_000, 502]
    assert pairs.filter(pl.col(ID) == "1").rows() == [("1", "100", True), ("1", "200", False)]
    assert len(pairs) == 1_502


def test_records_without_companies_are_no_error(server: Scripted) -> None:
    error = {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": "No company is associated with deal 1.",
        "context": {"fromObjectId": ["1"]},
    }
    server.on("/batch/read", Answer({"results": [], "errors": [error], "numErrors": 1}, 207))
    assert associations(portal_of(server), "deals", "companies", ["1"]).is_empty()


def test_any_other_error_among_associations_stops_the_read(server: Scripted) -> None:
    error = {"category": "INTERNAL_ERROR", "message": "broken"}
    server.on("/batch/read", Answer({"results": [], "errors": [error]}, 207))
    with pytest.raises(CrmRequestError, match="INTERNAL_ERROR: broken"):
        associations(portal_of(server), "deals", "companies", ["1"])


def test_a_link_of_another_app_with_the_number_five_is_not_the_primary_one(server: Scripted) -> None:
    to = [
        {
            "toObjectId": 9,
            "associationTypes": [{"category": "USER_DEFINED", "typeId": 5, "label": "Reseller"}],
        }
    ]
    server.on("/batch/read", Answer({"results": [{"from": {"id": "1"}, "to": to}]}))
    assert associations(portal_of(server), "deals", "companies", ["1"])[PRIMARY].to_list() == [False]


def test_the_main_company_is_the_primary_else_the_only_one() -> None:
    pairs = pl.DataFrame(
        [("a", "1", False), ("a", "2", True), ("b", "3", False), ("c", "4", False), ("c", "5", False)],
        schema=[ID, ACCOUNT, PRIMARY],
        orient="row",
    )
    assert main_company(pairs).rows() == [("a", "2"), ("b", "3"), ("c", None)]
