from __future__ import annotations

from typing import Any

import pytest

from tests.unit.stages.portfolio import LABELS, mapping_of
from tests.unit.stages.worded import SCORES, UNKNOWN, worded

TEXTS = [
    (
        {"segment": "protect", "p": 78, "a": 50},
        (
            "Key account: potential 78, attractiveness 50. Strong: Future demand 90. Weak: Decision makers 20. "
            "Next: best care, strengthen the weak point."
        ),
        "Keep the best care and work on: Decision makers.",
    ),
    (
        {"segment": "develop", "p": 78, "a": 40},
        (
            "Development zone: potential 78, attractiveness 40. Strong: Future demand 90. Weak: Decision makers 20. "
            "Next: work on the weak point."
        ),
        "Work on: Decision makers. It burdens this account most.",
    ),
    (
        {"segment": "develop", "p": 78, "a": 19},
        (
            "Development zone: potential 78, attractiveness 19. Strong: Future demand 90. Weak: Decision makers 20. "
            "Next: decide in person, develop or let go."
        ),
        "A person decides: develop this account or let it go. Weakest: Decision makers.",
    ),
    (
        {"segment": "maintain", "p": 40, "a": 60},
        (
            "Maintain: potential 40, attractiveness 60. Strong: Future demand 90. Weak: White space 60. "
            "Next: hold the level with efficient channels."
        ),
        "Hold the level with efficient channels; invest only to keep it.",
    ),
    (
        {"segment": "retreat", "p": 40, "a": 30},
        (
            "Efficient care: potential 40, attractiveness 30. Strong: Future demand 90. Weak: Decision makers 20. "
            "Next: keep the effort small."
        ),
        "Keep the effort small; withdrawing is a person's decision.",
    ),
]


@pytest.mark.parametrize(("account", "why", "next_step"), TEXTS)
def test_rated_accounts(backend: str, account: dict[str, Any], why: str, next_step: str) -> None:
    (row,) = worded(backend, [{**SCORES, **account}])
    assert (row["why"], row["next_step"]) == (why, next_step)


def test_german(backend: str) -> None:
    (row,) = worded(backend, [{**SCORES, "segment": "develop", "p": 78, "a": 40}], mapping_of(language="de"))
    assert row["why"] == (
        "Entwicklungszone: Potenzial 78, Attraktivität 40. Stark: Future demand 90. Schwach: Decision makers 20. "
        "Jetzt: an der Schwachstelle arbeiten."
    )
    assert row["next_step"] == "Daran arbeiten: Decision makers. Das belastet diesen Kunden am meisten."


def test_nothing_weak_leaves_the_zones_own_action(backend: str) -> None:
    strong = {f"score:{id_}": 70 for id_ in LABELS}
    (row,) = worded(backend, [{**strong, "p": 70, "a": 70}])
    assert (
        row["why"]
        == "Key account: potential 70, attractiveness 70. Strong: Chemistry 70. Next: keep the best care."
    )
    assert row["next_step"] == "Keep the best care and guard the account against competitors."


def test_a_weak_potential_is_named_but_is_no_work_for_people(backend: str) -> None:
    fit = {"score:demand": 60, "score:space": 20, "score:access": 90, "score:chemistry": 90}
    (row,) = worded(backend, [{**fit, "segment": "protect"}])
    assert "Weak: White space 20. Next: keep the best care." in row["why"]
    assert row["next_step"] == "Keep the best care and guard the account against competitors."


def test_what_costs_less_than_a_point_does_not_explain_the_zone(backend: str) -> None:
    tiny = {"score:demand": 90, "score:space": 20, "score:access": 69, "score:chemistry": 90}
    (row,) = worded(backend, [{**tiny, "segment": "protect"}])
    assert "Weak: White space 20" in row["why"]
    (row,) = worded(backend, [{**tiny, "score:access": 67, "segment": "protect"}])
    assert "Weak: Decision makers 67" in row["why"]
    alone = {**tiny, "score:space": 90, "segment": "develop"}
    (row,) = worded(backend, [alone])
    assert "Weak: Decision makers 69" in row["why"]  # nothing burdens more


