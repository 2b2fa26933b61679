"""Everything that people read in the CRM and on pages exists in English and German."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.admin.labels import (
    HELP_LIMIT,
    INPUTS,
    LABEL_LIMIT,
    RESULTS,
    of_criterion,
    of_lookup,
    of_rating,
)
from connector.focus import foci
from connector.mapping import Mapping
from connector.mapping.model import RESULTS as RESULT_KEYS
from connector.mapping.model import SEGMENTS, SOURCES, Language, Text
from connector.measures.findings import MESSAGES
from connector.quality import Quality, Said, noted
from connector.texts import CASES, PHRASES, confidence_labels
from tests.unit.stages.portfolio import mapping_of

MAPPINGS = sorted((Path(__file__).parents[2] / "mappings").glob("*.toml"))
LANGUAGES: tuple[Language, Language] = ("en", "de")


def flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from flat(each, f"{path}.{key}")
    else:
        yield path, value


def test_every_phrase() -> None:
    english, german = (dict(flat(dataclasses.asdict(PHRASES[name]))) for name in LANGUAGES)
    assert english.keys() == german.keys()
    for key, text in english.items():
        assert text.strip(" :.,()"), key
        assert german[key] != text, key
    assert set(PHRASES["en"].segments) == set(SEGMENTS)
    assert set(PHRASES["en"].actions) == set(PHRASES["en"].steps) == set(CASES)
    assert set(PHRASES["en"].sources) == {*SOURCES, "rating"}


def test_every_note_on_the_data() -> None:
    for _, said in MESSAGES.values():
        assert said.en.strip(" :.,")
        assert said.de.strip(" :.,")
        assert said.en != said.de
    note = Quality("accounts", "Wallet__c", Said("wallets are odd", "Bedarfsangaben sind seltsam"), 3).note
    assert noted(note, "en") == "wallets are odd (accounts.Wallet__c)"
    assert noted(note, "de") == "Bedarfsangaben sind seltsam (accounts.Wallet__c)"
    assert noted({"message": "kept by an older run", "count": 1}, "de") == "kept by an older run"


def test_every_label_and_help_of_our_fields() -> None:
    for labels, keys in ((RESULTS, set(RESULT_KEYS)), (INPUTS, set(INPUTS["en"]))):
        assert set(labels["en"]) == set(labels["de"]) == keys
        for key in keys:
            english, german = (labels[name][key] for name in LANGUAGES)
            for one in (english, german):
                assert 0 < len(one.label) <= LABEL_LIMIT
                assert 0 < len(one.help) <= HELP_LIMIT
            assert english.help != german.help, key
    criterion = mapping_of().criteria[0]
    for name in (of_criterion, of_lookup):
        english, german = (name(criterion, language) for language in LANGUAGES)
        assert english.help != german.help
    assert of_rating(criterion, "en", 1, 5).help != of_rating(criterion, "de", 1, 5).help
    assert confidence_labels(mapping_of(language="de")) != confidence_labels(mapping_of())
    assert [each.label for each in foci(mapping_of(language="de"))] != [
        each.label for each in foci(mapping_of())
    ]


def texts_of(part: Any, path: str = "") -> Iterator[tuple[str, Text]]:
    if isinstance(part, Text):
        yield path, part
    elif isinstance(part, tuple | list):
        for place, each in enumerate(part):
            yield from texts_of(each, f"{path}[{place}]")
    elif isinstance(part, dict):
        for key, each in part.items():
            yield from texts_of(each, f"{path}.{key}")
    elif hasattr(part, "model_fields_set"):
        for key in type(part).model_fields:
            yield from texts_of(getattr(part, key), f"{path}.{key}")


@pytest.mark.parametrize("file", MAPPINGS, ids=lambda file: file.stem)
def test_every_text_of_the_ready_mappings(file: Path) -> None:
    mapping = Mapping.model_validate(tomllib.loads(file.read_text("utf-8")))
    found = dict(texts_of(mapping))
    assert len(found) >= len(mapping.criteria)
    for path, text in found.items():
        assert text.en, path
        assert text.de, path
        assert text.en != text.de, path
