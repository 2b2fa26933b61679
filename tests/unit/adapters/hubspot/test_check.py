from __future__ import annotations

from datetime import date

import pytest

from adapters.sandbox.server import Sandbox
from connector.crm import FieldSpec, FieldType, Finding, Needs
from connector.errors import CrmAuthError
from tests.unit.adapters.hubspot.conftest import Open
from tests.unit.adapters.hubspot.scripted import Answer, Scripted


def levels(findings: list[Finding]) -> dict[str, str]:
    return {finding.what: finding.level for finding in findings}


def test_a_good_connection(portal: Sandbox, opened: Open) -> None:
    findings = opened(portal.url).check()
    assert {finding.level for finding in findings} == {"ok"}
    by_what = {finding.what: finding.message for finding in findings}
    assert "14871030" in by_what["login"]
    assert "650,000" in by_what["API quota"]
    assert "294" in by_what["number of companies"]
    assert {"scope crm.export", "scope crm.import", "visibility"} <= by_what.keys()


def test_missing_scopes_are_named_one_by_one(portal: Sandbox, opened: Open) -> None:
    found = levels(opened(portal.url, access_token="sandbox-limited-token").check())
    assert found["scope crm.objects.companies.read"] == "ok"
    assert found["scope crm.objects.deals.read"] == "error"
    assert found["scope crm.objects.companies.write"] == "error"
    assert found["scope crm.objects.orders.read"] == "warning"
    assert found["scope settings.currencies.read or multi-currency-read"] == "warning"


@pytest.mark.parametrize(
    ("api_version", "method", "path"),
    [("v3", "GET", "/oauth/v1/access-tokens/{id}"), ("2026-03", "POST", "/oauth/2026-03/token/introspect")],
)
def test_an_apps_scopes_are_asked_for_without_showing_its_token(
    server: Scripted, opened: Open, api_version: str, method: str, path: str
) -> None:
    told = Answer({"user": "ops@acme.example", "user_id": 7, "scopes": ["crm.objects.companies.read"]})
    server.on("/token", Answer({"access_token": "app-token", "expires_in": 1800}))
    server.on("/introspect", told)
    server.on("/access-tokens/app-token", told)
    server.on("/details", Answer({"portalId": 5, "accountType": "STANDARD"}))
    crm = opened(
        server.url,
        api_version=api_version,
        auth="refresh_token",
        client_id="app",
        client_secret="sandbox-secret",
        refresh_token="refresh",
    )
    found = levels(crm.check())
    assert crm.user() == "user ops@acme.example"
    assert found["scope crm.objects.companies.read"] == "ok"
    assert found["scope crm.objects.deals.read"] == "error"
    assert crm.usage().calls[f"{method} {path}"] == 1
    assert "app-token" not in str(crm.usage().calls)
    if method == "POST":
        (asked,) = server.to("/introspect")
        assert (asked.body["token"], asked.body["client_id"]) == (["app-token"], ["app"])


@pytest.mark.parametrize("token", ["sandbox-revoked-token", "undecodable-token", "nonsense"])
def test_a_token_that_is_not_accepted_raises(portal: Sandbox, opened: Open, token: str) -> None:
    with pytest.raises(CrmAuthError, match="the access token is wrong") as caught:
        opened(portal.url, access_token=token).check()
    assert token not in str(caught.value)


def test_a_key_that_sees_its_teams_companies_alone_is_found_out(portal: Sandbox, opened: Open) -> None:
    findings = {each.what: each for each in opened(portal.url, access_token="sandbox-team-token").check()}
    assert findings["visibility"].level == "error"
    assert "limited to a team" in findings["visibility"].message
    assert "companies that the first 100 deals belong to" in findings["visibility"].message


@pytest.mark.parametrize(
    ("method", "few", "level"),
    [("bulk", 5_000, "warning"), ("auto", 10, "warning"), ("auto", 5_000, "ok"), ("rest", 10, None)],
)
def test_scopes_of_exports_and_imports_are_needed_for_many_records(
    portal: Sandbox,
    opened: Open,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    few: int,
    level: str | None,
) -> None:
    monkeypatch.setattr("adapters.hubspot.check.FEW", few)
    crm = opened(portal.url, access_token="sandbox-limited-token", load_method=method)
    found = {each.what: each for each in crm.check()}
    for name in ("crm.export", "crm.import"):
        finding = found.get(f"scope {name}")
        assert (finding and finding.level) == level
        assert level != "warning" or "instead" in finding.message


