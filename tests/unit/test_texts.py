from __future__ import annotations

import dataclasses
import tomllib
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.mapping.model import SEGMENTS, Language, Mapping
from connector.texts import (
    CASES,
    LIMIT,
    PHRASES,
    Open,
    Wording,
    confidence_labels,
    one_line,
    segment_labels,
    shortened,
    size,
)
from tests.unit.stages.portfolio import mapping_of

LANGUAGES: list[Language] = ["en", "de"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_languages_are_complete(language: Language) -> None:
    english, phrases = PHRASES["en"], PHRASES[language]
    assert set(phrases.segments) == set(SEGMENTS)
    assert set(phrases.actions) == set(phrases.steps) == set(CASES)
    for field in dataclasses.fields(phrases):
        ours, theirs = getattr(phrases, field.name), getattr(english, field.name)
        pairs = (
            zip(ours.values(), theirs.values(), strict=True) if isinstance(ours, dict) else [(ours, theirs)]
        )
        for text, other in pairs:
            assert text
            assert [text.count(name) for name in ("{zone}", "{criterion}", "{action}")] == [
                other.count(name) for name in ("{zone}", "{criterion}", "{action}")
            ]


def test_labels_are_the_mappings_own_where_it_has_some() -> None:
    own = mapping_of(
        texts={"segments": {"retreat": {"en": "Light care", "de": "Leichte Betreuung"}, "protect": " "}}
    )
    assert segment_labels(own) == {**PHRASES["en"].segments, "retreat": "Light care"}
    assert confidence_labels(mapping_of(language="de")) == {"firm": "Gesichert", "provisional": "Vorläufig"}


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("White space", 11, "White space"),
        ("White space (share of wallet still open)", 39, "White space"),
        ("White space (share of wallet still open)", 10, "White…"),
        ("Access to decision makers", 19, "Access to decision…"),
        ("Access to decision makers", 20, "Access to decision…"),
        ("Access, to", 8, "Access…"),
        ("Donaudampfschifffahrt", 10, "Donaudamp…"),
        ("(in brackets only)", 10, "(in…"),
        ("🙂🙂🙂🙂", 6, "🙂🙂…"),
    ],
)
def test_labels_are_cut_between_words(text: str, limit: int, expected: str) -> None:
    assert shortened(text, limit) == expected


@given(st.text(max_size=60), st.integers(2, 40))
def test_shortened_texts_fit(text: str, limit: int) -> None:
    assert size(shortened(one_line(text), limit)) <= limit


@given(st.text(max_size=60))
def test_one_line_holds_nothing_that_breaks_a_line(text: str) -> None:
    line = one_line(text)
    assert line == " ".join(line.split())
    assert len(line.splitlines()) <= 1
    assert line.isprintable()


def test_size_counts_as_the_crm_does() -> None:
    assert (size("Grün"), size("🙂"), size("مرحبا")) == (4, 2, 5)


ROOM = [
    "Future demand for what we do",
    "White space (share of wallet still open)",
    "Access to decision makers",
    "Processes under control",
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_usual_labels_are_written_whole(language: Language) -> None:
    criteria = [one.model_dump(by_alias=True, exclude_none=True) for one in mapping_of().criteria]
    named = [one | {"label": label} for one, label in zip(criteria, ROOM, strict=True)]
    wording = Wording(mapping_of(criteria=named, language=language))
    assert [wording.label(one) for one in wording.criteria] == ROOM
    assert [wording.missing_label(one) for one in wording.criteria] == ROOM


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("file", ["salesforce", "hubspot", "salesforce-minimal", "hubspot-minimal"])
def test_the_labels_of_the_shipped_mappings_are_written_whole(file: str, language: Language) -> None:
    shipped = Path(__file__).parents[2] / "mappings" / f"{file}.toml"
    mapping = Mapping.model_validate(tomllib.loads(shipped.read_text()) | {"language": language})
    wording = Wording(mapping)
    labels = [one.label.in_(language) for one in wording.criteria]
    assert [wording.label(one) for one in wording.criteria] == labels
    assert [wording.missing_label(one) for one in wording.criteria] == labels


LABEL = st.text(min_size=1, max_size=300)


@settings(max_examples=60, deadline=None)
@example(labels=["0", "0", "ö Ý -ß@ !", "🎉0🎉🎈0" * 12], zone="0", reason=None, steps={}, language="de")
@given(
    labels=st.lists(LABEL, min_size=4, max_size=4),
    zone=LABEL,
    reason=st.one_of(st.none(), LABEL),
    steps=st.dictionaries(st.sampled_from([*CASES, "access", "chemistry"]), LABEL),
    language=st.sampled_from(LANGUAGES),
)
def test_every_combination_fits(
    labels: list[str],
    zone: str,
    reason: str | None,
    steps: dict[str, str],
    language: Language,
) -> None:
    criteria = [one.model_dump(by_alias=True, exclude_none=True) for one in mapping_of().criteria]
    texts: dict[str, Any] = {"segments": dict.fromkeys(SEGMENTS, zone), "next_steps": steps}
    texts |= {"reasons": {"top_revenue": reason}} if reason else {}
    named = [one | {"label": label} for one, label in zip(criteria, labels, strict=True)]
    wording = Wording(mapping_of(criteria=named, texts=texts, language=language))
    kinds: list[Open] = [None]
    kinds += [("expired", one.id) for one in wording.criteria] + [
        ("missing", one.id) for one in wording.criteria
    ]
    for case, weak, unsettled in product(CASES[:-1], (None, *wording.criteria), kinds):
        strong = max((wording.strong(one) for one in wording.criteria if one is not weak), key=size)
        scores = "unknown" if language == "en" else "unbekannt"
        flag = case not in ("maintain", "retreat")
        why = wording.head(case) + scores + wording.middle(top_revenue=flag) + "100" + strong + "100"
        why += "" if weak is None else wording.weak(weak) + "100"
        why += wording.tail(case, weak, unsettled)
        assert size(why) <= LIMIT
        assert size(wording.next_step(case, weak, unsettled)) <= LIMIT
    so_far = max((wording.so_far(one) for one in wording.criteria), key=size)
    missing = sorted((wording.missing_label(one) for one in wording.criteria), key=size)[
        -wording.named_missing :
    ]
    listed = ", ".join(missing) + wording.phrases.more
    unrated = wording.head("unrated") + so_far + "100" + wording.phrases.missing + listed
    assert size(unrated + wording.tail("unrated", None, None)) <= LIMIT
    assert size(wording.fill_in()[0] + listed + wording.fill_in()[1]) <= LIMIT


def test_a_long_own_step_leaves_no_room_for_more() -> None:
    criteria = [one.model_dump(by_alias=True, exclude_none=True) for one in mapping_of().criteria]
    step = "Write to them. " * 16
    wording = Wording(mapping_of(criteria=[one | {"next_step": step} for one in criteria]))
    access = wording.mapping.criterion("access")
    assert wording.next_step("develop", access, ("expired", "chemistry")) == step.strip()
    assert wording.tail("develop", access, None) == ". Next: work on the weak point."
