from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.mapping import Mapping
from connector.mapping.model import Language
from connector.stages.word import word
from connector.texts import LIMIT, PHRASES, Wording, one_line, segment_labels, size
from tests.unit.stages.portfolio import LABELS, mapping_of, rows_of, scored

UNKNOWN: dict[str, Any] = {f"score:{id_}": None for id_ in LABELS}


def worded(
    backend: str, accounts: list[dict[str, Any]], mapping: Mapping | None = None
) -> list[dict[str, Any]]:
    """Accounts as they leave `campaign`: firm, unless they say otherwise."""
    mapping = mapping or mapping_of()
    defaults: dict[str, Any] = {
        "segment": "protect",
        "confidence": "firm",
        "top_revenue": False,
        "segment_since": 20_000,
        "campaigns": None,
        "firm:potential": True,
        "firm:attractiveness": True,
    }
    rows = [{"id": f"{place:03}", **defaults, **account} for place, account in enumerate(accounts)]
    return rows_of(word(scored(backend, rows, mapping), mapping))


SCORES = {"score:demand": 90, "score:space": 60, "score:access": 20, "score:chemistry": 80}
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
        assert (row["out:criteria.access"], row["out:segment"]) == (20, "unrated")


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
        "criteria.access": 20,
    }


def test_a_stand_in_score_is_written_nowhere(backend: str) -> None:
    (row,) = worded(backend, [{**SCORES, "known:access": False}])
    assert row["out:criteria.access"] is None
    assert "Decision makers" not in row["why"]


def test_without_weights_or_targets_texts_still_stand(backend: str) -> None:
    criteria = [
        one.model_dump(by_alias=True, exclude_none=True) | {"weight": 0} for one in mapping_of().criteria
    ]
    (row,) = worded(backend, [{}], mapping_of(criteria=criteria, write={}))
    assert row["why"] == "Key account: potential 50, attractiveness 50. Next: keep the best care."
    assert not [name for name in row if name.startswith(("out:", "word:"))]


BY_ANN = {
    "override_owner": "Ann Berg",
    "override_reason": "New board, contract signed.",
    "override_from": "crm",
}


def by_hand(criteria: tuple[str, ...] = (), **facts: Any) -> dict[str, Any]:
    """Columns about what is set by hand, empty but for `facts`."""
    columns: dict[str, Any] = {}
    for subject in ("", *(f":{criterion}" for criterion in criteria)):
        columns |= {f"override{kind}{subject}": None for kind in ("", "_owner", "_reason", "_until", "_from")}
    return columns | facts


