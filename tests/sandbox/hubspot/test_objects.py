"""Reading records: lists, single records, batches."""

from __future__ import annotations

from adapters.sandbox import Sandbox
from tests.sandbox.hubspot.conftest import Api


def stored(sandbox: Sandbox, name: str, state: str = "live") -> list[dict[str, object]]:
    return [record for record in sandbox.dump("hubspot", name) if record["state"] == state]


def test_every_live_record_comes_once_whatever_the_page_size(shared: Sandbox, reader: Api) -> None:
    expected = [record["id"] for record in stored(shared, "companies")]
    for limit in (7, 100):
        assert [record["id"] for record in reader.all("companies", limit)] == expected


def test_after_is_the_last_id_plus_one(reader: Api) -> None:
    page = reader.get("/crm/v3/objects/companies", limit=5).json()
    assert int(page["paging"]["next"]["after"]) == int(page["results"][-1]["id"]) + 1
    assert reader.session.get(page["paging"]["next"]["link"], timeout=30).json()["results"]


def test_the_default_page_holds_ten_and_more_than_a_hundred_is_refused(reader: Api) -> None:
    assert len(reader.get("/crm/v3/objects/companies").json()["results"]) == 10
    refused = reader.get("/crm/v3/objects/companies", limit=101)
    assert (refused.status_code, refused.json()["category"]) == (400, "VALIDATION_ERROR")


def test_everything_is_text_and_an_empty_property_is_null(reader: Api) -> None:
    records = reader.all(
        "companies", properties="numberofemployees,kpm_wallet,kpm_rated_at,hs_num_open_deals"
    )
    values = [value for record in records for value in record["properties"].values()]
    assert all(value is None or isinstance(value, str) for value in values)
    assert all("kpm_wallet" in record["properties"] for record in records)
    assert {record["properties"]["kpm_wallet"] is None for record in records} == {True, False}


def test_unknown_properties_are_left_out_and_the_systems_own_always_come(reader: Api) -> None:
    record = reader.get("/crm/v3/objects/companies", limit=1, properties="name,no_such_property").json()[
        "results"
    ][0]
    assert sorted(record["properties"]) == ["createdate", "hs_lastmodifieddate", "hs_object_id", "name"]


def test_properties_may_be_repeated_or_separated_by_commas(reader: Api) -> None:
    one = reader.get("/crm/v3/objects/deals", limit=3, properties="amount,pipeline").json()
    two = reader.get("/crm/v3/objects/deals", limit=3, properties=["amount", "pipeline"]).json()
    assert one["results"] == two["results"]


def test_dated_paths_answer_as_the_numbered_ones(reader: Api) -> None:
    old = reader.get("/crm/v3/objects/deals", limit=5).json()["results"]
    assert reader.get("/crm/objects/2026-03/deals", limit=5).json()["results"] == old
    assert reader.get("/crm/v3/objects/0-3", limit=5).json()["results"] == old


def test_a_deleted_record_is_a_page_of_html(shared: Sandbox, reader: Api) -> None:
    for state in ("archived", "deleted"):
        [record, *_] = stored(shared, "companies", state)
        answer = reader.get(f"/crm/v3/objects/companies/{record['id']}")
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")


def test_an_unknown_record_is_json(reader: Api) -> None:
    answer = reader.get("/crm/v3/objects/companies/12345")
    assert (answer.status_code, answer.json()["category"]) == (404, "OBJECT_NOT_FOUND")


def test_archived_records_can_be_listed(shared: Sandbox, reader: Api) -> None:
    listed = reader.all("companies", archived="true")
    assert [each["id"] for each in listed] == [each["id"] for each in stored(shared, "companies", "archived")]
    assert all(each["archived"] and each["archivedAt"] for each in listed)
    live = reader.get("/crm/v3/objects/companies", limit=1).json()["results"][0]["id"]
    inputs = {"inputs": [{"id": each["id"]} for each in listed[:3]] + [{"id": live}]}
    read = reader.post("/crm/v3/objects/companies/batch/read?archived=true", inputs)
    assert read.status_code == 207
    assert {each["id"] for each in read.json()["results"]} == {each["id"] for each in listed[:3]}
    assert read.json()["errors"][0]["context"]["ids"] == [live]


