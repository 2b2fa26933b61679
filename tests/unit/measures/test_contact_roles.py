from typing import Any

import pytest

from tests.unit.measures.pulled import ago, deal, open_deal, raw

GROUPS = [["Economic Buyer", "Decision Maker"], "Sponsor"]


def coverage(backend: str, roles: list[dict[str, Any]], **keys: Any) -> Any:
    given = [{"@account": "a", **role} for role in roles]
    tables = {name: keys.pop(name) for name in ("opportunities", "sections") if name in keys}
    source = {"from": "contact_roles", "measure": "role_coverage", "required": GROUPS, **keys}
    return raw(backend, source, contact_roles=given, **tables)["a"]


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ([], None),
        ([None, "  "], None),
        (["Influencer"], 0),
        ([" economic BUYER"], 0.5),
        (["Decision Maker", "Economic Buyer"], 0.5),
        (["Decision Maker", "Sponsor", None], 1),
    ],
)
def test_groups_held(backend: str, roles: list[str | None], expected: float | None) -> None:
    assert coverage(backend, [{"@role": role} for role in roles]) == expected


def test_a_champion_who_left_gives_zero_and_an_unknown_date_counts_as_active(backend: str) -> None:
    for last, expected in ((ago(365), 0.5), (ago(366), 0), (None, 0.5), (ago(-3), 0.5)):
        roles = [{"@role": "Sponsor", "@last_activity": last}]
        assert coverage(backend, roles, active_within_days=365) == expected


def test_roles_on_deals_that_are_open_or_closed_in_the_window(backend: str) -> None:
    deals = [
        deal(**{"@id": "recent"}),
        deal(**{"@id": "old"}, CloseDate=ago(800)),
        open_deal(**{"@id": "open"}, CloseDate=ago(800)),
        deal(**{"@id": "unknown", "@won": None, "@closed": None}),
    ]
    sections = {"contact_roles": {"months": 24}}
    for name, expected in (("recent", 0.5), ("old", None), ("open", 0.5), ("unknown", None), (None, 0.5)):
        roles = [{"@role": "Sponsor", "@opportunity": name}]
        assert coverage(backend, roles, opportunities=deals, sections=sections) == expected


def test_without_contacts_pulled_it_is_missing(backend: str) -> None:
    source = {"from": "contact_roles", "measure": "role_coverage", "required": GROUPS}
    assert raw(backend, source)["a"] is None
