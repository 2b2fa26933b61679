"""Families rated as one, through the installed command, on both CRMs."""

from __future__ import annotations

from typing import Any

from tests.end_to_end.conftest import ACCOUNTS, AS_OF, Place
from tests.end_to_end.test_sync import plain, read_back

PARENT = {"salesforce": "ParentId", "hubspot": "hs_parent_company_id"}
CARRIED = ("segment", "campaigns", "why")


def families(here: Place, cells: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Accounts of a family -> its top, by walking up from each of them."""
    tops = {}
    for key in cells:
        top = key
        while (up := cells[top].get(PARENT[here.crm])) and up in cells:
            top = up
        if top != key:
            tops[key] = top
    return tops


def test_a_family_is_rated_as_one(here: Place) -> None:
    here.edit_mapping(r'^level    = "account"', 'level    = "ultimate_parent"')
    assert here.sync()["written"] > 50
    tops, held, targets = families(here, here.cells()), read_back(here), here.targets()
    assert len(tops) > 5
    explained = {one["account"]["id"]: one for one in here.kpm("explain", "--all", "--json").lines()}
    heirs = 0
    for key, top in tops.items():
        assert not explained[key]["member"]
        filled = {name for name, value in held[key].items() if plain(value) not in (None, False)}
        if not explained[top]["member"]:
            assert filled == set()
            continue
        heirs += 1
        assert explained[key]["family"]["top"] == top
        carried = {targets[name] for name in CARRIED}
        assert filled == {name for name in carried if held[top][name]}
        assert {held[key][name] for name in carried} == {held[top][name] for name in carried}
    assert heirs > 5
    here.sandbox.clear_requests()
    assert here.sync()["written"] == 0
    assert here.sandbox.requests()["writes"] == 0

    key, top = next((key, top) for key, top in tops.items() if explained[top]["member"])
    assert "Belongs to the family of" in here.kpm("explain", key).out
    assert "Rated with its family" in here.kpm("explain", top).out


def test_a_child_that_leaves_its_family_is_rated_for_itself(here: Place) -> None:
    if here.crm == "hubspot":  # the parent is an association there; its property cannot be edited
        return
    here.edit_mapping(r'^level    = "account"', 'level    = "ultimate_parent"')
    here.sync()
    cells = here.cells()
    key = next(key for key, top in families(here, cells).items() if cells[key][here.targets()["segment"]])
    here.sandbox.edit(here.crm, ACCOUNTS[here.crm], id=key, values={PARENT[here.crm]: None})
    here.sync("--accept-movement")
    one = here.kpm("explain", key, "--as-of", AS_OF.isoformat(), "--json").json()
    assert one["family"] is None or one["family"]["top"] == key
    assert one["member"] == (one["segment"] is not None)
