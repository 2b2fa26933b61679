from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.focus import Proposal, foci, members, propose
from connector.tables import Frame
from tests.unit.stages.portfolio import mapping_of, scored

MAPPING = (
    mapping_of()
)  # access: weight 50 of 100, changeability 0.8, target 70; chemistry: 50 of 100, 0.5, 70


def zoned(backend: str, accounts: list[dict[str, Any]]) -> Frame:
    defaults = {"segment": "develop", "firm:potential": True, "headroom": 100_000, "share": 0.6}
    return scored(backend, [{**defaults, **account} for account in accounts], MAPPING)


def ranked(backend: str, accounts: list[dict[str, Any]]) -> dict[str, Proposal]:
    return {proposal.focus.id: proposal for proposal in propose(zoned(backend, accounts), MAPPING)}


def listed(backend: str, accounts: list[dict[str, Any]], focus: str = "access") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = members(zoned(backend, accounts), MAPPING, focus).to_pylist()
    return rows


def test_every_criterion_of_the_fit_and_the_wallet_can_be_a_focus() -> None:
    assert [(focus.id, focus.label, focus.identifies) for focus in foci(MAPPING)] == [
        ("share_of_wallet", "Share of wallet", False),
        ("access", "Decision makers", True),
        ("chemistry", "Chemistry", False),
    ]
    assert foci(mapping_of(language="de"))[0].label == "Lieferanteil"
    assert [focus.id for focus in foci(mapping_of(wallet=None))] == ["access", "chemistry"]


def test_without_anything_to_work_on_nothing_is_proposed(backend: str) -> None:
    potential = [one.model_dump(by_alias=True) for one in MAPPING.of("potential")]
    mapping = mapping_of(criteria=potential, wallet=None, write={})
    assert propose(scored(backend, [{"id": "a", "segment": "develop"}], mapping), mapping) == ()


def test_where_a_person_has_set_the_zone_nothing_is_proposed(backend: str) -> None:
    accounts = [
        {"id": "a", "score:access": 35, "override": "develop"},
        {"id": "b", "score:access": 35, "override": None},
    ]
    assert ranked(backend, accounts)["access"].firm == 1
    assert [row["id"] for row in listed(backend, accounts)] == ["b"]


def test_change_potential_of_a_criterion(backend: str) -> None:
    access = ranked(backend, [{"id": "a", "score:access": 35}])["access"]
    assert access.money_firm == 20_000  # 100,000 x 50 / 100 x (70 - 35) / 70 x 0.8
    assert (access.firm, access.provisional, access.identify) == (1, 0, 0)


def test_change_potential_of_the_wallet(backend: str) -> None:
    wallet = ranked(backend, [{"id": "a", "share": 0.3}])["share_of_wallet"]
    assert wallet.money_firm == 10_000  # 100,000 x 40 / 100 x (0.6 - 0.3) / 0.6 x 0.5


def test_firm_and_provisional_are_told_apart(backend: str) -> None:
    access = ranked(
        backend,
        [{"id": "a", "score:access": 0}, {"id": "b", "score:access": 35, "firm:potential": False}],
    )["access"]
    assert (access.firm, access.provisional, access.members) == (1, 1, 2)
    assert (access.money_firm, access.money_provisional, access.money) == (40_000, 20_000, 60_000)


@pytest.mark.parametrize(
    ("account", "is_member"),
    [
        ({"segment": "develop"}, True),
        ({"segment": "protect"}, True),
        ({"segment": "maintain"}, False),
        ({"segment": "retreat"}, False),
        ({"segment": "unrated"}, False),
        ({"segment": None, "member": False}, False),
        ({"score:access": 70}, False),
        ({"score:access": 69}, True),
    ],
)
def test_who_is_eligible(backend: str, account: dict[str, Any], is_member: bool) -> None:
    rows = listed(backend, [{"id": "a", "score:access": 0, **account}])
    assert bool(rows) is is_member