def test_weight_and_own_target_decide_what_burdens_most(backend: str) -> None:
    criteria = [one.model_dump(by_alias=True, exclude_none=True) for one in mapping_of().criteria]
    heavy = [one | ({"weight": 90} if one["id"] == "chemistry" else {}) for one in criteria]
    account = {"score:access": 30, "score:chemistry": 45, "segment": "develop", "a": 40}
    by_points, by_weight = (
        worded(backend, [account], mapping)[0]["why"]
        for mapping in (mapping_of(), mapping_of(criteria=heavy))
    )
    assert "Weak: Decision makers 30" in by_points  # 40 points short
    assert "Weak: Chemistry 45" in by_weight  # 25 points short, with nearly twice the weight
    low = [one | ({"target": 31} if one["id"] == "access" else {}) for one in criteria]
    assert "Weak: Chemistry 45" in worded(backend, [account], mapping_of(criteria=low))[0]["why"]


def test_top_revenue_is_given_as_the_reason(backend: str) -> None:
    scored_, unknown = worded(
        backend,
        [
            {**SCORES, "segment": "protect", "p": 20, "a": 60, "top_revenue": True},
            {
                **SCORES,
                "segment": "protect",
                "p": None,
                "a": 60,
                "top_revenue": True,
                "coverage:potential": 0.4,
                "score:demand": None,
                "score:space": None,
                "confidence": "provisional",
            },
        ],
    )
    assert scored_["why"].startswith("Key account: potential 20 (high: top revenue), attractiveness 60. ")
    assert unknown["why"].startswith(
        "Key account: potential unknown (high: top revenue), attractiveness 60. "
    )
    assert ". Provisional, no data: Future demand. Next: " in unknown["why"]
    assert (unknown["out:potential"], unknown["out:attractiveness"]) == (None, 60)


def test_provisional_accounts_say_what_is_missing(backend: str) -> None:
    account = {**SCORES, "segment": "maintain", "confidence": "provisional", "score:space": None}
    named, firm = worded(backend, [{**account, "firm:potential": False}, {**account, "confidence": "firm"}])
    assert ". Provisional, no data: White space. Next: " in named["why"]
    assert named["next_step"].endswith(" Fill in: White space.")
    assert "Provisional" not in firm["why"]


def test_only_missing_data_that_leaves_the_zone_open_are_named(backend: str) -> None:
    (row,) = worded(
        backend,
        [
            {
                "score:demand": None,
                "score:access": None,
                "confidence": "provisional",
                "firm:potential": True,
                "firm:attractiveness": False,
            },
        ],
    )
    assert "Provisional, no data: Decision makers" in row["why"]


@pytest.mark.parametrize(
    ("changes", "label"),
    [({"expired:chemistry:0": True}, "Chemistry"), ({"wallet_expired": True}, "White space")],
)
def test_an_expired_rating_is_asked_for_again(backend: str, changes: dict[str, Any], label: str) -> None:
    (row,) = worded(backend, [{**SCORES, "expired": True, "confidence": "provisional", **changes}])
    assert f". Provisional, rating out of date: {label}. Next: " in row["why"]
    assert row["next_step"].endswith(f" Rate again: {label}.")


def test_an_expired_rating_that_does_not_answer_is_not_asked_for(backend: str) -> None:
    criteria = [one.model_dump(by_alias=True, exclude_none=True) for one in mapping_of().criteria]
    ladder = [
        {"source": {"field": "New"}, "scale": {"kind": "boolean"}},
        {"source": {"field": "Old", "expires_days": 30}, "scale": {"kind": "boolean"}},
    ]
    plain = {key: value for key, value in criteria[3].items() if key not in ("source", "scale")}
    mapping = mapping_of(criteria=[*criteria[:3], {**plain, "first_of": ladder}])
    account = {**SCORES, "confidence": "provisional", "expired:chemistry:1": True}
    first, second = worded(backend, [account, {**account, "rung:chemistry": 1}], mapping)
    assert "out of date" not in first["why"]
    assert "rating out of date: Chemistry" in second["why"]


