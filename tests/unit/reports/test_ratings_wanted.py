from __future__ import annotations

from typing import Any

from connector.mapping.model import Mapping
from connector.reports.matrix_chart import Thresholds
from connector.reports.ratings_wanted import Unrated, largest_unrated, ratings_wanted, standings
from tests.unit.reports.conftest import account, table

HALF = Thresholds(50, 50)


def unrated(key: str, *, chemistry: int | None, **values: Any) -> dict[str, object]:
    """Access is unknown; chemistry too, unless given: attractiveness has 0 or half of its weight."""
    known = chemistry is not None
    points = chemistry if known else None
    return account(
        key,
        **{
            "segment": "unrated",
            "zone": "unrated",
            "confidence": None,
            "known:access": False,
            "score:access": None,
            "known:chemistry": known,
            "score:chemistry": chemistry,
            "points:attractiveness": points,
            "coverage:attractiveness": 0.5 if known else 0.0,
            "lo:attractiveness": 0 if points is None else points // 2,
            "hi:attractiveness": 100 if points is None else points // 2 + 50,
            **values,
        },
    )


def test_the_rating_that_makes_most_revenue_rated_comes_first(mapping: Mapping) -> None:
    accounts = table(
        unrated("a", chemistry=None, own=5_000_00),
        unrated("b", chemistry=None, own=7_000_00),
        account("c", own=9_000_00),
    )
    wanted = ratings_wanted(accounts, mapping, HALF)
    assert [(row.criterion, row.unknown, row.rated, row.revenue) for row in wanted] == [
        ("access", 2, 2, 12_000_00),
        ("chemistry", 2, 2, 12_000_00),
    ]


def test_an_account_is_firm_only_if_no_answer_leaves_a_doubt(mapping: Mapping) -> None:
    only_one_missing = unrated("a", chemistry=90, segment="protect", zone="protect", confidence="provisional")
    wanted = ratings_wanted(table(only_one_missing), mapping, HALF)
    assert [(row.criterion, row.rated, row.firm) for row in wanted] == [("access", 0, 1)]

    expired_too = {**only_one_missing, "expired": True}
    assert ratings_wanted(table(expired_too), mapping, HALF)[0].firm == 0


def test_a_doubt_on_the_other_dimension_keeps_it_provisional(mapping: Mapping) -> None:
    row = unrated("a", chemistry=90, segment="protect", confidence="provisional")
    doubtful = {**row, "lo:potential": 40, "hi:potential": 90}
    assert ratings_wanted(table(doubtful), mapping, HALF)[0].firm == 0
    flagged = {**doubtful, "top_revenue": True}
    assert ratings_wanted(table(flagged), mapping, HALF)[0].firm == 1


def test_unrated_accounts_are_placed_by_what_is_known(mapping: Mapping) -> None:
    accounts = table(
        unrated("a", chemistry=90, own=3_00),
        unrated("b", chemistry=20, own=5_00),
        unrated("c", chemistry=None, own=9_00),
        account("d"),
    )
    assert [
        (row.zone, row.accounts, row.certain, row.revenue) for row in standings(accounts, mapping, HALF)
    ] == [
        (None, 1, 0, 9_00),
        ("develop", 1, 0, 5_00),
        ("protect", 1, 0, 3_00),
    ]


def test_the_last_zone_moves_the_border(mapping: Mapping) -> None:
    was_low = unrated("a", chemistry=52, from_zone="develop")
    was_high = unrated("b", chemistry=46, from_zone="protect")
    zones = {row.zone: row.accounts for row in standings(table(was_low, was_high), mapping, HALF)}
    assert zones == {"develop": 1, "protect": 1}


def test_the_largest_unrated_accounts_come_with_bounds_and_what_is_missing(mapping: Mapping) -> None:
    accounts = table(
        unrated("a", chemistry=90, own=3_00), unrated("b", chemistry=None, own=9_00), account("c")
    )
    found = largest_unrated(accounts, mapping, HALF, limit=5)
    assert found == [
        Unrated("b", "Account b", None, (72, 72), (0, 100), ["Access to decision makers", "Chemistry"], 9_00),
        Unrated("a", "Account a", "protect", (72, 72), (45, 95), ["Access to decision makers"], 3_00),
    ]
    assert [one.id for one in largest_unrated(accounts, mapping, HALF, limit=1)] == ["b"]