def test_unknown_scores_are_counted_beside_the_money(backend: str) -> None:
    unknown = {"id": "a", "score:access": None, "score:chemistry": None, "share": None}
    proposals = ranked(backend, [unknown])
    assert (proposals["access"].identify, proposals["access"].unknown, proposals["access"].members) == (
        1,
        1,
        1,
    )
    for focus in ("chemistry", "share_of_wallet"):
        assert (proposals[focus].unknown, proposals[focus].members, proposals[focus].money) == (1, 0, 0)


def test_a_stand_in_score_is_unknown(backend: str) -> None:
    proposals = ranked(backend, [{"id": "a", "score:chemistry": 20, "known:chemistry": False}])
    assert (proposals["chemistry"].unknown, proposals["chemistry"].members) == (1, 0)


def test_accounts_without_headroom_are_members_and_counted(backend: str) -> None:
    access = ranked(backend, [{"id": "a", "score:access": 0, "headroom": None}])["access"]
    assert (access.firm, access.without_headroom, access.money) == (1, 1, 0)


def test_the_largest_change_potential_comes_first(backend: str) -> None:
    proposals = propose(zoned(backend, [{"id": "a", "score:access": 70, "score:chemistry": 0}]), MAPPING)
    assert [proposal.focus.id for proposal in proposals] == ["chemistry", "share_of_wallet", "access"]


def test_members_come_firm_first_then_by_contribution_revenue_and_id(backend: str) -> None:
    rows = listed(
        backend,
        [
            {"id": "identify", "score:access": None, "own": 999},
            {"id": "provisional", "score:access": 0, "firm:potential": False, "headroom": 900_000},
            {"id": "small", "score:access": 0, "headroom": 10_000},
            {"id": "b_equal", "score:access": 35, "own": 5},
            {"id": "a_equal", "score:access": 35, "own": 5},
            {"id": "richer", "score:access": 35, "own": 6},
            {"id": "no_revenue", "score:access": 35, "own": None},
        ],
    )
    order = ["richer", "a_equal", "b_equal", "no_revenue", "small", "provisional", "identify"]
    assert [row["id"] for row in rows] == order
    assert [row["identify"] for row in rows] == [False] * 6 + [True]
    assert rows[0]["contribution"] == 20_000
    assert (rows[-1]["score"], rows[-1]["contribution"]) == (None, 0)


def test_members_of_the_wallet_focus_show_their_share_in_percent(backend: str) -> None:
    (row,) = listed(backend, [{"id": "a", "share": 0.3}, {"id": "b", "share": 0.6}], "share_of_wallet")
    assert (row["id"], row["score"]) == ("a", 30)


def test_an_unknown_focus_is_an_error(backend: str) -> None:
    with pytest.raises(KeyError, match="weather"):
        members(zoned(backend, [{"id": "a"}]), MAPPING, "weather")


@settings(max_examples=30, deadline=None)
@given(
    accounts=st.lists(
        st.fixed_dictionaries(
            {
                "segment": st.sampled_from(["protect", "develop", "maintain", "unrated"]),
                "firm:potential": st.booleans(),
                "score:access": st.one_of(st.none(), st.integers(0, 100)),
                "score:chemistry": st.one_of(st.none(), st.integers(0, 100)),
                "share": st.one_of(st.none(), st.floats(0, 1)),
                "headroom": st.one_of(st.none(), st.integers(0, 10**12)),
            },
        ),
        min_size=1,
        max_size=12,
    ),
)
def test_the_ranking_adds_up_to_its_members(backend: str, accounts: list[dict[str, Any]]) -> None:
    frame = zoned(backend, [{"id": f"{place:03}", **account} for place, account in enumerate(accounts)])
    for proposal in propose(frame, MAPPING):
        rows = members(frame, MAPPING, proposal.focus.id).to_pylist()
        known = [row for row in rows if not row["identify"]]
        assert proposal.members == len(rows)
        assert proposal.firm == sum(row["firm"] for row in known)
        assert proposal.money == sum(row["contribution"] for row in rows)
        assert proposal.without_headroom == sum(row["headroom"] is None for row in rows)
        for row in rows:
            assert 0 <= row["contribution"] <= (row["headroom"] or 0)