class TestSetByHand:
    def test_a_zone(self, backend: str) -> None:
        account = {**SCORES, "segment": "protect", "p": 78, "a": 40, **by_hand(override="protect", **BY_ANN)}
        (row,) = worded(backend, [account])
        assert row["why"] == (
            "Key account (manual): potential 78, attractiveness 40. Weak: Decision makers 20. "
            "Next: best care, strengthen the weak point. Set manually by Ann Berg: New board, contract signed."
        )
        assert row["manual"] == "Set manually by Ann Berg: New board, contract signed."
        assert row["next_step"] == "Keep the best care and work on: Decision makers."

    def test_in_german_without_owner_and_reason(self, backend: str) -> None:
        in_crm = by_hand(override="maintain", override_from="crm")
        in_file = by_hand(override="maintain", override_from="file", override_reason="Vertrag läuft")
        accounts = [{**SCORES, "segment": "maintain", "p": 78, "a": 60, **each} for each in (in_crm, in_file)]
        crm, file = worded(backend, accounts, mapping_of(language="de"))
        start = "Haltezone (manuell): Potenzial 78, Attraktivität 60. Schwach: White space 60. Jetzt: mit effizienten "
        assert crm["why"] == f"{start}Kanälen halten. Manuell gesetzt im CRM: kein Grund angegeben."
        assert file["why"] == f"{start}Kanälen halten. Manuell gesetzt in einer Datei: Vertrag läuft."

    def test_the_rest_of_the_portfolio_reads_as_ever(self, backend: str) -> None:
        (plain,) = worded(backend, [SCORES])
        with_others = worded(
            backend,
            [{**SCORES, **by_hand(("access",))}, {**SCORES, **by_hand(("access",), override="retreat")}],
        )
        assert with_others[0]["why"] == plain["why"]
        assert with_others[0]["manual"] is None

    def test_the_score_of_a_criterion(self, backend: str) -> None:
        fact = {f"{key}:access": value for key, value in BY_ANN.items()}
        high, low = worded(
            backend,
            [
                {
                    **SCORES,
                    "score:access": score,
                    "rung:access": 1,
                    "p": 78,
                    "a": 60,
                    "top_revenue": True,
                    **by_hand(("access",), **{"override:access": score}, **fact),
                }
                for score in (95, 10)
            ],
        )
        assert high["why"] == (
            "Key account: potential 78 (high: top revenue), attractiveness 60. Strong: Decision makers 95 (manual). "
            "Next: keep the best care. Set manually by Ann Berg: New board, contract signed."
        )
        assert (
            "Weak: Decision makers 10 (manual). Next: best care, strengthen the weak point. Set man"
            in low["why"]
        )

    def test_a_zone_where_too_little_is_known_to_compute_one(self, backend: str) -> None:
        unknown = {"score:demand": None, "score:space": 40, "coverage:potential": 0.4, "confidence": None}
        account = {**SCORES, **unknown, **by_hand(override="protect", **BY_ANN)}
        (row,) = worded(backend, [account])
        assert row["why"] == (
            "Key account (manual): not rated yet. So far: Chemistry 80. Next: best care, strengthen the weak point. "
            "Set manually by Ann Berg: New board, contract signed."
        ).replace("best care, strengthen the weak point", "keep the best care")
        assert (row["out:potential"], row["out:attractiveness"], row["out:segment"]) == (
            None,
            None,
            "protect",
        )

    def test_not_rated_by_hand(self, backend: str) -> None:
        (row,) = worded(backend, [{**SCORES, "segment": "unrated", **by_hand(override="unrated", **BY_ANN)}])
        assert row["why"].startswith(
            "Not rated yet (manual). So far: Future demand 90. Next: fill in what is"
        )
        assert row["next_step"].startswith("A person has set this; ")
        assert (row["out:potential"], row["out:segment"]) == (50, "unrated")

    def test_long_words_are_cut_between_words(self, backend: str) -> None:
        words = by_hand(override="protect", override_owner="Ann " * 30, override_reason="because " * 31)
        (row,) = worded(backend, [{**SCORES, **words}])
        assert 230 < len(row["why"]) <= LIMIT
        assert row["why"].endswith("because…")
        assert "by Ann Ann Ann Ann Ann Ann Ann Ann Ann…: because" in row["why"]


def _consistent(account: dict[str, Any]) -> dict[str, Any]:
    """Coverage as the zone demands it."""
    if account["segment"] == "unrated":
        return account | {"coverage:potential": 0.0, "score:demand": None, "confidence": None}
    if account["top_revenue"] and account["segment"] in ("protect", "develop"):
        return account | {"coverage:attractiveness": 1.0}
    covered = {"coverage:potential": 1.0, "coverage:attractiveness": 1.0}
    return account | covered | {"p": account["p"] or 0, "top_revenue": False}


SEGMENTS = st.sampled_from(["protect", "develop", "maintain", "retreat", "unrated"])
POINTS = st.one_of(st.none(), st.integers(0, 100))
ACCOUNTS = st.fixed_dictionaries(
    {
        "segment": SEGMENTS,
        "p": POINTS,
        "a": st.integers(0, 100),
        "top_revenue": st.booleans(),
        "confidence": st.sampled_from(["firm", "provisional"]),
        "firm:potential": st.booleans(),
        "firm:attractiveness": st.booleans(),
        "coverage:potential": st.sampled_from([0.0, 0.5, 1.0]),
        "coverage:attractiveness": st.sampled_from([0.0, 0.5, 1.0]),
        "wallet_expired": st.booleans(),
        "expired:chemistry:0": st.booleans(),
        **{f"score:{id_}": POINTS for id_ in LABELS},
    },
).map(_consistent)


