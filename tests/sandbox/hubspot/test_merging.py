"""Merging by API: which id survives, and what becomes of the others."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.sandbox import Sandbox
from tests.sandbox.hubspot.conftest import Api

COMPANIES = "/crm/v3/objects/companies"


def stored(sandbox: Sandbox, record: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        each for each in sandbox.dump("hubspot", "companies") if each["id"] == record
    )
    return found


def two(api: Api) -> tuple[str, str]:
    first, second = (each["id"] for each in api.get(COMPANIES, limit=2).json()["results"])
    return first, second


def merge(api: Api, primary: str, other: str) -> dict[str, Any]:
    answer = api.post(f"{COMPANIES}/merge", {"primaryObjectId": primary, "objectIdToMerge": other})
    assert answer.status_code == 200, answer.text
    survivor: dict[str, Any] = answer.json()
    return survivor


def deals_of(api: Api, company: str) -> set[int]:
    answer = api.get(f"/crm/v4/objects/companies/{company}/associations/deals").json()
    return {each["toObjectId"] for each in answer["results"]}


def test_a_merge_makes_a_record_with_a_new_id(sandbox: Sandbox, api: Api) -> None:
    primary, other = two(api)
    sandbox.edit("hubspot", "companies", primary, {"city": None, "kpm_wallet": 1})
    sandbox.edit("hubspot", "companies", other, {"city": "Wels", "kpm_wallet": 2})
    deals = deals_of(api, primary) | deals_of(api, other)
    survivor = merge(api, primary, other)
    assert survivor["id"] not in (primary, other)
    assert survivor["properties"]["hs_merged_object_ids"] == ";".join(sorted((primary, other)))
    read = api.get(f"{COMPANIES}/{survivor['id']}", properties="city,kpm_wallet").json()["properties"]
    assert (read["city"], read["kpm_wallet"]) == ("Wels", "1"), "the other fills what is empty"
    assert deals
    assert deals_of(api, survivor["id"]) == deals
    for gone in (primary, other):
        assert api.get(f"{COMPANIES}/{gone}").json()["id"] == survivor["id"]
        assert stored(sandbox, gone)["mergedInto"] == survivor["id"]
    listed = [each["id"] for each in api.all("companies")]
    assert survivor["id"] in listed
    assert not {primary, other} & set(listed)
    assert not {primary, other} & {each["id"] for each in api.all("companies", archived="true")}


def test_in_batches_a_merged_id_is_left_out_and_in_a_patch_it_works(sandbox: Sandbox, api: Api) -> None:
    primary, other = two(api)
    survivor = merge(api, primary, other)
    answer = api.update([primary, survivor["id"]], {"city": "Linz"})
    assert answer.status_code == 200
    assert [each["id"] for each in answer.json()["results"]] == [survivor["id"]]
    assert api.patch(f"{COMPANIES}/{other}", {"properties": {"city": "Graz"}}).json()["id"] == survivor["id"]
    assert stored(sandbox, survivor["id"])["properties"]["city"] == "Graz"


def test_the_primary_may_keep_its_id(sandbox: Sandbox, api: Api) -> None:
    sandbox.configure("hubspot", "behaviour", merge_new_id=False)
    primary, other = two(api)
    survivor = merge(api, primary, other)
    assert survivor["id"] == primary
    assert survivor["properties"]["hs_merged_object_ids"] == other
    assert stored(sandbox, primary)["state"] == "live"


def test_a_merge_of_merges_leads_every_old_id_to_the_last_survivor(api: Api) -> None:
    first, second, third = (each["id"] for each in api.get(COMPANIES, limit=3).json()["results"])
    middle = merge(api, first, second)["id"]
    last = merge(api, third, middle)
    former = last["properties"]["hs_merged_object_ids"].split(";")
    assert set(former) == {first, second, third, middle}
    for gone in former:
        assert api.get(f"{COMPANIES}/{gone}").json()["id"] == last["id"]


def test_parents_and_contacts_follow(sandbox: Sandbox, api: Api) -> None:
    child = next(
        each
        for each in sandbox.dump("hubspot", "companies")
        if each["state"] == "live" and each["properties"]["hs_parent_company_id"]
    )
    parent = child["properties"]["hs_parent_company_id"]
    other = next(each for each in two(api) if each not in (parent, child["id"]))
    survivor = merge(api, parent, other)["id"]
    assert stored(sandbox, child["id"])["properties"]["hs_parent_company_id"] == survivor
    links = api.get(f"/crm/v4/objects/companies/{child['id']}/associations/companies").json()["results"]
    assert [each["toObjectId"] for each in links] == [int(survivor)]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"primaryObjectId": "1"}, 404),
        ({"objectIdToMerge": "1"}, 400),
        ({"primaryObjectId": "SAME", "objectIdToMerge": "SAME"}, 400),
        ({"primaryObjectId": "SAME", "objectIdToMerge": "12"}, 404),
    ],
)
def test_impossible_merges(api: Api, body: dict[str, str], status: int) -> None:
    record, _ = two(api)
    given = {key: record if value == "SAME" else value for key, value in body.items()}
    assert api.post(f"{COMPANIES}/merge", given).status_code == status


def test_reading_alone_is_not_enough(api: Api) -> None:
    primary, other = two(api)
    answer = api.as_token("sandbox-rep-token").post(
        f"{COMPANIES}/merge", {"primaryObjectId": primary, "objectIdToMerge": other}
    )
    assert answer.status_code == 403
