"""hubspot-sdk, HubSpot's Python client for dated paths, finds a portal in the sandbox, and its models fit.

The client checks every answer against its models (`_strict_response_validation`). It knows 2026-03; for 2026-09 the
version in its paths is exchanged on the way out.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import requests
from hubspot_sdk import APIResponseValidationError, BadRequestError, HubSpot, NotFoundError

from adapters.sandbox import Sandbox
from tests.clients.hubspot import IMPORT, NIGHTLY, live, table, values_file

# Set on every generated company: the models do not allow for null.
ALWAYS = ["name", "lifecyclestage", "createdate"]


@pytest.fixture(params=["2026-03", "2026-09"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(hubspot: Sandbox, version: str) -> Iterator[HubSpot]:
    def exchange(request: httpx.Request) -> None:
        request.url = request.url.copy_with(path=request.url.path.replace("2026-03", version))

    with (
        httpx.Client(event_hooks={"request": [exchange]}) as transport,
        HubSpot(
            access_token=NIGHTLY,
            base_url=hubspot.url,
            max_retries=0,
            http_client=transport,
            _strict_response_validation=True,
        ) as found,
    ):
        yield found


def until(ask: Callable[[], Any], ended: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + 60
    while not ended(answer := ask()):
        assert time.monotonic() < deadline, answer
        time.sleep(0.02)
    return answer


def test_it_pages_through_every_company_once(hubspot: Sandbox, client: HubSpot) -> None:
    found = list(client.crm.objects.companies.list(limit=100, properties=ALWAYS, associations=["deals"]))
    stored = live(hubspot)
    assert [each.id for each in found] == list(stored)
    assert all(each.properties["name"] == stored[each.id]["name"] for each in found)
    assert any(each.associations for each in found)


def test_it_pages_through_deals(hubspot: Sandbox, client: HubSpot) -> None:
    properties = ["dealname", "dealstage", "closedate", "hs_deal_stage_probability"]
    found = list(client.crm.objects.deals.list(limit=100, properties=properties))
    assert [each.id for each in found] == list(live(hubspot, "deals"))


def test_it_writes_and_reads_batches(hubspot: Sandbox, client: HubSpot) -> None:
    batch = client.crm.objects.companies.batch
    ids = list(live(hubspot))[:100]
    inputs = [{"id": record, "properties": {"city": f"City {n}"}} for n, record in enumerate(ids)]
    written = batch.update(inputs=inputs)
    assert written.status == "COMPLETE"
    assert {each.id: each.properties["city"] for each in written.results} == {
        each["id"]: each["properties"]["city"] for each in inputs
    }
    read = batch.get(
        inputs=[{"id": record} for record in ids], properties=["city"], properties_with_history=[]
    )
    assert sorted(each.id for each in read.results) == sorted(ids)
    former = batch.get(
        inputs=[{"id": ids[0]}], properties=["city"], properties_with_history=["city"]
    ).results[0]
    assert former.properties_with_history is not None
    assert former.properties_with_history["city"][0].value == "City 0"


def test_it_searches_to_the_last_page(hubspot: Sandbox, client: HubSpot) -> None:
    found: list[str] = []
    after = "0"
    while True:
        page = client.crm.objects.companies.search(
            filter_groups=[
                {"filters": [{"property_name": "createdate", "operator": "GTE", "value": "1000000000000"}]}
            ],
            properties=["name"],
            sorts=["createdate"],
            limit=200,
            after=after,
        )
        found += [each.id for each in page.results]
        assert page.total == len(live(hubspot))
        if page.paging is None or page.paging.next is None:
            break
        after = page.paging.next.after
    assert sorted(found) == sorted(live(hubspot))


def test_it_exports(hubspot: Sandbox, client: HubSpot) -> None:
    task = client.crm.exports.create_async(
        associated_object_type=["COMPANY"],
        export_internal_values_options=["NAMES", "VALUES"],
        export_name="All deals",
        export_type="VIEW",
        format="CSV",
        include_labeled_associations=True,
        include_primary_display_property_for_associated_objects=False,
        language="EN",
        object_properties=["dealname", "amount"],
        object_type="DEAL",
        override_associated_objects_per_definition_per_row_limit=True,
    )
    number = int(task.id)
    done = until(lambda: client.crm.exports.get_status(number), lambda each: each.status == "COMPLETE")
    rows = table(requests.get(done.result, timeout=30).text)
    assert {row["hs_object_id"] for row in rows} == set(live(hubspot, "deals"))
    assert any(row["Associated Company IDs (Primary)"] for row in rows)
    export = client.crm.exports.get(number)
    assert (export.export_state, export.record_count) == ("DONE", len(rows))


def test_it_imports(hubspot: Sandbox, client: HubSpot) -> None:
    first, second = list(live(hubspot))[:2]
    text = values_file([(first, "4712"), (second, "lots")])
    started = client.crm.imports.create(
        files=("values.csv", text.encode(), "text/csv"), import_request=json.dumps(IMPORT)
    )
    number = int(started.id)
    done = until(lambda: client.crm.imports.get(number), lambda each: each.state in ("DONE", "FAILED"))
    assert (done.state, done.metadata.counters["UPDATED_OBJECTS"]) == ("DONE", 1)
    [error] = client.crm.imports.list_errors(number, include_row_data=True, include_error_message=True)
    assert (error.error_type, error.source_data.row_data) == ("COULD_NOT_PARSE_NUMBER", [second, "lots"])
    assert started.id in {each.id for each in client.crm.imports.list()}
    assert live(hubspot)[first]["kpm_wallet"] == "4712"


def test_it_merges(hubspot: Sandbox, client: HubSpot) -> None:
    primary, other = list(live(hubspot))[-2:]
    survivor = client.crm.objects.companies.merge(primary_object_id=primary, object_id_to_merge=other)
    assert survivor.id in live(hubspot)
    assert not {primary, other} & set(live(hubspot))


def test_it_reads_definitions_pipelines_owners_and_the_account(client: HubSpot) -> None:
    names = {each.name for each in client.crm.properties.list("companies").results}
    assert {"name", "kpm_wallet", "hs_lastmodifieddate"} <= names
    assert client.crm.properties.get("kpm_chemistry", object_type="companies").options
    [*lines] = client.crm.pipelines.list("deals").results
    assert {stage.metadata["isClosed"] for line in lines for stage in line.stages} == {"true", "false"}
    assert list(client.crm.owners.list(limit=100))


def test_it_creates_and_changes_definitions(version: str, client: HubSpot) -> None:
    admin = client.with_options(access_token="sandbox-admin-token")
    name = f"kpm_by_sdk_{version.replace('-', '_')}"
    created = admin.crm.properties.create(
        "companies",
        name=name,
        label="By the SDK",
        type="enumeration",
        field_type="select",
        group_name="companyinformation",
        options=[{"label": "One", "value": "1", "display_order": 0, "hidden": False}],
    )
    assert created.name == name
    renamed = admin.crm.properties.update(name, object_type="companies", label="Renamed")
    assert renamed.label == "Renamed"
    admin.crm.properties.delete(name, object_type="companies")
    with pytest.raises(NotFoundError):
        admin.crm.properties.get(name, object_type="companies")


def test_it_explains_and_renews_tokens(client: HubSpot) -> None:
    secret = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
    granted = client.auth.oauth.create_token(
        grant_type="refresh_token", refresh_token="sandbox-refresh-token", **secret
    )
    told = client.auth.oauth.introspect_token(token=granted.access_token, **secret)
    assert told.active
    assert "crm.objects.companies.read" in told.scopes
    assert told.token_use == "access_token"
    client.auth.oauth.revoke_token(token=granted.access_token, **secret)
    with pytest.raises(APIResponseValidationError):
        client.auth.oauth.introspect_token(token=granted.access_token, **secret)


def test_refusals_arrive_as_the_clients_errors(client: HubSpot) -> None:
    with pytest.raises(BadRequestError) as refused:
        client.crm.objects.companies.batch.update(
            inputs=[{"id": "12", "properties": {"no_such_property": "1"}}]
        )
    assert "PROPERTY_DOESNT_EXIST" in str(refused.value)
    with pytest.raises(NotFoundError):
        client.crm.objects.companies.get("12")


def test_what_portals_send_and_the_models_do_not_foresee(hubspot: Sandbox, client: HubSpot) -> None:
    """Null for a property without a value, and numbers in `toObjectId`: observed, so the sandbox keeps to it."""
    empty = next(record for record, values in live(hubspot).items() if values["kpm_wallet"] is None)
    with pytest.raises(APIResponseValidationError):
        client.crm.objects.companies.get(empty, properties=["kpm_wallet"])
    deals = list(live(hubspot, "deals"))[:50]
    given = {"from_object_type": "deals", "inputs": [{"id": deal} for deal in deals]}
    with pytest.raises(APIResponseValidationError):
        client.crm.associations.batch.get("companies", **given)
    lenient = HubSpot(access_token=NIGHTLY, base_url=hubspot.url, max_retries=0)
    linked = lenient.crm.associations.batch.get("companies", **given)
    assert {each.from_.id for each in linked.results} <= set(deals)
    assert all(str(target.to_object_id).isdigit() for each in linked.results for target in each.to)
    assert (
        lenient.crm.objects.companies.get(empty, properties=["kpm_wallet"]).properties["kpm_wallet"] is None
    )
    lenient.close()
