"""What Salesforce says, and what a person reads."""

from __future__ import annotations

from pathlib import Path

import pytest
import responses

from adapters.retry import Limits
from adapters.salesforce import SalesforceCrm
from adapters.salesforce.jobs import failure
from connector.crm import PullRequest
from connector.errors import CrmAuthError, CrmError, CrmRequestError, CrmTemporaryError
from tests.contract.fake import Jobs
from tests.unit.adapters.salesforce.conftest import DATA, HOST, TOKEN, connection
from tests.unit.adapters.salesforce.test_ingest import changes

QUERY = f"{DATA}/query/"
DESCRIBE = f"{DATA}/sobjects/Account/describe"
MAINTENANCE = b"<html><head><style>p{}</style></head><body><p>We are down for maintenance.</p></body></html>"


def error(code: str, message: str, **more: object) -> list[dict[str, object]]:
    return [{"errorCode": code, "message": message, **more}]


def raised(crm: SalesforceCrm) -> CrmError:
    with pytest.raises(CrmError) as caught:
        crm.stages()
    assert TOKEN not in str(caught.value)
    return caught.value


def test_a_used_up_day_is_temporary_and_not_tried_again(
    answers: responses.RequestsMock, crm: SalesforceCrm
) -> None:
    text = "TotalRequests Limit exceeded."
    answers.get(QUERY, json=error("REQUEST_LIMIT_EXCEEDED", text), status=403)
    problem = raised(crm)
    assert isinstance(problem, CrmTemporaryError)
    assert problem.code == "REQUEST_LIMIT_EXCEEDED"
    assert text in str(problem)
    assert len(answers.calls) == 1


def test_too_many_requests_at_once_pass(answers: responses.RequestsMock, crm: SalesforceCrm) -> None:
    text = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
    answers.get(QUERY, json=error("REQUEST_LIMIT_EXCEEDED", text), status=403)
    answers.get(QUERY, json={"totalSize": 0, "done": True, "records": []})
    assert crm.stages() == {"": ()}


def test_an_expired_token_without_renewal_says_where_the_new_one_goes(
    answers: responses.RequestsMock, crm: SalesforceCrm
) -> None:
    answers.get(QUERY, json=error("INVALID_SESSION_ID", "Session expired or invalid"), status=401)
    problem = raised(crm)
    assert isinstance(problem, CrmAuthError)
    assert "ACCESS_TOKEN" in str(problem)
    assert len(answers.calls) == 1


def test_a_bad_token_at_userinfo_is_an_expired_one(
    answers: responses.RequestsMock, crm: SalesforceCrm
) -> None:
    answers.get(f"{HOST}/services/oauth2/userinfo", body="Bad_OAuth_Token", status=403)
    with pytest.raises(CrmAuthError):
        crm.user()


def test_a_malformed_query_is_our_mistake(answers: responses.RequestsMock, crm: SalesforceCrm) -> None:
    text = "unexpected token: 'FROM'"
    answers.get(QUERY, json=error("MALFORMED_QUERY", text), status=400)
    problem = raised(crm)
    assert isinstance(problem, CrmRequestError)
    assert text in str(problem)
    assert len(answers.calls) == 1


def test_an_html_page_is_shown_as_text(answers: responses.RequestsMock, crm: SalesforceCrm) -> None:
    answers.get(QUERY, body=MAINTENANCE, status=503, content_type="text/html")
    problem = raised(crm)
    assert isinstance(problem, CrmTemporaryError)
    assert "We are down for maintenance." in str(problem)
    assert "<" not in str(problem)
    assert len(answers.calls) == 3


def test_an_html_page_instead_of_json_is_tried_again(
    answers: responses.RequestsMock, crm: SalesforceCrm
) -> None:
    answers.get(QUERY, body=MAINTENANCE, status=200, content_type="text/html")
    answers.get(QUERY, json={"totalSize": 0, "done": True, "records": []})
    assert crm.stages() == {"": ()}


