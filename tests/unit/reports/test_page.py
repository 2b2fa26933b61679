from __future__ import annotations

from datetime import date
from xml.etree import ElementTree as ET

import polars as pl

from connector.mapping.model import Mapping
from connector.reports.html import money
from connector.reports.matrix_chart import BUBBLES, Thresholds, matrix_chart
from connector.reports.page import Campaign, Heading, page
from connector.reports.words import words
from tests.unit.reports.conftest import account, table

LABELS = {
    "protect": "Key account",
    "develop": "Development zone",
    "maintain": "Maintain",
    "retreat": "Efficient care",
}
HALF = Thresholds(50, 50)


def circles(svg: str) -> list[dict[str, str]]:
    tree = ET.fromstring(svg)  # noqa: S314 - our own drawing
    return [element.attrib for element in tree.iter("circle")]


def test_area_follows_revenue_and_provisional_is_hollow() -> None:
    accounts = table(account("a", own=400_00), account("b", own=100_00, confidence="provisional"))
    large, small = circles(matrix_chart(accounts, HALF, LABELS))
    assert float(large["r"]) == 2 * float(small["r"])
    assert large["fill"] != "white"
    assert small["fill"] == "white"


def test_every_zone_is_named_and_hostile_names_are_escaped() -> None:
    svg = matrix_chart(table(account("a", name='<script>alert("x")</script> & Söhne')), HALF, LABELS)
    assert all(label in svg for label in LABELS.values())
    assert "<script>" not in svg
    assert len(circles(svg)) == 1


def test_a_large_portfolio_is_shaded_beyond_the_largest() -> None:
    row = account("a")
    frame = pl.concat([table(row)] * (BUBBLES + 700))
    svg = matrix_chart(frame, HALF, LABELS)
    assert len(circles(svg)) == BUBBLES
    assert "700 smaller accounts" in svg


def test_unrated_accounts_without_scores_are_not_drawn() -> None:
    frame = table(account("a"), account("b", **{"points:potential": None, "segment": "unrated"}))
    assert len(circles(matrix_chart(frame, HALF, LABELS))) == 1


def test_the_page_stands_alone_and_counts_zones(mapping: Mapping) -> None:
    accounts = table(
        account("a", own=300_00, headroom=50_00),
        account(
            "b",
            own=100_00,
            segment="retreat",
            change="moved",
            before="protect",
            why="Efficient care: <b>",
        ),
    )
    html = page(
        accounts,
        mapping,
        heading=Heading("acme", "salesforce", date(2026, 11, 24), "EUR", ""),
        thresholds=HALF,
        labels=LABELS,
        campaigns=[Campaign("2026Q4 access", "access", 12, "active")],
    )
    assert "http" not in html.replace("http-equiv", "")
    assert "75 % of revenue" in html
    assert "Moved in this run: 1" in html
    assert "&lt;b&gt;" in html
    assert "2026Q4 access" in html


def test_money_is_grouped_and_unknown_is_a_dash() -> None:
    assert money(123_456_700) == "1\u202f234\u202f567"
    assert money(None) == "–"


def test_the_page_shows_movement_and_what_the_data_lacks(mapping: Mapping) -> None:
    accounts = table(
        account("a", before="protect"),
        account("b", segment="retreat", before="protect", change="moved"),
        account("c", segment="retreat", before=None),
    )
    heading = Heading("acme", "salesforce", date(2026, 11, 24), "EUR", "")
    note = {"message": "wallets are <negative>", "message_de": "negativ", "count": 1234}
    html = page(accounts, mapping, heading=heading, thresholds=HALF, labels=LABELS, quality=[note])
    assert "From zone to zone" in html
    assert "<b>1</b>" in html
    assert "wallets are &lt;negative&gt;" in html
    german = mapping.model_copy(update={"language": "de"})
    assert "negativ" in page(
        accounts, german, heading=heading, thresholds=HALF, labels=LABELS, quality=[note]
    )
    assert "1\u202f234" in html
    still = page(accounts.head(1), mapping, heading=heading, thresholds=HALF, labels=LABELS)
    assert "From zone to zone" not in still
    assert "What the data lacks" not in still


def test_the_page_speaks_german(mapping: Mapping) -> None:
    german = mapping.model_copy(update={"language": "de"})
    heading = Heading("acme", "salesforce", date(2026, 11, 24), "EUR", "")
    campaigns = [Campaign("t", "f", 3, state) for state in ("planned", "active", "closed", "ended")]
    html = page(
        table(account("a")), german, heading=heading, thresholds=HALF, labels=LABELS, campaigns=campaigns
    )
    assert 'lang="de"' in html
    assert "Kundenportfolio" in html
    assert "Attraktivität" in html
    assert not [word for word in words("en").values() if len(word) > 12 and f">{word}<" in html]
