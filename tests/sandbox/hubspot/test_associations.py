"""Associations: batches, lists, labels, changes."""

from __future__ import annotations

from adapters.sandbox import Sandbox
from tests.sandbox.hubspot.conftest import Api

BATCH = "/crm/v4/associations/deals/companies/batch/read"


def test_a_batch_takes_a_thousand_and_names_those_without(shared: Sandbox, reader: Api) -> None:
    deals = [record["id"] for record in shared.dump("hubspot", "deals")][:1_000]
    linked = {link["fromId"] for link in shared.dump("hubspot", "associations") if link["to"] == "companies"}
    answer = reader.post(BATCH, {"inputs": [{"id": each} for each in deals]})
    body = answer.json()
    assert answer.status_code == 207
    assert {each["from"]["id"] for each in body["results"]} == set(deals) & linked
    missing = [error["context"]["fromObjectId"][0] for error in body["errors"]]
    assert set(missing) == set(deals) - linked != set()
    assert body["errors"][0]["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert body["errors"][0]["message"] == f"No company is associated with deal {missing[0]}."
    too_many = reader.post(BATCH, {"inputs": [{"id": str(each)} for each in range(1_001)]})
    assert too_many.status_code == 400


def test_ids_are_text_on_one_side_and_numbers_on_the_other(reader: Api) -> None:
    deal = reader.get("/crm/v3/objects/deals", limit=1).json()["results"][0]["id"]
    [result] = reader.post(BATCH, {"inputs": [{"id": deal}]}).json()["results"]
    assert isinstance(result["from"]["id"], str)
    assert isinstance(result["to"][0]["toObjectId"], int)


def test_primary_second_and_unmarked_companies(reader: Api) -> None:
    deals = [record["id"] for record in reader.all("deals")]
    kinds = set()
    for start in range(0, len(deals), 1_000):
        inputs = [{"id": each} for each in deals[start : start + 1_000]]
        for result in reader.post(BATCH, {"inputs": inputs}).json()["results"]:
            companies = [[each["typeId"] for each in to["associationTypes"]] for to in result["to"]]
            kinds |= {(len(companies), tuple(types)) for types in companies}
    assert (1, (5, 341)) in kinds, "the order of the types differs"
    assert (1, (341, 5)) in kinds
    assert (2, (341,)) in kinds, "some deals have a second company"
    assert (1, (341,)) in kinds, "some deals have one company that is not the primary one"


def test_both_directions_and_every_object(shared: Sandbox, reader: Api) -> None:
    expected = {
        ("contacts", "companies"): {1, 279},
        ("tickets", "companies"): {26, 339},
        ("orders", "companies"): {509},
        ("calls", "companies"): {182},
        ("emails", "companies"): {186},
        ("meetings", "companies"): {188},
        ("notes", "companies"): {190},
        ("tasks", "companies"): {192},
        ("deals", "contacts"): {3},
    }
    back = {("companies", "contacts"): {2, 280}, ("companies", "deals"): {6, 342}, ("contacts", "deals"): {4}}
    for (source, target), types in (expected | back).items():
        ids = [record["id"] for record in shared.dump("hubspot", source) if record["state"] == "live"][:500]
        path = f"/crm/associations/2026-03/{source}/{target}/batch/read"
        results = reader.post(path, {"inputs": [{"id": each} for each in ids]}).json()["results"]
        found = {
            kind["typeId"] for result in results for to in result["to"] for kind in to["associationTypes"]
        }
        assert found == types, (source, target)


def test_one_records_list_and_its_pages(shared: Sandbox, reader: Api) -> None:
    company = max(
        shared.dump("hubspot", "companies"), key=lambda each: int(each["properties"]["num_associated_deals"])
    )
    path = f"/crm/v4/objects/companies/{company['id']}/associations/deals"
    whole = reader.get(path).json()["results"]
    assert len(whole) >= int(company["properties"]["num_associated_deals"]) - 1
    first = reader.get(path, limit=2).json()
    rest = reader.get(path, limit=500, after=first["paging"]["next"]["after"]).json()["results"]
    assert first["results"] + rest == whole
    assert reader.get("/crm/v4/objects/companies/1/associations/deals").status_code == 404


def test_archived_ends_are_not_listed(sandbox: Sandbox, api: Api, admin: Api) -> None:
    deal = api.get("/crm/v3/objects/deals", limit=1).json()["results"][0]["id"]
    company = api.post(BATCH, {"inputs": [{"id": deal}]}).json()["results"][0]["to"][0]["toObjectId"]
    sandbox.edit("hubspot", "companies", str(company), delete=True)
    answer = admin.post(BATCH, {"inputs": [{"id": deal}]})
    assert (answer.status_code, answer.json()["results"]) == (207, [])


def test_associate_and_remove(admin: Api) -> None:
    deal = admin.post("/crm/v3/objects/deals", {"properties": {"dealname": "x"}}).json()["id"]
    first, second = [each["id"] for each in admin.get("/crm/v3/objects/companies", limit=2).json()["results"]]
    for company in (first, second):
        answer = admin.put(f"/crm/v4/objects/deals/{deal}/associations/default/companies/{company}")
        assert answer.status_code == 200
    listed = admin.get(f"/crm/v4/objects/deals/{deal}/associations/companies").json()["results"]
    types = {str(to["toObjectId"]): {kind["typeId"] for kind in to["associationTypes"]} for to in listed}
    assert types == {first: {5, 341}, second: {341}}
    assert admin.delete(f"/crm/v4/objects/deals/{deal}/associations/companies/{first}").status_code == 204
    assert len(admin.get(f"/crm/v4/objects/deals/{deal}/associations/companies").json()["results"]) == 1


def test_labels(reader: Api) -> None:
    labels = reader.get("/crm/v4/associations/deals/companies/labels").json()["results"]
    assert {(each["typeId"], each["label"]) for each in labels} == {(341, None), (5, "Primary")}


def test_a_deal_tells_its_primary_company_in_a_property(sandbox: Sandbox) -> None:
    name, admin = "hs_primary_associated_company", Api(sandbox, "sandbox-admin-token")
    deals = {row["id"]: row["properties"][name] for row in sandbox.dump("hubspot", "deals")}
    live = {row["id"] for row in sandbox.dump("hubspot", "companies") if row["state"] == "live"}
    primary = {
        row["fromId"]: row["toId"]
        for row in sandbox.dump("hubspot", "associations")
        if (row["from"], row["to"]) == ("deals", "companies") and 5 in row["typeIds"] and row["toId"] in live
    }
    assert {deal: company for deal, company in deals.items() if company} == primary

    def told(deal: str) -> dict[str, str]:
        answer = admin.get(f"/crm/v3/objects/deals/{deal}", properties=f"{name},hs_lastmodifieddate")
        properties: dict[str, str] = answer.json()["properties"]
        return properties

    deal, company = next(iter(primary.items()))
    before = told(deal)
    path = f"/crm/v4/objects/deals/{deal}/associations/companies/{company}"
    assert admin.delete(path).status_code == 204
    after = told(deal)
    assert after[name] != company
    assert after["hs_lastmodifieddate"] > before["hs_lastmodifieddate"]