def test_bytes_that_are_no_text_are_no_second_error(
    answers: responses.RequestsMock, crm: SalesforceCrm
) -> None:
    answers.get(QUERY, body=b"\xff\xfe\x00", status=400)
    assert isinstance(raised(crm), CrmRequestError)


def test_a_missing_column_names_field_object_and_fix(
    answers: responses.RequestsMock, crm: SalesforceCrm
) -> None:
    text = "No such column 'ApiName' on sobject of type OpportunityStage"
    answers.get(QUERY, json=error("INVALID_FIELD", text), status=400)
    problem = raised(crm)
    assert "OpportunityStage has no field ApiName, or the connected user may not see it" in str(problem)
    assert "kpm provision" in str(problem)
    assert text in str(problem)


def test_an_object_that_the_org_lacks(answers: responses.RequestsMock, crm: SalesforceCrm) -> None:
    answers.get(
        f"{DATA}/sobjects/Order/describe",
        json=error("NOT_FOUND", "The requested resource does not exist"),
        status=404,
    )
    with pytest.raises(CrmRequestError, match="no object Order") as caught:
        crm.describe("orders")
    assert caught.value.code == "OBJECT_NOT_FOUND"


def test_a_hidden_object_in_a_query_is_a_missing_object(
    answers: responses.RequestsMock, crm: SalesforceCrm
) -> None:
    text = "\nSELECT ApiName FROM OpportunityStage\n^\nsObject type 'OpportunityStage' is not supported. If you are"
    answers.get(QUERY, json=error("INVALID_TYPE", text), status=400)
    assert raised(crm).code == "OBJECT_NOT_FOUND"


def test_a_missing_right_is_a_matter_of_credentials(
    answers: responses.RequestsMock, crm: SalesforceCrm
) -> None:
    answers.get(
        QUERY, json=error("API_DISABLED_FOR_ORG", "API is not enabled for this Organization"), status=403
    )
    assert isinstance(raised(crm), CrmAuthError)


def test_an_unknown_host_is_named() -> None:
    lost = SalesforceCrm.open(
        connection(auth="access_token", instance_url="https://no-such-host.invalid", access_token=TOKEN),
        time_zone="Europe/Vienna",
        limits=Limits(attempts=2, first_wait=0.001),
    )
    with pytest.raises(CrmTemporaryError, match=r"no-such-host\.invalid"):
        lost.stages()
    lost.close()


def test_a_closed_port_is_temporary() -> None:
    lost = SalesforceCrm.open(
        connection(auth="access_token", instance_url="http://127.0.0.1:9", access_token=TOKEN),
        time_zone="Europe/Vienna",
        limits=Limits(attempts=2, first_wait=0.001),
    )
    with pytest.raises(CrmTemporaryError, match="2 times"):
        lost.describe("accounts")
    lost.close()


def test_an_unknown_field_is_found_before_anything_is_read(
    answers: responses.RequestsMock, crm: SalesforceCrm, tmp_path: Path
) -> None:
    answers.get(DESCRIBE, json={"fields": [{"name": "Id", "type": "id"}]})
    answers.get(f"{HOST}/services/oauth2/userinfo", json={"preferred_username": "sync@acme.example"})
    for name in ("Nmae", "Name FROM Account", "Owner.Nmae"):
        with pytest.raises(CrmRequestError) as caught:
            crm.pull(PullRequest("accounts", (name,)), tmp_path)
        assert name in str(caught.value)
        assert "the user sync@acme.example" in str(caught.value)
    assert len(answers.calls) == 2


# Bodies as public integrations have met them, composed anew.


def test_a_type_error_is_a_whole_request_refused(answers: responses.RequestsMock, crm: SalesforceCrm) -> None:
    text = (
        "Cannot deserialize instance of double from VALUE_STRING value many or request may be missing a required "
        "field at [line:1, column:96]"
    )
    answers.patch(f"{DATA}/composite/sobjects", json=error("JSON_PARSER_ERROR", text), status=400)
    with pytest.raises(CrmRequestError, match="JSON_PARSER_ERROR") as caught:
        list(crm.write([changes(["001A"], "many")], 1, Jobs()))
    assert text in str(caught.value)
    assert len(answers.calls) == 1


