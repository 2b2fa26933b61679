from datetime import date
from typing import Any

import pytest

from connector.crm import Currencies, Rate
from connector.errors import MappingError
from tests.unit.measures.pulled import ago, column, deal, mapped, mapping_of, open_deal

WON = {"from": "opportunities", "measure": "won_amount", "months": 36, "no_records": "missing"}
OPEN = {"from": "opportunities", "measure": "open_amount", "months": 36, "no_records": "missing"}


def amounts(backend: str, currencies: Currencies, *deals: dict[str, Any], **sections: Any) -> dict[str, Any]:
    accounts = [{"@id": name} for name in sorted({str(each["@account"]) for each in deals})]
    known = [deal("filler", Amount=1.0)] * 300  # so that a single amount without a rate is below 1 %
    mapping = mapping_of({"source": WON}, {"source": OPEN}, **sections)
    found = mapped(
        backend,
        mapping,
        currencies=currencies,
        accounts=[*accounts, {"@id": "filler"}],
        opportunities=[*deals, *known],
    )
    won, ahead = column(found, "raw:c0:0"), column(found, "raw:c1:0")
    names = [account["@id"] for account in accounts]
    return {name: ahead[name] if won[name] is None else won[name] for name in names}


def test_by_current_rates_through_the_home_currency(backend: str) -> None:
    currencies = Currencies("USD", (Rate("EUR", 0.8), Rate("CHF", 0.9)))
    found = amounts(
        backend, currencies,
        deal("dollar", **{"@currency": "USD"}), deal("franc", **{"@currency": "CHF"}),
        deal("euro", **{"@currency": "EUR"}),
        deal("none", **{"@currency": "XAU"}),
    )  # fmt: skip
    assert found == {"dollar": 80, "franc": 88.89, "euro": 100, "none": None}


def test_an_amount_without_a_currency_is_in_the_home_currency(backend: str) -> None:
    blank, silent = deal("blank", **{"@currency": ""}), deal("silent")
    by_rate = amounts(backend, Currencies("USD", (Rate("EUR", 0.8),)), blank, silent)
    assert by_rate == {"blank": 80, "silent": 80}
    by_table = amounts(backend, Currencies("USD"), silent, rates={"USD": 1.25})
    assert by_table == {"silent": 80}
    accounts = [{"@id": "a", "Money": 100.0}]
    found = mapped(
        backend,
        mapping_of({"source": {"field": "Money"}}, rates={"USD": 2}),
        currencies=Currencies("USD"),
        accounts=accounts,
    )
    assert column(found, "raw:c0:0") == {"a": 50}


def test_dated_rates_of_the_close_date_and_of_today(backend: str) -> None:
    rates = (
        Rate("USD", 2.0, None, date(2026, 1, 1), dated=True),
        Rate("USD", 4.0, date(2026, 2, 1), None, dated=True),
        Rate("USD", 5.0),
    )
    dollar = {"@currency": "USD"}
    found = amounts(
        backend, Currencies("EUR", rates),
        deal("long ago", CloseDate=date(2024, 5, 1), **dollar), deal("before", CloseDate=date(2025, 12, 31), **dollar),
        deal("gap", CloseDate=date(2026, 1, 1), **dollar), deal("after", CloseDate=date(2026, 2, 1), **dollar),
        deal("latest", CloseDate=ago(0), **dollar), open_deal("open", CloseDate=date(2027, 1, 1), **dollar),
    )  # fmt: skip
    assert found == {"long ago": 50, "before": 50, "gap": None, "after": 25, "latest": 25, "open": 25}


def test_the_crms_own_home_amount_before_any_rate(backend: str) -> None:
    values = {"@currency": "USD", "@home_amount": 90.0}
    assert amounts(backend, Currencies("EUR", (Rate("USD", 2.0),)), deal(**values)) == {"a": 90}
    assert amounts(backend, Currencies("USD", (Rate("EUR", 0.5),)), deal(**values)) == {"a": 50}


def test_the_mappings_own_table_is_the_last_resort(backend: str) -> None:
    currencies = Currencies("EUR", (Rate("USD", 2.0),))
    deals = [deal("dollar", **{"@currency": "USD"}), deal("franc", **{"@currency": "CHF"})]
    assert amounts(backend, currencies, *deals, rates={"CHF": 0.5, "USD": 9}) == {"dollar": 50, "franc": 200}


@pytest.mark.parametrize(
    ("amount", "cents"), [(0.005, 1), (-0.005, -1), (1.005, 101), (2.675, 268), (0.0049, 0), (1e13, 10**15)]
)
def test_cents_are_rounded_half_away_from_zero(backend: str, amount: float, cents: int) -> None:
    assert amounts(backend, Currencies("EUR"), deal(Amount=amount))["a"] == cents / 100


def test_too_many_amounts_without_a_rate_stop_the_run(backend: str) -> None:
    deals = [deal(**{"@currency": "XAU"}), deal(**{"@currency": "CHF"}), *[deal()] * 150]
    with pytest.raises(MappingError, match=r"2 of 152 amounts.*CHF, XAU"):
        mapped(backend, mapping_of({"source": WON}), accounts=[{"@id": "a"}], opportunities=deals)
    found = mapped(
        backend, mapping_of({"source": WON}), accounts=[{"@id": "a"}], opportunities=[*deals, *[deal()] * 100]
    )
    assert [(note.object, note.count) for note in found.quality if "without a rate" in note.message.en] == [
        ("opportunities", 2)
    ]


def test_too_many_wallets_without_a_rate_stop_the_run(backend: str) -> None:
    with pytest.raises(MappingError, match="XAU"):
        mapped(
            backend, mapping_of({"source": WON}), accounts=[{"@id": "a", "Wallet": 5.0, "@currency": "XAU"}]
        )


def test_a_target_that_nobody_knows_is_an_error(backend: str) -> None:
    with pytest.raises(MappingError, match="no rate for EUR, only for CHF, USD"):
        mapped(backend, mapping_of({"source": WON}), currencies=Currencies("USD", (Rate("CHF", 1.0),)))


def test_currency_fields_of_an_account_count_at_the_day_of_the_rating(backend: str) -> None:
    rates = (
        Rate("USD", 2.0, None, date(2026, 1, 1), dated=True),
        Rate("USD", 4.0, date(2026, 1, 1), None, dated=True),
    )
    source = {"field": "Money", "rated_at": "Rated"}
    accounts = [
        {"@id": "old", "Money": 100.0, "@currency": "USD", "Rated": date(2025, 6, 1), "Wallet": 100.0},
        {"@id": "undated", "Money": 100.0, "@currency": "USD"},
        {"@id": "euro", "Money": 100.0},
    ]
    mapping = mapping_of({"source": source}, wallet={"sources": ["field:Wallet"], "rated_at": "Rated"})
    found = mapped(backend, mapping, currencies=Currencies("EUR", rates), accounts=accounts)
    assert column(found, "raw:c0:0") == {"old": 50, "undated": 25, "euro": 100}
    assert column(found, "wallet") == {"old": 5000, "undated": None, "euro": None}