UNRATED: dict[str, Any] = {"segment": "unrated", "confidence": None}


def test_a_criterion_with_several_ways_to_answer_says_which_did(backend: str) -> None:
    criteria = [one.model_dump(by_alias=True, exclude_none=True) for one in mapping_of().criteria]
    plain = {key: value for key, value in criteria[0].items() if key not in ("source", "scale")}
    pipeline = {"from": "opportunities", "measure": "weighted_pipeline", "months": 12}
    ladder = [
        {"source": criteria[0]["source"], "scale": criteria[0]["scale"]},
        {"source": pipeline, "scale": {"kind": "log", "zero": 0, "full": 9}},
    ]
    mapping = mapping_of(criteria=[{**plain, "first_of": ladder}, *criteria[1:]])
    rated, measured, weak = worded(
        backend,
        [
            {**SCORES, "segment": "maintain"},
            {**SCORES, "rung:demand": 1},
            {**SCORES, "score:demand": 10, "rung:demand": 1, "segment": "maintain"},
        ],
        mapping,
    )
    assert "Strong: Future demand 90 (rated). Weak: White space 60. Next:" in rated["why"]
    assert "Strong: Future demand 90 (deals). Weak: Decision makers 20. Next:" in measured["why"]
    assert "Strong: Chemistry 80. Weak: Future demand 10 (deals). Next:" in weak["why"]


class TestUnrated:
    def test_names_what_is_missing_where_it_is_missing(self, backend: str) -> None:
        (row,) = worded(
            backend,
            [
                {
                    **UNRATED,
                    "coverage:potential": 0.4,
                    "score:demand": None,
                    "score:space": 62,
                    "score:access": None,
                    "score:chemistry": 40,
                },
            ],
        )
        assert row["why"] == (
            "Not rated yet. So far: White space 62. Missing: Future demand. Next: fill in what is missing."
        )
        assert row["next_step"] == "Fill in: Future demand."

    def test_what_people_can_fill_in_comes_first_then_by_weight(self, backend: str) -> None:
        (row,) = worded(
            backend,
            [
                {
                    **UNKNOWN,
                    **UNRATED,
                    "p": None,
                    "a": None,
                    "coverage:potential": 0.0,
                    "coverage:attractiveness": 0.0,
                },
            ],
        )
        assert row["why"] == (
            "Not rated yet. Missing: Future demand, Chemistry, White space, Decision makers. "
            "Next: fill in what is missing."
        )
        assert row["next_step"] == "Fill in: Future demand, Chemistry, White space, Decision makers."

    def test_a_long_list_ends_in_and_more(self, backend: str) -> None:
        criteria = [one.model_dump(by_alias=True, exclude_none=True) for one in mapping_of().criteria]
        many = [{**criteria[3], "id": f"c{place}", "label": f"Criterion {place:02}"} for place in range(8)]
        mapping = mapping_of(criteria=[*criteria[:2], *many], write={"why": "Why"})
        account = {f"score:c{place}": None for place in range(8)} | {
            "coverage:attractiveness": 0.0,
            "a": None,
        }
        (row,) = worded(backend, [{**UNRATED, **account}], mapping)
        names = ", ".join(f"Criterion {place:02}" for place in range(6))
        assert row["next_step"] == f"Fill in: {names} and more."

    def test_results(self, backend: str) -> None:
        (row,) = worded(
            backend,
            [{**UNRATED, "coverage:potential": 0.4, "headroom": 123_456, "score:access": 20, "share": 0.125}],
        )
        assert (row["out:potential"], row["out:attractiveness"], row["out:confidence"]) == (None, None, None)
        assert (row["out:coverage"], row["out:headroom"], row["out:share_of_wallet"]) == (40, 1235, 13)
        assert (row["out:criteria:access"], row["out:segment"]) == (20, "unrated")