def test_a_merged_id_finds_its_survivor_alone_but_not_in_a_batch(shared: Sandbox, reader: Api) -> None:
    [loser, *_] = stored(shared, "companies", "merged")
    survivor = loser["mergedInto"]
    found = reader.get(f"/crm/v3/objects/companies/{loser['id']}", properties="hs_merged_object_ids").json()
    assert found["id"] == survivor
    assert str(loser["id"]) in found["properties"]["hs_merged_object_ids"].split(";")
    batch = reader.post(
        "/crm/v3/objects/companies/batch/read", {"inputs": [{"id": loser["id"]}, {"id": survivor}]}
    )
    assert batch.status_code == 200
    assert [each["id"] for each in batch.json()["results"]] == [survivor]


def test_a_batch_names_all_missing_ids_in_one_error(shared: Sandbox, reader: Api) -> None:
    [live, *_] = stored(shared, "companies")
    [gone, *_] = stored(shared, "companies", "deleted")
    ids = [live["id"], gone["id"], "999", "no number"]
    answer = reader.post("/crm/v3/objects/companies/batch/read", {"inputs": [{"id": each} for each in ids]})
    body = answer.json()
    assert (answer.status_code, body["numErrors"], len(body["results"])) == (207, 1, 1)
    assert body["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    assert body["errors"][0]["context"]["ids"] == ids[1:]


def test_a_batch_answers_in_an_order_of_its_own(reader: Api) -> None:
    ids = [record["id"] for record in reader.all("companies")][:50]
    answer = reader.post("/crm/v3/objects/companies/batch/read", {"inputs": [{"id": each} for each in ids]})
    found = [record["id"] for record in answer.json()["results"]]
    assert found != ids
    assert sorted(found) == sorted(ids)


def test_a_batch_takes_a_hundred_different_ids(reader: Api) -> None:
    ids = [record["id"] for record in reader.all("companies")]
    many = reader.post(
        "/crm/v3/objects/companies/batch/read", {"inputs": [{"id": each} for each in ids[:101]]}
    )
    assert (many.status_code, many.json()["category"]) == (400, "VALIDATION_ERROR")
    twice = reader.post("/crm/v3/objects/companies/batch/read", {"inputs": [{"id": ids[0]}] * 2})
    assert twice.status_code == 400
    assert twice.json()["message"] == f"Duplicate IDs found in batch input: [{ids[0]}]. IDs must be unique"


def test_a_list_can_bring_associations_along(reader: Api) -> None:
    deals = reader.all("deals", associations="companies")
    linked = [deal["associations"]["companies"]["results"] for deal in deals if "associations" in deal]
    assert 0 < len(deals) - len(linked) < len(deals) / 50  # a few deals have no company
    types = {link["type"] for links in linked for link in links}
    assert types == {"deal_to_company", "deal_to_company_unlabeled"}
    # One company comes once per type; some deals have a second company.
    assert any(len({link["id"] for link in links}) == 2 for links in linked)
    assert all(len(links) >= len({link["id"] for link in links}) for links in linked)


def test_computed_numbers_are_written_to_the_last_digit(reader: Api) -> None:
    deals = reader.all("deals", properties="hs_deal_stage_probability,dealstage,closedate")
    chances = {
        deal["properties"]["dealstage"]: deal["properties"]["hs_deal_stage_probability"] for deal in deals
    }
    assert chances["qualifiedtobuy"] == "0.4000000000000000222"
    assert (chances["closedwon"], chances["closedlost"]) == ("1", "0")
    assert {len(deal["properties"]["closedate"]) for deal in deals} == {
        20,
        24,
    }  # zero milliseconds are left out


def test_an_unknown_object_is_a_validation_error(reader: Api) -> None:
    answer = reader.get("/crm/v3/objects/unicorns")
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        "Unable to infer object type from: unicorns",
    )


def test_every_engagement_can_be_listed(shared: Sandbox, reader: Api) -> None:
    for name in ("calls", "emails", "meetings", "notes", "tasks", "orders", "tickets", "contacts"):
        assert len(reader.all(name)) == len(stored(shared, name)) > 0


def test_too_long_an_address_does_not_get_through(reader: Api) -> None:
    names = [f"property_number_{number}" for number in range(1_000)]
    answer = reader.get("/crm/v3/objects/companies", properties=",".join(names))
    assert answer.status_code == 414
    assert answer.headers["Content-Type"].startswith("text/html")
    body = {"inputs": [{"id": "1"}], "properties": names}
    assert reader.post("/crm/v3/objects/companies/batch/read", body).status_code == 207
