"""The admin's page on mapping files: its examples load, and it names every key of the language."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from connector.errors import Severity
from connector.mapping import model
from connector.mapping.model import Mapping
from connector.mapping.sense import sense

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```toml\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
GOOD = ROOT / "tests" / "fixtures" / "mappings" / "good.toml"


def together(examples: list[str]) -> dict[str, Any]:
    """The good mapping of the fixtures, its sections replaced and its criteria joined by those of the examples."""
    whole = tomllib.loads(GOOD.read_text())
    for example in examples:
        part = tomllib.loads(example)
        ids = {criterion["id"] for criterion in part.get("criteria", ())}
        kept = [criterion for criterion in whole["criteria"] if criterion["id"] not in ids]
        whole |= {**part, "criteria": kept + part.get("criteria", [])}
    return whole


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.split("\n")[0][:30])
def test_an_example_has_the_right_shape(example: str) -> None:
    Mapping.model_validate(together([example]))


def test_all_examples_together_make_sense() -> None:
    assert len(EXAMPLES) > 10
    problems = sense(Mapping.model_validate(together(EXAMPLES)), "mapping.md")
    assert [str(one) for one in problems if one.severity is Severity.ERROR] == []


PARTS = [
    each
    for name in model.__all__
    if isinstance(each := getattr(model, name), type) and issubclass(each, BaseModel)
]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_key_is_named(part: type[BaseModel]) -> None:
    for name, field in part.model_fields.items():
        key = field.alias or name
        assert re.search(rf"(?<![\w]){re.escape(key)}(?![\w])", PAGE), (
            f"{part.__name__}.{key} is not in docs/mapping.md"
        )


def test_every_word_that_a_key_takes_is_named() -> None:
    schema = Mapping.model_json_schema()
    words = {word for part in schema["$defs"].values() for word in _words(part)}
    missing = {word for word in words if not re.search(rf"(?<![\w]){re.escape(word)}(?![\w])", PAGE)}
    assert missing <= {"zero", "every_run", "owner"}


def _words(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {word for word in (*part.get("enum", ()), part.get("const")) if isinstance(word, str)}
        return own.union(*(_words(value) for value in part.values()))
    return set().union(*map(_words, part)) if isinstance(part, list) else set()