@pytest.mark.parametrize("method", ["rest", "bulk"])
def test_a_malformed_query_names_its_place(
    answers: responses.RequestsMock, tmp_path: Path, method: str
) -> None:
    text = "\nSELECT Id, FROM Case\n           ^\nERROR at Row:1:Column:12\nunexpected token: 'FROM'"
    fields = [{"name": "Id", "type": "id"}, {"name": "AccountId", "type": "reference"}]
    answers.get(f"{DATA}/sobjects/Case/describe", json={"fields": fields})
    place = (answers.get, QUERY) if method == "rest" else (answers.post, f"{DATA}/jobs/query")
    place[0](place[1], json=error("MALFORMED_QUERY", text), status=400)
    given = connection(auth="access_token", instance_url=HOST, access_token=TOKEN, load_method=method)
    opened = SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=Limits(attempts=3))
    with pytest.raises(CrmRequestError, match="MALFORMED_QUERY") as caught:
        opened.pull(PullRequest("cases", ()), tmp_path)
    assert "Column:12" in str(caught.value)


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("InvalidBatch : Field name not found : KPM_Wyh__c", "has no field KPM_Wyh__c"),
        (
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
            "mistake",
        ),
    ],
)
def test_an_invalid_batch_is_explained(
    answers: responses.RequestsMock, crm: SalesforceCrm, words: str, meaning: str
) -> None:
    answers.get(f"{HOST}/services/oauth2/userinfo", json={"preferred_username": "kpm@acme.example"})
    job = {"id": "750A", "state": "Failed", "errorMessage": words}
    found = failure(crm._org, "write accounts", job)
    assert isinstance(found, CrmRequestError)
    assert meaning in str(found)
    assert words in str(found)


def test_a_locked_row_keeps_salesforces_words(answers: responses.RequestsMock, crm: SalesforceCrm) -> None:
    text = "unable to obtain exclusive access to this record or 1 records: 001A"
    row = {"success": False, "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": text, "fields": []}]}
    answers.patch(f"{DATA}/composite/sobjects", json=[row])
    (result,) = crm.write([changes(["001A"], "x")], 1, Jobs())
    assert result.to_pylist()[0]["message"] == text


@pytest.mark.parametrize("status", [500, 502, 503, 520])
def test_pages_of_gateways_pass(answers: responses.RequestsMock, crm: SalesforceCrm, status: int) -> None:
    answers.get(QUERY, body=MAINTENANCE, status=status, content_type="text/html")
    answers.get(QUERY, json={"totalSize": 0, "done": True, "records": []})
    assert crm.stages() == {"": ()}


def test_a_page_of_a_gateway_in_the_middle_of_a_job(answers: responses.RequestsMock, tmp_path: Path) -> None:
    fields = [{"name": "Id", "type": "id"}, {"name": "AccountId", "type": "reference"}]
    answers.get(f"{DATA}/sobjects/Case/describe", json={"fields": fields})
    answers.post(f"{DATA}/jobs/query", json={"id": "750A", "state": "UploadComplete"})
    answers.get(f"{DATA}/jobs/query/750A", body=MAINTENANCE, status=503, content_type="text/html")
    answers.get(
        f"{DATA}/jobs/query/750A", json={"id": "750A", "state": "JobComplete", "numberRecordsProcessed": 1}
    )
    results = f"{DATA}/jobs/query/750A/results"
    answers.get(results, body=MAINTENANCE, status=200, content_type="text/html")
    answers.get(results, body='"Id","AccountId"\n"500A",""\n', headers={"Sforce-Locator": "null"})
    given = connection(auth="access_token", instance_url=HOST, access_token=TOKEN, load_method="bulk")
    opened = SalesforceCrm.open(given, time_zone="Europe/Vienna", limits=Limits(attempts=3, first_wait=0.001))
    assert opened.pull(PullRequest("cases", ()), tmp_path).rows == 1