def test_own_words(backend: str) -> None:
    texts = {
        "segments": {"protect": "Crown jewels", "develop": {"en": "Build"}},
        "reasons": {"top_revenue": "one of our largest"},
        "next_steps": {
            "maintain": "Call once a quarter",
            "access": "Map the buying centre",
            "unrated": "Ask Sam.",
        },
    }
    mapping = mapping_of(texts=texts)
    account = {**SCORES, "a": 40}
    protect, develop, maintain, unrated = worded(
        backend,
        [
            {**account, "top_revenue": True},
            {**account, "segment": "develop"},
            {**account, "segment": "maintain"},
            {"segment": "unrated", "confidence": None, "coverage:potential": 0.1},
        ],
        mapping,
    )
    assert protect["why"].startswith("Crown jewels: potential 50 (one of our largest), attractiveness 40. ")
    assert develop["why"].startswith("Build: ")
    assert develop["why"].endswith(" Next: Map the buying centre.")
    assert develop["next_step"] == "Map the buying centre."
    assert maintain["next_step"] == "Call once a quarter."
    assert unrated["next_step"] == "Ask Sam."


def test_outside_the_portfolio_every_result_is_empty(backend: str) -> None:
    (row,) = worded(backend, [{"member": False, "segment": None, "confidence": None, "segment_since": None}])
    assert {row[name] for name in row if name.startswith("out:")} == {None}
    assert (row["why"], row["next_step"]) == (None, None)


def test_results_of_a_rated_account(backend: str) -> None:
    (row,) = worded(
        backend,
        [
            {
                **SCORES,
                "p": 78,
                "a": 50,
                "coverage:attractiveness": 0.666667,
                "headroom": 1_050,
                "share": 0.5,
                "campaigns": "2026Q4 access",
                "top_revenue": True,
            },
        ],
    )
    results = {name.removeprefix("out:"): row[name] for name in row if name.startswith("out:")}
    assert results == {
        "segment": "protect",
        "segment_since": 20_000,
        "potential": 78,
        "attractiveness": 50,
        "coverage": 67,
        "confidence": "firm",
        "why": row["why"],
        "next_step": row["next_step"],
        "campaigns": "2026Q4 access",
        "headroom": 11,
        "share_of_wallet": 50,
        "revenue_flag": True,
        "criteria:access": 20,
    }


def test_a_stand_in_score_is_written_nowhere(backend: str) -> None:
    (row,) = worded(backend, [{**SCORES, "known:access": False}])
    assert row["out:criteria:access"] is None
    assert "Decision makers" not in row["why"]


def test_without_weights_or_targets_texts_still_stand(backend: str) -> None:
    criteria = [
        one.model_dump(by_alias=True, exclude_none=True) | {"weight": 0} for one in mapping_of().criteria
    ]
    (row,) = worded(backend, [{}], mapping_of(criteria=criteria, write={}))
    assert row["why"] == "Key account: potential 50, attractiveness 50. Next: keep the best care."
    assert not [name for name in row if name.startswith(("out:", "word:"))]


def test_nobody_is_asked_for_what_nobody_can_fill_in(backend: str) -> None:
    mapping = mapping_of()
    trend = {"from": "opportunities", "measure": "trend", "months": 12}
    criteria = [one.model_dump(by_alias=True, exclude_none=True) for one in mapping.criteria]
    for one in criteria:
        if one["id"] == "demand":
            one.pop("first_of", None)
            one |= {"source": trend, "scale": {"kind": "linear", "zero": -1, "full": 1}}
    data = mapping.model_dump(by_alias=True, exclude_none=True)
    changed = type(mapping).model_validate({**data, "criteria": criteria})
    account = {**SCORES, "confidence": "provisional", "firm:potential": False, "score:demand": None}
    (asked,) = worded(backend, [account], mapping)
    (spared,) = worded(backend, [account], changed)
    assert "Fill in: " in asked["next_step"]
    assert "Fill in: " not in spared["next_step"]
