from __future__ import annotations

from connector.crm import Currencies
from connector.mapping.model import Mapping
from connector.reports.potential_check.linkage import linkage
from tests.unit.reports.potential_check.conftest import TODAY, deal, deals, members


def test_loose_ends_are_counted(mapping: Mapping) -> None:
    sources = {
        "opportunities": deals(
            deal("a", "won", 10, currency="USD"),
            deal("a", "open", 1),  # overdue
            deal("b", "open", 0, amount=None),  # due today: not overdue
            deal("b", "won", -5, amount=None),  # ahead: neither won nor open yet
            deal("b", "lost", 5, amount=None),  # lost: its amount is nobody's business
            deal("x", "open", 50),  # outside the portfolio
            deal(None, "won", None),
        )
    }
    found = linkage(sources, members(("a", 7), ("b", 5)), mapping, Currencies("EUR"), TODAY)
    assert (found.opportunities, found.without_account, found.undated) == (7, 1, 1)
    assert (found.open, found.overdue, found.overdue_revenue) == (2, 1, 7)
    assert (found.counted, found.without_amount, found.without_amount_revenue) == (3, 1, 5)
    assert found.currencies == {"EUR": 6, "USD": 1}
    assert found.reached == {"opportunities": 2}