@settings(max_examples=25, deadline=None)
@given(
    accounts=st.lists(ACCOUNTS, min_size=1, max_size=8),
    labels=st.lists(st.text(min_size=1, max_size=300), min_size=4, max_size=4),
    zones=st.lists(st.text(min_size=1, max_size=300), min_size=5, max_size=5),
    step=st.one_of(st.none(), st.text(min_size=1, max_size=400)),
    language=st.sampled_from(["en", "de"]),
)
def test_texts_always_fit_on_one_line_and_end_whole(
    backend: str,
    accounts: list[dict[str, Any]],
    labels: list[str],
    zones: list[str],
    step: str | None,
    language: str,
) -> None:
    criteria = [one.model_dump(by_alias=True, exclude_none=True) for one in mapping_of().criteria]
    own = {"next_step": step} if step else {}
    named = [one | {"label": label} | own for one, label in zip(criteria, labels, strict=True)]
    segments = dict(zip(("protect", "develop", "maintain", "retreat", "unrated"), zones, strict=True))
    mapping = mapping_of(criteria=named, texts={"segments": segments}, language=language)
    for row in worded(backend, accounts, mapping):
        for name in ("why", "next_step"):
            text = row[name]
            assert 0 < size(text) <= LIMIT
            assert text == " ".join(text.split())
        assert row["why"].endswith((".", "!"))


OWN_WORDS = st.one_of(
    st.none(), st.text(min_size=1, max_size=255).map(one_line).map(lambda text: text or None)
)
DECISIONS = st.fixed_dictionaries(
    {
        "override": st.one_of(st.none(), SEGMENTS),
        "override:access": st.one_of(st.none(), st.integers(0, 100)),
        **{f"override_{kind}{at}": OWN_WORDS for kind in ("owner", "reason") for at in ("", ":access")},
        **{f"override_from{at}": st.sampled_from(["crm", "file"]) for at in ("", ":access")},
    }
)


def _decided(account: dict[str, Any], decision: dict[str, Any]) -> dict[str, Any]:
    """As segment and score leave an account on which a person has set something."""
    row = account | decision
    if decision["override:access"] is not None:
        row |= {"score:access": decision["override:access"], "rung:access": 1}
    return row | {"segment": decision["override"] or account["segment"]}


@settings(max_examples=40, deadline=None)
@given(
    accounts=st.lists(st.tuples(ACCOUNTS, DECISIONS), min_size=1, max_size=8),
    label=st.text(min_size=1, max_size=300),
    zone=st.text(min_size=1, max_size=300),
    own=st.one_of(st.none(), st.text(min_size=1, max_size=80)),
    language=st.sampled_from(["en", "de"]),
)
def test_what_is_set_by_hand_says_so_and_fits(
    accounts: list[tuple[dict[str, Any], dict[str, Any]]],
    label: str,
    zone: str,
    own: str | None,
    language: Language,
) -> None:
    criteria = [one.model_dump(by_alias=True, exclude_none=True) for one in mapping_of().criteria]
    named = [one | {"label": label} | ({"next_step": own} if own else {}) for one in criteria]
    texts = {"segments": {"protect": zone, "unrated": zone}, "reasons": {"top_revenue": own or "x"}}
    mapping = mapping_of(criteria=named, language=language, texts=texts)
    phrases, given_accounts = PHRASES[language], [_decided(*pair) for pair in accounts]
    for row, (_, decision) in zip(worded("polars", given_accounts, mapping), accounts, strict=True):
        assert 0 < size(row["why"]) <= LIMIT
        assert 0 < size(row["next_step"]) <= LIMIT
        set_at_all = decision["override"] is not None or decision["override:access"] is not None
        assert (row["manual"] is not None) == set_at_all
        if set_at_all:
            assert row["why"].endswith(f" {row['manual']}")
            assert phrases.manual in row["why"]
            subject = "" if decision["override"] is not None else ":access"
            starts = phrases.set_by.split("{owner}")[0] if decision[f"override_owner{subject}"] else "et"
            assert starts in row["manual"]


