"""Account, owners, pipelines and currencies."""

from __future__ import annotations

from adapters.sandbox import Sandbox
from tests.sandbox.hubspot.conftest import TODAY, Api


def test_the_account(reader: Api) -> None:
    body = reader.get("/account-info/v3/details").json()
    assert (body["companyCurrency"], body["timeZone"], body["utcOffset"]) == (
        "EUR",
        "Europe/Vienna",
        "+01:00",
    )
    assert body["additionalCurrencies"] == ["CHF", "GBP", "USD"]
    usage = reader.get("/account-info/v3/api-usage/daily/private-apps").json()["results"][0]
    assert 0 < usage["currentUsage"] < usage["usageLimit"]


def test_flags_and_numbers_of_stages_are_text(reader: Api) -> None:
    lines = reader.get("/crm/v3/pipelines/deals").json()["results"]
    assert lines[0]["id"] == "default"
    stages = {stage["id"]: stage["metadata"] for line in lines for stage in line["stages"]}
    assert stages["closedwon"] == {"isClosed": "true", "probability": "1.0"}
    assert stages["qualifiedtobuy"] == {"isClosed": "false", "probability": "0.4"}
    tickets = reader.get("/crm/v3/pipelines/tickets/0/stages").json()["results"]
    assert tickets[-1]["metadata"] == {"ticketState": "CLOSED", "isClosed": "true"}


def test_every_deal_is_in_a_stage_of_its_pipeline(shared: Sandbox, reader: Api) -> None:
    lines = reader.get("/crm/v3/pipelines/deals").json()["results"]
    stages = {(line["id"], stage["id"]) for line in lines for stage in line["stages"]}
    found = {
        (p["pipeline"], p["dealstage"])
        for p in (each["properties"] for each in shared.dump("hubspot", "deals"))
    }
    assert found <= stages
    assert {line for line, _ in found} == {"default", "98720000"}


def test_a_missing_pipeline_is_an_empty_404(reader: Api) -> None:
    answer = reader.get("/crm/v3/pipelines/deals/nope")
    assert (answer.status_code, answer.content) == (404, b"")


def test_owners(shared: Sandbox, reader: Api) -> None:
    active = reader.get("/crm/v3/owners", limit=3).json()
    rest = reader.get("/crm/v3/owners", limit=500, after=active["paging"]["next"]["after"]).json()["results"]
    left = reader.get("/crm/v3/owners", archived="true").json()["results"]
    known = {owner["id"] for owner in [*active["results"], *rest, *left]}
    used = {each["properties"]["hubspot_owner_id"] for each in shared.dump("hubspot", "companies")}
    assert used <= known
    one = active["results"][0]
    assert reader.get(f"/crm/v3/owners/{one['id']}").json() == one
    assert reader.get("/crm/v3/owners", email=one["email"]).json()["results"] == [one]


def test_rates_convert_into_the_home_currency(shared: Sandbox, reader: Api) -> None:
    current = reader.get("/settings/v3/currencies/exchange-rates/current").json()["results"]
    assert {rate["fromCurrencyCode"] for rate in current} == {"CHF", "GBP", "USD"}
    history: list[dict[str, str]] = []
    page = reader.get("/settings/v3/currencies/exchange-rates", limit=20).json()
    while True:
        history += page["results"]
        if "paging" not in page:
            break
        page = reader.session.get(page["paging"]["next"]["link"], timeout=30).json()
    assert all(rate["toCurrencyCode"] == "EUR" for rate in history)
    checked = 0
    for deal in shared.dump("hubspot", "deals"):
        values = deal["properties"]
        if values["deal_currency_code"] == "EUR" or values["amount"] is None:
            continue
        day = values["closedate"]
        known = [rate for rate in history if rate["fromCurrencyCode"] == values["deal_currency_code"]]
        rate = max(
            (each for each in known if each["effectiveAt"] <= day), key=lambda each: each["effectiveAt"]
        )
        expected = float(values["amount"]) * float(rate["conversionRate"])
        assert abs(float(values["amount_in_home_currency"]) - expected) < 0.011
        checked += 1
    assert checked > 50


def test_a_portal_with_one_currency() -> None:
    with Sandbox(crms=("hubspot",), accounts=60, seed=3, today=TODAY, multi_currency=False) as plain:
        api = Api(plain)
        assert api.get("/account-info/v3/details").json()["additionalCurrencies"] == []
        assert api.get("/crm/v3/properties/deals/deal_currency_code").status_code == 404
        assert api.get("/settings/v3/currencies/exchange-rates/current").json()["results"] == []
        assert api.all("deals", properties="amount")
