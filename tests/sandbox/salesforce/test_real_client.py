"""The sandbox through simple-salesforce, as other people's code would use it."""

from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceResourceNotFound

from adapters.sandbox import Sandbox


class _Loopback(HTTPAdapter):
    """The library insists on https; the sandbox speaks http."""

    def send(self, request: requests.PreparedRequest, *args: object, **kwargs: object) -> requests.Response:
        parts = urlsplit(str(request.url))
        request.url = urlunsplit(parts._replace(scheme="http"))
        return super().send(request, *args, **kwargs)  # type: ignore[arg-type]


@pytest.fixture
def library(sandbox: Sandbox) -> Salesforce:
    session = requests.Session()
    session.mount("https://", _Loopback())
    token = requests.post(
        f"{sandbox.url}/services/oauth2/token",
        data={
            "grant_type": "client_credentials",
            "client_id": "sandbox-sync",
            "client_secret": "sandbox-secret",
        },
        timeout=10,
    ).json()["access_token"]
    host = sandbox.url.removeprefix("http://")
    return Salesforce(instance=host, session_id=token, session=session, version="60.0")


def test_describe_query_and_single_records(library: Salesforce) -> None:
    assert library.Account.describe()["name"] == "Account"
    found = library.query_all("SELECT Id, Name FROM Opportunity")
    assert len(found["records"]) == found["totalSize"] > 1_000
    target = library.query("SELECT Id FROM Account LIMIT 1")["records"][0]["Id"]
    assert library.Account.update(target, {"Phone": "77"}) == 204
    assert library.Account.get(target)["Phone"] == "77"
    with pytest.raises(SalesforceResourceNotFound):
        library.Account.get("001000000000000AAA")
    with pytest.raises(SalesforceMalformedRequest):
        library.query("SELECT Nope FROM Account")


def test_tooling_and_limits(library: Salesforce) -> None:
    assert library.limits()["DailyApiRequests"]["Max"] > 0
    assert library.restful("sobjects")["sobjects"]
    assert library.api_usage["api-usage"].used > 0


def test_bulk2_update_and_query(library: Salesforce) -> None:
    targets = [record["Id"] for record in library.query("SELECT Id FROM Account LIMIT 5")["records"]]
    records = [{"Id": target, "Phone": f"+43 {number}"} for number, target in enumerate(targets)]
    result = library.bulk2.Account.update(records=records, wait=1)
    assert [(job["numberRecordsProcessed"], job["numberRecordsFailed"]) for job in result] == [(5, 0)]
    pages = list(
        library.bulk2.Account.query("SELECT Id, Phone FROM Account WHERE Phone LIKE '+43 %'", max_records=2)
    )
    assert sum(page.count("+43") for page in pages) == 5
