"""No text is missing: every key has both languages, their placeholders agree, and somebody says it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from string import Formatter

import pytest

import connector
from connector.focus import foci
from connector.overrides import causes
from connector.reports.words import CATALOGUES, Words, words
from connector.reports.words.counted import NOUNS
from tests.unit.stages.portfolio import mapping_of

ALIKE = {"dimension", "name", "split", "zone"}
"""Keys whose text is the same in both languages on purpose."""
PAIRS = [
    *((f"{file}.{key}", pair) for file, texts in CATALOGUES.items() for key, pair in texts.items()),
    *((f"overrides.causes.{key}", pair) for key, pair in causes.TEXTS.items()),
]
DYNAMIC = (
    "anchor_", "base_", "calibrated_", "change_", "combined_", "confidence_", "dimension_", "fix_", "hand_",
    "judged_", "lacking_", "measure_", "object_", "origin_", "portfolio_", "revenue_", "rule_", "scale_", "separation_",
    "source_", "state_", "verdict_", "wallet_", "wallets_", "warned_",
)  # fmt: skip
"""Beginnings of keys that are put together where they are used."""


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize(("key", "pair"), PAIRS, ids=[key for key, _ in PAIRS])
def test_every_text_is_there_in_both_languages(key: str, pair: tuple[str, str]) -> None:
    english, german = pair
    assert english.strip(" .,:;()")
    assert german.strip(" .,:;()")
    assert (english == german) == (key.rsplit(".", maxsplit=1)[-1] in ALIKE)
    assert placeholders(english) == placeholders(german)


@pytest.mark.parametrize("key", NOUNS)
def test_every_noun_is_there_in_both_languages(key: str) -> None:
    english, german = NOUNS[key]
    assert all((*english, *german))
    assert english[0] != english[1]
    assert english != german or key == "zones"


def test_no_key_is_given_twice_or_hides_a_method() -> None:
    keys = Counter(key for texts in CATALOGUES.values() for key in texts)
    assert [key for key, count in keys.items() if count > 1] == []
    assert [key for key in keys if hasattr(Words, key)] == []  # templates ask for `t.key`


def test_every_text_is_said_somewhere() -> None:
    folder = Path(connector.__file__).parent
    files = [*folder.rglob("*.j2"), *folder.rglob("*.py")]
    text = "".join(file.read_text("utf-8") for file in files if file.parent.name != "words")
    asked = ('"{}"', "'{}'", "t.{}")
    unused = [
        key
        for key in (*words("en"), *NOUNS)
        if not key.startswith(DYNAMIC) and not any(form.format(key) in text for form in asked)
    ]
    assert unused == []


def test_numbers_as_each_language_writes_them() -> None:
    english, german = words("en"), words("de")
    assert (english.number(1234.5, 1), german.number(1234.5, 1)) == ("1,234.5", "1.234,5")
    assert (english.brief(52.4), german.brief(52.4)) == ("52.4", "52,4")
    assert [english.brief(value) for value in (2_026, 5e6, 0.1 + 0.2)] == ["2026", "5000000", "0.3"]
    assert (english.money(1_234_56), german.money(1_234_56), german.money(None)) == ("1,235", "1.235", "–")
    assert [english.many("accounts", n) for n in (1, 2000)] == ["1 account", "2,000 accounts"]
    assert [german.many("accounts", n) for n in (1, 2000)] == ["1 Kunde", "2.000 Kunden"]
    assert german.many("orders", 2.5) == "2,5 Aufträge"
    assert (english.head("white_space"), german.head("white_space")) == (
        "white space",
        "Offener Lieferanteil",
    )


def test_labels_of_the_focuses() -> None:
    english, german = (foci(mapping_of(language=language)) for language in ("en", "de"))
    assert english[0].label != german[0].label
