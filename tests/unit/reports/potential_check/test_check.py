from __future__ import annotations

from typing import Any

import polars as pl

from connector.crm import Currencies, FieldType
from connector.mapping.model import Mapping
from connector.reports.matrix_chart import Thresholds
from connector.reports.potential_check import PotentialCheck, page, potential_check
from connector.reports.words import words
from tests.unit.reports.conftest import account, table
from tests.unit.reports.potential_check.conftest import AS_OF, deal, deals, records

LABELS = {"protect": "Key account", "develop": "Develop", "unrated": "Not rated yet"}
HALF = Thresholds(50, 50)


def checked(
    mapping: Mapping,
    accounts: pl.DataFrame,
    *history: dict[str, Any],
    labels: dict[str, str] = LABELS,
) -> PotentialCheck:
    ids = accounts.get_column("id").to_list()
    raw = records({"Demand__c": FieldType.PICKLIST}, id=ids, Demand__c=["4"] * len(ids))
    return potential_check(
        accounts.with_columns(**{"firm:potential": pl.lit(value=True)}),
        {"accounts": raw, "opportunities": deals(*history)},
        mapping,
        as_of=AS_OF,
        currencies=Currencies("EUR"),
        thresholds=HALF,
        labels=labels,
    )


def unrated(key: str, own: int) -> dict[str, object]:
    return account(
        key,
        segment="unrated",
        zone="unrated",
        confidence=None,
        own=own,
        **{
            "known:access": False,
            "score:access": None,
            "coverage:attractiveness": 0.4,
            "lo:attractiveness": 45,
            "hi:attractiveness": 95,
        },
    )


def test_a_well_kept_portfolio_is_a_go(mapping: Mapping) -> None:
    found = checked(mapping, table(account("a"), account("b")), deal("a", "won", 5), deal("b", "won", 9))
    assert found.go
    assert found.rated_revenue == found.firm_revenue == 1
    assert not [fix for fix in found.fixes if fix.blocking]


def test_most_revenue_unrated_is_a_no_go_that_names_what_is_missing(mapping: Mapping) -> None:
    accounts = table(account("a", own=100), unrated("b", 900))
    found = checked(mapping, accounts, deal("a", "won", 5), deal("b", "won", 9))
    assert not found.go
    first, second = found.fixes[:2]
    assert first.blocking
    assert "Only 10% of the revenue" in first.what
    assert first.worth == 900
    assert "Access to decision makers is unknown for 1 account" in second.what
    assert "1 account rated" in second.remedy


def test_an_empty_portfolio_is_a_no_go(mapping: Mapping) -> None:
    found = checked(mapping, table(account("a", member=False)))
    assert not found.go
    assert "[portfolio]" in found.fixes[0].remedy
    assert found.rated_revenue is None


def test_amounts_and_links_that_lack_stop_the_start(mapping: Mapping) -> None:
    history = [deal("a", "won", 5, amount=None)] * 4 + [deal("a", "won", 5)] * 6 + [deal(None, "won", 5)] * 3
    found = checked(mapping, table(account("a")), *history)
    blocking = [fix.what for fix in found.fixes if fix.blocking]
    assert len(blocking) == 2
    assert any("40% of the won and open opportunities have no amount" in what for what in blocking)
    assert any("23% of the opportunities hang on no account" in what for what in blocking)
    few = [deal("a", "won", 5, amount=None)] + [deal("a", "won", 5)] * 9 + [deal(None, "won", 5)]
    milder = checked(mapping, table(account("a")), *few)
    assert milder.go
    assert sum("no amount" in fix.what or "no account" in fix.what for fix in milder.fixes) == 2


def test_fixes_are_ranked_blocking_first_then_by_revenue(mapping: Mapping) -> None:
    accounts = table(
        account("a", own=100),
        unrated("b", 5_000),
        account("c", own=50, name="Same AG"),
        account("d", own=40, name="same"),
    )
    found = checked(mapping, accounts, deal("a", "open", 3))
    ranks = [(not fix.blocking, -(fix.worth or 0)) for fix in found.fixes]
    assert ranks == sorted(ranks)
    assert any("possible duplicates" in fix.what for fix in found.fixes)
    assert any("close date in the past" in fix.what for fix in found.fixes)
    assert any("nothing open" in fix.what for fix in found.fixes)


def test_the_page_stands_alone_and_escapes(mapping: Mapping) -> None:
    accounts = table(account("a", name="<b>A</b>"), account("b", name="<b>a</b>"), unrated("c", 10**9))
    found = checked(mapping, accounts, deal("a", "won", 5, currency="USD"))
    html = page(found, accounts, connection="acme", crm="Salesforce", thresholds=HALF, labels=LABELS)
    assert "No-go yet" in html
    assert "http" not in html.replace("http-equiv", "")
    assert "<b>A</b>" not in html
    assert "<script" not in html
    assert "USD 1" in html


def test_the_page_speaks_german(mapping: Mapping) -> None:
    accounts = table(account("a"), unrated("c", 10**9))
    german = mapping.model_copy(update={"language": "de"})
    found = checked(german, accounts, deal("a", "won", 5))
    html = page(
        found, accounts, connection="acme", crm="HubSpot", thresholds=HALF, labels=LABELS, language="de"
    )
    assert "Potenzialprüfung" in html
    assert not [word for word in words("en").values() if len(word) > 12 and f">{word}<" in html]
