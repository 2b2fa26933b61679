from __future__ import annotations

import pytest

from adapters.hubspot.paths import Paths


@pytest.mark.parametrize(
    ("name", "arguments", "numbered", "dated"),
    [
        ("objects", ("deals",), "/crm/v3/objects/deals", "/crm/objects/2026-03/deals"),
        ("search", ("deals",), "/crm/v3/objects/deals/search", "/crm/objects/2026-03/deals/search"),
        (
            "batch_read",
            ("deals",),
            "/crm/v3/objects/deals/batch/read",
            "/crm/objects/2026-03/deals/batch/read",
        ),
        (
            "batch_update",
            ("companies",),
            "/crm/v3/objects/companies/batch/update",
            "/crm/objects/2026-03/companies/batch/update",
        ),
        (
            "associations",
            ("deals", "companies"),
            "/crm/v4/associations/deals/companies/batch/read",
            "/crm/associations/2026-03/deals/companies/batch/read",
        ),
        ("properties", ("deals",), "/crm/v3/properties/deals", "/crm/properties/2026-03/deals"),
        ("single_property", ("deals", "x"), "/crm/v3/properties/deals/x", "/crm/properties/2026-03/deals/x"),
        ("groups", ("deals",), "/crm/v3/properties/deals/groups", "/crm/properties/2026-03/deals/groups"),
        ("pipelines", ("deals",), "/crm/v3/pipelines/deals", "/crm/pipelines/2026-03/deals"),
    ],
)
def test_both_version_schemes(name: str, arguments: tuple[str, ...], numbered: str, dated: str) -> None:
    assert getattr(Paths("v3"), name)(*arguments) == numbered
    assert getattr(Paths("2026-03"), name)(*arguments) == dated


def test_paths_without_an_object() -> None:
    numbered, dated = Paths("v3"), Paths("2026-09")
    assert (numbered.account, dated.account) == ("/account-info/v3/details", "/account-info/2026-09/details")
    assert numbered.exchange_rates == "/settings/v3/currencies/exchange-rates"
    assert dated.exchange_rates == "/settings/currencies/2026-09/exchange-rates"
    assert (numbered.token, dated.token) == ("/oauth/v1/token", "/oauth/2026-09/token")
    assert dated.daily_usage == "/account-info/2026-09/api-usage/daily/private-apps"
