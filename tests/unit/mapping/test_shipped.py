"""The mappings that people start from, and the schema that helps them to edit."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from connector.errors import Severity
from connector.mapping import read
from connector.mapping.model import RESULTS, Mapping
from connector.mapping.schema import schema, schema_text

FOLDER = Path(__file__).parents[3] / "mappings"
SHIPPED = sorted(FOLDER.glob("*.toml"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_it_loads_without_a_warning(file: Path) -> None:
    mapping, problems = read(file)
    assert {problem.severity for problem in problems} <= {Severity.NOTE}
    assert file.stem.startswith(mapping.crm)


def test_both_crms_are_served() -> None:
    assert {file.stem for file in SHIPPED} == {
        "hubspot",
        "hubspot-minimal",
        "salesforce",
        "salesforce-minimal",
    }


def test_both_whole_mappings_say_the_same() -> None:
    one, other = (read(FOLDER / f"{crm}.toml")[0] for crm in ("salesforce", "hubspot"))
    assert [(each.id, each.weight, each.label, each.anchors) for each in one.criteria] == [
        (each.id, each.weight, each.label, each.anchors) for each in other.criteria
    ]
    assert one.matrix == other.matrix
    assert set(one.write.targets) == set(other.write.targets) == {*RESULTS, "criteria:decision_access"}


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_the_minimal_one_reads_four_fields_and_writes_four(crm: str) -> None:
    mapping = read(FOLDER / f"{crm}-minimal.toml")[0]
    deals = mapping.opportunities
    assert deals.model_fields_set == {"account", "amount", "close_date", "stage"}
    assert len(mapping.write.targets) == 4


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_editors_find_the_schema(file: Path) -> None:
    first = file.read_text().splitlines()[0]
    assert first.startswith("#:schema ")
    assert (FOLDER / first.removeprefix("#:schema ")).is_file()


def test_the_schema_is_current() -> None:
    stored = (FOLDER / "mapping.schema.json").read_text(encoding="utf-8")
    assert stored == schema_text(), "run: python -m connector.mapping.schema > mappings/mapping.schema.json"


def test_the_schema_knows_every_key_and_forbids_others() -> None:
    made = json.loads(schema_text())
    assert set(made["properties"]) == set(Mapping.model_fields)
    parts: dict[str, Any] = made["$defs"]
    tables = [part for part in parts.values() if part.get("type") == "object"]
    assert tables
    assert all(part["additionalProperties"] is False for part in tables)
    assert {"in", "not_in", "is_set"} <= set(parts["FieldCondition"]["properties"])


def test_the_schema_takes_a_plain_text_for_a_label_and_a_target() -> None:
    parts = schema()["$defs"]
    for name in ("Text", "CriterionTarget"):
        assert [one["type"] for one in parts[name]["anyOf"]] == ["string", "object"]


def test_comments_of_both_whole_mappings_name_every_section() -> None:
    sections = {re.match(r"\[+(\w+)", line) for line in (FOLDER / "salesforce.toml").read_text().splitlines()}
    named = {match.group(1) for match in sections if match}
    assert set(Mapping.model_fields) - named <= {
        "version",
        "crm",
        "language",
        "currency",
        "override",
        "rates",
    }