@settings(max_examples=25, deadline=None)
@given(accounts=st.lists(ACCOUNTS, min_size=1, max_size=8))
def test_every_reason_names_zone_scores_a_criterion_and_an_action(
    backend: str, accounts: list[dict[str, Any]]
) -> None:
    mapping = mapping_of()
    zones = segment_labels(mapping)
    for row in worded(backend, accounts, mapping):
        assert row["why"].startswith(zones[row["segment"]])
        assert re.search(r"\. Next: [^.]+\.$", row["why"])
        known = {
            label: row[f"score:{id_}"] for id_, label in LABELS.items() if row[f"score:{id_}"] is not None
        }
        if known:
            assert any(re.search(rf": {label} {score}\b", row["why"]) for label, score in known.items())
        if row["segment"] != "unrated":
            assert f"attractiveness {row['points:attractiveness']}." in row["why"]
        assert not re.search(r"\d[.,]\d", row["why"] + row["next_step"])


@settings(max_examples=40, deadline=None)
@given(
    accounts=st.lists(st.tuples(ACCOUNTS, DECISIONS), min_size=1, max_size=8),
    labels=st.lists(st.text(min_size=1, max_size=300), min_size=4, max_size=4),
    zones=st.lists(st.text(min_size=1, max_size=300), min_size=5, max_size=5),
    language=st.sampled_from(["en", "de"]),
)
def test_with_whatever_words_a_reason_names_zone_criterion_and_action(
    accounts: list[tuple[dict[str, Any], dict[str, Any]]],
    labels: list[str],
    zones: list[str],
    language: Language,
) -> None:
    criteria = [one.model_dump(by_alias=True, exclude_none=True) for one in mapping_of().criteria]
    named = [one | {"label": label} for one, label in zip(criteria, labels, strict=True)]
    segments = dict(zip(("protect", "develop", "maintain", "retreat", "unrated"), zones, strict=True))
    mapping = mapping_of(criteria=named, texts={"segments": segments}, language=language)
    wording = Wording(mapping)
    for row in worded("polars", [_decided(*pair) for pair in accounts], mapping):
        case = (
            "decide" if row["segment"] == "develop" and row["points:attractiveness"] < 20 else row["segment"]
        )
        assert row["why"].startswith(wording.zone(case))
        actions = (PHRASES[language].actions[case], PHRASES[language].actions_weak.get(case, "\0"))
        assert any(PHRASES[language].next.format(action=action) in row["why"] for action in actions)
        known = [one for one in mapping.criteria if row[f"known:{one.id}"]]
        told = [
            f": {label} {row[f'score:{one.id}']}"
            for one in known
            for label in (wording.label(one), wording.manual_label(one))
        ]
        assert not known or any(text in row["why"] for text in told)


@settings(max_examples=5, deadline=None)
@given(accounts=st.lists(st.tuples(ACCOUNTS, DECISIONS), min_size=4, max_size=8))
def test_both_engines_word_alike(accounts: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    rows = [_decided(*pair) for pair in accounts]
    polars, duckdb = worded("polars", rows), worded("duckdb", rows)
    for name in ("why", "next_step", "manual"):
        assert [row[name] for row in polars] == [row[name] for row in duckdb]


@settings(max_examples=6, deadline=None)
@given(accounts=st.lists(ACCOUNTS, min_size=2, max_size=6))
def test_the_order_of_rows_changes_nothing(backend: str, accounts: list[dict[str, Any]]) -> None:
    there = worded(backend, accounts)
    back = worded(backend, accounts[::-1])
    assert [row["why"] for row in there] == [row["why"] for row in back][::-1]
