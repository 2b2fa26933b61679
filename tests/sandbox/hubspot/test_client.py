"""HubSpot's own client library works against the sandbox."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from hubspot import HubSpot
from hubspot.crm.associations.v4 import (
    BatchInputPublicFetchAssociationsBatchRequest,
    PublicFetchAssociationsBatchRequest,
)
from hubspot.crm.companies import (
    ApiException,
    BatchInputSimplePublicObjectBatchInput,
    BatchReadInputSimplePublicObjectId,
    PublicObjectSearchRequest,
    SimplePublicObjectBatchInput,
    SimplePublicObjectId,
)
from hubspot.crm.exports import PublicExportViewRequest
from hubspot.crm.properties import OptionInput, PropertyCreate, PropertyUpdate
from hubspot.oauth import ApiException as OAuthError

from adapters.sandbox import Sandbox

NIGHTLY = "sandbox-token"


def client(sandbox: Sandbox, token: str = NIGHTLY) -> HubSpot:
    return HubSpot(access_token=token, host=sandbox.url)


def test_listing_and_batches(sandbox: Sandbox) -> None:
    companies = client(sandbox).crm.companies
    page = companies.basic_api.get_page(limit=20, properties=["name", "kpm_wallet"])
    assert len(page.results) == 20
    assert page.paging.next.after == str(int(page.results[-1].id) + 1)
    ids = [record.id for record in page.results]
    read = companies.batch_api.read(
        BatchReadInputSimplePublicObjectId(
            properties=["name"],
            properties_with_history=[],
            inputs=[SimplePublicObjectId(id=record) for record in ids],
        )
    )
    assert sorted(record.id for record in read.results) == sorted(ids)
    inputs = [SimplePublicObjectBatchInput(id=record, properties={"kpm_wallet": "5000"}) for record in ids]
    written = companies.batch_api.update(BatchInputSimplePublicObjectBatchInput(inputs=inputs))
    assert {record.properties["kpm_wallet"] for record in written.results} == {"5000"}
    found = companies.search_api.do_search(
        PublicObjectSearchRequest(
            filter_groups=[{"filters": [{"propertyName": "kpm_wallet", "operator": "EQ", "value": "5000"}]}],
            properties=["kpm_wallet"],
            limit=100,
        )
    )
    assert {record.id for record in found.results} >= set(ids)
    assert len(client(sandbox).crm.deals.get_all(properties=["amount"])) == sum(
        1 for each in sandbox.dump("hubspot", "deals") if each["state"] == "live"
    )


def test_definitions(sandbox: Sandbox) -> None:
    properties = client(sandbox, "sandbox-admin-token").crm.properties
    created = properties.core_api.create(
        "companies",
        PropertyCreate(
            name="kpm_confidence",
            label="Confidence",
            type="enumeration",
            field_type="radio",
            group_name="companyinformation",
            options=[OptionInput(label="firm", value="firm", display_order=0, hidden=False)],
        ),
    )
    assert (created.name, created.options[0].value) == ("kpm_confidence", "firm")
    renamed = properties.core_api.update("companies", "kpm_confidence", PropertyUpdate(label="How sure"))
    assert renamed.label == "How sure"
    assert "kpm_confidence" in [each.name for each in properties.core_api.get_all("companies").results]
    properties.core_api.archive("companies", "kpm_confidence")
    assert [group.name for group in properties.groups_api.get_all("companies").results]


def test_settings_and_associations(sandbox: Sandbox) -> None:
    api = client(sandbox)
    assert (
        api.crm.pipelines.pipelines_api.get_all("deals").results[0].stages[0].metadata["isClosed"] == "false"
    )
    assert api.crm.owners.owners_api.get_page(limit=100).results
    deals = [record.id for record in api.crm.deals.basic_api.get_page(limit=10).results]
    answer = api.crm.associations.v4.batch_api.get_page(
        "deals",
        "companies",
        BatchInputPublicFetchAssociationsBatchRequest(
            inputs=[PublicFetchAssociationsBatchRequest(id=deal) for deal in deals]
        ),
    )
    assert {result._from.id for result in answer.results} <= set(deals)
    assert answer.results[0].to[0].association_types


def test_errors_arrive_as_the_clients_exceptions(sandbox: Sandbox) -> None:
    with pytest.raises(ApiException) as refused:
        client(sandbox, "sandbox-limited-token").crm.companies.basic_api.archive("1")
    assert refused.value.status == 403
    with pytest.raises(ApiException) as missing:
        client(sandbox).crm.companies.basic_api.get_by_id("1")
    assert missing.value.status == 404
    tokens = client(sandbox).oauth.tokens_api
    granted = tokens.create(
        grant_type="refresh_token",
        client_id="sandbox-client",
        client_secret="sandbox-secret",
        refresh_token="sandbox-refresh-token",
    )
    assert granted.expires_in == 1_800
    with pytest.raises(OAuthError):
        tokens.create(grant_type="refresh_token", client_id="x", client_secret="x", refresh_token="x")


def test_exports_and_imports(sandbox: Sandbox, tmp_path: Path) -> None:
    api = client(sandbox)
    request = PublicExportViewRequest(
        export_type="VIEW",
        format="CSV",
        export_name="Companies",
        object_properties=["name"],
        object_type="COMPANY",
        language="EN",
        export_internal_values_options=["NAMES", "VALUES"],
        override_associated_objects_per_definition_per_row_limit=False,
    )
    exports = api.crm.exports.public_exports_api
    task = exports.start(request)
    done = _until(lambda: exports.get_status(int(task.id)), lambda answer: answer.status == "COMPLETE")
    lines = requests.get(done.result, timeout=30).text.splitlines()
    assert lines[0] == '"hs_object_id","name"'
    record = lines[1].split(",")[0].strip('"')
    mapped = [
        {"columnObjectTypeId": "0-2", "columnName": "id", "columnType": "HUBSPOT_OBJECT_ID"},
        {"columnObjectTypeId": "0-2", "columnName": "wallet", "propertyName": "kpm_wallet"},
    ]
    page = {"hasHeader": True, "columnMappings": mapped}
    given = {
        "name": "Values",
        "importOperations": {"0-2": "UPDATE"},
        "files": [{"fileName": "values.csv", "fileFormat": "CSV", "fileImportPage": page}],
    }
    imports = api.crm.imports
    file = tmp_path / "values.csv"
    file.write_text(f"id,wallet\n{record},12\n{record},x\n", encoding="utf-8")
    started = imports.core_api.create(import_request=json.dumps(given), files=str(file))
    ended = _until(
        lambda: imports.core_api.get_by_id(int(started.id)), lambda answer: answer.state in ("DONE", "FAILED")
    )
    assert ended.metadata.counters["UPDATED_OBJECTS"] == 1
    [error] = imports.public_imports_api.get_errors(int(started.id), include_row_data=True).results
    assert (error.error_type, error.source_data.row_data) == ("COULD_NOT_PARSE_NUMBER", [record, "x"])


def _until(ask: Callable[[], Any], ended: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + 60
    while not ended(answer := ask()):
        assert time.monotonic() < deadline, answer
        time.sleep(0.02)
    return answer
