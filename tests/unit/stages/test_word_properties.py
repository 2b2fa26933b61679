"""Whatever the facts and the words, a reason is whole."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.mapping.model import Language
from connector.texts import LIMIT, PHRASES, Wording, one_line, segment_labels, size
from tests.unit.stages.portfolio import LABELS, mapping_of
from tests.unit.stages.worded import worded


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