def test_an_app_whose_scopes_hubspot_does_not_tell_is_tried_out(server: Scripted, opened: Open) -> None:
    server.on("/access-token-info", Answer({"message": "no key"}, 404))
    server.on("/details", Answer({"portalId": 5, "accountType": "STANDARD"}))
    server.on("/properties/deals", Answer({"category": "MISSING_SCOPES", "message": "no"}, 403))
    server.on("/objects/companies/search", Answer({"total": 0, "results": []}))
    crm = opened(server.url, api_version="2026-03")
    server.on("/properties/2026-03/companies", Answer({"results": []}))
    server.on("/properties/2026-03/deals", Answer({"category": "MISSING_SCOPES", "message": "no"}, 403))
    server.on("/objects/2026-03/companies/search", Answer({"total": 0, "results": []}))
    server.on("/objects/2026-03/deals/search", Answer({"category": "MISSING_SCOPES", "message": "no"}, 403))
    found = levels(crm.check())
    assert found == {
        "login": "ok",
        "API version": "ok",
        "object companies": "ok",
        "object deals": "error",
        "object contacts": "warning",
        "object tickets": "warning",
        "number of companies": "warning",
        "API quota": "ok",
    }
    assert crm.user() == "the app"


def test_a_day_nearly_used_up_is_a_warning(own_portal: Sandbox, opened: Open) -> None:
    own_portal.quota("hubspot", limit=1_000, used=900)
    assert levels(opened(own_portal.url).check())["API quota"] == "warning"


def test_currencies_with_their_history(portal: Sandbox, opened: Open) -> None:
    currencies = opened(portal.url).currencies()
    assert currencies.home == "EUR"
    francs = [rate for rate in currencies.rates if rate.currency == "CHF"]
    assert francs[0].start is None
    assert francs[-1].end is None
    assert [rate.end for rate in francs[:-1]] == [rate.start for rate in francs[1:]]
    assert all(0.5 < rate.rate < 2 for rate in francs)


def test_a_portal_with_one_currency_has_no_rates(server: Scripted, opened: Open) -> None:
    server.on("/details", Answer({"portalId": 5, "companyCurrency": "USD", "additionalCurrencies": []}))
    currencies = opened(server.url).currencies()
    assert (currencies.home, currencies.rates) == ("USD", ())


def test_rates_that_the_token_may_not_read_are_none(server: Scripted, opened: Open) -> None:
    server.on("/details", Answer({"portalId": 5, "companyCurrency": "USD", "additionalCurrencies": ["EUR"]}))
    server.on("/exchange-rates", Answer({"category": "MISSING_SCOPES", "message": "no"}, 403))
    assert opened(server.url).currencies().rates == ()


def test_rates_are_turned_round_and_begin_in_the_business_time_zone(server: Scripted, opened: Open) -> None:
    server.on("/details", Answer({"portalId": 5, "companyCurrency": "USD", "additionalCurrencies": ["EUR"]}))
    rate = {"fromCurrencyCode": "EUR", "toCurrencyCode": "USD"}
    pages = [
        {"results": [{**rate, "conversionRate": 1.25, "effectiveAt": "2026-03-31T22:00:00Z"}]},
        {"results": [{**rate, "conversionRate": 1.0, "effectiveAt": "2025-01-01T00:00:00Z"}]},
    ]
    pages[0]["paging"] = {"next": {"after": "1"}}  # type: ignore[assignment]
    server.on("/exchange-rates", *(Answer(page) for page in pages))
    first, second = opened(server.url).currencies().rates
    assert (first.rate, first.start, first.end) == (1.0, None, date(2026, 4, 1))
    assert (second.rate, second.start, second.end) == (0.8, date(2026, 4, 1), None)


def test_links_lead_to_the_portals_own_host(portal: Sandbox, opened: Open) -> None:
    url = opened(portal.url).account_url("123")
    assert url == "https://app-eu1.hubspot.com/contacts/14871030/record/0-2/123"


def test_stages_by_pipeline(portal: Sandbox, opened: Open) -> None:
    stages = opened(portal.url).stages()
    assert list(stages) == ["default", "98720000"]
    assert stages["98720000"] == ("98720001", "98720002", "98720003", "98720004")


def test_usage_counts_this_sessions_calls(portal: Sandbox, opened: Open) -> None:
    crm = opened(portal.url)
    crm.describe("accounts")
    usage = crm.usage()
    assert usage.limit == 650_000
    assert usage.used
    assert usage.calls["GET /crm/v3/properties/companies"] == 1


def test_usage_is_unknown_where_hubspot_does_not_tell(server: Scripted, opened: Open) -> None:
    usage = opened(server.url).usage()
    assert (usage.used, usage.limit) == (None, None)


def test_usage_is_asked_for_where_no_header_told_it(server: Scripted, opened: Open) -> None:
    server.on("/private-apps", Answer({"results": [{"currentUsage": 12, "usageLimit": 500}]}))
    usage = opened(server.url).usage()
    assert (usage.used, usage.limit) == (12, 500)


NEEDS = Needs(
    reads={
        "accounts": ("name", "industry", "kpm_wallet", "hs_num_open_deals", "no_such_property"),
        "opportunities": ("amount", "closedate"),
        "cases": (),
    },
    targets={"lifecyclestage": ("customer", "nonsense"), "description": (), "total_revenue": (), "kpm_x": ()},
    creates=("kpm_x", "name"),
)


def test_properties_that_a_sync_reads_are_looked_at_one_by_one(portal: Sandbox, opened: Open) -> None:
    found = {each.what: each for each in opened(portal.url).check(NEEDS)}
    assert found["companies.name"].message == "text, set in 100% of 294"
    assert found["companies.industry"].message.startswith("picklist, set in ")
    assert found["companies.kpm_wallet"].level == "note"
    assert found["deals.closedate"].message.startswith("datetime, set in ")
    assert "companies.no_such_property" not in found  # the mapping's own lines name it


def test_how_far_a_property_is_filled_comes_with_a_reason_and_a_remedy(
    own_portal: Sandbox, opened: Open
) -> None:
    admin = opened(own_portal.url, access_token="sandbox-admin-token")
    names = ("kpm_new", "kpm_rating", "kpm_override")
    admin.provision([FieldSpec(name, "New", FieldType.NUMBER) for name in names], {})
    needs = Needs({"accounts": names}, inputs=("kpm_rating",), exceptions=("kpm_override",))
    found = {each.what: each for each in opened(own_portal.url).check(needs)}
    assert found["companies.kpm_new"].level == "warning"
    assert "set in 0% of" in found["companies.kpm_new"].message
    assert "have it filled in, or name another property" in found["companies.kpm_new"].message
    assert found["companies.kpm_rating"].level == "note"
    assert "people fill it in" in found["companies.kpm_rating"].message
    assert found["companies.kpm_override"] == Finding("ok", "companies.kpm_override", "number")


def test_a_property_that_few_records_have_is_a_note_with_its_reason(
    own_portal: Sandbox, opened: Open
) -> None:
    found = {
        each.what: each
        for each in opened(own_portal.url).check(Needs({"accounts": ("hs_parent_company_id",)}))
    }
    assert found["companies.hs_parent_company_id"].level == "note"
    assert "where it is empty, what rests on it is missing" in found["companies.hs_parent_company_id"].message


def test_only_scopes_of_what_the_mapping_reads_are_asked_for(portal: Sandbox, opened: Open) -> None:
    crm = opened(portal.url, access_token="sandbox-limited-token")
    found = levels(crm.check(NEEDS))
    assert found["scope tickets or crm.objects.tickets.read"] == "warning"
    assert "scope crm.objects.orders.read" not in found
    assert "scope crm.objects.contacts.read" not in found


def test_targets_are_looked_at_one_by_one(portal: Sandbox, opened: Open) -> None:
    found = {each.what: each for each in opened(portal.url).check(NEEDS)}
    assert found["target description"].level == "ok"
    # What the others lack is said once, with its place in the mapping.
    assert not {"target lifecyclestage", "target total_revenue", "target kpm_x"} & found.keys()
    assert "1 are to be created" in found["room for properties"].message


def test_what_is_read_in_full_every_night_is_said_with_its_reason(portal: Sandbox, opened: Open) -> None:
    found = {each.what: each for each in opened(portal.url).check(NEEDS)}
    words = found["reading"].message
    assert "accounts, because HubSpot computes hs_num_open_deals without stamping the record" in words
    assert "cases, because HubSpot does not stamp a record when its companies change" in words
    assert "opportunities, because" not in words
    plain = Needs({"accounts": ("name",), "opportunities": ("amount",)})
    found = {each.what: each for each in opened(portal.url).check(plain)}
    assert found["reading"].message.startswith("every night reads what changed")
